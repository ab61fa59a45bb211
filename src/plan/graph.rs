//! The static graph of a playbook: what waits for what, and why.
//!
//! Knows ids, edges and places, nothing of hosts' results or of how the edges came about (that is `build`). The
//! graph is made once, without cycles, and read after that: by `show`, and by [`super::Queue`], which copies what
//! it counts into plain lists.

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::before::Rows;
use crate::diag::Span;
use crate::model::{Gate, HostIx, RoundIx, TaskIx};

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
    /// A gate of a round.
    Gate {
        /// Its round.
        round: RoundIx,
        /// Which.
        gate: Gate,
        /// Its number.
        node: TaskIx,
    },
}

/// What is asked of a node that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wait {
    /// It must have ended well; else what waits is over without having run.
    Good,
    /// It must be over, however.
    Over,
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
    /// It stands in the other, a block; or it is the block that the other stands in.
    Block,
    /// It belongs to `rescue`, which comes after the block's tasks.
    Rescue,
    /// It belongs to `always`, which comes after those and `rescue`.
    Always,
    /// It is a handler that the other notifies.
    Notify,
    /// It belongs to the handlers, which come after the round's tasks.
    Handlers,
    /// It belongs to `finally`, which comes after those.
    Finally,
}

impl EdgeKind {
    /// The word for it in a plan's JSON form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            EdgeKind::Order => "order",
            EdgeKind::Needs => "needs",
            EdgeKind::Data => "data",
            EdgeKind::Block => "block",
            EdgeKind::Rescue => "rescue",
            EdgeKind::Always => "always",
            EdgeKind::Notify => "notify",
            EdgeKind::Handlers => "handlers",
            EdgeKind::Finally => "finally",
        }
    }

    /// Says whether a word of the author's stands behind it, not just the place where something is written.
    #[must_use]
    pub fn is_named(self) -> bool {
        matches!(self, EdgeKind::Needs | EdgeKind::Data)
    }
}

/// An edge, from what is waited for to what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Why it is there.
    pub kind: EdgeKind,
    /// What is asked of what is waited for. Between rounds, [`crate::model::After`] says more.
    pub wait: Wait,
    /// The word in `needs`, or the place of the read; none for the order written.
    pub place: Option<Span>,
}

/// Something that a task or gate waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskWait {
    /// The task or gate of the same round that must have ended on the same host.
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
    /// How many rounds must come before because they are written above: all or none.
    pub(super) above: usize,
    /// Every other round that must come before, those that others imply included, ascending.
    pub(super) needs: Vec<RoundIx>,
    /// Tasks and gates, topological, ties by number.
    pub(super) order: Vec<TaskIx>,
    /// The tasks of `order`.
    pub(super) tasks: Vec<TaskIx>,
    /// By node.
    pub(super) nodes: Vec<NodeIndex>,
    /// By node: what it waits for directly, each once, ascending.
    pub(super) waits: Vec<Vec<(TaskIx, Wait)>>,
    /// By node: whether some template reads its result.
    pub(super) read: Vec<bool>,
    pub(super) handlers: Vec<TaskIx>,
}

/// A playbook's graph, free of cycles.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) graph: DiGraph<Node, Edge>,
    pub(super) rounds: Vec<RoundPlan>,
    pub(super) order: Vec<RoundIx>,
    /// By round: the rounds that are over before it begins. No wait between rounds asks for less than a good end.
    pub(super) before: Rows,
}

impl Plan {
    /// The graph itself: nodes are rounds, tasks and gates, edges run from what is waited for to what waits. Edges to
    /// handlers say in which order they come; the run lets them begin by hand.
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
        &self.rounds[round.index()].tasks
    }

    /// The tasks and gates of a round in an order in which they could run, ties by number.
    #[must_use]
    pub fn nodes_in_order(&self, round: RoundIx) -> &[TaskIx] {
        &self.rounds[round.index()].order
    }

    /// How many nodes a round has: tasks and gates.
    #[must_use]
    pub fn node_count(&self, round: RoundIx) -> usize {
        self.rounds[round.index()].nodes.len()
    }

    /// What a task or gate waits for directly, each once, ascending. Handlers wait for nothing: the run lets them begin.
    #[must_use]
    pub fn node_waits(&self, round: RoundIx, node: TaskIx) -> &[(TaskIx, Wait)] {
        &self.rounds[round.index()].waits[node.index()]
    }

    /// The handlers of a round, in the order in which they run.
    #[must_use]
    pub fn handlers(&self, round: RoundIx) -> &[TaskIx] {
        &self.rounds[round.index()].handlers
    }

    /// The round's hosts.
    #[must_use]
    pub fn hosts(&self, round: RoundIx) -> &[HostIx] {
        &self.rounds[round.index()].hosts
    }

    /// Says whether some template may read the result of a task, or of a block by its exit, `result` in its own aside:
    /// only then need it be kept.
    #[must_use]
    pub fn is_read(&self, round: RoundIx, task: TaskIx) -> bool {
        self.rounds[round.index()].read[task.index()]
    }

    /// Every round that a round needs, as far as `after` is concerned: named, read, or all above. Ascending. Not
    /// reduced, so that it may hold rounds that others in it wait for themselves.
    pub fn round_needs(&self, round: RoundIx) -> impl Iterator<Item = RoundIx> + '_ {
        let plan = &self.rounds[round.index()];
        (0..plan.above).map(RoundIx::new).chain(plan.needs.iter().copied())
    }

    /// What a round waits for, with the reasons; order edges only where nothing else implies them.
    #[must_use]
    pub fn round_waits(&self, round: RoundIx) -> Vec<RoundWait> {
        let mut waits: Vec<RoundWait> = self
            .graph
            .edges_directed(self.rounds[round.index()].node, Direction::Incoming)
            .filter_map(|edge| match self.graph[edge.source()] {
                Node::Round(round) => Some(RoundWait { round, edge: *edge.weight() }),
                Node::Task { .. } | Node::Gate { .. } => None,
            })
            .collect();
        waits.sort_by_key(|wait| (wait.round, wait.edge.kind));
        waits
    }

    /// What a task or gate waits for on its own host, with the reasons; no edge that only repeats what others imply.
    #[must_use]
    pub fn task_waits(&self, round: RoundIx, task: TaskIx) -> Vec<TaskWait> {
        let mut waits: Vec<TaskWait> = self
            .graph
            .edges_directed(self.rounds[round.index()].nodes[task.index()], Direction::Incoming)
            .filter_map(|edge| match self.graph[edge.source()] {
                Node::Task { task, .. } | Node::Gate { node: task, .. } => Some(TaskWait { task, edge: *edge.weight() }),
                Node::Round(_) => None,
            })
            .collect();
        waits.sort_by_key(|wait| (wait.task, wait.edge.kind));
        waits
    }

    /// Every round that is over before a round begins, ascending.
    pub fn rounds_before(&self, round: RoundIx) -> impl Iterator<Item = RoundIx> + '_ {
        (0..self.rounds.len()).filter(move |other| self.before.has(round.index(), *other)).map(RoundIx::new)
    }
}
