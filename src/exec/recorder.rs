//! Events on their way: numbered, masked, appended to the record, and only then told.
//!
//! The dispatcher [`Recorder::emit`]s events with the effects that must wait for them, and [`Recorder::flush`]es once
//! a turn, so that whatever happened together shares a transaction. When the record has a batch, its number comes
//! back through a channel; [`Recorder::committed`] then tells the sinks and gives the effects back to be done.
//! What was shown or acted upon is therefore always in the record.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::event::{Data, Event, EventSink, Journal, JournalError, Redactor, RunEvent, RunHeader};

/// Gives UTC in milliseconds since 1970.
pub type Clock = Box<dyn Fn() -> i64 + Send>;

/// What the record said of one batch.
pub(super) type Commit = Result<(), JournalError>;

/// Beyond this many events that the record has yet to take, the dispatcher reads nothing more from its hosts; and beyond
/// this many bytes of output in them, since a piece of output is large.
const OUTSTANDING: usize = 4096;
const OUTSTANDING_BYTES: usize = 16 * 1024 * 1024;

/// Owns the stream of events; `E` is what the dispatcher does once an event is durable.
pub(super) struct Recorder<E> {
    journal: Box<dyn Journal>,
    sinks: Vec<Box<dyn EventSink>>,
    redactor: Redactor,
    clock: Clock,
    seq: u64,
    pending: Vec<Event>,
    effects: Vec<E>,
    batches: VecDeque<(Vec<Event>, Vec<E>)>,
    outstanding: usize,
    outstanding_bytes: usize,
    commits: mpsc::UnboundedSender<Commit>,
    failure: Option<JournalError>,
    no_start: bool,
}

impl<E> Recorder<E> {
    /// Makes one, with the channel on which the record's answers come.
    pub(super) fn new(
        journal: Box<dyn Journal>,
        sinks: Vec<Box<dyn EventSink>>,
        redactor: Redactor,
        clock: Clock,
    ) -> (Recorder<E>, mpsc::UnboundedReceiver<Commit>) {
        let (commits, answers) = mpsc::unbounded_channel();
        let recorder = Recorder {
            journal,
            sinks,
            redactor,
            clock,
            seq: 0,
            pending: Vec::new(),
            effects: Vec::new(),
            batches: VecDeque::new(),
            outstanding: 0,
            outstanding_bytes: 0,
            commits,
            failure: None,
            no_start: false,
        };
        (recorder, answers)
    }

    /// The time of now.
    pub(super) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Masks secrets in a text that is not an event of its own yet.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Takes an event; it leaves with the next flush.
    pub(super) fn emit(&mut self, kind: RunEvent) {
        let mut kind = kind;
        self.redactor.mask_event(&mut kind);
        log(self.seq, &kind);
        self.pending.push(Event { seq: self.seq, at: self.now(), kind });
        self.seq += 1;
    }

    /// Remembers what is to be done once everything emitted so far is durable.
    pub(super) fn then(&mut self, effect: E) {
        self.effects.push(effect);
    }

    /// Hands what was emitted to the record, as one batch.
    pub(super) fn flush(&mut self) {
        if self.pending.is_empty() && self.effects.is_empty() {
            return;
        }
        let events = std::mem::take(&mut self.pending);
        let commits = self.commits.clone();
        self.outstanding += events.len();
        self.outstanding_bytes += output_bytes(&events);
        self.batches.push_back((events.clone(), std::mem::take(&mut self.effects)));
        self.journal.append(
            events,
            Box::new(move |result| {
                // The receiver is gone only when the run is over.
                let _ = commits.send(result);
            }),
        );
    }

    /// Tells the sinks of the oldest batch and gives back its effects.
    pub(super) fn committed(&mut self, commit: Commit) -> Vec<E> {
        let batch = self.batches.pop_front();
        if let Err(error) = commit
            && self.failure.is_none()
        {
            self.failure = Some(error);
            self.no_start = batch.as_ref().and_then(|(events, _)| events.first()).is_some_and(|event| event.seq == 0);
        }
        let Some((events, effects)) = batch else { return Vec::new() };
        tracing::trace!(to = events.last().map(|event| event.seq), "recorded");
        self.outstanding -= events.len();
        self.outstanding_bytes -= output_bytes(&events);
        for event in &events {
            for sink in &mut self.sinks {
                sink.event(event);
            }
        }
        effects
    }

    /// Says whether the record is so far behind that nothing more should be taken in.
    pub(super) fn is_behind(&self) -> bool {
        self.outstanding > OUTSTANDING || self.outstanding_bytes > OUTSTANDING_BYTES
    }

    /// Says whether everything emitted has been answered.
    pub(super) fn is_idle(&self) -> bool {
        self.batches.is_empty() && self.pending.is_empty() && self.effects.is_empty()
    }

    /// Why the record can no longer be written, once that is so.
    pub(super) fn failure(&self) -> Option<&JournalError> {
        self.failure.as_ref()
    }

    /// Says whether the record did not even take the run's first event.
    pub(super) fn has_no_start(&self) -> bool {
        self.no_start
    }

    /// Lets the sinks redraw.
    pub(super) fn tick(&mut self) {
        for sink in &mut self.sinks {
            sink.tick();
        }
    }
}

/// Puts a masked event into the debug log, what is long in it left out: the record has it.
fn log(seq: u64, kind: &RunEvent) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    match kind {
        RunEvent::RunStarted(header) => {
            let RunHeader { run, version, argv, cwd, user, controller, .. } = &**header;
            tracing::info!(seq, run, version, ?argv, cwd, user, controller, "run_started");
        }
        RunEvent::StepOutput { step, stream, offset, data, .. } => {
            let (round, task, host) = (step.round.0, step.task.0, step.host.0);
            tracing::debug!(seq, round, task, host, ?stream, offset, bytes = data.bytes().len(), "step_output");
        }
        other => {
            let mut what = serde_json::to_value(other).unwrap_or_default();
            what.as_object_mut().and_then(|what| what.remove("event"));
            tracing::debug!(seq, %what, "{}", other.word());
        }
    }
}

fn output_bytes(events: &[Event]) -> usize {
    let bytes = |event: &Event| match &event.kind {
        RunEvent::StepOutput { data: Data::Text(text) | Data::Base64(text), .. } => text.len(),
        _ => 0,
    };
    events.iter().map(bytes).sum()
}
