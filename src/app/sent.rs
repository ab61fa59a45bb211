//! The local files that a plan sends whose names are made by templates: known for each host and item as soon as the plan is.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::load::Ready;
use crate::model::{CopyFrom, HostIx, RoundIx, StepId, Task, TaskIx, Verb};
use crate::plan::{self, Body, CopySource, ItemView, Local, NothingYet, RunInfo, World};

/// Files that a plan names, those with a literal name left out: these are known without it.
pub(super) fn named_by_templates(ready: &Ready) -> BTreeSet<PathBuf> {
    let controller = super::header::controller();
    let run = RunInfo { user: controller.user.clone(), ..RunInfo::default() };
    let (playbook, inventory) = (Arc::clone(&ready.playbook), Arc::clone(&ready.inventory));
    let world = World::new(playbook, inventory, &ready.plan, Arc::new(NothingYet), run, controller);
    let mut found = BTreeSet::new();
    for (round, plan) in ready.playbook.rounds.iter().enumerate() {
        for (at, task) in plan.tasks.iter().enumerate().filter(|(_, task)| sends_by_template(task)) {
            for host in &plan.hosts {
                let step = StepId { round: RoundIx::new(round), task: TaskIx::new(at), host: *host };
                found.extend(of_step(ready, &world, task, step));
            }
        }
    }
    // One that is known only later is a hole in the plan.
    found.retain(|path| path.is_file());
    found
}

fn sends_by_template(task: &Task) -> bool {
    match &task.verb {
        Verb::Copy(copy) => matches!(&copy.from, CopyFrom::Src { path, .. } if !path.is_literal()),
        Verb::Script(script) => !script.src.is_literal(),
        Verb::Unarchive(_) => true,
        _ => false,
    }
}

fn of_step(ready: &Ready, world: &Arc<World>, task: &Task, step: StepId) -> Vec<PathBuf> {
    let host: HostIx = step.host;
    let items =
        task.flow.each.as_ref().map(|each| plan::items(each, &ready.engine, &world.scope(step)).map(|items| (each.name.clone(), items)));
    let scopes = match items {
        Some(Ok((name, items))) => {
            let count = items.len();
            let view = |(index, value)| Arc::new(ItemView { name: name.clone(), value, index, count });
            items.into_iter().enumerate().map(view).map(|item| world.scope_with(step, Local { item: Some(item), result: None })).collect()
        }
        _ => vec![world.scope(step)],
    };
    let prepared = scopes.iter().filter_map(|scope| plan::preview(task, host, &ready.inventory, &ready.engine, scope).ok());
    let path = prepared.filter_map(|prepared| match prepared.body {
        Body::Copy { from: CopySource::File(path), .. } | Body::Script { src: path, .. } | Body::Unpack { src: path, .. } => Some(path),
        _ => None,
    });
    path.collect()
}
