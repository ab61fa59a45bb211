//! What the templates of one step see: the reserved roots, and variables by their precedence.
//!
//! Knows names and where their values come from, not how they are rendered: a variable is handed over as written.
//! Nothing is looked up before it is read. The plan and the run use the same scope; only the answers of the
//! [`super::ResultSource`] differ.

use std::sync::Arc;

use super::facts::FactsRoot;
use super::results::{StepResult, StepRoot, StepView};
use super::world::World;
use crate::model::{HostIx, RoundIx, StepId, TaskIx, Value, Var, VarValue};
use crate::template::{Lazy, Lookup, Root};

/// The roots that are always there, in the order in which the language lists them.
const ROOTS: [&str; 9] = ["host", "hosts", "groups", "facts", "tasks", "rounds", "result", "run", "controller"];

/// What of a run is known only once it has started waits for this.
const START: &str = "the start of the run";

/// The scope of a step, or of a round's `when` on a host.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) world: Arc<World>,
    pub(super) round: RoundIx,
    pub(super) host: HostIx,
    pub(super) task: Option<TaskIx>,
    pub(super) result: Option<Arc<StepResult>>,
}

impl Lazy for Scope {
    fn get(&self, name: &str) -> Lookup {
        let world = || Arc::clone(&self.world);
        match name {
            "host" => lazy(HostRoot { world: world(), host: self.host, round: Some(self.round) }),
            "facts" => lazy(FactsRoot { world: world(), round: self.round, task: self.task, host: self.host }),
            "tasks" => lazy(TasksRoot { world: world(), round: self.round, host: self.host }),
            "rounds" => lazy(RoundsRoot { world: world(), host: self.host }),
            "result" => self.result.as_ref().map_or(Lookup::Missing, |result| lazy(StepRoot::Done(Arc::clone(result)))),
            _ => common(&self.world, name).unwrap_or_else(|| variable(&self.world, name, self.host, Some((self.round, self.task)))),
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            ROOTS.iter().filter(|root| **root != "result" || self.result.is_some()).map(|root| (*root).to_owned()).collect();
        names.extend(variable_names(&self.world, self.host, Some((self.round, self.task))));
        names
    }
}

/// The roots that are the same for all.
fn common(world: &Arc<World>, name: &str) -> Option<Lookup> {
    let world = || Arc::clone(world);
    Some(match name {
        "hosts" => lazy(HostsRoot { world: world() }),
        "groups" => lazy(GroupsRoot { world: world() }),
        "run" => lazy(RunRoot { world: world() }),
        "controller" => lazy(ControllerRoot { world: world() }),
        _ => return None,
    })
}

fn lazy(part: impl Lazy + 'static) -> Lookup {
    Lookup::Lazy(Arc::new(part))
}

/// Finds a variable as a host sees it, within a round and a task of it or outside of any.
///
/// Outside, what `set` set is left out: which of another host's tasks have run by now is chance.
fn variable(world: &World, name: &str, host: HostIx, within: Option<(RoundIx, Option<TaskIx>)>) -> Lookup {
    if let Some(var) = world.playbook.extra.vars.get(name) {
        return as_written(var);
    }
    if let Some((round, task)) = within {
        for step in world.sets_before(name, round, task, host) {
            if matches!(world.results.step(step), StepView::Pending) {
                return Lookup::Pending(world.step_name(step.round, step.task));
            }
        }
        if let Some(var) = world.results.set_vars(host, None).as_ref().and_then(|layer| layer.vars.get(name)) {
            return as_written(var);
        }
    }
    let above = within.and_then(|(round, task)| world.written_above(name, round, task));
    above.or_else(|| world.written_below(name, host)).map_or(Lookup::Missing, as_written)
}

fn as_written(var: &Var) -> Lookup {
    match &var.value {
        VarValue::Plain(value) => Lookup::Value(value.clone()),
        other => Lookup::Variable(Arc::new(other.clone())),
    }
}

fn variable_names(world: &World, host: HostIx, within: Option<(RoundIx, Option<TaskIx>)>) -> Vec<String> {
    let mut names = indexmap::IndexSet::new();
    names.extend(world.playbook.vars.vars.keys().cloned());
    for layer in &world.inventory.host(host).layers {
        names.extend(layer.vars.keys().cloned());
    }
    if let Some((round, task)) = within {
        names.extend(world.playbook.round(round).vars.iter().flat_map(|layer| layer.vars.keys().cloned()));
        if let Some(task) = task {
            names.extend(world.playbook.task(round, task).layers.iter().flat_map(|layer| layer.vars.keys().cloned()));
        }
    }
    let set = within.and_then(|_| world.results.set_vars(host, None));
    names.extend(set.iter().flat_map(|layer| layer.vars.keys().cloned().collect::<Vec<_>>()));
    names.extend(world.playbook.extra.vars.keys().cloned());
    names.into_iter().collect()
}

fn step(world: &World, step: StepId) -> Lookup {
    if !world.is_member(step.round, step.host) {
        return Lookup::Missing;
    }
    match world.results.step(step) {
        StepView::Pending => lazy(StepRoot::Pending(world.step_name(step.round, step.task))),
        StepView::Missing => Lookup::Missing,
        StepView::Done(result) => lazy(StepRoot::Done(result)),
    }
}

#[derive(Debug)]
struct HostRoot {
    world: Arc<World>,
    host: HostIx,
    /// The round whose `connect` overrides the host's, for the host of the step itself.
    round: Option<RoundIx>,
}

impl Lazy for HostRoot {
    fn get(&self, name: &str) -> Lookup {
        let host = self.world.inventory.host(self.host);
        let patch = self.round.and_then(|round| self.world.playbook.round(round).connect.as_ref());
        Lookup::Value(match name {
            "name" => Value::from(host.name.as_str()),
            "address" => {
                let patched = patch.and_then(|patch| patch.address.as_ref());
                Value::from(patched.unwrap_or(&host.connect.address).as_str())
            }
            "user" => {
                let patched = patch.and_then(|patch| patch.user.as_ref());
                patched.or(host.connect.user.as_ref()).map_or(Value::None, |user| Value::from(user.as_str()))
            }
            "groups" => host.groups.iter().map(String::as_str).collect(),
            "vars" => return lazy(VarsRoot { world: Arc::clone(&self.world), host: self.host }),
            _ => return Lookup::Missing,
        })
    }

    fn names(&self) -> Vec<String> {
        ["name", "address", "user", "groups", "vars"].map(str::to_owned).into()
    }
}

/// A host's variables outside of any round.
#[derive(Debug)]
struct VarsRoot {
    world: Arc<World>,
    host: HostIx,
}

impl Lazy for VarsRoot {
    fn get(&self, name: &str) -> Lookup {
        match variable(&self.world, name, self.host, None) {
            Lookup::Variable(value) => Lookup::Foreign(value, Arc::new(Outside { world: Arc::clone(&self.world), host: self.host })),
            other => other,
        }
    }

    fn names(&self) -> Vec<String> {
        variable_names(&self.world, self.host, None)
    }
}

impl World {
    /// The scope of a host outside of any round: what the inventory, the playbook and the command line give.
    #[must_use]
    pub fn host_scope(self: &Arc<World>, host: HostIx) -> Root {
        Arc::new(Outside { world: Arc::clone(self), host })
    }
}

/// What the variables of a host see outside of any round.
#[derive(Debug)]
struct Outside {
    world: Arc<World>,
    host: HostIx,
}

impl Lazy for Outside {
    fn get(&self, name: &str) -> Lookup {
        match name {
            "host" => lazy(HostRoot { world: Arc::clone(&self.world), host: self.host, round: None }),
            _ => common(&self.world, name).unwrap_or_else(|| variable(&self.world, name, self.host, None)),
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names = ["host", "hosts", "groups", "run", "controller"].map(str::to_owned).to_vec();
        names.extend(variable_names(&self.world, self.host, None));
        names
    }
}

#[derive(Debug)]
struct HostsRoot {
    world: Arc<World>,
}

impl Lazy for HostsRoot {
    fn get(&self, name: &str) -> Lookup {
        let inventory = &self.world.inventory;
        if let Some(host) = inventory.find(name) {
            return lazy(HostRoot { world: Arc::clone(&self.world), host, round: None });
        }
        let nth = name.parse().ok().and_then(|at| inventory.all().nth(at));
        nth.map_or(Lookup::Missing, |host| Lookup::Value(Value::from(inventory.host(host).name.as_str())))
    }

    fn names(&self) -> Vec<String> {
        let inventory = &self.world.inventory;
        inventory.all().map(|host| inventory.host(host).name.clone()).collect()
    }

    fn is_list(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct GroupsRoot {
    world: Arc<World>,
}

impl Lazy for GroupsRoot {
    fn get(&self, name: &str) -> Lookup {
        let inventory = &self.world.inventory;
        match inventory.groups.get(name) {
            Some(hosts) => Lookup::Value(inventory.names(hosts).into_iter().collect()),
            None if name == "all" => Lookup::Value(inventory.all().map(|host| inventory.host(host).name.as_str()).collect()),
            None => Lookup::Missing,
        }
    }

    fn names(&self) -> Vec<String> {
        let groups = self.world.inventory.groups.keys().filter(|name| *name != "all").cloned();
        std::iter::once("all".to_owned()).chain(groups).collect()
    }
}

#[derive(Debug)]
struct TasksRoot {
    world: Arc<World>,
    round: RoundIx,
    host: HostIx,
}

impl Lazy for TasksRoot {
    fn get(&self, name: &str) -> Lookup {
        let task = self.world.tasks[self.round.index()].get(name);
        task.map_or(Lookup::Missing, |task| step(&self.world, StepId { round: self.round, task: *task, host: self.host }))
    }

    fn names(&self) -> Vec<String> {
        self.world.tasks[self.round.index()].keys().cloned().collect()
    }
}

#[derive(Debug)]
struct RoundsRoot {
    world: Arc<World>,
    host: HostIx,
}

impl Lazy for RoundsRoot {
    fn get(&self, name: &str) -> Lookup {
        let round = self.world.rounds.get(name);
        round.map_or(Lookup::Missing, |round| lazy(RoundRoot { world: Arc::clone(&self.world), round: *round, host: self.host }))
    }

    fn names(&self) -> Vec<String> {
        self.world.rounds.keys().cloned().collect()
    }
}

#[derive(Debug)]
struct RoundRoot {
    world: Arc<World>,
    round: RoundIx,
    host: HostIx,
}

impl Lazy for RoundRoot {
    fn get(&self, name: &str) -> Lookup {
        let round = self.world.playbook.round(self.round);
        match name {
            "id" => Lookup::Value(Value::from(round.id.as_str())),
            "name" => Lookup::Value(Value::from(round.name.as_str())),
            "tasks" => lazy(TasksRoot { world: Arc::clone(&self.world), round: self.round, host: self.host }),
            "hosts" => lazy(RoundHostsRoot { world: Arc::clone(&self.world), round: self.round }),
            _ => Lookup::Missing,
        }
    }

    fn names(&self) -> Vec<String> {
        ["id", "name", "tasks", "hosts"].map(str::to_owned).into()
    }
}

#[derive(Debug)]
struct RoundHostsRoot {
    world: Arc<World>,
    round: RoundIx,
}

impl Lazy for RoundHostsRoot {
    fn get(&self, name: &str) -> Lookup {
        let host = self.world.inventory.find(name).filter(|host| self.world.is_member(self.round, *host));
        host.map_or(Lookup::Missing, |host| lazy(RoundHostRoot { world: Arc::clone(&self.world), round: self.round, host }))
    }

    fn names(&self) -> Vec<String> {
        self.world.inventory.names(&self.world.playbook.round(self.round).hosts).into_iter().map(str::to_owned).collect()
    }

    fn is_list(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct RoundHostRoot {
    world: Arc<World>,
    round: RoundIx,
    host: HostIx,
}

impl Lazy for RoundHostRoot {
    fn get(&self, name: &str) -> Lookup {
        match name {
            "tasks" => lazy(TasksRoot { world: Arc::clone(&self.world), round: self.round, host: self.host }),
            _ => Lookup::Missing,
        }
    }

    fn names(&self) -> Vec<String> {
        vec!["tasks".to_owned()]
    }
}

#[derive(Debug)]
struct RunRoot {
    world: Arc<World>,
}

impl Lazy for RunRoot {
    fn get(&self, name: &str) -> Lookup {
        let later = |value: Option<Value>| value.map_or_else(|| Lookup::Pending(START.to_owned()), Lookup::Value);
        let run = &self.world.run;
        match name {
            "id" => later(run.id.as_deref().map(Value::from)),
            "started" => later(run.started.as_deref().map(Value::from)),
            "user" => Lookup::Value(Value::from(run.user.as_str())),
            "status" => later(self.world.results.progress().map(|(status, _)| Value::Text(status))),
            "failed" => later(self.world.results.progress().map(|(_, failed)| failed.into_iter().collect())),
            _ => Lookup::Missing,
        }
    }

    fn names(&self) -> Vec<String> {
        ["id", "started", "user", "status", "failed"].map(str::to_owned).into()
    }
}

#[derive(Debug)]
struct ControllerRoot {
    world: Arc<World>,
}

impl Lazy for ControllerRoot {
    fn get(&self, name: &str) -> Lookup {
        let controller = &self.world.controller;
        Lookup::Value(match name {
            "user" => Value::from(controller.user.as_str()),
            "host" => Value::from(controller.host.as_str()),
            "env" => Value::Map(controller.env.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()),
            _ => return Lookup::Missing,
        })
    }

    fn names(&self) -> Vec<String> {
        ["env", "user", "host"].map(str::to_owned).into()
    }
}

#[cfg(test)]
mod tests;
