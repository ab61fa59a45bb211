//! From a playbook to its graph: the edges of both lists, and those that reads add.
//!
//! Knows the model and diagnostics, nothing of values: what a task reads was found when its templates were resolved.
//! A circle is told with every edge in it, and there is no plan then.

use std::sync::Arc;

use petgraph::graph::DiGraph;

use super::circle::{self, Names};
use super::graph::{Edge, EdgeKind, Node, Plan, RoundPlan};
use super::links::{Link, Settled, settle};
use crate::diag::{Diagnostics, Severity, Span};
use crate::model::{Item, Needs, Playbook, Round, RoundIx, TaskIx, Template};

/// Makes the plan of a playbook; none where tasks or rounds wait for each other in a circle, which the
/// diagnostics then say.
pub fn build(playbook: &Playbook, diagnostics: &mut Diagnostics) -> Option<Plan> {
    let before = diagnostics.count(Severity::Error);
    let rounds: Vec<RoundIx> = (0..playbook.rounds.len()).map(RoundIx::new).collect();
    let tasks: Vec<Option<Settled>> = rounds
        .iter()
        .map(|round| {
            let links = task_links(*round, playbook.round(*round));
            told(settle(playbook.round(*round).tasks.len(), links), &TaskNames(playbook, *round), diagnostics)
        })
        .collect();
    let links: Vec<Link> = rounds.iter().flat_map(|round| round_links(playbook, *round)).collect();
    let needs = rounds.iter().map(|round| needs_of(*round, &links)).collect();
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
        let nodes: Vec<_> = (0..round.tasks.len())
            .map(|task| graph.add_node(Node::Task { round: ix, task: TaskIx::new(task), hosts: Arc::clone(&hosts) }))
            .collect();
        for link in &settled.links {
            graph.add_edge(nodes[link.from], nodes[link.to], link.edge);
        }
        let order = settled.order.into_iter().map(TaskIx::new).collect();
        plans.push(RoundPlan { node, hosts, needs, order, tasks: nodes, read: vec![false; round.tasks.len()] });
    }
    for link in &rounds.links {
        graph.add_edge(plans[link.from].node, plans[link.to].node, link.edge);
    }
    for round in &playbook.rounds {
        for read in round.tasks.iter().flat_map(|task| &task.reads) {
            plans[read.round.index()].read[read.task.index()] = true;
        }
        for (named, _) in round.when.iter().flat_map(|when| rounds_read(playbook, when)) {
            plans[named.index()].read.fill(true);
        }
    }
    Plan { graph, rounds: plans, order: rounds.order.into_iter().map(RoundIx::new).collect() }
}

fn needs_of(round: RoundIx, links: &[Link]) -> Vec<RoundIx> {
    let mut needs: Vec<RoundIx> = links.iter().filter(|link| link.to == round.index()).map(|link| RoundIx::new(link.from)).collect();
    needs.sort_unstable();
    needs.dedup();
    needs
}

fn round_links(playbook: &Playbook, ix: RoundIx) -> Vec<Link> {
    let round = playbook.round(ix);
    let link = |from: RoundIx, kind, place, read| Link { from: from.index(), to: ix.index(), edge: Edge { kind, place }, read };
    let mut links: Vec<Link> = round
        .needs
        .iter()
        .map(|need| link(need.round, if need.span.is_some() { EdgeKind::Needs } else { EdgeKind::Order }, need.span, None))
        .collect();
    for read in round.tasks.iter().flat_map(|task| &task.reads).filter(|read| read.round != ix) {
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

fn task_links(ix: RoundIx, round: &Round) -> Vec<Link> {
    let mut links = Vec::new();
    list_links(&round.items, &[], false, &mut links);
    for (to, task) in round.tasks.iter().enumerate() {
        for read in task.reads.iter().filter(|read| read.round == ix) {
            let edge = Edge { kind: EdgeKind::Data, place: Some(read.span) };
            links.push(Link { from: read.task.index(), to, edge, read: None });
        }
    }
    links
}

/// Adds the links of a list and gives all its tasks. `outer` is what the group that holds the list waits for, which
/// holds for each member, since members of a group start together.
fn list_links(items: &[Item], outer: &[(TaskIx, Edge)], parallel: bool, links: &mut Vec<Link>) -> Vec<TaskIx> {
    let mut all = Vec::new();
    // What of the list so far nothing in it waits for.
    let mut last: Vec<TaskIx> = Vec::new();
    for item in items {
        let needs = match item {
            Item::Task(_, needs) => needs,
            Item::Parallel(group) => &group.needs,
            Item::Block(block) => &block.needs,
        };
        let mut waits = outer.to_vec();
        match needs {
            Needs::Above if parallel => {}
            Needs::Above => waits.extend(last.iter().map(|task| (*task, Edge { kind: EdgeKind::Order, place: None }))),
            Needs::These(list) => {
                for need in list {
                    let edge = Edge { kind: EdgeKind::Needs, place: Some(need.span) };
                    waits.extend(need.tasks.iter().map(|task| (*task, edge)));
                }
            }
        }
        let members = match item {
            Item::Task(task, _) => {
                links.extend(waits.iter().map(|(from, edge)| Link { from: from.index(), to: task.index(), edge: *edge, read: None }));
                vec![*task]
            }
            Item::Parallel(group) => list_links(&group.members, &waits, true, links),
            Item::Block(block) => list_links(&block.body, &waits, false, links),
        };
        if !members.is_empty() {
            last.retain(|task| !waits.iter().any(|(wait, _)| wait == task));
            last.extend(&members);
            all.extend(members);
        }
    }
    all
}

struct TaskNames<'a>(&'a Playbook, RoundIx);

impl Names for TaskNames<'_> {
    fn noun(&self) -> &'static str {
        "task"
    }

    fn name(&self, index: usize) -> String {
        self.0.task(self.1, TaskIx::new(index)).name.clone()
    }

    fn span(&self, index: usize) -> Span {
        self.0.task(self.1, TaskIx::new(index)).span
    }

    fn read(&self, link: &Link) -> String {
        self.name(link.from)
    }
}

struct RoundNames<'a>(&'a Playbook);

impl Names for RoundNames<'_> {
    fn noun(&self) -> &'static str {
        "round"
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
            Some(task) => format!("{}/{}", round.id, round.tasks[task.index()].name),
            None => round.id.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
