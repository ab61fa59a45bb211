//! What happens in a run, as one ordered stream of plain data.
//!
//! The dispatcher of `exec` is the only one that makes events. They are masked here, appended to the [`Journal`]
//! (the record), and only when that has them handed to the [`EventSink`]s: screen, JSON lines. A stored run gives
//! the same events again, so whatever shows a run can show it later.
//!
//! Knows nothing of tokio, SQLite or the screen. The JSON form is public and versioned by [`FORMAT`].

mod forecast;
mod header;
mod journal;
mod outcome;
mod past;
mod redact;
mod resumes;
mod run;
mod summary;

pub use forecast::{Answer, Difference, Forecast};
pub use header::{BlockEntry, BlockPart, GitState, HostEntry, InputFile, RoundEntry, RunHeader, TaskEntry, Within};
pub use journal::{Done, EventSink, Journal, JournalError, NoJournal};
pub use outcome::{Outcome, OutputInfo, Status, Stream};
pub use past::{Cleaned, Open, PastEnd, PastRun, PastStep, PastTurn};
pub use redact::{MASK, Redactor};
pub use resumes::{Resumes, RunSources, Settled, SettledEnd};
pub use run::{BlockStatus, Data, Event, ItemLabel, RunEnd, RunEvent};
pub use summary::{HostSummary, RunSummary, StepState};

/// The version of the JSON form of events.
pub const FORMAT: u32 = 1;
