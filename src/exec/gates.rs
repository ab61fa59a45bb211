//! Gates: where the run decides, on one host, how a round goes on.
//!
//! A gate is reached when all that it waits for is over. What it lets through begins at the next look at the host.

use std::sync::Arc;

use super::blocks::BlockId;
use super::dispatcher::{Dispatcher, millis};
use super::state::{BlockRun, Effect, Left};
use super::timers::Wake;
use super::units::{delay, views};
use crate::event::{BlockStatus, Outcome, RunEvent, Status};
use crate::model::{BlockIx, Gate, StepId, TaskIx};
use crate::plan::{self, ItemResult, StepResult};
use crate::template::RenderError;

impl Dispatcher {
    pub(super) fn gate(&mut self, node: StepId, gate: Gate) {
        match gate {
            Gate::Enter(block) => self.enter(node, block),
            Gate::Rescue(block) => self.rescue(node, block),
            Gate::Always(block) => self.always(node, block),
            Gate::Exit(block) => self.exit(node, block),
            Gate::Handlers => self.handlers(node),
            Gate::Finally => self.finally(node),
        }
    }

    /// Lets through what waits for a gate.
    pub(super) fn open(&mut self, node: StepId) {
        let effects = self.queue.finish(node, true);
        self.follow(node, &Outcome::new(Status::Ok), effects);
    }

    /// Says whether nothing inside is to be asked or begun any more.
    fn is_idle(&self, node: StepId) -> bool {
        self.is_gone(node.round, node.host) || self.stops(node)
    }

    fn enter(&mut self, node: StepId, block: BlockIx) {
        let id = (node.round, block, node.host);
        if !self.is_idle(node)
            && let Some(left) = self.ask_block(id)
        {
            let (reason, failed) = match &left {
                Left::Skipped(reason) => (reason.clone(), false),
                Left::Failed(_) => (format!("`{}` failed", self.block(id).name), true),
            };
            self.run_of(id).left = Some(left);
            self.leave_out(id, &reason, failed);
        }
        let run = self.run_of(id);
        run.tries += 1;
        self.open(node);
    }

    /// Asks a block's `each` and `when`; gives why it is left, if it is.
    fn ask_block(&mut self, id: BlockId) -> Option<Left> {
        let (round, block, host) = id;
        let playbook = Arc::clone(&self.fixed.playbook);
        let plan = &playbook.round(round).blocks[block.index()];
        if let Some(each) = &plan.each
            && self.run_of(id).items.is_none()
        {
            let scope = self.fixed.world.block_scope(round, block, host, false);
            match plan::items(each, &self.fixed.engine, &scope) {
                Ok(items) => self.run_of(id).items = Some(views(&each.name, items)),
                Err(RenderError::Pending(until)) if self.is_dry() => {
                    self.block_undecided(id, until);
                    return None;
                }
                Err(error) => return Some(Left::Failed(format!("its `each` can't be answered: {error}"))),
            }
        }
        let run = self.run_of(id);
        let at = run.at;
        if let Some(items) = &run.items {
            let Some(item) = items.get(at).cloned() else {
                return Some(Left::Skipped("`each` has no items".to_owned()));
            };
            self.results.set_item(id, Some(item));
        }
        let scope = self.fixed.world.block_scope(round, block, host, true);
        match plan::holds(&plan.when, &self.fixed.engine, &scope) {
            Ok(None) => None,
            Ok(Some(_)) => Some(Left::Skipped("when".to_owned())),
            Err(RenderError::Pending(until)) if self.is_dry() => {
                self.block_undecided(id, until);
                None
            }
            Err(error) => Some(Left::Failed(format!("its `when` can't be answered: {error}"))),
        }
    }

    fn rescue(&mut self, node: StepId, block: BlockIx) {
        let id = (node.round, block, node.host);
        let shape = self.shape.block(node.round, block);
        let (failed, nodes) = (self.any_bad(node, &shape.body_ends), shape.rescue.clone());
        if failed && self.tries_again(node, id) {
            return;
        }
        let wanted = failed && self.block(id).rescue && self.is_cleaned_up(node, id);
        if wanted && !self.is_gone(node.round, node.host) && !self.is_given_up() {
            self.run_of(id).rescuing = true;
        } else {
            self.drop_part(node, &nodes);
        }
        self.open(node);
    }

    /// Says whether the body of a block that failed is to begin once more; `rescue` and `always` wait for its last try.
    fn tries_again(&mut self, node: StepId, id: BlockId) -> bool {
        let (_, block, host) = id;
        // A dry run changes nothing that another try could find changed.
        if self.is_dry() || self.is_idle(node) || self.stopping_on(node.round, node.host) {
            return false;
        }
        let Some(run) = self.blocks.get(&id).filter(|run| !run.lost) else { return false };
        let Some(retry) = self.try_left(id) else { return false };
        let wait = delay(retry, run.tries);
        let (reason, item) = (run.why(), self.item(id));
        // The next try has begun before.
        let wait = if self.block_ended_again(id) { std::time::Duration::ZERO } else { wait };
        let retry_ms = Some(millis(wait));
        let status = BlockStatus::Failed;
        self.recorder.emit(RunEvent::BlockEnded { round: node.round, block, host, item, status, reason, retry_ms });
        self.recorder.then(Effect::Later(wait, Wake::Block(node.round, block, host)));
        self.phases.insert(node, super::state::Phase::Busy);
        true
    }

    fn always(&mut self, node: StepId, block: BlockIx) {
        let shape = self.shape.block(node.round, block);
        let nodes = shape.always.clone();
        if !self.is_cleaned_up(node, (node.round, block, node.host)) || self.is_given_up() {
            self.drop_part(node, &nodes);
        }
        self.open(node);
    }

    /// Takes a block's nodes, or those of a part of it or of the round's end, for over without a word: they are not needed.
    pub(super) fn drop_part(&mut self, node: StepId, nodes: &[TaskIx]) {
        let open: Vec<TaskIx> = nodes.iter().copied().filter(|task| !self.queue.is_over(StepId { task: *task, ..node })).collect();
        for task in &open {
            // Whoever reads it need not wait for it.
            self.keep(StepId { task: *task, ..node }, &Arc::new(StepResult::without_run(Status::Skipped)));
        }
        // All of them: what another host did for this one is to wait for nothing any more, too.
        let effects = self.queue.drop_nodes(node.round, node.host, nodes);
        open.iter().for_each(|task| self.once_passed_by(StepId { task: *task, ..node }));
        self.follow(node, &Outcome::new(Status::Ok), effects);
    }

    fn any_bad(&self, node: StepId, nodes: &[TaskIx]) -> bool {
        nodes.iter().any(|task| self.queue.ended_badly(StepId { task: *task, ..node }))
    }

    /// Says whether a block's `rescue` and `always` are to run: after an interrupt only where something of it did.
    fn is_cleaned_up(&self, node: StepId, id: BlockId) -> bool {
        !self.stops(node) || self.blocks.get(&id).is_some_and(|run| run.ran)
    }

    /// A pass of a block is over: it goes on with its next item, or ends.
    fn exit(&mut self, node: StepId, block: BlockIx) {
        let id = (node.round, block, node.host);
        let shape = self.shape.block(node.round, block);
        let (body, rescue, always) =
            (self.any_bad(node, &shape.body_ends), self.any_bad(node, &shape.rescue_ends), self.any_bad(node, &shape.always_ends));
        let idle = self.is_idle(node);
        let mut run = self.blocks.remove(&id).unwrap_or_default();
        let (status, reason) = verdict(&run, body, rescue, always);
        let item = run.items.as_ref().and_then(|items| items.get(run.at)).map(|item| super::units::label(item, self.recorder.redactor()));
        self.block_ended_again(id);
        self.recorder.emit(RunEvent::BlockEnded {
            round: node.round,
            block,
            host: node.host,
            item,
            status,
            reason: reason.clone(),
            retry_ms: None,
        });
        let result = self.block_result(id, &run, status);
        if let Some(items) = &run.items
            && let Some(item) = items.get(run.at)
        {
            run.passes.push(ItemResult { item: item.value.clone(), result: Arc::clone(&result) });
        }
        if run.worst.is_none_or(|worst| rank(status) > rank(worst)) {
            (run.worst, run.reason) = (Some(status), reason);
        }
        let more = run.items.as_ref().is_some_and(|items| run.at + 1 < items.len());
        if more && !idle && !run.lost {
            (run.at, run.tries) = (run.at + 1, 0);
            self.blocks.insert(id, run);
            self.again(id);
            return;
        }
        self.end_block(node, block, run, result);
    }

    /// A block is over for good.
    fn end_block(&mut self, node: StepId, block: BlockIx, run: BlockRun, last: Arc<StepResult>) {
        let id = (node.round, block, node.host);
        let worst = run.worst.unwrap_or(BlockStatus::Ok);
        let mut result = (*last).clone();
        result.items = run.passes;
        (result.status, result.changed) =
            (step_status(worst), worst == BlockStatus::Changed || (worst == BlockStatus::Rescued && run.changed));
        self.results.set_item(id, None);
        self.close_passes(id);
        if matches!(worst, BlockStatus::Failed | BlockStatus::Rescued) {
            self.known_to_fail(node);
        }
        self.keep(node, &Arc::new(result));
        let name = self.block(id).name.clone();
        let mut outcome = Outcome::without_run(step_status(worst), run.reason.unwrap_or_default());
        outcome.allowed = outcome.status == Status::Failed && self.block(id).allow_failure;
        if worst == BlockStatus::Rescued && !self.block(id).allow_failure {
            self.counts_as_failure(node.round, node.host);
        }
        if !outcome.lets_dependents_run() {
            let error = run.error.map(|error| Arc::clone(&error.result));
            self.told_blocks(node, false, &outcome, error.as_ref());
            if !self.is_tentative(node, outcome.status) {
                // What was lost or cancelled inside was counted there.
                let status = if run.lost { Status::Cancelled } else { Status::Failed };
                self.went_badly(node.round, node.host, status);
            }
        }
        tracing::debug!(block = name, status = ?worst, "block over");
        let effects = self.queue.finish(node, outcome.lets_dependents_run());
        for task in self.shape.inside(&self.fixed.playbook, node.round, block) {
            self.once_passed_by(StepId { task, ..node });
        }
        self.follow(node, &outcome, effects);
    }

    /// What a block leaves to be read, an action's outputs rendered in its own scope.
    fn block_result(&mut self, id: BlockId, run: &BlockRun, status: BlockStatus) -> Arc<StepResult> {
        let (round, block, host) = id;
        let mut result = StepResult::without_run(step_status(status));
        result.changed = run.changed;
        result.attempts = if run.left.is_none() { run.tries } else { 0 };
        let playbook = Arc::clone(&self.fixed.playbook);
        let plan = playbook.round(round);
        let Some(frame) = plan.blocks[block.index()].frame else { return Arc::new(result) };
        if matches!(status, BlockStatus::Ok | BlockStatus::Changed | BlockStatus::Rescued) {
            let scope = self.fixed.world.frame_scope(round, frame, host);
            for (name, value) in &plan.frames[frame.index()].outputs {
                // An output that can't be rendered is as good as none: who reads it is told so.
                match self.fixed.engine.render_value(value, &scope) {
                    Ok(value) => drop(result.outputs.insert(name.clone(), value)),
                    Err(RenderError::Pending(_)) if self.is_dry() => {
                        let exit = StepId { round, task: plan.node(Gate::Exit(block)), host };
                        self.foresee_end(exit, run.changed);
                    }
                    Err(error) => tracing::warn!(output = name, %error, "an action's output can't be rendered"),
                }
            }
        }
        Arc::new(result)
    }
}

/// How one pass of a block ended, and why.
fn verdict(run: &BlockRun, body: bool, rescue: bool, always: bool) -> (BlockStatus, Option<String>) {
    match &run.left {
        Some(Left::Skipped(reason)) => return (BlockStatus::Skipped, Some(reason.clone())),
        Some(Left::Failed(reason)) => return (BlockStatus::Failed, Some(reason.clone())),
        None => {}
    }
    if always || (body && (!run.rescuing || rescue || run.lost)) {
        return (BlockStatus::Failed, run.why());
    }
    match (body, run.changed) {
        (true, _) => (BlockStatus::Rescued, run.why()),
        (false, true) => (BlockStatus::Changed, None),
        (false, false) => (BlockStatus::Ok, None),
    }
}

fn step_status(status: BlockStatus) -> Status {
    match status {
        BlockStatus::Ok | BlockStatus::Rescued => Status::Ok,
        BlockStatus::Changed => Status::Changed,
        BlockStatus::Skipped => Status::Skipped,
        BlockStatus::Failed => Status::Failed,
    }
}

fn rank(status: BlockStatus) -> u8 {
    match status {
        BlockStatus::Skipped => 0,
        BlockStatus::Ok => 1,
        BlockStatus::Changed => 2,
        BlockStatus::Rescued => 3,
        BlockStatus::Failed => 4,
    }
}
