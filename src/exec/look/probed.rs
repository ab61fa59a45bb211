//! What a host said when it was asked how things stand: for a dry run the answer, for an edit what is to be written.

use std::sync::Arc;

use super::answers::Foretold;
use crate::event::{Answer, Difference, Forecast, Outcome, Status};
use crate::exec::approve::Asked;
use crate::exec::dispatcher::Dispatcher;
use crate::exec::judge::Ended;
use crate::exec::state::JobState;
use crate::exec::worker::JobId;
use crate::model::Task;
use crate::plan::{Body, CopySource, Prepared, StepResult};
use crate::resource::{Found, Unfit};
use crate::transport::End;

impl Dispatcher {
    /// A job that only asked has its answer.
    pub(in crate::exec) fn probed(&mut self, job: JobState, ended: Ended<'_>) {
        let playbook = Arc::clone(&self.fixed.playbook);
        let task = playbook.task(job.step.round, job.step.task);
        let of = (job.step, job.unit);
        let found = match ended.end {
            End::Exited(0) => self.found(&job.prepared, &ended.stdout),
            _ => None,
        };
        let asks_leave = !self.is_dry() && self.asks_leave(job.step, task, &job.prepared);
        if let (Some(Ok(found)), false) = (&found, self.is_dry() || asks_leave)
            && let Some(write) = &found.write
            && !found.differences.is_empty()
        {
            let (plan, content) = (**write).clone();
            return self.write_edited(job, CopySource::Edited { content, expect: plan.expect }, plan.file, found.differences.clone());
        }
        let (mut outcome, mut result) = self.judged_probe(task, &job, ended);
        let judged = found.is_some() || outcome.status == Status::Failed && outcome.rc.is_some();
        let (mut differences, mut write) = (Vec::new(), None);
        match found {
            None => {}
            Some(Err(Unfit(why))) => fail(&mut outcome, &mut result, why),
            Some(Ok(found)) => {
                if let Some(folder) = found.missing.filter(|folder| !self.may_be_made(job.step, &job.prepared, folder)) {
                    fail(&mut outcome, &mut result, format!("the folder {folder} does not exist"));
                } else if let Some(why) = found.unsure {
                    (outcome.status, outcome.reason) = (Status::Undecided, Some(why));
                    differences = found.differences;
                } else {
                    outcome.status = if found.differences.is_empty() { Status::Ok } else { Status::Changed };
                    (differences, write) = (found.differences, found.write);
                }
            }
        }
        (result.status, result.changed) = (outcome.status, outcome.status == Status::Changed);
        if asks_leave {
            let found = Asked { outcome, result, differences, write };
            return self.asked_leave(job, task, found);
        }
        // Of what is yet to be done it can't be asked what it comes to.
        if judged && !matches!(outcome.status, Status::Changed | Status::Undecided) {
            let scope = |result: &StepResult| self.unit_scope(of, Some(Arc::new(result.clone())));
            crate::exec::judge::judge_by_task(task, &self.fixed.engine, &mut outcome, &result, &scope);
            (result.status, result.changed) = (outcome.status, outcome.status == Status::Changed);
        }
        outcome.allowed = outcome.status == Status::Failed && task.allow_failure;
        if !self.is_dry() {
            let (outcome, rest) = (Outcome { differences, ..outcome }, job.rest);
            if rest.is_empty() || !outcome.lets_dependents_run() {
                return self.unit_ended(of, outcome, Some(Arc::new(result)), true);
            }
            return self.fly_on(of, job.prepared, rest);
        }
        self.answered_dry(&job, task, outcome, result, differences);
    }

    /// What a dry run makes of one host's answer, with those of the hosts before it.
    fn answered_dry(&mut self, job: &JobState, task: &Task, mut outcome: Outcome, result: StepResult, mut differences: Vec<Difference>) {
        let of = (job.step, job.unit);
        if outcome.status == Status::Cancelled {
            return self.unit_ended(of, outcome, None, true);
        }
        let answer = answer_of(&outcome, &differences);
        let until = self.decided_by(job.step, task, &job.prepared);
        let forecast = if until.is_empty() { Forecast::new(answer) } else { Forecast::unknown(until, Some(answer)) };
        outcome.forecast = Some(forecast);
        if job.sensitive {
            // That it changes is told, not from what to what.
            differences.iter_mut().for_each(|difference| difference.diff = None);
        }
        outcome.differences = differences;
        let before = self.look.as_mut().and_then(|look| look.so_far.remove(&of));
        let is_last = job.rest.is_empty() || outcome.forecast.as_ref().is_some_and(|forecast| forecast.answer == Answer::Fails);
        let whole = match before {
            None => outcome,
            Some(before) => before.joined(outcome),
        };
        if !is_last {
            if let Some(look) = &mut self.look {
                look.so_far.insert(of, whole);
            }
            return self.fly_on(of, Arc::clone(&job.prepared), job.rest.clone());
        }
        match whole.forecast.clone() {
            Some(forecast) if forecast.answer.may_change() => {
                let why = whole.reason.filter(|_| forecast.answer == Answer::Unknown && forecast.until.is_empty());
                self.foretold(of, task, Foretold { forecast, differences: whole.differences, why, begins: true }, Some(&job.prepared));
            }
            _ => self.unit_ended(of, whole, Some(Arc::new(result)), true),
        }
    }

    /// Compares what a probe printed with what is wanted; none where the step is no resource.
    fn found(&mut self, prepared: &Prepared, printed: &[u8]) -> Option<Result<Found, Unfit>> {
        match self.resource(&prepared.body) {
            Ok(resource) => resource.map(|resource| resource.compare(printed)),
            Err(unreadable) => Some(Err(Unfit(unreadable.to_string()))),
        }
    }

    /// The outcome by the end alone: a guard, a failure, or that it would run.
    fn judged_probe(&self, task: &Task, job: &JobState, ended: Ended<'_>) -> (Outcome, StepResult) {
        let code = match ended.end {
            End::Exited(0) => 0,
            _ => {
                let plain = Task { changed: None, failed: None, ..task.clone() };
                let scope = |result: &StepResult| self.unit_scope((job.step, job.unit), Some(Arc::new(result.clone())));
                let limited = Prepared { timeout: crate::exec::request::guard_limit(&job.prepared), ..(*job.prepared).clone() };
                return crate::exec::judge::judge(&plain, &limited, &self.fixed.engine, ended, &scope);
            }
        };
        let mut result = StepResult { rc: Some(code), attempts: 1, ..StepResult::without_run(Status::Changed) };
        result.duration = std::time::Duration::from_millis(ended.duration_ms).as_secs_f64();
        (Outcome { rc: Some(code), duration_ms: ended.duration_ms, ..Outcome::new(Status::Changed) }, result)
    }

    /// Writes a file that was read and edited, behind the job that read it.
    pub(in crate::exec) fn write_edited(
        &mut self,
        job: JobState,
        from: CopySource,
        file: crate::resource::FileTarget,
        differences: Vec<Difference>,
    ) {
        self.act_behind(job, Body::Copy { from, file }, differences);
    }

    /// Does what was asked for, behind the job that asked, whose guards have been answered.
    pub(in crate::exec) fn act_behind(&mut self, job: JobState, body: Body, differences: Vec<Difference>) {
        let of = (job.step, job.unit);
        if self.stops(job.step) {
            return self.unit_ended(of, Outcome::without_run(Status::Cancelled, self.why_given_up()), None, job.some_ran());
        }
        let prepared = Arc::new(Prepared { guards: Vec::new(), body, ..(*job.prepared).clone() });
        let mut sends: Vec<JobId> = Vec::new();
        self.fly_behind(of, prepared, job, differences, &mut sends);
        self.send_when_recorded(sends);
    }
}

/// What a run would do with a step that was asked how things stand.
pub(in crate::exec) fn answer_of(outcome: &Outcome, differences: &[Difference]) -> Answer {
    match outcome.status {
        Status::Changed if differences.is_empty() => Answer::Runs,
        Status::Changed => Answer::Changes,
        Status::Ok | Status::Skipped => Answer::Nothing,
        Status::Undecided => Answer::Unknown,
        _ => Answer::Fails,
    }
}

/// What was asked says that it can't be done.
fn fail(outcome: &mut Outcome, result: &mut StepResult, why: String) {
    (outcome.status, outcome.rc, result.rc) = (Status::Failed, Some(1), Some(1));
    result.stderr = format!("{why}\n");
    outcome.reason = Some(why);
}
