//! What keeps steps apart: `throttle` over hosts, `lock` on one.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexSet;

use super::dispatcher::Dispatcher;
use crate::model::{HostIx, RoundIx, StepId, Task, TaskIx};

/// Who holds what, and who waits.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// By task: the steps at work.
    throttles: BTreeMap<(RoundIx, TaskIx), BTreeSet<StepId>>,
    /// By host and name: the step that has it.
    locks: BTreeMap<(HostIx, String), StepId>,
    /// Who waits for any of it.
    parked: IndexSet<StepId>,
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

    /// Lets go whatever a step holds; says whether that was anything.
    fn release(&mut self, step: StepId) -> bool {
        self.parked.shift_remove(&step);
        let key = (step.round, step.task);
        let throttled = self.throttles.get_mut(&key).is_some_and(|at_work| at_work.remove(&step));
        let locks = self.locks.len();
        self.locks.retain(|_, holder| *holder != step);
        throttled || self.locks.len() < locks
    }
}

impl Dispatcher {
    /// Says whether a step may begin under its `throttle`; one that may not is looked at again when another ends.
    pub(super) fn may_begin(&mut self, step: StepId, task: &Task) -> bool {
        let free = task.flow.throttle.is_none_or(|most| self.held.throttle(step, most));
        if !free {
            self.held.parked.insert(step);
        }
        free
    }

    /// Says whether a step may run on some hosts under its `lock`.
    pub(super) fn may_run(&mut self, step: StepId, task: &Task, on: &[HostIx]) -> bool {
        let free = task.flow.lock.as_ref().is_none_or(|name| self.held.lock(step, on, name));
        if !free {
            // What it holds of its throttle is for those who can go on.
            self.let_go(step);
            self.held.parked.insert(step);
        }
        free
    }

    /// A step holds nothing any more.
    pub(super) fn let_go(&mut self, step: StepId) {
        if self.held.release(step) {
            let parked: Vec<StepId> = self.held.parked.iter().copied().collect();
            self.dirty.extend(parked.into_iter().map(|step| (step.round, step.host)));
        }
    }
}
