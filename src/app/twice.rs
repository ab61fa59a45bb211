//! `test`: a playbook is run, and run again; what changes something in the second run is told.
//!
//! A playbook that was loaded goes in, two runs come out with what changed twice and what may be done about it. Where the runs take
//! place is the caller's choice: on hosts as the inventory says, or in [`super::Sandboxes`].

use std::path::Path;

use super::AppError;
use super::load::Ready;
use super::run::{RunRequest, run_to_end};
use crate::diag::SourceMap;
use crate::event::EventSink;
use crate::exec::RunReport;
use crate::model::{Task, Verb};
use crate::report::{ChangedTask, Watch};

/// A run that took place.
#[derive(Debug)]
pub struct Passed {
    /// Its id.
    pub run: String,
    /// How it went.
    pub report: RunReport,
}

/// What two runs told.
#[derive(Debug)]
pub struct Tested {
    /// The first run.
    pub first: Passed,
    /// The second; none where the first did not end well.
    pub second: Option<Passed>,
    /// What changed something in the second, in the order of the playbook.
    pub changed: Vec<ChangedTask>,
}

/// Runs a playbook, and where all went well runs it again. `request` makes each run, the first with 1.
///
/// # Errors
/// As [`super::run`].
pub fn test(ready: Ready, map: &SourceMap, mut request: impl FnMut(u8) -> RunRequest) -> Result<Tested, AppError> {
    let (first, _) = pass(ready.clone(), map, request(1))?;
    if first.report.end.exit_code != 0 || first.report.record.is_err() {
        return Ok(Tested { first, second: None, changed: Vec::new() });
    }
    let playbook = ready.playbook.clone();
    let (second, mut changed) = pass(ready, map, request(2))?;
    for found in &mut changed {
        let task = playbook.rounds.get(found.round.index()).and_then(|round| round.tasks.get(found.task.index()));
        found.hint = task.and_then(hint).map(str::to_owned);
    }
    Ok(Tested { first, second: Some(second), changed })
}

fn pass(ready: Ready, map: &SourceMap, mut request: RunRequest) -> Result<(Passed, Vec<ChangedTask>), AppError> {
    let watch = Watch::default();
    let (sinks, sink) = (request.sinks, watch.sink());
    request.sinks = Box::new(move |record: Option<&Path>| {
        let mut sinks: Vec<Box<dyn EventSink>> = sinks(record);
        sinks.push(sink);
        sinks
    });
    let report = run_to_end(ready, map, request)?;
    let (run, changed) = watch.found();
    Ok((Passed { run, report }, changed))
}

/// What may make a task change nothing where there is nothing to do.
fn hint(task: &Task) -> Option<&'static str> {
    match &task.verb {
        Verb::Run(_) | Verb::Script(_) if task.changed.is_some() => {
            Some("its `changed` says so: let it tell what was made different from what was there already")
        }
        Verb::Run(_) | Verb::Script(_) if !task.guards.is_empty() => {
            Some("its guards let it run again: what they ask for must be so once it has run")
        }
        Verb::Run(_) | Verb::Script(_) => Some(
            "a guard (`creates`, `unless`) says when there is nothing to do, `changed` whether it made anything different; \
             `read_only: true` where it never does",
        ),
        verb if verb.is_resource() => Some("either it wants something else each time, or another task or program undoes it"),
        _ => None,
    }
}
