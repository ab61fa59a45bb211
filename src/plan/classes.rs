//! Hosts for which a task renders the same, found without rendering.
//!
//! Knows what a task's templates read, variables followed, and where each variable is written: hosts whose variables
//! come from the same places are of one class, so that a thousand hosts of one group cost one rendering. Only for
//! plans, where results are pending for all.

use std::collections::BTreeSet;

use super::scope::written;
use super::world::World;
use crate::model::{Command, CopyFrom, Guard, OnHost, Read, StepId, Task, Template, VarValue, Verb};

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
    for_each_template(task, &mut |template| reads.extend(&template.reads));
    let mut key = Vec::new();
    let mut seen = BTreeSet::new();
    while let Some(read) = reads.pop() {
        let name = read.path.first()?.as_str();
        match name {
            "host" | "hosts" => return None,
            "groups" | "tasks" | "run" | "controller" | "secrets" | "result" => {}
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

fn for_each_template<'a>(task: &'a Task, each: &mut dyn FnMut(&'a Template)) {
    task.when.iter().for_each(&mut *each);
    task.env.iter().for_each(|(_, template)| each(template));
    task.cwd.iter().chain(&task.stdin).for_each(&mut *each);
    for guard in &task.guards {
        match guard {
            Guard::Unless(command) | Guard::OnlyIf(command) => for_each_of_command(command, each),
            Guard::Creates(path) | Guard::Removes(path) => each(path),
        }
    }
    for entry in &task.on {
        if let OnHost::Template(template) = entry {
            each(template);
        }
    }
    if let Some(r#become) = &task.r#become {
        each(&r#become.user);
    }
    match &task.verb {
        Verb::Run(run) => for_each_of_command(&run.command, each),
        Verb::Read(read) => each(&read.path),
        Verb::Glob(glob) => glob.patterns.iter().for_each(each),
        Verb::Stat(stat) => each(&stat.path),
        Verb::Copy(copy) => {
            match &copy.from {
                CopyFrom::Content(text) => each(text),
                CopyFrom::Src { path, .. } => each(path),
            }
            each(&copy.dest);
            copy.mode.iter().chain(&copy.owner).chain(&copy.group).for_each(each);
        }
        Verb::Fetch(fetch) => [&fetch.src, &fetch.dest].into_iter().for_each(each),
        Verb::Assert(assert) => assert.that.iter().chain(&assert.message).for_each(each),
        Verb::Set(set) => set.vars.values().for_each(|var| VarValue::for_each_template(&var.value, each)),
        Verb::Print(print) => each(&print.text),
        Verb::Fail(fail) => each(&fail.message),
    }
}

fn for_each_of_command<'a>(command: &'a Command, each: &mut dyn FnMut(&'a Template)) {
    match command {
        Command::Text(template) => each(template),
        Command::List(list) => list.iter().for_each(each),
    }
}
