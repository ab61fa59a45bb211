//! How the work of a round flows: repetition, blocks, handlers, batches, limits.
//!
//! Besides its tasks a round has **gates**: nodes that do nothing on a host, at which the run decides how to go on.
//! They share the tasks' numbering and follow them: four for each block (enter, rescue, always, exit), then two for a
//! round that has handlers or `finally`. [`super::Round::gate`] tells which is which.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{HostIx, Layer, TaskIx, Template, Var, VarValue};
use crate::diag::Span;

/// A block or an action in use, by its place in [`super::Round::blocks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockIx(pub u32);

/// A name space of ids and inputs, by its place in [`super::Round::frames`]; 0 is the round itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameIx(pub u32);

impl BlockIx {
    /// As an index into its list.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl FrameIx {
    /// The round itself.
    pub const ROUND: FrameIx = FrameIx(0);

    /// As an index into its list.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What repeats, signals or restrains a task, beside what it does.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// Repeats it for each item.
    pub each: Option<Each>,
    /// Tries again.
    pub retry: Option<Retry>,
    /// The handlers that it notifies when it changed something.
    pub notify: Vec<Notify>,
    /// Tasks of the same lock never overlap on one host.
    pub lock: Option<String>,
    /// The most hosts that do it at once.
    pub throttle: Option<usize>,
    /// Its output is kept out of screen and record.
    pub sensitive: bool,
    /// It outlives the link to its host, and is found again.
    pub durable: bool,
    /// Its `tags`, those of everything around it included.
    pub tags: Vec<String>,
    /// Why the command line leaves it out (`--tags`, `--skip-tags`, `--start-at`); it then counts as done.
    pub left_out: Option<String>,
    /// Where it stands.
    pub home: Home,
}

/// Where a task or block stands in its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Home {
    /// The list of the round.
    pub section: Section,
    /// The innermost block around it, and the part of that.
    pub block: Option<(BlockIx, Part)>,
    /// Whose ids and inputs it sees.
    pub frame: FrameIx,
}

/// A list of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    /// `tasks:`.
    #[default]
    Tasks,
    /// `handlers:`.
    Handlers,
    /// `finally:`.
    Finally,
}

/// A list of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `block:`, or an action's tasks.
    Body,
    /// `rescue:`.
    Rescue,
    /// `always:`.
    Always,
}

/// `each`.
#[derive(Debug, Clone, PartialEq)]
pub struct Each {
    /// What it goes through.
    pub items: EachItems,
    /// The item's name in templates; `item` where `as` says nothing.
    pub name: String,
    /// The most items at once; 1 is one after the other. Always 1 on a block.
    pub parallel: usize,
    /// Its key in the file.
    pub span: Span,
}

/// What an `each` goes through. A map's items have `key` and `value`.
#[derive(Debug, Clone, PartialEq)]
pub enum EachItems {
    /// A list or a map, as written.
    Written(VarValue),
    /// An expression that gives a list or a map.
    Expression(Template),
}

/// `retries`, `delay`, `backoff`, `until`.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Further attempts after the first.
    pub retries: u32,
    /// The wait before the second attempt.
    pub delay: Duration,
    /// By how much each further wait grows, up to 60 s, with jitter; 1 is not at all.
    pub backoff: f64,
    /// What must hold of `result` for an attempt to count as success; never on a block.
    pub until: Option<Template>,
}

/// A handler that is notified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// The handler, a task of the same round.
    pub handler: TaskIx,
    /// The word in the file.
    pub span: Span,
}

/// A `block:` or a `use:`.
#[derive(Debug, Clone)]
pub struct Block {
    /// `id:`, else made from the name.
    pub id: Option<String>,
    /// `name:`, else `block` or the action's name.
    pub name: String,
    /// Its name in the file, else its key.
    pub span: Span,
    /// Where the block itself stands.
    pub home: Home,
    /// Conditions, outermost first, asked once for the whole block (for each item, where it has `each`).
    pub when: Vec<Template>,
    /// Variables around it and its own, weakest first; its tasks' layers hold them too.
    pub layers: Vec<Arc<Layer>>,
    /// Repeats it for each item.
    pub each: Option<Each>,
    /// Tries all of it again.
    pub retry: Option<Retry>,
    /// A failure of it does not stop what needs it.
    pub allow_failure: bool,
    /// True where it has `rescue:`.
    pub rescue: bool,
    /// True where it has `always:`.
    pub always: bool,
    /// For `use:`: the name space of its tasks, whose [`Frame::block`] is this block.
    pub frame: Option<FrameIx>,
    /// Results of other tasks that its own templates (`when`, `each`, an action's inputs and outputs) read.
    pub reads: Vec<super::TaskRead>,
}

/// A name space: the round's own, or that of one use of an action.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The `use:`; none for the round's own.
    pub block: Option<BlockIx>,
    /// The action's name.
    pub name: String,
    /// The inputs of an action, every default in. Templates of [`Input::given`] see the caller.
    pub inputs: IndexMap<String, Input>,
    /// The outputs of an action, rendered in this frame when its tasks have ended.
    pub outputs: IndexMap<String, VarValue>,
    /// What can be read as `tasks.ID` in this frame: tasks, and blocks by their exit gate.
    pub ids: IndexMap<String, TaskIx>,
}

/// An input of an action or of the playbook.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its value, perhaps a template.
    pub value: Var,
    /// True where the caller gave it, so that its templates see what the caller sees; false for a default.
    pub given: bool,
    /// Its type.
    pub kind: InputKind,
}

/// The type of an input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum InputKind {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Int,
    /// Any number.
    Number,
    /// True or false.
    Bool,
    /// A list.
    List,
    /// A map.
    Map,
    /// `30s`.
    Duration,
    /// A path; relative ones start at the caller's folder.
    Path,
    /// One of these texts.
    Choice(Vec<String>),
}

/// A gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gate {
    /// Before a block: `when` and `each` are asked. Everything inside waits for it.
    Enter(BlockIx),
    /// Between body and rescue, when all of the body is over.
    Rescue(BlockIx),
    /// Between those two and `always`.
    Always(BlockIx),
    /// After all of a block; what needs the block waits for this.
    Exit(BlockIx),
    /// After all of the round's `tasks`: pending handlers run.
    Handlers,
    /// After the handlers; `finally` waits for it.
    Finally,
}

/// One entry of `batch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchSize {
    /// So many hosts.
    Count(usize),
    /// So many hundredths of the round's hosts, rounded up.
    Percent(u32),
    /// Those of the round's hosts.
    Hosts(Vec<HostIx>),
}

/// A number of hosts, or a share of the round's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// So many.
    Count(usize),
    /// So many hundredths, rounded down.
    Percent(u32),
}

impl Limit {
    /// The number among `hosts`.
    #[must_use]
    pub fn of(self, hosts: usize) -> usize {
        match self {
            Limit::Count(count) => count,
            Limit::Percent(percent) => hosts * percent as usize / 100,
        }
    }
}

/// A group whose hosts a result chooses (`groups:` of the playbook).
#[derive(Debug, Clone)]
pub struct ChosenGroup {
    /// Those of whom it is asked.
    pub hosts: Vec<HostIx>,
    /// Asked per host, in the scope of no round; a host for which it can't be answered is not in the group.
    pub when: Template,
    /// Its name in the file.
    pub span: Span,
    /// The results that it reads.
    pub reads: Vec<super::TaskRead>,
}

/// Hosts that depend on chosen groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The groups that the expression names, by their place in [`super::Playbook::groups`]; at most eight.
    pub groups: Vec<usize>,
    /// For each host of the round: whether it takes part, by which of the groups it is in (bit i: the i-th of `groups`).
    pub rows: IndexMap<HostIx, Vec<bool>>,
}

/// How a round goes through its hosts.
#[derive(Debug, Clone, Default)]
pub struct RoundFlow {
    /// Sizes of the batches, the last count repeats; empty: all hosts at once.
    pub batch: Vec<BatchSize>,
    /// Between batches.
    pub pause: Duration,
    /// With more failed hosts than this, no further batch or round starts; none: no limit, or 0 with `batch`.
    pub max_failures: Option<Limit>,
    /// Hosts that are not done so long after the round, or their batch, began are given up; none: no limit.
    pub max_wait: Option<Duration>,
    /// True for `unreachable: skip`: hosts that can't be reached before their first task don't count as failures.
    pub skip_unreachable: bool,
    /// Asked of the user before the round starts.
    pub confirm: Option<Template>,
    /// Hosts that a result chooses among [`super::Round::hosts`].
    pub chosen: Option<Chosen>,
}
