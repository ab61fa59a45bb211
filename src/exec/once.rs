//! `once`: one host of the round does a task for all.

use std::sync::Arc;

use super::dispatcher::Dispatcher;
use crate::event::{Outcome, Status};
use crate::model::{HostIx, StepId};
use crate::plan::StepResult;

impl Dispatcher {
    /// Gives what a `once` task did on its one host to all others.
    pub(super) fn once_for_all(&mut self, step: StepId, outcome: &Outcome, result: &Arc<StepResult>) {
        if !self.fixed.playbook.task(step.round, step.task).once || self.rounds[step.round.index()].once.get(&step.task) != Some(&step.host)
        {
            return;
        }
        if outcome.blocked || outcome.status == Status::Unreachable {
            return self.once_moves_on(step);
        }
        let runner = self.fixed.inventory.host(step.host).name.clone();
        for host in self.rounds[step.round.index()].hosts.clone() {
            let other = StepId { host, ..step };
            if host == step.host || self.queue.is_over(other) || self.phases.contains_key(&other) {
                continue;
            }
            let mut told = match outcome.status {
                Status::Cancelled => Outcome::without_run(Status::Cancelled, self.why_given_up()),
                _ if outcome.lets_dependents_run() => Outcome::without_run(Status::Skipped, format!("once: it ran on {runner}")),
                _ => Outcome::without_run(Status::Skipped, format!("once: it failed on {runner}")),
            };
            told.blocked = told.status == Status::Skipped && !outcome.lets_dependents_run();
            self.judged(other, 0, told, Some(Arc::clone(result)));
        }
    }

    /// Chooses the next host for a `once` task that its host can't run.
    pub(super) fn once_moves_on(&mut self, step: StepId) {
        let task = self.fixed.playbook.task(step.round, step.task);
        if !task.once {
            return;
        }
        let round = &mut self.rounds[step.round.index()];
        round.once.remove(&step.task);
        for host in round.hosts.clone() {
            self.dirty.insert((step.round, host));
        }
    }

    /// The host that runs a `once` task: the first that still can.
    pub(super) fn once_runner(&mut self, step: StepId) -> Option<HostIx> {
        if let Some(host) = self.rounds[step.round.index()].once.get(&step.task) {
            return Some(*host);
        }
        let hosts = &self.rounds[step.round.index()].hosts;
        let can = |host: &&HostIx| {
            !self.queue.is_over(StepId { host: **host, ..step }) && !self.is_gone(step.round, **host) && self.is_let_in(step.round, **host)
        };
        let runner = hosts.iter().find(can).copied()?;
        self.rounds[step.round.index()].once.insert(step.task, runner);
        Some(runner)
    }
}
