//! What the units of a step make together: one outcome of many items, and what `until` makes of a try.

use std::sync::Arc;

use super::advance::UnitId;
use super::dispatcher::Dispatcher;
use crate::event::{Outcome, Status};
use crate::model::{StepId, Task, Value};
use crate::plan::{ItemResult, StepResult};

impl Dispatcher {
    /// All items that will run are over: they make one outcome.
    pub(super) fn fold_units(&mut self, step: StepId, task: &Task) {
        let Some(repeat) = self.repeats.get(&step) else { return };
        let mut outcome = Outcome::new(Status::Skipped);
        let mut result = StepResult::without_run(Status::Skipped);
        let mut failed: Vec<String> = Vec::new();
        let mut reasons: Vec<&str> = Vec::new();
        for (index, unit) in repeat.units.iter().enumerate() {
            let Some((of_unit, unit_result)) = &unit.over else { continue };
            if severity(of_unit.status) > severity(outcome.status) {
                outcome.status = of_unit.status;
            }
            if severity(of_unit.status) >= severity(Status::Cancelled) {
                failed.extend(self.label((step, Some(index))).map(|item| item.label));
            }
            outcome.rc = outcome.rc.or(of_unit.rc.filter(|rc| *rc != 0 || of_unit.status == Status::Failed));
            outcome.duration_ms += of_unit.duration_ms;
            outcome.stdout.bytes += of_unit.stdout.bytes;
            outcome.stderr.bytes += of_unit.stderr.bytes;
            if let Some(reason) = &of_unit.reason
                && !reasons.contains(&reason.as_str())
            {
                reasons.push(reason);
            }
            result.started = result.started.take().or_else(|| unit_result.started.clone());
            result.duration += unit_result.duration;
            result.attempts = result.attempts.max(unit_result.attempts);
            let item = unit.item.as_ref().map_or(Value::None, |item| item.value.clone());
            result.items.push(ItemResult { item, result: Arc::clone(unit_result) });
        }
        outcome.reason = match (outcome.status, &failed[..], &reasons[..]) {
            (Status::Ok | Status::Changed, _, _) => None,
            (Status::Skipped, _, [one]) => Some((*one).to_owned()),
            (Status::Skipped, _, _) => Some("all items were skipped".to_owned()),
            (_, failed, reasons) => {
                let why = if let [one] = reasons { format!(" ({one})") } else { String::new() };
                Some(format!("{} of {} items: {}{why}", failed.len(), repeat.units.len(), crate::text::one_line(&failed.join(", "), 120)))
            }
        };
        outcome.allowed = outcome.status == Status::Failed && task.allow_failure;
        let mut outcome = self.forecast_of_units(outcome, repeat.units.iter().filter_map(|unit| unit.over.as_ref()).map(|(unit, _)| unit));
        (result.status, result.changed, result.rc) = (outcome.status, outcome.status == Status::Changed, outcome.rc);
        let some_ran = repeat.units.iter().any(|unit| unit.sent);
        let attempt = if some_ran { self.executions.get(&step).copied().unwrap_or(0) } else { 0 };
        if !some_ran {
            outcome.carried = repeat.units.iter().find_map(|unit| unit.over.as_ref()?.0.carried.clone());
        }
        self.judged(step, attempt, outcome, Some(Arc::new(result)));
    }

    /// Asks a unit's `until`.
    pub(super) fn until(
        &self,
        of: UnitId,
        task: &Task,
        mut outcome: Outcome,
        result: Option<Arc<StepResult>>,
    ) -> (Outcome, Option<Arc<StepResult>>) {
        let until = task.flow.retry.as_ref().and_then(|retry| retry.until.as_ref());
        let (Some(until), Some(known)) = (until, &result) else { return (outcome, result) };
        if !matches!(outcome.status, Status::Ok | Status::Changed | Status::Failed) || known.attempts == 0 {
            return (outcome, result);
        }
        let scope = self.unit_scope(of, Some(Arc::clone(known)));
        match self.fixed.engine.eval_bool(until, &scope) {
            Ok(true) => {}
            // A failure is reason enough.
            Ok(false) if outcome.status == Status::Failed => {}
            Ok(false) => {
                outcome.status = Status::Failed;
                outcome.reason = Some(format!("`until: {}` is false", until.source.text.trim()));
            }
            Err(_) if outcome.status == Status::Failed => {}
            Err(error) => {
                outcome.status = Status::Failed;
                outcome.reason = Some(format!("its `until` can't be answered: {error}"));
            }
        }
        outcome.allowed = outcome.status == Status::Failed && task.allow_failure;
        let mut judged = (**known).clone();
        (judged.status, judged.changed) = (outcome.status, outcome.status == Status::Changed);
        (outcome, Some(Arc::new(judged)))
    }
}

/// Which of two outcomes says more of the whole.
fn severity(status: Status) -> u8 {
    match status {
        Status::Skipped => 0,
        Status::Ok => 1,
        Status::Changed | Status::Undecided => 2,
        Status::Cancelled => 3,
        Status::Unreachable => 4,
        Status::Failed => 5,
        Status::Unknown => 6,
    }
}
