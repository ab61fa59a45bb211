//! What a template can see: the hosts of a round by equal layers, the variables of `set`, the place of use.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diag::Span;
use crate::model::{
    Block, BlockIx, FrameIx, Gate, Home, HostIx, Inventory, Layer, Part, Playbook, Round, RoundIx, Section, Task, TaskIx, TaskRead, Var,
    Verb,
};

/// A variable that a `set` task sets.
#[derive(Debug, Clone)]
pub(super) struct SetVar<'a> {
    pub(super) name: &'a str,
    pub(super) round: RoundIx,
    pub(super) task: TaskIx,
    pub(super) frame: FrameIx,
    pub(super) span: Span,
    /// True where the task by itself runs on every host of its round unless something failed.
    pub(super) certain: bool,
    /// The blocks around it.
    pub(super) around: Vec<(BlockIx, Part)>,
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
                    frame: task.flow.home.frame,
                    certain: always_runs(round, task),
                    around: around(round, task.flow.home),
                });
            }
        }
    }
    sets
}

impl SetVar<'_> {
    /// Says whether the variable is there for who reads it after the task: nothing may leave the task out that does not
    /// leave the reader out, too.
    pub(super) fn is_certain(&self, round: &Round, reader: &[(BlockIx, Part)]) -> bool {
        self.certain
            && self.around.iter().all(|(index, part)| {
                let block = &round.blocks[index.index()];
                match reader.iter().find(|(other, _)| other == index) {
                    Some((_, of_reader)) => of_reader == part || *part == Part::Always,
                    None => {
                        let runs = match part {
                            Part::Body => !block.rescue && !block.allow_failure,
                            Part::Rescue => false,
                            Part::Always => true,
                        };
                        runs && block.when.is_empty() && block.each.is_none()
                    }
                }
            })
    }
}

/// Whether a task by itself runs on every host of its round unless something failed.
fn always_runs(round: &Round, task: &Task) -> bool {
    let own = task.when.is_empty() && task.guards.is_empty() && !task.allow_failure && task.flow.each.is_none() && round.when.is_none();
    own && task.flow.home.section != Section::Handlers
}

/// The blocks around a place, innermost first, with the part of each.
fn around(round: &Round, home: Home) -> Vec<(BlockIx, Part)> {
    std::iter::successors(home.block, |(block, _)| round.blocks[block.index()].home.block).collect()
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
    pub(super) fn new(index: RoundIx, round: &'a Round, inventory: &'a Inventory) -> RoundScope<'a> {
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
        let wanted: BTreeSet<HostIx> = classes.iter().flat_map(|class| self.classes[*class].hosts.iter().copied()).collect();
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
#[derive(Default)]
pub(super) struct Use<'a> {
    /// The task or gate; none: the round's own `when`, or a group of the playbook.
    pub(super) node: Option<TaskIx>,
    /// Whose ids and inputs it sees.
    pub(super) frame: FrameIx,
    /// The layers of its own, strongest first.
    pub(super) layers: Vec<&'a Layer>,
    /// The blocks around it.
    pub(super) around: Vec<(BlockIx, Part)>,
    /// Names of the items around it, innermost first.
    pub(super) items: Vec<&'a str>,
    /// True in `rescue`.
    pub(super) error: bool,
    /// True in `changed`, `failed` and `until`, where `result` is known.
    pub(super) judge: bool,
    /// True for defaults of inputs, which see what the inventory gives and nothing else.
    pub(super) inventory_only: bool,
    pub(super) reads: Vec<TaskRead>,
    /// Names that were followed already, with what the answer depends on.
    pub(super) seen: BTreeSet<Followed>,
}

/// A name that was followed: whether it may be absent, whether a result is known, and for which classes of hosts.
pub(super) type Followed = (String, bool, bool, Option<Vec<usize>>);

impl<'a> Use<'a> {
    pub(super) fn of_task(index: TaskIx, task: &'a Task, round: &'a Round) -> Use<'a> {
        Use { layers: strongest_first(&task.layers), ..Use::at(index, task.flow.home, round) }
    }

    /// A template of a block itself: at its start, or (its outputs) at its end, in its own name space.
    pub(super) fn of_block(index: BlockIx, block: &'a Block, round: &'a Round) -> Use<'a> {
        Use { layers: strongest_first(&block.layers), ..Use::at(round.node(Gate::Enter(index)), block.home, round) }
    }

    /// A place in a round, with what is known there.
    pub(super) fn at(node: TaskIx, home: Home, round: &'a Round) -> Use<'a> {
        let mut found = Use { node: Some(node), frame: home.frame, around: around(round, home), ..Use::default() };
        let mut next = home.block;
        while let Some((index, part)) = next {
            let block = &round.blocks[index.index()];
            // An action sees nothing of what is around its use.
            if block.frame.is_some() {
                break;
            }
            found.items.extend(block.each.as_ref().map(|each| each.name.as_str()));
            found.error |= part == Part::Rescue;
            next = block.home.block;
        }
        found
    }

    /// Remembers a result that is read.
    pub(super) fn reads(&mut self, read: TaskRead) {
        let known = |other: &TaskRead| (other.round, other.task, other.other_hosts) == (read.round, read.task, read.other_hosts);
        if !self.reads.iter().any(known) {
            self.reads.push(read);
        }
    }
}

fn strongest_first(layers: &[Arc<Layer>]) -> Vec<&Layer> {
    layers.iter().rev().map(AsRef::as_ref).collect()
}

/// A variable that is being followed: its name and where it was read.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) span: Span,
}
