//! Verbs that need no host: done by the dispatcher itself.

use std::sync::Arc;

use super::dispatcher::Dispatcher;
use super::judge;
use crate::event::{Outcome, OutputInfo, Status};
use crate::model::StepId;
use crate::plan::{AssertCheck, Body, Prepared, StepResult};
use crate::transport::OutputStream;

impl Dispatcher {
    /// Does a step of `assert`, `set`, `print` or `fail`.
    pub(super) fn control(&mut self, step: StepId, prepared: &Prepared) {
        let playbook = Arc::clone(&self.fixed.playbook);
        let task = playbook.task(step.round, step.task);
        let (mut status, mut reason, mut stdout) = (Status::Ok, None, String::new());
        match &prepared.body {
            Body::Print(text) => stdout.clone_from(text),
            Body::Set(values) => {
                // What is set once is set for all.
                let all = [step.host];
                let hosts = if task.once { &self.rounds[step.round.index()].hosts[..] } else { &all[..] };
                hosts.iter().for_each(|host| self.results.set(*host, values.clone()));
            }
            Body::Fail(message) => (status, reason) = (Status::Failed, Some(message.clone())),
            Body::Assert { checks, message } => {
                if let Some(told) = failed_checks(checks) {
                    let told = message.as_ref().map_or(told.clone(), |message| format!("{message} ({told})"));
                    (status, reason) = (Status::Failed, Some(told));
                }
            }
            // Everything else is for hosts, and `Verb::is_control` says so.
            _ => {}
        }
        let mut result = StepResult { attempts: 1, stdout: stdout.clone(), ..StepResult::without_run(status) };
        let mut outcome = Outcome {
            status,
            reason,
            blocked: false,
            allowed: false,
            rc: None,
            duration_ms: 0,
            stdout: OutputInfo { bytes: stdout.len() as u64, ..OutputInfo::default() },
            stderr: OutputInfo::default(),
            outputs: indexmap::IndexMap::new(),
        };
        let scope = |result: &StepResult| self.fixed.world.scope_with_result(step, Arc::new(result.clone()));
        judge::judge_by_task(task, &self.fixed.engine, &mut outcome, &result, &scope);
        outcome.allowed = outcome.status == Status::Failed && task.allow_failure;
        result.status = outcome.status;
        result.changed = outcome.status == Status::Changed;
        if !stdout.is_empty() {
            self.emit_output(step, OutputStream::Stdout, [(0, stdout.into_bytes())]);
        }
        self.judged(step, 1, outcome, Some(Arc::new(result)));
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
