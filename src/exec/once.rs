//! `once`: one host of the round does a task for all.
//!
//! In a block with items it does so once for each of them: what was done is kept by the items that the blocks around the
//! task were at, for the hosts that come there later.

use std::sync::Arc;

use super::dispatcher::Dispatcher;
use super::state::DoneOnce;
use crate::event::{Outcome, Status};
use crate::model::{BlockIx, Gate, HostIx, Part, Section, StepId, TaskIx};
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
        let items = self.items_at(step);
        let done = DoneOnce { on: step.host, outcome: outcome.clone(), result: Arc::clone(result) };
        self.rounds[step.round.index()].done_once.insert((step.task, items.clone()), done.clone());
        for host in self.rounds[step.round.index()].hosts.clone() {
            let other = StepId { host, ..step };
            if host == step.host || self.queue.is_over(other) || self.phases.contains_key(&other) || self.items_at(other) != items {
                continue;
            }
            self.done_for(other, &done);
        }
    }

    /// Ends a host's `once` step with what another did.
    fn done_for(&mut self, other: StepId, done: &DoneOnce) {
        let DoneOnce { on, outcome, result } = done;
        let runner = &self.fixed.inventory.host(*on).name;
        let mut told = match outcome.status {
            Status::Cancelled => Outcome::without_run(Status::Cancelled, self.why_stopped(other)),
            _ if outcome.lets_dependents_run() && self.is_dry() => Outcome::without_run(Status::Skipped, format!("once: on {runner}")),
            _ if outcome.lets_dependents_run() => Outcome::without_run(Status::Skipped, format!("once: it ran on {runner}")),
            _ => Outcome::without_run(Status::Skipped, format!("once: it failed on {runner}")),
        };
        self.foresee_other(StepId { host: *on, ..other }, other);
        told.blocked = told.status == Status::Skipped && !outcome.lets_dependents_run();
        self.judged(other, 0, told, Some(Arc::clone(result)));
    }

    /// Lets another host be chosen for a `once` task that its host can't run.
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

    /// A node is over without having run: if it was a `once` task that others wait for, they need not any more.
    pub(super) fn once_passed_by(&mut self, node: StepId) {
        if self.rounds[node.round.index()].once.get(&node.task) == Some(&node.host) {
            self.once_moves_on(node);
        }
    }

    /// Says whether it is for this host to do a `once` task. What another has done is taken over here.
    pub(super) fn is_once_turn(&mut self, step: StepId) -> bool {
        let key = (step.task, self.items_at(step));
        let mut runner = self.rounds[step.round.index()].once.get(&step.task).copied();
        if runner != Some(step.host)
            && let Some(done) = self.rounds[step.round.index()].done_once.get(&key).cloned()
        {
            self.done_for(step, &done);
            return false;
        }
        if runner.is_none() {
            runner = match self.ran_once_on(step) {
                Some(host) if host != step.host => return self.is_over_elsewhere(step, host, key),
                ran => ran.or_else(|| self.once_runner(step)),
            };
            if let Some(host) = runner {
                self.rounds[step.round.index()].once.insert(step.task, host);
            }
        }
        runner == Some(step.host)
    }

    /// What another host did, or began to do, in the run before is not done here.
    fn is_over_elsewhere(&mut self, step: StepId, on: HostIx, key: (TaskIx, Vec<usize>)) -> bool {
        if let Some((outcome, result)) = self.end_before(StepId { host: on, ..step }) {
            let done = DoneOnce { on, outcome, result };
            self.rounds[step.round.index()].done_once.insert(key, done.clone());
            self.done_for(step, &done);
        } else if self.can_run_once(StepId { host: on, ..step }) {
            self.rounds[step.round.index()].once.insert(step.task, on);
        } else {
            let name = &self.fixed.inventory.host(on).name;
            let reason = format!("once: in the run before it was begun on {name}, where it can't go on now");
            self.judged(step, 0, Outcome::without_run(Status::Failed, reason), None);
        }
        false
    }

    /// Says whether a step can still be run on its host, and need not wait for that host's turn.
    fn can_run_once(&self, step: StepId) -> bool {
        let round = self.fixed.playbook.round(step.round);
        let home = round.tasks[step.task.index()].flow.home;
        let outermost = round.around(home).last().map(|(block, _)| round.node(Gate::Exit(block)));
        let last = outermost.unwrap_or(step.task);
        !self.queue.is_over(StepId { task: last, ..step })
            && !self.is_gone(step.round, step.host)
            && self.rounds[step.round.index()].admitted.contains(&step.host)
    }

    /// The host that is to run a `once` task: the first that still can. Of what only some hosts need, a handler or a
    /// `rescue`, the first that does.
    fn once_runner(&self, step: StepId) -> Option<HostIx> {
        let round = self.fixed.playbook.round(step.round);
        let home = round.tasks[step.task.index()].flow.home;
        if home.section == Section::Handlers || round.around(home).any(|(_, part)| part == Part::Rescue) {
            return self.queue.is_released(step).then_some(step.host);
        }
        // One that waits for its turn must not be waited for by those whose turn it is. What a lost host still does
        // elsewhere it does itself.
        let hosts = &self.rounds[step.round.index()].hosts;
        hosts.iter().copied().find(|host| self.can_run_once(StepId { host: *host, ..step })).or(Some(step.host))
    }

    /// The items that the blocks around a step are at on its host, or will be at first.
    fn items_at(&self, step: StepId) -> Vec<usize> {
        let round = self.fixed.playbook.round(step.round);
        let at = |block: BlockIx| self.blocks.get(&(step.round, block, step.host)).map_or(0, |run| run.at);
        let blocks = round.around(round.tasks[step.task.index()].flow.home);
        blocks.filter(|(block, _)| round.blocks[block.index()].each.is_some()).map(|(block, _)| at(block)).collect()
    }
}
