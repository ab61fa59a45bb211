//! Questions about a run's steps and what they printed.

use rusqlite::Row;

use super::error::StoreError;
use super::log::{data_of, stream_word};
use super::open::Store;
use super::query::status_of;
use super::rows::{OutputPiece, RunRow, RunState, StepFilter, StepRow, StepStatus};
use crate::event::{Status, Stream};
use crate::model::{HostIx, RoundIx, StepId, TaskIx};

const STEPS: &str = "SELECT step.round, step.task, step.host, host.name, round.id, round.name, task.id, task.name, task.verb,
        step.state, step.status, step.reason, step.blocked, step.allowed, step.rc, step.attempts, ran_on.name, attempt.command,
        step.sent_at, step.began_at, step.ended_at, step.duration_ms
    FROM step
    LEFT JOIN run_host AS host ON host.run = step.run AND host.host = step.host
    LEFT JOIN round ON round.run = step.run AND round.round = step.round
    LEFT JOIN task ON task.run = step.run AND task.round = step.round AND task.task = step.task
    LEFT JOIN attempt ON attempt.run = step.run AND attempt.round = step.round AND attempt.task = step.task
                     AND attempt.host = step.host AND attempt.attempt = step.attempts
    LEFT JOIN run_host AS ran_on ON ran_on.run = step.run AND ran_on.host = attempt.on_host
    WHERE step.run = ?1 ORDER BY step.round, step.task, step.host";

impl Store {
    /// Lists the steps of a run by round, task and host.
    ///
    /// # Errors
    /// Where the record can't be read.
    pub fn steps(&self, run: &RunRow, filter: &StepFilter) -> Result<Vec<StepRow>, StoreError> {
        let over = run.state != RunState::Running;
        let rows = || {
            let mut statement = self.connection.prepare_cached(STEPS)?;
            let rows = statement.query_map([run.number], |row| step_row(row, over))?;
            rows.collect::<rusqlite::Result<Vec<StepRow>>>()
        };
        let mut steps = rows().map_err(|error| self.error(error))?;
        steps.retain(|step| filter.lets_through(step));
        Ok(steps)
    }

    /// Gives what a step printed, piece by piece in order, by attempt and stream.
    ///
    /// # Errors
    /// Where the record can't be read.
    pub fn outputs(&self, run: i64, step: StepId) -> Result<Vec<OutputPiece>, StoreError> {
        let rows = || {
            let mut statement = self.connection.prepare_cached(
                "SELECT attempt, stream, \"offset\", data FROM output WHERE run = ?1 AND round = ?2 AND task = ?3 AND host = ?4
                 ORDER BY attempt, stream = 'stderr', \"offset\", seq",
            )?;
            let rows = statement.query_map((run, step.round.0, step.task.0, step.host.0), |row| {
                let stream: String = row.get(1)?;
                Ok(OutputPiece {
                    attempt: row.get(0)?,
                    stream: if stream == stream_word(Stream::Stderr) { Stream::Stderr } else { Stream::Stdout },
                    offset: unsigned(row.get(2)?),
                    data: data_of(row.get_ref(3)?),
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<OutputPiece>>>()
        };
        rows().map_err(|error| self.error(error))
    }
}

impl StepFilter {
    fn lets_through(&self, step: &StepRow) -> bool {
        let host = self.hosts.is_empty() || self.hosts.contains(&step.host);
        let task = self.tasks.is_empty() || self.tasks.iter().any(|task| *task == step.task || Some(task) == step.task_id.as_ref());
        host && task
    }
}

fn step_row(row: &Row<'_>, over: bool) -> rusqlite::Result<StepRow> {
    let step = StepId { round: RoundIx(row.get(0)?), task: TaskIx(row.get(1)?), host: HostIx(row.get(2)?) };
    let (state, status): (String, Option<String>) = (row.get(9)?, row.get(10)?);
    let status = match (status, state.as_str()) {
        (Some(word), _) => StepStatus::Ended(status_of(&word)),
        // Nothing will end it any more.
        (None, _) if over => StepStatus::Ended(Status::Unknown),
        (None, "began") => StepStatus::Began,
        (None, _) => StepStatus::Sent,
    };
    let name =
        |index: usize, number: u32| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(index)?.unwrap_or_else(|| number.to_string()));
    Ok(StepRow {
        step,
        host: name(3, step.host.0)?,
        round: name(4, step.round.0)?,
        round_name: name(5, step.round.0)?,
        task_id: row.get(6)?,
        task: name(7, step.task.0)?,
        verb: row.get::<_, Option<String>>(8)?.unwrap_or_default(),
        status,
        reason: row.get(11)?,
        blocked: row.get(12)?,
        allowed: row.get(13)?,
        rc: row.get(14)?,
        attempts: row.get(15)?,
        on: row.get(16)?,
        sent: row.get(17)?,
        sent_at: row.get(18)?,
        began_at: row.get(19)?,
        ended_at: row.get(20)?,
        duration_ms: row.get::<_, Option<i64>>(21)?.map(unsigned),
    })
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
