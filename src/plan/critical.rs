//! How long a plan may take, and what decides that, from the durations of earlier runs.
//!
//! The durations come in as plain data ([`Known`]); where they are from is not known here. What can't be known is left
//! out: nothing fails, what may notify a handler does, no lock is waited for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::batches;
use super::graph::Plan;
use super::view::{PlanView, RoundView};
use crate::model::{Gate, HostIx, Part, Playbook, Round, RoundIx, Section, TaskIx, Verb};
use course::{Field, Leg, Shape, course};

mod course;

/// Durations of earlier runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// From so many runs.
    pub runs: usize,
    /// By round id, task id (name, without one), and the task's place among those of the round that are called so.
    pub tasks: BTreeMap<(String, String, usize), KnownTask>,
    /// By host: how long it takes to connect, in ms.
    pub connects: BTreeMap<String, u64>,
}

/// How long a task takes, in ms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownTask {
    /// On any host.
    pub median_ms: u64,
    /// On the hosts that are known.
    pub hosts: BTreeMap<String, u64>,
}

/// How long a plan may take.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Expected {
    /// From beginning to end.
    pub duration_ms: u64,
    /// From so many earlier runs.
    pub runs: usize,
    /// Tasks that are to run.
    pub tasks: usize,
    /// Those of them that no earlier run tells of; they count as 0.
    pub unknown_tasks: usize,
    /// The rounds, in the order written.
    pub rounds: Vec<RoundTime>,
    /// What decides the end, in order; the durations sum up to the whole.
    pub path: Vec<PathStep>,
}

/// How long a round may take.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RoundTime {
    /// Its id.
    pub id: String,
    /// From its beginning to its end.
    pub duration_ms: u64,
}

/// A part of the critical path: a step; a host's connection, without a task; a pause between batches, without a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathStep {
    /// The round's id.
    pub round: String,
    /// The task's id, or name, without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How long it takes.
    pub duration_ms: u64,
}

/// Reckons how long a plan may take; none where the earlier runs tell of none of its tasks.
///
/// `plan` and `view` are of `playbook`.
#[must_use]
pub fn expected(plan: &Plan, playbook: &Playbook, view: &PlanView, known: &Known) -> Option<Expected> {
    let mut found = Expected { runs: known.runs, ..Expected::default() };
    let mut ways: Vec<Way> = vec![Way::default(); view.rounds.len()];
    let mut told = false;
    let hosts = (0..view.rounds.len()).flat_map(|round| plan.hosts(RoundIx::new(round)));
    // By host: whether a round before has connected to it.
    let mut met = vec![false; hosts.map(|host| host.index() + 1).max().unwrap_or(0)];
    for ix in plan.rounds_in_order() {
        let (round, shown) = (playbook.round(*ix), &view.rounds[ix.index()]);
        let times = Times::new(round, shown, known);
        told |= times.told;
        found.tasks += times.tasks;
        found.unknown_tasks += times.unknown;
        let behind = plan.rounds_before(*ix).max_by_key(|before| (ways[before.index()].end, std::cmp::Reverse(*before)));
        met.fill(false);
        plan.rounds_before(*ix).flat_map(|before| plan.hosts(before)).for_each(|host| met[host.index()] = true);
        let connect = |host: HostIx, name: &str| if met[host.index()] { 0 } else { known.connects.get(name).copied().unwrap_or(0) };
        let begin = behind.map_or(0, |before| ways[before.index()].end);
        let (took, path) = through(plan, playbook, *ix, shown, &times, &connect);
        ways[ix.index()] = Way { behind, took, end: begin.saturating_add(took), path };
    }
    found.rounds = view.rounds.iter().zip(&ways).map(|(round, way)| RoundTime { id: round.id.clone(), duration_ms: way.took }).collect();
    let rounds = (0..ways.len()).map(RoundIx::new);
    let mut at = rounds.max_by_key(|round| (ways[round.index()].end, std::cmp::Reverse(*round)));
    found.duration_ms = at.map_or(0, |last| ways[last.index()].end);
    let mut parts = Vec::new();
    while let Some(round) = at {
        parts.push(std::mem::take(&mut ways[round.index()].path));
        at = ways[round.index()].behind;
    }
    found.path = parts.into_iter().rev().flatten().collect();
    told.then_some(found)
}

/// A round in time.
#[derive(Debug, Clone, Default)]
struct Way {
    /// The round whose end it waited for.
    behind: Option<RoundIx>,
    took: u64,
    end: u64,
    path: Vec<PathStep>,
}

/// A round's length, and its part of the path: one batch after the other.
fn through(
    plan: &Plan,
    playbook: &Playbook,
    ix: RoundIx,
    shown: &RoundView,
    times: &Times,
    connect: &dyn Fn(HostIx, &str) -> u64,
) -> (u64, Vec<PathStep>) {
    let (round, hosts) = (playbook.round(ix), plan.hosts(ix));
    let shape = shape(plan, round, ix);
    let limit = round.max_parallel.unwrap_or(usize::MAX).min(playbook.max_parallel.unwrap_or(usize::MAX));
    let place: HashMap<HostIx, usize> = hosts.iter().enumerate().map(|(at, host)| (*host, at)).collect();
    let pause = u64::try_from(round.flow.pause.as_millis()).unwrap_or(u64::MAX);
    let step = |task: Option<String>, host: Option<String>, duration_ms| PathStep { round: round.id.clone(), task, host, duration_ms };
    let (mut whole, mut path) = (0_u64, Vec::new());
    for (number, batch) in batches::batches(&round.flow.batch, hosts).into_iter().enumerate() {
        if number > 0 && pause > 0 {
            whole = whole.saturating_add(pause);
            path.push(step(None, None, pause));
        }
        let name = |host: usize| shown.hosts[place[&batch[host]]].clone();
        let field = Field {
            hosts: batch.len(),
            limit: limit.min(batch.len()),
            has_first: number == 0,
            connect: &|host| connect(batch[host], &shown.hosts[place[&batch[host]]]),
            took: &|host, node| times.of(place[&batch[host]], node, number == 0 && host == 0),
        };
        let (took, legs) = course(&shape, &field);
        whole = whole.saturating_add(took);
        path.extend(legs.into_iter().map(|Leg { host, node, took }| step(node.map(|node| called(shown, node)), Some(name(host)), took)));
    }
    (whole, path)
}

fn called(round: &RoundView, task: usize) -> String {
    let task = &round.tasks[task];
    task.id.clone().unwrap_or_else(|| task.name.clone())
}

/// A round's tasks and gates. The run lets handlers begin by hand, one after the other behind their gate.
fn shape(plan: &Plan, round: &Round, ix: RoundIx) -> Shape {
    let mut shape = Shape::new(plan.node_count(ix));
    for node in (0..plan.node_count(ix)).map(TaskIx::new) {
        for (from, _) in plan.node_waits(ix, node) {
            shape.link(from.index(), node.index());
        }
    }
    for (at, task) in round.tasks.iter().enumerate() {
        shape.once[at] = task.once;
        shape.throttle[at] = task.flow.throttle;
    }
    if round.has_ends() {
        let mut last = round.node(Gate::Handlers);
        for handler in plan.handlers(ix) {
            shape.link(last.index(), handler.index());
            last = *handler;
        }
        shape.link(last.index(), round.node(Gate::Finally).index());
    }
    shape
}

/// How long a round's steps take.
struct Times {
    /// By task and host, by their places in the view.
    took: Vec<Vec<u64>>,
    once: Vec<bool>,
    tasks: usize,
    unknown: usize,
    /// True where an earlier run tells of a task.
    told: bool,
}

impl Times {
    fn new(round: &Round, shown: &RoundView, known: &Known) -> Times {
        let place: HashMap<&str, usize> = shown.hosts.iter().enumerate().map(|(at, host)| (host.as_str(), at)).collect();
        let mut times = Times { took: Vec::new(), once: Vec::new(), tasks: 0, unknown: 0, told: false };
        let mut nth: HashMap<String, usize> = HashMap::new();
        let live = round.tasks.iter().zip(&shown.tasks).filter(|(_, view)| view.steps.iter().any(|steps| steps.what.skipped_by.is_none()));
        let notified: BTreeSet<TaskIx> = live.flat_map(|(task, _)| &task.flow.notify).map(|notify| notify.handler).collect();
        for (at, (task, view)) in round.tasks.iter().zip(&shown.tasks).enumerate() {
            let name = called(shown, at);
            let number = nth.entry(name.clone()).or_default();
            let found = known.tasks.get(&(shown.id.clone(), name, *number));
            *number += 1;
            times.once.push(task.once);
            let mut took = vec![0; shown.hosts.len()];
            let is_handler = task.flow.home.section == Section::Handlers;
            let unusual =
                task.flow.home.block.is_some_and(|(_, part)| part == Part::Rescue) || is_handler && !notified.contains(&TaskIx::new(at));
            let mut runs = false;
            for steps in view.steps.iter().filter(|steps| !unusual && steps.what.skipped_by.is_none()) {
                for host in &steps.hosts {
                    runs = true;
                    took[place[host.as_str()]] = match (&task.verb, found) {
                        (Verb::Pause(pause), _) => u64::try_from(pause.duration.as_millis()).unwrap_or(u64::MAX),
                        (_, Some(found)) if task.once => found.median_ms,
                        (_, Some(found)) => found.hosts.get(host).copied().unwrap_or(found.median_ms),
                        (_, None) => 0,
                    };
                }
            }
            times.took.push(took);
            times.told |= runs && found.is_some();
            // A handler that was never notified has nothing to tell, and is no part of the usual run.
            if runs && (found.is_some() || !is_handler) {
                times.tasks += 1;
                times.unknown += usize::from(found.is_none() && !matches!(task.verb, Verb::Pause(_)));
            }
        }
        times
    }

    /// Of a host, by its place in the round; `first` does what is done once.
    fn of(&self, host: usize, node: usize, first: bool) -> u64 {
        match self.took.get(node) {
            Some(took) if !self.once[node] => took[host],
            // Which host does it is settled in the run: it is one that the task is not skipped on.
            Some(took) if first => took.iter().copied().max().unwrap_or(0),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests;
