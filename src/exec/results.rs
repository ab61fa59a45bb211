//! Results in memory: those that some template reads, and no others.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::model::{HostIx, Inventory, Layer, Origin, Playbook, RoundIx, StepId, TaskIx, Value, Var, VarValue, Verb};
use crate::plan::{ResultSource, StepResult, StepView};

/// What templates can learn of the run so far.
///
/// Scopes keep their source for the whole run, so it is shared; the dispatcher alone writes, and reads in the same
/// turn, so the lock is never waited for.
#[derive(Debug)]
pub(super) struct Results {
    inventory: Arc<Inventory>,
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    steps: HashMap<StepId, Arc<StepResult>>,
    ended: BTreeSet<RoundIx>,
    left_out: BTreeSet<(RoundIx, HostIx)>,
    sets: HashMap<HostIx, Arc<Layer>>,
    failed: BTreeSet<HostIx>,
}

impl Results {
    pub(super) fn new(inventory: Arc<Inventory>) -> Results {
        Results { inventory, inner: RwLock::default() }
    }

    pub(super) fn insert(&self, step: StepId, result: Arc<StepResult>) {
        self.write().steps.insert(step, result);
    }

    pub(super) fn round_ended(&self, round: RoundIx) {
        self.write().ended.insert(round);
    }

    pub(super) fn left_out(&self, round: RoundIx, host: HostIx) {
        self.write().left_out.insert((round, host));
    }

    pub(super) fn host_failed(&self, host: HostIx) {
        self.write().failed.insert(host);
    }

    /// Sets variables of a host, over what was set before.
    pub(super) fn set(&self, host: HostIx, values: impl IntoIterator<Item = (String, Value)>) {
        let mut inner = self.write();
        let layer = inner.sets.entry(host).or_insert_with(|| Arc::new(Layer { origin: Origin::Set, vars: indexmap::IndexMap::new() }));
        let layer = Arc::make_mut(layer);
        for (name, value) in values {
            layer.vars.insert(name, Var { value: VarValue::Plain(value), span: None });
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResultSource for Results {
    fn step(&self, step: StepId) -> StepView {
        let inner = self.read();
        if let Some(result) = inner.steps.get(&step) {
            StepView::Done(Arc::clone(result))
        } else if inner.ended.contains(&step.round) || inner.left_out.contains(&(step.round, step.host)) {
            StepView::Missing
        } else {
            StepView::Pending
        }
    }

    fn set_vars(&self, host: HostIx) -> Option<Arc<Layer>> {
        self.read().sets.get(&host).cloned()
    }

    fn progress(&self) -> Option<(String, Vec<String>)> {
        let inner = self.read();
        let status = if inner.failed.is_empty() { "ok" } else { "failed" };
        Some((status.to_owned(), inner.failed.iter().map(|host| self.inventory.host(*host).name.clone()).collect()))
    }
}

/// The tasks whose results some template may ask for.
pub(super) fn tasks_that_are_read(playbook: &Playbook) -> HashSet<(RoundIx, TaskIx)> {
    let mut read: HashSet<(RoundIx, TaskIx)> =
        playbook.rounds.iter().flat_map(|round| &round.tasks).flat_map(|task| &task.reads).map(|read| (read.round, read.task)).collect();
    for (round_index, round) in playbook.rounds.iter().enumerate() {
        for (index, task) in round.tasks.iter().enumerate() {
            // Whoever reads what a `set` sets asks whether it has.
            if matches!(task.verb, Verb::Set(_)) {
                read.insert((RoundIx::new(round_index), TaskIx::new(index)));
            }
        }
        // A round's own condition has no task to carry its reads.
        for path in round.when.iter().flat_map(|when| &when.reads).map(|read| &read.path).filter(|path| path[0] == "rounds") {
            for (found, other) in playbook.rounds.iter().enumerate().filter(|(_, other)| path.get(1) == Some(&other.id)) {
                let may_mean = |id: &String| path[2..].contains(id) || path.get(2).is_none_or(|part| part == "hosts");
                let tasks = other.tasks.iter().enumerate().filter(|(_, task)| task.id.as_ref().is_some_and(may_mean));
                read.extend(tasks.map(|(index, _)| (RoundIx::new(found), TaskIx::new(index))));
            }
        }
    }
    read
}
