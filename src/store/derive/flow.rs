//! Rows of what happens between steps: batches, blocks, handlers, questions, and the end of all starting.

use rusqlite::{Connection, Result, params};

use super::{execute, number};
use crate::event::{BlockPart, BlockStatus, Event, ItemLabel, RunEvent, Status};
use crate::model::{BlockIx, HostIx, RoundIx, StepId, TaskIx};

pub(super) fn apply(connection: &Connection, run: i64, event: &Event) -> Result<()> {
    let at = event.at;
    match &event.kind {
        RunEvent::BatchStarted { round, batch, of, hosts } => batch_started(connection, run, (*round, *batch, *of), hosts, at),
        RunEvent::BatchPaused { round, duration_ms } => execute(
            connection,
            "UPDATE batch SET pause_ms = ?3 WHERE run = ?1 AND round = ?2
             AND batch = (SELECT max(batch) FROM batch WHERE run = ?1 AND round = ?2)",
            params![run, round.0, number(*duration_ms)],
        ),
        RunEvent::Stopped { reason, .. } => execute(connection, "UPDATE run SET reason = ?2 WHERE number = ?1", params![run, reason]),
        RunEvent::Asked { round, task, question } => execute(
            connection,
            "INSERT INTO question(run, seq, round, task, question, asked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![run, number(event.seq), round.0, task.map(|task| task.0), question, at],
        ),
        RunEvent::Answered { round, task, yes, by } => execute(
            connection,
            "UPDATE question SET yes = ?4, answered_by = ?5, answered_at = ?6 WHERE run = ?1 AND seq =
                 (SELECT max(seq) FROM question WHERE run = ?1 AND round = ?2 AND task IS ?3 AND yes IS NULL)",
            params![run, round.0, task.map(|task| task.0), yes, by, at],
        ),
        RunEvent::Notified { round, host, handler, by, run: owed_by } => execute(
            connection,
            "INSERT INTO notification(run, round, handler, host, by_task, state, at, owed_by) VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7)
             ON CONFLICT DO UPDATE SET by_task = excluded.by_task, state = 'pending', at = excluded.at, ended_at = NULL,
                                       owed_by = excluded.owed_by",
            params![run, round.0, handler.0, host.0, by.0, at, owed_by],
        ),
        RunEvent::BlockEnded { round, block, host, item, status, reason, retry_ms } => {
            let end = BlockEnd { item: item.as_ref(), status: *status, reason: reason.as_deref(), retry_ms: *retry_ms };
            block_ended(connection, run, (*round, *block, *host), &end, at)
        }
        _ => Ok(()),
    }
}

fn batch_started(connection: &Connection, run: i64, (round, batch, of): (RoundIx, u32, u32), hosts: &[HostIx], at: i64) -> Result<()> {
    execute(
        connection,
        "INSERT INTO batch(run, round, batch, batches, hosts, started_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET batches = excluded.batches, hosts = excluded.hosts, started_at = excluded.started_at",
        params![run, round.0, batch, of, number(hosts.len() as u64), at],
    )?;
    for host in hosts {
        execute(
            connection,
            "UPDATE round_host SET batch = ?4 WHERE run = ?1 AND round = ?2 AND host = ?3",
            params![run, round.0, host.0, batch],
        )?;
    }
    Ok(())
}

struct BlockEnd<'a> {
    item: Option<&'a ItemLabel>,
    status: BlockStatus,
    reason: Option<&'a str>,
    retry_ms: Option<u64>,
}

fn block_ended(
    connection: &Connection,
    run: i64,
    (round, block, host): (RoundIx, BlockIx, HostIx),
    end: &BlockEnd<'_>,
    at: i64,
) -> Result<()> {
    execute(
        connection,
        "INSERT INTO block_end(run, round, block, host, pass, item, items, label, status, reason, retry_ms, ended_at)
         VALUES (?1, ?2, ?3, ?4,
                 (SELECT 1 + count(*) FROM block_end WHERE run = ?1 AND round = ?2 AND block = ?3 AND host = ?4),
                 ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            run,
            round.0,
            block.0,
            host.0,
            end.item.map(|item| item.index),
            end.item.map(|item| item.of),
            end.item.map(|item| &item.label),
            end.status.word(),
            end.reason,
            end.retry_ms.map(number),
            at,
        ],
    )
}

/// Settles what a handler was notified for, when it has run. One that could not run stays pending.
pub(super) fn handler_ended(connection: &Connection, run: i64, step: StepId, status: Status, blocked: bool, at: i64) -> Result<()> {
    let state = match status {
        Status::Skipped if blocked => return Ok(()),
        Status::Ok | Status::Changed | Status::Skipped => "done",
        Status::Failed => "failed",
        Status::Unreachable | Status::Cancelled | Status::Unknown | Status::Undecided => return Ok(()),
    };
    let StepId { round, task: TaskIx(handler), host } = step;
    execute(
        connection,
        "UPDATE notification SET state = ?5, ended_at = ?6
         WHERE run = ?1 AND round = ?2 AND handler = ?3 AND host = ?4 AND state = 'pending'",
        params![run, round.0, handler, host.0, state, at],
    )
}

/// The name of a block's list in the tables, as in its JSON.
pub(super) fn part_word(part: BlockPart) -> &'static str {
    match part {
        BlockPart::Body => "body",
        BlockPart::Rescue => "rescue",
        BlockPart::Always => "always",
    }
}
