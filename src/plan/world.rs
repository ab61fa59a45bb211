//! What all scopes of a run share: the model, the results so far, and which variables wait for a `set`.
//!
//! Knows everything that templates may read; made once for a plan or a run. Scopes of single steps are made from it
//! and cost one allocation each.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use super::graph::Plan;
use super::results::{ResultSource, StepResult};
use super::scope::Scope;
use crate::model::{HostIx, Inventory, Playbook, RoundIx, SecretValues, StepId, TaskIx, Var, Verb};
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
    /// Per round: its tasks by id.
    pub(super) tasks: Vec<IndexMap<String, TaskIx>>,
    /// Per round: whether a host, by index, is in it.
    members: Vec<Vec<bool>>,
    /// By variable: the `set` tasks that set it.
    sets: IndexMap<String, Vec<(RoundIx, TaskIx)>>,
    /// Per round: the rounds that end before it begins.
    rounds_before: Vec<Vec<RoundIx>>,
    /// Per round and task, in rounds that hold a `set`: the tasks that end before it begins.
    tasks_before: Vec<Vec<Vec<TaskIx>>>,
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
        let mut tasks = Vec::new();
        let mut members = Vec::new();
        let mut tasks_before = Vec::new();
        for (index, round) in playbook.rounds.iter().enumerate() {
            let ix = RoundIx::new(index);
            let mut ids = IndexMap::new();
            let mut has_set = false;
            for (index, task) in round.tasks.iter().enumerate() {
                if let Some(id) = &task.id {
                    ids.entry(id.clone()).or_insert(TaskIx::new(index));
                }
                if let Verb::Set(set) = &task.verb {
                    has_set = true;
                    for name in set.vars.keys() {
                        sets.entry(name.clone()).or_default().push((ix, TaskIx::new(index)));
                    }
                }
            }
            tasks.push(ids);
            let before = |task| plan.tasks_before(ix, TaskIx::new(task));
            tasks_before.push(if has_set { (0..round.tasks.len()).map(before).collect() } else { Vec::new() });
            let mut inside = vec![false; inventory.hosts.len()];
            round.hosts.iter().for_each(|host| inside[host.index()] = true);
            members.push(inside);
        }
        let rounds_before = (0..playbook.rounds.len()).map(|round| plan.rounds_before(RoundIx::new(round))).collect();
        let rounds = playbook.rounds.iter().enumerate().map(|(index, round)| (round.id.clone(), RoundIx::new(index))).collect();
        Arc::new(World { playbook, inventory, results, run, controller, rounds, tasks, members, sets, rounds_before, tasks_before })
    }

    /// The scope of a step.
    #[must_use]
    pub fn scope(self: &Arc<World>, step: StepId) -> Root {
        Arc::new(Scope { world: Arc::clone(self), round: step.round, host: step.host, task: Some(step.task), result: None })
    }

    /// The scope of a step with its own `result`: for `changed`, `failed`, `until`.
    #[must_use]
    pub fn scope_with_result(self: &Arc<World>, step: StepId, result: Arc<StepResult>) -> Root {
        Arc::new(Scope { world: Arc::clone(self), round: step.round, host: step.host, task: Some(step.task), result: Some(result) })
    }

    /// The scope of a round on a host, without a task: for the round's `when`.
    #[must_use]
    pub fn round_scope(self: &Arc<World>, round: RoundIx, host: HostIx) -> Root {
        Arc::new(Scope { world: Arc::clone(self), round, host, task: None, result: None })
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

    /// The `set` tasks that set a variable for a host before a step of it begins.
    pub(super) fn sets_before(&self, name: &str, round: RoundIx, task: Option<TaskIx>, host: HostIx) -> impl Iterator<Item = StepId> {
        self.sets.get(name).into_iter().flatten().filter_map(move |(set_round, set_task)| {
            let before = if *set_round == round {
                task.is_some_and(|task| self.tasks_before[round.index()][task.index()].binary_search(set_task).is_ok())
            } else {
                self.rounds_before[round.index()].binary_search(set_round).is_ok()
            };
            (before && self.is_member(*set_round, host)).then_some(StepId { round: *set_round, task: *set_task, host })
        })
    }

    /// Says whether any `set` task sets a variable.
    pub(super) fn is_set_anywhere(&self, name: &str) -> bool {
        self.sets.contains_key(name)
    }

    /// Finds where a task or its round writes a variable, for all hosts alike; weaker than `-e` and `set`.
    pub(super) fn written_above(&self, name: &str, round: RoundIx, task: Option<TaskIx>) -> Option<&Var> {
        let in_task = task.and_then(|task| {
            let layers = &self.playbook.task(round, task).layers;
            layers.iter().rev().find_map(|layer| layer.vars.get(name))
        });
        in_task.or_else(|| self.playbook.round(round).vars.as_ref()?.vars.get(name))
    }

    /// Finds where the inventory, or else the playbook, writes a variable of a host.
    pub(super) fn written_below(&self, name: &str, host: HostIx) -> Option<&Var> {
        self.inventory.host(host).var(name).or_else(|| self.playbook.vars.vars.get(name))
    }

    /// How a step is called in `‹after …›`: `survey/kernel`.
    pub(super) fn step_name(&self, round: RoundIx, task: TaskIx) -> String {
        let (round, task) = (self.playbook.round(round), self.playbook.task(round, task));
        format!("{}/{}", round.id, task.id.as_deref().unwrap_or(&task.name))
    }
}
/// Temporary.
#[derive(Debug, Default)]
pub struct Local {
    /// a
    pub item: Option<Arc<super::results::ItemView>>,
    /// b
    pub result: Option<Arc<StepResult>>,
}
impl World {
    /// a
    pub fn scope_with(self: &Arc<World>, step: StepId, local: Local) -> Root {
        Arc::new(Scope { world: Arc::clone(self), round: step.round, host: step.host, task: Some(step.task), result: local.result })
    }
    /// a
    pub fn block_scope(self: &Arc<World>, round: RoundIx, _b: crate::model::BlockIx, host: HostIx, _o: bool) -> Root {
        self.round_scope(round, host)
    }
    /// a
    pub fn frame_scope(self: &Arc<World>, round: RoundIx, _b: crate::model::FrameIx, host: HostIx) -> Root {
        self.round_scope(round, host)
    }
    /// a
    pub fn group_scope(self: &Arc<World>, host: HostIx) -> Root {
        self.round_scope(RoundIx(0), host)
    }
}
/// a
pub fn items(
    _e: &crate::model::Each,
    _n: &crate::template::Engine,
    _s: &Root,
) -> Result<Vec<crate::model::Value>, crate::template::RenderError> {
    Ok(vec![])
}
