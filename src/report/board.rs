//! The state of a run as people care for it, folded from its events.
//!
//! Steps that ended are kept as groups of equal ends (one entry for two hundred hosts that did the same), so that
//! memory grows with what differs. Outputs are kept only where they will be shown: of failures, of `print`, of ad-hoc
//! commands. Knows no terminal and no words.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::flow::{self, RoundFlow, RunFlow};
use super::tail::{OutputTail, StepText};
use super::tally::{Counts, EndKey, TaskState};
use crate::event::{BlockPart, Event, Outcome, RoundEntry, RunEnd, RunEvent, RunHeader, Status};
use crate::model::{HostIx, RoundIx, StepId, TaskIx};

/// Kept of each stream of a running step, in case it fails.
const FAILURE_BYTES: usize = 4 * 1024;
/// Kept where the output itself is what is wanted.
const SHOWN_BYTES: usize = 64 * 1024;

/// Everything shown of a run.
#[derive(Debug, Default)]
pub struct Board {
    /// The first event; empty before it.
    pub header: RunHeader,
    /// Whether the first event has been seen.
    pub begun: bool,
    /// The time of the first event, UTC ms.
    pub started_at: i64,
    /// The time of the latest event, UTC ms.
    pub at: i64,
    /// Rounds that began or were skipped.
    pub rounds: BTreeMap<RoundIx, RoundState>,
    /// Hosts of which anything was heard.
    pub hosts: BTreeMap<HostIx, HostState>,
    /// Executions of steps that were handed to their hosts and are not over.
    pub running: BTreeMap<(StepId, u32), Running>,
    /// Ended steps by status.
    pub counts: Counts,
    /// What is under way beside steps.
    pub flow: RunFlow,
    /// How often the run was asked to stop, 0 for never.
    pub interrupted: u8,
    /// The last event.
    pub end: Option<RunEnd>,
    /// The record's file, where a command that shows more must name it.
    pub db: Option<String>,
    /// Keep every step's output until it ends.
    keep_all: bool,
    pub(super) tails: OutputTail,
}

/// A round.
#[derive(Debug, Clone, Default)]
pub struct RoundState {
    /// When it began, UTC ms.
    pub started_at: Option<i64>,
    /// When it ended, UTC ms.
    pub ended_at: Option<i64>,
    /// Hosts that take part.
    pub hosts: Vec<HostIx>,
    /// Hosts that don't, by the reason.
    pub left_out: IndexMap<String, Vec<HostIx>>,
    /// Why it does not run at all.
    pub skipped: Option<String>,
    /// Its tasks of which a step has ended.
    pub tasks: BTreeMap<TaskIx, TaskState>,
    /// Its ended steps.
    pub counts: Counts,
    /// Batches, blocks, handlers.
    pub flow: RoundFlow,
}

/// A step handed to its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// When it was sent, or began, UTC ms.
    pub since: i64,
    /// Whether the host said that it began.
    pub began: bool,
    /// The host it runs on, where that is another.
    pub on: Option<HostIx>,
}

/// A host's connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    /// Not begun.
    #[default]
    None,
    /// On its way.
    Connecting,
    /// On its way after a refusal.
    Retrying,
    /// Open.
    Connected,
    /// Can't be reached: the kind of refusal and OpenSSH's own words.
    Unreachable(String, String),
    /// Was open and is gone: OpenSSH's own words.
    Lost(String),
}

/// A host over the whole run.
#[derive(Debug, Clone, Default)]
pub struct HostState {
    /// Its connection.
    pub link: Link,
    /// Since when that is so, UTC ms.
    pub since: i64,
    /// Its ended steps.
    pub counts: Counts,
}

impl HostState {
    /// Says whether it can't be reached or was lost.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.link, Link::Unreachable(..) | Link::Lost(_))
    }

    /// Says whether anything went wrong on it.
    #[must_use]
    pub fn in_trouble(&self) -> bool {
        self.is_gone() || [Status::Failed, Status::Unknown, Status::Unreachable].iter().any(|status| self.counts.of(*status) > 0)
    }
}

/// What an event meant beyond its own words.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A step ended.
    Ended {
        /// The group of equal ends that it joined, by its place in [`TaskState::ends`].
        group: usize,
        /// True where it is the first of that group.
        first: bool,
        /// True where the task has ended on every host of the round, or of its batch.
        done: bool,
        /// Its output, where every step's is wanted.
        text: Option<StepText>,
    },
    /// An execution of a step ended that need not be its last.
    Attempt {
        /// Where it is tried again: the attempt that then begins, of how many.
        retry: Option<(u32, u32)>,
        /// Its output.
        text: StepText,
    },
    /// A block failed and is tried again.
    Retry {
        /// The attempt that then begins, from 2.
        attempt: u32,
        /// How many there are at most.
        of: u32,
    },
    /// A block ended in a way worth telling.
    Block {
        /// True where it did so on no other host before.
        first: bool,
    },
    /// A question was answered.
    Answered {
        /// It.
        question: String,
    },
    /// Anything else.
    Other,
}

impl Board {
    /// An empty board; `keep_all`: hand out every step's output when it ends.
    #[must_use]
    pub fn new(keep_all: bool) -> Board {
        Board { keep_all, ..Board::default() }
    }

    /// Says where the run is recorded, for commands that must name it.
    #[must_use]
    pub fn in_record(self, db: Option<String>) -> Board {
        Board { db, ..self }
    }

    /// Takes one event in.
    pub fn fold(&mut self, event: &Event) -> Change {
        self.at = event.at;
        match &event.kind {
            RunEvent::RunStarted(header) => {
                self.header = (**header).clone();
                // The plan and the files' texts are for the record; they may be megabytes.
                self.header.plan = serde_json::Value::Null;
                self.header.inputs.iter_mut().for_each(|input| input.text = None);
                self.started_at = event.at;
                self.begun = true;
            }
            RunEvent::RoundStarted { round, hosts } => {
                let state = self.rounds.entry(*round).or_default();
                state.started_at = Some(event.at);
                state.hosts.clone_from(hosts);
                for host in hosts {
                    self.hosts.entry(*host).or_default();
                }
            }
            RunEvent::RoundEnded { round } => self.rounds.entry(*round).or_default().ended_at = Some(event.at),
            RunEvent::RoundSkipped { round, reason } => self.rounds.entry(*round).or_default().skipped = Some(reason.clone()),
            RunEvent::HostLeftOut { round, host, reason } => {
                self.rounds.entry(*round).or_default().left_out.entry(reason.clone()).or_default().push(*host);
            }
            RunEvent::HostConnecting { host } => self.linked(*host, Link::Connecting),
            RunEvent::HostRetrying { host, .. } => self.linked(*host, Link::Retrying),
            RunEvent::HostConnected { host, .. } => self.linked(*host, Link::Connected),
            RunEvent::HostUnreachable { host, class, message } => {
                self.linked(*host, Link::Unreachable(class.clone(), message.clone()));
            }
            RunEvent::HostLost { host, message } => self.linked(*host, Link::Lost(message.clone())),
            RunEvent::StepSent { step, attempt, on, .. } => {
                self.no_longer_retrying(*step);
                self.running.insert((*step, *attempt), Running { since: event.at, began: false, on: *on });
            }
            RunEvent::StepBegan { step, attempt } => {
                let on = self.running.get(&(*step, *attempt)).and_then(|running| running.on);
                self.running.insert((*step, *attempt), Running { since: event.at, began: true, on });
            }
            RunEvent::StepOutput { step, attempt, stream, data, .. } => {
                let limit = if self.keep_all || self.is_shown(*step) { SHOWN_BYTES } else { FAILURE_BYTES };
                self.tails.append(*step, *attempt, *stream, data, limit);
            }
            RunEvent::AttemptEnded { step, attempt, item, outcome, retry_ms } => {
                return self.attempt_ended((*step, *attempt), item.as_ref(), outcome, *retry_ms);
            }
            RunEvent::StepEnded { step, attempt, outcome } => return self.end_step(*step, *attempt, outcome),
            RunEvent::Interrupted { stage, .. } => {
                self.interrupted = self.interrupted.max(*stage);
                // Nobody waits for an answer any more.
                self.flow.asking.clear();
            }
            RunEvent::RunEnded(end) => self.end = Some(end.clone()),
            RunEvent::HostNote { .. } => {}
            RunEvent::BatchStarted { .. }
            | RunEvent::BatchPaused { .. }
            | RunEvent::Stopped { .. }
            | RunEvent::Asked { .. }
            | RunEvent::Answered { .. }
            | RunEvent::Notified { .. }
            | RunEvent::BlockEnded { .. } => return self.fold_flow(&event.kind),
        }
        Change::Other
    }

    fn end_step(&mut self, step: StepId, attempt: u32, outcome: &Outcome) -> Change {
        let items = self.take_items(step);
        let failed = matches!(outcome.status, Status::Failed | Status::Unknown);
        let shown = self.is_shown(step) && outcome.status != Status::Skipped;
        let mut text = if self.keep_all || failed || shown { self.tails.take(step, attempt) } else { StepText::default() };
        self.tails.forget(step, u32::MAX);
        // Of a step with items each has told its own.
        let all = (self.keep_all && items.phrase.is_none()).then(|| text.clone());
        if !items.shown.is_empty() {
            text = items.shown;
        }
        self.host(step.host).counts.add(outcome);
        self.counts.add(outcome);
        let round = self.rounds.entry(step.round).or_default();
        round.counts.add(outcome);
        if !matches!(outcome.status, Status::Unreachable | Status::Cancelled | Status::Unknown | Status::Undecided) && !outcome.blocked {
            round.flow.pending.remove(&(step.task, step.host));
        }
        let key = EndKey {
            status: outcome.status,
            reason: items.phrase.or_else(|| outcome.reason.clone()),
            allowed: outcome.allowed,
            rescued: false,
            blocked: outcome.blocked,
            before: outcome.carried.is_some(),
            answer: outcome.answer(),
            text,
            items: items.failed,
        };
        let mut done = None;
        if let Some(batch) = &mut round.flow.batch {
            let task = batch.tasks.entry(step.task).or_default();
            task.add(step.host, key.clone(), shown, outcome.duration_ms);
            done = Some(task.ended == batch.hosts.len());
        }
        let task = round.tasks.entry(step.task).or_default();
        let (group, first) = task.add(step.host, key, shown, outcome.duration_ms);
        Change::Ended { group, first, done: done.unwrap_or(task.ended == round.hosts.len()), text: all }
    }

    fn linked(&mut self, host: HostIx, link: Link) {
        let at = self.at;
        let state = self.host(host);
        // One that is tried again has been awaited since its first try.
        if !matches!((&state.link, &link), (Link::Connecting | Link::Retrying, Link::Connecting | Link::Retrying)) {
            state.since = at;
        }
        state.link = link;
    }

    fn host(&mut self, host: HostIx) -> &mut HostState {
        self.hosts.entry(host).or_default()
    }

    /// Says whether a step's output is what its task is for.
    pub(super) fn is_shown(&self, step: StepId) -> bool {
        self.is_exec() || self.verb(step.round, step.task) == "print"
    }

    /// Says whether this is one command on many hosts, not a playbook.
    #[must_use]
    pub fn is_exec(&self) -> bool {
        self.header.command == "exec"
    }

    /// A task's verb; empty for a task that the header does not know.
    #[must_use]
    pub fn verb(&self, round: RoundIx, task: TaskIx) -> &str {
        self.header.rounds.get(round.index()).and_then(|round| round.tasks.get(task.index())).map_or("", |task| &task.verb)
    }

    /// Steps that the run has, as far as is known: rounds that did not begin count with the hosts of the plan.
    #[must_use]
    pub fn total_steps(&self) -> usize {
        let entries = self.header.rounds.iter().enumerate();
        entries.map(|(index, entry)| self.steps_of(RoundIx::new(index), entry)).sum()
    }

    /// Steps of a round. Of handlers and `rescue` only those count that are known to run.
    fn steps_of(&self, round: RoundIx, entry: &RoundEntry) -> usize {
        let state = self.rounds.get(&round);
        if let Some(state) = state.filter(|state| state.ended_at.is_some()) {
            return state.counts.total();
        }
        let hosts = self.hosts_of(round, entry.hosts.len());
        let tasks = entry.tasks.iter().enumerate().map(|(index, task)| {
            let ix = TaskIx::new(index);
            let handler = task.section.as_deref() == Some("handlers");
            if !handler && !flow::around(entry, ix).any(|within| within.part == BlockPart::Rescue) {
                return hosts;
            }
            let Some(state) = state else { return 0 };
            let pending = state.flow.pending.keys().filter(|(handler, _)| *handler == ix).count();
            state.tasks.get(&ix).map_or(0, |task| task.ended) + pending
        });
        tasks.sum()
    }

    fn hosts_of(&self, round: RoundIx, planned: usize) -> usize {
        match self.rounds.get(&round) {
            Some(state) if state.skipped.is_some() => 0,
            Some(state) if state.started_at.is_some() => state.hosts.len(),
            _ if self.end.is_some() => 0,
            _ => planned,
        }
    }

    /// Rounds under way.
    pub fn open_rounds(&self) -> impl Iterator<Item = (RoundIx, &RoundState)> {
        self.rounds.iter().filter(|(_, round)| round.started_at.is_some() && round.ended_at.is_none()).map(|(ix, round)| (*ix, round))
    }

    /// Hosts of which any round has made use.
    #[must_use]
    pub fn hosts_seen(&self) -> usize {
        let seen: BTreeSet<HostIx> = self.rounds.values().flat_map(|round| round.hosts.iter().copied()).collect();
        seen.len()
    }

    /// Hosts that can't be reached or were lost.
    #[must_use]
    pub fn hosts_gone(&self) -> usize {
        self.hosts.values().filter(|host| host.is_gone()).count()
    }

    /// Hosts on which a block failed and its `rescue` made up for that.
    #[must_use]
    pub fn hosts_rescued(&self) -> usize {
        let hosts: BTreeSet<HostIx> = self.rounds.values().flat_map(|round| round.flow.rescued.iter().copied()).collect();
        hosts.len()
    }

    /// A host's name; its number where the header does not know it.
    #[must_use]
    pub fn host_name(&self, host: HostIx) -> String {
        self.header.hosts.get(host.index()).map_or_else(|| format!("host #{}", host.0), |entry| entry.name.clone())
    }
}
