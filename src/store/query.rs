//! Questions about runs: which there are, which one is meant, what happened in it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension as _, Row, params_from_iter};

use super::error::StoreError;
use super::lock;
use super::log::{self, ReadError};
use super::open::Store;
use super::rows::{RunFilter, RunRow, RunState};
use crate::event::{Event, GitState, RunEnd, Status};

/// How many ids an ambiguous prefix is answered with.
const MOST_IDS: usize = 5;

const RUN: &str = "SELECT number, id, command, playbook_id, playbook, version, argv, controller, user, cwd, git_commit, git_dirty,
    started_at, last_at, status, exit_code, duration_ms,
    (SELECT count(*) FROM run_host WHERE run_host.run = run.number AND (run_host.state <> 'waiting' OR run_host.host IN
        (SELECT round_host.host FROM round_host WHERE round_host.run = run.number AND round_host.state = 'in'))) FROM run";

impl Store {
    /// Lists runs, the newest first.
    ///
    /// # Errors
    /// Where the record can't be read.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
        let mut wheres = Vec::new();
        let mut values = Vec::new();
        if let Some(command) = &filter.command {
            wheres.push("command = ?");
            values.push(Sql::from(command.clone()));
        }
        if let Some(playbook) = &filter.playbook {
            wheres.push("playbook_id = ?");
            values.push(Sql::from(playbook.clone()));
        }
        if let Some(host) = &filter.host {
            wheres.push("EXISTS (SELECT 1 FROM run_host WHERE run_host.run = run.number AND run_host.name = ?)");
            values.push(Sql::from(host.clone()));
        }
        if let Some(since) = filter.since {
            wheres.push("started_at >= ?");
            values.push(Sql::from(since));
        }
        let wheres = if wheres.is_empty() { String::new() } else { format!(" WHERE {}", wheres.join(" AND ")) };
        // SQLite takes a negative limit as none.
        let limit = filter.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        values.push(Sql::from(limit));
        self.run_rows(&format!("{RUN}{wheres} ORDER BY number DESC LIMIT ?"), values)
    }

    /// Finds the run that a person means: `last`, a number, an id, or the beginning of one.
    ///
    /// # Errors
    /// [`StoreError::NoRun`] and [`StoreError::Ambiguous`]; or the record can't be read.
    pub fn find(&self, which: &str) -> Result<RunRow, StoreError> {
        let missing = || StoreError::NoRun { path: self.path.clone(), which: which.to_owned() };
        if which == "last" {
            return self.runs(&RunFilter { limit: Some(1), ..RunFilter::default() })?.pop().ok_or_else(missing);
        }
        // An id's beginning may be all digits; the number is what people see in the list, so it goes first.
        if let Ok(number) = which.parse::<i64>()
            && let Some(run) = self.run_rows(&format!("{RUN} WHERE number = ?"), vec![Sql::from(number)])?.pop()
        {
            return Ok(run);
        }
        if which.is_empty() || !which.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(missing());
        }
        let like = Sql::from(format!("{which}%"));
        let mut found = self.run_rows(&format!("{RUN} WHERE id LIKE ? ORDER BY number DESC LIMIT ?"), vec![like, Sql::from(100)])?;
        if let Some(exact) = found.iter().position(|run| run.id.eq_ignore_ascii_case(which)) {
            return Ok(found.swap_remove(exact));
        }
        match found.len() {
            0 => Err(missing()),
            1 => found.pop().ok_or_else(missing),
            _ => {
                let ids = found.into_iter().take(MOST_IDS).map(|run| run.id).collect();
                Err(StoreError::Ambiguous { which: which.to_owned(), ids })
            }
        }
    }

    /// Gives a run's events again, exactly as they were appended.
    ///
    /// # Errors
    /// Where the record can't be read, or holds what this program does not know.
    pub fn events(&self, run: i64) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        self.replay(run, |event| events.push(event))?;
        Ok(events)
    }

    /// Gives a run's events again one by one, so that a large one need not fit into memory.
    ///
    /// # Errors
    /// As [`Store::events`]; what came before the trouble has been handed over.
    pub fn replay(&self, run: i64, mut each: impl FnMut(Event)) -> Result<(), StoreError> {
        let read = log::read(&self.connection, run, |event| {
            each(event);
            ControlFlow::<()>::Continue(())
        });
        match read {
            Ok(_) => Ok(()),
            Err(ReadError::Sqlite(error)) => Err(self.error(error)),
            Err(error) => Err(StoreError::Unreadable { path: self.path.clone(), message: error.to_string() }),
        }
    }

    fn run_rows(&self, sql: &str, values: Vec<Sql>) -> Result<Vec<RunRow>, StoreError> {
        let rows = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params_from_iter(values), run_row)?;
            rows.collect::<rusqlite::Result<Vec<(RunRow, Option<RunEnd>)>>>()
        };
        let rows = rows().map_err(|error| self.error(error))?;
        rows.into_iter().map(|(run, end)| self.complete(run, end)).collect()
    }

    /// Adds what the row alone does not tell: whether its process lives, and its steps.
    fn complete(&self, mut run: RunRow, end: Option<RunEnd>) -> Result<RunRow, StoreError> {
        run.state = match end {
            Some(end) => RunState::Ended(end),
            None if lock::is_held(&self.path, &run.id) => RunState::Running,
            None => self.gone(run.number)?,
        };
        let over = run.state != RunState::Running;
        let counts = || {
            let mut statement = self
                .connection
                .prepare_cached("SELECT status, count(*), sum(allowed AND status = 'failed') FROM step WHERE run = ?1 GROUP BY status")?;
            let rows = statement.query_map([run.number], |row| {
                Ok((row.get::<_, Option<String>>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<i64>>(2)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        for (status, count, allowed) in counts().map_err(|error| self.error(error))? {
            let count = usize::try_from(count).unwrap_or(0);
            let status = match status {
                Some(word) => status_of(&word),
                None if over => Status::Unknown,
                None => continue,
            };
            *run.counts.entry(status).or_default() += count;
            run.allowed += usize::try_from(allowed.unwrap_or(0)).unwrap_or(0);
        }
        Ok(run)
    }

    /// Looks at a run once more that had no end and holds no lock: it may have ended between the two looks.
    fn gone(&self, run: i64) -> Result<RunState, StoreError> {
        let end = self
            .connection
            .query_row("SELECT status, exit_code, duration_ms FROM run WHERE number = ?1 AND status IS NOT NULL", [run], |row| {
                end_of(row, 0)
            })
            .optional()
            .map_err(|error| self.error(error))?;
        Ok(end.map_or(RunState::Abandoned, RunState::Ended))
    }
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<(RunRow, Option<RunEnd>)> {
    let status: Option<String> = row.get(14)?;
    let end = status.map(|_| end_of(row, 14)).transpose()?;
    let git: Option<String> = row.get(10)?;
    let dirty: Option<bool> = row.get(11)?;
    let run = RunRow {
        number: row.get(0)?,
        id: row.get(1)?,
        command: row.get(2)?,
        playbook_id: row.get(3)?,
        playbook: row.get(4)?,
        version: row.get(5)?,
        // A list that someone edited by hand is shown empty rather than hiding the run.
        argv: serde_json::from_str(row.get_ref(6)?.as_str()?).unwrap_or_default(),
        controller: row.get(7)?,
        user: row.get(8)?,
        cwd: row.get(9)?,
        git: git.map(|commit| GitState { commit, dirty: dirty.unwrap_or(false) }),
        started_at: row.get(12)?,
        last_at: row.get(13)?,
        state: RunState::Abandoned,
        hosts: usize::try_from(row.get::<_, i64>(17)?).unwrap_or(0),
        counts: BTreeMap::new(),
        allowed: 0,
    };
    Ok((run, end))
}

fn end_of(row: &Row<'_>, from: usize) -> rusqlite::Result<RunEnd> {
    Ok(RunEnd {
        status: row.get(from)?,
        exit_code: row.get(from + 1)?,
        duration_ms: u64::try_from(row.get::<_, i64>(from + 2)?).unwrap_or(0),
    })
}

/// A status by its word; what nobody knows is unknown.
pub(super) fn status_of(word: &str) -> Status {
    use Status::{Cancelled, Changed, Failed, Ok, Skipped, Unknown, Unreachable};
    [Ok, Changed, Skipped, Failed, Unreachable, Cancelled].into_iter().find(|status| status.word() == word).unwrap_or(Unknown)
}
