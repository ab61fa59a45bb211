//! The static graph of a playbook: what waits for what, and why.
//!
//! Knows ids, edges and places, nothing of hosts' results or of how the edges came about (that is `build`). The
//! graph is made once, without cycles, and read after that: by `show`, and by [`super::Queue`], which copies what
//! it counts into plain lists.

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::diag::Span;
use crate::model::{HostIx, RoundIx, TaskIx};

/// A node of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A round, a barrier over all its hosts.
    Round(RoundIx),
    /// A task on every host of its round.
    Task {
        /// Its round.
        round: RoundIx,
        /// The task in it.
        task: TaskIx,
        /// The round's hosts; edges between tasks hold per host.
        hosts: std::sync::Arc<[HostIx]>,
    },
}

/// Why one node waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// It is written below and says nothing else. Only the last of what is above has such an edge.
    Order,
    /// Its `needs`, or those of its group, name the other.
    Needs,
    /// One of its templates reads the other's result.
    Data,
}

/// An edge, from what is waited for to what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Why it is there.
    pub kind: EdgeKind,
    /// The word in `needs`, or the place of the read; none for the order written.
    pub place: Option<Span>,
}

/// Something that a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskWait {
    /// The task of the same round that must have ended on the same host.
    pub task: TaskIx,
    /// Why.
    pub edge: Edge,
}

/// Something that a round waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundWait {
    /// The round that must have ended on every host.
    pub round: RoundIx,
    /// Why.
    pub edge: Edge,
}

/// What one round is in the plan.
#[derive(Debug, Clone)]
pub(super) struct RoundPlan {
    pub(super) node: NodeIndex,
    pub(super) hosts: std::sync::Arc<[HostIx]>,
    /// Every round that must come before, those that others imply included.
    pub(super) needs: Vec<RoundIx>,
    /// Topological, ties by the order written.
    pub(super) order: Vec<TaskIx>,
    pub(super) tasks: Vec<NodeIndex>,
    /// By task: whether some template reads its result.
    pub(super) read: Vec<bool>,
}

/// A playbook's graph, free of cycles.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) graph: DiGraph<Node, Edge>,
    pub(super) rounds: Vec<RoundPlan>,
    pub(super) order: Vec<RoundIx>,
}

impl Plan {
    /// The graph itself: nodes are rounds and tasks, edges run from what is waited for to what waits.
    #[must_use]
    pub fn graph(&self) -> &DiGraph<Node, Edge> {
        &self.graph
    }

    /// How many rounds there are.
    #[must_use]
    pub fn round_count(&self) -> usize {
        self.rounds.len()
    }

    /// How many tasks a round has.
    ///
    /// # Panics
    /// For a round of another plan, as all accessors.
    #[must_use]
    pub fn task_count(&self, round: RoundIx) -> usize {
        self.rounds[round.index()].tasks.len()
    }

    /// The rounds in an order in which they could run, ties by the order written.
    #[must_use]
    pub fn rounds_in_order(&self) -> &[RoundIx] {
        &self.order
    }

    /// The tasks of a round in an order in which they could run, ties by the order written.
    #[must_use]
    pub fn tasks_in_order(&self, round: RoundIx) -> &[TaskIx] {
        &self.rounds[round.index()].order
    }

    /// The round's hosts.
    #[must_use]
    pub fn hosts(&self, round: RoundIx) -> &[HostIx] {
        &self.rounds[round.index()].hosts
    }

    /// Says whether some template may read a task's result, `result` in its own aside: only then need it be kept.
    #[must_use]
    pub fn is_read(&self, round: RoundIx, task: TaskIx) -> bool {
        self.rounds[round.index()].read[task.index()]
    }

    /// Every round that a round needs, as far as `after` is concerned: named, read, or all above. Ascending. Not
    /// reduced, so that it may hold rounds that others in it wait for themselves.
    #[must_use]
    pub fn round_needs(&self, round: RoundIx) -> &[RoundIx] {
        &self.rounds[round.index()].needs
    }

    /// What a round waits for, with the reasons; order edges only where nothing else implies them.
    #[must_use]
    pub fn round_waits(&self, round: RoundIx) -> Vec<RoundWait> {
        let mut waits: Vec<RoundWait> = self
            .graph
            .edges_directed(self.rounds[round.index()].node, Direction::Incoming)
            .filter_map(|edge| match self.graph[edge.source()] {
                Node::Round(round) => Some(RoundWait { round, edge: *edge.weight() }),
                Node::Task { .. } => None,
            })
            .collect();
        waits.sort_by_key(|wait| (wait.round, wait.edge.kind));
        waits
    }

    /// What a task waits for on its own host, with the reasons; order edges only where nothing else implies them.
    #[must_use]
    pub fn task_waits(&self, round: RoundIx, task: TaskIx) -> Vec<TaskWait> {
        let mut waits: Vec<TaskWait> = self
            .graph
            .edges_directed(self.rounds[round.index()].tasks[task.index()], Direction::Incoming)
            .filter_map(|edge| match self.graph[edge.source()] {
                Node::Task { task, .. } => Some(TaskWait { task, edge: *edge.weight() }),
                Node::Round(_) => None,
            })
            .collect();
        waits.sort_by_key(|wait| (wait.task, wait.edge.kind));
        waits
    }

    /// The tasks that a task waits for directly, each once, ascending.
    #[must_use]
    pub fn task_needs(&self, round: RoundIx, task: TaskIx) -> Vec<TaskIx> {
        let mut needs: Vec<TaskIx> = self.task_waits(round, task).into_iter().map(|wait| wait.task).collect();
        needs.dedup();
        needs
    }

    /// Every task of the same round that is over before a task begins, ascending.
    #[must_use]
    pub fn tasks_before(&self, round: RoundIx, task: TaskIx) -> Vec<TaskIx> {
        let mut seen = vec![false; self.task_count(round)];
        let mut stack = self.task_needs(round, task);
        while let Some(next) = stack.pop() {
            if !std::mem::replace(&mut seen[next.index()], true) {
                stack.extend(self.task_needs(round, next));
            }
        }
        seen.iter().enumerate().filter(|(_, seen)| **seen).map(|(index, _)| TaskIx::new(index)).collect()
    }

    /// Every round that is over before a round begins, ascending.
    #[must_use]
    pub fn rounds_before(&self, round: RoundIx) -> Vec<RoundIx> {
        let mut seen = vec![false; self.rounds.len()];
        let mut stack = self.round_needs(round).to_vec();
        while let Some(next) = stack.pop() {
            if !std::mem::replace(&mut seen[next.index()], true) {
                stack.extend(self.round_needs(next));
            }
        }
        seen.iter().enumerate().filter(|(_, seen)| **seen).map(|(index, _)| RoundIx::new(index)).collect()
    }
}
