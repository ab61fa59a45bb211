//! Hosts for which a task renders the same, found without rendering.
//!
//! Knows what a task's templates read, variables followed, and where each variable is written: hosts whose variables
//! come from the same places are of one class, so that a thousand hosts of one group cost one rendering. Only for
//! plans, where results are pending for all.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use indexmap::IndexMap;

use super::world::World;
use crate::model::{HostIx, Read, RoundIx, StepId, TaskIx, TaskPart, Var, Verb};

/// A class: equal keys, equal renderings.
pub(super) type Class = Vec<usize>;

/// Which variable each host, by index, gets for a name from the inventory, or else from the playbook.
type Table<'a> = Rc<[Option<&'a Var>]>;

/// The classes of a plan's steps; a name is looked up once for each host, however many tasks read it.
pub(super) struct Classes<'a> {
    world: &'a World,
    tables: RefCell<HashMap<&'a str, Table<'a>>>,
}

/// The classes of a task's steps.
pub(super) struct TaskClasses<'a, 'c> {
    of: &'c Classes<'a>,
    round: RoundIx,
    task: TaskIx,
    /// What the task's own templates read; none where that is the host's own.
    reads: Option<Vec<&'a Read>>,
    names: IndexMap<&'a str, Name<'a>>,
    /// How many hosts were asked for.
    asked: usize,
}

/// A variable's name, as a task reads it.
struct Name<'a> {
    written: Written<'a>,
    /// Whether any `set` task sets it.
    set: bool,
    /// The last of the hosts asked for that read it.
    seen: usize,
}

/// Where a name is written.
enum Written<'a> {
    /// In one place for all hosts.
    Once(&'a Var),
    /// Each host's own business.
    PerHost(Table<'a>),
}

impl<'a> Classes<'a> {
    pub(super) fn new(world: &'a World) -> Classes<'a> {
        Classes { world, tables: RefCell::default() }
    }

    /// The classes of a task's steps.
    pub(super) fn task(&self, round: RoundIx, ix: TaskIx) -> TaskClasses<'a, '_> {
        let task = self.world.playbook.task(round, ix);
        let mut reads = Vec::new();
        task.for_each_template(&mut |part, template| {
            // A preview shows no password, and judges nothing.
            if !matches!(part, TaskPart::BecomePassword | TaskPart::Judge) {
                reads.extend(&template.reads);
            }
        });
        // Where a file lands may hold the host's name.
        let reads = (!matches!(&task.verb, Verb::Fetch(_)) && !reads.iter().any(|read| is_own(read))).then_some(reads);
        TaskClasses { of: self, round, task: ix, reads, names: IndexMap::new(), asked: 0 }
    }

    fn table(&self, name: &'a str) -> Table<'a> {
        let mut tables = self.tables.borrow_mut();
        let table = tables.entry(name).or_insert_with(|| {
            let hosts = 0..self.world.inventory.hosts.len();
            hosts.map(|host| self.world.written_below(name, HostIx::new(host))).collect()
        });
        Rc::clone(table)
    }

    fn name(&self, name: &'a str, round: RoundIx, task: TaskIx) -> Name<'a> {
        let above = self.world.playbook.extra.vars.get(name).or_else(|| self.world.written_above(name, round, Some(task)));
        let written = above.map_or_else(|| Written::PerHost(self.table(name)), Written::Once);
        Name { written, set: self.world.is_set_anywhere(name), seen: 0 }
    }
}

impl<'a> TaskClasses<'a, '_> {
    /// The class of the task's step on a host; none where what it reads is the host's own.
    pub(super) fn class(&mut self, host: HostIx) -> Option<Class> {
        let mut reads = self.reads.clone()?;
        let world = self.of.world;
        let step = StepId { round: self.round, task: self.task, host };
        let mut key = Vec::new();
        self.asked += 1;
        while let Some(read) = reads.pop() {
            let name = read.path.first()?.as_str();
            match name {
                _ if is_own(read) => return None,
                // What is read of other hosts is the same for all that read it.
                "hosts" | "groups" | "tasks" | "run" | "controller" | "result" => continue,
                "facts" => {
                    for section in read.path.get(1).map_or(&crate::resource::FACT_SECTIONS[..], |_| &[]) {
                        key.extend(gathered(world, section, step));
                    }
                    key.extend(read.path.get(1).into_iter().flat_map(|section| gathered(world, section, step)));
                    continue;
                }
                "rounds" => {
                    key.push(usize::from(member(world, read, step)?));
                    continue;
                }
                _ => {}
            }
            let known = self.names.entry(name).or_insert_with(|| self.of.name(name, self.round, self.task));
            if std::mem::replace(&mut known.seen, self.asked) == self.asked {
                continue;
            }
            if known.set {
                for set in world.sets_before(name, step.round, Some(step.task), step.host) {
                    key.extend([set.round.index(), set.task.index()]);
                }
            }
            let var = match &known.written {
                Written::Once(var) => Some(*var),
                Written::PerHost(table) => table.get(host.index()).copied().flatten(),
            };
            key.push(var.map_or(0, |var| std::ptr::from_ref(var) as usize));
            if let Some(var) = var {
                var.value.for_each_template(&mut |template| reads.extend(&template.reads));
            }
        }
        Some(key)
    }
}

/// The tasks that gather a section of facts before a step.
fn gathered(world: &World, section: &str, step: StepId) -> Vec<usize> {
    let key = super::facts::key(section);
    let steps = world.sets_before(&key, step.round, Some(step.task), step.host);
    steps.flat_map(|step| [step.round.index(), step.task.index()]).collect()
}

/// Says whether a read gives each host something of its own.
fn is_own(read: &Read) -> bool {
    read.path.first().is_some_and(|root| root == "host")
}

/// Whether the step's host is in the round that is read; none where that is not all that matters.
fn member(world: &World, read: &Read, step: StepId) -> Option<bool> {
    let round = world.rounds.get(read.path.get(1)?)?;
    Some(world.is_member(*round, step.host))
}
