//! The state of a run: plain data with one owner, the dispatcher.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use indexmap::IndexSet;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::output::Capture;
use super::worker::{JobId, ToWorker};
use crate::event::Outcome;
use crate::model::{HostIx, RoundIx, StepId, TaskIx};
use crate::plan::{Prepared, StepResult};
use crate::transport::BecomeUser;

/// How a host is reached, so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Link {
    /// Nothing was asked of it yet.
    #[default]
    Idle,
    /// Its session is being opened.
    Connecting,
    /// Its session is open.
    Up,
    /// It can't be reached, or was lost; with OpenSSH's words.
    Gone(String),
}

/// One lane's worth of work on a host.
#[derive(Debug, Default)]
pub(super) struct SlotState {
    /// The user of its lane; none is the login's.
    pub(super) user: Option<BecomeUser>,
    /// What was put there and has not ended, in order.
    pub(super) jobs: VecDeque<JobId>,
    /// True where it carries a file: nothing is written behind that.
    pub(super) bulk: bool,
    /// The server has no channel for it; nothing is put there any more.
    pub(super) full: bool,
}

/// A host as the thing that runs jobs.
#[derive(Debug, Default)]
pub(super) struct HostState {
    pub(super) link: Link,
    pub(super) worker: Option<mpsc::UnboundedSender<ToWorker>>,
    pub(super) slots: Vec<SlotState>,
    /// Who waits for a slot here to fall free.
    pub(super) starved: IndexSet<(RoundIx, HostIx)>,
}

/// Where a step stands, beside what the queue knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Handed to a host.
    Flying(JobId),
    /// Its outcome is known, and on its way to the record.
    Judged,
}

/// A job on its way.
pub(super) struct JobState {
    pub(super) step: StepId,
    /// The host that it runs on.
    pub(super) on: HostIx,
    pub(super) slot: usize,
    pub(super) prepared: Arc<Prepared>,
    /// Hosts that the same step still has to run on after this one.
    pub(super) rest: VecDeque<HostIx>,
    /// True where its exit code alone decides, so that a lane can stop by itself.
    pub(super) lane_judged: bool,
    /// It was sent and may come back: what needs it must not be written behind it.
    pub(super) recalled: bool,
    pub(super) began: Option<(i64, Instant)>,
    pub(super) stdout: Capture,
    pub(super) stderr: Capture,
    /// What it prints on standard output is its script's answer to us.
    pub(super) protocol: bool,
    /// Its failure has been decided otherwise; what the host still says of it is dropped.
    pub(super) orphan: bool,
}

/// Where a round stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum RoundPhase {
    /// It waits for others.
    #[default]
    Waiting,
    /// Its hosts are at work.
    Active,
    /// It is over.
    Ended,
}

/// A round of the run.
#[derive(Debug, Default)]
pub(super) struct RoundState {
    pub(super) phase: RoundPhase,
    /// Who takes part, in order.
    pub(super) hosts: Vec<HostIx>,
    /// Who ended badly, or could not take part.
    pub(super) bad: BTreeSet<HostIx>,
    /// True where it did not run, because of what it needs.
    pub(super) skipped: bool,
    /// The most hosts at work at once.
    pub(super) limit: usize,
    /// Hosts that were let in under `max_parallel` and are not done.
    pub(super) admitted: BTreeSet<HostIx>,
    /// Hosts that still wait to be let in.
    pub(super) queued: VecDeque<HostIx>,
    /// The hosts that `once` tasks run on, once chosen.
    pub(super) once: BTreeMap<TaskIx, HostIx>,
}

/// What is done when an event is durable.
#[derive(Debug)]
pub(super) enum Effect {
    /// The run may begin.
    Begin,
    /// Jobs may leave for their hosts.
    Send(Vec<JobId>),
    /// A step is over.
    Finished(StepId, Box<Outcome>, Option<Arc<StepResult>>),
    /// A round is over.
    RoundOver(RoundIx),
}
