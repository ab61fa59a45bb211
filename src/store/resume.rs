//! Questions for a run that is to be resumed: what it and those before it got done, and what earlier runs owe.

use rusqlite::OptionalExtension as _;

use super::error::StoreError;
use super::lock::RunLock;
use super::open::Store;
use super::rows::RunRow;
use crate::event::PastRun;

/// Keeps a run from being resumed twice at once, until it is dropped.
#[derive(Debug)]
pub struct Hold {
    _lock: RunLock,
}

/// A handler that was notified and has not run since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingHandler {
    /// The id of the run that notified it.
    pub run: String,
    /// The host's name.
    pub host: String,
    /// The round's id.
    pub round: String,
    /// The handler's id, or its name.
    pub handler: String,
}

impl Store {
    /// Folds a run and those that it goes on with, the oldest first.
    ///
    /// # Errors
    /// Where the record can't be read, or has one of them no more.
    pub fn chain(&self, run: &RunRow) -> Result<Vec<PastRun>, StoreError> {
        let mut runs = Vec::new();
        let mut number = run.number;
        loop {
            let mut past = PastRun::default();
            self.replay(number, |event| past.fold(&event))?;
            let before = past.header.as_ref().and_then(|header| header.resumes.as_ref()).map(|resumes| resumes.run.clone());
            runs.push(past);
            let Some(before) = before else { break };
            number = self.find(&before)?.number;
        }
        runs.reverse();
        Ok(runs)
    }

    /// The run that has gone on with another, the latest; none where nobody has.
    ///
    /// # Errors
    /// Where the record can't be read.
    pub fn resumed_by(&self, run: &RunRow) -> Result<Option<RunRow>, StoreError> {
        let query = "SELECT id FROM run WHERE resumes = ?1 AND command = 'run' ORDER BY number DESC LIMIT 1";
        let found = self.connection.query_row(query, [&run.id], |row| row.get::<_, String>(0)).optional();
        found.map_err(|error| self.error(error))?.map(|id| self.find(&id)).transpose()
    }

    /// Keeps a run that is over for whoever resumes it.
    ///
    /// # Errors
    /// [`StoreError::Held`] where it goes on, or another resumes it.
    pub fn hold(&self, run: &RunRow) -> Result<Hold, StoreError> {
        Ok(Hold { _lock: RunLock::take(&self.path, &run.id)? })
    }

    /// The handlers that runs of a playbook left pending, the oldest first.
    ///
    /// # Errors
    /// Where the record can't be read.
    pub fn pending(&self, playbook_id: &str) -> Result<Vec<PendingHandler>, StoreError> {
        let rows = || {
            let mut statement = self.connection.prepare_cached(
                "SELECT run.id, pending.host, pending.round, pending.handler FROM pending_notifications AS pending
                 JOIN run ON run.number = pending.run WHERE pending.playbook_id = ?1",
            )?;
            let row = |row: &rusqlite::Row<'_>| {
                Ok(PendingHandler { run: row.get(0)?, host: row.get(1)?, round: row.get(2)?, handler: row.get(3)? })
            };
            let rows = statement.query_map([playbook_id], row)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        rows().map_err(|error| self.error(error))
    }
}
