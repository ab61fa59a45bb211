//! Verbs with their arguments.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::{Template, Var};
use crate::diag::Span;

/// What a task does.
#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    /// Runs a command.
    Run(Run),
    /// Reads a file's text.
    Read(ReadFile),
    /// Lists paths that match patterns.
    Glob(Glob),
    /// Looks at a path.
    Stat(Stat),
    /// Writes a file from text or a local file.
    Copy(Box<CopyFile>),
    /// Brings a remote file here.
    Fetch(Box<Fetch>),
    /// Checks expressions.
    Assert(Assert),
    /// Sets variables of the host.
    Set(Set),
    /// Prints a text.
    Print(Print),
    /// Fails with a message.
    Fail(Fail),
}

impl Verb {
    /// Its key in a playbook.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Verb::Run(_) => "run",
            Verb::Read(_) => "read",
            Verb::Glob(_) => "glob",
            Verb::Stat(_) => "stat",
            Verb::Copy(_) => "copy",
            Verb::Fetch(_) => "fetch",
            Verb::Assert(_) => "assert",
            Verb::Set(_) => "set",
            Verb::Print(_) => "print",
            Verb::Fail(_) => "fail",
        }
    }

    /// Says whether it never changes a host, whatever its arguments.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        !matches!(self, Verb::Run(_) | Verb::Copy(_))
    }

    /// Says whether it needs no connection.
    #[must_use]
    pub fn is_control(&self) -> bool {
        matches!(self, Verb::Assert(_) | Verb::Set(_) | Verb::Print(_) | Verb::Fail(_))
    }
}

/// A command of the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Shell text, of context [`super::Context::Shell`] or [`super::Context::ForeignShell`].
    Text(Template),
    /// Arguments of context [`super::Context::Native`], no shell. An argument that gives a list gives one argument per
    /// entry; `omit` gives none.
    List(Vec<Template>),
}

/// `run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The command.
    pub command: Command,
}

/// `read`: the file's text is `stdout`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// The path on the host.
    pub path: Template,
}

/// `glob`: `outputs.paths`, sorted, patterns in the order written; no match is not a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// Patterns with `*`, `?`, `[…]`; everything else is literal.
    pub patterns: Vec<Template>,
}

/// `stat`: `outputs.{exists, type, size, mode, owner, group, mtime}`; absence is not a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The path on the host; a symbolic link is looked at itself.
    pub path: Template,
}

/// `copy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyFile {
    /// What is written.
    pub from: CopyFrom,
    /// The file on the host.
    pub dest: Template,
    /// Its mode in octal digits (`0644`); none keeps what is there, else the umask decides.
    pub mode: Option<Template>,
    /// Its owner; none keeps what is there.
    pub owner: Option<Template>,
    /// Its group; none keeps what is there.
    pub group: Option<Template>,
}

/// Where the bytes of a copy come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyFrom {
    /// A text.
    Content(Template),
    /// A file of the controller.
    Src {
        /// The path as written.
        path: Template,
        /// What a relative path is relative to: the folder of the playbook file that names it.
        base: PathBuf,
    },
}

/// `fetch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The file on the host.
    pub src: Template,
    /// The file here; ending in `/` it is a folder, in which the file lands as HOST/BASENAME.
    pub dest: Template,
    /// What a relative `dest` is relative to: the folder of the playbook file that names it.
    pub base: PathBuf,
}

/// `assert`: all are evaluated, all failures shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assert {
    /// Expressions that must be true.
    pub that: Vec<Template>,
    /// Said when one is not.
    pub message: Option<Template>,
}

/// `set`: for this host, from here on.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// The variables, rendered when the task runs.
    pub vars: IndexMap<String, Var>,
}

/// `print`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print {
    /// The text.
    pub text: Template,
}

/// `fail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fail {
    /// Why.
    pub message: Template,
    /// The place of the message.
    pub span: Span,
}
