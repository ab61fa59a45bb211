//! Verbs that need no host: done by the dispatcher itself.

use std::sync::Arc;

use super::dispatcher::Dispatcher;
use crate::event::{Outcome, OutputInfo, Status};
use crate::model::StepId;
use crate::plan::{self, AssertCheck, Body, Prepared, StepResult};
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
            Body::Run(_) | Body::Read { .. } | Body::Glob { .. } | Body::Stat { .. } | Body::Copy { .. } | Body::Fetch { .. } => {}
        }
        let mut result = StepResult { attempts: 1, stdout: stdout.clone(), ..StepResult::without_run(status) };
        if task.failed.is_some() || task.changed.is_some() {
            let scope = self.fixed.world.scope_with_result(step, Arc::new(result.clone()));
            let asked = |judge: &Option<crate::model::Judge>| {
                judge.as_ref().map(|judge| plan::judge(judge, &self.fixed.engine, &scope)).transpose()
            };
            match (asked(&task.failed), asked(&task.changed)) {
                (Ok(failed), Ok(changed)) => {
                    match (failed, status) {
                        (Some(true), Status::Ok) => (status, reason) = (Status::Failed, Some("`failed` is true".to_owned())),
                        (Some(false), Status::Failed) => (status, reason) = (Status::Ok, None),
                        _ => {}
                    }
                    if status == Status::Ok && changed == Some(true) {
                        status = Status::Changed;
                    }
                }
                (Err(error), _) | (_, Err(error)) => (status, reason) = (Status::Failed, Some(format!("it can't be judged: {error}"))),
            }
            result.status = status;
        }
        result.changed = status == Status::Changed;
        let info = OutputInfo { bytes: stdout.len() as u64, ..OutputInfo::default() };
        if !stdout.is_empty() {
            self.emit_output(step, OutputStream::Stdout, [(0, stdout.into_bytes())]);
        }
        let outcome = Outcome {
            status,
            reason,
            blocked: false,
            allowed: status == Status::Failed && task.allow_failure,
            rc: None,
            duration_ms: 0,
            stdout: info,
            stderr: OutputInfo::default(),
            outputs: indexmap::IndexMap::new(),
        };
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
