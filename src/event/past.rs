//! What a recorded run got done, as a fold over its events: all that a run which resumes it must know.
//!
//! Speaks of rounds, tasks and hosts by that run's own numbers. Output is left out: who needs it reads it from the record.

use std::collections::{BTreeMap, BTreeSet};

use super::{BlockPart, BlockStatus, Event, ItemLabel, Outcome, RunEnd, RunEvent, RunHeader, Status};
use crate::model::{BlockIx, HostIx, RoundIx, StepId, TaskIx};

/// A recorded run, as far as it got.
#[derive(Debug, Clone, Default)]
pub struct PastRun {
    /// Its first event; none where the record lacks it.
    pub header: Option<RunHeader>,
    /// By step, those of which anything is recorded.
    pub steps: BTreeMap<StepId, PastStep>,
    /// Rounds that began.
    pub rounds: BTreeSet<RoundIx>,
    /// How many batches of a round began.
    pub batches: BTreeMap<RoundIx, u32>,
    /// How often a block ended on a host, tries and items counted, and how it did last.
    pub blocks: BTreeMap<(RoundIx, BlockIx, HostIx), (u32, BlockStatus)>,
    /// The items of the passes of a block that ended on a host, in order; none where it has no `each`.
    pub passes: BTreeMap<(RoundIx, BlockIx, HostIx), Vec<Option<ItemLabel>>>,
    /// Handlers that were notified and have not run since.
    pub pending: BTreeSet<(RoundIx, HostIx, TaskIx)>,
    /// Handlers that ran, or were to run, first because an earlier run owed them: that was a turn of theirs.
    pub paid: BTreeSet<(RoundIx, HostIx, TaskIx)>,
    /// Hosts that a round did not choose.
    pub left_out: BTreeSet<(RoundIx, HostIx)>,
    /// The time of its first event, UTC ms.
    pub began: i64,
    /// How it ended.
    pub end: Option<RunEnd>,
    /// The time of its last event, UTC ms.
    pub at: i64,
}

/// What is recorded of a step.
#[derive(Debug, Clone, Default)]
pub struct PastStep {
    /// By turn: a block that repeats runs its tasks once in each, a handler may run again. See [`PastRun::turn`].
    pub turns: BTreeMap<u32, PastTurn>,
    /// How often it ended for good.
    pub ends: u32,
    /// By block around it: the first turn of the pass that the block is at.
    pass_from: BTreeMap<BlockIx, u32>,
}

/// One turn of a step.
#[derive(Debug, Clone, Default)]
pub struct PastTurn {
    /// Its executions that ended, in order: items, tries.
    pub attempts: Vec<PastEnd>,
    /// How all of it ended.
    pub end: Option<PastEnd>,
    /// Executions without an end, by their number.
    pub open: BTreeMap<u32, Open>,
    /// One that had begun was cut short, and was to be done again.
    pub cut: bool,
    /// How the passes of blocks ended in whose body it was, and whether another try followed.
    pub ended_in: Vec<(BlockIx, BlockStatus, bool)>,
}

/// The end of an execution, or of all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct PastEnd {
    /// Its number; 0 where there was none.
    pub attempt: u32,
    /// Its item, or the one that a block around it was at.
    pub item: Option<ItemLabel>,
    /// What became of it.
    pub outcome: Outcome,
    /// True where another try was to follow.
    pub again: bool,
    /// When it began, UTC ms.
    pub began: Option<i64>,
    /// The host that ran it, where it is durable, and the name under which it may still keep it.
    pub kept: Option<(HostIx, String)>,
}

/// An execution whose end the record lacks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Open {
    /// When the host said that it had begun, UTC ms.
    pub began: Option<i64>,
    /// The host that it was to run on, where that is not the step's own.
    pub on: Option<HostIx>,
    /// Hosts of its list on which it had ended well.
    pub done_on: Vec<HostIx>,
    /// Its item, where the task has `each`.
    pub item: Option<ItemLabel>,
    /// The name under which its host keeps it, where it is durable.
    pub durable: Option<String>,
    /// Its host was asked, and can't tell any more.
    pub vanished: bool,
}

/// What was cleaned up on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cleaned {
    /// A round: its `finally` ran.
    Round(RoundIx, HostIx),
    /// A block: its `rescue` or `always` ran.
    Block(RoundIx, BlockIx, HostIx),
}

impl PastRun {
    /// Folds a run's events.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> PastRun {
        let mut past = PastRun::default();
        events.into_iter().for_each(|event| past.fold(event));
        past
    }

    /// Takes one event in.
    pub fn fold(&mut self, event: &Event) {
        self.at = event.at;
        match &event.kind {
            RunEvent::RunStarted(header) => (self.header, self.began) = (Some((**header).clone()), event.at),
            RunEvent::RoundStarted { round, .. } => drop(self.rounds.insert(*round)),
            RunEvent::HostLeftOut { round, host, reason } if matches!(&**reason, "when" | "not chosen") => {
                self.left_out.insert((*round, *host));
            }
            RunEvent::BatchStarted { round, batch, .. } => drop(self.batches.insert(*round, *batch)),
            RunEvent::BlockEnded { round, block, host, status, item, retry_ms, .. } => {
                self.pass_ended((*round, *block, *host), *status, retry_ms.is_some());
                self.passes.entry((*round, *block, *host)).or_default().push(item.clone());
                let entry = self.blocks.entry((*round, *block, *host)).or_insert((0, *status));
                *entry = (entry.0 + 1, *status);
            }
            RunEvent::Notified { round, host, handler, run, .. } => {
                self.pending.insert((*round, *host, *handler));
                if run.is_some() {
                    self.paid.insert((*round, *host, *handler));
                }
            }
            RunEvent::StepSent { step, attempt, on, item, durable, .. } => {
                let all = &mut self.turn_of(*step).open;
                all.retain(|other, open| other == attempt || durable.is_none() || open.durable != *durable);
                let open = all.entry(*attempt).or_default();
                let here = on.unwrap_or(step.host);
                let before = open.on.unwrap_or(step.host);
                if open.began.is_some() && before != here {
                    open.done_on.push(before);
                }
                (open.on, open.began) = (*on, None);
                (open.item, open.durable) = (item.clone(), durable.clone());
            }
            RunEvent::StepBegan { step, attempt } => {
                self.turn_of(*step).open.entry(*attempt).or_default().began = Some(event.at);
            }
            RunEvent::AttemptEnded { step, attempt, item, outcome, retry_ms } => {
                let turn = self.turn_of(*step);
                turn.is_told(*attempt, outcome);
                // What is not known goes on being open, unless it was cut short and done again.
                if outcome.status == Status::Unknown && retry_ms.is_some() {
                    if let Some(open) = turn.open.remove(attempt) {
                        turn.cut |= open.began.is_some();
                        // Its host keeps it; the next execution has the same name.
                        turn.open.extend(open.durable.is_some().then_some((*attempt, open)));
                    }
                } else if outcome.status != Status::Unknown {
                    let open = turn.open.remove(attempt).unwrap_or_default();
                    let (kept, began) = (open.kept(*step), open.began);
                    let (item, outcome) = (item.clone(), outcome.clone());
                    turn.attempts.push(PastEnd { attempt: *attempt, item, outcome, again: retry_ms.is_some(), began, kept });
                }
                // A handler that is notified again after it ran has its first end here.
                if item.is_none() && retry_ms.is_none() {
                    self.handler_ran(*step, outcome);
                }
            }
            RunEvent::StepEnded { step, attempt, outcome } => self.step_ended(*step, *attempt, outcome),
            RunEvent::RunEnded(end) => self.end = Some(end.clone()),
            _ => {}
        }
    }

    /// Notes at the turns of a pass of a block how that ended.
    fn pass_ended(&mut self, (round, block, host): (RoundIx, BlockIx, HostIx), status: BlockStatus, again: bool) {
        let tasks = self.header.as_ref().and_then(|header| header.rounds.get(round.index())).map_or(0, |round| round.tasks.len());
        for task in (0..tasks).map(TaskIx::new) {
            let step = StepId { round, task, host };
            let Some((_, part)) = self.blocks_around(step).find(|(around, _)| *around == block) else { continue };
            let now = self.turn(step);
            let Some(past) = self.steps.get_mut(&step) else { continue };
            let from = past.pass_from.insert(block, now + 1).unwrap_or(0);
            if part == BlockPart::Body {
                past.turns.range_mut(from..=now).for_each(|(_, turn)| turn.ended_in.push((block, status, again)));
            }
        }
    }

    fn step_ended(&mut self, step: StepId, attempt: u32, outcome: &Outcome) {
        let turn = self.turn_of(step);
        turn.is_told(attempt, outcome);
        if outcome.status != Status::Unknown {
            let same = turn.attempts.iter().find(|end| end.attempt == attempt);
            let (kept, began) = match (turn.open.get(&attempt), same) {
                (Some(open), _) => (open.kept(step), open.began),
                (None, Some(end)) => (end.kept.clone(), end.began),
                (None, None) => (None, None),
            };
            turn.open.clear();
            turn.end = Some(PastEnd { attempt, item: None, outcome: outcome.clone(), again: false, began, kept });
        }
        self.steps.entry(step).or_default().ends += 1;
        self.handler_ran(step, outcome);
    }

    fn handler_ran(&mut self, step: StepId, outcome: &Outcome) {
        if !outcome.blocked && matches!(outcome.status, Status::Ok | Status::Changed | Status::Skipped | Status::Failed) {
            self.pending.remove(&(step.round, step.host, step.task));
        }
    }

    fn turn_of(&mut self, step: StepId) -> &mut PastTurn {
        let turn = self.turn(step);
        self.steps.entry(step).or_default().turns.entry(turn).or_default()
    }

    /// Which turn of a step it is now: how often the blocks around it have ended on its host; of a step in none, how often
    /// it has ended itself.
    #[must_use]
    pub fn turn(&self, step: StepId) -> u32 {
        let mut around = self.blocks_around(step).peekable();
        if around.peek().is_none() {
            return self.steps.get(&step).map_or(0, |past| past.ends);
        }
        around.map(|(block, _)| self.blocks.get(&(step.round, block, step.host)).map_or(0, |(ends, _)| *ends)).sum()
    }

    /// The blocks around a step, the innermost first, with the list of each that it stands in.
    pub fn blocks_around(&self, step: StepId) -> impl Iterator<Item = (BlockIx, BlockPart)> + '_ {
        let round = self.header.as_ref().and_then(|header| header.rounds.get(step.round.index()));
        let mut within = round.and_then(|round| round.tasks.get(step.task.index())).and_then(|task| task.within);
        std::iter::from_fn(move || {
            let here = within?;
            within = round.and_then(|round| round.blocks.get(here.block.index())).and_then(|block| block.within);
            Some((here.block, here.part))
        })
    }

    /// What was cleaned up: where a step of a `finally`, a `rescue` or an `always` was executed.
    #[must_use]
    pub fn cleaned(&self) -> BTreeSet<Cleaned> {
        let mut cleaned = BTreeSet::new();
        for (step, past) in &self.steps {
            if !past.turns.values().any(PastTurn::was_executed) {
                continue;
            }
            let task = self.header.as_ref().and_then(|header| header.rounds.get(step.round.index())?.tasks.get(step.task.index()));
            if task.and_then(|task| task.section.as_deref()) == Some("finally") {
                cleaned.insert(Cleaned::Round(step.round, step.host));
            }
            let blocks = self.blocks_around(*step).filter(|(_, part)| *part != BlockPart::Body);
            cleaned.extend(blocks.map(|(block, _)| Cleaned::Block(step.round, block, step.host)));
        }
        cleaned
    }
}

impl Open {
    fn kept(&self, step: StepId) -> Option<(HostIx, String)> {
        Some((self.on.unwrap_or(step.host), self.durable.clone()?))
    }
}

impl PastTurn {
    /// Notes whether an execution's host can tell of it at all.
    fn is_told(&mut self, attempt: u32, outcome: &Outcome) {
        if let Some(open) = self.open.get_mut(&attempt) {
            open.vanished |= outcome.vanished;
        }
    }

    /// Says whether any of it was executed, here or in a run that this one resumed.
    #[must_use]
    pub fn was_executed(&self) -> bool {
        let ran = |end: &PastEnd| end.attempt > 0 || end.outcome.ran_before();
        !self.open.is_empty() || self.end.as_ref().is_some_and(ran) || self.attempts.iter().any(ran)
    }
}
