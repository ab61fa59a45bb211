//! Verbs that need no host: done by the dispatcher itself.

use std::sync::Arc;

use tokio::time::Instant;

use super::advance::UnitId;
use super::dispatcher::Dispatcher;
use super::judge;
use super::state::{Asking, Effect, Phase};
use super::timers::Wake;
use crate::event::{Outcome, OutputInfo, RunEvent, Status};
use crate::model::{FrameIx, StepId};
use crate::plan::{AssertCheck, Body, Prepared, StepResult};
use crate::transport::OutputStream;

impl Dispatcher {
    /// Does a unit of a verb that needs no host.
    pub(super) fn control(&mut self, of: UnitId, prepared: &Prepared) {
        let (step, unit) = of;
        match &prepared.body {
            Body::Pause(duration) => {
                self.busy(of);
                return self.timers.add(Instant::now() + *duration, Wake::Pause(step, unit));
            }
            Body::Confirm(question) => {
                self.busy(of);
                self.recorder.emit(RunEvent::Asked { round: step.round, task: Some(step.task), question: question.clone() });
                return self.recorder.then(Effect::Ask(Asking { round: step.round, step: Some(of), question: question.clone() }));
            }
            Body::Flush => return self.flush(of),
            _ => {}
        }
        let playbook = Arc::clone(&self.fixed.playbook);
        let task = playbook.task(step.round, step.task);
        let (mut status, mut reason, mut stdout) = (Status::Ok, None, String::new());
        match &prepared.body {
            Body::Print(text) => stdout.clone_from(text),
            Body::Set(values) => {
                // What is set once is set for all.
                let all = [step.host];
                let hosts = if task.once { &self.rounds[step.round.index()].hosts[..] } else { &all[..] };
                let frame = (task.flow.home.frame != FrameIx::ROUND).then_some((step.round, task.flow.home.frame));
                hosts.iter().for_each(|host| self.results.set(*host, frame, values.clone()));
            }
            Body::Fail(message) => (status, reason) = (Status::Failed, Some(message.clone())),
            Body::Assert { checks, message } => {
                if let Some(told) = failed_checks(checks) {
                    let told = message.as_ref().map_or(told.clone(), |message| format!("{message} ({told})"));
                    (status, reason) = (Status::Failed, Some(told));
                }
            }
            // Everything else is for hosts, and `Verb::is_control` says so; or was dealt with above.
            _ => {}
        }
        let mut result = StepResult { attempts: 1, stdout: stdout.clone(), ..StepResult::without_run(status) };
        let told = OutputInfo { bytes: stdout.len() as u64, ..OutputInfo::default() };
        let mut outcome = Outcome { reason, stdout: told, ..Outcome::new(status) };
        let scope = |result: &StepResult| self.unit_scope(of, Some(Arc::new(result.clone())));
        judge::judge_by_task(task, &self.fixed.engine, &mut outcome, &result, &scope);
        outcome.allowed = outcome.status == Status::Failed && task.allow_failure;
        result.status = outcome.status;
        result.changed = outcome.status == Status::Changed;
        if !stdout.is_empty() && !task.flow.sensitive {
            self.emit_output((step, self.attempt(of)), OutputStream::Stdout, [(0, stdout.into_bytes())]);
        }
        self.unit_ended(of, outcome, Some(Arc::new(result)), true);
    }

    fn busy(&mut self, (step, unit): UnitId) {
        if unit.is_none() {
            self.phases.insert(step, Phase::Busy);
        }
    }

    /// A `pause` is over.
    pub(super) fn paused(&mut self, step: StepId, unit: Option<usize>) {
        if self.queue.is_over(step) || self.phases.get(&step) != Some(&Phase::Busy) {
            return;
        }
        self.control_over((step, unit), Outcome::new(Status::Ok));
    }

    /// A unit of a verb that needs no host is over after a while.
    pub(super) fn control_over(&mut self, of: UnitId, outcome: Outcome) {
        let result = StepResult { attempts: 1, ..StepResult::without_run(outcome.status) };
        self.unit_ended(of, outcome, Some(Arc::new(result)), true);
    }
}

/// What is to be said of checks that did not hold; none where all did.
fn failed_checks(checks: &[AssertCheck]) -> Option<String> {
    let told: Vec<String> = checks
        .iter()
        .filter_map(|check| match &check.holds {
            Some(Ok(true)) => None,
            Some(Err(error)) => Some(format!("`{}` can't be answered: {error}", check.expression)),
            Some(Ok(false)) | None => Some(format!("`{}` is false", check.expression)),
        })
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}
