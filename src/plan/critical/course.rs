//! Hosts on their way through a round: when each step would begin and end, and what it waited for last.
//!
//! Knows nodes and hosts by their numbers alone. Time passes from end to end of steps, ties in the order of hosts and
//! nodes, so that equal inputs take equal ways.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// The nodes of a round, the same on every host.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// By node: what waits for it directly.
    pub(super) next: Vec<Vec<usize>>,
    /// By node: for how many it waits.
    pub(super) waits: Vec<usize>,
    /// By node: done by the first host for all.
    pub(super) once: Vec<bool>,
    /// By node: the most hosts that do it at once.
    pub(super) throttle: Vec<Option<usize>>,
}

impl Shape {
    /// So many nodes that wait for nothing.
    pub(super) fn new(nodes: usize) -> Shape {
        Shape { next: vec![Vec::new(); nodes], waits: vec![0; nodes], once: vec![false; nodes], throttle: vec![None; nodes] }
    }

    pub(super) fn link(&mut self, from: usize, to: usize) {
        self.next[from].push(to);
        self.waits[to] += 1;
    }
}

/// Some of a round's hosts, and how fast they are.
pub(super) struct Field<'a> {
    /// How many hosts.
    pub(super) hosts: usize,
    /// The most of them at work at once.
    pub(super) limit: usize,
    /// True where what is done `once` is done by the first of them.
    pub(super) has_first: bool,
    /// How long a host takes to connect.
    pub(super) connect: &'a dyn Fn(usize) -> u64,
    /// How long a host takes for a node.
    pub(super) took: &'a dyn Fn(usize, usize) -> u64,
}

impl Field<'_> {
    fn waits_for_first(&self, shape: &Shape, host: usize, node: usize) -> bool {
        self.has_first && host > 0 && shape.once[node]
    }
}

/// A part of the way that decides the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leg {
    pub(super) host: usize,
    /// None for the connection.
    pub(super) node: Option<usize>,
    pub(super) took: u64,
}

/// Sends hosts through a round; gives its length and the way that decides it, in order. The legs' lengths sum up to it.
pub(super) fn course(shape: &Shape, field: &Field<'_>) -> (u64, Vec<Leg>) {
    let nodes = shape.next.len();
    let mut run = Run {
        shape,
        field,
        nodes,
        ends: BinaryHeap::new(),
        left: Vec::with_capacity(field.hosts * nodes),
        cause: vec![None; field.hosts * nodes],
        open: vec![nodes; field.hosts],
        admitted_by: vec![None; field.hosts],
        queued: (0..field.hosts).collect(),
        at_work: vec![0; nodes],
        held: BTreeMap::new(),
    };
    for host in 0..field.hosts {
        // What waits for nothing waits for the connection.
        run.left.extend((0..nodes).map(|node| shape.waits[node].max(1) + usize::from(field.waits_for_first(shape, host, node))));
    }
    run.finish()
}

/// A step: host and node.
type Step = (usize, usize);

struct Run<'a> {
    shape: &'a Shape,
    field: &'a Field<'a>,
    nodes: usize,
    /// Steps under way and connections (without a node), by their ends.
    ends: BinaryHeap<Reverse<(u64, usize, Option<usize>)>>,
    /// By step: for how much it still waits.
    left: Vec<usize>,
    /// By step: what it waited for last; none is its host's connection.
    cause: Vec<Option<Step>>,
    /// By host: nodes that are not over.
    open: Vec<usize>,
    /// By host: whose end let it in.
    admitted_by: Vec<Option<Step>>,
    queued: VecDeque<usize>,
    /// By node: hosts that do it.
    at_work: Vec<usize>,
    /// By node: hosts that wait for their turn.
    held: BTreeMap<usize, VecDeque<usize>>,
}

impl Run<'_> {
    fn finish(mut self) -> (u64, Vec<Leg>) {
        for _ in 0..self.field.limit.max(1) {
            self.admit(0, None);
        }
        let mut last = (0, None);
        while let Some(Reverse((at, host, node))) = self.ends.pop() {
            match node {
                None => {
                    for node in (0..self.nodes).filter(|node| self.shape.waits[*node] == 0) {
                        self.release((host, node), at, None);
                    }
                }
                Some(node) => self.over((host, node), at),
            }
            if last.1.is_none() || at > last.0 {
                last = (at, Some((host, node)));
            }
        }
        let way = last.1.map_or_else(Vec::new, |(host, node)| self.way(host, node));
        (last.0, way)
    }

    fn admit(&mut self, at: u64, by: Option<Step>) {
        if let Some(host) = self.queued.pop_front() {
            self.admitted_by[host] = by;
            self.ends.push(Reverse((at.saturating_add((self.field.connect)(host)), host, None)));
        }
    }

    fn release(&mut self, (host, node): Step, at: u64, by: Option<Step>) {
        let left = &mut self.left[host * self.nodes + node];
        *left -= 1;
        if *left > 0 {
            return;
        }
        self.cause[host * self.nodes + node] = by;
        match self.shape.throttle[node] {
            Some(most) if self.at_work[node] >= most.max(1) => self.held.entry(node).or_default().push_back(host),
            _ => self.begin((host, node), at),
        }
    }

    fn begin(&mut self, (host, node): Step, at: u64) {
        self.at_work[node] += 1;
        self.ends.push(Reverse((at.saturating_add((self.field.took)(host, node)), host, Some(node))));
    }

    fn over(&mut self, (host, node): Step, at: u64) {
        let by = Some((host, node));
        self.at_work[node] -= 1;
        if let Some(next) = self.held.get_mut(&node).and_then(VecDeque::pop_front) {
            self.cause[next * self.nodes + node] = by;
            self.begin((next, node), at);
        }
        let (shape, field) = (self.shape, self.field);
        for next in &shape.next[node] {
            self.release((host, *next), at, by);
        }
        if host == 0 {
            for other in (1..field.hosts).filter(|other| field.waits_for_first(shape, *other, node)) {
                self.release((other, node), at, by);
            }
        }
        self.open[host] -= 1;
        if self.open[host] == 0 {
            self.admit(at, by);
        }
    }

    /// The way to an end, from the first beginning.
    fn way(&self, host: usize, node: Option<usize>) -> Vec<Leg> {
        let mut way = Vec::new();
        let mut at = Some((host, node));
        while let Some((host, node)) = at {
            let (took, before) = match node {
                Some(node) => {
                    let cause = self.cause[host * self.nodes + node];
                    ((self.field.took)(host, node), Some(cause.map_or((host, None), |(host, node)| (host, Some(node)))))
                }
                None => ((self.field.connect)(host), self.admitted_by[host].map(|(host, node)| (host, Some(node)))),
            };
            way.push(Leg { host, node, took });
            at = before;
        }
        way.reverse();
        way.retain(|leg| leg.took > 0);
        way
    }
}
