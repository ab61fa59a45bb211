//! The log: an event goes in once, and comes out exactly as it was.
//!
//! The event's JSON form is stored whole but for what is long. Bytes of output stand in `output` (one row an event,
//! found by run and seq), texts of playbooks, inventories and the plan in `content`, by their digest. Reading joins
//! them again.

use base64::Engine as _;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::derive::{self, number};
use crate::event::{Data, Event, RunEvent, RunHeader, Stream};
use crate::model::StepId;

/// Why an event was not appended.
#[derive(Debug, thiserror::Error)]
pub(super) enum AppendError {
    /// SQLite did not take it.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// It has no JSON form.
    #[error("event {seq} can't be written as JSON: {source}")]
    Json { seq: u64, source: serde_json::Error },
    /// The run has no row yet.
    #[error("event {seq} came before the run's start")]
    NotStarted { seq: u64 },
}

/// Why an event can't be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// SQLite did not give it.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// What stands there is no event.
    #[error("event {seq} of run {run}: {source}")]
    Json { run: i64, seq: i64, source: serde_json::Error },
    /// The text or bytes that belong to it are gone.
    #[error("event {seq} of run {run}: its {what} is missing")]
    Gone { run: i64, seq: i64, what: &'static str },
}

/// Appends events to the log and brings the derived rows up to date; the first one gives the run its number.
///
/// They are borrowed mutably to lift long parts out while their JSON is made; they are the same afterwards.
pub(super) fn append(connection: &Connection, run: &mut Option<i64>, events: &mut [Event]) -> std::result::Result<(), AppendError> {
    let Some(last_at) = events.last().map(|event| event.at) else { return Ok(()) };
    for event in events {
        append_one(connection, run, event)?;
    }
    connection.prepare_cached("UPDATE run SET last_at = ?2 WHERE number = ?1")?.execute(params![*run, last_at])?;
    Ok(())
}

fn append_one(connection: &Connection, run: &mut Option<i64>, event: &mut Event) -> std::result::Result<(), AppendError> {
    let (seq, at) = (event.seq, event.at);
    let told = |source| AppendError::Json { seq, source };
    let (kind, json) = match &mut event.kind {
        RunEvent::RunStarted(header) => {
            let plan = serde_json::to_string(&header.plan).map_err(told)?;
            if run.is_none() {
                *run = Some(start_run(connection, header, &plan, at)?);
            }
            ("run_started", header_json(event).map_err(told)?)
        }
        RunEvent::StepOutput { step, attempt, stream, offset, data } if bytes_of(data).is_some() => {
            let short =
                ShortOutput { seq, at, event: ShortTag::StepOutput, step: *step, attempt: *attempt, stream: *stream, offset: *offset };
            ("step_output", serde_json::to_string(&short).map_err(told)?)
        }
        _ => (event.kind.word(), serde_json::to_string(event).map_err(told)?),
    };
    let number_of_run = run.ok_or(AppendError::NotStarted { seq })?;
    connection.prepare_cached("INSERT INTO event(run, seq, at, kind, json) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        number_of_run,
        number(seq),
        at,
        kind,
        json
    ])?;
    match &event.kind {
        RunEvent::RunStarted(header) => put_inputs(connection, number_of_run, header)?,
        RunEvent::StepOutput { .. } => put_output(connection, number_of_run, event)?,
        _ => {}
    }
    derive::apply(connection, number_of_run, event)?;
    Ok(())
}

/// A `step_output` whose bytes stand in `output`.
#[derive(Serialize, Deserialize)]
struct ShortOutput {
    seq: u64,
    at: i64,
    event: ShortTag,
    step: StepId,
    attempt: u32,
    stream: Stream,
    offset: u64,
}

#[derive(Serialize, Deserialize)]
enum ShortTag {
    #[serde(rename = "step_output")]
    StepOutput,
}

/// The JSON of a start without its long texts.
fn header_json(event: &mut Event) -> serde_json::Result<String> {
    let RunEvent::RunStarted(header) = &mut event.kind else { return serde_json::to_string(event) };
    let plan = header.plan.take();
    let texts: Vec<Option<String>> = header.inputs.iter_mut().map(|input| input.text.take()).collect();
    let json = serde_json::to_string(event);
    if let RunEvent::RunStarted(header) = &mut event.kind {
        header.plan = plan;
        for (input, text) in header.inputs.iter_mut().zip(texts) {
            input.text = text;
        }
    }
    json
}

fn start_run(connection: &Connection, header: &RunHeader, plan: &str, at: i64) -> std::result::Result<i64, AppendError> {
    let json = |source| AppendError::Json { seq: 0, source };
    let argv = serde_json::to_string(&header.argv).map_err(json)?;
    let extra = serde_json::to_string(&header.extra).map_err(json)?;
    let plan = put_content(connection, plan)?;
    connection
        .prepare_cached(
            "INSERT INTO run(id, format, version, command, playbook_id, playbook, argv, controller, user, cwd, git_commit, git_dirty,
                             extra, plan, started_at, last_at, resumes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?15, ?16)",
        )?
        .execute(params![
            header.run,
            header.format,
            header.version,
            header.command,
            header.playbook_id,
            header.playbook,
            argv,
            header.controller,
            header.user,
            header.cwd,
            header.git.as_ref().map(|git| &git.commit),
            header.git.as_ref().map(|git| git.dirty),
            extra,
            plan,
            at,
            header.resumes.as_ref().map(|resumes| &resumes.run),
        ])?;
    Ok(connection.last_insert_rowid())
}

fn put_inputs(connection: &Connection, run: i64, header: &RunHeader) -> Result<()> {
    for (position, input) in header.inputs.iter().enumerate() {
        let content = input.text.as_deref().map(|text| put_content(connection, text)).transpose()?;
        connection
            .prepare_cached("INSERT INTO input(run, position, role, name, sha256, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![run, number(position as u64), input.role, input.name, input.sha256, content])?;
    }
    Ok(())
}

fn put_content(connection: &Connection, text: &str) -> Result<String> {
    let digest = crate::text::hex(&Sha256::digest(text.as_bytes()));
    connection
        .prepare_cached("INSERT INTO content(sha256, text) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![digest, text])?;
    Ok(digest)
}

/// The bytes to store; none for base64 that decoding and encoding would not give back, which stays in the JSON.
fn bytes_of(data: &Data) -> Option<Bytes<'_>> {
    match data {
        Data::Text(text) => Some(Bytes::Text(text)),
        Data::Base64(text) => {
            let bytes = data.bytes();
            (base64::engine::general_purpose::STANDARD.encode(&bytes) == *text).then_some(Bytes::Blob(bytes))
        }
    }
}

enum Bytes<'a> {
    Text(&'a str),
    Blob(Vec<u8>),
}

fn put_output(connection: &Connection, run: i64, event: &Event) -> Result<()> {
    let RunEvent::StepOutput { step, attempt, stream, offset, data } = &event.kind else { return Ok(()) };
    let data = match bytes_of(data) {
        Some(Bytes::Text(text)) => ToSqlOutput::from(text),
        Some(Bytes::Blob(bytes)) => ToSqlOutput::from(bytes),
        None => return Ok(()),
    };
    let seq = number(event.seq);
    let (round, task, host) = (step.round.0, step.task.0, step.host.0);
    connection
        .prepare_cached(
            "INSERT INTO output(run, seq, round, task, host, attempt, stream, \"offset\", data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![run, seq, round, task, host, attempt, stream_word(*stream), number(*offset), data])
        .map(drop)
}

/// The stream's name in the tables, as in its JSON.
pub(super) fn stream_word(stream: Stream) -> &'static str {
    match stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    }
}

/// Bytes of output as they came: text where a TEXT was stored, else base64.
pub(super) fn data_of(value: ValueRef<'_>) -> Data {
    match value {
        ValueRef::Text(bytes) => Data::new(bytes.to_vec()),
        ValueRef::Blob(bytes) => Data::Base64(base64::engine::general_purpose::STANDARD.encode(bytes)),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => Data::Text(String::new()),
    }
}

/// Reads a run's events in order and hands each over; ends early where `each` breaks.
pub(super) fn read<B>(
    connection: &Connection,
    run: i64,
    mut each: impl FnMut(Event) -> std::ops::ControlFlow<B>,
) -> std::result::Result<Option<B>, ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT event.seq, event.kind, event.json, output.data, output.run IS NOT NULL FROM event
         LEFT JOIN output ON output.run = event.run AND output.seq = event.seq AND event.kind = 'step_output'
         WHERE event.run = ?1 ORDER BY event.seq",
    )?;
    let mut rows = statement.query([run])?;
    while let Some(row) = rows.next()? {
        if let std::ops::ControlFlow::Break(value) = each(event_of(connection, run, row)?) {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

fn event_of(connection: &Connection, run: i64, row: &Row<'_>) -> std::result::Result<Event, ReadError> {
    let seq: i64 = row.get(0)?;
    let told = |source| ReadError::Json { run, seq, source };
    let json = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
    if row.get(4)? {
        let short: ShortOutput = serde_json::from_str(json).map_err(told)?;
        let ShortOutput { seq, at, event: ShortTag::StepOutput, step, attempt, stream, offset } = short;
        return Ok(Event { seq, at, kind: RunEvent::StepOutput { step, attempt, stream, offset, data: data_of(row.get_ref(3)?) } });
    }
    let mut event: Event = serde_json::from_str(json).map_err(told)?;
    if let RunEvent::RunStarted(header) = &mut event.kind {
        restore(connection, run, seq, header)?;
    }
    Ok(event)
}

fn restore(connection: &Connection, run: i64, seq: i64, header: &mut RunHeader) -> std::result::Result<(), ReadError> {
    let plan: Option<String> = connection
        .query_row("SELECT content.text FROM run JOIN content ON content.sha256 = run.plan WHERE run.number = ?1", [run], |row| row.get(0))
        .optional()?;
    let plan = plan.ok_or(ReadError::Gone { run, seq, what: "plan" })?;
    header.plan = serde_json::from_str(&plan).map_err(|source| ReadError::Json { run, seq, source })?;
    let mut statement = connection.prepare_cached(
        "SELECT input.content IS NOT NULL, content.text FROM input LEFT JOIN content ON content.sha256 = input.content
         WHERE input.run = ?1 ORDER BY input.position",
    )?;
    let mut rows = statement.query([run])?;
    for input in &mut header.inputs {
        let row = rows.next()?.ok_or(ReadError::Gone { run, seq, what: "input" })?;
        input.text = row.get(1)?;
        if row.get(0)? && input.text.is_none() {
            return Err(ReadError::Gone { run, seq, what: "input's text" });
        }
    }
    Ok(())
}
