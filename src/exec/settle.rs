//! What becomes of steps whose session was lost and opened again.
//!
//! The worker says what the host knows of each job that was on its way; here is decided whether the job's step has ended by that, is
//! sent again, or is *unknown*. An execution that was cut short and is followed by another ends as an attempt of its own.

use super::advance::UnitId;
use super::dispatcher::{Dispatcher, millis};
use super::request::Trip;
use super::state::{JobState, Link, Seat};
use super::worker::JobId;
use crate::event::{Outcome, RunEvent, Status};
use crate::model::{OnDisconnect, StepId};
use crate::plan::StepResult;
use crate::transport::{End, OutputStream};

/// An execution is cut short at most so often and tried again.
const MOST: u32 = 3;

/// What a host knows of a job that was on its way when the session was lost. Its lane is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It never began, and will not.
    NotBegun,
    /// It ended with this code.
    Ended(i32),
    /// One of its guards skipped it.
    Guarded { guard: usize, code: i32 },
    /// It began, or may have, and was ended with its lane.
    Cut,
    /// It can't be told, and it may still run; why.
    Unsure(String),
}

/// Executions of a unit that were cut short.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cut {
    /// How many.
    times: u32,
    /// One of them may have changed its host.
    wrote: bool,
}

impl Cut {
    /// What was open in a run that this one resumes.
    pub(super) fn before() -> Cut {
        Cut { times: 0, wrote: true }
    }
}

/// What becomes of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// It is sent as if it had never been.
    Back,
    /// It is executed once more.
    Again,
    /// It has ended.
    End(End),
    /// How it ended is unknown; why.
    Unknown(String),
}

/// What a task lets be done after a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct May {
    /// It may be executed once more, the execution before being over.
    again: bool,
    /// Even where that may still run.
    beside: bool,
    /// Somebody reads what it prints.
    needs_output: bool,
}

/// What a lane's journal calls an execution of a step. Unique in its run.
#[must_use]
pub fn tag(step: StepId, attempt: u32) -> String {
    format!("{}.{}.{}.{attempt}", step.round.0, step.task.0, step.host.0)
}

/// Decides on a job; `seen` says that its begin mark had come.
fn fate_of(found: &Found, seen: bool, may: May) -> Fate {
    let once_more = |why: &str| if may.again { Fate::Again } else { Fate::Unknown(why.to_owned()) };
    match found {
        // The host may have lost what it noted.
        Found::NotBegun if seen => once_more("it was ended with its shell"),
        Found::NotBegun => Fate::Back,
        Found::Ended(code) if may.needs_output => {
            once_more(&format!("it ended with exit code {code} meanwhile; what it printed is lost, and is needed"))
        }
        Found::Ended(code) => Fate::End(End::Exited(*code)),
        Found::Guarded { guard, code } => Fate::End(End::Guarded { guard: *guard, code: *code }),
        Found::Cut => once_more("it was ended with its shell"),
        Found::Unsure(_) if may.beside => Fate::Again,
        Found::Unsure(why) => Fate::Unknown(why.clone()),
    }
}

impl Dispatcher {
    /// A seat's session is gone, and will be opened again.
    pub(super) fn host_lost(&mut self, seat: Seat) {
        self.hosts[seat.index()].link = Link::Connecting;
        let host = self.seats.host(seat);
        self.recorder.emit(RunEvent::HostConnecting { host });
        self.jobs
            .iter_mut()
            .filter(|(id, job)| job.seat == seat && !self.ready_jobs.contains_key(id))
            .for_each(|(_, job)| job.adrift = true);
        // Whatever was on its way may come back.
        (0..self.hosts[seat.index()].slots.len()).for_each(|slot| self.recall(seat, slot));
    }

    /// The host told what it knows of a job that was on its way.
    pub(super) fn settled(&mut self, id: JobId, found: &Found, words: &str) {
        let Some(job) = self.jobs.get(&id) else { return };
        if job.orphan {
            self.forget(id);
            return;
        }
        let task = self.fixed.playbook.task(job.step.round, job.step.task);
        let asks = job.trip == Trip::Probe || task.only_reads();
        let of = (job.step, job.unit);
        let tired = self.cut.get(&of).is_some_and(|cut| cut.times >= MOST);
        let again = asks || task.settles_itself() || self.fixed.playbook.on_disconnect == OnDisconnect::Rerun;
        let may = May {
            again: again && !tired && !self.stops(job.step),
            beside: asks && !tired && !self.stops(job.step),
            needs_output: job.protocol || task.judges_by_output() || self.is_kept(job.step),
        };
        let (seen, began) = (job.seen, job.began.is_some());
        if task.flow.durable && job.trip == Trip::Act && !matches!(found, Found::Guarded { .. }) {
            // Its host keeps it, whatever became of its lane.
            return if began { self.follow_again(id, words) } else { self.returned(id) };
        }
        match fate_of(found, seen, may) {
            Fate::Back if began => self.cut_off(id, words),
            Fate::Back => self.returned(id),
            Fate::Again => self.cut_off(id, words),
            Fate::End(end) => {
                let now = (self.recorder.now(), tokio::time::Instant::now());
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.unheard = true;
                }
                if !began {
                    self.began(id, now);
                }
                let took = self.jobs.get(&id).and_then(|job| job.began).map_or_else(Default::default, |(_, since)| since.elapsed());
                self.ended(id, &end, took);
            }
            Fate::Unknown(why) => {
                let reason = format!("the session was lost: {words}; {why}");
                // The host's journal, which could tell of it, goes with the run.
                if !began {
                    self.began(id, (self.recorder.now(), tokio::time::Instant::now()));
                }
                self.cut_short(id, Outcome::without_run(Status::Unknown, reason));
            }
        }
    }

    /// A durable execution goes on, or has ended, without us: the next one finds it under its name.
    pub(super) fn follow_again(&mut self, id: JobId, words: &str) {
        let Some(job) = self.jobs.get(&id) else { return };
        let (of, on) = ((job.step, job.unit), job.on);
        let Some(durable) = self.durable((job.step, job.attempt, on)) else { return };
        self.cut_off(id, words);
        let next = self.attempt(of);
        self.durables.earlier.insert((of.0, next, on), durable);
    }

    /// An execution was cut short, and its unit is executed once more.
    fn cut_off(&mut self, id: JobId, words: &str) {
        let Some(mut job) = self.land(id) else { return };
        let JobState { step, unit, attempt, .. } = job;
        let mut outcome = Outcome::without_run(Status::Unknown, format!("the session was lost: {words}; it runs again"));
        let (pieces, info, _) = job.stdout.finish();
        if !job.sensitive && !job.protocol {
            self.emit_output((step, attempt), OutputStream::Stdout, pieces);
        }
        outcome.stdout = info;
        let (pieces, info, _) = job.stderr.finish();
        self.emit_output((step, attempt), OutputStream::Stderr, pieces);
        outcome.stderr = info;
        if let Some((_, began)) = job.began {
            outcome.duration_ms = millis(began.elapsed());
        }
        let item = self.label((step, unit)).or_else(|| self.pass(step).flatten());
        self.recorder.emit(RunEvent::AttemptEnded { step, attempt, item, outcome, retry_ms: Some(0) });
        let task = self.fixed.playbook.task(step.round, step.task);
        let wrote = job.trip == Trip::Act && job.seen && !task.only_reads();
        let cut = self.cut.entry((step, unit)).or_default();
        (cut.times, cut.wrote) = (cut.times + 1, cut.wrote || wrote);
        let executions = self.executions.entry(step).or_default();
        *executions = attempt.max(*executions + u32::from(unit.is_some()));
        let next = *executions;
        let some_ran = job.some_ran();
        if self.stops(step) {
            let left = self.left_outcome(step);
            return self.unit_ended((step, unit), left, None, some_ran);
        }
        if some_ran {
            self.under_way.insert((step, unit), std::iter::once(job.on).chain(job.rest).collect());
        }
        match unit.and_then(|unit| Some((unit, self.repeats.get_mut(&step)?))) {
            Some((unit, repeat)) => {
                repeat.ready.push_back(unit);
                if let Some(unit) = repeat.units.get_mut(unit) {
                    (unit.attempt, unit.sent) = (next, true);
                }
            }
            None => drop(self.phases.remove(&step)),
        }
        self.begun.insert((step.round, step.host));
        self.dirty.insert((step.round, step.host));
    }

    /// Tells what all executions of a unit make together, where one before the last was cut short.
    pub(super) fn with_what_was_cut(
        &mut self,
        of: UnitId,
        mut outcome: Outcome,
        result: Option<std::sync::Arc<StepResult>>,
        sent: bool,
    ) -> (Outcome, Option<std::sync::Arc<StepResult>>, bool) {
        let Some(cut) = self.cut.remove(&of) else { return (outcome, result, sent) };
        let judged_by_task = self.fixed.playbook.task(of.0.round, of.0.task).changed.is_some();
        match outcome.status {
            // Handlers must not miss a change because the link was lost behind it.
            Status::Ok | Status::Skipped if cut.wrote && sent && !judged_by_task => {
                outcome.status = Status::Changed;
                let before = outcome.reason.take().map_or_else(String::new, |reason| format!("; then: {reason}"));
                outcome.reason = Some(format!("an execution that was cut short may have changed it{before}"));
                let mut result = result.map_or_else(|| StepResult::without_run(outcome.status), |result| (*result).clone());
                (result.status, result.changed) = (Status::Changed, true);
                (outcome, Some(std::sync::Arc::new(result)), true)
            }
            // It never came to run again.
            Status::Cancelled | Status::Unreachable if cut.wrote && !sent => {
                let why = outcome.reason.take().unwrap_or_default();
                (Outcome::without_run(Status::Unknown, format!("an execution of it was cut short; {why}")), None, true)
            }
            _ => (outcome, result, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAY: May = May { again: true, beside: false, needs_output: false };
    const NOT: May = May { again: false, beside: false, needs_output: false };

    #[test]
    fn a_fate_for_whatever_is_found() {
        let unknown = |why: &str| Fate::Unknown(why.to_owned());
        let (cut, unsure) = (Found::Cut, Found::Unsure("who knows".to_owned()));
        let guarded = Found::Guarded { guard: 1, code: 3 };
        let reads = May { again: true, beside: true, needs_output: true };
        let needed = May { needs_output: true, ..NOT };
        let table = [
            (&Found::NotBegun, false, NOT, Fate::Back),
            (&Found::NotBegun, false, MAY, Fate::Back),
            // What is not noted though it was seen to begin was lost on the host.
            (&Found::NotBegun, true, NOT, unknown("it was ended with its shell")),
            (&Found::NotBegun, true, MAY, Fate::Again),
            (&Found::Ended(0), true, NOT, Fate::End(End::Exited(0))),
            (&Found::Ended(7), false, MAY, Fate::End(End::Exited(7))),
            (&Found::Ended(7), true, needed, unknown("it ended with exit code 7 meanwhile; what it printed is lost, and is needed")),
            (&Found::Ended(0), true, reads, Fate::Again),
            (&guarded, true, NOT, Fate::End(End::Guarded { guard: 1, code: 3 })),
            (&cut, true, NOT, unknown("it was ended with its shell")),
            (&cut, false, NOT, unknown("it was ended with its shell")),
            (&cut, true, MAY, Fate::Again),
            (&unsure, true, NOT, unknown("who knows")),
            // What may still run must not run twice at once, unless it only reads.
            (&unsure, true, MAY, unknown("who knows")),
            (&unsure, true, reads, Fate::Again),
        ];
        for (found, seen, may, fate) in table {
            assert_eq!(fate_of(found, seen, may), fate, "{found:?}, seen: {seen}, {may:?}");
        }
    }
}
