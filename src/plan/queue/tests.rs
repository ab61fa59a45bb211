//! The queue against a naive model: any graph, any order of ends.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::model::{Item, Need, Needs, RoundNeed};
use crate::plan::testing::{Maker, playbook};

/// A round of `needs.len()` tasks, each with the given needs, or none for "all above".
fn plan(needs: &[Option<Vec<u32>>], hosts: &[u32]) -> Plan {
    let mut maker = Maker::new("");
    let tasks = (0..needs.len()).map(|task| maker.run(&format!("t{task}"), "true")).collect();
    let mut round = maker.round("r", hosts, tasks);
    let span = maker.span("", 0);
    round.items = needs
        .iter()
        .enumerate()
        .map(|(task, needs)| {
            let needs = match needs {
                None => Needs::Above,
                Some(list) => Needs::These(list.iter().map(|need| Need { tasks: vec![TaskIx(*need)], span }).collect()),
            };
            Item::Task(TaskIx::new(task), needs)
        })
        .collect();
    let mut diagnostics = crate::diag::Diagnostics::default();
    let plan = crate::plan::build(&playbook(vec![round]), &mut diagnostics);
    plan.unwrap_or_else(|| panic!("{}", diagnostics.to_text(&maker.map)))
}

/// What the words say, without a graph: everything above, or just those named.
fn naive(needs: &[Option<Vec<u32>>]) -> Vec<BTreeSet<u32>> {
    needs
        .iter()
        .enumerate()
        .map(|(task, needs)| match needs {
            None => (0..u32::try_from(task).unwrap()).collect(),
            Some(list) => list.iter().copied().collect(),
        })
        .collect()
}

fn step(task: u32, host: u32) -> StepId {
    StepId { round: RoundIx(0), task: TaskIx(task), host: HostIx(host) }
}

/// Any tasks with needs only upwards, so that there is no circle.
fn any_needs() -> impl Strategy<Value = Vec<Option<Vec<u32>>>> {
    prop::collection::vec(prop::option::of(prop::collection::vec(any::<u32>(), 0..4)), 1..12).prop_map(|list| {
        list.into_iter()
            .enumerate()
            .map(|(task, needs)| {
                let task = u32::try_from(task).unwrap();
                needs.map(|needs| if task == 0 { Vec::new() } else { needs.into_iter().map(|need| need % task).collect() })
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn every_step_once_and_never_early(needs in any_needs(), picks in prop::collection::vec((any::<usize>(), 0..10_u8), 60)) {
        let plan = plan(&needs, &[0, 1, 2]);
        let model = naive(&needs);
        let mut queue = Queue::new(&plan);
        let begun = queue.start_round(RoundIx(0), &[HostIx(0), HostIx(1), HostIx(2)]);
        let mut running = begun.ready;
        let mut released: BTreeSet<StepId> = running.iter().copied().collect();
        let mut good: BTreeSet<StepId> = BTreeSet::new();
        let mut bad: BTreeSet<StepId> = BTreeSet::new();
        let mut picks = picks.into_iter();
        let mut done = false;
        while !running.is_empty() {
            prop_assert!(!done);
            let (pick, luck) = picks.next().unwrap_or((0, 9));
            let ended = running.remove(pick % running.len());
            prop_assert!(queue.is_released(ended));
            let well = luck > 0;
            if well { good.insert(ended); } else { bad.insert(ended); }
            let effects = queue.finish(ended, well);
            prop_assert_eq!(queue.finish(ended, true), Effects::default(), "a second end says nothing");
            for next in &effects.ready {
                prop_assert!(well);
                prop_assert!(released.insert(*next), "released twice");
                prop_assert!(!bad.contains(next));
                for need in &model[next.task.index()] {
                    prop_assert!(good.contains(&step(*need, next.host.0)), "released before its needs");
                }
            }
            for (next, cause) in &effects.blocked {
                prop_assert!(!well);
                prop_assert_eq!(*cause, ended.task);
                prop_assert!(!released.contains(next), "blocked after it was released");
                prop_assert!(bad.insert(*next), "blocked twice");
                prop_assert!(model[next.task.index()].iter().any(|need| bad.contains(&step(*need, next.host.0))));
            }
            running.extend(effects.ready);
            done = effects.round_done;
            // Whatever the words allow now has been released: nothing is held back.
            for host in 0..3 {
                for task in 0..u32::try_from(needs.len()).unwrap() {
                    let free = model[task as usize].iter().all(|need| good.contains(&step(*need, host)));
                    prop_assert_eq!(free, released.contains(&step(task, host)));
                }
            }
        }
        prop_assert!(done && queue.is_round_done(RoundIx(0)));
        prop_assert_eq!(good.len() + bad.len(), needs.len() * 3);
    }

    #[test]
    fn order_respects_needs(needs in any_needs()) {
        let plan = plan(&needs, &[0]);
        let order = plan.tasks_in_order(RoundIx(0));
        let at = |task: u32| order.iter().position(|entry| entry.0 == task).unwrap();
        for (task, needs) in naive(&needs).iter().enumerate() {
            for need in needs {
                prop_assert!(at(*need) < at(u32::try_from(task).unwrap()));
            }
        }
    }
}

#[test]
fn blocked_names_the_root_cause() {
    // 0 <- 1 <- 2, and 3 free.
    let plan = plan(&[None, Some(vec![0]), Some(vec![1]), Some(vec![])], &[0]);
    let mut queue = Queue::new(&plan);
    assert_eq!(queue.start_round(RoundIx(0), &[HostIx(0)]).ready, [step(0, 0), step(3, 0)]);
    let effects = queue.finish(step(0, 0), false);
    assert_eq!(effects.blocked, [(step(1, 0), TaskIx(0)), (step(2, 0), TaskIx(0))]);
    assert!(!effects.round_done);
    assert!(queue.finish(step(3, 0), true).round_done);
}

#[test]
fn unfinished_needs_shrink() {
    let plan = plan(&[Some(vec![]), Some(vec![]), Some(vec![0, 1])], &[0]);
    let mut queue = Queue::new(&plan);
    queue.start_round(RoundIx(0), &[HostIx(0)]);
    assert_eq!(queue.unfinished_needs(step(2, 0)).collect::<Vec<_>>(), [TaskIx(0), TaskIx(1)]);
    queue.finish(step(1, 0), true);
    assert_eq!(queue.unfinished_needs(step(2, 0)).collect::<Vec<_>>(), [TaskIx(0)]);
}

#[test]
fn abandon_ends_all_of_a_host() {
    let plan = plan(&[None, None], &[0, 1]);
    let mut queue = Queue::new(&plan);
    queue.start_round(RoundIx(0), &[HostIx(0), HostIx(1)]);
    let (steps, effects) = queue.abandon(RoundIx(0), HostIx(0));
    assert_eq!(steps, [step(0, 0), step(1, 0)]);
    assert!(!effects.round_done);
    assert_eq!(queue.finish(step(0, 0), true), Effects::default());
    queue.finish(step(0, 1), true);
    assert!(queue.finish(step(1, 1), true).round_done);
    assert_eq!(queue.abandon(RoundIx(0), HostIx(1)), (Vec::new(), Effects::default()));
}

#[test]
fn a_step_finished_early_is_never_released() {
    let plan = plan(&[None, None, None], &[0]);
    let mut queue = Queue::new(&plan);
    queue.start_round(RoundIx(0), &[HostIx(0)]);
    assert_eq!(queue.finish(step(1, 0), true), Effects::default());
    assert!(queue.is_over(step(1, 0)));
    assert_eq!(queue.unfinished_needs(step(2, 0)).collect::<Vec<_>>(), [TaskIx(0)], "what waits for it waits for its needs too");
    let effects = queue.finish(step(0, 0), true);
    assert_eq!(effects.ready, [step(2, 0)]);
}

#[test]
fn what_failed_blocks_beyond_a_step_finished_early() {
    let plan = plan(&[None, None, None], &[0]);
    let mut queue = Queue::new(&plan);
    queue.start_round(RoundIx(0), &[HostIx(0)]);
    queue.finish(step(1, 0), true);
    let effects = queue.finish(step(0, 0), false);
    assert_eq!(effects.blocked, [(step(2, 0), TaskIx(0))]);
    assert!(effects.round_done);
}

#[test]
fn rounds_follow_each_other() {
    let maker = Maker::new("a b c");
    let mut rounds: Vec<_> = ["a", "b", "c"].map(|id| maker.round(id, &[0], Vec::new())).into();
    let span = maker.span("b", 0);
    rounds[2].needs.named = vec![RoundNeed { round: RoundIx(0), span }, RoundNeed { round: RoundIx(1), span }];
    let mut diagnostics = crate::diag::Diagnostics::default();
    let plan = crate::plan::build(&playbook(rounds), &mut diagnostics).unwrap();
    let mut queue = Queue::new(&plan);
    assert_eq!(queue.first_rounds(), [RoundIx(0), RoundIx(1)]);
    assert!(queue.start_round(RoundIx(0), &[HostIx(0)]).round_done, "a round without tasks is done at once");
    assert!(queue.start_round(RoundIx(1), &[]).round_done, "a round without hosts too");
    assert_eq!(queue.finish_round(RoundIx(0)), []);
    assert_eq!(queue.finish_round(RoundIx(0)), []);
    assert_eq!(queue.finish_round(RoundIx(1)), [RoundIx(2)]);
}

mod model;
