//! The record: what every run did, in one SQLite file.
//!
//! A run's events come in through [`Writer`], which is the [`Journal`](crate::event::Journal) of a run: one thread
//! owns the connection, appends each event to the log and brings the derived rows up to date in the same transaction.
//! Events go out again through [`Store::events`], exactly as they were appended, and rows through the other queries.
//! `docs/record.md` describes the tables and views for people with `sqlite3`.
//!
//! Knows nothing of SSH, of playbooks as files, or of how a run is shown.

mod derive;
mod durations;
mod error;
mod lock;
mod log;
mod migrate;
mod open;
mod path;
mod query;
mod resume;
mod rows;
mod spill;
mod steps;
mod writer;

#[cfg(test)]
mod tests;

pub use durations::{Durations, TaskDurations};
pub use error::StoreError;
pub use migrate::VERSION;
pub use open::{OpenMode, Store};
pub use path::default_path;
pub use resume::{Hold, PendingHandler};
pub use rows::{OutputPiece, RunFilter, RunRow, RunState, StepFilter, StepRow, StepStatus};
pub use writer::{Writer, WriterHandle};
