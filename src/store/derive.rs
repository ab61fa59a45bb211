//! Brings the derived rows up to date with one event.
//!
//! The only code that writes them: the writer calls it right after the event went into the log, and replaying a log
//! into an empty record calls it again, with the same rows as the result. Rows of steps and rounds that the header
//! does not name are taken as they come, since a record that refused them would lose what happened.

mod flow;
mod steps;

use rusqlite::{Connection, Result, params};

use crate::event::{Event, RunEvent, RunHeader};
use crate::model::{HostIx, RoundIx, TaskIx};

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
        RunEvent::StepSent { .. } | RunEvent::StepBegan { .. } | RunEvent::AttemptEnded { .. } | RunEvent::StepEnded { .. } => {
            steps::apply(connection, run, event)?;
        }
        // The log puts the bytes into `output` itself; an interruption is told by the run's status.
        RunEvent::StepOutput { .. } | RunEvent::HostNote { .. } | RunEvent::Interrupted { .. } => {}
        RunEvent::BatchStarted { .. }
        | RunEvent::BatchPaused { .. }
        | RunEvent::Stopped { .. }
        | RunEvent::Asked { .. }
        | RunEvent::Answered { .. }
        | RunEvent::Notified { .. }
        | RunEvent::BlockEnded { .. } => flow::apply(connection, run, event)?,
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
                "INSERT INTO task(run, round, task, id, name, verb, place, section, block, part)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    run,
                    index,
                    TaskIx::new(task_index).0,
                    task.id,
                    task.name,
                    task.verb,
                    task.place.to_string(),
                    task.section,
                    task.within.map(|within| within.block.0),
                    task.within.map(|within| flow::part_word(within.part)),
                ],
            )?;
        }
        for (block_index, block) in round.blocks.iter().enumerate() {
            execute(
                connection,
                "INSERT INTO block(run, round, block, id, name, place, outer_block, part) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    run,
                    index,
                    number(block_index as u64),
                    block.id,
                    block.name,
                    block.place.to_string(),
                    block.within.map(|within| within.block.0),
                    block.within.map(|within| flow::part_word(within.part)),
                ],
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
