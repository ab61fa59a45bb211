//! What scopes answer, name by name, without an engine.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::*;
use crate::diag::Diagnostics;
use crate::event::Status;
use crate::model::{ConnectPatch, Inventory, Layer, Origin, Playbook, RoundNeeds, Set, StepId, TaskIx, Value, Verb};
use crate::plan::testing::{Maker, inventory, layer, playbook};
use crate::plan::{ControllerInfo, ErrorView, ItemView, ResultSource, RunInfo, build};

/// Results by step; all others are pending.
#[derive(Debug, Default)]
struct Results {
    steps: BTreeMap<StepId, StepResult>,
    set: Option<Arc<Layer>>,
}

impl ResultSource for Results {
    fn item(&self, _: RoundIx, _: BlockIx, _: HostIx) -> Option<Arc<ItemView>> {
        None
    }

    fn error(&self, _: RoundIx, _: BlockIx, _: HostIx) -> Option<Arc<ErrorView>> {
        None
    }

    fn step(&self, step: StepId) -> StepView {
        self.steps.get(&step).map_or(StepView::Pending, |result| StepView::Done(Arc::new(result.clone())))
    }

    fn set_vars(&self, _: HostIx, _: Option<(RoundIx, FrameIx)>) -> Option<Arc<Layer>> {
        self.set.clone()
    }

    fn progress(&self) -> Option<(String, Vec<String>)> {
        None
    }
}

/// Two rounds: `one` with `kernel`, `mark` (sets `x`) and `last` on h0 and h1; `two` with `show` on h0 and h2.
fn example() -> (Playbook, Inventory) {
    let mut maker = Maker::new("one two kernel mark last show");
    let vars = IndexMap::from([("x".to_owned(), Var { value: VarValue::Plain(Value::Int(1)), span: None })]);
    let first = vec![maker.run("kernel", "true"), maker.task("mark", Verb::Set(Set { vars })), maker.run("last", "true")];
    let second = vec![maker.run("show", "true")];
    let mut rounds = vec![maker.round("one", &[0, 1], first), maker.round("two", &[0, 2], second)];
    rounds[1].needs = RoundNeeds { above: 1, named: Vec::new() };
    let mut inventory = inventory(3);
    inventory.groups.insert("web".to_owned(), vec![HostIx(1), HostIx(2)]);
    (playbook(rounds), inventory)
}

fn world(playbook: Playbook, inventory: Inventory, results: Results) -> Arc<World> {
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    let run = RunInfo { id: None, started: None, user: "ann".to_owned() };
    World::new(Arc::new(playbook), Arc::new(inventory), &plan, Arc::new(results), run, ControllerInfo::default())
}

fn step_of(round: u32, task: u32, host: u32) -> StepId {
    StepId { round: RoundIx(round), task: TaskIx(task), host: HostIx(host) }
}

/// Follows a path and writes what is there.
fn at(root: &dyn Lazy, path: &str) -> String {
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    match root.get(name) {
        Lookup::Lazy(part) if rest.is_empty() => format!("[{}]", part.names().join(" ")),
        Lookup::Lazy(part) => at(&*part, rest),
        Lookup::Value(value) | Lookup::Absent(value) => serde_json::to_string(&value).unwrap(),
        Lookup::Pending(step) => format!("after {step}"),
        Lookup::Missing => "missing".to_owned(),
        Lookup::Variable(_) => "variable".to_owned(),
        Lookup::Made(_) => "made".to_owned(),
        Lookup::Foreign(_, root) => format!("variable in {}", at(&*root, "host/name")),
    }
}

#[test]
fn the_strongest_layer_wins() {
    let (mut playbook, mut inventory) = example();
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let upto = |count: usize, value: i64| names[..count].iter().map(|name| (*name, Value::Int(value))).collect::<Vec<_>>();
    playbook.vars = layer(Origin::Playbook, &upto(7, 1));
    inventory.hosts[0].layers = vec![layer(Origin::Inventory, &upto(6, 2)), layer(Origin::Host("h0".to_owned()), &upto(5, 3))];
    playbook.rounds[0].vars = Some(layer(Origin::Round, &upto(4, 4)));
    playbook.rounds[0].tasks[2].layers = vec![layer(Origin::Task, &upto(3, 0)), layer(Origin::Task, &upto(3, 5))];
    let set = Some(layer(Origin::Set, &upto(2, 6)));
    playbook.extra = layer(Origin::CommandLine, &upto(1, 7));
    let world = world(playbook, inventory, Results { set, ..Results::default() });
    let scope = world.scope(step_of(0, 2, 0));
    assert_eq!(names.map(|name| at(&*scope, name)), ["7", "6", "5", "4", "3", "2", "1"]);
    assert_eq!(at(&*scope, "host/vars/d"), "3", "a host's own variables know no round");
    assert_eq!(at(&*scope, "none"), "missing");
    assert!(scope.names().contains(&"g".to_owned()) && !scope.names().contains(&"result".to_owned()));
}

#[test]
fn what_is_set_later_is_pending_only_behind_the_set() {
    let (mut playbook, inventory) = example();
    playbook.vars = layer(Origin::Playbook, &[("x", Value::Int(0))]);
    let results = Results { steps: BTreeMap::new(), set: None };
    let pending = world(playbook.clone(), inventory.clone(), results);
    assert_eq!(at(&*pending.scope(step_of(0, 0, 0)), "x"), "0");
    assert_eq!(at(&*pending.scope(step_of(0, 2, 0)), "x"), "after one/mark");
    assert_eq!(at(&*pending.scope(step_of(1, 0, 0)), "x"), "after one/mark");
    assert_eq!(at(&*pending.scope(step_of(1, 0, 2)), "x"), "0", "h2 is not in the round that sets it");
    let steps = BTreeMap::from([(step_of(0, 1, 0), StepResult::without_run(Status::Ok))]);
    let set = Some(layer(Origin::Set, &[("x", Value::Int(1))]));
    assert_eq!(at(&*world(playbook.clone(), inventory.clone(), Results { steps, set }).scope(step_of(0, 2, 0)), "x"), "1");
    playbook.extra = layer(Origin::CommandLine, &[("x", Value::Int(9))]);
    assert_eq!(at(&*world(playbook, inventory, Results::default()).scope(step_of(0, 2, 0)), "x"), "9", "-e is stronger");
}

#[test]
fn results_are_reached_by_every_path() {
    let (playbook, inventory) = example();
    let done = StepResult {
        rc: Some(0),
        stdout: "{\"a\": [1, 2.5]}\r\nb\n\n".to_owned(),
        stderr: "e\n".to_owned(),
        attempts: 1,
        outputs: IndexMap::from([("size".to_owned(), Value::Int(3))]),
        ..StepResult::without_run(Status::Changed)
    };
    let json = StepResult { stdout: "{\"a\": [1, 2.5]}\n".to_owned(), ..StepResult::without_run(Status::Skipped) };
    let steps = BTreeMap::from([(step_of(0, 0, 0), done), (step_of(0, 0, 1), json)]);
    let world = world(playbook, inventory, Results { steps, set: None });
    let scope = world.scope(step_of(0, 2, 0));
    assert_eq!(at(&*scope, "tasks/kernel/stdout"), r#""{\"a\": [1, 2.5]}\r\nb""#, "without final newlines");
    assert_eq!(at(&*scope, "tasks/kernel/lines"), r#"["{\"a\": [1, 2.5]}","b"]"#);
    assert_eq!(at(&*scope, "tasks/kernel/stderr"), r#""e\n""#);
    assert_eq!(at(&*scope, "tasks/kernel/status"), r#""changed""#);
    assert_eq!(at(&*scope, "tasks/kernel/outputs"), r#"{"size":3}"#);
    assert_eq!(at(&*scope, "tasks/kernel/json"), "missing");
    assert_eq!(at(&*scope, "tasks/last/stdout"), "after one/last");
    assert_eq!(at(&*scope, "tasks/last/stdoutt"), "missing");
    assert_eq!(at(&*scope, "tasks"), "[kernel mark last]");
    let other = world.scope(step_of(1, 0, 2));
    assert_eq!(at(&*other, "rounds/one/hosts/h1/tasks/kernel/json"), r#"{"a":[1,2.5]}"#);
    assert_eq!(at(&*other, "rounds/one/hosts/h1/tasks/kernel/rc"), "null", "it did not run");
    assert_eq!(at(&*other, "rounds/one/hosts/h1/tasks/kernel/status"), r#""skipped""#);
    assert_eq!(at(&*other, "rounds/one/tasks/kernel"), "missing", "h2 is not in that round");
    assert_eq!(at(&*other, "rounds/one/hosts"), "[h0 h1]");
    assert_eq!(at(&*other, "rounds/one/hosts/h2"), "missing");
    assert_eq!(at(&*other, "rounds/one/name"), r#""one""#);
    assert_eq!(at(&*other, "result"), "missing");
    let result = Arc::new(StepResult { rc: Some(7), ..StepResult::without_run(Status::Failed) });
    assert_eq!(at(&*world.scope_with_result(step_of(1, 0, 2), result), "result/rc"), "7");
}

#[test]
fn hosts_groups_and_the_run() {
    let (mut playbook, mut inventory) = example();
    playbook.rounds[0].connect = Some(ConnectPatch { user: Some("deploy".to_owned()), ..ConnectPatch::default() });
    inventory.hosts[1].groups = vec!["web".to_owned()];
    inventory.hosts[1].connect.user = Some("bob".to_owned());
    inventory.hosts[2].listed = false;
    let world = world(playbook, inventory, Results::default());
    let scope = world.scope(step_of(0, 0, 1));
    assert_eq!(at(&*scope, "host/name"), r#""h1""#);
    assert_eq!(at(&*scope, "host/user"), r#""deploy""#, "as this round connects");
    assert_eq!(at(&*scope, "hosts/h1/user"), r#""bob""#);
    assert_eq!(at(&*scope, "hosts/h0/user"), "null");
    assert_eq!(at(&*scope, "host/groups"), r#"["web"]"#);
    assert_eq!(at(&*scope, "host/address"), r#""10.0.0.1""#);
    assert_eq!(at(&*scope, "hosts"), "[h0 h1]", "what is not listed is no part of all");
    assert_eq!(at(&*scope, "hosts/1"), r#""h1""#);
    assert_eq!(at(&*scope, "groups/all"), r#"["h0","h1"]"#);
    assert_eq!(at(&*scope, "groups/web"), r#"["h1","h2"]"#);
    assert_eq!(at(&*scope, "run/user"), r#""ann""#);
    assert_eq!(at(&*scope, "run/id"), "after the start of the run");
    assert_eq!(at(&*scope, "run/failed"), "after the start of the run");
    assert_eq!(at(&*world.round_scope(RoundIx(0), HostIx(0)), "tasks/kernel/rc"), "after one/kernel");
}

#[test]
fn variables_of_another_host_are_its_own() {
    let (playbook, mut inventory) = example();
    let mut engine = crate::template::Engine::new();
    let mut map = crate::diag::SourceMap::default();
    let text = "http://{{ host.name }}";
    let source = crate::diag::SourceText::verbatim(text, crate::diag::Span::new(map.add("i.yml", None, text), 0..text.len()));
    let url = engine.compile(source, crate::model::Context::Native, &mut Diagnostics::default()).unwrap();
    let vars = IndexMap::from([("url".to_owned(), Var { value: VarValue::Template(url), span: None })]);
    inventory.hosts[1].layers = vec![Arc::new(Layer { origin: Origin::Inventory, vars })];
    let set = Some(layer(Origin::Set, &[("url", Value::Int(1))]));
    let world = world(playbook, inventory, Results { set, ..Results::default() });
    let scope = world.scope(step_of(0, 0, 0));
    assert_eq!(at(&*scope, "hosts/h1/vars/url"), r#"variable in "h1""#, "and what `set` set there is chance");
    assert_eq!(at(&*scope, "url"), "1");
}

mod flow;
