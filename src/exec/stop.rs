//! Giving up: what an interrupt, or a record that fails, means for each round, host and step.

use super::Interrupt;
use super::dispatcher::Dispatcher;
use super::state::{Phase, RoundPhase, Seat};
use crate::event::{Outcome, RunEvent, Status};
use crate::model::{After, HostIx, Part, RoundIx, Section, StepId};

impl Dispatcher {
    /// Says whether nothing at all is begun any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.recorder.failure().is_some() || self.stage >= 2
    }

    /// Says whether a round is not to begin, nor to go on with its tasks.
    pub(super) fn stopping(&self, round: RoundIx) -> bool {
        let always = self.fixed.playbook.round(round).after == After::Always;
        self.is_given_up() || (self.stage == 1 && !always)
    }

    /// Says whether a step that has not begun is to be left. After one interrupt `rescue`, `always` and `finally` still run.
    pub(super) fn stops(&self, step: StepId) -> bool {
        self.is_given_up() || (self.stopping_on(step.round, step.host) && !self.cleans_up(step))
    }

    /// Says whether a step belongs to a `rescue`, an `always` or a `finally`.
    pub(super) fn cleans_up(&self, step: StepId) -> bool {
        let round = self.fixed.playbook.round(step.round);
        let place = round.home(step.task);
        place.section == Section::Finally || round.around(place).any(|(_, part)| part != Part::Body)
    }

    /// Why what has not begun is left.
    pub(super) fn why_given_up(&self) -> &'static str {
        if self.recorder.failure().is_some() { "the record can't be written" } else { "the run was interrupted" }
    }

    /// Takes in that somebody wants the run to stop; true means: leave now.
    pub(super) fn interrupt(&mut self, interrupt: Interrupt) -> bool {
        self.stage = self.stage.saturating_add(1).min(3);
        self.signal = Some(interrupt);
        self.recorder.emit(RunEvent::Interrupted { stage: self.stage, signal: interrupt.word().to_owned() });
        match self.stage {
            1 => {
                self.stop_what_waits();
                self.ask_no_more();
                self.take_back();
            }
            2 => {
                self.stop_what_waits();
                self.tell_all(|| super::worker::ToWorker::Terminate);
            }
            _ => return true,
        }
        false
    }

    /// Takes back from every host what it has not begun.
    pub(super) fn take_back(&mut self) {
        for (seat, slots) in (0_u32..).zip(self.hosts.iter().map(|host| host.slots.len()).collect::<Vec<_>>()) {
            (0..slots).for_each(|slot| self.recall(Seat(seat), slot));
        }
        self.tell_all(|| super::worker::ToWorker::Withdraw);
    }

    fn tell_all(&self, word: impl Fn() -> super::worker::ToWorker) {
        for worker in self.hosts.iter().filter_map(|host| host.worker.as_ref()) {
            // A worker that is gone has nothing left to stop.
            let _ = worker.send(word());
        }
    }

    /// Ends every step that was not handed to a host, in the rounds that are to stop.
    pub(super) fn stop_what_waits(&mut self) {
        let reason = self.why_given_up();
        for index in 0..self.rounds.len() {
            let round = RoundIx::new(index);
            if self.rounds[index].phase == RoundPhase::Asking && self.stopping(round) {
                self.never_started(round, reason);
            }
            if self.rounds[index].phase != RoundPhase::Active || !self.stopping(round) {
                continue;
            }
            for host in self.rounds[index].hosts.clone() {
                let steps: Vec<StepId> = self.queue.unfinished(round, host).filter(|step| self.is_waiting(*step)).collect();
                for step in steps {
                    self.end_waiting(step, reason);
                }
                self.end_waits_of_blocks(round, host);
                if !self.rounds[index].admitted.contains(&host) {
                    // It never began, so nothing of it is left to clean up.
                    let (_, effects) = self.queue.abandon(round, host);
                    self.rounds[index].queued.retain(|other| *other != host);
                    if effects.round_done {
                        self.end_round(round);
                    }
                }
                self.dirty.insert((round, host));
            }
            self.rounds[index].batches.clear();
        }
    }

    /// Says whether a step can be ended by a word: it is to stop, and nothing of it is on its way to a host.
    pub(super) fn is_waiting(&self, step: StepId) -> bool {
        let round = self.fixed.playbook.round(step.round);
        let Some(task) = round.tasks.get(step.task.index()) else { return false };
        let on_its_way = match self.phases.get(&step) {
            None => false,
            Some(Phase::Busy) => self.repeats.get(&step).is_some_and(|repeat| !repeat.jobs.is_empty()),
            Some(Phase::Flying(_) | Phase::Judged) => true,
        };
        // Handlers stay pending; one that runs is heard out, and so is the `flush` that waits for it.
        let its_turn = task.flow.home.section != Section::Handlers || self.is_current_handler(step);
        !on_its_way && its_turn && !self.is_flushing(step) && self.stops(step) && self.is_wanted(step)
    }

    /// Says whether a step was to run at all: what cleans up does so only where something began.
    fn is_wanted(&self, step: StepId) -> bool {
        !self.cleans_up(step) || self.begun.contains(&(step.round, step.host)) || self.queue.is_released(step)
    }

    fn end_waiting(&mut self, step: StepId, reason: &str) {
        let round = self.fixed.playbook.clone();
        let task = round.task(step.round, step.task);
        self.end_rest(step, task, &Outcome::without_run(Status::Cancelled, reason));
    }

    /// Gives every step that has no outcome one, when the run is left in the middle.
    pub(super) fn settle_the_rest(&mut self) {
        for index in 0..self.rounds.len() {
            let round = RoundIx::new(index);
            if self.rounds[index].phase != RoundPhase::Active {
                continue;
            }
            for host in self.rounds[index].hosts.clone() {
                self.settle_host(round, host);
            }
        }
        let mut blocks: Vec<_> = self.blocks.keys().copied().collect();
        blocks.sort_unstable();
        blocks.into_iter().for_each(|block| self.close_passes(block));
    }

    fn settle_host(&mut self, round: RoundIx, host: HostIx) {
        let plan = self.fixed.playbook.clone();
        let steps: Vec<StepId> = self.queue.unfinished(round, host).collect();
        for step in steps {
            let Some(task) = plan.round(round).tasks.get(step.task.index()) else { continue };
            let flying = match self.phases.get(&step) {
                Some(Phase::Judged) => continue,
                Some(Phase::Flying(_)) => true,
                Some(Phase::Busy) => self.repeats.get(&step).is_some_and(|repeat| !repeat.jobs.is_empty()),
                None => false,
            };
            if flying {
                let attempt = self.executions.get(&step).copied().unwrap_or(0).max(1);
                let reason = "the run was left while it was on its way or running";
                self.judged(step, attempt, Outcome::without_run(Status::Unknown, reason), None);
            } else if task.flow.home.section != Section::Handlers && self.is_wanted(step) {
                self.judged(step, 0, Outcome::without_run(Status::Cancelled, "the run was interrupted"), None);
            }
        }
    }
}

impl Interrupt {
    /// The signal's name without `SIG`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Interrupt::Int => "INT",
            Interrupt::Term => "TERM",
            Interrupt::Hup => "HUP",
        }
    }

    pub(super) fn exit_code(self) -> u8 {
        match self {
            Interrupt::Int => 130,
            Interrupt::Term | Interrupt::Hup => 143,
        }
    }
}
