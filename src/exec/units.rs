//! How a step runs: at once, for each of its items, again after a failure.
//!
//! A step that repeats itself has **units**: one for each item of its `each`, or just one. A unit is tried until it
//! ends well or its `retries` are used up. A step without `each` and `retries` has none and costs nothing for it.

use std::sync::Arc;
use std::time::Duration;

use super::advance::UnitId;
use super::dispatcher::Dispatcher;
use super::state::{Effect, JobState, Phase, Repeat, Unit};
use super::timers::Wake;
use super::worker::JobId;
use crate::event::{ItemLabel, Outcome, Redactor, RunEvent, Status};
use crate::model::{Retry, StepId, Task, Value, Verb};
use crate::plan::{self, ItemView, Local, StepResult};
use crate::template::{RenderError, Root};

/// Waits grow no longer than this.
const LONGEST: Duration = Duration::from_secs(60);

/// Says whether a task may run more than once in one step.
pub(super) fn repeats(task: &Task) -> bool {
    task.flow.each.is_some() || task.flow.retry.is_some()
}

impl Dispatcher {
    /// Begins a step that waits for nothing any more, or goes on with its units.
    pub(super) fn begin(&mut self, step: StepId, task: &Task, sends: &mut Vec<JobId>) {
        if let Some(reason) = &task.flow.left_out {
            return self.judged(step, 0, Outcome::without_run(Status::Skipped, reason.clone()), None);
        }
        if self.take_over(step) {
            return;
        }
        if let Verb::Facts(facts) = &task.verb
            && !facts.again
            && facts.sections.iter().all(|section| self.gathered.contains(&(step.host, section.clone())))
        {
            return self.judged(step, 0, Outcome::without_run(Status::Skipped, "gathered before"), None);
        }
        if !self.may_begin(step, task) {
            return;
        }
        if !repeats(task) {
            return self.begin_unit((step, None), task, sends);
        }
        if !self.repeats.contains_key(&step) && !self.unfold(step, task) {
            return;
        }
        while let Some(unit) = self.repeats.get_mut(&step).and_then(|repeat| repeat.ready.pop_front()) {
            let waiting = self.repeats.get(&step).map_or(0, |repeat| repeat.ready.len());
            self.begin_unit((step, Some(unit)), task, sends);
            // One that found no room stands in line again.
            if self.repeats.get(&step).is_some_and(|repeat| repeat.ready.len() > waiting) {
                break;
            }
        }
    }

    /// Finds the items of a step; false where that ended it.
    fn unfold(&mut self, step: StepId, task: &Task) -> bool {
        let mut repeat = Repeat { each: task.flow.each.is_some(), ..Repeat::default() };
        match &task.flow.each {
            None => repeat.units.push(Unit::default()),
            Some(each) => match plan::items(each, &self.fixed.engine, &self.fixed.world.scope(step)) {
                Ok(items) if items.is_empty() => {
                    self.judged(step, 0, Outcome::without_run(Status::Skipped, "`each` has no items"), None);
                    return false;
                }
                Ok(items) => {
                    repeat.units = views(&each.name, items).into_iter().map(|item| Unit { item: Some(item), ..Unit::default() }).collect()
                }
                Err(RenderError::Pending(until)) if self.is_dry() => {
                    self.not_known((step, None), task, until);
                    return false;
                }
                Err(error) => {
                    let outcome = self.cannot(task, "its `each` can't be answered", &error);
                    self.judged(step, 0, outcome, None);
                    return false;
                }
            },
        }
        if self.is_carried(step) {
            let of = |unit: &Unit| unit.item.as_ref().map(|item| label(item, self.recorder.redactor()).label);
            let labels: Vec<Option<String>> = repeat.units.iter().map(of).collect();
            for (unit, over) in repeat.units.iter_mut().zip(self.items_before(step, &labels)) {
                unit.over = over;
            }
        }
        if repeat.units.iter().any(|unit| unit.over.as_ref().is_some_and(|(outcome, _)| outcome.ran_before())) {
            self.begun.insert((step.round, step.host));
        }
        let done = repeat.units.iter().all(|unit| unit.over.is_some());
        self.phases.insert(step, Phase::Busy);
        self.repeats.insert(step, repeat);
        if done {
            self.fold_units(step, task);
            return false;
        }
        let most = task.flow.each.as_ref().map_or(1, |each| each.parallel.max(1));
        for _ in 0..most {
            self.next_unit(step);
        }
        true
    }

    /// Lets the next unit of a step begin, if there is one.
    fn next_unit(&mut self, step: StepId) {
        let Some(repeat) = self.repeats.get_mut(&step) else { return };
        // What ended in the run before is over.
        while repeat.units.get(repeat.next).is_some_and(|unit| unit.over.is_some()) {
            repeat.next += 1;
        }
        if repeat.next >= repeat.units.len() {
            return;
        }
        let executions = self.executions.entry(step).or_default();
        *executions += 1;
        let unit = &mut repeat.units[repeat.next];
        (unit.tries, unit.attempt) = (1, *executions);
        repeat.ready.push_back(repeat.next);
        repeat.next += 1;
        repeat.open += 1;
        self.dirty.insert((step.round, step.host));
    }

    /// What a unit's templates see.
    pub(super) fn unit_scope(&self, (step, unit): UnitId, result: Option<Arc<StepResult>>) -> Root {
        let item = unit.and_then(|unit| self.repeats.get(&step)?.units.get(unit)?.item.clone());
        self.fixed.world.scope_with(step, Local { item, result })
    }

    /// The number of a unit's present execution.
    pub(super) fn attempt(&self, (step, unit): UnitId) -> u32 {
        let of_unit = unit.and_then(|unit| self.repeats.get(&step)?.units.get(unit));
        of_unit.map_or_else(|| self.executions.get(&step).copied().unwrap_or(0) + 1, |unit| unit.attempt)
    }

    fn begin_unit(&mut self, of: UnitId, task: &Task, sends: &mut Vec<JobId>) {
        if self.is_dry() {
            return self.look_into(of, task, sends);
        }
        let (step, _) = of;
        let scope = self.unit_scope(of, None);
        match plan::holds(&task.when, &self.fixed.engine, &scope) {
            Ok(None) => {}
            Ok(Some(_)) => {
                let outcome = self.left_out_unasked(step, task).unwrap_or_else(|| Outcome::without_run(Status::Skipped, "when"));
                return self.unit_ended(of, outcome, None, false);
            }
            Err(error) => return self.unit_ended(of, self.cannot(task, "its `when` can't be answered", &error), None, false),
        }
        if let Some(mut outcome) = self.not_approved(step, task) {
            outcome.allowed = task.allow_failure;
            return self.unit_ended(of, outcome, None, false);
        }
        let prepared = match plan::prepare(task, step.host, &self.fixed.inventory, &self.fixed.engine, &scope) {
            Ok(prepared) => Arc::new(prepared),
            Err(error) => return self.unit_ended(of, self.cannot(task, "it can't be prepared", &error), None, false),
        };
        if task.verb.is_control() {
            return self.control(of, &prepared);
        }
        if !self.may_run(step, task, &prepared.on) {
            if let (Some(unit), Some(repeat)) = (of.1, self.repeats.get_mut(&step)) {
                repeat.ready.push_back(unit);
            }
            return;
        }
        let targets = self.under_way.remove(&of).unwrap_or_else(|| self.still_to_run_on(of, &prepared.on));
        self.place(of, targets, prepared, sends);
    }

    /// A unit is over, or is to be tried again.
    ///
    /// `sent` says that this was an execution, to which output and other events may belong.
    pub(super) fn unit_ended(&mut self, of: UnitId, outcome: Outcome, result: Option<Arc<StepResult>>, sent: bool) {
        let (step, unit) = of;
        let attempt = self.attempt(of);
        let playbook = Arc::clone(&self.fixed.playbook);
        let task = playbook.task(step.round, step.task);
        let executed = sent;
        let (outcome, result, sent) = self.with_what_was_cut(of, outcome, result, sent);
        let Some(unit) = unit else {
            // The number of the last execution that there was.
            let attempt = if executed { attempt } else { attempt - 1 };
            return self.judged(step, if sent { attempt } else { 0 }, outcome, result);
        };
        let (outcome, result) = self.until(of, task, outcome, result);
        if let Some(state) = self.repeats.get_mut(&step).and_then(|repeat| repeat.units.get_mut(unit)) {
            state.sent |= sent;
        }
        let Some(tries) = self.repeats.get(&step).and_then(|repeat| repeat.units.get(unit)).map(|unit| unit.tries) else { return };
        let outcome = self.forecast(outcome);
        let again = task.flow.retry.as_ref().filter(|retry| !self.is_dry() && outcome.status == Status::Failed && tries <= retry.retries);
        if let Some(retry) = again
            && !self.stops(step)
        {
            let wait = delay(retry, tries);
            let retry_ms = Some(super::dispatcher::millis(wait));
            self.recorder.emit(RunEvent::AttemptEnded { step, attempt, item: self.label(of), outcome, retry_ms });
            self.recorder.then(Effect::Later(wait, Wake::Unit(step, unit)));
            if let Some(state) = self.repeats.get_mut(&step).and_then(|repeat| repeat.units.get_mut(unit)) {
                state.waiting = true;
            }
            return self.rest_of(step, task);
        }
        let mut result = result.map_or_else(|| StepResult::without_run(outcome.status), |result| (*result).clone());
        if result.attempts > 0 {
            result.attempts = tries;
        }
        let result = Arc::new(result);
        let Some(repeat) = self.repeats.get_mut(&step) else { return };
        if !repeat.each {
            let attempt = if repeat.units[unit].sent { attempt } else { 0 };
            return self.judged(step, attempt, outcome, Some(result));
        }
        repeat.open -= 1;
        repeat.units[unit].over = Some((outcome.clone(), result));
        self.recorder.emit(RunEvent::AttemptEnded { step, attempt, item: self.label(of), outcome, retry_ms: None });
        if !self.stops(step) {
            self.next_unit(step);
        }
        self.rest_of(step, task);
    }

    /// After a unit: all may be over, or what is left not be wanted any more.
    fn rest_of(&mut self, step: StepId, task: &Task) {
        let Some(repeat) = self.repeats.get(&step) else { return };
        if repeat.open == 0 {
            return self.fold_units(step, task);
        }
        if repeat.jobs.is_empty() {
            if self.stops(step) {
                let outcome = self.left_outcome(step);
                return self.end_rest(step, task, &outcome);
            }
            self.let_go_of_locks(step);
        }
    }

    /// Ends a step of which nothing is on its way, with this outcome for whatever of it is not over.
    pub(super) fn end_rest(&mut self, step: StepId, task: &Task, rest: &Outcome) {
        let result = Arc::new(StepResult::without_run(rest.status));
        match self.repeats.get_mut(&step) {
            Some(repeat) if repeat.each => {
                let mut open = Vec::new();
                for (index, unit) in repeat.units.iter_mut().enumerate().filter(|(_, unit)| unit.over.is_none()) {
                    unit.over = Some((rest.clone(), Arc::clone(&result)));
                    if unit.attempt > 0 && !unit.waiting {
                        open.push((unit.attempt, Some(index)));
                    }
                }
                for (attempt, unit) in open {
                    let item = self.label((step, unit));
                    self.recorder.emit(RunEvent::AttemptEnded { step, attempt, item, outcome: rest.clone(), retry_ms: None });
                }
                self.fold_units(step, task);
            }
            Some(repeat) => {
                let some_ran = repeat.units.iter().any(|unit| unit.sent);
                let attempt = if some_ran { self.executions.get(&step).copied().unwrap_or(0) } else { 0 };
                self.judged(step, attempt, rest.clone(), None);
            }
            None => {
                let flies_on =
                    matches!(self.phases.get(&step), Some(Phase::Flying(id)) if self.jobs.get(id).is_some_and(JobState::some_ran));
                // It ran on some of its hosts.
                let some_ran = flies_on || self.under_way.contains_key(&(step, None));
                let attempt = self.attempt((step, None));
                let (rest, _, was_cut) = self.with_what_was_cut((step, None), rest.clone(), None, some_ran);
                let last = if some_ran { attempt } else { attempt - 1 };
                self.judged(step, if some_ran || was_cut { last } else { 0 }, rest, None);
            }
        }
    }

    /// A unit's time to be tried again has come.
    pub(super) fn unit_again(&mut self, step: StepId, unit: usize) {
        let Some(repeat) = self.repeats.get_mut(&step) else { return };
        let executions = self.executions.entry(step).or_default();
        *executions += 1;
        if let Some(state) = repeat.units.get_mut(unit) {
            state.tries += 1;
            state.waiting = false;
            state.attempt = *executions;
            repeat.ready.push_back(unit);
            self.dirty.insert((step.round, step.host));
        }
    }

    /// What a unit's item is called.
    pub(super) fn label(&self, (step, unit): UnitId) -> Option<ItemLabel> {
        let item = self.repeats.get(&step)?.units.get(unit?)?.item.as_ref()?;
        Some(label(item, self.recorder.redactor()))
    }
}

/// The items as templates see them.
pub(super) fn views(name: &str, items: Vec<Value>) -> Vec<Arc<ItemView>> {
    let count = items.len();
    let view = |(index, value)| Arc::new(ItemView { name: name.to_owned(), value, index, count });
    items.into_iter().enumerate().map(view).collect()
}

/// Which item it is, in a few words.
pub(super) fn label(item: &ItemView, redactor: &Redactor) -> ItemLabel {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ItemLabel { index: number(item.index), of: number(item.count), label: plan::item_label(&item.value, redactor) }
}

/// How long to wait after the nth try.
pub(super) fn delay(retry: &Retry, tries: u32) -> Duration {
    if retry.backoff <= 1.0 {
        return retry.delay;
    }
    let grown = retry.delay.as_secs_f64() * retry.backoff.powi(i32::try_from(tries.saturating_sub(1)).unwrap_or(i32::MAX));
    // So that many hosts that failed together don't come back together.
    let chance = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
    Duration::from_secs_f64((grown * (0.9 + 0.2 * chance)).clamp(0.0, LONGEST.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_minute_and_only_with_backoff() {
        let retry = |backoff| Retry { retries: 9, delay: Duration::from_secs(2), backoff, until: None };
        assert_eq!(delay(&retry(1.0), 5), Duration::from_secs(2));
        let third = delay(&retry(2.0), 3).as_secs_f64();
        assert!((7.2..=8.8).contains(&third), "{third}");
        assert_eq!(delay(&retry(2.0), 40), LONGEST);
    }
}
