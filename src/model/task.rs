//! Tasks, their guards and how they hang together.

use std::sync::Arc;
use std::time::Duration;

use super::{BlockIx, Command, Flow, HostIx, Layer, RoundIx, TaskIx, Template, Verb};
use crate::diag::Span;

/// A task, every default of its round and groups in.
#[derive(Debug, Clone)]
pub struct Task {
    /// `id:`, else made from the name; none where the name gives none.
    pub id: Option<String>,
    /// `name:`, else made from the verb (`run: uname -r`).
    pub name: String,
    /// Its name in the file, else its verb.
    pub span: Span,
    /// What it does.
    pub verb: Verb,
    /// The verb's key in the file.
    pub verb_span: Span,
    /// Conditions, outermost first; all must hold.
    pub when: Vec<Template>,
    /// `vars:` of its groups and its own, weakest first.
    pub layers: Vec<Arc<Layer>>,
    /// `env:`, weakest first, later ones win.
    pub env: Vec<(String, Template)>,
    /// The folder it runs in.
    pub cwd: Option<Template>,
    /// Its standard input; none is /dev/null.
    pub stdin: Option<Template>,
    /// The file mode creation mask.
    pub umask: Option<u32>,
    /// The shell of its texts.
    pub shell: Shell,
    /// Per attempt, guards included.
    pub timeout: Duration,
    /// When it counts as changed; none leaves it to the verb.
    pub changed: Option<Judge>,
    /// When it counts as failed; none leaves it to the verb.
    pub failed: Option<Judge>,
    /// A promise that it changes nothing.
    pub read_only: bool,
    /// Asked in this order before it runs.
    pub guards: Vec<Guard>,
    /// A failure does not stop what needs it.
    pub allow_failure: bool,
    /// As another user.
    pub r#become: Option<Become>,
    /// Where it runs; empty: on the round's host.
    pub on: Vec<OnHost>,
    /// Runs on the first reachable host only, for all.
    pub once: bool,
    /// Results of other tasks that its templates (variables followed) read.
    pub reads: Vec<TaskRead>,
    /// What repeats, signals or restrains it.
    pub flow: Flow,
}

impl Task {
    /// Says whether it never changes its host.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.read_only || self.verb.is_read_only()
    }

    /// Says whether it may be started again where nobody knows how it ended: it changes nothing, it finds out by itself what
    /// there is to do, a guard does, or its host keeps it.
    #[must_use]
    pub fn settles_itself(&self) -> bool {
        self.only_reads() || self.verb.is_resource() || !self.guards.is_empty() || self.flow.durable
    }

    /// Says whether its own judgement reads what it printed, so that its exit code alone does not tell how it ended.
    #[must_use]
    pub fn judges_by_output(&self) -> bool {
        let asks = |judge: &Option<Judge>| matches!(judge, Some(Judge::Expression(_)));
        let until = self.flow.retry.as_ref().is_some_and(|retry| retry.until.is_some());
        asks(&self.failed) || asks(&self.changed) || until || matches!(self.verb, Verb::WaitFor(_))
    }
}

/// A result that a template reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRead {
    /// The round of the task that is read.
    pub round: RoundIx,
    /// The task that is read, or the exit gate of a block.
    pub task: TaskIx,
    /// True where it is (or may be) another host's result.
    pub other_hosts: bool,
    /// Where it is read.
    pub span: Span,
}

/// The shell that texts of a task are written for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Shell {
    /// `/bin/sh` with `set -e`.
    #[default]
    Sh,
    /// `bash -eo pipefail`.
    Bash,
    /// Another program, given the text after `-c`.
    Other(String),
}

/// A bool or an expression over `result`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judge {
    /// Always this.
    Fixed(bool),
    /// Whatever this gives, which must be a bool.
    Expression(Template),
}

/// A condition asked on the host. Read-only by contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Skip when it exits 0.
    Unless(Command),
    /// Run only when it exits 0.
    OnlyIf(Command),
    /// Skip when the path exists.
    Creates(Template),
    /// Run only when the path exists.
    Removes(Template),
}

/// Running as another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Become {
    /// The user.
    pub user: Template,
    /// The program.
    pub method: BecomeMethod,
    /// Its password; none: the connection's `become_password`, or none is asked.
    pub password: Option<Template>,
}

/// The program that changes the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub enum BecomeMethod {
    /// sudo.
    #[default]
    Sudo,
    /// OpenBSD's doas.
    Doas,
    /// su.
    Su,
}

impl BecomeMethod {
    /// Every method.
    pub const ALL: [BecomeMethod; 3] = [BecomeMethod::Sudo, BecomeMethod::Doas, BecomeMethod::Su];

    /// Returns the program's name, which playbooks write.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            BecomeMethod::Sudo => "sudo",
            BecomeMethod::Doas => "doas",
            BecomeMethod::Su => "su",
        }
    }
}

/// A host that a delegated task runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnHost {
    /// Known by name.
    Host(HostIx),
    /// A template that gives a name or a list of names.
    Template(Template),
}

/// An entry of a task list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A task with what it waits for.
    Task(TaskIx, Needs),
    /// A `parallel:` group.
    Parallel(Group),
    /// A `block:` or a `use:`.
    Block(BlockItem),
}

/// A block in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockItem {
    /// Which.
    pub block: BlockIx,
    /// What it waits for, as a whole.
    pub needs: Needs,
    /// `block:`, or an action's tasks.
    pub body: Vec<Item>,
    /// `rescue:`.
    pub rescue: Vec<Item>,
    /// `always:`.
    pub always: Vec<Item>,
}

/// Entries whose members start together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `id:` or made from the name, for `needs`.
    pub id: Option<String>,
    /// Its key.
    pub span: Span,
    /// What it waits for, as a whole.
    pub needs: Needs,
    /// Its members; a member without `needs` waits for nothing but the group's own needs.
    pub members: Vec<Item>,
}

/// What an entry waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Everything written above it in the same list.
    Above,
    /// Just these.
    These(Vec<Need>),
}

/// One entry of `needs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The nodes meant: one task, all of a `parallel:` group, or the exit gate of a block.
    pub tasks: Vec<TaskIx>,
    /// The word in the file.
    pub span: Span,
}
