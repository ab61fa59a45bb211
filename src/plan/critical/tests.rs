//! Durations and critical paths of graphs with known answers.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::diag::Diagnostics;
use crate::model::{BatchSize, BlockItem, Context, Group, Home, Item, Need, Needs, Notify, Task};
use crate::plan::testing::{Maker, inventory, playbook};
use crate::plan::{ControllerInfo, NothingYet, RunInfo, World, build};

const TEXT: &str = "r s t u aa bb cc dd ee ff handler host.name == 'h1'";

/// Medians by `round/task`, some of single hosts as `round/task@host`; `@host` is a connection.
fn known(times: &[(&str, u64)]) -> Known {
    let mut known = Known { runs: 3, ..Known::default() };
    for (name, ms) in times {
        let (task, host) = name.split_once('@').map_or((*name, None), |(task, host)| (task, Some(host)));
        match (task.split_once('/'), host) {
            (Some((round, task)), host) => {
                let entry = known.tasks.entry((round.to_owned(), task.to_owned(), 0)).or_default();
                match host {
                    Some(host) => drop(entry.hosts.insert(host.to_owned(), *ms)),
                    None => entry.median_ms = *ms,
                }
            }
            (None, Some(host)) => drop(known.connects.insert(host.to_owned(), *ms)),
            (None, None) => panic!("{name}"),
        }
    }
    known
}

fn reckon(maker: &Maker, rounds: Vec<Round>, known: &Known) -> Option<Expected> {
    reckon_all(maker, playbook(rounds), known)
}

fn reckon_all(maker: &Maker, playbook: Playbook, known: &Known) -> Option<Expected> {
    let found = reckon_any(maker, playbook, known);
    if let Some(found) = &found {
        assert_eq!(found.path.iter().map(|step| step.duration_ms).sum::<u64>(), found.duration_ms, "{found:?}");
    }
    found
}

fn reckon_any(maker: &Maker, playbook: Playbook, known: &Known) -> Option<Expected> {
    let mut diagnostics = Diagnostics::default();
    let plan = build(&playbook, &mut diagnostics).unwrap();
    let playbook = Arc::new(playbook);
    let (run, controller) = (RunInfo::default(), ControllerInfo::default());
    let world = World::new(Arc::clone(&playbook), Arc::new(inventory(6)), &plan, Arc::new(NothingYet), run, controller);
    let view = crate::plan::view(&plan, &world, &maker.engine, &maker.map, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.to_text(&maker.map));
    expected(&plan, &playbook, &view, known)
}

/// The length, and the path as `round/task@host`.
fn told(found: Option<Expected>) -> (u64, Vec<String>) {
    let found = found.unwrap();
    let step = |step: &PathStep| {
        let (task, host) = (step.task.as_deref().unwrap_or("-"), step.host.as_deref().unwrap_or("-"));
        format!("{}/{task}@{host}", step.round)
    };
    (found.duration_ms, found.path.iter().map(step).collect())
}

fn tasks(maker: &mut Maker, names: &[&str]) -> Vec<Task> {
    names.iter().map(|name| maker.run(name, "true")).collect()
}

fn these(maker: &Maker, tasks: &[u32]) -> Needs {
    Needs::These(tasks.iter().map(|task| Need { tasks: vec![TaskIx(*task)], span: maker.span("aa", 0) }).collect())
}

#[test]
fn the_slowest_host_decides_a_chain() {
    let mut maker = Maker::new(TEXT);
    let list = tasks(&mut maker, &["aa", "bb"]);
    let round = maker.round("r", &[0, 1, 2], list);
    let times = [("r/aa", 100), ("r/aa@h1", 150), ("r/bb", 10), ("r/bb@h0", 50), ("@h2", 60)];
    let (took, path) = told(reckon(&maker, vec![round], &known(&times)));
    assert_eq!((took, path), (170, ["r/-@h2", "r/aa@h2", "r/bb@h2"].map(str::to_owned).to_vec()));
}

#[test]
fn branches_run_side_by_side_and_needs_cut_across() {
    let mut maker = Maker::new(TEXT);
    let list = tasks(&mut maker, &["aa", "bb", "cc", "dd", "ee"]);
    let mut round = maker.round("r", &[0], list);
    let members = (1..3).map(|task| Item::Task(TaskIx(task), Needs::Above)).collect();
    let group = Group { id: None, span: maker.span("bb", 0), needs: Needs::Above, members };
    round.items = vec![
        Item::Task(TaskIx(0), Needs::Above),
        Item::Parallel(group),
        Item::Task(TaskIx(3), these(&maker, &[1])),
        Item::Task(TaskIx(4), these(&maker, &[])),
    ];
    let times = |ee| [("r/aa", 10), ("r/bb", 20), ("r/cc", 45), ("r/dd", 30), ("r/ee", ee)];
    let round_again = round.clone();
    let (took, path) = told(reckon(&maker, vec![round], &known(&times(50))));
    assert_eq!((took, path), (60, ["r/aa@h0", "r/bb@h0", "r/dd@h0"].map(str::to_owned).to_vec()), "past cc and ee");
    assert_eq!(told(reckon(&maker, vec![round_again], &known(&times(70)))), (70, vec!["r/ee@h0".to_owned()]));
}

#[test]
fn batches_come_one_after_the_other_with_their_pauses() {
    let mut maker = Maker::new(TEXT);
    let list = tasks(&mut maker, &["aa"]);
    let mut round = maker.round("r", &[0, 1, 2, 3], list);
    round.flow.batch = vec![BatchSize::Count(1), BatchSize::Count(2)];
    round.flow.pause = Duration::from_millis(1000);
    let times = [("r/aa", 100), ("r/aa@h2", 300)];
    let (took, path) = told(reckon(&maker, vec![round], &known(&times)));
    assert_eq!(took, 100 + 1000 + 300 + 1000 + 100);
    assert_eq!(path, ["r/aa@h0", "r/-@-", "r/aa@h2", "r/-@-", "r/aa@h3"]);
}

#[test]
fn few_at_once_wait_for_each_other() {
    let mut maker = Maker::new(TEXT);
    let list = tasks(&mut maker, &["aa", "bb"]);
    let mut round = maker.round("r", &[0, 1, 2], list);
    let times = [("r/aa", 100), ("r/aa@h0", 40), ("r/bb", 10)];
    round.max_parallel = Some(2);
    let (took, path) = told(reckon(&maker, vec![round.clone()], &known(&times)));
    assert_eq!((took, path), (160, ["r/aa@h0", "r/bb@h0", "r/aa@h2", "r/bb@h2"].map(str::to_owned).to_vec()));
    round.max_parallel = None;
    round.tasks[0].flow.throttle = Some(1);
    let (took, path) = told(reckon(&maker, vec![round.clone()], &known(&times)));
    assert_eq!((took, path), (250, ["r/aa@h0", "r/aa@h1", "r/aa@h2", "r/bb@h2"].map(str::to_owned).to_vec()));
    round.tasks[0].flow.throttle = None;
    let mut playbook = playbook(vec![round]);
    playbook.max_parallel = Some(1);
    assert_eq!(told(reckon_all(&maker, playbook, &known(&times))).0, 50 + 110 + 110);
}

#[test]
fn one_host_does_for_all_what_is_done_once() {
    let mut maker = Maker::new(TEXT);
    let list = tasks(&mut maker, &["aa", "bb"]);
    let mut round = maker.round("r", &[0, 1], list);
    round.tasks[0].once = true;
    round.flow.batch = vec![BatchSize::Count(2), BatchSize::Count(1)];
    let times = [("r/aa", 500), ("r/aa@h0", 0), ("r/bb", 10), ("r/bb@h1", 20)];
    let (took, path) = told(reckon(&maker, vec![round.clone()], &known(&times)));
    assert_eq!((took, path), (520, ["r/aa@h0", "r/bb@h1"].map(str::to_owned).to_vec()));
    round.flow.batch = vec![BatchSize::Count(1)];
    assert_eq!(told(reckon(&maker, vec![round], &known(&times))).0, 500 + 10 + 20, "not again in the second batch");
}

#[test]
fn rounds_without_a_path_between_them_run_side_by_side() {
    let mut maker = Maker::new(TEXT);
    let mut rounds: Vec<Round> = [("r", "aa"), ("s", "bb"), ("t", "cc"), ("u", "dd")]
        .into_iter()
        .map(|(id, task)| {
            let list = tasks(&mut maker, &[task]);
            maker.round(id, &[0, 1], list)
        })
        .collect();
    // r first; s and t beside each other behind it; u behind both.
    let span = maker.span("r", 0);
    let need = |round| crate::model::RoundNeed { round: RoundIx(round), span };
    rounds[1].needs.add(need(0));
    rounds[2].needs.add(need(0));
    rounds[3].needs.above = 3;
    let times = [("r/aa", 10), ("s/bb", 100), ("t/cc", 20), ("t/cc@h1", 200), ("u/dd", 5), ("@h0", 3), ("@h1", 2)];
    let found = reckon(&maker, rounds, &known(&times)).unwrap();
    let lengths: Vec<(&str, u64)> = found.rounds.iter().map(|round| (round.id.as_str(), round.duration_ms)).collect();
    assert_eq!(lengths, [("r", 13), ("s", 100), ("t", 200), ("u", 5)], "hosts connect once");
    let (took, path) = told(Some(found));
    assert_eq!((took, path), (218, ["r/-@h0", "r/aa@h0", "t/cc@h1", "u/dd@h0"].map(str::to_owned).to_vec()));
}

#[test]
fn handlers_come_behind_the_tasks_and_finally_behind_them() {
    let mut maker = Maker::new(TEXT);
    let list = tasks(&mut maker, &["aa", "handler", "ff"]);
    let mut round = maker.round("r", &[0], list);
    round.items = vec![Item::Task(TaskIx(0), Needs::Above)];
    round.handlers = vec![TaskIx(1)];
    round.finally = vec![Item::Task(TaskIx(2), Needs::Above)];
    round.tasks[0].flow.notify = vec![Notify { handler: TaskIx(1), span: maker.span("handler", 0) }];
    round.tasks[1].flow.home = Home { section: Section::Handlers, ..Home::default() };
    round.tasks[2].flow.home = Home { section: Section::Finally, ..Home::default() };
    let with = told(reckon(&maker, vec![round.clone()], &known(&[("r/aa", 10), ("r/handler", 20), ("r/ff", 30)])));
    assert_eq!(with, (60, ["r/aa@h0", "r/handler@h0", "r/ff@h0"].map(str::to_owned).to_vec()));
    let without = reckon(&maker, vec![round.clone()], &known(&[("r/aa", 10), ("r/ff", 30)])).unwrap();
    let counted = (without.duration_ms, without.tasks, without.unknown_tasks);
    assert_eq!(counted, (40, 2, 0), "a handler that never ran is no unknown task");
    round.tasks[0].flow.left_out = Some("--tags".to_owned());
    let alone = reckon(&maker, vec![round], &known(&[("r/aa", 10), ("r/handler", 20), ("r/ff", 30)])).unwrap();
    assert_eq!((alone.duration_ms, alone.tasks), (30, 1), "nothing notifies it");
}

#[test]
fn a_rescue_is_not_expected() {
    let mut maker = Maker::new(TEXT);
    let list = tasks(&mut maker, &["aa", "bb", "cc"]);
    let mut round = maker.round("r", &[0], list);
    let block = maker.block(&mut round, "dd");
    round.blocks[0].rescue = true;
    for (task, part) in [(0, Part::Body), (1, Part::Rescue)] {
        round.tasks[task].flow.home.block = Some((block, part));
    }
    let above = |task| vec![Item::Task(TaskIx(task), Needs::Above)];
    let item = BlockItem { block, needs: Needs::Above, body: above(0), rescue: above(1), always: Vec::new() };
    round.items = vec![Item::Block(item), Item::Task(TaskIx(2), Needs::Above)];
    let found = reckon(&maker, vec![round], &known(&[("r/aa", 10), ("r/bb", 500), ("r/cc", 20)])).unwrap();
    assert_eq!((found.tasks, found.unknown_tasks), (2, 0));
    assert_eq!(told(Some(found)), (30, ["r/aa@h0", "r/cc@h0"].map(str::to_owned).to_vec()), "through the block's gates");
}

#[test]
fn what_is_not_known_takes_no_time_and_is_counted() {
    let mut maker = Maker::new(TEXT);
    let mut list = tasks(&mut maker, &["aa", "bb", "cc", "dd"]);
    list[1].when = vec![maker.template("host.name == 'h1'", Context::Expression)];
    list[2].flow.left_out = Some("--tags".to_owned());
    let pause = Verb::Pause(crate::model::Pause { duration: Duration::from_secs(2) });
    list.push(maker.task("ee", pause));
    let round = maker.round("r", &[0, 1], list);
    assert_eq!(reckon(&maker, vec![round.clone()], &Known::default()), None);
    assert_eq!(reckon(&maker, vec![round.clone()], &known(&[("s/aa", 10), ("r/cc", 10)])), None, "of tasks that don't run here");
    let found = reckon(&maker, vec![round], &known(&[("r/bb", 70)])).unwrap();
    assert_eq!((found.runs, found.tasks, found.unknown_tasks), (3, 4, 2), "aa and dd");
    assert_eq!(told(Some(found)), (2070, ["r/bb@h1", "r/ee@h1"].map(str::to_owned).to_vec()), "where `when` lets it run");
}

#[test]
fn a_round_without_hosts_or_tasks_takes_no_time() {
    let mut maker = Maker::new(TEXT);
    let list = tasks(&mut maker, &["aa"]);
    let rounds = vec![maker.round("r", &[0], list.clone()), maker.round("s", &[], list), maker.round("t", &[1], Vec::new())];
    assert_eq!(told(reckon(&maker, rounds, &known(&[("r/aa", 10)]))), (10, vec!["r/aa@h0".to_owned()]));
}

#[test]
fn times_beyond_all_measure_are_the_longest_there_is() {
    let mut maker = Maker::new(TEXT);
    let list = tasks(&mut maker, &["aa", "bb"]);
    let rounds = vec![maker.round("r", &[0], list.clone()), maker.round("s", &[0], list)];
    let mut playbook = playbook(rounds);
    playbook.rounds[1].needs.above = 1;
    let longest = known(&[("r/aa", u64::MAX), ("r/bb", u64::MAX), ("s/aa", 1), ("@h0", 5)]);
    assert_eq!(reckon_any(&maker, playbook, &longest).unwrap().duration_ms, u64::MAX);
}
