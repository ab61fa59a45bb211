//! The ready queue of a run: which steps may start now, counted, never searched.
//!
//! Knows rounds, tasks and hosts as indices and nothing of what steps do: it is told what ended and says what that
//! makes ready. Plain data, no petgraph, no await, no lock; its one owner is the dispatcher.
//!
//! **Steps.** A step is released (told as ready) exactly once, when every task that it waits for has ended on its
//! host. A step that ended badly blocks all that wait for it, however far; those are over by that and are never
//! released.
//!
//! **`once` tasks** are released on every host like others. The caller runs the task on one of them, keeps the
//! other hosts' steps back, and calls [`Queue::finish`] for each of them when that one has ended, so their
//! dependents wait as they should. Where the task is blocked on the host that was to run it, the next host takes it.

use indexmap::IndexMap;

use super::graph::Plan;
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
    /// Per task: the tasks that wait for it directly.
    dependents: Vec<Vec<TaskIx>>,
    /// Per task: the tasks that it waits for directly.
    needs: Vec<Vec<TaskIx>>,
    order: Vec<TaskIx>,
    /// Rounds that must have ended and have not.
    waiting: usize,
    rounds_behind: Vec<RoundIx>,
    state: RoundState,
    hosts: IndexMap<HostIx, HostQueue>,
    unfinished: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RoundState {
    Idle,
    Started,
    Ended,
}

#[derive(Debug, Clone)]
struct HostQueue {
    waiting: Vec<u32>,
    phase: Vec<Phase>,
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
                let count = plan.task_count(round);
                let needs: Vec<Vec<TaskIx>> = (0..count).map(|task| plan.task_needs(round, TaskIx::new(task))).collect();
                let mut dependents = vec![Vec::new(); count];
                for (task, needs) in needs.iter().enumerate() {
                    for need in needs {
                        dependents[need.index()].push(TaskIx::new(task));
                    }
                }
                RoundQueue {
                    dependents,
                    needs,
                    order: plan.tasks_in_order(round).to_vec(),
                    waiting: plan.round_needs(round).len(),
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
        let waiting: Vec<u32> = queue.needs.iter().map(|needs| u32::try_from(needs.len()).unwrap_or(u32::MAX)).collect();
        let phase: Vec<Phase> = waiting.iter().map(|count| if *count == 0 { Phase::Released } else { Phase::Waiting }).collect();
        for host in hosts {
            queue.hosts.insert(*host, HostQueue { waiting: waiting.clone(), phase: phase.clone() });
        }
        queue.unfinished = queue.hosts.len() * queue.needs.len();
        let free = queue.order.iter().filter(|task| queue.needs[task.index()].is_empty());
        let ready = free.flat_map(|task| queue.hosts.keys().map(|host| StepId { round, task: *task, host: *host })).collect();
        Effects { ready, blocked: Vec::new(), round_done: queue.unfinished == 0 }
    }

    /// Takes in that a step is over, and says what follows. A step that is over already changes nothing.
    ///
    /// `lets_dependents_run` is [`crate::event::Outcome::lets_dependents_run`]. A step may be finished before it was
    /// released (another host's `once`); it is then never released, and what waits for it waits on for what it waited for.
    pub fn finish(&mut self, step: StepId, lets_dependents_run: bool) -> Effects {
        let queue = &mut self.rounds[step.round.index()];
        let mut effects = Effects::default();
        let Some(host) = queue.hosts.get_mut(&step.host) else { return effects };
        if host.phase[step.task.index()].is_over() {
            return effects;
        }
        host.phase[step.task.index()] = Phase::Over;
        queue.unfinished -= 1;
        let of = |task: TaskIx| StepId { task, ..step };
        if lets_dependents_run && host.waiting[step.task.index()] > 0 {
            host.phase[step.task.index()] = Phase::Early;
        } else if lets_dependents_run {
            let mut ended = vec![step.task];
            while let Some(task) = ended.pop() {
                for next in &queue.dependents[task.index()] {
                    let waiting = &mut host.waiting[next.index()];
                    *waiting -= 1;
                    if *waiting > 0 {
                        continue;
                    }
                    let phase = &mut host.phase[next.index()];
                    match *phase {
                        Phase::Waiting => {
                            *phase = Phase::Released;
                            effects.ready.push(of(*next));
                        }
                        Phase::Early => {
                            *phase = Phase::Over;
                            ended.push(*next);
                        }
                        Phase::Released | Phase::Over => {}
                    }
                }
            }
            effects.ready.sort_unstable();
        } else {
            let mut reached = vec![false; queue.needs.len()];
            let mut stack = vec![step.task];
            while let Some(task) = stack.pop() {
                for next in &queue.dependents[task.index()] {
                    if !std::mem::replace(&mut reached[next.index()], true) {
                        stack.push(*next);
                    }
                }
            }
            for task in queue.order.iter().filter(|task| reached[task.index()]) {
                if !std::mem::replace(&mut host.phase[task.index()], Phase::Over).is_over() {
                    queue.unfinished -= 1;
                    effects.blocked.push((of(*task), step.task));
                }
            }
        }
        effects.round_done = queue.unfinished == 0;
        effects
    }

    /// Gives up all that is not over of a round on a host, released or not, and names it in an order in which it could
    /// have run; the effects hold nothing but whether the round is done. For a host that was lost.
    pub fn abandon(&mut self, round: RoundIx, host: HostIx) -> (Vec<StepId>, Effects) {
        let steps: Vec<StepId> = self.unfinished(round, host).collect();
        let queue = &mut self.rounds[round.index()];
        if let Some(host) = queue.hosts.get_mut(&host) {
            host.phase.fill(Phase::Over);
        }
        queue.unfinished -= steps.len();
        let round_done = queue.unfinished == 0 && !steps.is_empty();
        (steps, Effects { round_done, ..Effects::default() })
    }

    /// The steps of a round on a host that are not over, released or not, in an order in which they could run.
    pub fn unfinished(&self, round: RoundIx, host: HostIx) -> impl Iterator<Item = StepId> + '_ {
        let queue = &self.rounds[round.index()];
        let phases = queue.hosts.get(&host);
        queue
            .order
            .iter()
            .filter_map(move |task| phases.filter(|host| !host.phase[task.index()].is_over()).map(|_| StepId { round, task: *task, host }))
    }

    /// The tasks that must still end on a step's host before it may start, those that these wait for left out: what must
    /// go before it on the same lane for it to be written ahead. Ascending.
    pub fn unfinished_needs(&self, step: StepId) -> impl Iterator<Item = TaskIx> + use<> {
        let queue = &self.rounds[step.round.index()];
        let mut found = std::collections::BTreeSet::new();
        let mut stack = vec![step.task];
        while let (Some(task), Some(host)) = (stack.pop(), queue.hosts.get(&step.host)) {
            for need in &queue.needs[task.index()] {
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

    /// The tasks of a round in an order in which they could run, ties by the order written.
    #[must_use]
    pub fn tasks_in_order(&self, round: RoundIx) -> &[TaskIx] {
        &self.rounds[round.index()].order
    }

    /// The tasks that wait for a task directly, in the order written.
    #[must_use]
    pub fn dependents(&self, round: RoundIx, task: TaskIx) -> &[TaskIx] {
        &self.rounds[round.index()].dependents[task.index()]
    }
}

#[cfg(test)]
mod tests;
