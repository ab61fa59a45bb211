//! Links between numbered things: an order for them, the links that say nothing new left out, or the circle.
//!
//! Knows numbers, kinds of edges and what they ask, neither tasks nor rounds, so that both are ordered by the same code. Links come
//! in as a list; what comes out is in a fixed order.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::before::Rows;
use super::graph::{Edge, Wait};
use crate::model::TaskIx;

/// `to` waits for `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) edge: Edge,
    /// What is read, where `from` only stands for it: a round, or a block's exit.
    pub(super) read: Option<TaskIx>,
}

/// Links that can be followed.
#[derive(Debug)]
pub(super) struct Settled {
    /// Sorted by `to`, `from` and kind; no link of the order or nesting alone that others imply.
    pub(super) links: Vec<Link>,
    /// All numbers, those waited for first, ties by number.
    pub(super) order: Vec<usize>,
    /// By number: all that must have ended well before it, through links that ask for that alone.
    pub(super) before: Rows,
}

/// Orders `count` things, or gives one circle for every knot of them, each with as few reasons as it can.
pub(super) fn settle(count: usize, mut links: Vec<Link>) -> Result<Settled, Vec<Vec<Link>>> {
    let key = |link: &Link| (link.to, link.from, link.edge.kind);
    // Stable, so that the first place of a reason stays.
    links.sort_by_key(key);
    links.dedup_by_key(|link| key(link));
    let order = order(count, &links);
    if order.len() < count { Err(circles(count, &links)) } else { Ok(reduce(count, links, order)) }
}

fn order(count: usize, links: &[Link]) -> Vec<usize> {
    let mut waiting = vec![0_usize; count];
    let mut behind = vec![Vec::new(); count];
    for link in links {
        waiting[link.to] += 1;
        behind[link.from].push(link.to);
    }
    let mut free: BinaryHeap<Reverse<usize>> = (0..count).filter(|node| waiting[*node] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(Reverse(node)) = free.pop() {
        order.push(node);
        for next in &behind[node] {
            waiting[*next] -= 1;
            if waiting[*next] == 0 {
                free.push(Reverse(*next));
            }
        }
    }
    order
}

/// Drops links of order and nesting whose wait others imply. Named ones stay: they say why. So do those that ask only
/// that something is over: of a node that is blocked nothing follows for what it would have waited for.
fn reduce(count: usize, links: Vec<Link>, order: Vec<usize>) -> Settled {
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (index, link) in links.iter().enumerate().filter(|(_, link)| link.edge.wait == Wait::Good) {
        into[link.to].push(index);
    }
    let mut before = Rows::new(count, count);
    let mut stays = vec![true; links.len()];
    for node in &order {
        let own = || into[*node].iter().map(|index| (*index, &links[*index]));
        own().for_each(|(_, link)| before.join(*node, link.from));
        let named: BTreeSet<usize> = own().filter(|(_, link)| link.edge.kind.is_named()).map(|(_, link)| link.from).collect();
        for (index, link) in own().filter(|(_, link)| !link.edge.kind.is_named()) {
            // So far the set holds only what others imply.
            stays[index] = !named.contains(&link.from) && !before.has(*node, link.from);
        }
        own().for_each(|(_, link)| before.insert(*node, link.from));
    }
    let links = links.into_iter().zip(stays).filter_map(|(link, stays)| stays.then_some(link)).collect();
    Settled { links, order, before }
}

fn circles(count: usize, links: &[Link]) -> Vec<Vec<Link>> {
    let mut graph = petgraph::graph::DiGraph::<(), ()>::new();
    let nodes: Vec<_> = (0..count).map(|_| graph.add_node(())).collect();
    for link in links {
        graph.add_edge(nodes[link.from], nodes[link.to], ());
    }
    let mut knots = petgraph::algo::tarjan_scc(&graph);
    knots.iter_mut().for_each(|knot| knot.sort_unstable());
    knots.sort_unstable();
    let mut circles = Vec::new();
    for knot in knots {
        let inside: Vec<Link> = links
            .iter()
            .filter(|link| knot.binary_search(&nodes[link.from]).is_ok() && knot.binary_search(&nodes[link.to]).is_ok())
            .copied()
            .collect();
        circles.extend(least_circle(count, &inside));
    }
    circles
}

/// The circle with the fewest named links; order and nesting alone never make one.
fn least_circle(count: usize, links: &[Link]) -> Option<Vec<Link>> {
    let mut out: Vec<Vec<&Link>> = vec![Vec::new(); count];
    for link in links {
        out[link.from].push(link);
    }
    let mut best: Option<(usize, Vec<Link>)> = None;
    for first in links.iter().filter(|link| link.edge.kind.is_named()) {
        if let Some((cost, path)) = cheapest(&out, first.to, first.from)
            && best.as_ref().is_none_or(|(least, _)| cost < *least)
        {
            best = Some((cost, std::iter::once(*first).chain(path).collect()));
        }
    }
    best.map(|(_, circle)| circle)
}

fn cheapest(out: &[Vec<&Link>], from: usize, to: usize) -> Option<(usize, Vec<Link>)> {
    // A named link outweighs any number of order links: those read as one, "is written below".
    let dear = out.len() + 1;
    let mut best: Vec<Option<(usize, Option<Link>)>> = vec![None; out.len()];
    let mut heap = BinaryHeap::from([Reverse((0_usize, from))]);
    best[from] = Some((0, None));
    while let Some(Reverse((cost, node))) = heap.pop() {
        if node == to {
            break;
        }
        if best[node].is_some_and(|(least, _)| least < cost) {
            continue;
        }
        for link in &out[node] {
            let next = cost + if link.edge.kind.is_named() { dear } else { 1 };
            if best[link.to].is_none_or(|(least, _)| next < least) {
                best[link.to] = Some((next, Some(**link)));
                heap.push(Reverse((next, link.to)));
            }
        }
    }
    let (cost, _) = best[to]?;
    let mut path = Vec::new();
    let mut node = to;
    while let Some((_, Some(link))) = best[node] {
        path.push(link);
        node = link.from;
    }
    path.reverse();
    Some((cost, path))
}
