//! What a run that resumes another carries over from it: what ended stays, by today's playbook and inventory.
//!
//! Pure: recorded runs, folded ([`PastRun`]), go in, the oldest first; each step's recorded ends come out, and what of them
//! is open. Outputs are filled in by who can read the record. The run then goes through the playbook as any other, and takes
//! a recorded end where a step has one: blocks, handlers, batches and limits find everything as it was.

mod cleanup;
mod handlers;
mod keys;
mod remaining;
mod results;
mod unknown;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use self::keys::Keys;
use super::StepResult;
use crate::event::{BlockStatus, Cleaned, ItemLabel, Outcome, PastEnd, PastRun, PastStep, PastTurn, Resumes, RunHeader, Status};
use crate::model::{BlockIx, HostIx, Inventory, Playbook, RoundIx, StepId, TaskIx, Verb};

pub use remaining::{PendingHandlers, Remaining, RemainingRound, RemainingTask};
pub use results::{Lost, Wanted};
pub use unknown::UnknownStep;

/// What a run carries over from those that it resumes.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    /// The run that it goes on with, and what was settled.
    pub resumes: Resumes,
    /// The ids of the runs that it goes on with, the oldest first.
    pub runs: Vec<String>,
    /// By step and turn; see [`PastRun::turn`].
    pub steps: HashMap<StepId, BTreeMap<u32, CarriedTurn>>,
    /// Rounds that had begun.
    pub rounds: BTreeSet<RoundIx>,
    /// How many batches of a round had begun.
    pub batches: BTreeMap<RoundIx, u32>,
    /// How often a block had ended on a host.
    pub blocks: HashMap<(RoundIx, BlockIx, HostIx), u32>,
    /// The items of the passes of a block that had ended on a host, in order; none where it had no `each`.
    pub passes: HashMap<(RoundIx, BlockIx, HostIx), Vec<Option<ItemLabel>>>,
    /// Handlers that were notified and have not run since.
    pub pending: BTreeSet<(RoundIx, HostIx, TaskIx)>,
    /// Handlers that ran first because an earlier run owed them: that was a turn of theirs, and is again.
    pub paid: BTreeSet<(RoundIx, HostIx, TaskIx)>,
    /// Pending handlers that nothing that is done again may notify once more.
    due: BTreeSet<(RoundIx, HostIx, TaskIx)>,
    /// Steps that a failure kept from being done.
    pub blocked: BTreeSet<StepId>,
    /// Steps that ended for good, all their items and passes, and whether that was a failure.
    pub over: BTreeMap<StepId, bool>,
    /// Hosts that a round did not choose.
    pub left_out: BTreeSet<(RoundIx, HostIx)>,
    /// Steps that are done again though they may have changed something before: their handlers run whatever they find.
    pub maybe_changed: BTreeSet<StepId>,
    /// The inputs are those of the run that it goes on with.
    pub unchanged: bool,
    /// What was cleaned up while work was left there.
    pub cleaned: BTreeSet<Cleaned>,
}

/// What is carried over of one turn of a step.
#[derive(Debug, Clone, Default)]
pub struct CarriedTurn {
    /// How all of it ended; of a step with `each` its items tell.
    pub end: Option<CarriedEnd>,
    /// Items that ended, by their number, with their label.
    pub items: BTreeMap<u32, (String, CarriedEnd)>,
    /// True where these are all of them.
    pub all_items: bool,
    /// The item of the block around it that the end belongs to.
    pub pass: Option<String>,
    /// True where what failed in it was tried again, rescued, or allowed to fail, by a block around it.
    pub made_good: bool,
    /// Executions whose end nobody knows yet.
    pub open: Vec<CarriedOpen>,
    /// Hosts of the task's list on which an execution that is still to end had ended well, with its item.
    pub done_on: Vec<(Option<(u32, String)>, HostIx)>,
    /// Durable executions that their hosts may know of: they are found again, not started.
    pub durable: Vec<CarriedDurable>,
}

/// A durable execution that its host may know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedDurable {
    /// Its item, of a task with `each`.
    pub item: Option<u32>,
    /// The host that keeps it.
    pub on: HostIx,
    /// What it is called there.
    pub name: String,
    /// True where it is certain that it had begun.
    pub begun: bool,
}

/// A recorded end.
#[derive(Debug, Clone)]
pub struct CarriedEnd {
    /// Where the record has it.
    pub from: Source,
    /// What became of it, [`Outcome::carried`] set.
    pub outcome: Outcome,
    /// When it began, UTC ms.
    pub began: Option<i64>,
    /// What templates may read of it; filled in where some do.
    pub result: Option<Arc<StepResult>>,
    /// The host that may still keep it, where it is durable, and under which name.
    pub kept: Option<(HostIx, String)>,
    /// True where the record lacked it, and with it what it printed.
    pub settled: bool,
}

/// Where in the record an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Which of the runs, from 0, the oldest first.
    pub run: usize,
    /// Its step, by that run's numbers.
    pub step: StepId,
    /// Its number there.
    pub attempt: u32,
}

/// An execution whose end nobody knows yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedOpen {
    /// Where the record has it.
    pub from: Source,
    /// True where its host had said that it began.
    pub began: bool,
    /// The host that it ran on, as it is today; none where that is gone.
    pub on: Option<HostIx>,
    /// Its item, with its label, of a task with `each`.
    pub item: Option<(u32, String)>,
    /// What its host calls it, where it is durable.
    pub durable: Option<String>,
    /// True where it had run for a while.
    pub long: bool,
    /// True where its host was asked, and can't tell any more.
    pub vanished: bool,
}

/// What is carried over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CarryOptions {
    /// Failures are done again.
    pub failed: bool,
    /// What was cleaned up while work was left.
    pub after_cleanup: AfterCleanup,
}

/// A recorded run with its header, and what its numbers stand for today; none where the record has no header of it.
type Known<'a> = Option<(&'a PastRun, &'a RunHeader, Keys)>;

/// After so long a durable execution has left word of itself on its host.
const CLAIMED_MS: i64 = 30_000;

/// How to go on where `finally`, `rescue` or `always` have run although work is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterCleanup {
    /// It must be said.
    #[default]
    Ask,
    /// The round, or the block, begins anew on that host.
    Restart,
    /// What ended well stays.
    Continue,
}

impl Carried {
    /// Carries over what `runs` got done, the oldest first; the last is the one that is resumed.
    #[must_use]
    pub fn of<'a>(runs: &'a [PastRun], playbook: &Playbook, inventory: &Inventory, options: CarryOptions) -> Carried {
        let mut carried = Carried::default();
        let known = |run: &'a PastRun| run.header.as_ref().map(|header| (run, header, Keys::new(header, playbook, inventory)));
        let runs: Vec<_> = runs.iter().map(known).collect();
        for (index, run) in runs.iter().enumerate() {
            let Some((run, header, keys)) = run else { continue };
            if let Some(resumes) = &header.resumes {
                carried.take_settled(&resumes.settled, &runs[..index], playbook);
                if resumes.failed {
                    carried.drop_failures(playbook);
                }
                let how = if resumes.restart { AfterCleanup::Restart } else { AfterCleanup::Continue };
                carried.clean_up(&runs[..index], playbook, how);
                carried.cleaned.clear();
            }
            carried.take(index, run, keys, (&header.run, playbook));
            if index == 0 {
                (carried.resumes.first, carried.resumes.started) = (header.run.clone(), header.started.clone());
            }
            carried.runs.push(header.run.clone());
            carried.resumes.run.clone_from(&header.run);
        }
        if options.failed {
            carried.drop_failures(playbook);
        }
        carried.clean_up(&runs, playbook, options.after_cleanup);
        carried.resumes.failed = options.failed;
        carried.resumes.restart = options.after_cleanup == AfterCleanup::Restart;
        carried
    }

    fn take(&mut self, index: usize, run: &PastRun, keys: &Keys, (id, playbook): (&str, &Playbook)) {
        let asked: BTreeSet<RoundIx> = run.rounds.iter().filter_map(|round| keys.round(*round)).collect();
        self.rounds.extend(&asked);
        self.left_out.retain(|(round, _)| !asked.contains(round));
        self.left_out.extend(run.left_out.iter().filter_map(|(round, host)| keys.round(*round).zip(keys.host(*host))));
        for (round, batches) in &run.batches {
            if let Some(round) = keys.round(*round) {
                let most = self.batches.entry(round).or_default();
                *most = (*most).max(*batches);
            }
        }
        for ((round, block, host), (ends, _)) in &run.blocks {
            if let (Some(is), Some(block), Some(host)) = (keys.round(*round), keys.block(*round, *block), keys.host(*host)) {
                let most = self.blocks.entry((is, block, host)).or_default();
                *most = (*most).max(*ends);
            }
        }
        for ((round, block, host), passes) in &run.passes {
            if let (Some(is), Some(block), Some(host)) = (keys.round(*round), keys.block(*round, *block), keys.host(*host)) {
                let all = self.passes.entry((is, block, host)).or_default();
                // A run that resumes goes through the passes again, as far as it comes.
                let kept = all.split_off(all.len().min(passes.len()));
                *all = passes.iter().cloned().chain(kept).collect();
            }
        }
        for (was, past) in &run.steps {
            let Some(step) = keys.step(*was) else { continue };
            let (round, task) = (playbook.round(step.round), playbook.task(step.round, step.task));
            match last_end(past).filter(|end| stays(&end.outcome)) {
                Some(end) => drop(self.over.insert(step, is_failure(&end.outcome))),
                None => drop(self.over.remove(&step)),
            }
            if !can_be_carried(&task.verb) {
                continue;
            }
            let in_passes = round.repeats(round.home(step.task));
            if last_end(past).is_some_and(|end| end.outcome.blocked) {
                self.blocked.insert(step);
            } else {
                self.blocked.remove(&step);
            }
            for (turn, past) in &past.turns {
                if past.cut && past.end.is_none() && !task.only_reads() {
                    self.maybe_changed.insert(step);
                }
                let place = self.steps.entry(step).or_default().entry(*turn).or_default();
                let source = |attempt| Source { run: index, step: *was, attempt };
                place.take(past, source, (id, run.at), (task.flow.each.is_some(), in_passes), keys);
                if !past.ended_in.is_empty() {
                    place.made_good = past.ended_in.iter().any(|(block, status, again)| {
                        let allowed = keys.block(was.round, *block).is_some_and(|block| round.blocks[block.index()].allow_failure);
                        *again || *status == BlockStatus::Rescued || (allowed && *status == BlockStatus::Failed)
                    });
                }
            }
        }
        // What a later run has notified again is its own to tell.
        let mut pending = BTreeSet::new();
        let handler =
            |step: &StepId| playbook.round(step.round).handlers.contains(&step.task).then_some((step.round, step.host, step.task));
        let ran: BTreeSet<_> = run.steps.keys().filter_map(|was| handler(&keys.step(*was)?)).collect();
        let today = |(round, host, handler): &(RoundIx, HostIx, TaskIx)| {
            Some((keys.round(*round)?, keys.host(*host)?, keys.task(*round, *handler)?))
        };
        pending.extend(run.pending.iter().filter_map(today));
        self.paid.extend(run.paid.iter().filter_map(today));
        // A run that resumes notifies again what was pending before, as far as it comes to it.
        self.pending.retain(|key| !ran.contains(key));
        self.pending.extend(pending);
    }

    /// Forgets failures, so that they are done again; but those that a block around them or `allow_failure` made good.
    fn drop_failures(&mut self, playbook: &Playbook) {
        for (step, turns) in &mut self.steps {
            let handler = playbook.round(step.round).handlers.contains(&step.task);
            let last = turns.keys().next_back().copied();
            for (turn, carried) in turns.iter_mut().filter(|(_, turn)| !turn.made_good) {
                // What a handler failed at was made good where it ran again.
                let failed = carried.ends().any(|end| is_failure(&end.outcome));
                if !failed || (handler && Some(*turn) != last) {
                    continue;
                }
                carried.end = carried.end.take().filter(|end| !is_failure(&end.outcome));
                carried.items.retain(|_, (_, end)| !is_failure(&end.outcome));
                carried.all_items = false;
                self.over.remove(step);
                if handler {
                    self.pending.insert((step.round, step.host, step.task));
                }
            }
        }
        // What a failure kept back is let go with it.
        self.blocked.clear();
    }

    /// Takes a durable execution out of a turn of a step: it is found once.
    pub fn take_durable(&mut self, step: StepId, turn: u32, at: usize) -> Option<CarriedDurable> {
        let known = &mut self.steps.get_mut(&step)?.get_mut(&turn)?.durable;
        (at < known.len()).then(|| known.remove(at))
    }

    /// What is carried over of a turn of a step.
    #[must_use]
    pub fn turn(&self, step: StepId, turn: u32) -> Option<&CarriedTurn> {
        self.steps.get(&step)?.get(&turn)
    }
}

impl CarriedTurn {
    fn is_empty(&self) -> bool {
        self.end.is_none() && self.items.is_empty() && self.open.is_empty()
    }

    fn take(
        &mut self,
        past: &PastTurn,
        source: impl Fn(u32) -> Source,
        (run, at): (&str, i64),
        (each, in_passes): (bool, bool),
        keys: &Keys,
    ) {
        let end = |end: &PastEnd| {
            let outcome = Outcome { carried: Some(run.to_owned()), ..end.outcome.clone() };
            let kept = end.kept.as_ref().and_then(|(on, name)| Some((keys.host(*on)?, name.clone())));
            CarriedEnd { from: source(end.attempt), outcome, began: end.began, result: None, kept, settled: false }
        };
        // What an earlier run ended stands as it was taken from there.
        let own = |end: &&PastEnd| end.outcome.carried.is_none() && !end.again && stays(&end.outcome);
        let ended = !past.attempts.is_empty() || past.end.is_some();
        if each {
            for item in past.attempts.iter().filter(own) {
                if let Some(label) = &item.item {
                    self.items.insert(label.index, (label.label.clone(), end(item)));
                    self.all_items = self.items.len() >= label.of as usize;
                }
            }
        } else if in_passes {
            if let Some(last) = past.attempts.iter().rev().find(|end| !end.again).filter(own) {
                self.pass = last.item.as_ref().map(|item| item.label.clone());
                self.end = Some(end(last));
            }
        } else if let Some(last) = past.end.as_ref().filter(own) {
            self.end = Some(end(last));
        }
        if ended || !past.open.is_empty() {
            // This run has come to it again: what was open before is over, or open as it is here.
            self.open.clear();
            self.durable.clear();
        }
        // What ended on all hosts, or is to be tried on all of them again, is under way on none.
        let is_over = |item: Option<u32>| past.attempts.iter().any(|end| end.item.as_ref().map(|item| item.index) == item);
        self.done_on.retain(|(item, _)| if each { !is_over(item.as_ref().map(|(index, _)| *index)) } else { !ended });
        for (attempt, open) in &past.open {
            let from = source(*attempt);
            let on = keys.host(open.on.unwrap_or(from.step.host));
            let item = open.item.as_ref().map(|item| (item.index, item.label.clone()));
            let long = open.began.is_some_and(|began| at - began > CLAIMED_MS);
            self.done_on.extend(open.done_on.iter().filter_map(|host| Some((item.clone(), keys.host(*host)?))));
            self.open.push(CarriedOpen {
                from,
                began: open.began.is_some(),
                on,
                item,
                durable: open.durable.clone(),
                long,
                vanished: open.vanished,
            });
        }
    }
}

/// Says whether a recorded end stays as it is; what was cancelled, never reached or kept back by a failure does not.
fn stays(outcome: &Outcome) -> bool {
    !outcome.blocked && matches!(outcome.status, Status::Ok | Status::Changed | Status::Skipped | Status::Failed)
}

fn is_failure(outcome: &Outcome) -> bool {
    outcome.status == Status::Failed && !outcome.allowed
}

/// How a step ended for good in a run, if it did.
fn last_end(past: &PastStep) -> Option<&PastEnd> {
    past.turns.values().next_back()?.end.as_ref()
}

/// Says whether what a verb did need not be done again: `set` is remembered by the run alone, `flush` runs what is pending.
fn can_be_carried(verb: &Verb) -> bool {
    !matches!(verb, Verb::Set(_) | Verb::Flush)
}

#[cfg(test)]
mod tests;
