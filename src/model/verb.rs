//! Verbs with their arguments.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use super::{Archive, CopyFile, Download, LineInFile, PathState, Template, TemplateFile, TextInFile, Unarchive, Var};
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
    /// Writes a file from a template file.
    Template(Box<TemplateFile>),
    /// Makes a file, or removes it.
    File(Box<PathState>),
    /// Makes a folder, or removes it.
    Directory(Box<PathState>),
    /// Makes a symbolic link, or removes it.
    Link(Box<PathState>),
    /// Puts a line into a file, or takes it out.
    Line(Box<LineInFile>),
    /// Puts marked lines into a file, or takes them out.
    Text(Box<TextInFile>),
    /// Writes a file with what a URL gives.
    Download(Box<Download>),
    /// Packs paths of the host into a file.
    Archive(Box<Archive>),
    /// Unpacks an archive into a folder.
    Unarchive(Box<Unarchive>),
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
    /// Sends a local file and runs it.
    Script(Box<Script>),
    /// Waits until something is so.
    WaitFor(Box<WaitFor>),
    /// Gathers facts.
    Facts(Facts),
    /// Waits for a time.
    Pause(Pause),
    /// Asks the user.
    Confirm(Confirm),
    /// Runs the handlers that are pending.
    Flush,
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
            Verb::Template(_) => "template",
            Verb::File(_) => "file",
            Verb::Directory(_) => "directory",
            Verb::Link(_) => "link",
            Verb::Line(_) => "line",
            Verb::Text(_) => "text",
            Verb::Download(_) => "download",
            Verb::Archive(_) => "archive",
            Verb::Unarchive(_) => "unarchive",
            Verb::Fetch(_) => "fetch",
            Verb::Assert(_) => "assert",
            Verb::Set(_) => "set",
            Verb::Print(_) => "print",
            Verb::Fail(_) => "fail",
            Verb::Script(_) => "script",
            Verb::WaitFor(_) => "wait_for",
            Verb::Facts(_) => "facts",
            Verb::Pause(_) => "pause",
            Verb::Confirm(_) => "confirm",
            Verb::Flush => "flush",
        }
    }

    /// Says whether it never changes a host, whatever its arguments.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        !matches!(self, Verb::Run(_) | Verb::Script(_)) && !self.is_resource()
    }

    /// Says whether it makes something on the host what it is to be, and knows whether it had to.
    #[must_use]
    pub fn is_resource(&self) -> bool {
        let of_bytes = matches!(self, Verb::Copy(_) | Verb::Template(_) | Verb::Line(_) | Verb::Text(_));
        let of_archives = matches!(self, Verb::Download(_) | Verb::Archive(_) | Verb::Unarchive(_));
        of_bytes || of_archives || matches!(self, Verb::File(_) | Verb::Directory(_) | Verb::Link(_))
    }

    /// Says whether it needs no connection.
    #[must_use]
    pub fn is_control(&self) -> bool {
        matches!(self, Verb::Assert(_) | Verb::Set(_) | Verb::Print(_) | Verb::Fail(_) | Verb::Pause(_) | Verb::Confirm(_) | Verb::Flush)
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

/// `fetch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The file on the host.
    pub src: Template,
    /// The file here; ending in `/` it is a folder, in which the file lands as HOST/BASENAME.
    pub dest: Template,
    /// What a relative `dest` is relative to: the folder of the playbook file that names it.
    pub base: PathBuf,
    /// The folder below which it lands whatever `dest` says; none: where `dest` says.
    pub below: Option<PathBuf>,
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

/// `script`: a local file, sent and run with arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The path as written.
    pub src: Template,
    /// What a relative path is relative to: the folder of the playbook file that names it.
    pub base: PathBuf,
    /// Arguments, as those of an argument list.
    pub args: Vec<Template>,
    /// The program that reads it; none: its first line decides, else `/bin/sh`.
    pub interpreter: Option<Template>,
}

/// `wait_for`: asked again and again on the host; the task's `timeout` ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitFor {
    /// What is waited for.
    pub what: Awaited,
    /// True where it is waited for the contrary (`state: absent`).
    pub absent: bool,
    /// Between two questions. Default 1 s.
    pub interval: Duration,
}

/// What a `wait_for` waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaited {
    /// A TCP port that takes connections.
    Port {
        /// Where, as the host sees it; none is `127.0.0.1`.
        host: Option<Template>,
        /// Its number.
        port: Template,
    },
    /// A URL that answers with success.
    Url(Template),
    /// A path that exists.
    Path(Template),
    /// A command that exits 0.
    Command(Command),
}

/// `facts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The sections, each once, in the order of the language's list.
    pub sections: Vec<String>,
    /// True for the verb as written; false where a template asks, which is content with what was gathered before.
    pub again: bool,
}

/// `pause`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// How long.
    pub duration: Duration,
}

/// `confirm`: asked once for all hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// The question, for yes or no.
    pub question: Template,
}
