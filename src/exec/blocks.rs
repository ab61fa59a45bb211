//! Blocks on hosts: what is known of each while it runs, and what a failure inside means until it is over.

use std::sync::Arc;

use super::dispatcher::Dispatcher;
use super::state::{BlockRun, Phase};
use super::steps::PassEnd;
use super::units::label;
use crate::event::{ItemLabel, Outcome, RunEvent, Status};
use crate::model::{Block, BlockIx, Gate, HostIx, Part, Retry, RoundIx, StepId, TaskIx};
use crate::plan::{ErrorView, StepResult};

/// A block on a host.
pub(super) type BlockId = (RoundIx, BlockIx, HostIx);

impl Dispatcher {
    pub(super) fn block(&self, (round, block, _): BlockId) -> &Block {
        &self.fixed.playbook.round(round).blocks[block.index()]
    }

    pub(super) fn run_of(&mut self, id: BlockId) -> &mut BlockRun {
        self.blocks.entry(id).or_default()
    }

    /// Says whether a step's failure may yet be made good: a block around it has a `rescue`, a try left, or may fail.
    pub(super) fn is_tentative(&self, step: StepId, status: Status) -> bool {
        if !matches!(status, Status::Failed | Status::Skipped) {
            return false;
        }
        let round = self.fixed.playbook.round(step.round);
        round.around(round.home(step.task)).any(|(block, part)| {
            let id = (step.round, block, step.host);
            let plan = self.block(id);
            plan.allow_failure || (part == Part::Body && (plan.rescue || self.try_left(id).is_some()))
        })
    }

    /// How a block is tried again; none where it has no try left.
    pub(super) fn try_left(&self, id: BlockId) -> Option<&Retry> {
        let tries = self.blocks.get(&id).map_or(0, |run| run.tries);
        self.block(id).retry.as_ref().filter(|retry| tries <= retry.retries)
    }

    /// For a step in a block that may run it again: the item that the innermost such block is at.
    pub(super) fn pass(&self, step: StepId) -> Option<Option<ItemLabel>> {
        let round = self.fixed.playbook.round(step.round);
        let place = round.home(step.task);
        round.repeats(place).then(|| round.around(place).find_map(|(block, _)| self.item((step.round, block, step.host))))
    }

    /// The item that a block is at.
    pub(super) fn item(&self, id: BlockId) -> Option<ItemLabel> {
        let run = self.blocks.get(&id)?;
        run.items.as_ref()?.get(run.at).map(|item| label(item, self.recorder.redactor()))
    }

    /// Lets the blocks around a step know what became of it.
    pub(super) fn told_blocks(&mut self, step: StepId, ran: bool, outcome: &Outcome, result: Option<&Arc<StepResult>>) {
        let playbook = Arc::clone(&self.fixed.playbook);
        let round = playbook.round(step.round);
        let place = round.home(step.task);
        if place.block.is_none() {
            return;
        }
        // What was not done is what `rescue` deals with too.
        let failed = !outcome.lets_dependents_run();
        let mut rescued = false;
        for (block, part) in round.around(place) {
            let id = (step.round, block, step.host);
            let run = self.run_of(id);
            run.changed |= outcome.status == Status::Changed;
            run.ran |= ran && part == Part::Body;
            run.lost |= matches!(outcome.status, Status::Cancelled | Status::Unreachable | Status::Unknown);
            if failed && part == Part::Body && !rescued {
                rescued = round.blocks[block.index()].rescue;
                self.failed_in(id, step.task, outcome, result);
            }
        }
    }

    /// Keeps the first failure in a block's body for its `rescue`.
    pub(super) fn failed_in(&mut self, id: BlockId, task: TaskIx, outcome: &Outcome, result: Option<&Arc<StepResult>>) {
        let (round, block, host) = id;
        if self.run_of(id).error.is_some() {
            return;
        }
        let task = match self.fixed.playbook.round(round).tasks.get(task.index()) {
            Some(task) => task.id.clone().unwrap_or_else(|| task.name.clone()),
            None => self.block(id).name.clone(),
        };
        let result = result.cloned().unwrap_or_else(|| Arc::new(StepResult::without_run(outcome.status)));
        let error = Arc::new(ErrorView { task, result, message: outcome.reason.clone().unwrap_or_default() });
        self.run_of(id).error = Some(Arc::clone(&error));
        self.results.set_error((round, block, host), Some(error));
    }

    /// Tells of every task of a block that it does not run, without a word of its own to what waits for it.
    pub(super) fn leave_out(&mut self, id: BlockId, reason: &str, blocked: bool) {
        let (round, block, host) = id;
        let playbook = Arc::clone(&self.fixed.playbook);
        let plan = playbook.round(round);
        let shape = self.shape.block(round, block);
        let tasks: Vec<TaskIx> = shape.body.iter().chain(&shape.always).copied().filter(|node| plan.gate(*node).is_none()).collect();
        let outcome = Outcome { blocked, ..Outcome::without_run(Status::Skipped, reason) };
        for task in tasks {
            let step = StepId { round, task, host };
            if !self.queue.is_over(step) && !self.phases.contains_key(&step) {
                self.tell_end(step, 0, PassEnd::Unnumbered, &outcome);
            }
        }
        let inside = self.shape.inside(&playbook, round, block);
        self.drop_part(StepId { round, task: plan.node(Gate::Enter(block)), host }, &inside);
    }

    /// Blocks that wait on a host to be tried again, where there will be no other try, wait no longer.
    pub(super) fn end_waits_of_blocks(&mut self, round: RoundIx, host: HostIx) {
        for index in 0..self.fixed.playbook.round(round).blocks.len() {
            let block = BlockIx(u32::try_from(index).unwrap_or(u32::MAX));
            let node = StepId { round, task: self.fixed.playbook.round(round).node(Gate::Rescue(block)), host };
            if self.phases.get(&node) == Some(&Phase::Busy) && (self.stopping_on(round, host) || self.is_gone(round, host)) {
                self.block_again((round, block, host));
            }
        }
    }

    /// A block's time to be tried again has come.
    pub(super) fn block_again(&mut self, id: BlockId) {
        let (round, block, host) = id;
        let node = StepId { round, task: self.fixed.playbook.round(round).node(Gate::Rescue(block)), host };
        if self.phases.get(&node) != Some(&Phase::Busy) {
            return;
        }
        self.phases.remove(&node);
        if self.stopping_on(round, host) || self.is_gone(round, host) {
            // The gate decides again, and finds that there is no other try.
            self.dirty.insert((round, host));
        } else {
            self.again(id);
        }
    }

    /// Begins a block again, with its next item or another try.
    pub(super) fn again(&mut self, id: BlockId) {
        let (round, block, host) = id;
        let playbook = Arc::clone(&self.fixed.playbook);
        let plan = playbook.round(round);
        let mut nodes = self.shape.inside(&playbook, round, block);
        nodes.extend([plan.node(Gate::Enter(block)), plan.node(Gate::Exit(block))]);
        for node in &nodes {
            let step = StepId { round, task: *node, host };
            self.phases.remove(&step);
            self.forget_pass(step, id);
            match plan.gate(*node) {
                Some(Gate::Enter(inner)) if inner != block => drop(self.blocks.remove(&(round, inner, host))),
                _ => {}
            }
        }
        let run = self.run_of(id);
        (run.left, run.changed, run.ran, run.lost, run.rescuing, run.error) = (None, false, false, false, false, None);
        self.results.set_error(id, None);
        // What that releases is found at the next look at the host.
        drop(self.queue.reset(round, host, &nodes));
        self.dirty.insert((round, host));
    }

    /// A block that no other will run again is over: each of its tasks gets its one end.
    pub(super) fn close_passes(&mut self, id: BlockId) {
        let (round, block, host) = id;
        let again = self.pass(StepId { round, task: self.fixed.playbook.round(round).node(Gate::Exit(block)), host });
        if again.is_some() {
            return;
        }
        let mut nodes = self.shape.inside(&self.fixed.playbook, round, block);
        nodes.sort_unstable();
        for task in nodes {
            let step = StepId { round, task, host };
            if let Some((outcome, ran)) = self.passes.remove(&step) {
                let attempt = self.executions.get(&step).copied().filter(|_| ran).unwrap_or(0);
                self.recorder.emit(RunEvent::StepEnded { step, attempt, outcome });
            }
        }
    }
}
