//! Hosts for which a task renders the same, found without rendering.
//!
//! Knows what a task's templates read, variables followed, and where each variable is written: hosts whose variables
//! come from the same places are of one class, so that a thousand hosts of one group cost one rendering. Only for
//! plans, where results are pending for all.

use std::collections::BTreeSet;

use super::scope::written;
use super::world::World;
use crate::model::{Read, StepId, TaskPart, Verb};

/// A class: equal keys, equal renderings.
pub(super) type Class = Vec<usize>;

/// The class of a step; none where what it reads is the host's own.
pub(super) fn class(world: &World, step: StepId) -> Option<Class> {
    let task = world.playbook.task(step.round, step.task);
    if matches!(&task.verb, Verb::Fetch(_)) {
        // Where it lands may hold the host's name.
        return None;
    }
    let mut reads = Vec::new();
    task.for_each_template(&mut |part, template| {
        // A preview shows no password, and judges nothing.
        if !matches!(part, TaskPart::BecomePassword | TaskPart::Judge) {
            reads.extend(&template.reads);
        }
    });
    let mut key = Vec::new();
    let mut seen = BTreeSet::new();
    while let Some(read) = reads.pop() {
        let name = read.path.first()?.as_str();
        match name {
            "host" | "hosts" => return None,
            "groups" | "tasks" | "run" | "controller" | "result" => {}
            "rounds" => key.push(usize::from(member(world, read, step)?)),
            _ if !seen.insert(name) => {}
            _ => {
                for set in world.sets_before(name, step.round, Some(step.task), step.host) {
                    key.extend([set.round.index(), set.task.index()]);
                }
                let within = Some((step.round, Some(step.task)));
                let var = world.playbook.extra.vars.get(name).or_else(|| written(world, name, step.host, within));
                key.push(var.map_or(0, |var| std::ptr::from_ref(var) as usize));
                if let Some(var) = var {
                    var.value.for_each_template(&mut |template| reads.extend(&template.reads));
                }
            }
        }
    }
    Some(key)
}

/// Whether the step's host is in the round that is read; none where that is not all that matters.
fn member(world: &World, read: &Read, step: StepId) -> Option<bool> {
    let round = world.rounds.get(read.path.get(1)?)?;
    Some(world.is_member(*round, step.host))
}
