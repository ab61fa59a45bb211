//! Binding: where each name that a template reads comes from, for every host that uses it.
//!
//! Hosts with equal layers are asked once. What a task reads of other tasks, variables followed, becomes its `reads`;
//! what a round's `when` reads becomes part of the round's `needs`.

use std::collections::BTreeSet;

use super::names::Names;
use super::order::Order;
use super::scope::{RoundScope, SetVar, Use, set_vars};
use crate::diag::{Diagnostic, Diagnostics, SourceMap, Span};
use crate::model::{Inventory, Playbook, Round, RoundIx, RoundNeed, Task, TaskIx, TaskPart, TaskRead, Template, Verb};

/// What binding knows and collects.
pub(super) struct Binder<'a> {
    pub(super) map: &'a SourceMap,
    pub(super) inventory: &'a Inventory,
    pub(super) playbook: &'a Playbook,
    pub(super) round_names: &'a Names<RoundIx>,
    pub(super) task_names: &'a [Names<Vec<TaskIx>>],
    pub(super) round_order: Order,
    pub(super) task_orders: Vec<Order>,
    pub(super) sets: Vec<SetVar<'a>>,
    /// Places of which a mistake was told already: a variable that many tasks read is wrong once.
    told: BTreeSet<(&'static str, Span)>,
    /// Variables that templates of a round read, others followed.
    pub(super) used: BTreeSet<(RoundIx, String)>,
    /// Secrets that templates read, variables followed.
    pub(super) secrets: BTreeSet<String>,
    diagnostics: &'a mut Diagnostics,
}

impl Binder<'_> {
    /// The verb of a task; none where it could not be read.
    pub(super) fn verb_key(&self, round: RoundIx, task: TaskIx) -> Option<&'static str> {
        let verb = &self.playbook.task(round, task).verb;
        let broken = matches!(verb, Verb::Set(set) if set.vars.is_empty());
        (!broken).then(|| verb.key())
    }

    /// Tells of a mistake, once for its place.
    pub(super) fn tell(&mut self, found: Diagnostic) {
        let place = found.primary.as_ref().map(|label| (found.code, label.span));
        if place.is_none_or(|place| self.told.insert(place)) {
            self.diagnostics.push(found);
        }
    }
}

/// Binds every template of a playbook; gives the variables that each round reads.
pub(super) fn bind(
    playbook: &mut Playbook,
    map: &SourceMap,
    inventory: &Inventory,
    round_names: &Names<RoundIx>,
    task_names: &[Names<Vec<TaskIx>>],
    diagnostics: &mut Diagnostics,
) -> BTreeSet<(RoundIx, String)> {
    let needs: Vec<Vec<usize>> = playbook.rounds.iter().map(|round| round.needs.iter().map(|need| need.round.index()).collect()).collect();
    let mut binder = Binder {
        map,
        inventory,
        playbook,
        round_names,
        task_names,
        round_order: Order::of_rounds(&needs),
        task_orders: playbook.rounds.iter().map(|round| Order::of_tasks(&round.items, round.tasks.len())).collect(),
        sets: set_vars(playbook),
        told: BTreeSet::new(),
        used: BTreeSet::new(),
        secrets: BTreeSet::new(),
        diagnostics,
    };
    let mut found: Vec<(Vec<TaskRead>, Vec<Vec<TaskRead>>)> = Vec::with_capacity(playbook.rounds.len());
    for (index, round) in playbook.rounds.iter().enumerate() {
        found.push(binder.round(RoundIx::new(index), round));
    }
    let (used, secrets) = (binder.used, binder.secrets);
    playbook.secrets.values_mut().for_each(|secret| secret.used = secrets.contains(&secret.name));
    for (round, (of_round, of_tasks)) in playbook.rounds.iter_mut().zip(found) {
        for read in &of_round {
            if !round.needs.iter().any(|need| need.round == read.round) {
                round.needs.push(RoundNeed { round: read.round, span: Some(read.span) });
            }
        }
        for (task, reads) in round.tasks.iter_mut().zip(of_tasks) {
            task.reads = reads;
        }
        // The results that `when` reads must be kept as well; the first task stands for the round.
        if let Some(task) = round.tasks.first_mut() {
            for read in of_round {
                if !task.reads.iter().any(|other| (other.round, other.task, other.other_hosts) == (read.round, read.task, read.other_hosts))
                {
                    task.reads.push(read);
                }
            }
        }
    }
    used
}

impl<'a> Binder<'a> {
    fn round(&mut self, index: RoundIx, round: &'a Round) -> (Vec<TaskRead>, Vec<Vec<TaskRead>>) {
        let mut scope = RoundScope::new(index, round, self.inventory, &self.sets);
        let mut of_round = Use::of_round();
        if let Some(when) = &round.when {
            self.template(&mut scope, &mut of_round, when);
        }
        let of_tasks = round
            .tasks
            .iter()
            .enumerate()
            .map(|(task_index, task)| {
                let mut of_task = Use::of_task(TaskIx::new(task_index), task);
                self.task(&mut scope, &mut of_task, task);
                of_task.reads
            })
            .collect();
        (of_round.reads, of_tasks)
    }

    fn template(&mut self, scope: &mut RoundScope<'a>, of: &mut Use<'a>, template: &'a Template) {
        for read in &template.reads {
            self.read(scope, of, template, read, None, &mut Vec::new());
        }
    }

    fn task(&mut self, scope: &mut RoundScope<'a>, of: &mut Use<'a>, task: &'a Task) {
        task.for_each_template(&mut |part, template| {
            of.judge = part == TaskPart::Judge;
            self.template(scope, of, template);
        });
        of.judge = false;
    }
}
