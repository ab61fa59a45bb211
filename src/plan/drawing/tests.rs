//! What becomes of views by hand that playbooks make seldom.

use super::*;
use crate::diag::Location;
use crate::plan::view::{Counts, FORMAT};

fn round(id: &str, waits: Vec<WaitView>) -> RoundView {
    RoundView {
        left_out: Vec::new(),
        changes: None,
        id: id.to_owned(),
        name: id.to_owned(),
        place: Location { file: "play.yml".to_owned(), line: 1, column: 1 },
        hosts: Vec::new(),
        waits,
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
    }
}

fn wait(round: usize, why: &'static str) -> WaitView {
    WaitView { on: "a".to_owned(), why, place: None, at: Waited::Round(round) }
}

#[test]
fn reasons_for_one_wait_stand_on_one_arrow() {
    let rounds = vec![round("a", Vec::new()), round("a", vec![wait(0, "needs"), wait(0, "data"), wait(0, "data"), wait(7, "data")])];
    let view = PlanView {
        format: FORMAT,
        playbook_id: "p".to_owned(),
        playbook: "p".to_owned(),
        lock_hosts: false,
        rounds,
        counts: Counts::default(),
        expected: None,
        probed: None,
    };
    let drawing = drawing(&view);
    let arrows: Vec<_> = drawing.arrows.iter().map(|arrow| (arrow.from.as_str(), arrow.to.as_str(), arrow.why.clone())).collect();
    assert_eq!(arrows, [("r0", "r1", vec!["needs", "data"])], "an arrow from nowhere is not drawn");
}

#[test]
fn a_round_without_tasks_has_something_to_stand_for_it() {
    let view = PlanView {
        expected: None,
        probed: None,
        format: FORMAT,
        playbook_id: "p".to_owned(),
        playbook: "p".to_owned(),
        lock_hosts: false,
        rounds: vec![round("a", vec![])],
        counts: Counts::default(),
    };
    assert_eq!(drawing(&view).rounds[0].first(), "r0_none");
}
