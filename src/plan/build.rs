//! From a playbook to its graph: the edges of both lists, and those that reads add.
//!
//! Knows the model and diagnostics, nothing of values: what a task reads was found when its templates were resolved.
//! A circle is told with every edge in it, and there is no plan then.

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
    let links: Vec<Link> = rounds.iter().flat_map(|round| round_links(playbook, *round)).collect();
    let needs = needs(rounds.len(), &links);
    let order = told(settle(playbook.rounds.len(), links), &RoundNames(playbook), diagnostics);
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
        let read = vec![false; nodes.len()];
        plans.push(RoundPlan { node, hosts, needs, order, tasks, nodes, waits, read, handlers: round.handlers.clone() });
    }
    for link in &rounds.links {
        graph.add_edge(plans[link.from].node, plans[link.to].node, link.edge);
    }
    for round in &playbook.rounds {
        for read in reads(round) {
            plans[read.round.index()].read[read.task.index()] = true;
        }
        for (named, _) in round.when.iter().flat_map(|when| rounds_read(playbook, when)) {
            plans[named.index()].read.fill(true);
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

/// By round, all that it needs, ascending.
fn needs(count: usize, links: &[Link]) -> Vec<Vec<RoundIx>> {
    let mut needs = vec![Vec::new(); count];
    links.iter().for_each(|link| needs[link.to].push(RoundIx::new(link.from)));
    for list in &mut needs {
        list.sort_unstable();
        list.dedup();
    }
    needs
}

fn round_links(playbook: &Playbook, ix: RoundIx) -> Vec<Link> {
    let round = playbook.round(ix);
    let link =
        |from: RoundIx, kind, place, read| Link { from: from.index(), to: ix.index(), edge: Edge { kind, wait: Wait::Good, place }, read };
    let mut links: Vec<Link> = round
        .needs
        .iter()
        .map(|need| link(need.round, if need.span.is_some() { EdgeKind::Needs } else { EdgeKind::Order }, need.span, None))
        .collect();
    let chosen = round.flow.chosen.iter().flat_map(|chosen| &chosen.groups);
    let chosen = chosen.filter_map(|group| playbook.groups.get_index(*group)).flat_map(|(_, group)| &group.reads);
    for read in reads(round).chain(chosen).filter(|read| read.round != ix) {
        links.push(link(read.round, EdgeKind::Data, Some(read.span), Some(read.task)));
    }
    for (from, place) in round.when.iter().flat_map(|when| rounds_read(playbook, when)) {
        links.push(link(from, EdgeKind::Data, Some(place), None));
    }
    links
}

/// The rounds that a round's `when` names, which has no list of reads as tasks have.
fn rounds_read<'a>(playbook: &'a Playbook, when: &'a Template) -> impl Iterator<Item = (RoundIx, Span)> + 'a {
    when.reads.iter().filter_map(|read| {
        let [root, id, ..] = &read.path[..] else { return None };
        let named = playbook.rounds.iter().position(|round| root == "rounds" && round.id == *id)?;
        Some((RoundIx::new(named), read.span))
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
