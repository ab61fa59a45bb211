//! What the queries answer with, and what they can be asked.

use std::collections::BTreeMap;

use crate::event::{Data, GitState, RunEnd, Status, Stream};
use crate::model::StepId;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// A living process is at it.
    Running,
    /// It ended in order.
    Ended(RunEnd),
    /// It has no end, and no process holds its lock: it was killed, or its record could not be written to the end.
    Abandoned,
}

/// Narrows a list of runs; the default lets every run through.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// At most so many, the newest.
    pub limit: Option<usize>,
    /// What recorded them: `run`, `check` or `exec`.
    pub command: Option<String>,
    /// A playbook's id.
    pub playbook: Option<String>,
    /// A host that took part.
    pub host: Option<String>,
    /// Started at this time or later, UTC ms.
    pub since: Option<i64>,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Its number in this record, from 1; never given twice.
    pub number: i64,
    /// Its id.
    pub id: String,
    /// `run` or `exec`.
    pub command: String,
    /// The playbook's id.
    pub playbook_id: String,
    /// The playbook's name.
    pub playbook: String,
    /// Roundsman's version.
    pub version: String,
    /// The arguments as typed.
    pub argv: Vec<String>,
    /// The controller's host name.
    pub controller: String,
    /// The user there.
    pub user: String,
    /// The working folder there.
    pub cwd: String,
    /// The state of the playbook's git repository.
    pub git: Option<GitState>,
    /// UTC ms.
    pub started_at: i64,
    /// UTC ms; of the last event where the run has no end.
    pub last_at: i64,
    /// Where it stands.
    pub state: RunState,
    /// Hosts that took part.
    pub hosts: usize,
    /// Steps that ended, by status; those of an abandoned run that never ended count as unknown.
    pub counts: BTreeMap<Status, usize>,
    /// Failures that were allowed; they are counted as failed too.
    pub allowed: usize,
}

/// Narrows a list of steps; the default lets every step through.
#[derive(Debug, Clone, Default)]
pub struct StepFilter {
    /// Names of hosts; empty for all.
    pub hosts: Vec<String>,
    /// Ids or names of tasks; empty for all.
    pub tasks: Vec<String>,
}

/// How far a step got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// Handed to its host, in a run that goes on.
    Sent,
    /// Running there, in a run that goes on.
    Began,
    /// Over. [`Status::Unknown`] also where it was handed over in a run that is over, and has no end.
    Ended(Status),
}

/// A step with its names.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// The step.
    pub step: StepId,
    /// Its host's name.
    pub host: String,
    /// Its round's id.
    pub round: String,
    /// Its round's name.
    pub round_name: String,
    /// Its task's id, where it has one.
    pub task_id: Option<String>,
    /// Its task's name.
    pub task: String,
    /// Its task's verb.
    pub verb: String,
    /// How far it got.
    pub status: StepStatus,
    /// Why, for people.
    pub reason: Option<String>,
    /// True for a skip because something it needs failed.
    pub blocked: bool,
    /// True for a failure that `allow_failure` allows.
    pub allowed: bool,
    /// The exit code, where there is one.
    pub rc: Option<i32>,
    /// From 1; 0 where it never ran.
    pub attempts: u32,
    /// The host that it ran on, where that is not its own.
    pub on: Option<String>,
    /// The command of its last attempt, where it was sent.
    pub sent: Option<String>,
    /// When its last attempt was sent, UTC ms.
    pub sent_at: Option<i64>,
    /// When its last attempt began, UTC ms.
    pub began_at: Option<i64>,
    /// When it ended, UTC ms.
    pub ended_at: Option<i64>,
    /// From the begin mark to the end mark.
    pub duration_ms: Option<u64>,
}

/// A piece of a step's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputPiece {
    /// The attempt, from 1.
    pub attempt: u32,
    /// Which stream.
    pub stream: Stream,
    /// Where the piece stands in the stream, in bytes.
    pub offset: u64,
    /// The bytes.
    pub data: Data,
}
