//! The plan as data for people and programs: what each task would do on which hosts, and what it waits for.
//!
//! Knows the graph and how steps are rendered; `text` lays it out. Hosts for which a step is the same stand together.
//! Its serde form is public: fields are added, and [`FORMAT`] grows when one changes its meaning.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;

use super::classes::{Class, Classes};
use super::graph::{Edge, Plan};
use super::prepare::{holds, preview};
use super::prepared::{Body, CopySource, PreparedGuard, command_line};
use super::world::World;
use crate::diag::{Diagnostic, Diagnostics, Location, SourceMap, Span};
use crate::model::{After, BecomeMethod, Gate, HostIx, Judge, RoundIx, StepId, Task, TaskIx};
use crate::template::{Engine, RenderError, waits_for_secret};

/// The version of the plan's JSON form.
pub const FORMAT: u32 = 1;

/// Where a task fails in so many ways, one for each host perhaps, no further host is asked.
const MOST_FAILURES: usize = 5;

/// A plan, rendered as far as it can be before the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanView {
    /// [`FORMAT`].
    pub format: u32,
    /// The playbook's id.
    pub playbook_id: String,
    /// The playbook's name.
    pub playbook: String,
    /// The rounds, in the order written.
    pub rounds: Vec<RoundView>,
    /// Over all rounds.
    pub counts: Counts,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Hosts that take part in any round.
    pub hosts: usize,
    /// Steps: a task on a host, a `once` task counted once.
    pub steps: usize,
    /// Steps that may change something.
    pub may_change: usize,
    /// Steps that `when` leaves out, as is known already.
    pub skipped: usize,
    /// Steps of which some part is known only later.
    pub known_later: usize,
}

/// A round.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Location,
    /// Its hosts.
    pub hosts: Vec<String>,
    /// What it waits for.
    pub waits: Vec<WaitView>,
    /// What it asks of what it waits for: `some`, `all`, `always`.
    pub after: &'static str,
    /// Its condition, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Its tasks, in the order written.
    pub tasks: Vec<TaskView>,
}

/// Something that is waited for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitView {
    /// The id (or name, without one) of the round or task.
    pub on: String,
    /// `order`, `needs` or `data`.
    pub why: &'static str,
    /// The word that says so; none for the order written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Location>,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskView {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its verb.
    pub verb: &'static str,
    /// Where it stands.
    pub place: Location,
    /// What it waits for in its round, on its own host.
    pub waits: Vec<WaitView>,
    /// True where it changes nothing: by its verb, or by the author's promise.
    pub read_only: bool,
    /// True where its failure stops nothing.
    pub allow_failure: bool,
    /// True where it runs on one host for all.
    pub once: bool,
    /// Its time limit.
    pub timeout_ms: u64,
    /// Its conditions, as written.
    pub when: Vec<String>,
    /// What it does, equal hosts together.
    pub steps: Vec<StepsView>,
}

/// A task on hosts for which it is the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepsView {
    /// The round's hosts.
    pub hosts: Vec<String>,
    /// What it does there.
    #[serde(flatten)]
    pub what: What,
}

/// What a step does, in words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct What {
    /// The condition, as written, that is known not to hold: the step is skipped, and nothing else is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_by: Option<String>,
    /// The command as a person would type it.
    pub command: String,
    /// Its guards: `unless nginx -v`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<String>,
    /// The hosts that it runs on, where `on` says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
    /// The user that it becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub become_user: Option<String>,
    /// By which program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub become_method: Option<&'static str>,
    /// Its folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Its environment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// Its standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Its file creation mask, in octal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub umask: Option<String>,
    /// The text that a copy writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Steps after which the rest is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_after: Vec<String>,
}

/// Renders a plan. What can't be rendered on some host is told as a diagnostic, once for all its hosts.
///
/// `world` answers with [`super::NothingYet`].
#[must_use]
pub fn view(plan: &Plan, world: &Arc<World>, engine: &Engine, map: &SourceMap, diagnostics: &mut Diagnostics) -> PlanView {
    let playbook = world.playbook();
    let mut counts = Counts::default();
    let mut hosts: std::collections::BTreeSet<HostIx> = std::collections::BTreeSet::new();
    let viewer = Viewer { plan, world, engine, map, classes: Classes::new(world) };
    let rounds = (0..playbook.rounds.len())
        .map(|round| {
            hosts.extend(plan.hosts(RoundIx::new(round)));
            viewer.round(RoundIx::new(round), &mut counts, diagnostics)
        })
        .collect();
    counts.hosts = hosts.len();
    PlanView { format: FORMAT, playbook_id: playbook.id.clone(), playbook: playbook.name.clone(), rounds, counts }
}

/// Renders all of a plan for its mistakes alone, and keeps nothing of it: as [`view`], in little memory.
pub fn examine(plan: &Plan, world: &Arc<World>, engine: &Engine, map: &SourceMap, diagnostics: &mut Diagnostics) {
    let viewer = Viewer { plan, world, engine, map, classes: Classes::new(world) };
    for (round, tasks) in world.playbook().rounds.iter().map(|round| round.tasks.len()).enumerate() {
        for task in 0..tasks {
            let _ = viewer.task(RoundIx::new(round), TaskIx::new(task), &mut Counts::default(), diagnostics);
        }
    }
}

struct Viewer<'a> {
    plan: &'a Plan,
    world: &'a Arc<World>,
    engine: &'a Engine,
    map: &'a SourceMap,
    classes: Classes<'a>,
}

impl Viewer<'_> {
    fn round(&self, ix: RoundIx, counts: &mut Counts, diagnostics: &mut Diagnostics) -> RoundView {
        let playbook = self.world.playbook();
        let round = playbook.round(ix);
        let waits = self.plan.round_waits(ix).into_iter().map(|wait| self.wait(playbook.round(wait.round).id.clone(), wait.edge)).collect();
        RoundView {
            id: round.id.clone(),
            name: round.name.clone(),
            place: self.map.location(round.span),
            hosts: self.names(self.plan.hosts(ix)),
            waits,
            after: match round.after {
                After::Some => "some",
                After::All => "all",
                After::Always => "always",
            },
            when: round.when.as_ref().map(|when| when.source.text.trim().to_owned()),
            tasks: (0..round.tasks.len()).map(|task| self.task(ix, TaskIx::new(task), counts, diagnostics)).collect(),
        }
    }

    fn task(&self, round: RoundIx, ix: TaskIx, counts: &mut Counts, diagnostics: &mut Diagnostics) -> TaskView {
        let playbook = self.world.playbook();
        let task = playbook.task(round, ix);
        let read_only = task.read_only || task.verb.is_read_only();
        let mut groups: IndexMap<What, Vec<HostIx>> = IndexMap::new();
        let mut known: HashMap<Class, usize> = HashMap::new();
        let mut failures: IndexMap<(String, Option<Span>, Option<String>), Vec<HostIx>> = IndexMap::new();
        let mut classes = self.classes.task(round, ix);
        for host in self.plan.hosts(round) {
            let step = StepId { round, task: ix, host: *host };
            let class = classes.class(*host);
            if let Some(group) = class.as_ref().and_then(|class| known.get(class)) {
                groups[*group].push(*host);
                continue;
            }
            match self.what(task, step) {
                Ok(what) => {
                    let entry = groups.entry(what);
                    if let Some(class) = class {
                        known.insert(class, entry.index());
                    }
                    entry.or_default().push(*host);
                }
                Err(RenderError::Failed { message, span, hint }) => {
                    failures.entry((message, span, hint)).or_default().push(*host);
                    if failures.len() == MOST_FAILURES {
                        break;
                    }
                }
                Err(RenderError::Pending(_)) => {}
            }
        }
        for ((message, span, hint), hosts) in failures {
            let on = crate::text::fold_names(&self.names(&hosts));
            let place = span.unwrap_or(task.span);
            diagnostics.push(Diagnostic::error("E404", place, format!("task `{}` on {on}: {message}", task.name)).hint(hint));
        }
        for (what, hosts) in &groups {
            let steps = if task.once { 1 } else { hosts.len() };
            counts.steps += steps;
            if what.skipped_by.is_some() {
                counts.skipped += steps;
            } else {
                counts.may_change += if read_only || task.changed == Some(Judge::Fixed(false)) { 0 } else { steps };
                counts.known_later += if what.known_after.is_empty() { 0 } else { steps };
            }
        }
        let waits = self.plan.task_waits(round, ix).into_iter();
        TaskView {
            id: task.id.clone(),
            name: task.name.clone(),
            verb: task.verb.key(),
            place: self.map.location(task.span),
            waits: waits.filter_map(|wait| Some(self.wait(self.waited(round, wait.task)?, wait.edge))).collect(),
            read_only,
            allow_failure: task.allow_failure,
            once: task.once,
            timeout_ms: u64::try_from(task.timeout.as_millis()).unwrap_or(u64::MAX),
            when: task.when.iter().map(|when| when.source.text.trim().to_owned()).collect(),
            steps: groups.into_iter().map(|(what, hosts)| StepsView { hosts: self.names(&hosts), what }).collect(),
        }
    }

    fn what(&self, task: &Task, step: StepId) -> Result<What, RenderError> {
        let scope = self.world.scope(step);
        let mut known_after = match holds(&task.when, self.engine, &scope) {
            Ok(None) => Vec::new(),
            Ok(Some(condition)) => {
                return Ok(What { skipped_by: Some(condition.source.text.trim().to_owned()), ..What::default() });
            }
            Err(RenderError::Pending(steps)) => steps,
            Err(failed) => return Err(failed),
        };
        let inventory = self.world.inventory();
        let prepared = match preview(task, step.host, inventory, self.engine, &scope) {
            // A condition that waits may yet keep it from being rendered at all.
            Err(RenderError::Failed { message, .. }) if !known_after.is_empty() => {
                return Ok(What { command: format!("‹can't be rendered: {message}›"), known_after, ..What::default() });
            }
            other => other?,
        };
        // What a secret is, is known to whoever put it there: the step itself is known.
        for step in prepared.pending.iter().filter(|step| waits_for_secret(step).is_none()) {
            if !known_after.contains(step) {
                known_after.push(step.clone());
            }
        }
        Ok(What {
            skipped_by: None,
            command: command_line(&prepared),
            guards: prepared.guards.iter().map(PreparedGuard::command_line).collect(),
            on: if task.on.is_empty() { Vec::new() } else { self.names(&prepared.on) },
            become_user: prepared.r#become.as_ref().map(|r#become| r#become.user.clone()),
            become_method: prepared.r#become.as_ref().map(|r#become| match r#become.method {
                BecomeMethod::Sudo => "sudo",
                BecomeMethod::Doas => "doas",
                BecomeMethod::Su => "su",
            }),
            cwd: prepared.cwd,
            env: prepared.env,
            stdin: prepared.stdin,
            umask: prepared.umask.map(|umask| format!("{umask:03o}")),
            content: match prepared.body {
                Body::Copy { from: CopySource::Content(text), .. } => Some(text),
                _ => None,
            },
            known_after,
        })
    }

    /// What a task waits for, as people know it; none for gates that only stand for a place.
    fn waited(&self, round: RoundIx, node: TaskIx) -> Option<String> {
        let round = self.world.playbook().round(round);
        match round.gate(node) {
            None => {
                let task = &round.tasks[node.index()];
                Some(task.id.clone().unwrap_or_else(|| task.name.clone()))
            }
            Some(Gate::Exit(block)) => {
                let block = &round.blocks[block.index()];
                Some(block.id.clone().unwrap_or_else(|| block.name.clone()))
            }
            Some(_) => None,
        }
    }

    fn names(&self, hosts: &[HostIx]) -> Vec<String> {
        self.world.inventory().names(hosts).into_iter().map(str::to_owned).collect()
    }

    fn wait(&self, on: String, edge: Edge) -> WaitView {
        WaitView { on, why: edge.kind.word(), place: edge.place.map(|place| self.map.location(place)) }
    }
}

#[cfg(test)]
mod tests;
