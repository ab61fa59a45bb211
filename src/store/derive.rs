//! Brings the derived rows up to date with one event.
//!
//! The only code that writes them: the writer calls it right after the event went into the log, and replaying a log
//! into an empty record calls it again, with the same rows as the result. Rows of steps and rounds that the header
//! does not name are taken as they come, since a record that refused them would lose what happened.

use rusqlite::{Connection, Result, named_params, params};

use crate::event::{Event, Outcome, RunEvent, RunHeader};
use crate::model::{HostIx, RoundIx, StepId};

/// Takes one event of a run, which has its row, into the derived rows.
pub(super) fn apply(connection: &Connection, run: i64, event: &Event) -> Result<()> {
    let at = event.at;
    match &event.kind {
        RunEvent::RunStarted(header) => {
            hosts_of(connection, run, header)?;
            rounds_of(connection, run, header)?;
        }
        RunEvent::HostConnecting { host } => host_state(connection, run, *host, "connecting")?,
        RunEvent::HostRetrying { host, message, .. } => execute(
            connection,
            "UPDATE run_host SET retries = retries + 1, message = ?3 WHERE run = ?1 AND host = ?2",
            params![run, host.0, message],
        )?,
        RunEvent::HostConnected { host, duration_ms } => execute(
            connection,
            "UPDATE run_host SET state = 'connected', connected_at = ?3, connect_ms = ?4, class = NULL, message = NULL
             WHERE run = ?1 AND host = ?2",
            params![run, host.0, at, number(*duration_ms)],
        )?,
        RunEvent::HostUnreachable { host, class, message } => execute(
            connection,
            "UPDATE run_host SET state = 'unreachable', class = ?3, message = ?4 WHERE run = ?1 AND host = ?2",
            params![run, host.0, class, message],
        )?,
        RunEvent::HostLost { host, message } => execute(
            connection,
            "UPDATE run_host SET state = 'lost', message = ?3 WHERE run = ?1 AND host = ?2",
            params![run, host.0, message],
        )?,
        RunEvent::RoundStarted { round, hosts } => {
            execute(
                connection,
                "UPDATE round SET state = 'running', started_at = ?3 WHERE run = ?1 AND round = ?2",
                params![run, round.0, at],
            )?;
            for host in hosts {
                round_host(connection, run, *round, *host, "in", None)?;
            }
        }
        RunEvent::HostLeftOut { round, host, reason } => round_host(connection, run, *round, *host, "left out", Some(reason))?,
        RunEvent::RoundSkipped { round, reason } => execute(
            connection,
            "UPDATE round SET state = 'skipped', reason = ?3, ended_at = ?4 WHERE run = ?1 AND round = ?2",
            params![run, round.0, reason, at],
        )?,
        RunEvent::RoundEnded { round } => {
            execute(connection, "UPDATE round SET state = 'ended', ended_at = ?3 WHERE run = ?1 AND round = ?2", params![run, round.0, at])?
        }
        RunEvent::StepSent { step, attempt, on, command } => step_sent(connection, run, *step, *attempt, *on, command, at)?,
        RunEvent::StepBegan { step, attempt } => step_began(connection, run, *step, *attempt, at)?,
        RunEvent::StepEnded { step, attempt, outcome } => step_ended(connection, run, *step, *attempt, outcome, at)?,
        // The log puts the bytes into `output` itself; an interruption is told by the run's status.
        RunEvent::StepOutput { .. } | RunEvent::Interrupted { .. } => {}
        RunEvent::BatchStarted { .. }
        | RunEvent::BatchPaused { .. }
        | RunEvent::Stopped { .. }
        | RunEvent::Asked { .. }
        | RunEvent::Answered { .. }
        | RunEvent::Notified { .. }
        | RunEvent::AttemptEnded { .. }
        | RunEvent::BlockEnded { .. } => {}
        RunEvent::RunEnded(end) => execute(
            connection,
            "UPDATE run SET ended_at = ?2, status = ?3, exit_code = ?4, duration_ms = ?5 WHERE number = ?1",
            params![run, at, end.status, end.exit_code, number(end.duration_ms)],
        )?,
    }
    Ok(())
}

/// As SQLite's integer; beyond its range the largest, the log has the true one.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn execute(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<()> {
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

fn hosts_of(connection: &Connection, run: i64, header: &RunHeader) -> Result<()> {
    for (index, host) in header.hosts.iter().enumerate() {
        execute(
            connection,
            "INSERT INTO run_host(run, host, name, address, state, retries) VALUES (?1, ?2, ?3, ?4, 'waiting', 0)",
            params![run, HostIx::new(index).0, host.name, host.address],
        )?;
    }
    Ok(())
}

fn rounds_of(connection: &Connection, run: i64, header: &RunHeader) -> Result<()> {
    for (index, round) in header.rounds.iter().enumerate() {
        let index = RoundIx::new(index).0;
        execute(
            connection,
            "INSERT INTO round(run, round, id, name, place, state) VALUES (?1, ?2, ?3, ?4, ?5, 'waiting')",
            params![run, index, round.id, round.name, round.place.to_string()],
        )?;
        for (task_index, task) in round.tasks.iter().enumerate() {
            execute(
                connection,
                "INSERT INTO task(run, round, task, id, name, verb, place) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![run, index, crate::model::TaskIx::new(task_index).0, task.id, task.name, task.verb, task.place.to_string()],
            )?;
        }
    }
    Ok(())
}

fn host_state(connection: &Connection, run: i64, host: HostIx, state: &str) -> Result<()> {
    execute(connection, "UPDATE run_host SET state = ?3 WHERE run = ?1 AND host = ?2", params![run, host.0, state])
}

fn round_host(connection: &Connection, run: i64, round: RoundIx, host: HostIx, state: &str, reason: Option<&str>) -> Result<()> {
    execute(
        connection,
        "INSERT INTO round_host(run, round, host, state, reason) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason",
        params![run, round.0, host.0, state, reason],
    )
}

// What was written ahead and withdrawn is sent again under the same attempt: the last time counts.
fn step_sent(connection: &Connection, run: i64, step: StepId, attempt: u32, on: Option<HostIx>, command: &str, at: i64) -> Result<()> {
    execute(
        connection,
        "INSERT INTO attempt(run, round, task, host, attempt, on_host, command, sent_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET on_host = excluded.on_host, command = excluded.command, sent_at = excluded.sent_at,
                                   began_at = NULL, ended_at = NULL",
        params![run, step.round.0, step.task.0, step.host.0, attempt, on.map(|host| host.0), command, at],
    )?;
    execute(
        connection,
        "INSERT INTO step(run, round, task, host, state, attempts, sent_at) VALUES (?1, ?2, ?3, ?4, 'sent', ?5, ?6)
         ON CONFLICT DO UPDATE SET state = 'sent', status = NULL, attempts = excluded.attempts, sent_at = excluded.sent_at,
                                   began_at = NULL, ended_at = NULL",
        params![run, step.round.0, step.task.0, step.host.0, attempt, at],
    )
}

fn step_began(connection: &Connection, run: i64, step: StepId, attempt: u32, at: i64) -> Result<()> {
    execute(
        connection,
        "INSERT INTO attempt(run, round, task, host, attempt, began_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET began_at = excluded.began_at",
        params![run, step.round.0, step.task.0, step.host.0, attempt, at],
    )?;
    execute(
        connection,
        "INSERT INTO step(run, round, task, host, state, attempts, began_at) VALUES (?1, ?2, ?3, ?4, 'began', ?5, ?6)
         ON CONFLICT DO UPDATE SET state = 'began', status = NULL, attempts = excluded.attempts, began_at = excluded.began_at,
                                   ended_at = NULL",
        params![run, step.round.0, step.task.0, step.host.0, attempt, at],
    )
}

fn step_ended(connection: &Connection, run: i64, step: StepId, attempt: u32, outcome: &Outcome, at: i64) -> Result<()> {
    execute(
        connection,
        "UPDATE attempt SET ended_at = ?6 WHERE run = ?1 AND round = ?2 AND task = ?3 AND host = ?4 AND attempt = ?5",
        params![run, step.round.0, step.task.0, step.host.0, attempt, at],
    )?;
    let outputs = (!outcome.outputs.is_empty()).then(|| serde_json::to_string(&outcome.outputs)).transpose();
    let outputs = outputs.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    execute(
        connection,
        "INSERT INTO step(run, round, task, host, state, status, reason, blocked, allowed, rc, attempts, ended_at, duration_ms,
                          stdout_bytes, stdout_sha256, stdout_cut, stderr_bytes, stderr_sha256, stderr_cut, outputs)
         VALUES (:run, :round, :task, :host, 'ended', :status, :reason, :blocked, :allowed, :rc, :attempts, :at, :duration,
                 :out_bytes, :out_sha256, :out_cut, :err_bytes, :err_sha256, :err_cut, :outputs)
         ON CONFLICT DO UPDATE SET state = 'ended', status = excluded.status, reason = excluded.reason, blocked = excluded.blocked,
             allowed = excluded.allowed, rc = excluded.rc, attempts = excluded.attempts, ended_at = excluded.ended_at,
             duration_ms = excluded.duration_ms, stdout_bytes = excluded.stdout_bytes, stdout_sha256 = excluded.stdout_sha256,
             stdout_cut = excluded.stdout_cut, stderr_bytes = excluded.stderr_bytes, stderr_sha256 = excluded.stderr_sha256,
             stderr_cut = excluded.stderr_cut, outputs = excluded.outputs",
        named_params! {
            ":run": run, ":round": step.round.0, ":task": step.task.0, ":host": step.host.0,
            ":status": outcome.status.word(), ":reason": outcome.reason, ":blocked": outcome.blocked, ":allowed": outcome.allowed,
            ":rc": outcome.rc, ":attempts": attempt, ":at": at, ":duration": number(outcome.duration_ms),
            ":out_bytes": number(outcome.stdout.bytes), ":out_sha256": outcome.stdout.sha256, ":out_cut": outcome.stdout.cut,
            ":err_bytes": number(outcome.stderr.bytes), ":err_sha256": outcome.stderr.sha256, ":err_cut": outcome.stderr.cut,
            ":outputs": outputs,
        },
    )
}
