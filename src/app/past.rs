//! `history` and `show`: runs again, from the record alone.

use std::path::{Path, PathBuf};

use super::AppError;
use crate::event::{Event, Status};
use crate::report;
use crate::store::{OpenMode, RunFilter, RunState, Store, default_path};

/// A recorded run.
#[derive(Debug)]
pub struct Past {
    /// Its id.
    pub run: String,
    /// Its events, as they were.
    pub events: Vec<Event>,
    /// The record.
    pub record: PathBuf,
}

/// Opens the record for reading.
///
/// # Errors
/// Where there is none, or it can't be read.
pub fn open_record(db: Option<&Path>) -> Result<Store, AppError> {
    let path = db.map_or_else(|| default_path(Path::new(".")), Path::to_owned);
    Ok(Store::open(&path, OpenMode::Read)?)
}

/// Lists the newest runs, the latest first.
///
/// # Errors
/// Where the record can't be read.
pub fn history(store: &Store, most: usize) -> Result<Vec<report::RunRow>, AppError> {
    let rows = store.runs(&RunFilter { limit: Some(most), ..RunFilter::default() })?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let count = |status| row.counts.get(&status).copied().unwrap_or(0);
            let (status, exit_code, duration_ms) = match &row.state {
                RunState::Ended(end) => (Some(end.status.clone()), Some(end.exit_code), Some(end.duration_ms)),
                RunState::Running => (Some("running".to_owned()), None, None),
                RunState::Abandoned => (Some("abandoned".to_owned()), None, None),
            };
            report::RunRow {
                started_at: row.started_at,
                playbook: if row.command == "exec" { format!("exec: {}", row.playbook) } else { row.playbook.clone() },
                status,
                exit_code,
                duration_ms,
                hosts: row.hosts,
                changed: count(Status::Changed),
                failed: count(Status::Failed),
                unreachable: count(Status::Unreachable),
                run: row.id.clone(),
            }
        })
        .collect())
}

/// Finds a run by its number, its id or the beginning of one, or none for the last, and reads its events.
///
/// # Errors
/// Where there is no such run, or several, or the record can't be read.
pub fn find_run(store: &Store, wanted: Option<&str>) -> Result<Past, AppError> {
    let row = store.find(wanted.unwrap_or("last"))?;
    Ok(Past { events: store.events(row.number)?, run: row.id, record: store.path().to_owned() })
}
