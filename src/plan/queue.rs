//! The ready queue of a run: which steps may start now, counted, never searched.
//!
//! Knows rounds, nodes (tasks and gates) and hosts as indices and nothing of what steps do: it is told what ended and
//! says what that makes ready. Plain data, no petgraph, no await, no lock; its one owner is the dispatcher.
//!
//! **Steps.** A step is released (told as ready) when every node that it waits for has ended on its host. A step that
//! ended badly blocks all that ask of it to end well; those are over by that, badly too, and are never released. What
//! asks only that it is over goes on. A step is released once, but for those that [`Queue::reset`] sets back.
//!
//! **Handlers** are released by nobody but [`Queue::release`]. Where nobody does, they are dropped or finished by hand.
//!
//! **`once` tasks** are released on every host like others. The caller runs the task on one of them, keeps the
//! other hosts' steps back, and calls [`Queue::finish`] for each of them when that one has ended, so their
//! dependents wait as they should. Where the task is blocked on the host that was to run it, the next host takes it.

use indexmap::IndexMap;

use super::graph::{Plan, Wait};
use crate::model::{HostIx, RoundIx, StepId, TaskIx};

/// What followed from an end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// Steps that may start now, ordered by task.
    pub ready: Vec<StepId>,
    /// Steps that are over without having run, each with the task that is to blame: the one that ended badly itself,
    /// not one in between. In an order in which they could have run.
    pub blocked: Vec<(StepId, TaskIx)>,
    /// True where this was the last step of the round.
    pub round_done: bool,
}

/// The ready queue.
#[derive(Debug, Clone)]
pub struct Queue {
    rounds: Vec<RoundQueue>,
}

#[derive(Debug, Clone)]
struct RoundQueue {
    nodes: Nodes,
    /// Rounds that must have ended and have not.
    waiting: usize,
    rounds_behind: Vec<RoundIx>,
    state: RoundState,
    hosts: IndexMap<HostIx, HostQueue>,
    unfinished: usize,
}

/// What never changes of a round.
#[derive(Debug, Clone)]
struct Nodes {
    /// By node: what waits for it directly.
    dependents: Vec<Vec<(TaskIx, Wait)>>,
    /// By node: what it waits for directly.
    needs: Vec<Vec<(TaskIx, Wait)>>,
    order: Vec<TaskIx>,
    /// By node: its place in `order`.
    rank: Vec<usize>,
    /// By node: whether only [`Queue::release`] lets it begin.
    by_hand: Vec<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RoundState {
    Idle,
    Started,
    Ended,
}

#[derive(Debug, Clone)]
struct HostQueue {
    /// By node: how many of its needs are not over.
    waiting: Vec<u32>,
    phase: Vec<Phase>,
    /// By node: whether it ended badly.
    bad: Vec<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Released,
    /// Over before what it waits for: what waits for it still waits for those too.
    Early,
    Over,
}

impl Phase {
    fn is_over(self) -> bool {
        matches!(self, Phase::Early | Phase::Over)
    }
}

impl Queue {
    /// Makes the queue of a plan, nothing started.
    #[must_use]
    pub fn new(plan: &Plan) -> Queue {
        let mut rounds: Vec<RoundQueue> = (0..plan.round_count())
            .map(|index| {
                let round = RoundIx::new(index);
                RoundQueue {
                    nodes: Nodes::new(plan, round),
                    waiting: plan.round_needs(round).count(),
                    rounds_behind: Vec::new(),
                    state: RoundState::Idle,
                    hosts: IndexMap::new(),
                    unfinished: 0,
                }
            })
            .collect();
        for index in 0..rounds.len() {
            let round = RoundIx::new(index);
            for need in plan.round_needs(round) {
                rounds[need.index()].rounds_behind.push(round);
            }
        }
        Queue { rounds }
    }

    /// The rounds that wait for no other, in the order written: those to begin a run with.
    #[must_use]
    pub fn first_rounds(&self) -> Vec<RoundIx> {
        self.rounds.iter().enumerate().filter(|(_, round)| round.waiting == 0).map(|(index, _)| RoundIx::new(index)).collect()
    }

    /// Takes in that a round is over on every host (or was skipped), and gives the rounds that nothing holds any more.
    /// A second call for the same round gives none.
    pub fn finish_round(&mut self, round: RoundIx) -> Vec<RoundIx> {
        if std::mem::replace(&mut self.rounds[round.index()].state, RoundState::Ended) == RoundState::Ended {
            return Vec::new();
        }
        let behind = self.rounds[round.index()].rounds_behind.clone();
        behind
            .into_iter()
            .filter(|next| {
                let next = &mut self.rounds[next.index()];
                next.waiting -= 1;
                next.waiting == 0
            })
            .collect()
    }

    /// Starts a round on the hosts that take part, each once, and gives the steps that may start: by task, then by host.
    /// The round may be done at once, where it has no hosts or no tasks.
    pub fn start_round(&mut self, round: RoundIx, hosts: &[HostIx]) -> Effects {
        let queue = &mut self.rounds[round.index()];
        queue.state = RoundState::Started;
        let nodes = &queue.nodes;
        let waiting: Vec<u32> = nodes.needs.iter().map(|needs| u32::try_from(needs.len()).unwrap_or(u32::MAX)).collect();
        let free = |node: usize| waiting[node] == 0 && !nodes.by_hand[node];
        let phase: Vec<Phase> = (0..waiting.len()).map(|node| if free(node) { Phase::Released } else { Phase::Waiting }).collect();
        for host in hosts {
            queue.hosts.insert(*host, HostQueue { waiting: waiting.clone(), phase: phase.clone(), bad: vec![false; phase.len()] });
        }
        queue.unfinished = queue.hosts.len() * waiting.len();
        let free = nodes.order.iter().filter(|node| free(node.index()));
        let ready = free.flat_map(|task| queue.hosts.keys().map(|host| StepId { round, task: *task, host: *host })).collect();
        Effects { ready, blocked: Vec::new(), round_done: queue.unfinished == 0 }
    }

    /// Takes in that a step is over, and says what follows. A step that is over already changes nothing.
    ///
    /// `good` is [`crate::event::Outcome::lets_dependents_run`]. A step may be finished before it was released (another
    /// host's `once`); it is then never released, and what waits for it waits on for what it waited for.
    pub fn finish(&mut self, step: StepId, good: bool) -> Effects {
        let queue = &mut self.rounds[step.round.index()];
        let Some(host) = queue.hosts.get_mut(&step.host).filter(|host| !host.phase[step.task.index()].is_over()) else {
            return Effects::default();
        };
        queue.unfinished -= 1;
        let mut spread = Spread::default();
        if good && host.waiting[step.task.index()] > 0 && host.phase[step.task.index()] == Phase::Waiting {
            host.phase[step.task.index()] = Phase::Early;
        } else {
            host.phase[step.task.index()] = Phase::Over;
            host.bad[step.task.index()] = !good;
            spread.from(&queue.nodes, host, step.task);
        }
        queue.effects(spread, step.round, step.host, Some(step.task))
    }

    /// Takes for over, as if they had ended well, those of some nodes that are not over yet: they will never run.
    pub fn drop_nodes(&mut self, round: RoundIx, host: HostIx, nodes: &[TaskIx]) -> Effects {
        let queue = &mut self.rounds[round.index()];
        let Some(state) = queue.hosts.get_mut(&host) else { return Effects::default() };
        let mut dropped = Vec::new();
        for node in nodes {
            let phase = std::mem::replace(&mut state.phase[node.index()], Phase::Over);
            if phase != Phase::Over {
                dropped.push(*node);
                queue.unfinished -= usize::from(phase != Phase::Early);
            }
        }
        if dropped.is_empty() {
            return Effects::default();
        }
        let mut spread = Spread::default();
        dropped.iter().for_each(|node| spread.from(&queue.nodes, state, *node));
        queue.effects(spread, round, host, None)
    }

    /// Sets nodes back, so that they run again. What they wait for among themselves they wait for anew; anything else
    /// counts as it is, over being enough. Those that wait for nothing are ready at once, handlers aside. What is outside
    /// and has not begun waits for them again.
    pub fn reset(&mut self, round: RoundIx, host: HostIx, nodes: &[TaskIx]) -> Effects {
        let queue = &mut self.rounds[round.index()];
        let Some(state) = queue.hosts.get_mut(&host) else { return Effects::default() };
        for node in nodes {
            let phase = std::mem::replace(&mut state.phase[node.index()], Phase::Waiting);
            queue.unfinished += usize::from(phase.is_over());
            state.bad[node.index()] = false;
        }
        let behind = nodes.iter().flat_map(|node| queue.nodes.dependents[node.index()].iter().map(|(next, _)| *next));
        for node in nodes.iter().copied().chain(behind) {
            let open = queue.nodes.needs[node.index()].iter().filter(|(need, _)| state.phase[need.index()] != Phase::Over);
            state.waiting[node.index()] = u32::try_from(open.count()).unwrap_or(u32::MAX);
        }
        let mut spread = Spread::default();
        for node in nodes {
            if state.waiting[node.index()] == 0 && !queue.nodes.by_hand[node.index()] && state.phase[node.index()] == Phase::Waiting {
                state.phase[node.index()] = Phase::Released;
                spread.ready.push(*node);
            }
        }
        Effects { round_done: false, ..queue.effects(spread, round, host, None) }
    }

    /// Lets a step begin, whatever it waits for; one that is over runs again.
    pub fn release(&mut self, step: StepId) {
        let queue = &mut self.rounds[step.round.index()];
        let is_over = |host: &HostQueue| host.phase[step.task.index()].is_over();
        if queue.hosts.get(&step.host).is_some_and(is_over) {
            self.reset(step.round, step.host, &[step.task]);
        }
        if let Some(host) = self.rounds[step.round.index()].hosts.get_mut(&step.host) {
            host.phase[step.task.index()] = Phase::Released;
            host.waiting[step.task.index()] = 0;
        }
    }

    /// Gives up all that is not over of a round on a host, released or not, and names it in an order in which it could
    /// have run; the effects hold nothing but whether the round is done. For a host that was lost.
    pub fn abandon(&mut self, round: RoundIx, host: HostIx) -> (Vec<StepId>, Effects) {
        let steps: Vec<StepId> = self.unfinished(round, host).collect();
        let queue = &mut self.rounds[round.index()];
        if let Some(host) = queue.hosts.get_mut(&host) {
            steps.iter().for_each(|step| host.bad[step.task.index()] = true);
            host.phase.fill(Phase::Over);
        }
        queue.unfinished -= steps.len();
        let round_done = queue.unfinished == 0 && !steps.is_empty();
        (steps, Effects { round_done, ..Effects::default() })
    }

    /// The steps of a round on a host that are not over, released or not, in an order in which they could run.
    pub fn unfinished(&self, round: RoundIx, host: HostIx) -> impl DoubleEndedIterator<Item = StepId> + '_ {
        let queue = &self.rounds[round.index()];
        let phases = queue.hosts.get(&host);
        queue
            .nodes
            .order
            .iter()
            .filter_map(move |task| phases.filter(|host| !host.phase[task.index()].is_over()).map(|_| StepId { round, task: *task, host }))
    }

    /// The nodes that must still end on a step's host before it may start, those that these wait for left out: what must
    /// go before it on the same lane for it to be written ahead. Ascending.
    pub fn unfinished_needs(&self, step: StepId) -> impl Iterator<Item = TaskIx> + use<> {
        let queue = &self.rounds[step.round.index()];
        let mut found = std::collections::BTreeSet::new();
        let mut stack = vec![step.task];
        while let (Some(task), Some(host)) = (stack.pop(), queue.hosts.get(&step.host)) {
            for (need, _) in &queue.nodes.needs[task.index()] {
                match host.phase[need.index()] {
                    Phase::Over => {}
                    Phase::Early => stack.push(*need),
                    Phase::Waiting | Phase::Released => {
                        found.insert(*need);
                    }
                }
            }
        }
        found.into_iter()
    }

    /// Says whether a step is over.
    #[must_use]
    pub fn is_over(&self, step: StepId) -> bool {
        self.rounds[step.round.index()].hosts.get(&step.host).is_some_and(|host| host.phase[step.task.index()].is_over())
    }

    /// Says whether a step is over and what asks of it to end well is blocked by that.
    #[must_use]
    pub fn ended_badly(&self, step: StepId) -> bool {
        self.rounds[step.round.index()].hosts.get(&step.host).is_some_and(|host| host.bad[step.task.index()])
    }

    /// Says whether a step was released and is not over.
    #[must_use]
    pub fn is_released(&self, step: StepId) -> bool {
        self.rounds[step.round.index()].hosts.get(&step.host).is_some_and(|host| host.phase[step.task.index()] == Phase::Released)
    }

    /// Says whether a round was started and every step of it is over.
    #[must_use]
    pub fn is_round_done(&self, round: RoundIx) -> bool {
        let queue = &self.rounds[round.index()];
        queue.state != RoundState::Idle && queue.unfinished == 0
    }

    /// The hosts that a round was started on.
    pub fn hosts(&self, round: RoundIx) -> impl Iterator<Item = HostIx> + '_ {
        self.rounds[round.index()].hosts.keys().copied()
    }
}

impl Nodes {
    fn new(plan: &Plan, round: RoundIx) -> Nodes {
        let count = plan.node_count(round);
        let needs: Vec<_> = (0..count).map(|node| plan.node_waits(round, TaskIx::new(node)).to_vec()).collect();
        let mut dependents = vec![Vec::new(); count];
        for (node, needs) in needs.iter().enumerate() {
            for (need, wait) in needs {
                dependents[need.index()].push((TaskIx::new(node), *wait));
            }
        }
        let order = plan.nodes_in_order(round).to_vec();
        let mut rank = vec![0; count];
        order.iter().enumerate().for_each(|(at, node)| rank[node.index()] = at);
        let mut by_hand = vec![false; count];
        plan.handlers(round).iter().for_each(|handler| by_hand[handler.index()] = true);
        Nodes { dependents, needs, order, rank, by_hand }
    }
}

impl RoundQueue {
    fn effects(&mut self, spread: Spread, round: RoundIx, host: HostIx, cause: Option<TaskIx>) -> Effects {
        let Spread { mut ready, mut blocked } = spread;
        self.unfinished -= blocked.len();
        ready.sort_unstable();
        blocked.sort_unstable_by_key(|node| self.nodes.rank[node.index()]);
        let of = |task: TaskIx| StepId { round, task, host };
        Effects {
            ready: ready.into_iter().map(of).collect(),
            blocked: blocked.into_iter().map(|node| (of(node), cause.unwrap_or(node))).collect(),
            round_done: self.unfinished == 0,
        }
    }
}

/// What the end of a node leads to on its host.
#[derive(Debug, Default)]
struct Spread {
    ready: Vec<TaskIx>,
    blocked: Vec<TaskIx>,
}

impl Spread {
    /// Follows a node that is over, and whose end has not been followed yet.
    fn from(&mut self, nodes: &Nodes, host: &mut HostQueue, node: TaskIx) {
        let mut ended = vec![node];
        while let Some(node) = ended.pop() {
            let bad = host.bad[node.index()];
            for (next, wait) in &nodes.dependents[node.index()] {
                let at = next.index();
                host.waiting[at] = host.waiting[at].saturating_sub(1);
                let blocks = bad && *wait == Wait::Good;
                match host.phase[at] {
                    Phase::Waiting if blocks => {
                        (host.phase[at], host.bad[at]) = (Phase::Over, true);
                        self.blocked.push(*next);
                        ended.push(*next);
                    }
                    // What it waited for failed: what waits for it can't go on either.
                    Phase::Early if blocks => {
                        (host.phase[at], host.bad[at]) = (Phase::Over, true);
                        ended.push(*next);
                    }
                    Phase::Waiting if host.waiting[at] == 0 && !nodes.by_hand[at] => {
                        host.phase[at] = Phase::Released;
                        self.ready.push(*next);
                    }
                    Phase::Early if host.waiting[at] == 0 => {
                        host.phase[at] = Phase::Over;
                        ended.push(*next);
                    }
                    Phase::Waiting | Phase::Early | Phase::Released | Phase::Over => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
