//! Results that work which is left will read: read from the record, or lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{Carried, CarriedEnd, CarriedTurn, Source};
use crate::event::{MASK, Outcome, Status};
use crate::model::{Playbook, Round, StepId, Task, TaskIx, TaskRead, Template, Value};
use crate::plan::{Plan, StepResult};

/// An execution whose output templates may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// The step, by today's playbook.
    pub step: StepId,
    /// Where the record has it.
    pub from: Source,
}

/// A result that the record does not hold whole, and that work which is left reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Whose result it is.
    pub step: StepId,
    /// A task that reads it, by its round.
    pub reader: StepId,
    /// Why it is not whole.
    pub why: &'static str,
}

impl Carried {
    /// What is to be read from the record, ascending.
    #[must_use]
    pub fn wanted(&self, plan: &Plan, playbook: &Playbook) -> Vec<Wanted> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for (step, turns) in &self.steps {
            if is_kept(plan, playbook, *step) {
                let ends = turns.values().flat_map(CarriedTurn::ends).filter(|end| end.result.is_none() && end.from.attempt > 0);
                wanted.extend(ends.map(|end| Wanted { step: *step, from: end.from }));
            }
        }
        wanted.sort_unstable();
        wanted
    }

    /// Fills in what an execution printed.
    pub fn fill(&mut self, wanted: Wanted, stdout: &[u8], stderr: &[u8]) {
        let Some(turns) = self.steps.get_mut(&wanted.step) else { return };
        for end in turns.values_mut().flat_map(ends_mut).filter(|end| end.from == wanted.from) {
            end.result = Some(Arc::new(result(end, stdout, stderr)));
        }
    }

    /// Looks at every result that is not whole: a step that changes nothing is done again, what nobody reads any more
    /// stays; the others are given back.
    pub fn without_results(&mut self, plan: &Plan, playbook: &Playbook) -> Vec<Lost> {
        let broken: BTreeSet<StepId> = self
            .steps
            .iter()
            .filter(|(step, turns)| {
                plan.is_read(step.round, step.task)
                    && turns.values().flat_map(CarriedTurn::ends).any(|end| why_broken(playbook, **step, end).is_some())
            })
            .map(|(step, _)| *step)
            .collect();
        let mut lost = Vec::new();
        for step in broken {
            let Some(reader) = self.reader(step, playbook) else { continue };
            if playbook.task(step.round, step.task).only_reads() {
                self.steps.remove(&step);
                self.over.remove(&step);
                continue;
            }
            let why = self
                .steps
                .get(&step)
                .and_then(|turns| turns.values().flat_map(CarriedTurn::ends).find_map(|end| why_broken(playbook, step, end)));
            lost.push(Lost { step, reader, why: why.unwrap_or_default() });
        }
        lost
    }

    /// A step that reads another's result and is left to be done.
    fn reader(&self, read: StepId, playbook: &Playbook) -> Option<StepId> {
        for (index, round) in playbook.rounds.iter().enumerate() {
            let index = crate::model::RoundIx::new(index);
            for (number, task) in round.tasks.iter().enumerate() {
                let reads = task.reads.iter().filter(|other| (other.round, other.task) == (read.round, read.task));
                let others = reads.clone().any(|read| read.other_hosts);
                if reads.count() == 0 || task.flow.left_out.is_some() {
                    continue;
                }
                let left = round.hosts.iter().filter(|host| others || **host == read.host);
                let mut left = left.map(|host| StepId { round: index, task: TaskIx::new(number), host: *host });
                if let Some(reader) = left.find(|step| self.may_run(*step, round)) {
                    return Some(reader);
                }
            }
            // What asks before tasks do is asked anew in any case.
            let first = || StepId { round: index, task: TaskIx::new(0), ..read };
            let named = &playbook.round(read.round).id;
            let names = |template: &Template| {
                template.reads.iter().any(|read| matches!(&read.path[..], [root, id, ..] if root == "rounds" && id == named))
            };
            let is_it = |other: &TaskRead| (other.round, other.task) == (read.round, read.task);
            let by_block = round.blocks.iter().any(|block| block.reads.iter().any(is_it));
            let chosen = round.flow.chosen.iter().flat_map(|chosen| &chosen.groups).filter_map(|group| playbook.groups.get_index(*group));
            let by_group = chosen.into_iter().any(|(_, group)| group.reads.iter().any(is_it));
            if (by_block || by_group || round.when.as_ref().is_some_and(names)) && !round.tasks.is_empty() {
                return Some(first());
            }
        }
        None
    }

    /// Says whether a step may still be executed; a handler only where it is pending, or what notifies it may be.
    fn may_run(&self, step: StepId, round: &Round) -> bool {
        if !round.handlers.contains(&step.task) {
            return self.is_needed(step, round) && !self.is_done(step, round);
        }
        let notifies = |task: &Task| task.flow.notify.iter().any(|notify| notify.handler == step.task);
        self.pending.contains(&(step.round, step.host, step.task))
            || round
                .tasks
                .iter()
                .enumerate()
                .any(|(number, task)| notifies(task) && !self.is_done(StepId { task: TaskIx::new(number), ..step }, round))
    }

    /// Says whether a step has ended for good. A list that is another by now may have other items.
    fn is_done(&self, step: StepId, round: &Round) -> bool {
        let each = round.tasks[step.task.index()].flow.each.is_some();
        let ended = |turn: &CarriedTurn| turn.open.is_empty() && if each { self.unchanged && turn.all_items } else { turn.end.is_some() };
        self.steps.get(&step).and_then(|turns| turns.values().next_back()).is_some_and(ended)
    }
}

impl CarriedTurn {
    /// How it, or its items, ended.
    pub fn ends(&self) -> impl Iterator<Item = &CarriedEnd> {
        self.end.iter().chain(self.items.values().map(|(_, end)| end))
    }
}

fn ends_mut(turn: &mut CarriedTurn) -> impl Iterator<Item = &mut CarriedEnd> {
    turn.end.iter_mut().chain(turn.items.values_mut().map(|(_, end)| end))
}

fn is_kept(plan: &Plan, playbook: &Playbook, step: StepId) -> bool {
    let round = playbook.round(step.round);
    let rescued = round.around(round.home(step.task)).any(|(block, _)| round.blocks[block.index()].rescue);
    plan.is_read(step.round, step.task) || rescued
}

/// Why a recorded result is not what the step gave; none where it is.
fn why_broken(playbook: &Playbook, step: StepId, end: &CarriedEnd) -> Option<&'static str> {
    let task = playbook.task(step.round, step.task);
    let ran = matches!(end.outcome.status, Status::Ok | Status::Changed | Status::Failed);
    if !ran {
        return None;
    }
    if task.flow.sensitive {
        return Some("it is sensitive, and so not in the record");
    }
    if end.outcome.stdout.cut || end.outcome.stderr.cut {
        return Some("its output was too long for the record");
    }
    let masked = |text: &str| text.contains(MASK);
    let texts = end.result.as_ref().is_some_and(|result| masked(&result.stdout) || masked(&result.stderr));
    if texts || end.outcome.outputs.values().any(has_mask) {
        return Some("a secret in it is masked in the record");
    }
    end.settled.then_some("how it ended is known, what it printed is lost")
}

fn has_mask(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.contains(MASK),
        Value::List(values) => values.iter().any(has_mask),
        Value::Map(values) => values.values().any(has_mask),
        _ => false,
    }
}

fn result(end: &CarriedEnd, stdout: &[u8], stderr: &[u8]) -> StepResult {
    let outcome: &Outcome = &end.outcome;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let started = end.began.and_then(|at| jiff::Timestamp::from_millisecond(at).ok()).map(|at| at.to_string());
    let ran = outcome.status != Status::Skipped;
    let outputs: IndexMap<String, Value> = outcome.outputs.clone();
    StepResult {
        status: outcome.status,
        changed: outcome.status == Status::Changed,
        rc: outcome.rc,
        stdout: text(stdout),
        stderr: text(stderr),
        outputs,
        started,
        duration: std::time::Duration::from_millis(outcome.duration_ms).as_secs_f64(),
        attempts: u32::from(ran),
        items: Vec::new(),
    }
}
