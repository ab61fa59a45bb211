//! What is to happen at a time: retries, pauses, the end of patience.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::model::{BlockIx, HostIx, RoundIx, StepId};

/// What a timer wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// A unit of a step is tried again.
    Unit(StepId, usize),
    /// A block is tried again.
    Block(RoundIx, BlockIx, HostIx),
    /// A round's next batch begins.
    Batch(RoundIx),
    /// The `max_wait` of a round or its batch is over; which of its batches.
    Overdue(RoundIx, u32),
    /// A `pause` is over; its unit.
    Pause(StepId, Option<usize>),
}

/// The timers of a run, soonest first.
#[derive(Debug, Default)]
pub(super) struct Timers {
    list: BTreeMap<(Instant, u64), Wake>,
    next: u64,
}

impl Timers {
    pub(super) fn add(&mut self, at: Instant, wake: Wake) {
        self.list.insert((at, self.next), wake);
        self.next += 1;
    }

    /// When the first is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.list.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes what is due by now.
    pub(super) fn take(&mut self, now: Instant) -> Vec<Wake> {
        let later = self.list.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.list, later).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_due_comes_in_order_and_once() {
        let (now, mut timers) = (Instant::now(), Timers::default());
        let round = RoundIx::new;
        timers.add(now + Duration::from_secs(2), Wake::Batch(round(2)));
        timers.add(now, Wake::Batch(round(0)));
        timers.add(now, Wake::Batch(round(1)));
        assert_eq!(timers.due(), Some(now));
        assert_eq!(timers.take(now), [Wake::Batch(round(0)), Wake::Batch(round(1))]);
        assert_eq!(timers.take(now), []);
        assert_eq!(timers.take(now + Duration::from_secs(3)), [Wake::Batch(round(2))]);
        assert_eq!(timers.due(), None);
    }
}
