//! The ready queue: made of a plan, every step of every round started and finished until none is left.

use std::collections::VecDeque;

use roundsman::plan::{Plan, Queue};

use super::plan::loaded;
use super::{Axis, Prepared, Work, steps};
use crate::big::Big;

pub(super) const QUEUE: Work = Work { name: "queue", grows_with: &[Axis::Hosts, Axis::Tasks, Axis::Round], amount: steps, prepare };

fn prepare(big: &Big) -> Prepared {
    let (_, ready) = loaded(big);
    let (plan, wanted) = (ready.plan, big.size.steps());
    Prepared::of(move || assert_eq!(drained(&plan), wanted))
}

/// Gives how many steps ended.
fn drained(plan: &Plan) -> u64 {
    let mut queue = Queue::new(plan);
    let mut rounds = VecDeque::from(queue.first_rounds());
    let mut ended = 0;
    while let Some(round) = rounds.pop_front() {
        let mut ready = VecDeque::from(queue.start_round(round, plan.hosts(round)).ready);
        while let Some(step) = ready.pop_front() {
            ready.extend(queue.finish(step, true).ready);
            ended += 1;
        }
        rounds.extend(queue.finish_round(round));
    }
    ended
}
