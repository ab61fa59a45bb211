//! One step with everything rendered: plain data, ready to be sent or shown.
//!
//! Knows no templates and no shell beyond quoting for the eye. `prepare` makes it, `exec` turns it into requests,
//! `show` and the record print it by [`command_line`].

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use crate::model::{BecomeMethod, HostIx, Shell, Value};
use crate::resource::{Declared, FileTarget, LineFile, Rights, TextFile, UnarchivePlan, WantedPath};
use crate::template::{RenderError, has_hole as is_pending};
use crate::text::{plural, quote};

/// A step, ready to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Where it runs: the round's host, or those of `on`. In a preview empty where that is known only later.
    pub on: Vec<HostIx>,
    /// Asked first, in this order.
    pub guards: Vec<PreparedGuard>,
    /// What it does.
    pub body: Body,
    /// The folder it runs in.
    pub cwd: Option<String>,
    /// Its environment, each name once, in the order written.
    pub env: Vec<(String, String)>,
    /// Its standard input.
    pub stdin: Option<String>,
    /// The file creation mask.
    pub umask: Option<u32>,
    /// Per attempt, guards included.
    pub timeout: Duration,
    /// As another user.
    pub r#become: Option<PreparedBecome>,
    /// A failure does not stop what needs it.
    pub allow_failure: bool,
    /// In a preview: the steps that parts of it wait for, each once (`survey/kernel`).
    pub pending: Vec<String>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Runs a command.
    Run(PreparedCommand),
    /// Reads a file.
    Read {
        /// The file on the host.
        path: String,
    },
    /// Lists paths.
    Glob {
        /// The patterns.
        patterns: Vec<String>,
    },
    /// Looks at a path.
    Stat {
        /// The path on the host.
        path: String,
    },
    /// Writes a file.
    Copy {
        /// The bytes.
        from: CopySource,
        /// The file on the host.
        file: FileTarget,
    },
    /// Makes something what it is to be.
    Declared(Declared),
    /// Unpacks an archive of the controller, which is sent where the host has not unpacked it yet.
    Unpack {
        /// The archive here.
        src: PathBuf,
        /// Where it goes, and how.
        plan: UnarchivePlan,
    },
    /// Brings a file here.
    Fetch {
        /// The file on the host.
        src: String,
        /// The file here: made absolute, if the playbook's path is, and a folder's name completed.
        dest: PathBuf,
    },
    /// Checks expressions.
    Assert {
        /// Each with what it gave.
        checks: Vec<AssertCheck>,
        /// The user's words for a failure; rendered only where one failed.
        message: Option<String>,
    },
    /// Sets variables of the host.
    Set(IndexMap<String, Value>),
    /// Prints a text.
    Print(String),
    /// Fails with a message.
    Fail(String),
    /// Sends a local file and runs it.
    Script {
        /// The file here.
        src: PathBuf,
        /// Its arguments.
        args: Vec<String>,
        /// The program that reads it; none: its first line decides, else `/bin/sh`.
        interpreter: Option<String>,
    },
    /// Waits until something is so.
    WaitFor {
        /// What.
        what: PreparedAwaited,
        /// True where it is waited for the contrary.
        absent: bool,
        /// Between two questions.
        interval: Duration,
    },
    /// Gathers facts.
    Facts {
        /// The sections.
        sections: Vec<String>,
    },
    /// Waits for a time.
    Pause(Duration),
    /// Asks the user.
    Confirm(String),
    /// Runs the handlers that are pending.
    Flush,
}

/// What a `wait_for` waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreparedAwaited {
    /// A TCP port that takes connections.
    Port {
        /// Where, as the host sees it.
        host: String,
        /// Its number; 0 in a preview where that is known only later.
        port: u16,
    },
    /// A URL that answers with success.
    Url(String),
    /// A path that exists.
    Path(String),
    /// A command that exits 0.
    Command(PreparedCommand),
}

/// Where the bytes of a copy come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopySource {
    /// They are these.
    Content(String),
    /// A file of the controller.
    File(PathBuf),
    /// A text that was read on the host and edited.
    Edited {
        /// All of it.
        content: Vec<u8>,
        /// What `cksum` said of what was read; none where there was nothing.
        expect: Option<String>,
    },
    /// They are these, rendered from a template file of the controller.
    Template {
        /// The file.
        src: PathBuf,
        /// The text.
        text: String,
    },
}

impl CopySource {
    /// The text, where it is known here.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            CopySource::Content(text) | CopySource::Template { text, .. } => Some(text),
            CopySource::File(_) | CopySource::Edited { .. } => None,
        }
    }
}

/// An expression of `assert`.
#[derive(Debug, Clone, PartialEq)]
pub struct AssertCheck {
    /// As written.
    pub expression: String,
    /// What it gave; an error counts as a failure. None in a preview, where it waits.
    pub holds: Option<Result<bool, RenderError>>,
}

/// A command with its values in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreparedCommand {
    /// Shell text.
    Text {
        /// The text, values quoted.
        text: String,
        /// Its shell.
        shell: Shell,
    },
    /// A program and its arguments; never empty.
    Args(Vec<String>),
}

/// A condition asked on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreparedGuard {
    /// Skip when it exits 0.
    Unless(PreparedCommand),
    /// Run only when it exits 0.
    OnlyIf(PreparedCommand),
    /// Skip when the path exists.
    Creates(String),
    /// Run only when the path exists.
    Removes(String),
}

/// Running as another user.
#[derive(Clone, PartialEq, Eq)]
pub struct PreparedBecome {
    /// The user.
    pub user: String,
    /// The program.
    pub method: BecomeMethod,
    /// Its password, where the task names one.
    pub password: Option<String>,
}

impl fmt::Debug for PreparedBecome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedBecome({:?} {}, password: {})", self.method, self.user, self.password.is_some())
    }
}

impl PreparedCommand {
    /// Writes it as a person would type it.
    #[must_use]
    pub fn command_line(&self) -> String {
        match self {
            PreparedCommand::Text { text, .. } => text.trim_end().to_owned(),
            PreparedCommand::Args(args) => args.iter().map(|arg| word(arg)).collect::<Vec<_>>().join(" "),
        }
    }
}

impl PreparedGuard {
    /// Writes it as it stands in a playbook: `unless nginx -v`.
    #[must_use]
    pub fn command_line(&self) -> String {
        match self {
            PreparedGuard::Unless(command) => format!("unless {}", command.command_line()),
            PreparedGuard::OnlyIf(command) => format!("only_if {}", command.command_line()),
            PreparedGuard::Creates(path) => format!("creates {}", word(path)),
            PreparedGuard::Removes(path) => format!("removes {}", word(path)),
        }
    }
}

/// Writes what a step does as a person would type it: a command as it is, other verbs by their name.
#[must_use]
pub fn command_line(prepared: &Prepared) -> String {
    match &prepared.body {
        Body::Run(command) => command.command_line(),
        Body::Read { path } => format!("read {}", word(path)),
        // Patterns are not quoted: their signs are live.
        Body::Glob { patterns } => format!("glob {}", patterns.join(" ")),
        Body::Stat { path } => format!("stat {}", word(path)),
        Body::Copy { from, file } => {
            let from = match from {
                CopySource::Content(text) if is_pending(text) => "copy text".to_owned(),
                CopySource::Content(text) => format!("copy {}", plural(text.len(), "byte")),
                CopySource::Edited { content, .. } => format!("copy {}", plural(content.len(), "byte")),
                CopySource::File(path) => format!("copy {}", word(&path.to_string_lossy())),
                CopySource::Template { src, .. } => format!("template {}", word(&src.to_string_lossy())),
            };
            format!("{from} to {}{}", word(&file.dest), how(file))
        }
        Body::Declared(declared) => declared_line(declared),
        Body::Unpack { src, plan } => unarchive_line(&word(&src.to_string_lossy()), plan),
        Body::Fetch { src, dest } => format!("fetch {} to {}", word(src), word(&dest.to_string_lossy())),
        Body::Assert { checks, .. } => {
            let list: Vec<&str> = checks.iter().map(|check| check.expression.as_str()).collect();
            format!("assert {}", list.join(", "))
        }
        Body::Set(vars) => {
            let list: Vec<String> = vars.iter().map(|(name, value)| format!("{name}={}", data(value))).collect();
            format!("set {}", list.join(" "))
        }
        Body::Print(text) => format!("print {}", text.trim_end()),
        Body::Fail(text) => format!("fail {}", text.trim_end()),
        Body::Script { src, args, .. } => {
            let words: Vec<String> = std::iter::once(word(&src.to_string_lossy())).chain(args.iter().map(|arg| word(arg))).collect();
            format!("script {}", words.join(" "))
        }
        Body::WaitFor { what, absent, .. } => {
            let until = if *absent { "until gone: " } else { "" };
            let what = match what {
                PreparedAwaited::Port { host, port } => format!("port {port} of {}", word(host)),
                PreparedAwaited::Url(url) => format!("url {}", word(url)),
                PreparedAwaited::Path(path) => format!("path {}", word(path)),
                PreparedAwaited::Command(command) => format!("command {}", command.command_line()),
            };
            format!("wait_for {until}{what}")
        }
        Body::Facts { sections } => format!("facts {}", sections.join(", ")),
        Body::Pause(duration) => format!("pause {}", crate::text::format_duration(*duration)),
        Body::Confirm(question) => format!("confirm {}", question.trim_end()),
        Body::Flush => "flush handlers".to_owned(),
    }
}

fn rights(rights: &Rights) -> String {
    let mode = rights.mode.map(|mode| format!(", mode {mode:04o}")).unwrap_or_default();
    let named = [("owner", &rights.owner), ("group", &rights.group)];
    let named = named.into_iter().filter_map(|(name, value)| Some(format!(", {name} {}", value.as_ref()?)));
    named.fold(mode, |line, more| line + &more)
}

/// How a file is written.
fn how(file: &FileTarget) -> String {
    let backup = if file.backup { ", with a backup" } else { "" };
    let valid = file.validate.as_ref().map(|text| format!(", validated by {}", text.trim_end())).unwrap_or_default();
    format!("{}{backup}{valid}", rights(&file.rights))
}

fn declared_line(declared: &Declared) -> String {
    match declared {
        Declared::Path(path) => {
            let dest = word(&path.dest);
            match &path.wanted {
                WantedPath::Absent { force } => format!("remove {dest}{}", if *force { " with all that is in it" } else { "" }),
                WantedPath::File(own) => format!("file {dest}{}", rights(own)),
                WantedPath::Directory(own) => format!("directory {dest}{}", rights(own)),
                WantedPath::Link { target, .. } => format!("link {dest} to {}", word(target)),
            }
        }
        Declared::Line(LineFile { file, edit, .. }) => {
            let what = if edit.absent { "no line" } else { "line" };
            format!("{what} in {}{}", word(&file.dest), how(file))
        }
        Declared::Text(TextFile { file, edit, .. }) => {
            let what = if edit.text.is_none() { "no text" } else { "text" };
            format!("{what} in {}{}", word(&file.dest), how(file))
        }
        Declared::Download(download) => {
            format!("download {} from {}{}", word(&download.file.dest), word(&download.url), how(&download.file))
        }
        Declared::Archive(archive) => {
            let src: Vec<String> = archive.src.iter().map(|path| word(path)).collect();
            format!("archive {} of {}{}", word(&archive.file.dest), src.join(", "), how(&archive.file))
        }
        Declared::Unarchive(plan) => unarchive_line(&format!("the host's {}", word(&plan.src)), plan),
    }
}

fn unarchive_line(src: &str, plan: &UnarchivePlan) -> String {
    let stripped = if plan.strip == 0 { String::new() } else { format!(", without {}", plural(plan.strip as usize, "leading part")) };
    format!("unarchive {src} into {}{stripped}{}", word(&plan.dest), rights(&plan.rights))
}

fn word(text: &str) -> String {
    if is_pending(text) { text.to_owned() } else { quote(text) }
}

fn data(value: &Value) -> String {
    match value {
        Value::Text(text) => word(text),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}
