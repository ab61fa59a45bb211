//! Orders of tasks, groups, blocks and sections.

use super::*;
use crate::model::{RoundIx, RoundNeed};
use crate::playbook::resolve::order::Order;

fn order(items: &str) -> (Order, Round) {
    let text = format!("rounds: [ {{ hosts: localhost, {items} }} ]");
    let round = crate::playbook::tests::good(&text).playbook.rounds.remove(0);
    (Order::of_round(&round), round)
}

fn waits(order: &Order, round: &Round, entry: &str, other: &str) -> bool {
    let at = |id: &str| round.tasks.iter().position(|task| task.id.as_deref() == Some(id)).unwrap();
    order.waits(at(entry), at(other))
}

#[test]
fn no_needs_waits_for_all_above() {
    let (order, round) = order("tasks: [ { id: a, run: id }, { id: b, needs: [], run: id }, { id: c, run: id } ]");
    let waits = |entry, other| waits(&order, &round, entry, other);
    assert!(waits("c", "a") && waits("c", "b") && !waits("b", "a"));
}

#[test]
fn references_downwards_and_chains() {
    let (order, round) = order("tasks: [ { id: a, needs: [c], run: id }, { id: b, needs: [a], run: id }, { id: c, needs: [], run: id } ]");
    let waits = |entry, other| waits(&order, &round, entry, other);
    assert!(waits("b", "c") && waits("a", "c") && !waits("c", "a"));
}

#[test]
fn members_of_a_group_start_together() {
    let (order, round) =
        order("tasks: [ { id: a, run: id }, { parallel: [ { id: b, run: id }, { id: c, run: id } ] }, { id: d, run: id } ]");
    let waits = |entry, other| waits(&order, &round, entry, other);
    assert!(waits("b", "a") && waits("c", "a") && !waits("c", "b"));
    assert!(waits("d", "b") && waits("d", "c"));
}

#[test]
fn parts_of_a_block_follow_each_other() {
    let (order, round) = order(
        "tasks: [ { block: [ { id: a, run: id } ], rescue: [ { id: b, run: id } ], always: [ { id: c, run: id } ] }, \
         { id: d, needs: [a], run: id } ]",
    );
    let waits = |entry, other| waits(&order, &round, entry, other);
    assert!(waits("b", "a") && waits("c", "b") && waits("c", "a"));
    // Who needs a task of a block waits for all of it.
    assert!(waits("d", "c") && !waits("a", "d"));
}

#[test]
fn handlers_follow_tasks_and_finally_follows_handlers() {
    let (order, round) = order(
        "tasks: [ { id: a, run: id, notify: [h, i] } ], handlers: [ { id: h, run: id }, { id: i, run: id } ], \
         finally: [ { id: f, run: id }, { id: g, needs: [], run: id } ]",
    );
    let waits = |entry, other| waits(&order, &round, entry, other);
    assert!(waits("h", "a") && waits("i", "h") && waits("f", "h") && waits("g", "a") && !waits("g", "f") && !waits("a", "h"));
}

#[test]
fn cycles_end() {
    let (order, round) = order("tasks: [ { id: a, needs: [b], run: id }, { id: b, needs: [a], run: id } ]");
    assert!(waits(&order, &round, "a", "a"));
}

#[test]
fn rounds_wait_for_what_others_wait_for() {
    let (_, round) = order("tasks: [ { id: a, run: id } ]");
    let mut rounds = vec![round; 5];
    let need = |round| RoundNeed { round: RoundIx(round), span: rounds[0].span };
    let (first, last) = (need(0), need(4));
    rounds[1].needs.add(first);
    rounds[2].needs.add(last);
    rounds[3].needs.above = 3;
    let rounds = Order::of_rounds(&rounds);
    let waits = |round| (0..5).filter(|other| rounds.waits(round, *other)).collect::<Vec<_>>();
    assert_eq!([0, 1, 2, 3, 4, 9].map(waits), [vec![], vec![0], vec![4], vec![0, 1, 2, 4], vec![], vec![]]);
}
