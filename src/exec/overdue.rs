//! `max_wait`: hosts that are not done in time are given up for their round.
//!
//! Counted from the round's begin, or the batch's. What runs on such a host is ended, what has not begun is not begun;
//! `rescue`, `always` and `finally` of what had begun still run, as after an interrupt, and what was notified stays pending.
//! A host that is only left with those is not late. Knows no lanes: it tells workers which jobs to end.

use std::collections::BTreeMap;

use super::dispatcher::Dispatcher;
use super::state::{Effect, Link, Phase, RoundPhase, Seat};
use super::steps::unreachable;
use super::timers::Wake;
use super::worker::{JobId, ToWorker};
use crate::event::{Outcome, RunEvent, Status};
use crate::model::{HostIx, RoundIx, Section, StepId};
use crate::plan::StepResult;
use crate::text::format_duration;

/// The kind of refusal of a host that was still being connected.
const CLASS: &str = "max_wait";

/// What of a host that is late is on its way.
#[derive(Debug, Default)]
struct Late {
    /// To hosts that are connected, by their slots.
    there: BTreeMap<(Seat, usize), Vec<JobId>>,
    /// To hosts that are not.
    connecting: BTreeMap<Seat, Vec<JobId>>,
}

impl Dispatcher {
    /// Begins to count a round's, or its batch's, time.
    pub(super) fn count_the_wait(&mut self, round: RoundIx) {
        let state = &mut self.rounds[round.index()];
        state.turn += 1;
        let turn = state.turn;
        let limit = self.fixed.playbook.round(round).flow.max_wait.filter(|_| !self.is_dry());
        if let Some(limit) = limit {
            self.recorder.then(Effect::Later(limit, Wake::Overdue(round, turn)));
        }
    }

    /// Says whether a host was given up for a round.
    pub(super) fn is_overdue(&self, round: RoundIx, host: HostIx) -> bool {
        self.rounds[round.index()].overdue.contains_key(&host)
    }

    /// Says whether a host is not to go on with its tasks in a round.
    pub(super) fn stopping_on(&self, round: RoundIx, host: HostIx) -> bool {
        self.stopping(round) || self.is_overdue(round, host)
    }

    /// Why a step that has not begun is left.
    pub(super) fn why_stopped(&self, step: StepId) -> String {
        let overdue = self.is_overdue(step.round, step.host) && !self.stopping(step.round);
        if overdue { self.wait_is_over(step.round) } else { self.why_given_up().to_owned() }
    }

    fn wait_is_over(&self, round: RoundIx) -> String {
        let limit = self.fixed.playbook.round(round).flow.max_wait.unwrap_or_default();
        format!("max_wait of {} is over", format_duration(limit))
    }

    /// What becomes of a step that is left; of a host that is late one step at least has failed.
    pub(super) fn left_outcome(&mut self, step: StepId) -> Outcome {
        let reason = self.why_stopped(step);
        // A handler that has not begun stays pending, which one that failed does not.
        let is_handler = self.fixed.playbook.round(step.round).home(step.task).section == Section::Handlers;
        let overdue = self.rounds[step.round.index()].overdue.get_mut(&step.host);
        let status = match overdue {
            Some(told) if !*told && !is_handler => {
                *told = true;
                Status::Failed
            }
            _ => Status::Cancelled,
        };
        Outcome::without_run(status, reason)
    }

    /// Puts the right words to the outcome of a job that was ended by us.
    pub(super) fn ended_by_us(&mut self, step: StepId, mut outcome: Outcome, mut result: StepResult) -> (Outcome, StepResult) {
        let overdue = self.rounds[step.round.index()].overdue.get_mut(&step.host);
        let reason = if let Some(told) = overdue {
            *told = true;
            format!("{}: it was ended", self.wait_is_over(step.round))
        } else if self.stage < 2 {
            // It began in the moment in which the one before it was to be ended.
            "it was ended together with a task of another round, for which `max_wait` was over".to_owned()
        } else {
            return (outcome, result);
        };
        (outcome.status, outcome.reason, outcome.allowed) = (Status::Failed, Some(reason), false);
        (result.status, result.changed) = (Status::Failed, false);
        (outcome, result)
    }

    /// A round's, or its batch's, time is over.
    pub(super) fn wait_over(&mut self, round: RoundIx, turn: u32) {
        let state = &mut self.rounds[round.index()];
        if state.phase != RoundPhase::Active || state.turn != turn {
            return;
        }
        let queued: Vec<HostIx> = state.queued.drain(..).collect();
        let late: Vec<HostIx> = state.admitted.iter().copied().collect();
        let late: Vec<HostIx> = late.into_iter().filter(|host| self.has_more_to_do(round, *host)).collect();
        // All are marked before any is ended, so that nothing of one begins because of another.
        self.rounds[round.index()].overdue.extend(late.iter().map(|host| (*host, false)));
        let reason = self.wait_is_over(round);
        for host in queued {
            self.recorder.emit(RunEvent::HostLeftOut { round, host, reason: reason.clone() });
            self.results.left_out(round, host);
            let (_, effects) = self.queue.abandon(round, host);
            self.went_badly(round, host, Status::Failed);
            if effects.round_done {
                self.end_round(round);
            }
        }
        let jobs = self.late_jobs(round);
        for (seat, ids) in jobs.connecting {
            self.give_up_connecting(seat, &ids, &reason);
        }
        self.ask_late_no_more(round, &reason);
        for host in late {
            self.leave_late(round, host);
        }
        for ((seat, slot), ids) in jobs.there {
            self.recall(seat, slot);
            if let Some(worker) = &self.hosts[seat.index()].worker {
                // One that is gone has nothing left to end.
                let _ = worker.send(ToWorker::End(slot, ids));
            }
        }
        self.maybe_next_batch(round);
    }

    /// Says whether a host has tasks or handlers of a round before it, beside what cleans up.
    fn has_more_to_do(&self, round: RoundIx, host: HostIx) -> bool {
        let plan = self.fixed.playbook.round(round);
        let open = self.queue.unfinished(round, host).any(|step| {
            let task = plan.tasks.get(step.task.index());
            let is_task = task.is_some_and(|task| task.flow.home.section == Section::Tasks);
            is_task && !self.cleans_up(step) && self.phases.get(&step) != Some(&Phase::Judged)
        });
        open || self.handler_runs.get(&(round, host)).is_some_and(|run| run.current.is_some())
    }

    /// What is on its way for hosts that are late, and is to be ended.
    fn late_jobs(&self, round: RoundIx) -> Late {
        let mut ids: Vec<JobId> = self.jobs.keys().copied().collect();
        ids.sort_unstable();
        let mut late = Late::default();
        for id in ids {
            let Some(job) = self.jobs.get(&id) else { continue };
            let theirs = job.step.round == round && self.is_overdue(round, job.step.host) && !self.cleans_up(job.step);
            if job.orphan || !theirs {
                continue;
            }
            if self.hosts[job.seat.index()].link == Link::Up {
                late.there.entry((job.seat, job.slot)).or_default().push(id);
            } else {
                late.connecting.entry(job.seat).or_default().push(id);
            }
        }
        late
    }

    /// Ends what waits for a connection; nobody else's work there is lost by it.
    fn give_up_connecting(&mut self, seat: Seat, ids: &[JobId], reason: &str) {
        let playbook = self.fixed.playbook.clone();
        let host = self.seats.host(seat);
        let name = self.fixed.inventory.host(host).name.clone();
        let of = |id: &JobId| self.jobs.get(id).map(|job| (*id, job.step, job.slot, job.adrift));
        let jobs: Vec<(JobId, StepId, usize, bool)> = ids.iter().filter_map(of).collect();
        for &(id, step, _, adrift) in &jobs {
            if self.queue.is_over(step) || self.phases.get(&step) == Some(&Phase::Judged) {
                continue;
            }
            self.rounds[step.round.index()].overdue.insert(step.host, true);
            if adrift {
                // It may have begun there, and may still run.
                self.cut_short(id, Outcome::without_run(Status::Unknown, format!("the session was lost, and {reason}")));
                continue;
            }
            // Other items of it may run elsewhere, and are ended there.
            let elsewhere = |other: &JobId| self.jobs.get(other).is_some_and(|job| job.seat != seat);
            if self.repeats.get(&step).is_some_and(|repeat| repeat.jobs.iter().any(elsewhere)) {
                self.left_unreachable(id, unreachable(&name, reason));
                continue;
            }
            self.end_rest(step, playbook.task(step.round, step.task), &unreachable(&name, reason));
        }
        let wanted = self.jobs.values().any(|job| job.seat == seat && !job.orphan);
        if !wanted {
            self.any_unreachable = true;
            self.hosts[seat.index()].link = Link::Idle;
            self.recorder.emit(RunEvent::HostUnreachable { host, class: CLASS.to_owned(), message: reason.to_owned() });
        }
        // What others want there comes back, and is sent again.
        if let Some(worker) = &self.hosts[seat.index()].worker {
            let _ = worker.send(ToWorker::Withdraw);
            // It may have been connected in this very moment.
            for (id, _, slot, _) in jobs {
                let _ = worker.send(ToWorker::End(slot, vec![id]));
            }
        }
    }

    /// Takes back the questions that only hosts which are late have asked.
    fn ask_late_no_more(&mut self, round: RoundIx, reason: &str) {
        let late =
            |asking: &super::state::Asking| asking.step.is_some_and(|(step, _)| step.round == round && self.is_overdue(round, step.host));
        let (gone, kept): (Vec<_>, Vec<_>) = self.asked.iter().cloned().partition(late);
        self.asked = kept;
        for asking in gone {
            let task = asking.step.map(|(step, _)| step.task);
            self.recorder.emit(RunEvent::Answered { round, task, yes: false, by: reason.to_owned() });
        }
    }

    /// Leaves what of a host has not begun.
    fn leave_late(&mut self, round: RoundIx, host: HostIx) {
        let playbook = self.fixed.playbook.clone();
        let runs =
            self.jobs.values().any(|job| job.step.round == round && job.step.host == host && !job.orphan && !self.cleans_up(job.step));
        let told = self.rounds[round.index()].overdue.get(&host).copied().unwrap_or_default();
        if runs {
            // What runs will say it.
            self.rounds[round.index()].overdue.insert(host, true);
        }
        let steps: Vec<StepId> = self.queue.unfinished(round, host).filter(|step| self.is_waiting(*step)).collect();
        for step in steps {
            let outcome = self.left_outcome(step);
            self.end_rest(step, playbook.task(step.round, step.task), &outcome);
        }
        self.rounds[round.index()].overdue.insert(host, told || !runs);
        self.end_waits_of_blocks(round, host);
        // One that was still being connected has been counted as unreachable.
        if !told {
            self.went_badly(round, host, Status::Failed);
        }
        self.dirty.insert((round, host));
    }
}
