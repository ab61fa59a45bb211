//! `plan --probe`: a dry run whose answers become part of the plan.

use std::sync::{Arc, Mutex, PoisonError};

use super::AppError;
use super::load::Ready;
use super::run::{RecordPlace, RunRequest, run_to_end};
use crate::diag::SourceMap;
use crate::event::{Event, EventSink, RunEvent};
use crate::exec::RunReport;
use crate::plan::{Answers, add_answers};

/// Asks the hosts what a run would do, and adds the answers to the plan. Nothing is recorded, nothing is changed.
///
/// # Errors
/// As [`run_to_end`].
pub fn probe(ready: &mut Ready, map: &SourceMap, mut request: RunRequest) -> Result<(RunReport, Answers), AppError> {
    let told: Arc<Mutex<Answers>> = Arc::default();
    let sink = Collector(Arc::clone(&told));
    request.record = RecordPlace::Nowhere;
    request.sinks = Box::new(move |_| vec![Box::new(sink)]);
    let report = run_to_end(ready.clone(), map, request)?;
    let answers = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
    add_answers(&mut ready.view, &ready.playbook, &ready.inventory, &answers);
    Ok((report, answers))
}

/// Keeps what a dry run tells.
struct Collector(Arc<Mutex<Answers>>);

impl EventSink for Collector {
    fn event(&mut self, event: &Event) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.kind {
            RunEvent::StepEnded { step, outcome, .. } => answers.ended(*step, outcome.clone()),
            RunEvent::RoundSkipped { round, reason } => drop(answers.not_begun.insert(*round, reason.clone())),
            RunEvent::RoundEnded { round } if !answers.interrupted => drop(answers.whole.insert(*round)),
            RunEvent::Interrupted { .. } => answers.interrupted = true,
            RunEvent::HostLeftOut { round, host, reason } => drop(answers.left_out.insert((*round, *host), reason.clone())),
            RunEvent::HostUnreachable { host, message, .. } | RunEvent::HostLost { host, message } => {
                answers.unreachable.insert(*host, message.clone());
            }
            _ => {}
        }
    }
}
