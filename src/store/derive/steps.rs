//! Rows of steps and of every execution of them.

use rusqlite::{Connection, Result, named_params, params};

use super::{execute, flow, number};
use crate::event::{Answer, Event, ItemLabel, Outcome, RunEvent};
use crate::model::{HostIx, StepId};

pub(super) fn apply(connection: &Connection, run: i64, event: &Event) -> Result<()> {
    let at = event.at;
    match &event.kind {
        RunEvent::StepSent { step, attempt, on, command, .. } => step_sent(connection, run, *step, *attempt, *on, command, at),
        RunEvent::StepBegan { step, attempt } => step_began(connection, run, *step, *attempt, at),
        RunEvent::AttemptEnded { step, attempt, item, outcome, retry_ms } => {
            attempt_ended(connection, run, (*step, *attempt), item.as_ref(), outcome, *retry_ms, at)?;
            // A handler that is notified again after it ran has its first end here.
            if item.is_none() && retry_ms.is_none() {
                flow::handler_ended(connection, run, *step, outcome.status, outcome.blocked, at)?;
            }
            Ok(())
        }
        RunEvent::StepEnded { step, attempt, outcome } => {
            step_ended(connection, run, *step, *attempt, outcome, at)?;
            flow::handler_ended(connection, run, *step, outcome.status, outcome.blocked, at)
        }
        _ => Ok(()),
    }
}

// What was written ahead and withdrawn is sent again under the same attempt: the last time counts.
fn step_sent(connection: &Connection, run: i64, step: StepId, attempt: u32, on: Option<HostIx>, command: &str, at: i64) -> Result<()> {
    execute(
        connection,
        "INSERT INTO attempt(run, round, task, host, attempt, on_host, command, sent_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET on_host = excluded.on_host, command = excluded.command, sent_at = excluded.sent_at,
                                   began_at = NULL, ended_at = NULL, status = NULL",
        params![run, step.round.0, step.task.0, step.host.0, attempt, on.map(|host| host.0), command, at],
    )?;
    execute(
        connection,
        "INSERT INTO step(run, round, task, host, state, attempts, sent_at) VALUES (?1, ?2, ?3, ?4, 'sent', ?5, ?6)
         ON CONFLICT DO UPDATE SET state = 'sent', status = NULL, attempts = max(attempts, excluded.attempts), sent_at = excluded.sent_at,
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
         ON CONFLICT DO UPDATE SET state = 'began', status = NULL, attempts = max(attempts, excluded.attempts), began_at = excluded.began_at,
                                   ended_at = NULL",
        params![run, step.round.0, step.task.0, step.host.0, attempt, at],
    )
}

fn step_ended(connection: &Connection, run: i64, step: StepId, attempt: u32, outcome: &Outcome, at: i64) -> Result<()> {
    let outputs = outputs_of(outcome)?;
    // The outcome of a step with items is of all of them; each execution has told its own.
    execute(
        connection,
        "UPDATE attempt SET ended_at = :at, status = :status, reason = :reason, allowed = :allowed, rc = :rc, duration_ms = :duration,
             stdout_bytes = :out_bytes, stdout_cut = :out_cut, stderr_bytes = :err_bytes, stderr_cut = :err_cut, outputs = :outputs
         WHERE run = :run AND round = :round AND task = :task AND host = :host AND attempt = :attempt AND status IS NULL",
        named_params! {
            ":run": run, ":round": step.round.0, ":task": step.task.0, ":host": step.host.0, ":attempt": attempt, ":at": at,
            ":status": outcome.status.word(), ":reason": outcome.reason, ":allowed": outcome.allowed, ":rc": outcome.rc,
            ":duration": number(outcome.duration_ms), ":out_bytes": number(outcome.stdout.bytes), ":out_cut": outcome.stdout.cut,
            ":err_bytes": number(outcome.stderr.bytes), ":err_cut": outcome.stderr.cut, ":outputs": outputs,
        },
    )?;
    execute(
        connection,
        "INSERT INTO step(run, round, task, host, state, status, reason, blocked, allowed, rc, attempts, ended_at, duration_ms,
                          stdout_bytes, stdout_sha256, stdout_cut, stderr_bytes, stderr_sha256, stderr_cut, outputs, answer, differences, carried)
         VALUES (:run, :round, :task, :host, 'ended', :status, :reason, :blocked, :allowed, :rc, :attempts, :at, :duration,
                 :out_bytes, :out_sha256, :out_cut, :err_bytes, :err_sha256, :err_cut, :outputs, :answer, :differences, :carried)
         ON CONFLICT DO UPDATE SET state = 'ended', status = excluded.status, reason = excluded.reason, blocked = excluded.blocked,
             allowed = excluded.allowed, rc = excluded.rc, attempts = excluded.attempts, ended_at = excluded.ended_at,
             duration_ms = excluded.duration_ms, stdout_bytes = excluded.stdout_bytes, stdout_sha256 = excluded.stdout_sha256,
             stdout_cut = excluded.stdout_cut, stderr_bytes = excluded.stderr_bytes, stderr_sha256 = excluded.stderr_sha256,
             stderr_cut = excluded.stderr_cut, outputs = excluded.outputs, answer = excluded.answer, differences = excluded.differences,
             carried = excluded.carried",
        named_params! {
            ":run": run, ":round": step.round.0, ":task": step.task.0, ":host": step.host.0,
            ":status": outcome.status.word(), ":reason": outcome.reason, ":blocked": outcome.blocked, ":allowed": outcome.allowed,
            ":rc": outcome.rc, ":attempts": attempt, ":at": at, ":duration": number(outcome.duration_ms),
            ":out_bytes": number(outcome.stdout.bytes), ":out_sha256": outcome.stdout.sha256, ":out_cut": outcome.stdout.cut,
            ":err_bytes": number(outcome.stderr.bytes), ":err_sha256": outcome.stderr.sha256, ":err_cut": outcome.stderr.cut,
            ":outputs": outputs, ":answer": outcome.answer().map(Answer::word), ":differences": differences_of(outcome)?, ":carried": outcome.carried,
        },
    )
}

fn attempt_ended(
    connection: &Connection,
    run: i64,
    (step, attempt): (StepId, u32),
    item: Option<&ItemLabel>,
    outcome: &Outcome,
    retry_ms: Option<u64>,
    at: i64,
) -> Result<()> {
    execute(
        connection,
        "INSERT INTO attempt(run, round, task, host, attempt, ended_at, item, items, label, status, reason, allowed, rc, duration_ms,
                             retry_ms, stdout_bytes, stdout_cut, stderr_bytes, stderr_cut, outputs)
         VALUES (:run, :round, :task, :host, :attempt, :at, :item, :items, :label, :status, :reason, :allowed, :rc, :duration,
                 :retry, :out_bytes, :out_cut, :err_bytes, :err_cut, :outputs)
         ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at, item = excluded.item, items = excluded.items, label = excluded.label,
             status = excluded.status, reason = excluded.reason, allowed = excluded.allowed, rc = excluded.rc,
             duration_ms = excluded.duration_ms, retry_ms = excluded.retry_ms, stdout_bytes = excluded.stdout_bytes,
             stdout_cut = excluded.stdout_cut, stderr_bytes = excluded.stderr_bytes, stderr_cut = excluded.stderr_cut,
             outputs = excluded.outputs",
        named_params! {
            ":run": run, ":round": step.round.0, ":task": step.task.0, ":host": step.host.0, ":attempt": attempt, ":at": at,
            ":item": item.map(|item| item.index), ":items": item.map(|item| item.of), ":label": item.map(|item| &item.label),
            ":status": outcome.status.word(), ":reason": outcome.reason, ":allowed": outcome.allowed, ":rc": outcome.rc,
            ":duration": number(outcome.duration_ms), ":retry": retry_ms.map(number),
            ":out_bytes": number(outcome.stdout.bytes), ":out_cut": outcome.stdout.cut,
            ":err_bytes": number(outcome.stderr.bytes), ":err_cut": outcome.stderr.cut, ":outputs": outputs_of(outcome)?,
        },
    )
}

fn differences_of(outcome: &Outcome) -> Result<Option<String>> {
    let differences = (!outcome.differences.is_empty()).then(|| serde_json::to_string(&outcome.differences)).transpose();
    differences.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn outputs_of(outcome: &Outcome) -> Result<Option<String>> {
    let outputs = (!outcome.outputs.is_empty()).then(|| serde_json::to_string(&outcome.outputs)).transpose();
    outputs.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
