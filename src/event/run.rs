//! The events.

use serde::{Deserialize, Serialize};

use super::{Outcome, RunHeader, Stream};
use crate::model::{BlockIx, HostIx, RoundIx, StepId, TaskIx};

/// One event of a run, in the form that is recorded and printed as a JSON line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// 0, 1, 2 … without gaps within a run.
    pub seq: u64,
    /// UTC, milliseconds since 1970.
    pub at: i64,
    /// What happened.
    #[serde(flatten)]
    pub kind: RunEvent,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent {
    /// The first event: everything needed to read the others.
    RunStarted(Box<RunHeader>),
    /// A host's first connection (or one after a loss) begins.
    HostConnecting {
        /// The host.
        host: HostIx,
    },
    /// A refusal that may pass; another attempt follows.
    HostRetrying {
        /// The host.
        host: HostIx,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// OpenSSH's own words.
        message: String,
    },
    /// Something about a host that people should know: a stale lock that was taken over.
    HostNote {
        /// The host.
        host: HostIx,
        /// In words.
        message: String,
    },
    /// A host's session is open.
    HostConnected {
        /// The host.
        host: HostIx,
        /// From its own start to its authenticated session.
        duration_ms: u64,
    },
    /// A host can't be reached; its steps end *unreachable*.
    HostUnreachable {
        /// The host.
        host: HostIx,
        /// What kind of refusal (`refused`, `auth`, `unknown_host_key`, `timeout` …).
        class: String,
        /// OpenSSH's own words.
        message: String,
    },
    /// A session that was open is gone.
    HostLost {
        /// The host.
        host: HostIx,
        /// OpenSSH's own words.
        message: String,
    },
    /// A round begins on its hosts.
    RoundStarted {
        /// The round.
        round: RoundIx,
        /// Hosts that take part.
        hosts: Vec<HostIx>,
    },
    /// A host does not take part in a round.
    HostLeftOut {
        /// The round.
        round: RoundIx,
        /// The host.
        host: HostIx,
        /// Why (`when`, `failed in survey`, `unreachable in survey`).
        reason: String,
    },
    /// A round does not run at all.
    RoundSkipped {
        /// The round.
        round: RoundIx,
        /// Why.
        reason: String,
    },
    /// A batch of a round begins. A round without `batch` has none of these.
    BatchStarted {
        /// The round.
        round: RoundIx,
        /// From 1.
        batch: u32,
        /// How many there are.
        of: u32,
        /// Its hosts.
        hosts: Vec<HostIx>,
    },
    /// The next batch waits for a while.
    BatchPaused {
        /// The round.
        round: RoundIx,
        /// How long.
        duration_ms: u64,
    },
    /// More hosts failed than `max_failures` allows: no further batch or round starts.
    Stopped {
        /// The round.
        round: RoundIx,
        /// How many failed, and how many may.
        reason: String,
    },
    /// The user is asked (`confirm`).
    Asked {
        /// The round.
        round: RoundIx,
        /// The task that asks; none for the round itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<TaskIx>,
        /// The question.
        question: String,
    },
    /// The user answered, or could not be asked.
    Answered {
        /// The round.
        round: RoundIx,
        /// The task that asked; none for the round itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<TaskIx>,
        /// True to go on.
        yes: bool,
        /// Who said so: `user`, `--yes`, or why nobody could.
        by: String,
    },
    /// A changed task notified a handler that was not yet pending on the host.
    Notified {
        /// The round.
        round: RoundIx,
        /// The host.
        host: HostIx,
        /// The handler.
        handler: TaskIx,
        /// The task that changed something; the handler itself where an earlier run owes it.
        by: TaskIx,
        /// The run that left it pending.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<String>,
    },
    /// One execution of a step ended that is not its last: an attempt, a pass of a block around it. Of a step with
    /// `each`, every execution, the last too: [`RunEvent::StepEnded`] then speaks of all items.
    AttemptEnded {
        /// The step.
        step: StepId,
        /// Counts all executions of the step, from 1.
        attempt: u32,
        /// The item, where the task has `each`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<ItemLabel>,
        /// What became of it.
        outcome: Outcome,
        /// Where it is tried again: after how long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_ms: Option<u64>,
    },
    /// A block ended on a host; one with `each` or `retries` after each pass.
    BlockEnded {
        /// The round.
        round: RoundIx,
        /// The block.
        block: BlockIx,
        /// The host.
        host: HostIx,
        /// The item, where it has `each`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<ItemLabel>,
        /// How.
        status: BlockStatus,
        /// Why, of a skip or a failure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Where it is tried again: after how long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_ms: Option<u64>,
    },
    /// A round has ended on every host.
    RoundEnded {
        /// The round.
        round: RoundIx,
    },
    /// A step's text is about to leave for its host.
    StepSent {
        /// The step.
        step: StepId,
        /// From 1.
        attempt: u32,
        /// The host that it runs on, where that is not the step's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<HostIx>,
        /// The command as a person would type it, secrets masked.
        command: String,
        /// The item, where the task has `each`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<ItemLabel>,
        /// The name under which its host keeps it, where it is durable.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        durable: Option<String>,
    },
    /// The host said that it began.
    StepBegan {
        /// The step.
        step: StepId,
        /// From 1.
        attempt: u32,
    },
    /// A piece of its output.
    StepOutput {
        /// The step.
        step: StepId,
        /// From 1.
        attempt: u32,
        /// Which stream.
        stream: Stream,
        /// Where the piece stands in the stream, in bytes.
        offset: u64,
        /// The bytes.
        #[serde(flatten)]
        data: Data,
    },
    /// A step has ended. Exactly one for every step of every host that takes part, handlers that nobody notified and
    /// `rescue` and `finally` that were not needed left out. Of a step with items it is what became of all of them.
    StepEnded {
        /// The step.
        step: StepId,
        /// Counts all executions of the step, from 1; 0 where it never ran.
        attempt: u32,
        /// What became of it.
        outcome: Outcome,
    },
    /// The run was asked to stop: 1 finish what runs, 2 end it, 3 leave now.
    Interrupted {
        /// How often it has been asked.
        stage: u8,
        /// The signal (`INT`, `TERM`, `HUP`).
        signal: String,
    },
    /// The last event.
    RunEnded(RunEnd),
}

impl RunEvent {
    /// The event's tag, as in its JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            RunEvent::RunStarted(_) => "run_started",
            RunEvent::HostConnecting { .. } => "host_connecting",
            RunEvent::HostRetrying { .. } => "host_retrying",
            RunEvent::HostNote { .. } => "host_note",
            RunEvent::HostConnected { .. } => "host_connected",
            RunEvent::HostUnreachable { .. } => "host_unreachable",
            RunEvent::HostLost { .. } => "host_lost",
            RunEvent::RoundStarted { .. } => "round_started",
            RunEvent::HostLeftOut { .. } => "host_left_out",
            RunEvent::RoundSkipped { .. } => "round_skipped",
            RunEvent::RoundEnded { .. } => "round_ended",
            RunEvent::BatchStarted { .. } => "batch_started",
            RunEvent::BatchPaused { .. } => "batch_paused",
            RunEvent::Stopped { .. } => "stopped",
            RunEvent::Asked { .. } => "asked",
            RunEvent::Answered { .. } => "answered",
            RunEvent::Notified { .. } => "notified",
            RunEvent::AttemptEnded { .. } => "attempt_ended",
            RunEvent::BlockEnded { .. } => "block_ended",
            RunEvent::StepSent { .. } => "step_sent",
            RunEvent::StepBegan { .. } => "step_began",
            RunEvent::StepOutput { .. } => "step_output",
            RunEvent::StepEnded { .. } => "step_ended",
            RunEvent::Interrupted { .. } => "interrupted",
            RunEvent::RunEnded(_) => "run_ended",
        }
    }
}

/// Which item of an `each`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemLabel {
    /// From 0.
    pub index: u32,
    /// How many there are.
    pub of: u32,
    /// The item in a few words, secrets masked.
    pub label: String,
}

/// How a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockStatus {
    /// Nothing changed.
    Ok,
    /// Something changed.
    Changed,
    /// Its `when` left it out.
    Skipped,
    /// It failed, and its `rescue` made up for it.
    Rescued,
    /// It failed.
    Failed,
}

impl BlockStatus {
    /// The word for it, as in the JSON form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            BlockStatus::Ok => "ok",
            BlockStatus::Changed => "changed",
            BlockStatus::Skipped => "skipped",
            BlockStatus::Rescued => "rescued",
            BlockStatus::Failed => "failed",
        }
    }
}

/// Bytes: as text where they are UTF-8, else in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// UTF-8.
    Text(String),
    /// Anything, in standard base64 with padding.
    Base64(String),
}

impl Data {
    /// Wraps bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Data {
        use base64::Engine as _;
        match String::from_utf8(bytes) {
            Ok(text) => Data::Text(text),
            Err(error) => Data::Base64(base64::engine::general_purpose::STANDARD.encode(error.as_bytes())),
        }
    }

    /// The bytes again; none for base64 that was damaged.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        use base64::Engine as _;
        match self {
            Data::Text(text) => text.as_bytes().to_vec(),
            Data::Base64(text) => base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default(),
        }
    }
}

/// How the whole run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// `ok`, `failed`, `unreachable`, `stopped`, `interrupted` or `error`.
    pub status: String,
    /// The process's exit code.
    pub exit_code: u8,
    /// Of the whole run.
    pub duration_ms: u64,
}
