//! Plans rendered with the real engine.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::diag::Diagnostics;
use crate::model::{Context, HostIx, Item, Layer, Need, Needs, Origin, ReadFile, RoundIx, TaskIx, TaskRead, Value, Var, VarValue, Verb};
use crate::plan::alike::Alike;
use crate::plan::classes::{CheckClasses, TaskClasses};
use crate::plan::testing::{Maker, inventory, layer, playbook};
use crate::plan::viewer::{MOST_FAILURES, examine};
use crate::plan::{ControllerInfo, NothingYet, Plan, RunInfo, World, build, plan_text, unpainted};

/// Eight hosts; h0 to h3 share a layer with `port: 80`, the others one with `port: 81`; h5 has a variable of its own.
fn hosts() -> crate::model::Inventory {
    let mut inventory = inventory(8);
    let groups = [80, 81].map(|port| layer(Origin::Group(format!("g{port}")), &[("port", Value::Int(port))]));
    for (index, host) in inventory.hosts.iter_mut().enumerate() {
        host.layers = vec![Arc::clone(&groups[index / 4])];
    }
    inventory.hosts[5].layers.push(layer(Origin::Host("h5".to_owned()), &[("unread", Value::Int(1))]));
    inventory
}

fn example() -> (Maker, Plan, Arc<World>) {
    let mut maker = Maker::new("kernel listen greet all later {{ tasks.kernel.rc }}");
    let mut list = vec![
        maker.run("kernel", "uname -r"),
        maker.run("listen", "nc -l {{ address }}"),
        maker.run("greet", "echo {{ host.name }}"),
        maker.run("later", "echo {{ tasks.kernel.rc }}"),
    ];
    list[0].read_only = true;
    list[1].when = vec![maker.template("port == 80", Context::Expression)];
    list[3].reads = vec![TaskRead { round: RoundIx(0), task: TaskIx(0), other_hosts: false, span: maker.span("tasks.kernel.rc", 0) }];
    let mut round = maker.round("all", &[0, 1, 2, 3, 4, 5, 6, 7], list);
    let need = Need { tasks: vec![TaskIx(0)], span: maker.span("kernel", 0) };
    round.items[3] = Item::Task(TaskIx(3), Needs::These(vec![need]));
    let mut playbook = playbook(vec![round]);
    let address = VarValue::Template(maker.template(":{{ port }}", Context::Native));
    let vars = IndexMap::from([("address".to_owned(), Var { value: address, span: None })]);
    playbook.vars = Arc::new(Layer { origin: Origin::Playbook, vars });
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    let world =
        World::new(Arc::new(playbook), Arc::new(hosts()), &plan, Arc::new(NothingYet), RunInfo::default(), ControllerInfo::default());
    (maker, plan, world)
}

#[test]
fn equal_hosts_stand_together() {
    let (maker, plan, world) = example();
    let mut diagnostics = Diagnostics::default();
    let view = crate::plan::view(&plan, &world, &maker.engine, &maker.map, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.to_text(&maker.map));
    insta::assert_snapshot!(plan_text(&view, 80, &unpainted));
    insta::assert_json_snapshot!(view.rounds[0].tasks[3]);
    insta::assert_json_snapshot!(view.counts);
}

#[test]
fn what_is_read_of_all_hosts_is_the_same_for_all() {
    let mut maker = Maker::new("table all hosts h address {{ hosts[h].name }}");
    let table = maker.run("table", "echo {% for h in hosts %}{{ hosts[h].address }} {{ h }} {% endfor %}");
    let own = maker.run("own", "echo {{ hosts[host.name].address }}");
    let playbook = playbook(vec![maker.round("all", &[0, 1, 2, 3, 4, 5, 6, 7], vec![table, own])]);
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    let world =
        World::new(Arc::new(playbook), Arc::new(hosts()), &plan, Arc::new(NothingYet), RunInfo::default(), ControllerInfo::default());
    let classes = |round, task| TaskClasses::new(&world, round, task);
    let table = classes(RoundIx(0), TaskIx(0));
    let first = table.class(HostIx(0));
    assert!(first.is_some() && (1..8).all(|host| table.class(HostIx(host)) == first));
    assert_eq!(classes(RoundIx(0), TaskIx(1)).class(HostIx(0)), None);
    let mut diagnostics = Diagnostics::default();
    let view = crate::plan::view(&plan, &world, &maker.engine, &maker.map, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.to_text(&maker.map));
    let groups: Vec<usize> = view.rounds[0].tasks.iter().map(|task| task.steps.len()).collect();
    assert_eq!(groups, [1, 8]);
}

#[test]
fn a_task_that_fails_differently_on_every_host_is_told_of_a_few_times() {
    let mut maker = Maker::new("away all x{{ host.name }}");
    let mut away = maker.run("away", "uptime");
    away.on = vec![crate::model::OnHost::Template(maker.template("x{{ host.name }}", Context::Native))];
    let playbook = playbook(vec![maker.round("all", &[0, 1, 2, 3, 4, 5, 6, 7], vec![away])]);
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    let world =
        World::new(Arc::new(playbook), Arc::new(hosts()), &plan, Arc::new(NothingYet), RunInfo::default(), ControllerInfo::default());
    let mut diagnostics = Diagnostics::default();
    examine(&plan, &world, &maker.engine, &maker.map, &mut diagnostics);
    let messages: Vec<&str> = diagnostics.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(messages.len(), MOST_FAILURES, "{messages:?}");
    assert_eq!(messages[0], "task `away` on h0: there is no host `xh0`");
}

#[test]
fn a_class_is_what_variables_are_read() {
    let (_, _, world) = example();
    let classes = |round, task| TaskClasses::new(&world, round, task);
    let class = |task: u32, host: u32| classes(RoundIx(0), TaskIx(task)).class(HostIx(host));
    assert_eq!(class(1, 0), class(1, 2));
    assert_ne!(class(1, 0), class(1, 4), "the other group's port");
    assert_eq!(class(1, 4), class(1, 5), "a variable that is not read makes no difference");
    assert_eq!(class(0, 0), class(0, 5));
    assert_eq!(class(2, 0), None, "the host's own name");
    assert_eq!(class(3, 0), class(3, 5), "results are pending for all");
    let listen = classes(RoundIx(0), TaskIx(1));
    let in_a_row: Vec<_> = (0..8).map(|host| listen.class(HostIx(host))).collect();
    assert_eq!(in_a_row, (0..8).map(|host| class(1, host)).collect::<Vec<_>>(), "one host leaves nothing behind for the next");
}

#[test]
fn what_cannot_be_rendered_is_told_once_with_its_hosts() {
    let mut maker = Maker::new("t echo {{ nowhere }}");
    let task = maker.run("t", "echo {{ nowhere }}");
    let playbook = playbook(vec![maker.round("r", &[0, 1, 2], vec![task])]);
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    let world =
        World::new(Arc::new(playbook), Arc::new(hosts()), &plan, Arc::new(NothingYet), RunInfo::default(), ControllerInfo::default());
    let mut diagnostics = Diagnostics::default();
    let _ = crate::plan::view(&plan, &world, &maker.engine, &maker.map, &mut diagnostics);
    insta::assert_snapshot!(diagnostics.to_text(&maker.map));
}

#[test]
fn a_condition_that_waits_excuses_what_cannot_be_rendered() {
    let mut maker = Maker::new("kernel t tasks.kernel.rc == 0 echo {{ nowhere }}");
    let mut list = vec![maker.run("kernel", "true"), maker.run("t", "echo {{ nowhere }}")];
    list[1].when = vec![maker.template("tasks.kernel.rc == 0", Context::Expression)];
    list[1].umask = Some(0o27);
    let playbook = playbook(vec![maker.round("r", &[0], list)]);
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    let world =
        World::new(Arc::new(playbook), Arc::new(hosts()), &plan, Arc::new(NothingYet), RunInfo::default(), ControllerInfo::default());
    let mut diagnostics = Diagnostics::default();
    let view = crate::plan::view(&plan, &world, &maker.engine, &maker.map, &mut diagnostics);
    assert!(!diagnostics.has_errors());
    let what = &view.rounds[0].tasks[1].steps[0].what;
    assert_eq!(what.command, "‹can't be rendered: `nowhere` is not defined›");
    assert_eq!(what.known_after, ["r/kernel"]);
}

mod flow;

/// Hosts of which each has a value of another kind: a check, which asks one host of each kind, must find what rendering
/// everything finds.
#[test]
fn a_check_finds_all_that_rendering_everything_finds() {
    let mut maker = Maker::new("say path each all {{ v }} {{ v | upper }} {{ w }} {{ host.name }}/{{ v }}");
    let say = maker.run("say", "echo {{ v }}");
    let computed = maker.run("say2", "echo {{ w }}");
    let filtered = maker.run("say3", "echo {{ v | upper }}");
    let read = Verb::Read(ReadFile { path: maker.template("{{ v }}", Context::Native) });
    let path = maker.task("path", read);
    let under = maker.run("under", "echo {{ host.name }}/{{ v }}");
    let mut playbook = playbook(vec![maker.round("all", &[0, 1, 2, 3, 4, 5, 6, 7], vec![say, computed, filtered, path, under])]);
    let w = VarValue::Template(maker.template("{{ v | upper }}", Context::Native));
    playbook.vars = Arc::new(Layer { origin: Origin::Playbook, vars: IndexMap::from([("w".to_owned(), Var { value: w, span: None })]) });
    let mut inventory = inventory(8);
    let text = |text: &str| Value::Text(text.to_owned());
    let list = Value::List(vec![text("a"), text("b")]);
    let values = [text("a"), text("b"), text(""), text("n\0l"), Value::None, list, Value::Int(3), text("c")];
    for (host, value) in inventory.hosts.iter_mut().zip(values) {
        host.layers = vec![layer(Origin::Host(host.name.clone()), &[("v", value)])];
    }
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    let world =
        World::new(Arc::new(playbook), Arc::new(inventory), &plan, Arc::new(NothingYet), RunInfo::default(), ControllerInfo::default());
    let (mut shown, mut checked) = (Diagnostics::default(), Diagnostics::default());
    let _ = crate::plan::view(&plan, &world, &maker.engine, &maker.map, &mut shown);
    examine(&plan, &world, &maker.engine, &maker.map, &mut checked);
    assert!(shown.count(crate::diag::Severity::Error) >= 8, "{}", shown.to_text(&maker.map));
    assert_eq!(checked.to_text(&maker.map), shown.to_text(&maker.map));
}

#[test]
fn hosts_with_values_of_one_kind_are_checked_once() {
    let mut maker = Maker::new("say when all {{ host.name }} {{ v }} v == 'x1'");
    let say = maker.run("say", "echo {{ host.name }} {{ v }}");
    let mut asked = maker.run("when", "echo {{ v }}");
    asked.when = vec![maker.template("v == 'x1'", Context::Expression)];
    let playbook = playbook(vec![maker.round("all", &[0, 1, 2, 3, 4, 5, 6, 7], vec![say, asked])]);
    let mut inventory = inventory(8);
    for (index, host) in inventory.hosts.iter_mut().enumerate() {
        host.layers = vec![layer(Origin::Host(host.name.clone()), &[("v", Value::Text(format!("x{index}")))])];
    }
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    let world =
        World::new(Arc::new(playbook), Arc::new(inventory), &plan, Arc::new(NothingYet), RunInfo::default(), ControllerInfo::default());
    let alike = Alike::new(&world);
    let classes = |task: u32| {
        let of_task = CheckClasses::new(&world, &alike, RoundIx(0), TaskIx(task));
        (0..8).map(|host| of_task.class(HostIx(host))).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!(classes(0), 1, "texts are alike");
    assert_eq!(classes(1), 8, "a condition is asked of each value");
}

/// All texts of a view but the words of ours.
fn texts(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        serde_json::Value::Object(map) => {
            let ours = ["verb", "why", "after", "section", "part", "become_method"];
            map.iter().filter(|(key, _)| !ours.contains(&key.as_str())).for_each(|(_, value)| texts(value, found));
        }
        _ => {}
    }
}

#[test]
fn every_text_can_be_changed() {
    let (maker, plan, world) = example();
    let mut view = crate::plan::view(&plan, &world, &maker.engine, &maker.map, &mut Diagnostics::default());
    let mut before = Vec::new();
    texts(&serde_json::to_value(&view).unwrap(), &mut before);
    view.change_text(&|text| text.insert(0, '!'));
    let mut after = Vec::new();
    texts(&serde_json::to_value(&view).unwrap(), &mut after);
    assert!(before.len() > 20);
    assert_eq!(after, before.iter().map(|text| format!("!{text}")).collect::<Vec<String>>());
}
