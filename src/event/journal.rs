//! The two ends of the stream: the record, then those who tell people.

use super::Event;

/// Why the record did not take events.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// It can't be written now (full disk, lost device); the events went to the named file, or nowhere.
    #[error("the record can't be written: {reason}")]
    Failed {
        /// SQLite's or the system's words.
        reason: String,
        /// The file that holds the events instead, where one could be written.
        spilled_to: Option<std::path::PathBuf>,
    },
}

impl JournalError {
    /// Where the rest is.
    #[must_use]
    pub fn hint(&self) -> String {
        let JournalError::Failed { spilled_to, .. } = self;
        match spilled_to {
            Some(path) => format!("nothing is lost: {} has the events that the record lacks, as JSON lines", path.display()),
            None => "no other folder took the events that the record lacks: they are lost".to_owned(),
        }
    }
}

/// Called once, when events are durable or can't be.
pub type Done = Box<dyn FnOnce(Result<(), JournalError>) + Send>;

/// The record, as a run sees it.
pub trait Journal: Send {
    /// Appends events in order, and calls `done` from any thread once they are on disk.
    ///
    /// Never blocks. Events of several calls may share a transaction; their `done`s come in order. Callers bound what
    /// is outstanding.
    fn append(&self, events: Vec<Event>, done: Done);
}

/// A record of nothing: each event counts as recorded at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn append(&self, _events: Vec<Event>, done: Done) {
        done(Ok(()));
    }
}

/// Something that is told of events after the record has them.
pub trait EventSink: Send {
    /// Takes one event, in order of `seq`. Must not block for long: it runs in the dispatcher's loop.
    fn event(&mut self, event: &Event);

    /// Draws what changes with time alone; called a few times a second while the run lasts.
    fn tick(&mut self) {}
}
