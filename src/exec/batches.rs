//! Batches of a round's hosts, the limit of failures, pauses, and questions to the user.

use tokio::sync::oneshot;

use super::ask::{Answer, Question};
use super::dispatcher::{Dispatcher, millis};
use super::state::{Asking, Effect, RoundPhase};
use super::timers::Wake;
use crate::event::{Outcome, RunEvent, Status};
use crate::model::{HostIx, Limit, RoundIx};
use crate::plan;
use crate::text::plural;

impl Dispatcher {
    /// Divides a round's hosts and lets the first batch begin.
    pub(super) fn divide(&mut self, round: RoundIx) {
        let sizes = &self.fixed.playbook.round(round).flow.batch;
        let state = &mut self.rounds[round.index()];
        if sizes.is_empty() {
            state.queued = state.hosts.iter().copied().collect();
            self.count_the_wait(round);
            return self.let_hosts_in(round);
        }
        state.batches = plan::batches(sizes, &state.hosts).into();
        state.batch_count = state.batches.len();
        self.next_batch(round);
    }

    /// Begins the next batch.
    pub(super) fn next_batch(&mut self, round: RoundIx) {
        let state = &mut self.rounds[round.index()];
        state.pausing = false;
        let Some(hosts) = state.batches.pop_front() else { return };
        state.queued = hosts.iter().copied().collect();
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (batch, of) = (number(state.batch_count - state.batches.len()), number(state.batch_count));
        self.recorder.emit(RunEvent::BatchStarted { round, batch, of, hosts });
        self.count_the_wait(round);
        self.let_hosts_in(round);
        // Its hosts may all have been lost before it began.
        self.maybe_next_batch(round);
    }

    /// Where a batch is over: the next one, after a pause.
    pub(super) fn maybe_next_batch(&mut self, round: RoundIx) {
        let state = &self.rounds[round.index()];
        let over = state.phase == RoundPhase::Active && state.admitted.is_empty() && state.queued.is_empty() && !state.pausing;
        if !over || state.batches.is_empty() {
            return;
        }
        let pause = self.fixed.playbook.round(round).flow.pause;
        if pause.is_zero() || self.is_dry() || self.batch_had_begun(round, state.batch_count - state.batches.len() + 1) {
            return self.next_batch(round);
        }
        self.rounds[round.index()].pausing = true;
        self.recorder.emit(RunEvent::BatchPaused { round, duration_ms: millis(pause) });
        self.recorder.then(Effect::Later(pause, Wake::Batch(round)));
    }

    /// A host did not get through a round well.
    pub(super) fn went_badly(&mut self, round: RoundIx, host: HostIx, status: Status) {
        self.rounds[round.index()].bad.insert(host);
        let counts = match status {
            Status::Failed | Status::Unknown => {
                self.host_failed(host);
                true
            }
            Status::Unreachable => !self.fixed.playbook.round(round).flow.skip_unreachable || self.begun.contains(&(round, host)),
            _ => false,
        };
        if counts {
            self.counts_as_failure(round, host);
        }
    }

    pub(super) fn host_failed(&mut self, host: HostIx) {
        self.any_failed = true;
        self.results.host_failed(host);
    }

    /// A host failed for the purposes of `max_failures`.
    pub(super) fn counts_as_failure(&mut self, round: RoundIx, host: HostIx) {
        let plan = self.fixed.playbook.round(round);
        let state = &mut self.rounds[round.index()];
        state.failures.insert(host);
        if self.look.is_some() {
            // What else there is to say is to be said too.
            return;
        }
        let default = (!plan.flow.batch.is_empty()).then_some(Limit::Count(0));
        let Some(limit) = plan.flow.max_failures.or(default) else { return };
        let (failed, most) = (state.failures.len(), limit.of(state.hosts.len()));
        if failed <= most {
            return;
        }
        let reason = format!("{failed} of {} failed in {}, {most} may", plural(state.hosts.len(), "host"), plan.id);
        if self.stopped.is_none() {
            self.recorder.emit(RunEvent::Stopped { round, reason: reason.clone() });
            self.give_up(reason.clone());
        }
        // Its own limit holds for one that runs whatever happened elsewhere, too.
        self.leave_waiting(round, &reason);
    }

    /// Lets no further batch or round start; what has begun goes on.
    fn give_up(&mut self, reason: String) {
        self.stopped = Some(reason.clone());
        for index in 0..self.rounds.len() {
            let round = RoundIx::new(index);
            if self.fixed.playbook.rounds[index].after == crate::model::After::Always {
                continue;
            }
            if self.rounds[index].phase == RoundPhase::Asking {
                self.never_started(round, &reason);
            }
            self.leave_waiting(round, &reason);
        }
    }

    /// Leaves out the hosts of a round whose turn has not come.
    fn leave_waiting(&mut self, round: RoundIx, reason: &str) {
        let state = &mut self.rounds[round.index()];
        if state.phase != RoundPhase::Active {
            return;
        }
        let waiting: Vec<HostIx> = state.queued.drain(..).chain(std::mem::take(&mut state.batches).into_iter().flatten()).collect();
        for host in waiting {
            self.recorder.emit(RunEvent::HostLeftOut { round, host, reason: reason.to_owned() });
            self.results.left_out(round, host);
            self.rounds[round.index()].bad.insert(host);
            let (_, effects) = self.queue.abandon(round, host);
            if effects.round_done {
                self.end_round(round);
            }
        }
    }

    /// Asks the user; without anybody to ask the answer is no.
    pub(super) fn ask(&mut self, asking: Asking) {
        let (answer, answered) = oneshot::channel();
        let question = Question { text: asking.question.clone(), answer };
        let answers = self.answers.clone();
        let asker = self.asker.clone();
        self.asked.push(asking.clone());
        self.questions.spawn(async move {
            let nobody = || Answer::No { by: "nobody could be asked".to_owned() };
            let told = match asker {
                Some(asker) if asker.send(question).await.is_ok() => answered.await.unwrap_or_else(|_| nobody()),
                _ => nobody(),
            };
            // The run may have been left meanwhile.
            let _ = answers.send((asking, told));
        });
    }

    /// Nobody waits for answers any more: all that was asked is answered with no.
    pub(super) fn ask_no_more(&mut self) {
        self.questions.abort_all();
        for asking in std::mem::take(&mut self.asked) {
            self.answered(&asking, Answer::No { by: self.why_given_up().to_owned() });
        }
    }

    /// The user answered.
    pub(super) fn answered(&mut self, asking: &Asking, answer: Answer) {
        let (yes, by) = match answer {
            Answer::Yes { by } => (true, by),
            Answer::No { by } => (false, by),
        };
        let round = asking.round;
        self.asked.retain(|other| (other.round, other.step) != (round, asking.step));
        let still_asked = match asking.step {
            Some((step, _)) => !self.queue.is_over(step) && self.phases.get(&step) == Some(&super::state::Phase::Busy),
            None => self.rounds[round.index()].phase == RoundPhase::Asking,
        };
        if !still_asked {
            return;
        }
        self.recorder.emit(RunEvent::Answered { round, task: asking.step.map(|(step, _)| step.task), yes, by: by.clone() });
        let refused = format!("`{}` was answered no ({by})", crate::text::one_line(&asking.question, 60));
        match (asking.step, yes) {
            (None, true) => self.really_start(round),
            (None, false) => {
                self.never_started(round, &refused);
                self.give_up(refused);
            }
            (Some(of), true) => self.control_over(of, Outcome::new(Status::Ok)),
            (Some(of), false) => {
                if self.stopped.is_none() {
                    self.give_up(refused.clone());
                }
                self.leave_waiting(round, &refused);
                self.control_over(of, Outcome::without_run(Status::Failed, refused));
            }
        }
    }

    /// A timer is due.
    pub(super) fn wake(&mut self, wake: Wake) {
        match wake {
            Wake::Unit(step, unit) => self.unit_again(step, unit),
            Wake::Block(round, block, host) => self.block_again((round, block, host)),
            Wake::Batch(round) => self.next_batch(round),
            Wake::Overdue(round, turn) => self.wait_over(round, turn),
            Wake::Pause(step, unit) => self.paused(step, unit),
        }
    }
}
