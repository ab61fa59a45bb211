//! `history` and `show`: runs again, from the record alone.

use std::path::{Path, PathBuf};

use super::AppError;
use crate::event::{Event, RunEvent, Status};
use crate::report;
use crate::store::{OpenMode, RunFilter, RunState, Store, StoreError, default_path};

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
    Store::open(&path, OpenMode::Read).map_err(|error| match (error, db) {
        (StoreError::Missing { path }, None) => AppError::NoRecord { near: records_below(Path::new(".")), path },
        (error, _) => error.into(),
    })
}

/// Says whether a command that is run in the working folder finds this record by itself.
#[must_use]
pub fn is_found_from_here(record: &Path) -> bool {
    let found = default_path(Path::new("."));
    std::path::absolute(record).is_ok_and(|record| record == found)
}

/// Records in folders of `folder`: a playbook outside any project keeps its record beside itself.
fn records_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let records = entries.map(|entry| PathBuf::from(entry.file_name()).join(".roundsman/record.db"));
    let mut records: Vec<PathBuf> = records.filter(|record| folder.join(record).is_file()).collect();
    records.sort();
    records
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
                command: row.command.clone(),
                started_at: row.started_at,
                playbook: row.playbook.clone(),
                status,
                exit_code,
                duration_ms,
                hosts: row.hosts,
                changed: count(Status::Changed),
                failed: count(Status::Failed).saturating_sub(row.allowed),
                unreachable: count(Status::Unreachable),
                run: row.id.clone(),
            }
        })
        .collect())
}

/// The plan that a recorded run was made from; nothing where the record lacks its beginning.
#[must_use]
pub fn plan_of(past: &Past) -> serde_json::Value {
    let header = past.events.iter().find_map(|event| match &event.kind {
        RunEvent::RunStarted(header) => Some(header),
        _ => None,
    });
    header.map(|header| header.plan.clone()).unwrap_or_default()
}

/// Finds a run by its number, its id or the beginning of one, or none for the last, and reads its events.
///
/// # Errors
/// Where there is no such run, or several, or the record can't be read.
pub fn find_run(store: &Store, wanted: Option<&str>) -> Result<Past, AppError> {
    let row = store.find(wanted.unwrap_or("last"))?;
    Ok(Past { events: store.events(row.number)?, run: row.id, record: store.path().to_owned() })
}
