//! Rounds with everything that flows, as text and as JSON.

use super::*;
use crate::model::{
    BatchSize, BlockItem, Chosen, ChosenGroup, Each, EachItems, Frame, FrameIx, Gate, Home, Input, InputKind, Judge, Limit, Notify, Part,
    Playbook, Retry, Round, RoundFlow, Section, Shell,
};
use crate::plan::{NothingYet, PlanView};

const TEXT: &str = "first prepare install config unpack mend tidy reload undrain deploy app \
    touch {{ item }} echo {{ tasks.first.rc }}-{{ p.key }}/{{ item }} tar -C {{ inputs.dir }} {{ inputs.version }} \
    {{ p.value }} systemctl reload {{ host.name }} echo {{ error.message }} tasks.first.rc == 0 {{ item.port }} result.rc > 1 \
    rounds.all.tasks.first.stdout == 'f' go on? p.key != 'b'";

fn viewed(maker: &Maker, playbook: Playbook) -> (PlanView, String) {
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    let (run, controller) = (RunInfo::default(), ControllerInfo::default());
    let world = World::new(Arc::new(playbook), Arc::new(hosts()), &plan, Arc::new(NothingYet), run, controller);
    let mut diagnostics = Diagnostics::default();
    let view = crate::plan::view(&plan, &world, &maker.engine, &maker.map, &mut diagnostics);
    (view, diagnostics.to_text(&maker.map))
}

fn each(maker: &Maker, name: &str, value: Value) -> Option<Each> {
    Some(Each { items: EachItems::Written(VarValue::Plain(value)), name: name.to_owned(), parallel: 1, span: maker.span("first", 0) })
}

fn expression(maker: &mut Maker, text: &str) -> Option<Each> {
    let items = EachItems::Expression(maker.template(text, Context::Expression));
    Some(Each { items, name: "item".to_owned(), parallel: 4, span: maker.span("first", 0) })
}

fn words(words: &[&str]) -> Value {
    words.iter().copied().collect()
}

fn above(task: u32) -> Item {
    Item::Task(TaskIx(task), Needs::Above)
}

/// `first`; the block `prepare` with `each` of `install` (each) and `app`, the action `deploy` of `unpack`, rescued by `mend`,
/// always `tidy`; then `config` (each of what is known later); the handler `reload`, and `undrain` in `finally`.
fn example(maker: &mut Maker) -> Playbook {
    let mut round = maker.round("all", &[0, 1, 2, 3, 4, 5, 6, 7], Vec::new());
    let [prepare, app] = ["prepare", "app"].map(|name| maker.block(&mut round, name));
    let mut task = |name: &str, text: &str, block, frame, section| {
        let mut task = maker.run(name, text);
        task.flow.home = Home { section, block, frame };
        task
    };
    let (tasks, round_frame) = (Section::Tasks, FrameIx::ROUND);
    round.tasks = vec![
        task("first", "true", None, round_frame, tasks),
        task("install", "echo {{ tasks.first.rc }}-{{ p.key }}/{{ item }}", Some((prepare, Part::Body)), round_frame, tasks),
        task("unpack", "tar -C {{ inputs.dir }} {{ inputs.version }}", Some((app, Part::Body)), FrameIx(1), tasks),
        task("mend", "echo {{ error.message }}", Some((prepare, Part::Rescue)), round_frame, tasks),
        task("tidy", "true", Some((prepare, Part::Always)), round_frame, tasks),
        task("config", "touch {{ item }}", None, round_frame, tasks),
        task("reload", "systemctl reload {{ host.name }}", None, round_frame, Section::Handlers),
        task("undrain", "true", None, round_frame, Section::Finally),
    ];
    let home = Home { block: Some((prepare, Part::Body)), ..Home::default() };
    round.blocks[app.index()].home = home;
    round.blocks[app.index()].frame = Some(FrameIx(1));
    let map = IndexMap::from([("a".to_owned(), Value::from("1.0")), ("b".to_owned(), Value::from("2.0"))]);
    round.blocks[prepare.index()].each = each(maker, "p", Value::Map(map));
    round.blocks[prepare.index()].retry = Some(retry(2, None));
    round.tasks[1].flow.each = each(maker, "item", words(&["x", "y", "z"]));
    round.tasks[5].flow.each = expression(maker, "tasks.first.rc == 0");
    round.tasks[5].flow.notify = vec![Notify { handler: TaskIx(6), span: maker.span("reload", 0) }];
    round.tasks[5].flow.retry = Some(Retry { backoff: 2.0, ..retry(3, Some(maker.template("result.rc > 1", Context::Expression))) });
    round.tasks[5].flow.lock = Some("apt".to_owned());
    round.tasks[5].flow.throttle = Some(2);
    round.tasks[5].flow.sensitive = true;
    round.tasks[5].flow.tags = vec!["slow".to_owned()];
    round.tasks[5].shell = Shell::Bash;
    round.tasks[5].changed = Some(Judge::Fixed(false));
    round.tasks[5].failed = Some(Judge::Expression(maker.template("result.rc > 1", Context::Expression)));
    round.tasks[7].flow.left_out = Some("--tags slow".to_owned());
    let mut frame = Frame { block: Some(app), name: "deploy".to_owned(), ..Frame::default() };
    let version = VarValue::Template(maker.template("{{ p.value }}", Context::Native));
    let input = |value, given| Input { value: Var { value, span: None }, given, kind: InputKind::String };
    frame.inputs.insert("version".to_owned(), input(version, true));
    frame.inputs.insert("dir".to_owned(), input(VarValue::Plain(Value::from("/srv")), false));
    round.frames.push(frame);
    let used = BlockItem { block: app, needs: Needs::Above, body: vec![above(2)], rescue: Vec::new(), always: Vec::new() };
    let body = vec![above(1), Item::Block(used)];
    let block = BlockItem { block: prepare, needs: Needs::Above, body, rescue: vec![above(3)], always: vec![above(4)] };
    round.items = vec![above(0), Item::Block(block), above(5)];
    round.handlers = vec![TaskIx(6)];
    round.finally = vec![above(7)];
    round.flow = RoundFlow {
        batch: vec![BatchSize::Count(1), BatchSize::Percent(25), BatchSize::Percent(100)],
        pause: std::time::Duration::from_secs(30),
        max_failures: Some(Limit::Percent(25)),
        max_wait: Some(std::time::Duration::from_secs(1800)),
        skip_unreachable: true,
        confirm: Some(maker.template("go on?", Context::Text)),
        chosen: None,
    };
    playbook(vec![round])
}

fn retry(retries: u32, until: Option<crate::model::Template>) -> Retry {
    Retry { retries, delay: std::time::Duration::from_secs(5), backoff: 1.0, until }
}

#[test]
fn a_round_with_everything() {
    let mut maker = Maker::new(TEXT);
    let playbook = example(&mut maker);
    let (view, told) = viewed(&maker, playbook);
    assert_eq!(told, "");
    let text = plan_text(&view, 80, &unpainted);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!(text);
    let round = &view.rounds[0];
    insta::assert_json_snapshot!((&round.tasks[1], &round.tasks[2], &round.tasks[5], &round.blocks, &round.batches[1].percent));
}

#[test]
fn an_item_that_cannot_be_rendered_is_named() {
    let mut maker = Maker::new(TEXT);
    let mut task = maker.run("first", "{{ item.port }}");
    let entry = |name: &str, port: Option<i64>| {
        let mut map = IndexMap::from([("name".to_owned(), Value::from(name))]);
        map.extend(port.map(|port| ("port".to_owned(), Value::Int(port))));
        Value::Map(map)
    };
    task.flow.each = each(&maker, "item", Value::List(vec![entry("web", Some(80)), entry("db", None)]));
    let (view, told) = viewed(&maker, playbook(vec![maker.round("all", &[0, 1], vec![task])]));
    assert!(told.contains("task `first` on h[0-1], item `db`: `item` has no `port`"), "{told}");
    assert!(view.rounds[0].tasks[0].steps.is_empty());
}

#[test]
fn an_input_of_the_wrong_type_is_told_once_where_it_is_given() {
    let mut maker = Maker::new(TEXT);
    let mut playbook = example(&mut maker);
    let input = &mut playbook.rounds[0].frames[1].inputs["version"];
    input.kind = InputKind::Int;
    input.value.span = Some(maker.span("{{ p.value }}", 0));
    let (_, told) = viewed(&maker, playbook);
    assert_eq!(told.matches("error[").count(), 1, "{told}");
    assert!(told.contains("action `app` on h[0-7], item `a`: input `version` is a whole number, and this is text"), "{told}");
}

#[test]
fn a_condition_of_a_block_leaves_its_tasks_out() {
    let mut maker = Maker::new(TEXT);
    let mut playbook = example(&mut maker);
    let when = maker.template("p.key != 'b'", Context::Expression);
    playbook.rounds[0].blocks[0].when = vec![when];
    let (view, told) = viewed(&maker, playbook.clone());
    assert_eq!(told, "");
    let items = view.rounds[0].tasks[1].steps[0].what.items.clone().unwrap();
    let shown: Vec<_> = items.iter().map(|item| (item.item.as_str(), item.skipped_by.is_some())).collect();
    assert_eq!(shown, [("a / x", false), ("a / y", false), ("a / z", false), ("b", true)]);
    let map = IndexMap::from([("b".to_owned(), Value::from("2.0"))]);
    playbook.rounds[0].blocks[0].each = each(&maker, "p", Value::Map(map));
    let (view, _) = viewed(&maker, playbook);
    assert_eq!(view.rounds[0].tasks[2].steps[0].what.skipped_by.as_deref(), Some("p.key != 'b'"), "in the action too");
    assert_eq!(view.rounds[0].blocks[1].steps[0].what.skipped_by.as_deref(), Some("p.key != 'b'"));
}

#[test]
fn an_empty_list_has_no_items() {
    let mut maker = Maker::new(TEXT);
    let mut task = maker.run("first", "touch {{ item }}");
    task.flow.each = each(&maker, "item", words(&[]));
    let (view, told) = viewed(&maker, playbook(vec![maker.round("all", &[0], vec![task])]));
    assert_eq!(told, "");
    let text = plan_text(&view, 80, &unpainted);
    assert!(text.contains("~ first  touch ‹item› (no items)"), "{text}");
}

#[test]
fn inputs_and_items_make_classes() {
    let text = "echo {{ inputs.port }}";
    let mut maker = Maker::new(&format!("t {{{{ port }}}} {text}"));
    let mut task = maker.run("t", text);
    task.flow.home = Home { block: Some((crate::model::BlockIx(0), Part::Body)), frame: FrameIx(1), ..Home::default() };
    let mut round: Round = maker.round("r", &[0, 2, 4, 5], Vec::new());
    let block = maker.block(&mut round, "t");
    round.blocks[0].frame = Some(FrameIx(1));
    let port = VarValue::Template(maker.template("{{ port }}", Context::Native));
    let input = Input { value: Var { value: port, span: None }, given: true, kind: InputKind::Int };
    let inputs = IndexMap::from([("port".to_owned(), input)]);
    round.frames.push(Frame { block: Some(block), name: "t".to_owned(), inputs, ..Frame::default() });
    round.tasks = vec![task];
    let item = BlockItem { block, needs: Needs::Above, body: vec![above(0)], rescue: Vec::new(), always: Vec::new() };
    round.items = vec![Item::Block(item)];
    assert_eq!(round.gate(TaskIx(1)), Some(Gate::Enter(block)));
    let playbook = playbook(vec![round]);
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    let (run, controller) = (RunInfo::default(), ControllerInfo::default());
    let world = World::new(Arc::new(playbook), Arc::new(hosts()), &plan, Arc::new(NothingYet), run, controller);
    let class = |host: u32| TaskClasses::new(&world, RoundIx(0), TaskIx(0)).class(HostIx(host));
    assert_eq!(class(0), class(2));
    assert_ne!(class(0), class(4), "what the caller gives differs");
    assert_eq!(class(4), class(5));
}

#[test]
fn hosts_that_a_result_chooses() {
    let mut maker = Maker::new(TEXT);
    let first = maker.run("first", "true");
    let second = maker.run("config", "true");
    let mut rounds = vec![maker.round("all", &[0, 1], vec![first]), maker.round("deploy", &[0, 1], vec![second])];
    let chosen = Chosen { groups: vec![0], rows: IndexMap::from([(HostIx(0), vec![false, true]), (HostIx(1), vec![false, true])]) };
    rounds[1].flow.chosen = Some(chosen);
    let read = TaskRead { round: RoundIx(0), task: TaskIx(0), other_hosts: false, span: maker.span("first", 0) };
    let when = maker.template("rounds.all.tasks.first.stdout == 'f'", Context::Expression);
    let group = ChosenGroup { hosts: vec![HostIx(0), HostIx(1)], when, span: maker.span("app", 0), reads: vec![read] };
    let mut playbook = playbook(rounds);
    playbook.groups.insert("primary".to_owned(), group);
    let (view, told) = viewed(&maker, playbook);
    assert_eq!(told, "");
    let text = plan_text(&view, 80, &unpainted);
    assert!(text.contains("  chosen by all/first: at most 2\n"), "{text}");
    assert!(text.contains("  waits for all (reads it)\n"), "{text}");
}
