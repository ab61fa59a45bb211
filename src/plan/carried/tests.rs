//! What is carried over by today's playbook: names, not numbers; what stays, what is dropped, what is settled.

use super::super::testing::{Maker, inventory, playbook};
use super::*;
use crate::diag::Location;
use crate::event::{Event, HostEntry, RoundEntry, RunEvent, RunHeader, Settled, SettledEnd, TaskEntry};

fn header(tasks: &[&str], hosts: &[&str]) -> RunHeader {
    let place = || Location { file: String::new(), line: 1, column: 1 };
    let task = |name: &&str| TaskEntry {
        id: Some((*name).to_owned()),
        name: (*name).to_owned(),
        verb: "run".to_owned(),
        section: None,
        within: None,
        retries: 0,
        place: place(),
    };
    RunHeader {
        run: "before".to_owned(),
        hosts: hosts.iter().map(|name| HostEntry { name: (*name).to_owned(), address: String::new() }).collect(),
        rounds: vec![RoundEntry {
            id: "r".to_owned(),
            name: "r".to_owned(),
            place: place(),
            hosts: Vec::new(),
            tasks: tasks.iter().map(task).collect(),
            blocks: Vec::new(),
        }],
        ..RunHeader::default()
    }
}

fn past(header: RunHeader, events: Vec<RunEvent>) -> PastRun {
    let events = std::iter::once(RunEvent::RunStarted(Box::new(header))).chain(events);
    PastRun::of(&events.zip(0_u64..).map(|(kind, seq)| Event { seq, at: 1000, kind }).collect::<Vec<_>>())
}

fn step(task: usize, host: usize) -> StepId {
    StepId { round: RoundIx(0), task: TaskIx::new(task), host: HostIx::new(host) }
}

fn ended(task: usize, host: usize, status: Status) -> RunEvent {
    RunEvent::StepEnded { step: step(task, host), attempt: 1, outcome: Outcome::new(status) }
}

fn sent(task: usize, host: usize) -> RunEvent {
    RunEvent::StepSent { step: step(task, host), attempt: 1, on: None, command: "x".to_owned(), item: None, durable: None }
}

/// A playbook of one round, with tasks of these names.
fn today(names: &[&str]) -> Playbook {
    let mut maker = Maker::new(&names.join(" "));
    let tasks = names.iter().map(|name| maker.run(name, "true")).collect();
    playbook(vec![maker.round("r", &[0, 1], tasks)])
}

#[test]
fn steps_are_known_by_their_names() {
    let hosts = inventory(2);
    let names: Vec<&str> = hosts.hosts.iter().map(|host| host.name.as_str()).collect();
    let run = past(
        header(&["one", "gone", "two"], &[names[1], "left", names[0]]),
        vec![ended(0, 0, Status::Ok), ended(2, 2, Status::Changed), ended(1, 0, Status::Ok), ended(0, 1, Status::Ok)],
    );
    let carried = Carried::of(&[run], &today(&["new", "two", "one"]), &hosts, CarryOptions::default());
    let mut steps: Vec<StepId> = carried.steps.keys().copied().collect();
    steps.sort_unstable();
    assert_eq!(steps, [step(1, 0), step(2, 1)]);
    let end = carried.turn(step(1, 0), 0).unwrap().end.as_ref().unwrap();
    assert_eq!((end.outcome.status, end.outcome.carried.as_deref()), (Status::Changed, Some("before")));
    assert_eq!(carried.runs, ["before"]);
}

#[test]
fn what_was_kept_back_or_given_up_is_left_to_do_and_failures_stay_unless_asked_for() {
    let hosts = inventory(2);
    let names: Vec<&str> = hosts.hosts.iter().map(|host| host.name.as_str()).collect();
    let blocked = Outcome { blocked: true, ..Outcome::without_run(Status::Skipped, "`one` failed") };
    let events = || {
        vec![
            ended(0, 0, Status::Failed),
            RunEvent::StepEnded { step: step(1, 0), attempt: 0, outcome: blocked.clone() },
            ended(0, 1, Status::Cancelled),
            ended(1, 1, Status::Unreachable),
        ]
    };
    let playbook = today(&["one", "two"]);
    let run = || past(header(&["one", "two"], &names), events());
    let stays = Carried::of(&[run()], &playbook, &hosts, CarryOptions::default()).remaining(&playbook, &hosts);
    let tasks = &stays.rounds[0].tasks;
    assert_eq!((&tasks[0].failed, &tasks[0].left), (&vec![names[0].to_owned()], &vec![names[1].to_owned()]));
    assert_eq!((&tasks[1].blocked, &tasks[1].left), (&vec![names[0].to_owned()], &vec![names[1].to_owned()]));
    let again = CarryOptions { failed: true, ..CarryOptions::default() };
    let again = Carried::of(&[run()], &playbook, &hosts, again).remaining(&playbook, &hosts);
    assert_eq!((again.left, again.steps), (4, 4));
}

#[test]
fn what_nobody_knows_is_settled_once() {
    let hosts = inventory(2);
    let names: Vec<&str> = hosts.hosts.iter().map(|host| host.name.as_str()).collect();
    let run = past(header(&["one", "two"], &names), vec![sent(0, 0), sent(1, 0), RunEvent::StepBegan { step: step(0, 0), attempt: 1 }]);
    let mut playbook = today(&["one", "two"]);
    playbook.rounds[0].tasks[1].read_only = true;
    let mut carried = Carried::of(&[run], &playbook, &hosts, CarryOptions::default());
    let unknown = carried.unknown(&playbook);
    let told: Vec<_> = unknown.iter().map(|unknown| (unknown.step, unknown.began, unknown.again)).collect();
    assert_eq!(told, [(step(0, 0), true, false), (step(1, 0), false, true)]);
    for (unknown, end) in unknown.iter().zip([SettledEnd::Exited(0), SettledEnd::Again]) {
        let settled = Settled { run: "before".to_owned(), step: unknown.from.step, attempt: 1, end, by: "journal".to_owned() };
        carried.settle((unknown.step, unknown.from), &settled, &playbook);
    }
    assert_eq!(carried.unknown(&playbook), []);
    let end = carried.turn(step(0, 0), 0).unwrap().end.as_ref().unwrap();
    assert_eq!((end.outcome.status, end.outcome.rc, end.settled), (Status::Changed, Some(0), true));
    assert!(carried.turn(step(1, 0), 0).unwrap().end.is_none() && carried.maybe_changed.is_empty(), "what only reads changed nothing");
    assert_eq!(carried.resumes.settled.len(), 2, "the record keeps what was found out");
}

#[test]
fn what_is_done_again_may_have_changed_something_unless_it_only_reads() {
    let hosts = inventory(1);
    let mut playbook = today(&["one", "two"]);
    playbook.rounds[0].tasks[1].read_only = true;
    let run = past(header(&["one", "two"], &[hosts.hosts[0].name.as_str()]), vec![sent(0, 0), sent(1, 0)]);
    let mut carried = Carried::of(&[run], &playbook, &hosts, CarryOptions::default());
    for unknown in carried.unknown(&playbook) {
        let again =
            Settled { run: "before".to_owned(), step: unknown.from.step, attempt: 1, end: SettledEnd::Again, by: "--assume".to_owned() };
        carried.settle((unknown.step, unknown.from), &again, &playbook);
    }
    assert_eq!(carried.maybe_changed.iter().copied().collect::<Vec<_>>(), [step(0, 0)]);
}

#[test]
fn an_execution_that_was_cut_short_and_done_again_is_not_open() {
    let hosts = inventory(1);
    let cut =
        RunEvent::AttemptEnded { step: step(0, 0), attempt: 1, item: None, outcome: Outcome::new(Status::Unknown), retry_ms: Some(0) };
    let name = hosts.hosts[0].name.clone();
    let run = |events| past(header(&["one"], &[&name]), events);
    let playbook = today(&["one"]);
    let again = Carried::of(&[run(vec![sent(0, 0), cut])], &playbook, &hosts, CarryOptions::default());
    assert_eq!(again.unknown(&playbook), []);
    let unknown = Carried::of(&[run(vec![sent(0, 0), ended(0, 0, Status::Unknown)])], &playbook, &hosts, CarryOptions::default());
    assert_eq!(unknown.unknown(&playbook).len(), 1);
}

#[test]
fn outcomes_of_what_was_settled() {
    let mut maker = Maker::new("one");
    let mut task = maker.run("one", "true");
    let end = |task: &crate::model::Task, end| {
        let settled = Settled { run: "before".to_owned(), step: step(0, 0), attempt: 1, end, by: "user".to_owned() };
        unknown::outcome(task, &settled).map(|outcome| (outcome.status, outcome.allowed))
    };
    assert_eq!(end(&task, SettledEnd::Done), Some((Status::Changed, false)));
    assert_eq!(end(&task, SettledEnd::Exited(7)), Some((Status::Failed, false)));
    assert_eq!(end(&task, SettledEnd::Guarded), Some((Status::Skipped, false)));
    assert_eq!((end(&task, SettledEnd::Again), end(&task, SettledEnd::NotBegun)), (None, None));
    task.allow_failure = true;
    assert_eq!(end(&task, SettledEnd::Exited(7)), Some((Status::Failed, true)));
    task.read_only = true;
    assert_eq!(end(&task, SettledEnd::Exited(0)), Some((Status::Ok, false)));
}
