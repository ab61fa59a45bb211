//! The syntax tree: what was written, nothing filled in, every text with its place.
//!
//! Knows nothing of hosts or templates. `read` builds it, `resolve` turns it into the model; no other room sees
//! inside.

mod archives;
mod files;
mod flow;
mod written;

use std::time::Duration;

use indexmap::IndexMap;

use crate::diag::{FileId, SourceText, Span};
use crate::model::{After, BecomeMethod, ConnectPatch, InputKind, OnDisconnect, Secret, Shell};
use crate::yaml::Node;

pub(crate) use archives::{Archive, Download, Unarchive};
pub(crate) use files::{Parts, folder, path_of};
pub use files::{Role, Wanted};
pub(crate) use flow::{
    Batch, Block, ChosenGroup, Defaults, Each, EachItems, Entry, Flow, Group, Include, Input, Retry, RoundEntry, RoundFlow, Use,
};
pub(crate) use written::{Copy, CopyFrom, Edited, Line, PathState, PlaceInFile, Rights, TemplateFile, Text, WantedState, Written};

/// A playbook as written, with the files that it includes and uses.
#[derive(Debug, Clone)]
pub struct Syntax {
    pub(crate) main: File,
    pub(crate) parts: Parts,
}

/// One file as written; which of its lists have something depends on what it is.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) file: FileId,
    pub(crate) name: Option<SourceText>,
    pub(crate) id: Option<SourceText>,
    pub(crate) inventory: Vec<SourceText>,
    pub(crate) vars: Vec<Var>,
    /// `vars_files`, in the order written.
    pub(crate) vars_files: Vec<SourceText>,
    pub(crate) secrets: IndexMap<String, Secret>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) outputs: Vec<Var>,
    pub(crate) groups: Vec<ChosenGroup>,
    pub(crate) defaults: Defaults,
    pub(crate) connect: Option<ConnectPatch>,
    pub(crate) rounds: Vec<RoundEntry>,
    /// Of an action or a list of tasks.
    pub(crate) entries: Vec<Entry>,
    pub(crate) max_parallel: Option<usize>,
    pub(crate) lock_hosts: bool,
    pub(crate) on_disconnect: OnDisconnect,
    /// The files that it names.
    pub(crate) names: Vec<(Role, SourceText)>,
}

impl File {
    /// A file in which nothing is written.
    pub(crate) fn empty(file: FileId) -> File {
        File {
            file,
            name: None,
            id: None,
            inventory: Vec::new(),
            vars: Vec::new(),
            vars_files: Vec::new(),
            secrets: IndexMap::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            groups: Vec::new(),
            defaults: Defaults::default(),
            connect: None,
            rounds: Vec::new(),
            entries: Vec::new(),
            max_parallel: None,
            lock_hosts: false,
            on_disconnect: OnDisconnect::default(),
            names: Vec::new(),
        }
    }
}

impl Syntax {
    /// The inventories that the playbook names, relative to the playbook's folder.
    #[must_use]
    pub fn inventory(&self) -> &[SourceText] {
        &self.main.inventory
    }

    /// The file it was read from.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.main.file
    }

    /// The names of the playbook's inputs that are text, so that `-e` takes them letter for letter.
    pub fn text_inputs(&self) -> impl Iterator<Item = &str> {
        let text =
            |kind: &InputKind| !matches!(kind, InputKind::Int | InputKind::Number | InputKind::Bool | InputKind::List | InputKind::Map);
        self.main.inputs.iter().filter(move |input| input.kind.as_ref().is_none_or(text)).map(|input| input.name.text.as_str())
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
    pub(crate) tags: Vec<SourceText>,
    pub(crate) defaults: Defaults,
    pub(crate) flow: RoundFlow,
    pub(crate) entries: Vec<Entry>,
    pub(crate) handlers: Vec<Entry>,
    pub(crate) finally: Vec<Entry>,
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
    pub(crate) flow: Flow,
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
    /// As this user.
    User { user: SourceText, method: BecomeMethod, password: Option<SourceText> },
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
    Template(Box<TemplateFile>),
    File(Box<PathState>),
    Directory(Box<PathState>),
    Link(Box<PathState>),
    Line(Box<Line>),
    Text(Box<Text>),
    Download(Box<Download>),
    Archive(Box<Archive>),
    Unarchive(Box<Unarchive>),
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
    Script(Box<Script>),
    WaitFor(Box<WaitFor>),
    Facts {
        sections: Vec<String>,
        /// Also what was gathered before.
        again: bool,
    },
    Pause(Duration),
    Confirm(SourceText),
    Flush,
    /// None, or one that can't be read; told already.
    Broken,
}

/// `script`.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) src: SourceText,
    pub(crate) args: Vec<SourceText>,
    pub(crate) interpreter: Option<SourceText>,
}

/// `wait_for`.
#[derive(Debug, Clone)]
pub(crate) struct WaitFor {
    pub(crate) what: Awaited,
    pub(crate) absent: bool,
    pub(crate) interval: Option<Duration>,
}

/// What a `wait_for` waits for.
#[derive(Debug, Clone)]
pub(crate) enum Awaited {
    Port { host: Option<SourceText>, port: SourceText },
    Url(SourceText),
    Path(SourceText),
    Command(Command),
}
