//! The parts of a scope that are the same wherever they are read: hosts, groups, results, the run, the controller.
//!
//! Knows what there is to look up below each root, not which roots a place sees (that is `scope`).

use std::sync::Arc;

use super::chosen::Chosen;
use super::fields::StepRoot;
use super::results::StepView;
use super::scope::{Scope, variable, variable_names};
use super::sight::Sight;
use super::world::World;
use crate::model::{FrameIx, HostIx, RoundIx, StepId, Value};
use crate::template::{Lazy, Lookup};

/// What of a run is known only once it has started waits for this.
const START: &str = "the start of the run";

/// The roots that are the same for all.
pub(super) fn common(world: &Arc<World>, name: &str, sight: Sight) -> Option<Lookup> {
    let world = || Arc::clone(world);
    Some(match name {
        "hosts" => lazy(HostsRoot { vars: sight.of_hosts(&world()), world: world() }),
        "groups" => lazy(GroupsRoot { world: world() }),
        "run" => lazy(RunRoot { world: world() }),
        "controller" => lazy(ControllerRoot { world: world() }),
        "secrets" => lazy(super::secrets::SecretsRoot { world: world() }),
        _ => return None,
    })
}

pub(super) fn lazy(part: impl Lazy + 'static) -> Lookup {
    Lookup::Lazy(Arc::new(part))
}

fn step(world: &World, step: StepId) -> Lookup {
    if !world.is_member(step.round, step.host) {
        return Lookup::Missing;
    }
    match world.results.step(step) {
        StepView::Pending => lazy(StepRoot::Pending(world.step_name(step.round, step.task))),
        StepView::Foreseen(changed) => {
            // How a block ends hangs on more than whether something in it changed.
            let is_task = world.playbook.round(step.round).gate(step.task).is_none();
            lazy(StepRoot::Foreseen { step: world.step_name(step.round, step.task), changed, is_task })
        }
        StepView::Missing => Lookup::Missing,
        StepView::Done(result) => lazy(StepRoot::Done(result)),
    }
}

#[derive(Debug)]
pub(super) struct HostRoot {
    pub(super) world: Arc<World>,
    pub(super) host: HostIx,
    /// The round whose `connect` overrides the host's, for the host of the step itself.
    pub(super) round: Option<RoundIx>,
    /// How `vars` are seen.
    pub(super) vars: Sight,
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
            "vars" => return lazy(VarsRoot { world: Arc::clone(&self.world), host: self.host, sight: self.vars }),
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
    sight: Sight,
}

impl Lazy for VarsRoot {
    fn get(&self, name: &str) -> Lookup {
        match variable(&self.world, name, self.host, self.sight) {
            Lookup::Variable(value) => Lookup::Foreign(value, Arc::new(Scope::new(&self.world, self.host, self.sight))),
            other => other,
        }
    }

    fn names(&self) -> Vec<String> {
        variable_names(&self.world, self.host, self.sight)
    }
}

#[derive(Debug)]
struct HostsRoot {
    world: Arc<World>,
    vars: Sight,
}

impl Lazy for HostsRoot {
    fn get(&self, name: &str) -> Lookup {
        let inventory = &self.world.inventory;
        if let Some(host) = inventory.find(name) {
            return lazy(HostRoot { world: Arc::clone(&self.world), host, round: None, vars: self.vars });
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
        if let Some(group) = self.world.playbook.groups.get_index_of(name) {
            return Lookup::Made(Arc::new(Chosen { world: Arc::clone(&self.world), group }));
        }
        match inventory.groups.get(name) {
            Some(hosts) => Lookup::Value(inventory.names(hosts).into_iter().collect()),
            None if name == "all" => Lookup::Value(inventory.all().map(|host| inventory.host(host).name.as_str()).collect()),
            None => Lookup::Missing,
        }
    }

    fn names(&self) -> Vec<String> {
        let groups = self.world.inventory.groups.keys().filter(|name| *name != "all").cloned();
        let chosen = self.world.playbook.groups.keys().cloned();
        std::iter::once("all".to_owned()).chain(groups).chain(chosen).collect()
    }
}

#[derive(Debug)]
pub(super) struct TasksRoot {
    pub(super) world: Arc<World>,
    pub(super) round: RoundIx,
    pub(super) frame: FrameIx,
    pub(super) host: HostIx,
}

impl Lazy for TasksRoot {
    fn get(&self, name: &str) -> Lookup {
        let task = self.world.ids(self.round, self.frame).get(name);
        task.map_or(Lookup::Missing, |task| step(&self.world, StepId { round: self.round, task: *task, host: self.host }))
    }

    fn names(&self) -> Vec<String> {
        self.world.ids(self.round, self.frame).keys().cloned().collect()
    }
}

#[derive(Debug)]
pub(super) struct RoundsRoot {
    pub(super) world: Arc<World>,
    pub(super) host: HostIx,
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
            "tasks" => lazy(TasksRoot { world: Arc::clone(&self.world), round: self.round, frame: FrameIx::ROUND, host: self.host }),
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
            "tasks" => lazy(TasksRoot { world: Arc::clone(&self.world), round: self.round, frame: FrameIx::ROUND, host: self.host }),
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
