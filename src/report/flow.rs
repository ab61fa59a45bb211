//! What a run is up to between steps, folded from its events: items, attempts, batches, blocks, handlers, questions.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::board::{Board, Change};
use super::tail::StepText;
use super::tally::{FailedItem, TaskState};
use crate::event::{BlockStatus, ItemLabel, Outcome, RunEvent, Status};
use crate::model::{BlockIx, HostIx, RoundIx, StepId, TaskIx};
use crate::text::plural;

/// Of one step's failed items, so many keep their words.
const WORDY_ITEMS: usize = 10;

/// A batch of a round.
#[derive(Debug, Clone, Default)]
pub struct BatchState {
    /// From 1.
    pub batch: u32,
    /// How many there are.
    pub of: u32,
    /// Its hosts.
    pub hosts: Vec<HostIx>,
    /// Its tasks of which a step has ended.
    pub tasks: BTreeMap<TaskIx, TaskState>,
}

/// What a round is up to beside its tasks.
#[derive(Debug, Clone, Default)]
pub struct RoundFlow {
    /// The batch under way.
    pub batch: Option<BatchState>,
    /// The batch before it.
    pub before: Option<BatchState>,
    /// Hosts whose batch has begun.
    pub begun: BTreeSet<HostIx>,
    /// When the next batch begins, UTC ms.
    pub pause: Option<i64>,
    /// Ends of blocks that are worth telling, each with its hosts.
    pub blocks: IndexMap<BlockEnd, Vec<HostIx>>,
    /// Hosts on which a block was rescued.
    pub rescued: BTreeSet<HostIx>,
    /// Handlers that were notified and have not run, by host, with who notified them.
    pub pending: BTreeMap<(TaskIx, HostIx), TaskIx>,
}

/// How a block ended, as far as two hosts can differ.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlockEnd {
    /// The block.
    pub block: BlockIx,
    /// How.
    pub status: BlockStatus,
    /// The item, where it has `each`.
    pub item: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// An execution that waits to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retrying {
    /// When it is due, UTC ms.
    pub due: i64,
    /// The attempt that then begins, from 2.
    pub attempt: u32,
    /// How many there are at most.
    pub of: u32,
}

/// A question, from the round itself or from a task of it.
pub type Asker = (RoundIx, Option<TaskIx>);

/// Items of a step that ended so far.
#[derive(Debug, Clone, Default)]
struct Items {
    of: u32,
    ends: BTreeMap<u32, (Status, Option<FailedItem>)>,
    shown: StepText,
}

/// State of the whole run beside its steps' ends.
#[derive(Debug, Clone, Default)]
pub struct RunFlow {
    /// Steps that wait to be tried again, by item.
    pub retrying: BTreeMap<(StepId, Option<u32>), Retrying>,
    /// Questions without an answer.
    pub asking: BTreeMap<Asker, String>,
    /// Questions that were answered no, and by whom.
    pub refused: Vec<(Asker, String, String)>,
    /// Why no further batch or round starts, and the round whose hosts failed.
    pub stopped: Option<(RoundIx, String)>,
    tries: BTreeMap<(StepId, Option<u32>), u32>,
    block_tries: BTreeMap<(RoundIx, BlockIx, HostIx), u32>,
    items: BTreeMap<StepId, Items>,
}

/// What ended items come to in one step.
#[derive(Debug, Clone, Default)]
pub(super) struct ItemsEnd {
    /// `3 items: 2 ok, 1 failed`; none without items.
    pub(super) phrase: Option<String>,
    pub(super) failed: Vec<FailedItem>,
    pub(super) shown: StepText,
}

impl Board {
    /// Takes in what is no step's end.
    pub(super) fn fold_flow(&mut self, event: &RunEvent) -> Change {
        match event {
            RunEvent::BatchStarted { round, batch, of, hosts } => {
                let flow = &mut self.rounds.entry(*round).or_default().flow;
                flow.begun.extend(hosts);
                flow.before = flow.batch.take();
                flow.batch = Some(BatchState { batch: *batch, of: *of, hosts: hosts.clone(), tasks: BTreeMap::new() });
                flow.pause = None;
            }
            RunEvent::BatchPaused { round, duration_ms } => {
                let due = self.at.saturating_add(i64::try_from(*duration_ms).unwrap_or(i64::MAX));
                self.rounds.entry(*round).or_default().flow.pause = Some(due);
            }
            RunEvent::Stopped { round, reason } => {
                self.flow.stopped.get_or_insert_with(|| (*round, reason.clone()));
                self.rounds.values_mut().for_each(|round| round.flow.pause = None);
            }
            RunEvent::Asked { round, task, question } => {
                self.flow.asking.insert((*round, *task), question.clone());
            }
            RunEvent::Answered { round, task, yes, by } => {
                let question = self.flow.asking.remove(&(*round, *task)).unwrap_or_default();
                if !yes {
                    self.flow.refused.push(((*round, *task), question.clone(), by.clone()));
                }
                return Change::Answered { question };
            }
            RunEvent::Notified { round, host, handler, by, .. } => {
                self.rounds.entry(*round).or_default().flow.pending.insert((*handler, *host), *by);
            }
            RunEvent::BlockEnded { round, block, host, item, status, reason, retry_ms } => {
                return self.block_ended((*round, *block, *host), item.as_ref(), *status, reason.as_deref(), *retry_ms);
            }
            _ => {}
        }
        Change::Other
    }

    fn block_ended(
        &mut self,
        (round, block, host): (RoundIx, BlockIx, HostIx),
        item: Option<&ItemLabel>,
        status: BlockStatus,
        reason: Option<&str>,
        retry_ms: Option<u64>,
    ) -> Change {
        let of =
            1 + self.header.rounds.get(round.index()).and_then(|entry| entry.blocks.get(block.index())).map_or(0, |block| block.retries);
        let tries = self.flow.block_tries.entry((round, block, host)).or_insert(1);
        if retry_ms.is_some() {
            *tries += 1;
            return Change::Retry { attempt: *tries, of };
        }
        *tries = 1;
        if status == BlockStatus::Rescued {
            self.rescue(round, block, host);
        }
        let flow = &mut self.rounds.entry(round).or_default().flow;
        if !matches!(status, BlockStatus::Rescued | BlockStatus::Failed) {
            return Change::Other;
        }
        let end = BlockEnd { block, status, item: item.map(|item| item.label.clone()), reason: reason.map(str::to_owned) };
        let hosts = flow.blocks.entry(end).or_default();
        hosts.push(host);
        Change::Block { first: hosts.len() == 1 }
    }

    /// Marks the failures inside a block as made up for.
    fn rescue(&mut self, round: RoundIx, block: BlockIx, host: HostIx) {
        let Some(entry) = self.header.rounds.get(round.index()) else { return };
        let inside = (0..entry.tasks.len()).map(TaskIx::new).filter(|task| is_inside(entry, *task, block)).collect::<Vec<_>>();
        let Some(state) = self.rounds.get_mut(&round) else { return };
        state.flow.rescued.insert(host);
        let mut count = 0;
        for task in inside {
            if let Some(batch) = &mut state.flow.batch
                && let Some(task) = batch.tasks.get_mut(&task)
            {
                task.rescue(host);
            }
            count += usize::from(state.tasks.get_mut(&task).is_some_and(|task| task.rescue(host)));
        }
        state.counts.rescued += count;
        self.counts.rescued += count;
        self.hosts.entry(host).or_default().counts.rescued += count;
    }

    /// An execution of a step ended that need not be its last.
    pub(super) fn attempt_ended(
        &mut self,
        (step, attempt): (StepId, u32),
        item: Option<&ItemLabel>,
        outcome: &Outcome,
        retry_ms: Option<u64>,
    ) -> Change {
        self.running.remove(&(step, attempt));
        let which = (step, item.map(|item| item.index));
        if let Some(wait) = retry_ms {
            let text = self.tails.take(step, attempt);
            let tries = self.flow.tries.entry(which).or_insert(1);
            *tries += 1;
            let of = 1 + self
                .header
                .rounds
                .get(step.round.index())
                .and_then(|entry| entry.tasks.get(step.task.index()))
                .map_or(0, |task| task.retries);
            let due = self.at.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX));
            self.flow.retrying.insert(which, Retrying { due, attempt: *tries, of });
            return Change::Attempt { retry: Some((*tries, of)), text };
        }
        self.flow.tries.remove(&which);
        let Some(item) = item else {
            // A pass of a block: its output is the step's, should no other pass follow.
            self.tails.forget(step, attempt);
            return Change::Attempt { retry: None, text: StepText::default() };
        };
        let text = self.tails.take(step, attempt);
        let shown = self.is_shown(step);
        let items = self.flow.items.entry(step).or_default();
        items.of = items.of.max(item.of);
        if shown {
            items.shown.stdout.text.push_str(&text.stdout.text);
            items.shown.stdout.cut_lines += text.stdout.cut_lines;
        }
        let failed = matches!(outcome.status, Status::Failed | Status::Unknown).then(|| {
            let wordy = items.ends.values().filter(|(_, failed)| failed.is_some()).count() < WORDY_ITEMS;
            let text = if wordy { text.clone() } else { StepText::default() };
            FailedItem { label: item.label.clone(), reason: outcome.reason.clone(), text }
        });
        items.ends.insert(item.index, (outcome.status, failed));
        Change::Attempt { retry: None, text }
    }

    /// What the ended items of a step come to; forgets them, and whatever else was under way of it.
    pub(super) fn take_items(&mut self, step: StepId) -> ItemsEnd {
        let stale: Vec<u32> = self.running.range((step, 0)..=(step, u32::MAX)).map(|((_, attempt), _)| *attempt).collect();
        for attempt in stale {
            self.running.remove(&(step, attempt));
        }
        let all = (step, None)..=(step, Some(u32::MAX));
        let waiting: Vec<_> = self.flow.retrying.range(all.clone()).map(|(which, _)| *which).collect();
        for which in waiting {
            self.flow.retrying.remove(&which);
        }
        let tried: Vec<_> = self.flow.tries.range(all).map(|(which, _)| *which).collect();
        for which in tried {
            self.flow.tries.remove(&which);
        }
        let Some(items) = self.flow.items.remove(&step) else { return ItemsEnd::default() };
        let mut counts: BTreeMap<Status, usize> = BTreeMap::new();
        for (status, _) in items.ends.values() {
            *counts.entry(*status).or_default() += 1;
        }
        let not_run = (items.of as usize).saturating_sub(items.ends.len());
        let mut parts: Vec<String> = counts.into_iter().map(|(status, count)| format!("{count} {}", status.word())).collect();
        parts.extend((not_run > 0).then(|| format!("{not_run} not run")));
        let phrase = Some(format!("{}: {}", plural(items.of as usize, "item"), parts.join(", ")));
        ItemsEnd { phrase, failed: items.ends.into_values().filter_map(|(_, failed)| failed).collect(), shown: items.shown }
    }

    /// An execution of a step is about to begin: it waits no longer.
    pub(super) fn no_longer_retrying(&mut self, step: StepId) {
        // Which of several items it is, is not said; the one that is due first goes first.
        let waiting = self.flow.retrying.range((step, None)..=(step, Some(u32::MAX)));
        if let Some(which) = waiting
            .min_by_key(|(_, retrying)| retrying.due)
            .map(|(which, _)| *which)
            .filter(|which| self.flow.retrying.get(which).is_some_and(|retrying| retrying.due <= self.at.saturating_add(50)))
        {
            self.flow.retrying.remove(&which);
        }
    }

    /// A block's name; its number where the header does not know it.
    #[must_use]
    pub fn block_name(&self, round: RoundIx, block: BlockIx) -> String {
        let entry = self.header.rounds.get(round.index()).and_then(|entry| entry.blocks.get(block.index()));
        entry.map_or_else(|| format!("#{}", block.0), |entry| entry.name.clone())
    }

    /// Hosts that were to come when the run was stopped, and on which nothing was done.
    #[must_use]
    pub fn untouched(&self) -> usize {
        let Some((round, reason)) = &self.flow.stopped else { return 0 };
        let left_out = self.rounds.values().filter_map(|round| round.left_out.get(reason)).flatten();
        // That they are left out is told after the stop.
        let round = self.rounds.get(round).filter(|round| round.flow.batch.is_some());
        let waiting = round.into_iter().flat_map(|round| round.hosts.iter().filter(|host| !round.flow.begun.contains(host)));
        left_out.chain(waiting).collect::<BTreeSet<_>>().len()
    }
}

/// Says whether a task stands in a block, at any depth.
pub(super) fn is_inside(round: &crate::event::RoundEntry, task: TaskIx, block: BlockIx) -> bool {
    around(round, task).any(|within| within.block == block)
}

/// The blocks around a task, the innermost first.
pub(super) fn around(round: &crate::event::RoundEntry, task: TaskIx) -> impl Iterator<Item = crate::event::Within> {
    let first = round.tasks.get(task.index()).and_then(|task| task.within);
    // A damaged header may go in circles; blocks nest no deeper than there are any.
    std::iter::successors(first, |within| round.blocks.get(within.block.index()).and_then(|block| block.within)).take(round.blocks.len())
}

#[cfg(test)]
mod tests;
