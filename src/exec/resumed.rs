//! A run that resumes another: recorded ends take the place of what would be done, handlers that are owed run first.
//!
//! The run goes through the playbook as any other; where a step has a recorded end it is judged by that at once. Which of
//! several ends it is follows from the turn: how often the blocks around the step have ended on its host in this run, which
//! goes as it went in the one before.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::advance::UnitId;
use super::blocks::BlockId;
use super::dispatcher::Dispatcher;
use super::settle::Cut;
use crate::event::{Outcome, RunEvent};
use crate::model::{HostIx, Playbook, RoundIx, StepId, Task, TaskIx};
use crate::plan::{Carried, CarriedEnd, CarriedTurn, StepResult};
use crate::transport::Durable;

/// A handler that an earlier run of the playbook left pending on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Its round.
    pub round: RoundIx,
    /// The host.
    pub host: HostIx,
    /// The handler.
    pub handler: TaskIx,
    /// The id of the run that owes it.
    pub run: String,
}

impl Owed {
    /// What is owed of what is carried over.
    pub(super) fn of(carried: &Carried, playbook: &Playbook) -> Vec<Owed> {
        let run = &carried.resumes.run;
        // What was paid is taken over in its turn, so that what comes behind meets its own.
        let due: BTreeSet<_> = carried.owed(playbook).into_iter().chain(carried.paid.iter().copied()).collect();
        due.into_iter().map(|(round, host, handler)| Owed { round, host, handler, run: run.clone() }).collect()
    }
}

/// What is carried over, and where this run stands beside it.
#[derive(Debug, Default)]
pub(super) struct Resumed {
    carried: Carried,
    /// How often blocks have ended on hosts.
    blocks: HashMap<BlockId, u32>,
    /// How often steps in no block have ended.
    ends: HashMap<StepId, u32>,
}

impl Resumed {
    pub(super) fn new(carried: Carried) -> Resumed {
        Resumed { carried, ..Resumed::default() }
    }

    /// The ids of the runs that this one goes on with.
    pub(super) fn runs(&self) -> &[String] {
        &self.carried.runs
    }

    /// Units that may have changed something before they are done again.
    pub(super) fn cut(carried: &Carried) -> HashMap<UnitId, Cut> {
        carried.maybe_changed.iter().map(|step| ((*step, None), Cut::before())).collect()
    }
}

impl Dispatcher {
    fn carried_turn(&self, step: StepId) -> Option<&CarriedTurn> {
        let resumed = self.resumed.as_ref()?;
        let turn = resumed.carried.turn(step, self.turn_of(resumed, step))?;
        self.is_same_pass(resumed, step, turn).then_some(turn)
    }

    /// Says whether the blocks around a step are at the items that they were at: the pass of another item has not been done.
    fn is_same_pass(&self, resumed: &Resumed, step: StepId, turn: &CarriedTurn) -> bool {
        let round = self.fixed.playbook.round(step.round);
        let mut innermost = turn.pass.as_ref();
        round.around(round.home(step.task)).all(|(block, _)| {
            let id = (step.round, block, step.host);
            let Some(now) = self.item(id).map(|item| item.label) else { return true };
            let ended = resumed.blocks.get(&id).copied().unwrap_or(0);
            let passed = usize::try_from(ended).ok().and_then(|ended| resumed.carried.passes.get(&id)?.get(ended)?.as_ref());
            innermost.take().is_none_or(|was| *was == now) && passed.is_none_or(|was| was.label == now)
        })
    }

    fn turn_of(&self, resumed: &Resumed, step: StepId) -> u32 {
        let round = self.fixed.playbook.round(step.round);
        let place = round.home(step.task);
        if place.block.is_none() {
            return resumed.ends.get(&step).copied().unwrap_or(0);
        }
        let ended = |block| resumed.blocks.get(&(step.round, block, step.host)).copied().unwrap_or(0);
        round.around(place).map(|(block, _)| ended(block)).sum()
    }

    /// Says whether a step has a recorded end, or ends of some of its items.
    pub(super) fn is_carried(&self, step: StepId) -> bool {
        self.carried_turn(step).is_some_and(|turn| turn.end.is_some() || !turn.items.is_empty())
    }

    /// Ends a step as it ended before; false where there is no such end.
    pub(super) fn take_over(&mut self, step: StepId) -> bool {
        let Some(end) = self.carried_turn(step).and_then(|turn| turn.end.as_ref()) else { return false };
        let ((outcome, result), kept) = (told(end), end.kept.clone());
        if let Some((on, name)) = kept.filter(|_| self.fixed.playbook.task(step.round, step.task).r#become.is_none()) {
            self.tidy_later(step, on, name);
        }
        if outcome.ran_before() {
            self.begun.insert((step.round, step.host));
        }
        self.judged(step, 0, outcome, Some(result));
        true
    }

    /// How a step ended before.
    pub(super) fn end_before(&self, step: StepId) -> Option<(Outcome, Arc<StepResult>)> {
        self.carried_turn(step)?.end.as_ref().map(told)
    }

    /// How the items of a step ended before. An item that stands elsewhere by now is known by its label.
    pub(super) fn items_before(&self, step: StepId, labels: &[Option<String>]) -> Vec<Option<(Outcome, Arc<StepResult>)>> {
        let Some(turn) = self.carried_turn(step) else { return vec![None; labels.len()] };
        let mut left: BTreeMap<u32, &(String, CarriedEnd)> = turn.items.iter().map(|(index, item)| (*index, item)).collect();
        let mut here: Vec<Option<&CarriedEnd>> = Vec::new();
        for (index, label) in (0_u32..).zip(labels) {
            let same = left.get(&index).is_some_and(|(was, _)| Some(was) == label.as_ref());
            here.push(same.then(|| left.remove(&index)).flatten().map(|(_, end)| end));
        }
        let mut moved = |label: &Option<String>| {
            let index = left.iter().find(|(_, (was, _))| Some(was) == label.as_ref()).map(|(index, _)| *index)?;
            left.remove(&index).map(|(_, end)| end)
        };
        let ends = here.into_iter().zip(labels).map(|(end, label)| end.or_else(|| moved(label)));
        ends.map(|end| end.map(told)).collect()
    }

    /// Lets an execution be found again under the name that its host knows from the run before.
    pub(super) fn find_again(&mut self, (step, unit): UnitId, attempt: u32, on: HostIx) {
        let item = unit.and_then(|unit| self.repeats.get(&step)?.units.get(unit)?.item.as_ref().map(|item| item.index));
        let item = item.and_then(|index| u32::try_from(index).ok());
        let Some(turn) = self.resumed.as_ref().map(|resumed| self.turn_of(resumed, step)) else { return };
        let durables = self.carried_turn(step).map_or(&[][..], |turn| &turn.durable);
        let Some(at) = durables.iter().position(|known| (known.item, known.on) == (item, on)) else { return };
        let Some(known) = self.resumed.as_mut().and_then(|resumed| resumed.carried.take_durable(step, turn, at)) else { return };
        self.durables.earlier.insert((step, attempt, on), Durable { name: known.name, begun: known.begun });
    }

    /// The hosts that a unit is still to run on, of all that its task names.
    pub(super) fn still_to_run_on(&self, of: UnitId, all: &[HostIx]) -> VecDeque<HostIx> {
        let (step, unit) = of;
        let tries = unit.and_then(|unit| Some(self.repeats.get(&step)?.units.get(unit)?.tries));
        // Another try is one on all of them.
        if tries.is_some_and(|tries| tries > 1) {
            return all.iter().copied().collect();
        }
        let item = self.label(of).map(|item| (item.index, item.label));
        let done = self.carried_turn(step).map_or(&[][..], |turn| &turn.done_on);
        all.iter().copied().filter(|host| !done.iter().any(|(of, on)| (of, on) == (&item, host))).collect()
    }

    /// The host that did a `once` task for all, or began to.
    pub(super) fn ran_once_on(&self, step: StepId) -> Option<HostIx> {
        let hosts = &self.rounds[step.round.index()].hosts;
        hosts.iter().copied().find(|host| {
            let step = StepId { host: *host, ..step };
            self.may_have_changed(step)
                || self.carried_turn(step).is_some_and(|turn| {
                    turn.ends().any(|end| end.outcome.ran_before()) || !turn.durable.is_empty() || !turn.done_on.is_empty()
                })
        })
    }

    /// Says whether a round had begun before.
    pub(super) fn had_begun(&self, round: RoundIx) -> bool {
        self.resumed.as_ref().is_some_and(|resumed| resumed.carried.rounds.contains(&round))
    }

    /// Says whether a batch, counted from 1, had begun before.
    pub(super) fn batch_had_begun(&self, round: RoundIx, batch: usize) -> bool {
        let begun = self.resumed.as_ref().and_then(|resumed| resumed.carried.batches.get(&round));
        begun.is_some_and(|begun| *begun as usize >= batch)
    }

    /// Notes that a block ended on a host; true where it had ended so often before, and what came then had begun.
    pub(super) fn block_ended_again(&mut self, id: BlockId) -> bool {
        let Some(resumed) = &mut self.resumed else { return false };
        let ends = resumed.blocks.entry(id).or_default();
        *ends += 1;
        resumed.carried.blocks.get(&id).is_some_and(|before| before > ends)
    }

    /// Says whether a step may have changed something in the run before, whatever it finds now.
    pub(super) fn may_have_changed(&self, step: StepId) -> bool {
        self.resumed.as_ref().is_some_and(|resumed| resumed.carried.maybe_changed.contains(&step))
    }

    /// Notes that a step is over.
    pub(super) fn step_over(&mut self, step: StepId) {
        if let Some(resumed) = &mut self.resumed {
            *resumed.ends.entry(step).or_default() += 1;
        }
    }

    /// Runs what earlier runs owe a host before its own tasks in a round.
    pub(super) fn pay(&mut self, round: RoundIx, host: HostIx) {
        let handlers = &self.fixed.playbook.round(round).handlers;
        let due: Vec<(usize, Owed)> = self
            .owed
            .extract_if(.., |owed| (owed.round, owed.host) == (round, host))
            .filter_map(|owed| Some((handlers.iter().position(|handler| *handler == owed.handler)?, owed)))
            .collect();
        if due.is_empty() || self.is_dry() {
            return;
        }
        for (at, owed) in due {
            if self.notified.entry((round, host)).or_default().insert(at) {
                let (handler, run) = (owed.handler, Some(owed.run));
                self.recorder.emit(RunEvent::Notified { round, host, handler, by: handler, run });
            }
        }
        self.handler_runs.entry((round, host)).or_default().first = true;
        self.next_handler(round, host);
    }

    /// Says whether a step waits for handlers that are owed.
    pub(super) fn waits_for_owed(&self, step: StepId, task: &Task) -> bool {
        let first = self.handler_runs.get(&(step.round, step.host)).is_some_and(|run| run.first);
        first && task.flow.home.section != crate::model::Section::Handlers
    }
}

/// What became of it, and what templates may read of it.
fn told(end: &CarriedEnd) -> (Outcome, Arc<StepResult>) {
    (end.outcome.clone(), end.result.clone().unwrap_or_else(|| Arc::new(unread(&end.outcome))))
}

/// A result that nobody reads.
fn unread(outcome: &Outcome) -> StepResult {
    let changed = outcome.status == crate::event::Status::Changed;
    let attempts = u32::from(outcome.ran_before());
    StepResult { changed, rc: outcome.rc, outputs: outcome.outputs.clone(), attempts, ..StepResult::without_run(outcome.status) }
}
