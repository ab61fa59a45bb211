//! What templates ask of a run: the results of steps, and how the run stands.
//!
//! Knows the fields that a result has for templates, not where results are kept: the run answers with real ones
//! ([`ResultSource`]), the plan with [`NothingYet`], where all is known only later.

use std::fmt::Debug;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::event::Status;
use crate::model::{BlockIx, FrameIx, HostIx, Layer, RoundIx, StepId, Value};

/// Answers for what has happened so far.
pub trait ResultSource: Debug + Send + Sync {
    /// The result of a step.
    fn step(&self, step: StepId) -> StepView;

    /// What `set` tasks of a frame have set for a host so far, as plain values, of origin [`crate::model::Origin::Set`];
    /// none for nothing. Rounds share what they set; an action's `set` is seen in that action
    /// alone. For a plan, what they are going to set is pending, which the scope finds by itself.
    fn set_vars(&self, host: HostIx, place: Option<(RoundIx, FrameIx)>) -> Option<Arc<Layer>>;

    /// The item that a block with `each` is at on a host; none before the first.
    fn item(&self, round: RoundIx, block: BlockIx, host: HostIx) -> Option<Arc<ItemView>>;

    /// The failure that a block's `rescue` deals with on a host.
    fn error(&self, round: RoundIx, block: BlockIx, host: HostIx) -> Option<Arc<ErrorView>>;

    /// `run.status` (`ok` or `failed`) and `run.failed`, the names of the hosts that failed so far; none before a run.
    fn progress(&self) -> Option<(String, Vec<String>)>;
}

/// What is known of a step.
#[derive(Debug, Clone)]
pub enum StepView {
    /// It has not ended.
    Pending,
    /// There is none: its host is not in its round.
    Missing,
    /// It is over, perhaps without having run.
    Done(Arc<StepResult>),
    /// In a dry run: it was not done. Whether a run of it changes something may be known all the same.
    Foreseen(Option<bool>),
}

/// A result as templates see it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResult {
    /// How it ended.
    pub status: Status,
    /// Whether it changed something.
    pub changed: bool,
    /// The exit code, where there is one.
    pub rc: Option<i32>,
    /// All of standard output, final newlines included; what is not UTF-8 stands as U+FFFD.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
    /// What the verb knows beyond text.
    pub outputs: IndexMap<String, Value>,
    /// When it began, RFC 3339 in UTC; none where it did not run.
    pub started: Option<String>,
    /// How long it took, in seconds.
    pub duration: f64,
    /// How often it was tried; 0 where it did not run.
    pub attempts: u32,
    /// Of a task with `each`: the results of its items, in their order.
    pub items: Vec<ItemResult>,
}

/// The result of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemResult {
    /// The item.
    pub item: Value,
    /// What became of it.
    pub result: Arc<StepResult>,
}

/// An item of `each` as templates see it.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemView {
    /// Its name: `item`, or what `as` says.
    pub name: String,
    /// The item; of a map, a map of `key` and `value`.
    pub value: Value,
    /// Its number, from 0.
    pub index: usize,
    /// How many items there are.
    pub count: usize,
}

/// A failure as `rescue` sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorView {
    /// The id of the task that failed, else its name.
    pub task: String,
    /// Its result.
    pub result: Arc<StepResult>,
    /// Why, for people.
    pub message: String,
}

impl StepResult {
    /// The result of a step that did not run.
    #[must_use]
    pub fn without_run(status: Status) -> StepResult {
        StepResult {
            status,
            changed: false,
            rc: None,
            stdout: String::new(),
            stderr: String::new(),
            outputs: IndexMap::new(),
            started: None,
            duration: 0.0,
            attempts: 0,
            items: Vec::new(),
        }
    }
}

/// The answers before a run: every step is pending.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingYet;

impl ResultSource for NothingYet {
    fn step(&self, _: StepId) -> StepView {
        StepView::Pending
    }

    fn set_vars(&self, _: HostIx, _: Option<(RoundIx, FrameIx)>) -> Option<Arc<Layer>> {
        None
    }

    fn item(&self, _: RoundIx, _: BlockIx, _: HostIx) -> Option<Arc<ItemView>> {
        None
    }

    fn error(&self, _: RoundIx, _: BlockIx, _: HostIx) -> Option<Arc<ErrorView>> {
        None
    }

    fn progress(&self) -> Option<(String, Vec<String>)> {
        None
    }
}
