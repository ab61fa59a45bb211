//! Handlers: notified by what changed, run once a host in the order written; and `finally` behind them.

use super::advance::UnitId;
use super::dispatcher::Dispatcher;
use super::state::{HandlerRun, Phase};
use crate::event::{Outcome, RunEvent, Status};
use crate::model::{Gate, HostIx, RoundIx, Section, StepId, TaskIx};

impl Dispatcher {
    /// A step changed something: the handlers that it names are pending on its host.
    pub(super) fn notify(&mut self, step: StepId) {
        let playbook = std::sync::Arc::clone(&self.fixed.playbook);
        let round = playbook.round(step.round);
        for notify in &round.tasks[step.task.index()].flow.notify {
            let Some(at) = round.handlers.iter().position(|handler| *handler == notify.handler) else { continue };
            if self.notified.entry((step.round, step.host)).or_default().insert(at) {
                let (round, host) = (step.round, step.host);
                if self.is_dry() {
                    // Nothing is owed to anybody.
                    continue;
                }
                self.recorder.emit(RunEvent::Notified { round, host, handler: notify.handler, by: step.task, run: None });
            }
        }
    }

    /// The round's tasks are over on a host.
    pub(super) fn handlers(&mut self, node: StepId) {
        let key = (node.round, node.host);
        self.phases.insert(node, Phase::Busy);
        let at_work = self.handler_runs.contains_key(&key);
        self.handler_runs.entry(key).or_default().gate = true;
        if !at_work {
            self.next_handler(node.round, node.host);
        }
    }

    /// Runs what is pending on a host before the round's tasks go on.
    pub(super) fn flush(&mut self, of: UnitId) {
        let (step, unit) = of;
        if unit.is_none() {
            self.phases.insert(step, Phase::Busy);
        }
        let key = (step.round, step.host);
        let at_work = self.handler_runs.contains_key(&key);
        self.handler_runs.entry(key).or_default().flushes.push(of);
        if !at_work {
            self.next_handler(step.round, step.host);
        }
    }

    /// Says whether a step is a `flush` whose handlers are at work.
    pub(super) fn is_flushing(&self, step: StepId) -> bool {
        let run = self.handler_runs.get(&(step.round, step.host));
        run.is_some_and(|run| run.flushes.iter().any(|(flush, _)| *flush == step))
    }

    /// Says whether a step is the handler whose turn it is on its host.
    pub(super) fn is_current_handler(&self, step: StepId) -> bool {
        self.handler_runs.get(&(step.round, step.host)).is_some_and(|run| run.current == Some(step.task))
    }

    /// A step is over; if it was a handler, the next one is due.
    pub(super) fn handler_over(&mut self, step: StepId) {
        let key = (step.round, step.host);
        if let Some(run) = self.handler_runs.get_mut(&key).filter(|run| run.current == Some(step.task)) {
            run.current = None;
            self.forget_notices(step);
            self.next_handler(step.round, step.host);
        }
    }

    pub(super) fn next_handler(&mut self, round: RoundIx, host: HostIx) {
        let key = (round, host);
        let handlers = &self.fixed.playbook.round(round).handlers;
        // What is given up stays pending: the record says so.
        let going = !self.is_gone(round, host) && !self.stopping_on(round, host);
        let next = self.notified.get_mut(&key).filter(|_| going).and_then(std::collections::BTreeSet::pop_first);
        let Some(task) = next.and_then(|at| handlers.get(at).copied()) else { return self.handlers_over(round, host) };
        let step = StepId { round, task, host };
        if self.queue.is_over(step) {
            // It ran at a `flush` and was notified since.
            drop(self.queue.reset(round, host, &[task]));
        }
        self.phases.remove(&step);
        self.queue.release(step);
        if let Some(run) = self.handler_runs.get_mut(&key) {
            run.current = Some(task);
        }
        self.dirty.insert(key);
    }

    fn handlers_over(&mut self, round: RoundIx, host: HostIx) {
        let Some(HandlerRun { flushes, gate, .. }) = self.handler_runs.remove(&(round, host)) else { return };
        self.dirty.insert((round, host));
        for (step, unit) in flushes {
            // It may have been ended meanwhile: its host was lost, the run given up.
            if self.queue.is_over(step) || self.phases.get(&step) != Some(&Phase::Busy) {
                continue;
            }
            self.control_over((step, unit), Outcome::new(Status::Ok));
        }
        if gate {
            let plan = self.fixed.playbook.round(round);
            let (node, handlers) = (plan.node(Gate::Handlers), plan.handlers.clone());
            let node = StepId { round, task: node, host };
            self.drop_part(node, &handlers);
            self.open(node);
        }
    }

    /// The round's tasks and handlers are over on a host.
    pub(super) fn finally(&mut self, node: StepId) {
        let begun = self.begun.contains(&(node.round, node.host)) || self.may_begin_there(node.round, node.host);
        if !begun || self.is_given_up() {
            let plan = self.fixed.playbook.round(node.round);
            let inside = |other: &TaskIx| plan.home(*other).section == Section::Finally && *other != node.task;
            let nodes: Vec<TaskIx> = (0..plan.node_count()).map(TaskIx::new).filter(inside).collect();
            self.drop_part(node, &nodes);
        }
        self.open(node);
    }
}
