//! What a template can see: the hosts of a round by equal layers, the variables of `set`, the place of use.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diag::Span;
use crate::model::{HostIx, Inventory, Layer, Playbook, Round, RoundIx, Task, TaskIx, TaskRead, Var, Verb};

/// A variable that a `set` task sets.
#[derive(Debug, Clone)]
pub(super) struct SetVar<'a> {
    pub(super) name: &'a str,
    pub(super) round: RoundIx,
    pub(super) task: TaskIx,
    pub(super) span: Span,
    /// True where the task runs on every host of its round unless something failed.
    pub(super) certain: bool,
}

/// All variables that `set` tasks set, in the order written.
pub(super) fn set_vars(playbook: &Playbook) -> Vec<SetVar<'_>> {
    let mut sets = Vec::new();
    for (round_index, round) in playbook.rounds.iter().enumerate() {
        for (task_index, task) in round.tasks.iter().enumerate() {
            let Verb::Set(set) = &task.verb else { continue };
            for (name, var) in &set.vars {
                sets.push(SetVar {
                    name,
                    round: RoundIx::new(round_index),
                    task: TaskIx::new(task_index),
                    span: var.span.unwrap_or(task.span),
                    certain: task.when.is_empty() && task.guards.is_empty() && !task.allow_failure && round.when.is_none(),
                });
            }
        }
    }
    sets
}

/// Hosts that see the same variables.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub(super) hosts: Vec<HostIx>,
}

/// The hosts of an inventory layer partitioned by which variable a name gives them.
type Partition<'a> = Rc<Vec<(Option<&'a Var>, Vec<usize>)>>;

/// What a value reads: paths, and whether their absence is dealt with.
type Reads<'a> = Vec<(&'a [String], bool)>;

/// A round as its templates see it.
pub(super) struct RoundScope<'a> {
    pub(super) index: RoundIx,
    pub(super) round: &'a Round,
    pub(super) classes: Vec<Class>,
    inventory: &'a Inventory,
    partitions: BTreeMap<String, Partition<'a>>,
}

impl<'a> RoundScope<'a> {
    pub(super) fn new(index: RoundIx, round: &'a Round, inventory: &'a Inventory, sets: &[SetVar<'_>]) -> RoundScope<'a> {
        let _ = sets;
        let mut classes: IndexMap<Vec<usize>, Class> = IndexMap::new();
        for host in &round.hosts {
            let key: Vec<usize> = inventory.host(*host).layers.iter().map(|layer| Arc::as_ptr(layer).addr()).collect();
            classes.entry(key).or_insert_with(|| Class { hosts: Vec::new() }).hosts.push(*host);
        }
        RoundScope { index, round, classes: classes.into_values().collect(), inventory, partitions: BTreeMap::new() }
    }

    /// Which variable of the inventory each class of hosts gets for a name.
    pub(super) fn partition(&mut self, name: &str) -> Partition<'a> {
        if let Some(known) = self.partitions.get(name) {
            return Rc::clone(known);
        }
        // Values that read the same names are followed the same way, wherever they are written.
        let mut parts: IndexMap<Option<Reads<'a>>, (Option<&'a Var>, Vec<usize>)> = IndexMap::new();
        for (index, class) in self.classes.iter().enumerate() {
            let var = class.hosts.first().and_then(|host| self.inventory.host(*host).var(name));
            parts.entry(var.map(reads_of)).or_insert_with(|| (var, Vec::new())).1.push(index);
        }
        let partition = Rc::new(parts.into_values().collect::<Vec<_>>());
        self.partitions.insert(name.to_owned(), Rc::clone(&partition));
        partition
    }

    /// The hosts of some classes, in the order of the round.
    pub(super) fn hosts_of(&self, classes: &[usize]) -> Vec<HostIx> {
        let wanted: std::collections::BTreeSet<HostIx> =
            classes.iter().flat_map(|class| self.classes[*class].hosts.iter().copied()).collect();
        self.round.hosts.iter().copied().filter(|host| wanted.contains(host)).collect()
    }
}

/// The names that a variable's value reads, optional ones marked.
fn reads_of(var: &Var) -> Reads<'_> {
    let mut reads = Vec::new();
    var.value.for_each_template(&mut |template| reads.extend(template.reads.iter().map(|read| (read.path.as_slice(), read.optional))));
    reads
}

/// Who uses a template, and what was found out about it.
pub(super) struct Use<'a> {
    /// None: the round's own `when`.
    pub(super) task: Option<TaskIx>,
    /// The task's own layers, strongest first.
    pub(super) layers: Vec<&'a Layer>,
    /// True in `changed` and `failed`, where `result` is known.
    pub(super) judge: bool,
    pub(super) reads: Vec<TaskRead>,
    /// Names that were followed already, with what the answer depends on.
    pub(super) seen: std::collections::BTreeSet<(String, bool, bool, Option<Vec<usize>>)>,
}

impl<'a> Use<'a> {
    pub(super) fn of_round() -> Use<'a> {
        Use { task: None, layers: Vec::new(), judge: false, reads: Vec::new(), seen: std::collections::BTreeSet::new() }
    }

    pub(super) fn of_task(index: TaskIx, task: &'a Task) -> Use<'a> {
        Use { task: Some(index), layers: task.layers.iter().rev().map(AsRef::as_ref).collect(), ..Use::of_round() }
    }

    /// Remembers a result that is read.
    pub(super) fn reads(&mut self, read: TaskRead) {
        let known = |other: &TaskRead| (other.round, other.task, other.other_hosts) == (read.round, read.task, read.other_hosts);
        if !self.reads.iter().any(known) {
            self.reads.push(read);
        }
    }
}

/// A variable that is being followed: its name and where it was read.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) span: Span,
}
