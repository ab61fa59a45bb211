//! A host that can't be reached any more: what of it is over by that, and what goes on elsewhere.

use super::dispatcher::Dispatcher;
use super::state::{Link, Phase, RoundPhase, Seat};
use super::steps::unreachable;
use super::worker::JobId;
use crate::event::Outcome;
use crate::model::{RoundIx, Section, StepId};

impl Dispatcher {
    /// A seat's host can't be reached any more: what was to run there is over.
    pub(super) fn host_gone(&mut self, seat: Seat, reason: String) {
        self.any_unreachable = true;
        let gone = self.seats.host(seat);
        self.hosts[seat.index()].link = Link::Gone(reason.clone());
        self.hosts[seat.index()].worker = None;
        let name = self.fixed.inventory.host(gone).name.clone();
        for index in 0..self.rounds.len() {
            let round = RoundIx::new(index);
            let here = self.rounds[index].hosts.contains(&gone) && self.seats.of(round, gone) == seat;
            if self.rounds[index].phase != RoundPhase::Active || !here {
                continue;
            }
            let steps: Vec<StepId> = self.queue.unfinished(round, gone).filter(|step| self.ends_with_its_host(*step, seat)).collect();
            let playbook = self.fixed.playbook.clone();
            for step in steps {
                self.end_rest(step, playbook.task(round, step.task), &unreachable(&name, &reason));
            }
            self.end_waits_of_blocks(round, gone);
            self.dirty.insert((round, gone));
        }
        // Steps of other hosts that were to run here.
        let mut delegated: Vec<JobId> = self.jobs.iter().filter(|(_, job)| job.seat == seat && !job.orphan).map(|(id, _)| *id).collect();
        delegated.sort_unstable();
        for id in delegated {
            self.left_unreachable(id, unreachable(&name, &reason));
        }
        let mut orphans: Vec<JobId> = self.jobs.iter().filter(|(_, job)| job.seat == seat).map(|(id, _)| *id).collect();
        orphans.sort_unstable();
        for id in orphans {
            self.forget(id);
        }
        self.dirty.extend(std::mem::take(&mut self.hosts[seat.index()].starved));
    }

    /// A job's host can't be reached, and so its unit is over.
    pub(super) fn left_unreachable(&mut self, id: JobId, outcome: Outcome) {
        let Some(job) = self.land(id) else { return };
        let some_ran = job.some_ran();
        self.unit_ended((job.step, job.unit), outcome, None, some_ran);
    }

    /// Says whether a step of a host that is lost is over by that: not what runs elsewhere, nor what the round's end is to
    /// do elsewhere for a host on which it began; handlers only where they are pending.
    fn ends_with_its_host(&self, step: StepId, seat: Seat) -> bool {
        let round = self.fixed.playbook.round(step.round);
        let Some(task) = round.tasks.get(step.task.index()) else { return false };
        let flying = match self.phases.get(&step) {
            Some(Phase::Judged) => return false,
            Some(Phase::Flying(id)) => std::slice::from_ref(id),
            Some(Phase::Busy) => self.repeats.get(&step).map_or(&[][..], |repeat| &repeat.jobs),
            None => &[],
        };
        if flying.iter().any(|id| self.jobs.get(id).is_some_and(|job| job.seat != seat)) {
            return false;
        }
        let key = (step.round, step.host);
        match task.flow.home.section {
            Section::Tasks => true,
            Section::Handlers => {
                let current = self.handler_runs.get(&key).and_then(|run| run.current);
                let at = round.handlers.iter().position(|handler| *handler == step.task);
                current == Some(step.task) || self.notified.get(&key).zip(at).is_some_and(|(pending, at)| pending.contains(&at))
            }
            Section::Finally => self.begun.contains(&key) && task.on.is_empty(),
        }
    }
}
