//! Results in memory: those that some template reads, and no others.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::blocks::BlockId;
use crate::model::{BlockIx, FrameIx, HostIx, Inventory, Layer, Origin, RoundIx, StepId, Value, Var, VarValue};
use crate::plan::{ErrorView, ItemView, ResultSource, StepResult, StepView};

/// What templates can learn of the run so far.
///
/// Scopes keep their source for the whole run, so it is shared; the dispatcher alone writes, and reads in the same
/// turn, so the lock is never waited for.
#[derive(Debug)]
pub(super) struct Results {
    inventory: Arc<Inventory>,
    inner: RwLock<Inner>,
}

/// The host, and the use of an action, for which something was set; none: rounds.
type SetPlace = (HostIx, Option<(RoundIx, FrameIx)>);

#[derive(Debug, Default)]
struct Inner {
    steps: HashMap<StepId, Arc<StepResult>>,
    /// Steps of a dry run that were not done; whether they change something, where that is known.
    foreseen: HashMap<StepId, Option<bool>>,
    ended: BTreeSet<RoundIx>,
    left_out: BTreeSet<(RoundIx, HostIx)>,
    /// By host, and the action that set them; none: rounds.
    sets: HashMap<SetPlace, Arc<Layer>>,
    items: HashMap<BlockId, Arc<ItemView>>,
    errors: HashMap<BlockId, Arc<ErrorView>>,
    failed: BTreeSet<HostIx>,
}

impl Results {
    pub(super) fn new(inventory: Arc<Inventory>) -> Results {
        Results { inventory, inner: RwLock::default() }
    }

    pub(super) fn insert(&self, step: StepId, result: Arc<StepResult>) {
        let mut inner = self.write();
        // In a dry run the pass before may have been foreseen.
        inner.foreseen.remove(&step);
        inner.steps.insert(step, result);
    }

    pub(super) fn foresee(&self, step: StepId, changed: Option<bool>) {
        self.write().foreseen.insert(step, changed);
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
    pub(super) fn set(&self, host: HostIx, place: Option<(RoundIx, FrameIx)>, values: impl IntoIterator<Item = (String, Value)>) {
        let mut inner = self.write();
        let layer =
            inner.sets.entry((host, place)).or_insert_with(|| Arc::new(Layer { origin: Origin::Set, vars: indexmap::IndexMap::new() }));
        let layer = Arc::make_mut(layer);
        for (name, value) in values {
            layer.vars.insert(name, Var { value: VarValue::Plain(value), span: None });
        }
    }

    /// Puts a block at an item; none: at no item any more.
    pub(super) fn set_item(&self, block: BlockId, item: Option<Arc<ItemView>>) {
        let items = &mut self.write().items;
        match item {
            Some(item) => drop(items.insert(block, item)),
            None => drop(items.remove(&block)),
        }
    }

    /// Says what a block's `rescue` deals with.
    pub(super) fn set_error(&self, block: BlockId, error: Option<Arc<ErrorView>>) {
        let errors = &mut self.write().errors;
        match error {
            Some(error) => drop(errors.insert(block, error)),
            None => drop(errors.remove(&block)),
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
        if let Some(changed) = inner.foreseen.get(&step) {
            StepView::Foreseen(*changed)
        } else if let Some(result) = inner.steps.get(&step) {
            StepView::Done(Arc::clone(result))
        } else if inner.ended.contains(&step.round) || inner.left_out.contains(&(step.round, step.host)) {
            StepView::Missing
        } else {
            StepView::Pending
        }
    }

    fn set_vars(&self, host: HostIx, place: Option<(RoundIx, FrameIx)>) -> Option<Arc<Layer>> {
        self.read().sets.get(&(host, place)).cloned()
    }

    fn item(&self, round: RoundIx, block: BlockIx, host: HostIx) -> Option<Arc<ItemView>> {
        self.read().items.get(&(round, block, host)).cloned()
    }

    fn error(&self, round: RoundIx, block: BlockIx, host: HostIx) -> Option<Arc<ErrorView>> {
        self.read().errors.get(&(round, block, host)).cloned()
    }

    fn progress(&self) -> Option<(String, Vec<String>)> {
        let inner = self.read();
        let status = if inner.failed.is_empty() { "ok" } else { "failed" };
        Some((status.to_owned(), inner.failed.iter().map(|host| self.inventory.host(*host).name.clone()).collect()))
    }
}
