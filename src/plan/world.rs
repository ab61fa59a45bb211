//! What all scopes of a run share: the model, the results so far, and which variables wait for a `set`.
//!
//! Knows everything that templates may read; made once for a plan or a run. Scopes of single steps are made from it
//! and cost one allocation each.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use super::before::{Rows, TasksBefore};
use super::graph::Plan;
use super::results::{ResultSource, StepResult};
use super::scope::{Local, Scope};
use super::sight::Sight;
use crate::model::{BlockIx, FrameIx, Gate, HostIx, Inventory, Playbook, Round, RoundIx, SecretValues, StepId, TaskIx, Verb};
use crate::template::Root;

/// `run`, as far as it never changes.
#[derive(Debug, Clone, Default)]
pub struct RunInfo {
    /// `run.id`; none before a run.
    pub id: Option<String>,
    /// `run.started`, RFC 3339 in UTC; none before a run.
    pub started: Option<String>,
    /// `run.user`.
    pub user: String,
}

/// `controller`, and the values of `secrets`, which are got here as well.
#[derive(Clone, Default)]
pub struct ControllerInfo {
    /// `controller.env`.
    pub env: BTreeMap<String, String>,
    /// `controller.user`.
    pub user: String,
    /// `controller.host`.
    pub host: String,
    /// `secrets`; none before a run.
    pub secrets: Option<SecretValues>,
}

impl fmt::Debug for ControllerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The environment may hold secrets.
        write!(f, "ControllerInfo({}@{}, {} variables)", self.user, self.host, self.env.len())
    }
}

/// What all scopes share.
#[derive(Debug)]
pub struct World {
    pub(super) playbook: Arc<Playbook>,
    pub(super) inventory: Arc<Inventory>,
    pub(super) results: Arc<dyn ResultSource>,
    pub(super) run: RunInfo,
    pub(super) controller: ControllerInfo,
    pub(super) rounds: IndexMap<String, RoundIx>,
    /// Per round and name space: tasks, and blocks as their exits, by id.
    ids: Vec<Vec<IndexMap<String, TaskIx>>>,
    /// Per round: whether a host, by index, is in it.
    members: Vec<Vec<bool>>,
    /// By variable: the `set` tasks that set it; by section of facts: the tasks that gather it.
    sets: IndexMap<String, Vec<(RoundIx, TaskIx)>>,
    /// Per round: the rounds that end before it begins.
    rounds_before: Rows,
    /// Per round: which of its tasks in `sets` are over before each of its nodes.
    tasks_before: Vec<TasksBefore>,
}

impl World {
    /// Gathers what scopes need.
    #[must_use]
    pub fn new(
        playbook: Arc<Playbook>,
        inventory: Arc<Inventory>,
        plan: &Plan,
        results: Arc<dyn ResultSource>,
        run: RunInfo,
        controller: ControllerInfo,
    ) -> Arc<World> {
        let mut sets: IndexMap<String, Vec<(RoundIx, TaskIx)>> = IndexMap::new();
        let mut ids = Vec::new();
        let mut members = Vec::new();
        let mut tasks_before = Vec::new();
        for (index, round) in playbook.rounds.iter().enumerate() {
            let ix = RoundIx::new(index);
            ids.push(ids_of(round));
            let mut setters = Vec::new();
            for (index, task) in round.tasks.iter().enumerate() {
                let names: Vec<String> = match &task.verb {
                    Verb::Facts(facts) if task.on.is_empty() => facts.sections.iter().map(|section| super::facts::key(section)).collect(),
                    Verb::Set(set) => set.vars.keys().cloned().collect(),
                    _ => continue,
                };
                setters.push(TaskIx::new(index));
                names.into_iter().for_each(|name| sets.entry(name).or_default().push((ix, TaskIx::new(index))));
            }
            tasks_before.push(TasksBefore::new(plan, ix, setters));
            let mut inside = vec![false; inventory.hosts.len()];
            round.hosts.iter().for_each(|host| inside[host.index()] = true);
            members.push(inside);
        }
        let rounds_before = plan.before.clone();
        let rounds = playbook.rounds.iter().enumerate().map(|(index, round)| (round.id.clone(), RoundIx::new(index))).collect();
        Arc::new(World { playbook, inventory, results, run, controller, rounds, ids, members, sets, rounds_before, tasks_before })
    }

    /// The scope of a step, without an item of its own: that in which its `each` is evaluated.
    #[must_use]
    pub fn scope(self: &Arc<World>, step: StepId) -> Root {
        self.scope_with(step, Local::default())
    }

    /// The scope of a step with its own `result`: for `changed`, `failed`, `until`.
    #[must_use]
    pub fn scope_with_result(self: &Arc<World>, step: StepId, result: Arc<StepResult>) -> Root {
        self.scope_with(step, Local { item: None, result: Some(result) })
    }

    /// The scope of one execution of a step.
    #[must_use]
    pub fn scope_with(self: &Arc<World>, step: StepId, local: Local) -> Root {
        Arc::new(Scope { local, ..Scope::new(self, step.host, Sight::Task(step.round, step.task)) })
    }

    /// The scope of a block's own templates: with its current item (`when`), or before there is one (`each`).
    #[must_use]
    pub fn block_scope(self: &Arc<World>, round: RoundIx, block: BlockIx, host: HostIx, own: bool) -> Root {
        Arc::new(Scope::new(self, host, Sight::Block { round, block, own }))
    }

    /// The scope of an action's outputs.
    #[must_use]
    pub fn frame_scope(self: &Arc<World>, round: RoundIx, frame: FrameIx, host: HostIx) -> Root {
        Arc::new(Scope::new(self, host, Sight::Outputs(round, frame)))
    }

    /// The scope of a round on a host, without a task: for the round's `when`.
    #[must_use]
    pub fn round_scope(self: &Arc<World>, round: RoundIx, host: HostIx) -> Root {
        Arc::new(Scope::new(self, host, Sight::Round(round)))
    }

    /// The scope of the condition of a chosen group, asked of a host.
    #[must_use]
    pub fn group_scope(self: &Arc<World>, host: HostIx) -> Root {
        Arc::new(Scope::new(self, host, Sight::Group))
    }

    /// The scope of a host outside of any round: what the inventory, the playbook and the command line give.
    #[must_use]
    pub fn host_scope(self: &Arc<World>, host: HostIx) -> Root {
        Arc::new(Scope::new(self, host, Sight::Outside))
    }

    /// The playbook.
    #[must_use]
    pub fn playbook(&self) -> &Playbook {
        &self.playbook
    }

    /// The inventory.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Says whether a host is in a round.
    pub(super) fn is_member(&self, round: RoundIx, host: HostIx) -> bool {
        self.members[round.index()].get(host.index()).copied().unwrap_or(false)
    }

    /// What can be read as `tasks.ID` in a name space of a round.
    pub(super) fn ids(&self, round: RoundIx, frame: FrameIx) -> &IndexMap<String, TaskIx> {
        &self.ids[round.index()][frame.index()]
    }

    /// The `set` tasks that set a variable, as it is seen from a place, for a host before what stands there begins.
    pub(super) fn sets_before(&self, name: &str, sight: Sight, host: HostIx) -> impl Iterator<Item = StepId> {
        let place = sight.round().zip(sight.frame(self));
        self.sets.get(name).into_iter().flatten().filter_map(move |(set_round, set_task)| {
            let (round, frame) = place?;
            let set_frame = self.playbook.task(*set_round, *set_task).flow.home.frame;
            let before = if *set_round == round {
                let node = sight.node(self.playbook.round(round));
                node.is_some_and(|node| self.tasks_before[round.index()].has(node, *set_task))
            } else {
                frame == FrameIx::ROUND && self.rounds_before.has(round.index(), set_round.index())
            };
            let seen = before && set_frame == frame && self.is_member(*set_round, host);
            seen.then_some(StepId { round: *set_round, task: *set_task, host })
        })
    }

    /// The tasks that gather a section of facts of a host before what stands at a place begins.
    pub(super) fn gathered_before(&self, section: &str, sight: Sight, host: HostIx) -> impl Iterator<Item = StepId> {
        let gathering = self.sets.get(&super::facts::key(section)).into_iter().flatten();
        gathering.filter_map(move |(set_round, set_task)| {
            let before = match sight.round() {
                Some(round) if *set_round == round => {
                    let node = sight.node(self.playbook.round(round));
                    node.is_some_and(|node| self.tasks_before[round.index()].has(node, *set_task))
                }
                Some(round) => self.rounds_before.has(round.index(), set_round.index()),
                // What chooses hosts is asked when the rounds that it reads are over.
                None => sight == Sight::Group,
            };
            (before && self.is_member(*set_round, host)).then_some(StepId { round: *set_round, task: *set_task, host })
        })
    }

    /// How a step is called in `‹after …›`: `survey/kernel`, in an action `survey/app/unpack`.
    #[must_use]
    pub fn step_name(&self, round: RoundIx, node: TaskIx) -> String {
        let round = self.playbook.round(round);
        let block_name = |block: BlockIx| {
            let block = &round.blocks[block.index()];
            block.id.as_deref().unwrap_or(&block.name)
        };
        let (own, mut frame) = match round.gate(node) {
            None => {
                let task = &round.tasks[node.index()];
                (task.id.as_deref().unwrap_or(&task.name), task.flow.home.frame)
            }
            Some(Gate::Enter(block) | Gate::Rescue(block) | Gate::Always(block) | Gate::Exit(block)) => {
                (block_name(block), round.blocks[block.index()].home.frame)
            }
            Some(Gate::Handlers) => ("handlers", FrameIx::ROUND),
            Some(Gate::Finally) => ("finally", FrameIx::ROUND),
        };
        let mut names = vec![own];
        while let Some(block) = round.frames[frame.index()].block {
            names.push(block_name(block));
            frame = round.blocks[block.index()].home.frame;
        }
        names.push(&round.id);
        names.reverse();
        names.join("/")
    }
}

fn ids_of(round: &Round) -> Vec<IndexMap<String, TaskIx>> {
    let mut ids: Vec<_> = round.frames.iter().map(|frame| frame.ids.clone()).collect();
    let tasks = round.tasks.iter().enumerate().map(|(index, task)| (&task.id, task.flow.home.frame, TaskIx::new(index)));
    let blocks = round.blocks.iter().zip(0..).map(|(block, index)| (&block.id, block.home.frame, round.node(Gate::Exit(BlockIx(index)))));
    for (id, frame, node) in tasks.chain(blocks) {
        if let Some(id) = id {
            ids[frame.index()].entry(id.clone()).or_insert(node);
        }
    }
    ids
}
