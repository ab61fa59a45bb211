//! Tests of the record, with real files, threads and processes.

mod durations;
mod flow;
mod kill;
mod replay;
mod throughput;
mod together;
mod trouble;
mod views;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use super::{OpenMode, RunRow, Store, Writer};
use crate::diag::Location;
use crate::event::{
    Data, Event, HostEntry, InputFile, Journal, JournalError, Outcome, OutputInfo, RoundEntry, RunEnd, RunEvent, RunHeader, Status, Stream,
    TaskEntry,
};
use crate::model::{HostIx, RoundIx, StepId, TaskIx, Value};

/// A folder with a record in it.
fn record() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".roundsman/record.db");
    (folder, path)
}

fn write(path: &Path) -> Store {
    Store::open(path, OpenMode::Write).unwrap()
}

fn read(path: &Path) -> Store {
    Store::open(path, OpenMode::Read).unwrap()
}

fn place(line: u32) -> Location {
    Location { file: "site.yml".to_owned(), line, column: 5 }
}

/// A run of one round with two tasks on two hosts.
fn header(id: &str) -> RunHeader {
    let task = |id: Option<&str>, name: &str, line| TaskEntry {
        id: id.map(str::to_owned),
        name: name.to_owned(),
        verb: "run".to_owned(),
        section: None,
        within: None,
        retries: 0,
        place: place(line),
    };
    let host = |name: &str| HostEntry { name: name.to_owned(), address: format!("deploy@{name}:22") };
    let text = "name: Site\n".to_owned();
    RunHeader {
        format: crate::event::FORMAT,
        run: id.to_owned(),
        version: "0.1.0".to_owned(),
        playbook_id: "site".to_owned(),
        playbook: "Site".to_owned(),
        command: "run".to_owned(),
        dry: false,
        argv: vec!["roundsman".to_owned(), "run".to_owned(), "site.yml".to_owned()],
        controller: "desk".to_owned(),
        user: "ann".to_owned(),
        cwd: "/srv/site".to_owned(),
        git: None,
        inputs: vec![InputFile { role: "playbook".to_owned(), name: "site.yml".to_owned(), sha256: "ab".repeat(32), text: Some(text) }],
        extra: [("version".to_owned(), Value::from("1.2"))].into_iter().collect(),
        hosts: vec![host("web1"), host("web2")],
        rounds: vec![RoundEntry {
            id: "deploy".to_owned(),
            name: "Deploy".to_owned(),
            place: place(4),
            hosts: vec![HostIx(0), HostIx(1)],
            tasks: vec![task(Some("build"), "Build it", 7), task(None, "Restart", 9)],
            blocks: Vec::new(),
        }],
        plan: serde_json::json!({"format": 1, "rounds": ["deploy"]}),
        ..RunHeader::default()
    }
}

fn step(task: u32, host: u32) -> StepId {
    StepId { round: RoundIx(0), task: TaskIx(task), host: HostIx(host) }
}

fn ended(step: StepId, status: Status, rc: i32, duration_ms: u64) -> RunEvent {
    let reason = (status == Status::Failed).then(|| format!("exit code {rc}"));
    let outcome = Outcome { reason, rc: Some(rc), duration_ms, ..Outcome::new(status) };
    RunEvent::StepEnded { step, attempt: 1, outcome }
}

fn sent(step: StepId, command: &str) -> RunEvent {
    RunEvent::StepSent { step, attempt: 1, on: None, command: command.to_owned(), item: None, durable: None }
}

fn output(step: StepId, stream: Stream, offset: u64, bytes: &[u8]) -> RunEvent {
    RunEvent::StepOutput { step, attempt: 1, stream, offset, data: Data::new(bytes.to_vec()) }
}

fn run_ended(status: &str, exit_code: u8) -> RunEvent {
    RunEvent::RunEnded(RunEnd { status: status.to_owned(), exit_code, duration_ms: 90 })
}

/// Numbers events and gives each its time, 10 ms apart.
fn numbered(start: i64, kinds: impl IntoIterator<Item = RunEvent>) -> Vec<Event> {
    kinds.into_iter().enumerate().map(|(seq, kind)| Event { seq: seq as u64, at: start + 10 * seq as i64, kind }).collect()
}

/// Appends, and gives the answer when it comes.
fn append(writer: &impl Journal, events: Vec<Event>) -> Receiver<Result<(), JournalError>> {
    let (sender, receiver) = channel();
    // Not every test waits for every answer.
    writer.append(events, Box::new(move |result| drop(sender.send(result))));
    receiver
}

/// Writes a whole run.
fn put(path: &Path, header: &RunHeader, events: Vec<Event>) {
    let writer: Writer = write(path).writer(header).unwrap();
    append(&writer, events).recv().unwrap().unwrap();
    writer.finish().unwrap();
}

fn only(store: &Store) -> RunRow {
    let mut runs = store.runs(&super::RunFilter::default()).unwrap();
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}
