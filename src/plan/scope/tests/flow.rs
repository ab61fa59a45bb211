//! Items, failures, name spaces, inputs and chosen groups, rendered by a real engine.

use std::collections::BTreeMap;

use super::*;
use crate::model::{BlockItem, ChosenGroup, Context, Each, EachItems, Frame, Home, Input, InputKind, Item, Needs, Part, Task, Template};
use crate::template::{RenderError, Rendered};

const R: RoundIx = RoundIx(0);
const H: HostIx = HostIx(0);

/// What a run knows, written by hand.
#[derive(Debug, Default)]
struct Known {
    steps: BTreeMap<StepId, StepResult>,
    sets: BTreeMap<Option<(RoundIx, FrameIx)>, Arc<Layer>>,
    items: BTreeMap<BlockIx, Arc<ItemView>>,
    errors: BTreeMap<BlockIx, Arc<ErrorView>>,
}

impl ResultSource for Known {
    fn step(&self, step: StepId) -> StepView {
        self.steps.get(&step).map_or(StepView::Pending, |result| StepView::Done(Arc::new(result.clone())))
    }

    fn set_vars(&self, _: HostIx, place: Option<(RoundIx, FrameIx)>) -> Option<Arc<Layer>> {
        self.sets.get(&place).cloned()
    }

    fn item(&self, _: RoundIx, block: BlockIx, _: HostIx) -> Option<Arc<ItemView>> {
        self.items.get(&block).cloned()
    }

    fn error(&self, _: RoundIx, block: BlockIx, _: HostIx) -> Option<Arc<ErrorView>> {
        self.errors.get(&block).cloned()
    }

    fn progress(&self) -> Option<(String, Vec<String>)> {
        None
    }
}

/// A playbook made bit by bit, with templates of its own text.
struct Play {
    maker: Maker,
    playbook: Playbook,
    inventory: Inventory,
    known: Known,
}

const TEXTS: [&str; 15] = [
    "{{ item }}",
    "{{ item }}/{{ p }} {{ loop.index }} of {{ loop.length }}",
    "{{ item }} {{ loop.index0 }} {{ loop.first }} {{ loop.last }} {{ loop.item }}",
    "{{ error.task }}: {{ error.rc }} {{ error.message }}",
    "{{ inputs.version }}",
    "{{ inputs.dir }}",
    "{{ release }}-{{ p }}",
    "{{ base }}/srv",
    "{{ release }}",
    "{{ base }}",
    "{{ tasks.unpack.rc }}",
    "{{ tasks.app.outputs.path }}",
    "{{ rounds.r.id }}",
    "{{ groups.primary }}",
    "tasks.list.lines",
];

impl Play {
    /// `outer` (each, as `p`) of `inner` (each) of task 0 `deep`; the rescue of `outer` is task 1 `mend`; then task 2
    /// `list` and the action `app` of task 3 `unpack`, used within another block with `each`.
    fn new() -> Play {
        let mut maker = Maker::new(&TEXTS.join("\n"));
        let mut tasks: Vec<Task> = ["deep", "mend", "list", "unpack"].map(|name| maker.run(name, "true")).into();
        let mut round = maker.round("r", &[0, 1], Vec::new());
        let [outer, inner, around, app] = ["outer", "inner", "around", "app"].map(|name| maker.block(&mut round, name));
        let home = |block, part, frame| Home { block: Some((block, part)), frame, ..Home::default() };
        round.blocks[inner.index()].home = home(outer, Part::Body, FrameIx::ROUND);
        round.blocks[app.index()].home = home(around, Part::Body, FrameIx::ROUND);
        round.blocks[app.index()].frame = Some(FrameIx(1));
        tasks[0].flow.home = home(inner, Part::Body, FrameIx::ROUND);
        tasks[1].flow.home = home(outer, Part::Rescue, FrameIx::ROUND);
        tasks[3].flow.home = home(app, Part::Body, FrameIx(1));
        round.tasks = tasks;
        round.frames.push(Frame { block: Some(app), name: "deploy".to_owned(), ..Frame::default() });
        let task = |task: u32| Item::Task(TaskIx(task), Needs::Above);
        let item = |block, body, rescue| Item::Block(BlockItem { block, needs: Needs::Above, body, rescue, always: Vec::new() });
        round.items = vec![
            item(outer, vec![item(inner, vec![task(0)], Vec::new())], vec![task(1)]),
            task(2),
            item(around, vec![item(app, vec![task(3)], Vec::new())], Vec::new()),
        ];
        for (at, name) in [(outer, "p"), (inner, "item"), (around, "p")] {
            let items = EachItems::Written(VarValue::Plain(Value::List(Vec::new())));
            round.blocks[at.index()].each = Some(Each { items, name: name.to_owned(), parallel: 1, span: maker.span("", 0) });
        }
        Play { maker, playbook: playbook(vec![round]), inventory: inventory(2), known: Known::default() }
    }

    fn at(&mut self, block: u32, name: &str, value: &str, index: usize) {
        let item = ItemView { name: name.to_owned(), value: Value::from(value), index, count: 3 };
        self.known.items.insert(BlockIx(block), Arc::new(item));
    }

    fn template(&mut self, text: &str) -> Template {
        self.maker.template(text, Context::Native)
    }

    fn input(&mut self, name: &str, text: &str, given: bool, kind: InputKind) {
        let value = VarValue::Template(self.template(text));
        let input = Input { value: Var { value, span: Some(self.maker.span(text, 0)) }, given, kind };
        self.playbook.rounds[0].frames[1].inputs.insert(name.to_owned(), input);
    }

    fn world(&self) -> Arc<World> {
        let plan = build(&self.playbook, &mut Diagnostics::default()).unwrap();
        let results = Known {
            steps: self.known.steps.clone(),
            sets: self.known.sets.clone(),
            items: self.known.items.clone(),
            errors: self.known.errors.clone(),
        };
        let (playbook, inventory) = (Arc::new(self.playbook.clone()), Arc::new(self.inventory.clone()));
        World::new(playbook, inventory, &plan, Arc::new(results), RunInfo::default(), ControllerInfo::default())
    }

    fn render(&mut self, text: &str, scope: impl FnOnce(&Arc<World>) -> crate::template::Root) -> String {
        let template = self.template(text);
        match self.maker.engine.render(&template, &scope(&self.world())) {
            Ok(Rendered::Value(Value::Text(text))) => text,
            Ok(other) => format!("{other:?}"),
            Err(RenderError::Pending(steps)) => format!("after {}", steps.join(", ")),
            Err(RenderError::Failed { message, hint, .. }) => format!("{message} ({})", hint.unwrap_or_default()),
        }
    }

    fn in_task(&mut self, task: u32, text: &str) -> String {
        self.render(text, |world| world.scope(step_of(0, task, 0)))
    }
}

#[test]
fn items_of_all_blocks_around_are_seen() {
    let mut play = Play::new();
    let text = TEXTS[1];
    assert_eq!(play.in_task(0, text), "after item", "nothing is known before the run");
    play.at(0, "p", "one", 0);
    play.at(1, "item", "two", 1);
    assert_eq!(play.in_task(0, text), "two/one 2 of 3", "`loop` is the inner one's");
    assert_eq!(play.in_task(2, TEXTS[0]), "`item` is not defined ()", "another task stands in no block");
    assert_eq!(
        play.render(TEXTS[0], |world| world.block_scope(R, BlockIx(1), H, false)),
        "`item` is not defined ()",
        "what is gone through is no item yet"
    );
    assert_eq!(play.render(TEXTS[0], |world| world.block_scope(R, BlockIx(1), H, true)), "two");
}

#[test]
fn an_item_of_its_own_is_nearer() {
    let mut play = Play::new();
    play.at(1, "item", "two", 1);
    let own = ItemView { name: "item".to_owned(), value: Value::from("mine"), index: 2, count: 3 };
    let local = Local { item: Some(Arc::new(own)), result: None };
    let text = TEXTS[2];
    assert_eq!(play.render(text, |world| world.scope_with(step_of(0, 0, 0), local)), "mine 2 false true mine");
    assert_eq!(play.in_task(0, TEXTS[0]), "two", "its `each` is evaluated without it");
}

#[test]
fn what_is_set_hides_an_item() {
    let mut play = Play::new();
    play.at(0, "p", "one", 0);
    play.at(1, "item", "two", 1);
    play.known.sets.insert(None, layer(Origin::Set, &[("p", Value::from("set")), ("item", Value::from("never"))]));
    assert_eq!(play.in_task(0, TEXTS[1]), "two/set 2 of 3", "`item` is a reserved name, `p` a variable's");
}

#[test]
fn a_failure_is_seen_in_rescue_alone() {
    let mut play = Play::new();
    assert_eq!(play.in_task(1, TEXTS[3]), "after a failure");
    let result = Arc::new(StepResult { rc: Some(7), attempts: 1, ..StepResult::without_run(Status::Failed) });
    let error = ErrorView { task: "deep".to_owned(), result, message: "exit code 7".to_owned() };
    play.known.errors.insert(BlockIx(0), Arc::new(error));
    assert_eq!(play.in_task(1, TEXTS[3]), "deep: 7 exit code 7");
    assert_eq!(play.in_task(0, TEXTS[3]), "`error` is not defined ()");
}

#[test]
fn an_action_sees_its_inputs_and_the_inventory() {
    let mut play = Play::new();
    play.playbook.vars = layer(Origin::Playbook, &[("release", Value::from("2.4")), ("base", Value::from("/playbook"))]);
    play.playbook.extra = layer(Origin::CommandLine, &[("base", Value::from("/typed"))]);
    play.inventory.hosts[0].layers = vec![layer(Origin::Inventory, &[("base", Value::from("/opt"))])];
    play.at(2, "p", "third", 2);
    play.input("version", TEXTS[6], true, InputKind::String);
    play.input("dir", TEXTS[7], false, InputKind::Path);
    assert_eq!(play.in_task(3, TEXTS[4]), "2.4-third", "what is given is rendered as the caller sees it, items too");
    assert_eq!(play.in_task(3, TEXTS[5]), "/opt/srv", "a default with the inventory");
    assert_eq!(play.in_task(3, TEXTS[9]), "/opt", "neither `vars` of the playbook nor `-e`");
    assert_eq!(play.in_task(3, TEXTS[8]), "`release` is not defined ()");
    assert_eq!(play.in_task(3, TEXTS[12]), "`rounds` is not defined ()");
    assert_eq!(play.in_task(2, TEXTS[9]), "/typed");
    let names = play.world().scope(step_of(0, 3, 0)).names();
    assert!(!names.iter().any(|name| ["item", "p", "rounds", "release"].contains(&name.as_str())), "{names:?}");
    play.known.sets.insert(None, layer(Origin::Set, &[("base", Value::from("/caller"))]));
    assert_eq!(play.in_task(3, TEXTS[9]), "/opt", "nor what the caller sets");
    play.known.sets.insert(Some((R, FrameIx(1))), layer(Origin::Set, &[("base", Value::from("/own"))]));
    assert_eq!(play.in_task(3, TEXTS[9]), "/own");
    assert_eq!(play.in_task(2, TEXTS[9]), "/typed");
}

#[test]
fn ids_are_of_a_name_space() {
    let mut play = Play::new();
    assert_eq!(play.in_task(3, TEXTS[10]), "after r/app/unpack");
    assert_eq!(play.in_task(2, TEXTS[10]), "`tasks` has no `unpack` ()");
    assert_eq!(play.in_task(2, TEXTS[11]), "after r/app");
    let exit = play.playbook.rounds[0].node(crate::model::Gate::Exit(BlockIx(3)));
    let outputs = IndexMap::from([("path".to_owned(), Value::from("/srv"))]);
    let result = StepResult { outputs, ..StepResult::without_run(Status::Ok) };
    play.known.steps.insert(step_of(0, exit.0, 0), result);
    assert_eq!(play.in_task(2, TEXTS[11]), "/srv", "an action's outputs stand at its exit");
    let unpack = StepResult { rc: Some(3), ..StepResult::without_run(Status::Ok) };
    play.known.steps.insert(step_of(0, 3, 0), unpack);
    assert_eq!(play.render(TEXTS[10], |world| world.frame_scope(R, FrameIx(1), H)), "Value(Int(3))");
}

#[test]
fn a_set_is_awaited_in_its_name_space_alone() {
    let mut play = Play::new();
    let vars = IndexMap::from([("base".to_owned(), Var { value: VarValue::Plain(Value::from("x")), span: None })]);
    play.playbook.rounds[0].tasks[0].verb = Verb::Set(Set { vars });
    play.inventory.hosts[0].layers = vec![layer(Origin::Inventory, &[("base", Value::from("/opt"))])];
    assert_eq!(play.in_task(2, TEXTS[9]), "after r/deep");
    assert_eq!(play.in_task(3, TEXTS[9]), "/opt");
    assert_eq!(play.render(TEXTS[9], |world| world.block_scope(R, BlockIx(3), H, true)), "after r/deep");
}

#[test]
fn an_input_of_the_wrong_type_is_an_error_at_its_place() {
    let wrong = [
        (InputKind::String, Value::Int(1), "text, and this is int (`| string` makes text of it)"),
        (InputKind::Int, Value::from("1"), "a whole number, and this is text (`| int` makes a number of text)"),
        (InputKind::Int, Value::Float(1.5), "a whole number, and this is float (`| int` makes a number of text)"),
        (InputKind::Bool, Value::from("no"), "true or false, and this is text (compare it, or write `| bool` after it)"),
        (InputKind::List, Value::from("a b"), "a list, and this is text ()"),
        (InputKind::Duration, Value::from("soon"), "a duration, and this is text (as in `30s` or `10m`)"),
        (InputKind::Path, Value::from(""), "a path, and this is text ()"),
        (InputKind::Choice(vec!["a".to_owned(), "b".to_owned()]), Value::from("c"), "one of `a`, `b`, and this is text ()"),
    ];
    for (kind, value, told) in wrong {
        let mut play = Play::new();
        play.playbook.vars = layer(Origin::Playbook, &[("release", value)]);
        play.input("version", TEXTS[8], true, kind);
        assert_eq!(play.in_task(3, TEXTS[4]), format!("input `version` is {told}"));
    }
    let right = [
        (InputKind::Number, Value::Int(1)),
        (InputKind::Number, Value::Float(1.5)),
        (InputKind::Duration, Value::from("30s")),
        (InputKind::Map, Value::Map(IndexMap::new())),
        (InputKind::Choice(vec!["a".to_owned()]), Value::from("a")),
    ];
    for (kind, value) in right {
        let mut play = Play::new();
        play.playbook.vars = layer(Origin::Playbook, &[("release", value.clone())]);
        play.input("version", TEXTS[8], true, kind);
        let template = play.template(TEXTS[4]);
        assert_eq!(play.maker.engine.render(&template, &play.world().scope(step_of(0, 3, 0))), Ok(Rendered::Value(value)));
    }
}

#[test]
fn a_result_chooses_a_group() {
    let mut play = Play::new();
    let when = "rounds.r.tasks.list.rc == 0";
    let mut maker = Maker::new(&format!("{}\n{when}", TEXTS.join("\n")));
    let when = maker.template(when, Context::Expression);
    let hosts = vec![HostIx(1), HostIx(0)];
    play.maker = maker;
    let span = play.maker.span("", 0);
    play.playbook.groups.insert("primary".to_owned(), ChosenGroup { hosts, when, span, reads: Vec::new() });
    assert_eq!(play.in_task(2, TEXTS[13]), "after r/list");
    let rc = |rc| StepResult { rc, ..StepResult::without_run(Status::Ok) };
    play.known.steps.insert(step_of(0, 2, 0), rc(Some(0)));
    assert_eq!(play.in_task(2, TEXTS[13]), "after r/list", "not while any is missing");
    play.known.steps.insert(step_of(0, 2, 1), rc(Some(0)));
    assert_eq!(play.in_task(2, TEXTS[13]), format!("{:?}", Rendered::Value(["h0", "h1"].into_iter().collect())), "as in the inventory");
    play.known.steps.insert(step_of(0, 2, 0), rc(None));
    assert_eq!(play.in_task(2, TEXTS[13]), format!("{:?}", Rendered::Value(["h1"].into_iter().collect())));
    play.playbook.groups["primary"].when = play.maker.template("rounds.r.tasks.list.rc", Context::Expression);
    assert_eq!(play.in_task(2, TEXTS[13]), "Value(List([]))", "who can't be asked is not in it");
}

#[test]
fn items_have_results_of_their_own() {
    let mut play = Play::new();
    let item = |name: &str, rc| crate::plan::ItemResult {
        item: Value::from(name),
        result: Arc::new(StepResult {
            rc: Some(rc),
            stdout: format!("{rc}\n"),
            attempts: 1,
            ..StepResult::without_run(if rc == 0 { Status::Ok } else { Status::Failed })
        }),
    };
    let list = StepResult { items: vec![item("a", 0), item("b", 2)], ..StepResult::without_run(Status::Failed) };
    play.known.steps.insert(step_of(0, 2, 0), list);
    let scope = play.world().scope(step_of(0, 2, 0));
    let Lookup::Lazy(tasks) = scope.get("tasks") else { panic!() };
    let Lookup::Lazy(list) = tasks.get("list") else { panic!() };
    let Lookup::Value(Value::List(items)) = list.get("items") else { panic!() };
    let Value::Map(second) = &items[1] else { panic!() };
    let names: Vec<&str> = second.keys().map(String::as_str).collect();
    let fields = "item status changed rc stdout stderr lines json outputs started duration attempts";
    assert_eq!(names.join(" "), fields);
    assert_eq!((&second["item"], &second["status"], &second["rc"]), (&Value::from("b"), &Value::from("failed"), &Value::Int(2)));
}
