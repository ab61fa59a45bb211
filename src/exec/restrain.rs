//! What keeps steps apart: `throttle` over hosts, `lock` on one.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::dispatcher::Dispatcher;
use crate::model::{HostIx, RoundIx, StepId, Task, TaskIx};

/// Who holds what, and who waits.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// By task: the steps at work.
    throttles: BTreeMap<(RoundIx, TaskIx), BTreeSet<StepId>>,
    /// By host and name: the step that has it.
    locks: BTreeMap<(HostIx, String), StepId>,
    /// Who waits, and for which of them.
    parked: IndexMap<StepId, Wanted>,
}

/// What a step waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Throttle,
    Lock,
}

impl Held {
    /// Takes a place under a task's `throttle`; false where there is none now.
    fn throttle(&mut self, step: StepId, most: usize) -> bool {
        let at_work = self.throttles.entry((step.round, step.task)).or_default();
        at_work.contains(&step) || (at_work.len() < most && at_work.insert(step))
    }

    /// Takes a lock on every one of some hosts, or on none.
    fn lock(&mut self, step: StepId, hosts: &[HostIx], name: &str) -> bool {
        let key = |host: &HostIx| (*host, name.to_owned());
        if hosts.iter().any(|host| self.locks.get(&key(host)).is_some_and(|holder| *holder != step)) {
            return false;
        }
        self.locks.extend(hosts.iter().map(|host| (key(host), step)));
        true
    }

    /// Lets go of a step's place under its task's `throttle`; gives who waits for it.
    fn release_throttle(&mut self, step: StepId) -> Vec<StepId> {
        let key = (step.round, step.task);
        let released = self.throttles.get_mut(&key).is_some_and(|at_work| at_work.remove(&step));
        if released { self.parked_for(|other, wanted| wanted == Wanted::Throttle && (other.round, other.task) == key) } else { Vec::new() }
    }

    /// Lets go of a step's locks; gives who waits for any.
    fn release_locks(&mut self, step: StepId) -> Vec<StepId> {
        let locks = self.locks.len();
        self.locks.retain(|_, holder| *holder != step);
        if self.locks.len() < locks { self.parked_for(|_, wanted| wanted == Wanted::Lock) } else { Vec::new() }
    }

    fn parked_for(&self, wanted: impl Fn(StepId, Wanted) -> bool) -> Vec<StepId> {
        self.parked.iter().filter(|(step, what)| wanted(**step, **what)).map(|(step, _)| *step).collect()
    }
}

impl Dispatcher {
    /// Says whether a step may begin under its `throttle`; one that may not is looked at again when another ends.
    pub(super) fn may_begin(&mut self, step: StepId, task: &Task) -> bool {
        let free = task.flow.throttle.is_none_or(|most| self.held.throttle(step, most));
        if !free {
            self.held.parked.insert(step, Wanted::Throttle);
        }
        free
    }

    /// Says whether a step may run on some hosts under its `lock`.
    pub(super) fn may_run(&mut self, step: StepId, task: &Task, on: &[HostIx]) -> bool {
        let free = task.flow.lock.as_ref().is_none_or(|name| self.held.lock(step, on, name));
        if !free {
            let at_work = self.repeats.get(&step).is_some_and(|repeat| !repeat.jobs.is_empty());
            if !at_work {
                // What it holds of its throttle is for those who can go on.
                self.let_go(step);
            }
            self.held.parked.insert(step, Wanted::Lock);
        }
        free
    }

    /// A step holds nothing any more.
    pub(super) fn let_go(&mut self, step: StepId) {
        self.held.parked.shift_remove(&step);
        let mut next = self.held.release_throttle(step);
        next.extend(self.held.release_locks(step));
        self.dirty.extend(next.into_iter().map(|step| (step.round, step.host)));
    }

    /// None of a step's items is at work now: its locks are free until the next begins, so that two steps never wait for
    /// each other's.
    pub(super) fn let_go_of_locks(&mut self, step: StepId) {
        let next = self.held.release_locks(step);
        self.dirty.extend(next.into_iter().map(|step| (step.round, step.host)));
    }
}
