//! From a playbook to its graph: the edges of both lists, and those that reads add.
//!
//! Knows the model and diagnostics, nothing of values: what a task reads was found when its templates were resolved.
//! A circle is told with every edge in it, and there is no plan then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::graph::DiGraph;

use super::circle::{self, Names};
use super::graph::{Edge, EdgeKind, Node, Plan, RoundPlan, Wait};
use super::links::{Link, Settled, settle};
use super::nodes;
use crate::diag::{Diagnostics, Severity, Span};
use crate::model::{BlockIx, Gate, Playbook, Round, RoundIx, TaskIx, TaskRead, Template};

/// Makes the plan of a playbook; none where tasks or rounds wait for each other in a circle, which the
/// diagnostics then say.
pub fn build(playbook: &Playbook, diagnostics: &mut Diagnostics) -> Option<Plan> {
    let before = diagnostics.count(Severity::Error);
    let rounds: Vec<RoundIx> = (0..playbook.rounds.len()).map(RoundIx::new).collect();
    let tasks: Vec<Option<Settled>> = rounds
        .iter()
        .map(|round| {
            let links = nodes::links(*round, playbook.round(*round));
            told(settle(playbook.round(*round).node_count(), links), &TaskNames(playbook, *round), diagnostics)
        })
        .collect();
    let links = round_links(playbook, false);
    let needs = needs(playbook, &links);
    // What is told of a circle is to have no detours.
    let settled = settle(rounds.len(), links).or_else(|_| settle(rounds.len(), round_links(playbook, true)));
    let order = told(settled, &RoundNames(playbook), diagnostics);
    if diagnostics.count(Severity::Error) > before {
        return None;
    }
    Some(assemble(playbook, order?, tasks.into_iter().collect::<Option<Vec<Settled>>>()?, needs))
}

fn told(settled: Result<Settled, Vec<Vec<Link>>>, names: &dyn Names, diagnostics: &mut Diagnostics) -> Option<Settled> {
    match settled {
        Ok(settled) => Some(settled),
        Err(circles) => {
            circles.iter().for_each(|circle| diagnostics.push(circle::describe(circle, names)));
            None
        }
    }
}

fn assemble(playbook: &Playbook, rounds: Settled, tasks: Vec<Settled>, needs: Vec<Vec<RoundIx>>) -> Plan {
    let mut graph = DiGraph::new();
    let mut plans = Vec::with_capacity(playbook.rounds.len());
    for (index, (settled, needs)) in tasks.into_iter().zip(needs).enumerate() {
        let ix = RoundIx::new(index);
        let round = playbook.round(ix);
        let hosts: Arc<[_]> = round.hosts.clone().into();
        let node = graph.add_node(Node::Round(ix));
        let nodes: Vec<_> = (0..round.node_count())
            .map(|node| {
                let node = TaskIx::new(node);
                graph.add_node(match round.gate(node) {
                    Some(gate) => Node::Gate { round: ix, gate, node },
                    None => Node::Task { round: ix, task: node, hosts: Arc::clone(&hosts) },
                })
            })
            .collect();
        for link in &settled.links {
            graph.add_edge(nodes[link.from], nodes[link.to], link.edge);
        }
        let order: Vec<TaskIx> = settled.order.into_iter().map(TaskIx::new).collect();
        let tasks = order.iter().copied().filter(|node| node.index() < round.tasks.len()).collect();
        let waits = waits(round, &settled.links);
        let (above, read) = (round.needs.above, vec![false; nodes.len()]);
        plans.push(RoundPlan { node, hosts, above, needs, order, tasks, nodes, waits, read, handlers: round.handlers.clone() });
    }
    for link in &rounds.links {
        graph.add_edge(plans[link.from].node, plans[link.to].node, link.edge);
    }
    let ids = ids(playbook);
    for round in &playbook.rounds {
        for read in reads(round) {
            plans[read.round.index()].read[read.task.index()] = true;
        }
        for (named, _) in round.when.iter().flat_map(|when| rounds_read(&ids, when)) {
            plans[named].read.fill(true);
        }
    }
    for read in playbook.groups.values().flat_map(|group| &group.reads) {
        plans[read.round.index()].read[read.task.index()] = true;
    }
    Plan { graph, rounds: plans, order: rounds.order.into_iter().map(RoundIx::new).collect(), before: rounds.before }
}

/// Everything that the tasks and blocks of a round read.
fn reads(round: &Round) -> impl Iterator<Item = &TaskRead> {
    let of_tasks = round.tasks.iter().flat_map(|task| &task.reads);
    of_tasks.chain(round.blocks.iter().flat_map(|block| &block.reads))
}

/// By node, what it waits for, each once; links are sorted.
fn waits(round: &Round, links: &[Link]) -> Vec<Vec<(TaskIx, Wait)>> {
    let mut waits: Vec<Vec<(TaskIx, Wait)>> = vec![Vec::new(); round.node_count()];
    for link in links {
        let (from, list) = (TaskIx::new(link.from), &mut waits[link.to]);
        match list.last_mut() {
            Some((last, wait)) if *last == from => *wait = (*wait).min(link.edge.wait),
            _ => list.push((from, link.edge.wait)),
        }
    }
    round.handlers.iter().for_each(|handler| waits[handler.index()].clear());
    waits
}

/// By round, what it needs that is not written above it, or what it names, ascending.
fn needs(playbook: &Playbook, links: &[Link]) -> Vec<Vec<RoundIx>> {
    let mut needs = vec![Vec::new(); playbook.rounds.len()];
    for link in links.iter().filter(|link| link.from >= playbook.rounds[link.to].needs.above) {
        needs[link.to].push(RoundIx::new(link.from));
    }
    for list in &mut needs {
        list.sort_unstable();
        list.dedup();
    }
    needs
}

/// The links between rounds. Of those to rounds that are needed because they are written above, all, or only those to
/// the last: rounds that none in between waits for, from which the others follow.
fn round_links(playbook: &Playbook, all: bool) -> Vec<Link> {
    let mut links = Vec::new();
    let mut last: Vec<usize> = Vec::new();
    let ids = ids(playbook);
    for (to, round) in playbook.rounds.iter().enumerate() {
        let first = links.len();
        let mut link = |from, kind, place, read| links.push(Link { from, to, edge: Edge { kind, wait: Wait::Good, place }, read });
        match round.needs.above {
            0 => {}
            above if all => (0..above).for_each(|from| link(from, EdgeKind::Order, None, None)),
            _ => last.iter().for_each(|from| link(*from, EdgeKind::Order, None, None)),
        }
        for need in &round.needs.named {
            link(need.round.index(), EdgeKind::Needs, Some(need.span), None);
        }
        let chosen = round.flow.chosen.iter().flat_map(|chosen| &chosen.groups);
        let chosen = chosen.filter_map(|group| playbook.groups.get_index(*group)).flat_map(|(_, group)| &group.reads);
        for read in reads(round).chain(chosen).filter(|read| read.round.index() != to) {
            link(read.round.index(), EdgeKind::Data, Some(read.span), Some(read.task));
        }
        for (from, place) in round.when.iter().flat_map(|when| rounds_read(&ids, when)) {
            link(from, EdgeKind::Data, Some(place), None);
        }
        let waits: BTreeSet<usize> = links[first..].iter().map(|link| link.from).collect();
        last.retain(|above| !waits.contains(above));
        last.push(to);
    }
    links
}

fn ids(playbook: &Playbook) -> BTreeMap<&str, usize> {
    playbook.rounds.iter().enumerate().map(|(index, round)| (round.id.as_str(), index)).collect()
}

/// The rounds that a round's `when` names, which has no list of reads as tasks have.
fn rounds_read<'a>(ids: &'a BTreeMap<&str, usize>, when: &'a Template) -> impl Iterator<Item = (usize, Span)> + 'a {
    when.reads.iter().filter_map(|read| {
        let [root, id, ..] = &read.path[..] else { return None };
        (root == "rounds").then(|| ids.get(id.as_str()).map(|round| (*round, read.span)))?
    })
}

struct TaskNames<'a>(&'a Playbook, RoundIx);

impl TaskNames<'_> {
    fn round(&self) -> &Round {
        self.0.round(self.1)
    }

    fn gate(&self, index: usize) -> Option<Gate> {
        self.round().gate(TaskIx::new(index))
    }

    fn block(&self, index: usize) -> Option<BlockIx> {
        match self.gate(index)? {
            Gate::Enter(block) | Gate::Rescue(block) | Gate::Always(block) | Gate::Exit(block) => Some(block),
            Gate::Handlers | Gate::Finally => None,
        }
    }
}

impl Names for TaskNames<'_> {
    fn noun(&self, index: usize) -> &'static str {
        if self.block(index).is_some() { "block" } else { "task" }
    }

    fn nouns(&self) -> &'static str {
        "tasks"
    }

    fn name(&self, index: usize) -> String {
        match (self.block(index), self.gate(index)) {
            (Some(block), _) => self.round().blocks[block.index()].name.clone(),
            (None, Some(Gate::Handlers)) => "handlers".to_owned(),
            (None, Some(_)) => "finally".to_owned(),
            (None, None) => self.round().tasks[index].name.clone(),
        }
    }

    fn span(&self, index: usize) -> Span {
        match (self.block(index), self.gate(index)) {
            (Some(block), _) => self.round().blocks[block.index()].span,
            (None, Some(_)) => self.round().span,
            (None, None) => self.round().tasks[index].span,
        }
    }

    fn read(&self, link: &Link) -> String {
        self.name(link.read.map_or(link.from, TaskIx::index))
    }

    fn whole(&self, index: usize) -> usize {
        self.block(index).map_or(index, |block| self.round().node(Gate::Enter(block)).index())
    }
}

struct RoundNames<'a>(&'a Playbook);

impl Names for RoundNames<'_> {
    fn noun(&self, _: usize) -> &'static str {
        "round"
    }

    fn nouns(&self) -> &'static str {
        "rounds"
    }

    fn name(&self, index: usize) -> String {
        self.0.rounds[index].name.clone()
    }

    fn span(&self, index: usize) -> Span {
        self.0.rounds[index].span
    }

    fn read(&self, link: &Link) -> String {
        let round = &self.0.rounds[link.from];
        match link.read {
            Some(task) => {
                let name = TaskNames(self.0, RoundIx::new(link.from)).name(task.index());
                format!("{}/{name}", round.id)
            }
            None => round.id.clone(),
        }
    }

    fn whole(&self, index: usize) -> usize {
        index
    }
}

#[cfg(test)]
mod tests;
