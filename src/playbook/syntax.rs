//! The syntax tree: what was written, nothing filled in, every text with its place.
//!
//! Knows nothing of hosts or templates. `read` builds it, `resolve` turns it into the model; no other room sees
//! inside.

use std::time::Duration;

use indexmap::IndexMap;

use crate::diag::{FileId, SourceText, Span};
use crate::model::{After, ConnectPatch, Secret, Shell};
use crate::yaml::Node;

/// A playbook file as written.
#[derive(Debug, Clone)]
pub struct Syntax {
    pub(crate) file: FileId,
    pub(crate) name: Option<SourceText>,
    pub(crate) id: Option<SourceText>,
    pub(crate) inventory: Option<SourceText>,
    pub(crate) vars: Vec<Var>,
    pub(crate) secrets: IndexMap<String, Secret>,
    pub(crate) rounds: Vec<Round>,
    pub(crate) max_parallel: Option<usize>,
}

impl Syntax {
    /// The inventory that the playbook names, relative to the playbook's folder.
    #[must_use]
    pub fn inventory(&self) -> Option<&SourceText> {
        self.inventory.as_ref()
    }

    /// The file it was read from.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }
}

/// One entry of a `vars` map.
#[derive(Debug, Clone)]
pub(crate) struct Var {
    pub(crate) name: SourceText,
    pub(crate) value: Node,
}

/// One entry of an `env` map.
#[derive(Debug, Clone)]
pub(crate) struct EnvVar {
    pub(crate) name: SourceText,
    pub(crate) value: SourceText,
}

/// What a round, a task and a group may all say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Common {
    pub(crate) name: Option<SourceText>,
    pub(crate) id: Option<SourceText>,
    pub(crate) needs: Option<Vec<SourceText>>,
    pub(crate) when: Option<SourceText>,
    pub(crate) vars: Vec<Var>,
    pub(crate) env: Vec<EnvVar>,
    pub(crate) r#become: Option<Become>,
}

/// A round.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    /// Its name, else its first key.
    pub(crate) span: Span,
    pub(crate) common: Common,
    pub(crate) hosts: Vec<SourceText>,
    pub(crate) after: After,
    pub(crate) cwd: Option<SourceText>,
    pub(crate) read_only: Option<Span>,
    pub(crate) connect: Option<ConnectPatch>,
    pub(crate) max_parallel: Option<usize>,
    pub(crate) entries: Vec<Entry>,
}

/// An entry of a task list.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// A task.
    Task(Box<Task>),
    /// A `parallel:` group.
    Parallel(Box<Group>),
}

/// A `parallel:` group.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Its key.
    pub(crate) span: Span,
    pub(crate) common: Common,
    pub(crate) allow_failure: Option<bool>,
    pub(crate) entries: Vec<Entry>,
}

/// A task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// Its name, else its verb.
    pub(crate) span: Span,
    pub(crate) common: Common,
    pub(crate) on: Vec<SourceText>,
    pub(crate) once: bool,
    pub(crate) cwd: Option<SourceText>,
    pub(crate) stdin: Option<SourceText>,
    pub(crate) umask: Option<u32>,
    pub(crate) shell: Option<Shell>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) changed: Option<(Span, Judge)>,
    pub(crate) failed: Option<(Span, Judge)>,
    /// The value and its place.
    pub(crate) read_only: Option<(Span, bool)>,
    /// In the order written.
    pub(crate) guards: Vec<Guard>,
    pub(crate) allow_failure: Option<bool>,
    /// The verb's key as written, and where.
    pub(crate) verb_key: (&'static str, Span),
    pub(crate) verb: Verb,
}

/// A bool or an expression.
#[derive(Debug, Clone)]
pub(crate) enum Judge {
    /// `true` or `false`.
    Fixed(bool),
    /// An expression over `result`.
    Expression(SourceText),
}

/// A guard.
#[derive(Debug, Clone)]
pub(crate) enum Guard {
    Unless(Command),
    OnlyIf(Command),
    Creates(SourceText),
    Removes(SourceText),
}

/// `become`.
#[derive(Debug, Clone)]
pub(crate) enum Become {
    /// `false`: not as another user, whatever the round says.
    No,
    /// As this user, by sudo.
    User { user: SourceText, password: Option<SourceText> },
}

/// A command.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    /// Shell text.
    Text(SourceText),
    /// Arguments.
    List(Vec<SourceText>),
}

/// A verb with its arguments.
#[derive(Debug, Clone)]
pub(crate) enum Verb {
    Run(Command),
    Read(SourceText),
    Glob(Vec<SourceText>),
    Stat(SourceText),
    Copy(Box<Copy>),
    Fetch {
        src: SourceText,
        dest: SourceText,
    },
    Assert {
        that: Vec<SourceText>,
        message: Option<SourceText>,
    },
    Set(Vec<Var>),
    Print(SourceText),
    Fail(SourceText),
    /// None, or one that can't be read; told already.
    Broken,
}

/// `copy`.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    pub(crate) from: CopyFrom,
    pub(crate) dest: SourceText,
    pub(crate) mode: Option<SourceText>,
    pub(crate) owner: Option<SourceText>,
    pub(crate) group: Option<SourceText>,
}

/// Where the bytes of a copy come from.
#[derive(Debug, Clone)]
pub(crate) enum CopyFrom {
    Content(SourceText),
    Src(SourceText),
}
