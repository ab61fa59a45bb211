//! What workers say, taken in: hosts that come and go, jobs that begin, print and end.

use tokio::time::Instant;

use super::dispatcher::{Dispatcher, millis};
use super::state::{Link, Seat};
use super::worker::{JobId, Said};
use crate::event::{Outcome, RunEvent, Status};

impl Dispatcher {
    /// A job's step began.
    pub(super) fn began(&mut self, id: JobId, at: (i64, Instant)) {
        if let Some(job) = self.jobs.get_mut(&id)
            && job.began.is_none()
        {
            job.began = Some(at);
            if !job.orphan {
                self.begun.insert((job.step.round, job.step.host));
                self.recorder.emit(RunEvent::StepBegan { step: job.step, attempt: job.attempt });
            }
        }
    }

    pub(super) fn hear(&mut self, seat: Seat, said: Said) {
        if self.hear_of_tidying(&said) {
            return;
        }
        let host = self.seats.host(seat);
        match said {
            Said::Connecting => {
                // Those who wait for their turn are not connecting yet; one that tries again has said so.
                if self.hosts[seat.index()].link == Link::Idle {
                    self.hosts[seat.index()].link = Link::Connecting;
                    self.recorder.emit(RunEvent::HostConnecting { host });
                }
            }
            Said::Retrying { attempt, message } => self.recorder.emit(RunEvent::HostRetrying { host, attempt, message }),
            Said::Note(message) => self.recorder.emit(RunEvent::HostNote { host, message }),
            Said::Connected { took } => {
                self.hosts[seat.index()].link = Link::Up;
                self.recorder.emit(RunEvent::HostConnected { host, duration_ms: millis(took) });
                self.tidy_before(seat);
            }
            Said::Unreachable(refusal) => {
                let (class, message) = (refusal.class.word().to_owned(), refusal.message.clone());
                self.recorder.emit(RunEvent::HostUnreachable { host, class, message });
                self.host_gone(seat, refusal.message);
            }
            Said::Lost { message, again } => {
                self.recorder.emit(RunEvent::HostLost { host, message: message.clone() });
                if again { self.host_lost(seat) } else { self.host_gone(seat, message) }
            }
            Said::Began(id) => {
                let now = self.recorder.now();
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.seen = true;
                }
                self.began(id, (now, Instant::now()));
            }
            Said::Output(id, stream, data) => self.output(id, stream, &data),
            Said::Ended(id, end, took) => self.ended(id, &end, took),
            Said::Full(slot) => self.hosts[seat.index()].slots[slot].full = true,
            Said::Returned(id) => {
                self.recall_behind(id);
                self.returned(id);
            }
            Said::Refused(id, refusal) => self.refused(id, &refusal),
            Said::Died(id, reason) => {
                self.recall_behind(id);
                let durable = self.jobs.get(&id).map(|job| (job.step, job.attempt, job.on));
                if durable.is_some_and(|execution| self.durables.goes_on(execution)) {
                    return self.follow_again(id, &reason);
                }
                let reason = format!("its shell ended with it: {reason}");
                self.cut_short(id, Outcome::without_run(Status::Failed, reason));
            }
            Said::Unknown(id, reason) => {
                let reason = format!("the session was lost: {reason}");
                self.cut_short(id, Outcome::without_run(Status::Unknown, reason));
            }
            Said::Found(id, found, reason) => self.settled(id, &found, &reason),
        }
    }
}
