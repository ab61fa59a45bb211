//! The vocabulary between the executor and a lane; the same for every transport and for the scripted fake.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::model::{BecomeMethod, Connect};

/// A host as a transport sees it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name, for logs and the fake.
    pub name: String,
    /// How it is reached.
    pub connect: Connect,
    /// The inventory host that `connect.jump` names, resolved.
    pub jump: Option<Box<Target>>,
}

/// Why there is no session.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What kind.
    pub class: RefusalClass,
    /// OpenSSH's own words (the last lines that matter), or ours where it said nothing.
    pub message: String,
}

/// Kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalClass {
    /// Nothing listens there.
    Refused,
    /// No answer in time.
    Timeout,
    /// The name has no address.
    Dns,
    /// No route, network unreachable.
    Network,
    /// Authentication was refused.
    Auth,
    /// The host key is not known.
    UnknownHostKey,
    /// The host key is not the known one.
    ChangedHostKey,
    /// The server threw us out before authentication: `kex_exchange_identification`, resets (`MaxStartups`).
    Throttled,
    /// Something there speaks no SSH.
    Banner,
    /// A way through a jump host failed.
    Jump,
    /// No lane could be opened: the shell is missing, sudo refused.
    Lane,
    /// The server gives no further channel on this connection (`MaxSessions`).
    Full,
    /// Another run has the host's lock, or none can be made.
    Locked,
    /// Our side: no `ssh` program, a control path that is too long, a bad option.
    Local,
    /// None of these.
    Other,
}

impl RefusalClass {
    /// Every kind.
    pub const ALL: [RefusalClass; 15] = [
        RefusalClass::Refused,
        RefusalClass::Timeout,
        RefusalClass::Dns,
        RefusalClass::Network,
        RefusalClass::Auth,
        RefusalClass::UnknownHostKey,
        RefusalClass::ChangedHostKey,
        RefusalClass::Throttled,
        RefusalClass::Banner,
        RefusalClass::Jump,
        RefusalClass::Lane,
        RefusalClass::Full,
        RefusalClass::Locked,
        RefusalClass::Local,
        RefusalClass::Other,
    ];

    /// The word for it in events.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            RefusalClass::Refused => "refused",
            RefusalClass::Timeout => "timeout",
            RefusalClass::Dns => "dns",
            RefusalClass::Network => "network",
            RefusalClass::Auth => "auth",
            RefusalClass::UnknownHostKey => "unknown_host_key",
            RefusalClass::ChangedHostKey => "changed_host_key",
            RefusalClass::Throttled => "throttled",
            RefusalClass::Banner => "banner",
            RefusalClass::Jump => "jump",
            RefusalClass::Lane => "lane",
            RefusalClass::Full => "full",
            RefusalClass::Locked => "locked",
            RefusalClass::Local => "local",
            RefusalClass::Other => "other",
        }
    }
}

/// The user a lane runs as, where it is not the login's.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BecomeUser {
    /// The program that changes the user.
    pub method: BecomeMethod,
    /// The user.
    pub user: String,
    /// The password for its prompt.
    pub password: Option<String>,
}

impl std::fmt::Debug for BecomeUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BecomeUser({:?} {}, password: {})", self.method, self.user, self.password.is_some())
    }
}

/// A lane: commands go in, reports come out. Dropping `commands` is an orderly goodbye.
#[derive(Debug)]
pub struct Lane {
    /// To the lane, in order.
    pub commands: mpsc::UnboundedSender<LaneCommand>,
    /// From the lane, in order. Bounded: a slow reader slows the host, it never fills memory. The last report is
    /// [`LaneReport::Closed`].
    pub reports: mpsc::Receiver<LaneReport>,
}

/// What a lane is told.
#[derive(Debug)]
pub enum LaneCommand {
    /// Run this after all that came before it. The lane itself holds back what exceeds 32 KiB behind a running request.
    Run(Box<Request>),
    /// Run again what comes after this, in a lane that the failure of this request under [`OnFailure::Hold`] holds; nothing
    /// in one that another failure holds, since its sender has yet to hear of that.
    Resume(u64),
    /// Take back what has not begun; each such request is reported as [`LaneReport::Skipped`].
    Withdraw,
    /// End the running request: TERM to its group, KILL after 5 s. It ends as [`End::Terminated`].
    Terminate,
    /// End the lane and all that runs in it, now.
    Kill,
    /// Remove the journals of the session's lanes of this user at the lane's orderly end: all that stands in them is recorded.
    Forget,
}

/// One command with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Unique in its lane, chosen by the caller.
    pub id: u64,
    /// Asked in order before the command.
    pub guards: Vec<GuardCheck>,
    /// The command.
    pub command: Invocation,
    /// Its standard input; none is /dev/null.
    pub stdin: Option<Vec<u8>>,
    /// The folder it and its guards run in.
    pub cwd: Option<String>,
    /// Environment of it and its guards.
    pub env: Vec<(String, String)>,
    /// The file creation mask.
    pub umask: Option<u32>,
    /// What a failure (an exit code other than 0) does to what was written behind it.
    pub on_failure: OnFailure,
    /// From its begin mark on, guards included; then it is ended: TERM, after 5 s KILL.
    pub timeout: Duration,
    /// Written only when nothing runs before it: a shell that waits for a command can't be asked to give back what was
    /// written behind, but what the lane holds here is given back at once.
    pub alone: bool,
    /// Run detached from the lane, which follows it; none for what ends with its lane.
    pub durable: Option<Durable>,
    /// What the lane's journal on the host calls it, a word of letters, digits, `.` and `-`; none: it is not noted there.
    pub tag: Option<String>,
}

impl Request {
    /// A command with nothing around it, whose failure stops nothing.
    #[must_use]
    pub fn new(id: u64, command: Invocation, timeout: Duration) -> Request {
        Request {
            id,
            guards: Vec::new(),
            command,
            stdin: None,
            cwd: None,
            env: Vec::new(),
            umask: None,
            on_failure: OnFailure::Continue,
            timeout,
            alone: false,
            durable: None,
            tag: None,
        }
    }
}

/// A request that outlives its lane: on its host it runs once under its name, however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable {
    /// Unique among all that ever run on the host; letters, digits, `-` and `.`.
    pub name: String,
    /// It is known to have begun: it is found again or ends as [`End::Vanished`], and is not started.
    pub begun: bool,
}

/// A program and its arguments, or shell text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// Text for a shell, run with `set -e`.
    Text {
        /// The text, values already quoted.
        text: String,
        /// The shell.
        shell: ShellProgram,
    },
    /// A program with arguments, no shell.
    Args(Vec<String>),
    /// Text of ours for the lane's own `sh`, run without `set -e`.
    Script(String),
}

/// The shell of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellProgram {
    /// The lane's own `/bin/sh`, `set -e`.
    Sh,
    /// `bash -eo pipefail`.
    Bash,
    /// Another, called with `-c`.
    Other(String),
}

/// A condition asked in front of a request's command; its output is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardCheck {
    /// What its exit code means.
    pub kind: GuardKind,
    /// The command.
    pub command: Invocation,
    /// How long it alone may take; then its request is ended.
    pub timeout: Duration,
}

/// What a guard's exit code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardKind {
    /// 0 skips the command.
    Unless,
    /// Anything but 0 skips the command.
    OnlyIf,
}

/// What a failure does to the requests behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// They are skipped and reported so; the caller sends again what still should run. The lane runs again what reaches
    /// it after the end was reported, whether or not the sender had heard of it.
    Stop,
    /// As `Stop`, but everything that comes is skipped until [`LaneCommand::Resume`]: what was sent by someone who had
    /// not yet heard of the failure can't slip through.
    Hold,
    /// Nothing.
    Continue,
}

/// One of the two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a lane says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneReport {
    /// The shell is there and runs as the right user. Always the first report of a lane that opened.
    Ready,
    /// A request began.
    Began {
        /// The request.
        id: u64,
    },
    /// A piece of output, exact bytes.
    Output {
        /// The request.
        id: u64,
        /// Which stream.
        stream: OutputStream,
        /// At most 64 KiB.
        data: Vec<u8>,
    },
    /// A request ended; all its output has been reported.
    Ended {
        /// The request.
        id: u64,
        /// How.
        end: End,
        /// From its begin mark to its end mark.
        duration: Duration,
    },
    /// A request will not run and never began.
    Skipped {
        /// The request.
        id: u64,
        /// Why.
        cause: SkipCause,
    },
    /// Output that belongs to no request: a process that outlived its own.
    Stray {
        /// Which stream.
        stream: OutputStream,
        /// The bytes.
        data: Vec<u8>,
    },
    /// The lane is gone. Requests that began and did not end have an unknown result; those sent and not begun may have
    /// begun.
    Closed {
        /// Why, in the host's or OpenSSH's words; none after an orderly goodbye.
        reason: Option<String>,
        /// What was heard of its channel.
        heard: Heard,
    },
}

/// What was heard of a lane's channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// All of it: what did not say that it began did not begin.
    All,
    /// It was closed without a byte and without an exit code, as some servers do before anything ran on it.
    Nothing,
    /// It was given up before its end; what was written to it may still have begun.
    Part,
}

/// Why a request did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipCause {
    /// A request before it failed under [`OnFailure::Stop`].
    Stopped,
    /// It was withdrawn.
    Withdrawn,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The command ended with this code; death by signal N is 128 + N.
    Exited(i32),
    /// A guard (by its index) skipped the command; with the guard's exit code.
    Guarded {
        /// Which guard.
        guard: usize,
        /// Its exit code.
        code: i32,
    },
    /// It ran out of time and was ended.
    TimedOut {
        /// The guard that took longer than it may; none where the request did.
        guard: Option<usize>,
    },
    /// It was ended by [`LaneCommand::Terminate`].
    Terminated,
    /// A durable request's result can't be known any more.
    Vanished(Vanished),
}

/// What is not on the host any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vanished {
    /// The process: it ended without an exit code, with its host or by KILL.
    Process,
    /// The folder with all that was known of it.
    Folder,
}
