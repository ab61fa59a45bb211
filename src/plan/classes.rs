//! Hosts for which a task or block renders the same, found without rendering.
//!
//! Knows what templates read, variables, inputs and the `each` around them followed, and where each of these is written:
//! hosts whose values come from the same places are of one class, so that a thousand hosts of one group cost one
//! rendering. Only for plans, where results are pending for all.

use std::collections::BTreeSet;

use super::alike::{Alike, computes};
use super::inputs::seen_by;
use super::scope::written;
use super::sight::Sight;
use super::world::World;
use crate::model::{BlockIx, FrameIx, HostIx, Input, Read, RoundIx, TaskIx, TaskPart, Verb};

/// A class: equal keys, equal renderings.
pub(super) type Class = Vec<usize>;

/// The classes of a task's steps.
pub(super) struct TaskClasses<'a> {
    world: &'a World,
    /// What the task's own templates read; none where that is the host's own.
    reads: Option<Reads<'a>>,
}

impl<'a> TaskClasses<'a> {
    /// Gathers what a task's templates read, once for all hosts.
    pub(super) fn new(world: &'a World, round: RoundIx, ix: TaskIx) -> TaskClasses<'a> {
        let task = world.playbook.task(round, ix);
        let sight = Sight::Task(round, ix);
        let mut reads = Vec::new();
        task.for_each_template(&mut |part, template| {
            // A preview shows no password, and judges nothing.
            if !matches!(part, TaskPart::BecomePassword | TaskPart::Judge) {
                reads.extend(template.reads.iter().map(|read| (read, sight)));
            }
        });
        reads.extend(around(world, sight));
        // Where a file lands may hold the host's name.
        let own = matches!(&task.verb, Verb::Fetch(_)) || reads.iter().any(|(read, _)| is_own(read));
        TaskClasses { world, reads: (!own).then_some(reads) }
    }

    /// The class of the task's step on a host; none where what it reads is the host's own.
    pub(super) fn class(&self, host: HostIx) -> Option<Class> {
        followed(self.world, host, self.reads.clone()?)
    }
}

/// The classes of a task's steps for a check, in which only what can fail matters.
pub(super) struct CheckClasses<'a> {
    alike: &'a Alike,
    /// The reads that the classes of hosts do not settle; none where those are the host's own.
    rest: TaskClasses<'a>,
}

impl<'a> CheckClasses<'a> {
    /// Gathers what a task's templates do with values, once for all hosts.
    pub(super) fn new(world: &'a World, alike: &'a Alike, round: RoundIx, ix: TaskIx) -> CheckClasses<'a> {
        let task = world.playbook.task(round, ix);
        let sight = Sight::Task(round, ix);
        let mut reads = Vec::new();
        task.for_each_template(&mut |part, template| {
            if !matches!(part, TaskPart::BecomePassword | TaskPart::Judge) {
                let computes = computes(&task.verb, part, template);
                let open = template.reads.iter().filter(|read| computes || !alike.settles(read));
                reads.extend(open.map(|read| (read, sight)));
            }
        });
        reads.extend(around(world, sight));
        let own = reads.iter().any(|(read, _)| is_own(read));
        CheckClasses { alike, rest: TaskClasses { world, reads: (!own).then_some(reads) } }
    }

    /// The class of the task's step on a host; none where what it computes with is the host's own.
    pub(super) fn class(&self, host: HostIx) -> Option<Class> {
        let mut class = if self.rest.reads.as_ref().is_some_and(Vec::is_empty) { Vec::new() } else { self.rest.class(host)? };
        class.push(self.alike.class(host));
        Some(class)
    }
}

/// Says whether a read gives each host something of its own.
fn is_own(read: &Read) -> bool {
    read.path.first().is_some_and(|root| root == "host")
}

/// The class of a block's own templates on a host, an action's inputs among them.
pub(super) fn block_class(world: &World, round: RoundIx, block: BlockIx, host: HostIx) -> Option<Class> {
    let entry = &world.playbook.round(round).blocks[block.index()];
    let sight = Sight::Block { round, block, own: true };
    let mut reads = around(world, sight);
    let frame = entry.frame.map(|frame| &world.playbook.round(round).frames[frame.index()]);
    for input in frame.iter().flat_map(|frame| frame.inputs.values()) {
        let sight = if input.given { sight } else { Sight::Inventory };
        reads.extend(of_input(input, sight));
    }
    followed(world, host, reads)
}

type Reads<'a> = Vec<(&'a Read, Sight)>;

fn of_input(input: &Input, sight: Sight) -> Reads<'_> {
    let mut reads = Vec::new();
    input.value.value.for_each_template(&mut |template| reads.extend(template.reads.iter().map(|read| (read, sight))));
    reads
}

/// What conditions and `each` of the blocks around a place read, callers' included.
fn around(world: &World, sight: Sight) -> Reads<'_> {
    let mut reads = Vec::new();
    let mut next = Some(sight);
    while let Some((sight, round)) = next.and_then(|sight| Some((sight, sight.round()?))) {
        for (block, _) in sight.around(world) {
            world.playbook.round(round).blocks[block.index()].for_each_template(&mut |part, template| {
                let at = Sight::Block { round, block, own: part != TaskPart::Each };
                reads.extend(template.reads.iter().map(|read| (read, at)));
            });
        }
        next = sight.caller(world);
    }
    reads
}

fn followed<'a>(world: &'a World, host: HostIx, mut reads: Reads<'a>) -> Option<Class> {
    let mut key = Vec::new();
    let mut seen = BTreeSet::new();
    while let Some((read, sight)) = reads.pop() {
        let name = read.path.first()?.as_str();
        match name {
            "host" => return None,
            // What is read of other hosts is the same for all that read it.
            "hosts" | "groups" | "tasks" | "run" | "controller" | "secrets" | "result" | "error" | "item" | "loop" => {}
            "rounds" => key.push(usize::from(member(world, read, host)?)),
            "inputs" => {
                let of_action = sight.round().zip(sight.frame(world)).filter(|(_, frame)| *frame != FrameIx::ROUND);
                let inputs = match of_action {
                    Some((round, frame)) => &world.playbook.round(round).frames[frame.index()].inputs,
                    None => &world.playbook.inputs,
                };
                let named = |input: &&(&String, &Input)| read.path.get(1).is_none_or(|name| name == input.0);
                for (name, input) in inputs.iter().collect::<Vec<_>>().iter().filter(named) {
                    if seen.insert((name.as_str(), sight, true)) {
                        reads.extend(of_input(input, seen_by(world, sight, input)));
                    }
                }
            }
            _ if !seen.insert((name, sight, false)) => {}
            _ => {
                // All of them are pending, and the first is the one that is named.
                if let Some(set) = world.sets_before(name, sight, host).next() {
                    key.extend([set.round.index(), set.task.index()]);
                }
                let extra = world.playbook.extra.vars.get(name).filter(|_| !sight.is_bare(world));
                let var = extra.or_else(|| written(world, name, host, sight));
                key.push(var.map_or(0, |var| std::ptr::from_ref(var) as usize));
                if let Some(var) = var {
                    var.value.for_each_template(&mut |template| reads.extend(template.reads.iter().map(|read| (read, sight))));
                }
            }
        }
    }
    Some(key)
}

/// Whether the host is in the round that is read; none where that is not all that matters.
fn member(world: &World, read: &Read, host: HostIx) -> Option<bool> {
    let round = world.rounds.get(read.path.get(1)?)?;
    Some(world.is_member(*round, host))
}
