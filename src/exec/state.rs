//! The state of a run: plain data with one owner, the dispatcher.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use indexmap::IndexSet;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::advance::UnitId;
use super::output::Capture;
use super::request::Trip;
use super::timers::Wake;
use super::worker::{JobId, ToWorker};
use crate::event::{BlockStatus, Difference, Outcome};
use crate::model::{HostIx, RoundIx, StepId, TaskIx};
use crate::plan::{ErrorView, ItemView, Prepared, StepResult};
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

/// A way to a host: its own, or that of a round which connects otherwise. An index into the run's hosts' states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Seat(pub(super) u32);

impl Seat {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a step stands, beside what the queue knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Handed to a host.
    Flying(JobId),
    /// It repeats itself, pauses, asks, or runs handlers.
    Busy,
    /// Its outcome is known, and on its way to the record.
    Judged,
}

/// A job on its way.
pub(super) struct JobState {
    pub(super) step: StepId,
    /// Which of the step's units it is; none where the step has just one and does not repeat.
    pub(super) unit: Option<usize>,
    /// Counts the executions of the step, from 1.
    pub(super) attempt: u32,
    /// The host that it runs on.
    pub(super) on: HostIx,
    pub(super) seat: Seat,
    pub(super) slot: usize,
    pub(super) prepared: Arc<Prepared>,
    /// Hosts that the same step still has to run on after this one.
    pub(super) rest: VecDeque<HostIx>,
    pub(super) trip: Trip,
    /// What it makes different, where that was asked first.
    pub(super) differences: Vec<Difference>,
    /// True where its exit code alone decides, so that a lane can stop by itself.
    pub(super) lane_judged: bool,
    /// It was sent and may come back: what needs it must not be written behind it.
    pub(super) recalled: bool,
    pub(super) began: Option<(i64, Instant)>,
    /// Its own begin mark was seen; what it goes behind may have begun before it.
    pub(super) seen: bool,
    /// Its link was lost before its end was heard: of what it printed, a part is missing.
    pub(super) unheard: bool,
    pub(super) stdout: Capture,
    pub(super) stderr: Capture,
    /// What it prints on standard output is its script's answer to us.
    pub(super) protocol: bool,
    /// What it prints is kept out of screen and record.
    pub(super) sensitive: bool,
    /// It was with its host when the session was lost; what became of it is not known yet.
    pub(super) adrift: bool,
    /// Its failure has been decided otherwise; what the host still says of it is dropped.
    pub(super) orphan: bool,
}

impl JobState {
    /// Says whether its unit has run on other hosts before this one.
    pub(super) fn some_ran(&self) -> bool {
        self.rest.len() + 1 < self.prepared.on.len()
    }
}

/// Where a round stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum RoundPhase {
    /// It waits for others.
    #[default]
    Waiting,
    /// The user is asked whether it may start.
    Asking,
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
    /// Who counts for `max_failures`.
    pub(super) failures: BTreeSet<HostIx>,
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
    /// What they did there for all, by the items that the blocks around them were at.
    pub(super) done_once: BTreeMap<(TaskIx, Vec<usize>), DoneOnce>,
    /// The batches that have not begun.
    pub(super) batches: VecDeque<Vec<HostIx>>,
    /// How many batches there are; 0 without `batch`.
    pub(super) batch_count: usize,
    /// Counts the batches that began, so that the time of one is not taken for another's.
    pub(super) turn: u32,
    /// Hosts that were given up by `max_wait`, and whether a step of theirs has said so.
    pub(super) overdue: BTreeMap<HostIx, bool>,
    /// True while it waits before its next batch.
    pub(super) pausing: bool,
}

/// What a host did for all.
#[derive(Debug, Clone)]
pub(super) struct DoneOnce {
    pub(super) on: HostIx,
    pub(super) outcome: Outcome,
    pub(super) result: Arc<StepResult>,
}

/// A step that repeats itself.
#[derive(Debug, Default)]
pub(super) struct Repeat {
    /// One for each item; just one without `each`.
    pub(super) units: Vec<Unit>,
    /// True for `each`.
    pub(super) each: bool,
    /// Units that may start, or start again.
    pub(super) ready: VecDeque<usize>,
    /// The first that has not been let begin.
    pub(super) next: usize,
    /// Begun and not over.
    pub(super) open: usize,
    /// On their way.
    pub(super) jobs: Vec<JobId>,
}

/// One item, or the one thing, that a repeating step does.
#[derive(Debug, Default)]
pub(super) struct Unit {
    pub(super) item: Option<Arc<ItemView>>,
    /// How often it was tried, the present time included.
    pub(super) tries: u32,
    /// The number of its present execution.
    pub(super) attempt: u32,
    /// Some of it was executed.
    pub(super) sent: bool,
    /// It waits for its next try, and its present execution is over.
    pub(super) waiting: bool,
    pub(super) over: Option<(Outcome, Arc<StepResult>)>,
}

/// A block on a host, from its enter gate to its end.
#[derive(Debug, Default)]
pub(super) struct BlockRun {
    /// The items of its `each`, as templates see them.
    pub(super) items: Option<Vec<Arc<ItemView>>>,
    /// The item it is at.
    pub(super) at: usize,
    /// How often the present item was tried.
    pub(super) tries: u32,
    /// Why its tasks do not run in this pass.
    pub(super) left: Option<Left>,
    /// Something inside changed, in this pass.
    pub(super) changed: bool,
    /// Something of its body was executed, in this pass.
    pub(super) ran: bool,
    /// Something inside was cancelled, or its end is unknown: this is nothing to try again or to rescue.
    pub(super) lost: bool,
    /// Its rescue was let run, in this pass.
    pub(super) rescuing: bool,
    /// The worst of the passes that are over.
    pub(super) worst: Option<BlockStatus>,
    pub(super) reason: Option<String>,
    /// The first failure of its body in this pass.
    pub(super) error: Option<Arc<ErrorView>>,
    /// The passes that are over.
    pub(super) passes: Vec<crate::plan::ItemResult>,
}

impl BlockRun {
    /// Why its body failed in this pass, for people.
    pub(super) fn why(&self) -> Option<String> {
        self.error.as_ref().map(|error| format!("`{}`: {}", error.task, error.message))
    }
}

/// Why a block's tasks do not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Left {
    /// Its `when`, or there is no item.
    Skipped(String),
    /// Its own templates can't be answered.
    Failed(String),
}

/// Handlers at work on a host.
#[derive(Debug, Default)]
pub(super) struct HandlerRun {
    /// The units of `flush` that wait for them.
    pub(super) flushes: Vec<UnitId>,
    /// The gate behind the tasks waits for them.
    pub(super) gate: bool,
    /// They are owed from before: the round's tasks wait for them.
    pub(super) first: bool,
    pub(super) current: Option<TaskIx>,
}

/// Who asks the user, and what.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) round: RoundIx,
    /// The `confirm` task's step and unit; none for the round itself.
    pub(super) step: Option<(StepId, Option<usize>)>,
    pub(super) question: String,
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
    /// Something is to happen after a while.
    Later(std::time::Duration, Wake),
    /// The user is to be asked.
    Ask(Asking),
    /// A round is over.
    RoundOver(RoundIx),
}
