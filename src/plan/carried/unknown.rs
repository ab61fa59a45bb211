//! Executions whose end nobody knows: which settle themselves, and what became of the others, once that was found out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::keys::Keys;
use super::{Carried, CarriedDurable, CarriedEnd, CarriedOpen, Known, Source};
use crate::event::{Outcome, Settled, SettledEnd, Status};
use crate::model::{HostIx, Judge, Playbook, StepId, Task, Verb};
use crate::plan::StepResult;

/// An execution that has to be settled before its step can be gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownStep {
    /// Its step, by today's playbook.
    pub step: StepId,
    /// Where the record has it.
    pub from: Source,
    /// True where its host had said that it began.
    pub began: bool,
    /// The host that it ran on; none where the inventory has it no more.
    pub on: Option<HostIx>,
    /// True where it may simply be done again: a guard, its own question, its promise to change nothing, or its host, which
    /// keeps what is durable, settles it.
    pub again: bool,
}

impl Carried {
    /// Every execution whose end is not known, by step and turn.
    #[must_use]
    pub fn unknown(&self, playbook: &Playbook) -> Vec<UnknownStep> {
        let mut unknown: Vec<UnknownStep> = Vec::new();
        for (step, turns) in &self.steps {
            let again = playbook.task(step.round, step.task).settles_itself();
            for open in turns.values().flat_map(|turn| &turn.open) {
                let again = again && !open.vanished;
                unknown.push(UnknownStep { step: *step, from: open.from, began: open.began, on: open.on, again });
            }
        }
        unknown.sort_unstable_by_key(|unknown| (unknown.step, unknown.from));
        unknown
    }

    /// Takes in what was found out of executions of the last of `runs` and those before it.
    pub(super) fn take_settled(&mut self, all: &[Settled], runs: &[Known<'_>], playbook: &Playbook) {
        let ids = runs.iter().enumerate().filter_map(|(index, run)| run.as_ref().map(|(_, header, keys)| (&*header.run, (index, keys))));
        let runs: HashMap<&str, (usize, &Keys)> = ids.collect();
        for settled in all {
            let Some((run, keys)) = runs.get(&*settled.run) else { continue };
            if let Some(step) = keys.step(settled.step) {
                let from = Source { run: *run, step: settled.step, attempt: settled.attempt };
                self.settle((step, from), settled, playbook);
            }
        }
        // A run keeps all that was settled before it, whatever became of the step.
        self.resumes.settled = all.to_vec();
    }

    /// Takes in what was found out of one execution: its step, and where the record has it.
    pub fn settle(&mut self, (step, from): (StepId, Source), settled: &Settled, playbook: &Playbook) {
        self.resumes.settled.push(settled.clone());
        let task = playbook.task(step.round, step.task);
        for turn in self.steps.get_mut(&step).into_iter().flat_map(BTreeMap::values_mut) {
            let Some(at) = turn.open.iter().position(|open| open.from == from) else { continue };
            let CarriedOpen { on, item, durable, long, vanished, .. } = turn.open.remove(at);
            let Some(outcome) = outcome(task, settled) else {
                if let (Some(name), Some(on), false) = (durable, on, vanished) {
                    turn.durable.push(CarriedDurable { item: item.map(|(index, _)| index), on, name, begun: long });
                } else if settled.end == SettledEnd::Again && !task.only_reads() {
                    // What a guard finds done may have been done just now.
                    self.maybe_changed.insert(step);
                }
                continue;
            };
            let more = task.on.len() > 1 || matches!(task.on.first(), Some(crate::model::OnHost::Template(_)));
            if more && outcome.lets_dependents_run() {
                turn.done_on.extend(on.map(|host| (item.clone(), host)));
                continue;
            }
            let result = StepResult { attempts: 1, rc: outcome.rc, ..StepResult::without_run(outcome.status) };
            let result = Arc::new(StepResult { changed: outcome.status == Status::Changed, ..result });
            let end = CarriedEnd { from, outcome, began: None, result: Some(result), kept: None, settled: true };
            match (task.flow.each.is_some(), item) {
                (false, _) => turn.end = Some(end),
                (true, Some((index, label))) => drop(turn.items.insert(index, (label, end))),
                // Which item it was is not known, so that all that have no end are done again.
                (true, None) => {}
            }
        }
    }
}

/// The outcome of an execution that was settled; none where it is to be done again.
pub(super) fn outcome(task: &Task, settled: &Settled) -> Option<Outcome> {
    let well = || {
        let writes = matches!(task.verb, Verb::Run(_) | Verb::Script(_)) && !task.read_only;
        match task.changed {
            Some(Judge::Fixed(true)) => Status::Changed,
            Some(Judge::Fixed(false)) => Status::Ok,
            _ if writes => Status::Changed,
            _ => Status::Ok,
        }
    };
    let told = |by: &str| match by {
        "journal" => "its end is known from the host's own journal, its output is lost".to_owned(),
        by => format!("taken for done ({by})"),
    };
    let mut outcome = match settled.end {
        SettledEnd::Again | SettledEnd::NotBegun => return None,
        SettledEnd::Guarded => Outcome::without_run(Status::Skipped, "a guard"),
        SettledEnd::Done => Outcome::without_run(well(), told(&settled.by)),
        SettledEnd::Exited(0) => Outcome { rc: Some(0), ..Outcome::without_run(well(), told(&settled.by)) },
        SettledEnd::Exited(code) => {
            let allowed = task.allow_failure;
            let outcome = Outcome::without_run(Status::Failed, format!("exit code {code}; {}", told(&settled.by)));
            let outcome = Outcome { rc: Some(code), allowed, ..outcome };
            match (&task.failed, &task.flow.retry) {
                (Some(Judge::Fixed(false)), _) => Outcome { status: well(), allowed: false, ..outcome },
                // It would have been tried again.
                (_, Some(_)) => return None,
                _ => outcome,
            }
        }
    };
    outcome.carried = Some(settled.run.clone());
    Some(outcome)
}
