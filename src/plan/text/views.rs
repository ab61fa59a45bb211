//! Views made by hand, for tests of what is made of them.

use super::flow;
use crate::diag::Location;
use crate::plan::view::{Counts, FORMAT, HomeView, PlanView, RepeatView, RoundView, StepsView, TaskView, WaitView, What};

pub(in crate::plan) fn place() -> Location {
    Location { file: "play.yml".to_owned(), line: 1, column: 1 }
}

pub(in crate::plan) fn wait(on: &str, why: &'static str) -> WaitView {
    WaitView { on: on.to_owned(), why, place: None, at: crate::plan::view::Waited::Task(0) }
}

pub(in crate::plan) fn task(name: &str, waits: Vec<WaitView>, read_only: bool, steps: Vec<StepsView>) -> TaskView {
    TaskView {
        forecasts: Vec::new(),
        id: Some(name.to_owned()),
        name: name.to_owned(),
        verb: "run",
        place: place(),
        waits,
        read_only,
        allow_failure: false,
        once: false,
        timeout_ms: flow::USUAL_TIMEOUT_MS,
        when: Vec::new(),
        home: HomeView::default(),
        repeat: RepeatView::default(),
        notify: Vec::new(),
        lock: None,
        throttle: None,
        sensitive: false,
        durable: false,
        tags: Vec::new(),
        left_out: None,
        shell: None,
        changed: None,
        failed: None,
        steps,
    }
}

pub(in crate::plan) fn steps(hosts: &[&str], command: &str) -> StepsView {
    let what = What { command: command.to_owned(), ..What::default() };
    StepsView { hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), what }
}

pub(in crate::plan) fn bare() -> RoundView {
    RoundView {
        left_out: Vec::new(),
        id: String::new(),
        name: String::new(),
        place: place(),
        hosts: Vec::new(),
        waits: Vec::new(),
        after: "some",
        when: None,
        batches: Vec::new(),
        pause_ms: None,
        max_failures: None,
        max_wait_ms: None,
        skip_unreachable: false,
        confirm: None,
        chosen_by: Vec::new(),
        tasks: Vec::new(),
        blocks: Vec::new(),
        changes: None,
    }
}

pub(in crate::plan) fn plan(rounds: Vec<RoundView>) -> PlanView {
    let (playbook_id, playbook) = ("p".to_owned(), "P".to_owned());
    PlanView { format: FORMAT, playbook_id, playbook, lock_hosts: false, rounds, counts: Counts::default(), expected: None, probed: None }
}
