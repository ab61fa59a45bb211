//! What is over before what begins, however many waits lie between.
//!
//! Knows what waits for what, not why. Sets are filled in an order in which everything stands behind what it waits for,
//! so that each needs only those of its direct waits: one pass over nodes and links.

use fixedbitset::FixedBitSet;

use super::graph::Plan;
use crate::model::{Playbook, Round, RoundIx, TaskIx};

/// For each of some numbers, a set of others: those that come before it.
#[derive(Debug, Clone)]
pub(super) struct Rows(Vec<FixedBitSet>);

impl Rows {
    /// Empty sets for `count` numbers, with room for numbers below `width`.
    pub(super) fn new(count: usize, width: usize) -> Rows {
        Rows(vec![FixedBitSet::with_capacity(width); count])
    }

    /// Adds one to the set of a number.
    pub(super) fn insert(&mut self, row: usize, number: usize) {
        self.0[row].insert(number);
    }

    /// Adds the set of another to that of a number.
    pub(super) fn join(&mut self, row: usize, other: usize) {
        if let Ok([row, other]) = self.0.get_disjoint_mut([row, other]) {
            row.union_with(other);
        }
    }

    /// Says whether one is in the set of a number.
    pub(super) fn has(&self, row: usize, number: usize) -> bool {
        self.0[row].contains(number)
    }
}

/// Which of some tasks of a round are over before each of its nodes begins.
#[derive(Debug)]
pub(super) struct TasksBefore {
    /// Ascending.
    tasks: Vec<TaskIx>,
    /// By node, by place in `tasks`.
    rows: Rows,
}

impl TasksBefore {
    /// Asks for `tasks`, which ascend.
    pub(super) fn new(plan: &Plan, round: RoundIx, tasks: Vec<TaskIx>) -> TasksBefore {
        let mut rows = Rows::new(plan.node_count(round), tasks.len());
        for node in plan.nodes_in_order(round).iter().filter(|_| !tasks.is_empty()) {
            // With the edges of handlers, which are no waits.
            for wait in plan.task_waits(round, *node) {
                rows.join(node.index(), wait.task.index());
                if let Ok(place) = tasks.binary_search(&wait.task) {
                    rows.insert(node.index(), place);
                }
            }
        }
        TasksBefore { tasks, rows }
    }

    /// Says whether one of the tasks is over before a node begins; never for a task that was not asked for.
    pub(super) fn has(&self, node: TaskIx, task: TaskIx) -> bool {
        self.tasks.binary_search(&task).is_ok_and(|place| self.rows.has(node.index(), place))
    }
}

/// Which steps of one host come before which, as the graph says it.
#[derive(Debug)]
pub struct StepOrder {
    rounds: Rows,
    tasks: Vec<TasksBefore>,
}

impl StepOrder {
    /// The order of all steps of a plan.
    #[must_use]
    pub fn new(plan: &Plan, playbook: &Playbook) -> StepOrder {
        let all = |round: &Round| (0..round.tasks.len()).map(TaskIx::new).collect();
        let tasks = playbook.rounds.iter().enumerate().map(|(index, round)| TasksBefore::new(plan, RoundIx::new(index), all(round)));
        StepOrder { rounds: plan.before.clone(), tasks: tasks.collect() }
    }

    /// Says whether one task is over on a host before another begins there.
    #[must_use]
    pub fn is_before(&self, one: (RoundIx, TaskIx), other: (RoundIx, TaskIx)) -> bool {
        if one.0 == other.0 { self.tasks[one.0.index()].has(other.1, one.1) } else { self.rounds.has(other.0.index(), one.0.index()) }
    }
}
