//! The run: who does what when, and what became of it.
//!
//! [`run`] takes a plan, the means to reach hosts ([`crate::transport::Hub`]), a place for the record
//! ([`crate::event::Journal`]) and those who tell people ([`crate::event::EventSink`]), and ends when every round has.
//!
//! - `dispatcher` is the one loop that owns the run's state (`state`), hears hosts, record and signals, and makes events;
//!   `rounds`, `steps` and `advance` are its decisions about rounds, outcomes, and what to hand out next.
//! - `look` is what a dry run does in place of acting, `approve` holds a run to a saved plan.
//! - `worker` is one task per host that owns its session and lanes; `words` is what it and the dispatcher say; `bulk` carries
//!   large files.
//! - `resumed` takes what an earlier run got done in place of doing it.
//! - `settle` decides what becomes of steps whose session was lost and opened again.
//! - `recorder` numbers and masks events, and holds back what follows from an event until the record has it.
//! - `request` turns prepared steps into requests, `judge` turns their ends into outcomes, `output` keeps what they print,
//!   `results` what templates may read of it, `control` does verbs that need no host.
//!
//! Knows nothing of files, SQLite or screens.

mod advance;
mod approve;
mod ask;
mod batches;
mod blocks;
mod bulk;
mod control;
mod dispatcher;
mod durable;
mod fold;
mod gates;
mod handlers;
mod hear;
mod host_lock;
mod judge;
mod launch;
mod leave;
mod local_files;
mod look;
mod lost;
mod once;
mod output;
mod overdue;
mod recorder;
mod request;
mod restrain;
mod results;
mod resumed;
mod rounds;
mod seats;
mod settle;
mod shape;
mod state;
mod steps;
mod stop;
mod streams;
mod timers;
mod units;
mod words;
mod worker;

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::event::{EventSink, Journal, JournalError, Redactor, RunEnd, RunHeader};
use crate::model::{Inventory, Playbook};
use crate::plan::{Carried, ControllerInfo, Plan};
use crate::template::Engine;
use crate::transport::Hub;

pub use approve::Approvals;
pub use ask::{Answer, Question};
pub use local_files::{LocalFile, LocalFiles};
pub use output::OUTPUT_LIMIT;
pub use recorder::Clock;
pub use resumed::Owed;
pub use seats::host_target;
pub use settle::tag as journal_tag;

/// Everything a run is made from.
pub struct RunInputs {
    /// What to do.
    pub playbook: Arc<Playbook>,
    /// The hosts.
    pub inventory: Arc<Inventory>,
    /// In which order, and why.
    pub plan: Arc<Plan>,
    /// The compiled templates.
    pub engine: Arc<Engine>,
    /// The way to the hosts.
    pub hub: Hub,
    /// The files to send, as far as they were looked at.
    pub files: LocalFiles,
    /// The record.
    pub journal: Box<dyn Journal>,
    /// Those who tell people.
    pub sinks: Vec<Box<dyn EventSink>>,
    /// The secrets that must not leave the run.
    pub redactor: Redactor,
    /// The first event.
    pub header: RunHeader,
    /// `controller`, as templates see it.
    pub controller: ControllerInfo,
    /// UTC in milliseconds since 1970.
    pub clock: Clock,
    /// Wishes to stop; each counts.
    pub interrupts: mpsc::Receiver<Interrupt>,
    /// To find out what would be done, and to change nothing.
    pub dry: Option<DryRun>,
    /// What a saved plan allows each step to do; none: whatever the playbook says.
    pub approved: Option<Approvals>,
    /// What is carried over from the run that this one resumes.
    pub carried: Option<Carried>,
    /// Handlers that an earlier run of the playbook left pending.
    pub owed: Vec<Owed>,
    /// Who answers questions for yes or no; none: nobody can.
    pub asker: Option<mpsc::Sender<Question>>,
}

/// How a dry run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DryRun {
    /// The exit code where nothing failed and a run would change something.
    pub drift_code: u8,
}

/// Somebody wants the run to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// SIGINT: Ctrl-C.
    Int,
    /// SIGTERM.
    Term,
    /// SIGHUP: the terminal is gone.
    Hup,
}

/// How a run went.
#[derive(Debug)]
pub struct RunReport {
    /// The last event.
    pub end: RunEnd,
    /// Whether the record has all of it.
    pub record: Result<(), JournalError>,
}

fn unanswered() -> JournalError {
    JournalError::Failed { reason: "it gave no answer in time".to_owned(), spilled_to: None }
}

/// Runs a plan to its end. Never fails: what goes wrong on hosts is in the events, what goes wrong with the record in
/// the report.
pub async fn run(inputs: RunInputs) -> RunReport {
    dispatcher::dispatch(inputs).await
}
