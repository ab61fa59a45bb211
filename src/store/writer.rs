//! Writes one run into the record.
//!
//! One thread owns the connection. It takes what is queued, appends it in one transaction, and after the commit, which
//! is synced, calls every `done` in order. When the record fails, that batch and all later ones go to the spill file
//! and every `done` hears of it; nothing is tried on the record again, so its log has no gap inside.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::TransactionBehavior;

use super::error::StoreError;
use super::lock::RunLock;
use super::log::{self, AppendError};
use super::open::Store;
use super::spill::Spill;
use crate::event::{Data, Done, Event, Journal, JournalError, RunEvent, RunHeader};

/// A transaction grows no further than so many events or bytes of output, so that other processes get their turn.
const MOST_EVENTS: usize = 4096;
const MOST_BYTES: usize = 8 << 20;

/// The writer of a run; dropped, it writes what is queued and ends.
#[derive(Debug)]
pub struct Writer {
    handle: WriterHandle,
    thread: Option<JoinHandle<Result<(), JournalError>>>,
}

/// A way to append that can be handed on while someone else keeps the [`Writer`] to finish it.
#[derive(Debug, Clone)]
pub struct WriterHandle {
    sender: Sender<Message>,
}

enum Message {
    Append(Vec<Event>, Answer),
    Finish,
}

/// A `done` that is called whatever happens: dropped, it says that the events were not recorded.
struct Answer(Option<Done>);

impl Answer {
    fn give(mut self, result: Result<(), JournalError>) {
        self.call(result);
    }

    fn call(&mut self, result: Result<(), JournalError>) {
        if let Some(done) = self.0.take() {
            // A panic of the caller's must not end the record; the panic hook has told of it.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| done(result)));
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.call(Err(closed()));
    }
}

impl Writer {
    pub(super) fn start(store: Store, run: &RunHeader) -> Result<Writer, StoreError> {
        // A record that can't be written is better known before the first connection than after.
        store.connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").map_err(|error| store.error(error))?;
        store.connection.busy_timeout(store.patience).map_err(|error| store.error(error))?;
        let lock = RunLock::take(&store.path, &run.run)?;
        let spill = Spill::new(&store.path, &run.run);
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || Thread { store, lock, spill, run: None, failed: None, ended: false }.work(&receiver))
            .map_err(|error| StoreError::Thread { message: error.to_string() })?;
        Ok(Writer { handle: WriterHandle { sender }, thread: Some(thread) })
    }

    /// A way to append for someone else.
    #[must_use]
    pub fn handle(&self) -> WriterHandle {
        self.handle.clone()
    }

    /// Writes what is queued, ends the thread, and folds the write-ahead file into the record.
    ///
    /// # Errors
    /// Where any event of the run did not get into the record.
    pub fn finish(mut self) -> Result<(), JournalError> {
        self.join()
    }

    fn join(&mut self) -> Result<(), JournalError> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        // Refused only by a thread that is gone already.
        let _ = self.handle.sender.send(Message::Finish);
        thread.join().unwrap_or_else(|_| Err(closed()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Every `done` has heard of a failure.
        let _ = self.join();
    }
}

impl Journal for Writer {
    fn append(&self, events: Vec<Event>, done: Done) {
        self.handle.append(events, done);
    }
}

impl Journal for WriterHandle {
    fn append(&self, events: Vec<Event>, done: Done) {
        // A message that the thread does not take is dropped, and so answered.
        let _ = self.sender.send(Message::Append(events, Answer(Some(done))));
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Message::Append(events, _) => write!(f, "Append({} events)", events.len()),
            Message::Finish => f.write_str("Finish"),
        }
    }
}

fn closed() -> JournalError {
    JournalError::Failed { reason: "its writer has ended".to_owned(), spilled_to: None }
}

struct Thread {
    store: Store,
    lock: RunLock,
    spill: Spill,
    run: Option<i64>,
    failed: Option<Failure>,
    ended: bool,
}

/// Why the record takes no more, and the last file that took events instead.
struct Failure {
    reason: String,
    spilled_to: Option<PathBuf>,
}

impl Failure {
    fn told(&self) -> JournalError {
        JournalError::Failed { reason: self.reason.clone(), spilled_to: self.spilled_to.clone() }
    }
}

impl Thread {
    fn work(mut self, receiver: &Receiver<Message>) -> Result<(), JournalError> {
        let mut going = true;
        while going {
            let Ok(first) = receiver.recv() else { break };
            let mut batch = Batch::default();
            going = batch.take(first);
            while going && !batch.is_full() {
                let Ok(next) = receiver.try_recv() else { break };
                going = batch.take(next);
            }
            self.write(batch);
        }
        self.end()
    }

    fn write(&mut self, mut batch: Batch) {
        if self.failed.is_none()
            && let Err(error) = self.commit(&mut batch.events)
        {
            let reason = match error {
                AppendError::Sqlite(error) => self.store.error(error).reason(),
                other => other.to_string(),
            };
            tracing::error!(%reason, "the record failed");
            self.failed = Some(Failure { reason, spilled_to: None });
        }
        let result = match &mut self.failed {
            None => Ok(()),
            Some(_) if batch.events.is_empty() && batch.dones.is_empty() => return,
            Some(failure) => {
                failure.spilled_to = self.spill.write(&batch.events);
                Err(failure.told())
            }
        };
        for done in batch.dones {
            done.give(result.clone());
        }
    }

    /// Appends events in one transaction; on failure, none of them.
    fn commit(&mut self, events: &mut [Event]) -> Result<(), AppendError> {
        if events.is_empty() {
            return Ok(());
        }
        let transaction = self.store.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut run = self.run;
        log::append(&transaction, &mut run, events)?;
        transaction.commit()?;
        self.run = run;
        self.ended |= events.iter().any(|event| matches!(event.kind, RunEvent::RunEnded(_)));
        Ok(())
    }

    fn end(self) -> Result<(), JournalError> {
        // As far as readers allow; what stays in the write-ahead file is as durable there.
        let _ = self.store.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err((_, error)) = self.store.connection.close() {
            tracing::warn!(%error, "the record was not closed in order");
        }
        // Without its end in the record the run stays one that was abandoned; its free lock says so.
        if self.ended {
            self.lock.remove();
        }
        self.failed.map_or(Ok(()), |failure| Err(failure.told()))
    }
}

#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    dones: Vec<Answer>,
    bytes: usize,
}

impl Batch {
    /// Takes a message in; false for the last one.
    fn take(&mut self, message: Message) -> bool {
        let Message::Append(mut events, done) = message else { return false };
        self.bytes += events.iter().map(weight).sum::<usize>();
        self.events.append(&mut events);
        self.dones.push(done);
        true
    }

    fn is_full(&self) -> bool {
        self.events.len() >= MOST_EVENTS || self.bytes >= MOST_BYTES
    }
}

fn weight(event: &Event) -> usize {
    match &event.kind {
        RunEvent::StepOutput { data: Data::Text(text) | Data::Base64(text), .. } => text.len(),
        _ => 0,
    }
}
