//! What the templates of one place see: the reserved roots, items, and variables by their precedence.
//!
//! Knows names and where their values come from, not how they are rendered: a variable is handed over as written.
//! Nothing is looked up before it is read. The plan and the run use the same scope; only the answers of the
//! [`super::ResultSource`] differ.

use std::sync::Arc;

use super::facts::FactsRoot;
use super::fields::{ErrorRoot, StepRoot};
use super::inputs::InputsRoot;
use super::item::{LoopRoot, Seen};
use super::results::{ItemView, StepResult, StepView};
use super::roots::{HostRoot, RoundsRoot, TasksRoot, common, lazy};
use super::sight::Sight;
use super::world::World;
use crate::model::{BlockIx, FrameIx, HostIx, Part, RoundIx, Var, VarValue};
use crate::template::{Lazy, Lookup};

/// The roots, in the order in which the language lists them.
const ROOTS: [&str; 14] =
    ["host", "hosts", "groups", "facts", "tasks", "rounds", "result", "error", "item", "loop", "run", "controller", "inputs", "secrets"];

/// What is seen in one execution of a task alone.
#[derive(Debug, Clone, Default)]
pub struct Local {
    /// Its item, where it has `each`.
    pub item: Option<Arc<ItemView>>,
    /// Its own result: for `changed`, `failed`, `until`.
    pub result: Option<Arc<StepResult>>,
}

/// Items of blocks for a plan, in which no run says at which they are.
pub(super) type Given = Vec<((RoundIx, BlockIx), Arc<ItemView>)>;

/// The scope of a place on a host.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) world: Arc<World>,
    pub(super) host: HostIx,
    pub(super) sight: Sight,
    pub(super) local: Local,
    /// True where the task's own item is known only later.
    pub(super) item_later: bool,
    pub(super) given: Arc<Given>,
}

impl Scope {
    pub(super) fn new(world: &Arc<World>, host: HostIx, sight: Sight) -> Scope {
        Scope { world: Arc::clone(world), host, sight, local: Local::default(), item_later: false, given: Arc::default() }
    }

    /// The items seen, innermost first.
    fn items(&self) -> Vec<Seen> {
        let own = match (&self.local.item, self.sight) {
            (Some(item), _) => Some(Seen::Known(Arc::clone(item))),
            (None, Sight::Task(round, task)) if self.item_later => {
                let each = self.world.playbook.task(round, task).flow.each.as_ref();
                each.map(|each| Seen::Later(each.name.clone()))
            }
            _ => None,
        };
        let mut items: Vec<Seen> = own.into_iter().collect();
        let Some(round) = self.sight.round() else { return items };
        for (block, _) in self.sight.around(&self.world) {
            if let Some(each) = &self.world.playbook.round(round).blocks[block.index()].each {
                let given = self.given.iter().find(|(at, _)| *at == (round, block)).map(|(_, item)| Arc::clone(item));
                let item = given.or_else(|| self.world.results.item(round, block, self.host));
                items.push(item.map_or_else(|| Seen::Later(each.name.clone()), Seen::Known));
            }
        }
        items
    }

    fn item(&self, name: &str) -> Option<Lookup> {
        self.items().into_iter().find(|item| item.name() == name).map(Seen::value)
    }

    fn error(&self) -> Lookup {
        let around = self.sight.around(&self.world);
        let within = around.iter().find(|(_, part)| *part == Some(Part::Rescue)).zip(self.sight.round());
        let Some(((block, _), round)) = within else { return Lookup::Missing };
        lazy(ErrorRoot(self.world.results.error(round, *block, self.host)))
    }

    fn sees(&self, root: &str) -> bool {
        match root {
            "tasks" => self.sight.round().is_some(),
            "rounds" => match self.sight {
                Sight::Outside | Sight::Inventory => false,
                _ => !self.sight.is_bare(&self.world),
            },
            "result" => self.local.result.is_some(),
            "error" => !matches!(self.error(), Lookup::Missing),
            "item" => self.items().iter().any(|item| item.name() == "item"),
            "loop" => !self.items().is_empty(),
            "inputs" => self.sight != Sight::Inventory,
            _ => true,
        }
    }
}

impl Lazy for Scope {
    fn get(&self, name: &str) -> Lookup {
        if ROOTS.contains(&name) && !self.sees(name) {
            return Lookup::Missing;
        }
        let (world, host) = (|| Arc::clone(&self.world), self.host);
        match (name, self.sight.round()) {
            ("host", round) => lazy(HostRoot { world: world(), host, round, vars: self.sight.of_hosts(&self.world) }),
            ("tasks", Some(round)) => {
                let frame = self.sight.frame(&self.world).unwrap_or_default();
                lazy(TasksRoot { world: world(), round, frame, host })
            }
            ("facts", _) => lazy(FactsRoot { world: world(), sight: self.sight, host }),
            ("rounds", _) => lazy(RoundsRoot { world: world(), host }),
            ("result", _) => self.local.result.as_ref().map_or(Lookup::Missing, |result| lazy(StepRoot::Done(Arc::clone(result)))),
            ("error", _) => self.error(),
            ("item", _) => self.item(name).unwrap_or(Lookup::Missing),
            ("loop", _) => self.items().into_iter().next().map_or(Lookup::Missing, |item| lazy(LoopRoot(item))),
            ("inputs", _) => lazy(InputsRoot { world: world(), host, sight: self.sight, given: Arc::clone(&self.given) }),
            _ => common(&self.world, name, self.sight).unwrap_or_else(|| {
                strong(&self.world, name, host, self.sight)
                    .or_else(|| self.item(name))
                    .or_else(|| written(&self.world, name, host, self.sight).map(as_written))
                    .unwrap_or(Lookup::Missing)
            }),
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = ROOTS.iter().filter(|root| self.sees(root)).map(|root| (*root).to_owned()).collect();
        names.extend(self.items().iter().map(|item| item.name().to_owned()).filter(|name| name != "item"));
        names.extend(variable_names(&self.world, self.host, self.sight));
        names
    }
}

/// Finds a variable as a host sees it from a place.
///
/// Outside of rounds, what `set` set is left out: which of another host's tasks have run by now is chance.
pub(super) fn variable(world: &World, name: &str, host: HostIx, sight: Sight) -> Lookup {
    let found = strong(world, name, host, sight).or_else(|| written(world, name, host, sight).map(as_written));
    found.unwrap_or(Lookup::Missing)
}

/// What is stronger than items: `-e` and `set`.
fn strong(world: &World, name: &str, host: HostIx, sight: Sight) -> Option<Lookup> {
    if let Some(var) = world.playbook.extra.vars.get(name).filter(|_| !sight.is_bare(world)) {
        return Some(as_written(var));
    }
    for step in world.sets_before(name, sight, host) {
        if matches!(world.results.step(step), StepView::Pending | StepView::Foreseen(_)) {
            return Some(Lookup::Pending(world.step_name(step.round, step.task)));
        }
    }
    set_vars(world, host, sight).as_ref().and_then(|layer| layer.vars.get(name)).map(as_written)
}

fn set_vars(world: &World, host: HostIx, sight: Sight) -> Option<Arc<crate::model::Layer>> {
    let round = sight.round()?;
    let frame = sight.frame(world).filter(|frame| *frame != FrameIx::ROUND);
    world.results.set_vars(host, frame.map(|frame| (round, frame)))
}

/// Finds where a variable is written, `-e` and `set` left out.
pub(super) fn written<'a>(world: &'a World, name: &str, host: HostIx, sight: Sight) -> Option<&'a Var> {
    let near = sight.layers(world).iter().rev().find_map(|layer| layer.vars.get(name));
    let seen = !sight.is_bare(world);
    let in_round = || world.playbook.round(sight.round().filter(|_| seen)?).vars.as_ref()?.vars.get(name);
    let in_playbook = || world.playbook.vars.vars.get(name).filter(|_| seen);
    near.or_else(in_round).or_else(|| world.inventory.host(host).var(name)).or_else(in_playbook)
}

fn as_written(var: &Var) -> Lookup {
    match &var.value {
        VarValue::Plain(value) => Lookup::Value(value.clone()),
        other => Lookup::Variable(Arc::new(other.clone())),
    }
}

pub(super) fn variable_names(world: &World, host: HostIx, sight: Sight) -> Vec<String> {
    let mut names = indexmap::IndexSet::new();
    let seen = !sight.is_bare(world);
    if seen {
        names.extend(world.playbook.vars.vars.keys().cloned());
    }
    for layer in &world.inventory.host(host).layers {
        names.extend(layer.vars.keys().cloned());
    }
    if let Some(round) = sight.round().filter(|_| seen) {
        names.extend(world.playbook.round(round).vars.iter().flat_map(|layer| layer.vars.keys().cloned()));
    }
    names.extend(sight.layers(world).iter().flat_map(|layer| layer.vars.keys().cloned()));
    let set = set_vars(world, host, sight);
    names.extend(set.iter().flat_map(|layer| layer.vars.keys().cloned().collect::<Vec<_>>()));
    if seen {
        names.extend(world.playbook.extra.vars.keys().cloned());
    }
    names.into_iter().collect()
}

#[cfg(test)]
mod tests;
