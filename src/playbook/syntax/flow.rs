//! What flows, as written: repetition, blocks, actions, included files, batches.

use std::time::Duration;

use super::{Become, Common, EnvVar, Round, Task, Var};
use crate::diag::{SourceText, Span};
use crate::model::{InputKind, Limit, Shell};
use crate::yaml::Node;

/// An entry of `rounds:`.
#[derive(Debug, Clone)]
pub(crate) enum RoundEntry {
    /// A round.
    Round(Box<Round>),
    /// `include:`.
    Include(Include),
}

/// An entry of a task list.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// A task.
    Task(Box<Task>),
    /// A `parallel:` group.
    Parallel(Box<Group>),
    /// A `block:`.
    Block(Box<Block>),
    /// A `use:`.
    Use(Box<Use>),
    /// `include:`.
    Include(Include),
}

/// A `parallel:` group.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Its key.
    pub(crate) span: Span,
    pub(crate) common: Common,
    pub(crate) tags: Vec<SourceText>,
    pub(crate) allow_failure: Option<bool>,
    pub(crate) entries: Vec<Entry>,
}

/// A `block:`.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Its name, else its key.
    pub(crate) span: Span,
    pub(crate) common: Common,
    pub(crate) flow: Flow,
    pub(crate) allow_failure: Option<bool>,
    pub(crate) body: Vec<Entry>,
    pub(crate) rescue: Option<Vec<Entry>>,
    pub(crate) always: Option<Vec<Entry>>,
}

/// A `use:`.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// Its name, else its key.
    pub(crate) span: Span,
    pub(crate) common: Common,
    pub(crate) flow: Flow,
    pub(crate) allow_failure: Option<bool>,
    pub(crate) file: SourceText,
    pub(crate) with: Vec<Var>,
    /// `with`, else `use`.
    pub(crate) with_span: Span,
}

/// An `include:`.
#[derive(Debug, Clone)]
pub(crate) struct Include {
    pub(crate) file: SourceText,
    pub(crate) vars: Vec<Var>,
}

/// What repeats, signals or restrains.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flow {
    pub(crate) each: Option<Each>,
    pub(crate) retry: Retry,
    pub(crate) notify: Vec<SourceText>,
    pub(crate) lock: Option<SourceText>,
    pub(crate) throttle: Option<usize>,
    pub(crate) sensitive: Option<bool>,
    /// Its key and value.
    pub(crate) durable: Option<(Span, bool)>,
    pub(crate) tags: Vec<SourceText>,
}

/// `each`.
#[derive(Debug, Clone)]
pub(crate) struct Each {
    /// Its key.
    pub(crate) span: Span,
    pub(crate) items: EachItems,
    pub(crate) name: Option<SourceText>,
    /// The number and its place.
    pub(crate) parallel: Option<(usize, Span)>,
}

/// What an `each` goes through.
#[derive(Debug, Clone)]
pub(crate) enum EachItems {
    /// A list or a map.
    Written(Node),
    /// An expression.
    Expression(SourceText),
}

/// `retries`, `delay`, `backoff`, `until`, each with its place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Retry {
    pub(crate) retries: Option<(u32, Span)>,
    pub(crate) delay: Option<(Duration, Span)>,
    pub(crate) backoff: Option<(f64, Span)>,
    pub(crate) until: Option<SourceText>,
}

/// How a round goes through its hosts.
#[derive(Debug, Clone, Default)]
pub(crate) struct RoundFlow {
    pub(crate) batch: Vec<Batch>,
    pub(crate) pause: Option<(Duration, Span)>,
    pub(crate) max_failures: Option<Limit>,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) skip_unreachable: bool,
    pub(crate) confirm: Option<SourceText>,
}

/// An entry of `batch`.
#[derive(Debug, Clone)]
pub(crate) enum Batch {
    Count(usize),
    Percent(u32),
    Hosts(SourceText),
}

/// `defaults`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Defaults {
    pub(crate) r#become: Option<Become>,
    pub(crate) env: Vec<EnvVar>,
    pub(crate) cwd: Option<SourceText>,
    pub(crate) umask: Option<u32>,
    pub(crate) shell: Option<Shell>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Retry,
    pub(crate) throttle: Option<usize>,
    pub(crate) sensitive: Option<bool>,
    pub(crate) allow_failure: Option<bool>,
}

/// An input of an action or a playbook.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    pub(crate) name: SourceText,
    /// None where it could not be read, which was told.
    pub(crate) kind: Option<InputKind>,
    pub(crate) default: Option<Node>,
    pub(crate) required: bool,
}

/// An entry of the playbook's `groups`.
#[derive(Debug, Clone)]
pub(crate) struct ChosenGroup {
    pub(crate) name: SourceText,
    pub(crate) hosts: Vec<SourceText>,
    pub(crate) when: SourceText,
}
