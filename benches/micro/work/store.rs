//! The store's writer: the events of a whole run appended to a new record in a temporary folder, on disk when done.

use std::path::PathBuf;
use std::sync::mpsc::channel;

use roundsman::diag::Location;
use roundsman::event::{
    Data, Event, FORMAT, HostEntry, Journal as _, Outcome, OutputInfo, RoundEntry, RunEvent, RunHeader, Status, Stream, TaskEntry,
};
use roundsman::model::{HostIx, RoundIx, StepId, TaskIx};
use roundsman::store::{OpenMode, Store, Writer};

use super::{Amount, Axis, Prepared, Work};
use crate::big::{Big, Size};

pub(super) const STORE: Work = Work { name: "store", grows_with: &[Axis::Hosts, Axis::Tasks], amount: events, prepare };

/// Events of one append. Each waits for the one before, so that every doing has the same transactions.
const BATCH: usize = 256;

/// Events of one step.
const OF_A_STEP: u64 = 4;

fn events(size: Size) -> Amount {
    Amount::Things(OF_A_STEP * size.steps())
}

fn prepare(big: &Big) -> Prepared {
    let size = big.size;
    let input = move || {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (writer, started) = open(folder.path().join("record.db"), size);
        append(&writer, vec![started]);
        (folder, writer, batches(size))
    };
    // The folder goes after the time is taken.
    Prepared::with(input, |(folder, writer, batches)| {
        batches.into_iter().for_each(|batch| append(&writer, batch));
        writer.finish().expect("a record that took all");
        folder
    })
}

fn open(path: PathBuf, size: Size) -> (Writer, Event) {
    let header = header(size);
    let store = Store::open(&path, OpenMode::Write).expect("a new record");
    let writer = store.writer(&header).expect("a record of our own");
    (writer, Event { seq: 0, at: 0, kind: RunEvent::RunStarted(Box::new(header)) })
}

fn append(writer: &Writer, events: Vec<Event>) {
    let (done, told) = channel();
    writer.append(
        events,
        Box::new(move |result| {
            // Whoever does not hear it has panicked.
            let _ = done.send(result);
        }),
    );
    told.recv().expect("an answer").expect("a record that takes events");
}

/// The events of every step, cut up.
fn batches(size: Size) -> Vec<Vec<Event>> {
    let steps = (0..size.tasks).flat_map(|task| (0..size.hosts).map(move |host| (task, host)));
    let kinds = steps.flat_map(|(task, host)| {
        let step = StepId { round: RoundIx(0), task: TaskIx::new(task), host: HostIx::new(host) };
        let outcome = Outcome { rc: Some(0), reason: None, stdout: OutputInfo { bytes: 12, ..OutputInfo::default() }, ..ok() };
        let data = Data::new(b"web01 is up\n".to_vec());
        [
            RunEvent::StepSent { step, attempt: 1, on: None, command: "systemctl is-active app".to_owned(), item: None, durable: None },
            RunEvent::StepBegan { step, attempt: 1 },
            RunEvent::StepOutput { step, attempt: 1, stream: Stream::Stdout, offset: 0, data },
            RunEvent::StepEnded { step, attempt: 1, outcome },
        ]
    });
    let events: Vec<Event> = kinds.zip(1..).map(|(kind, seq)| Event { seq, at: 5, kind }).collect();
    events.chunks(BATCH).map(<[Event]>::to_vec).collect()
}

fn ok() -> Outcome {
    Outcome::without_run(Status::Ok, "")
}

fn header(size: Size) -> RunHeader {
    let place = Location { file: "site.yml".to_owned(), line: 4, column: 5 };
    let task = |task: usize| TaskEntry {
        id: Some(format!("task_{task}")),
        name: format!("task {task}"),
        verb: "run".to_owned(),
        section: None,
        within: None,
        retries: 0,
        place: place.clone(),
    };
    let host = |host: usize| HostEntry { name: format!("n{host:05}"), address: "deploy@10.1.0.1:22".to_owned() };
    let round = RoundEntry {
        id: "deploy".to_owned(),
        name: "Deploy".to_owned(),
        place: place.clone(),
        hosts: (0..size.hosts).map(HostIx::new).collect(),
        tasks: (0..size.tasks).map(task).collect(),
        blocks: Vec::new(),
    };
    RunHeader {
        format: FORMAT,
        run: uuid::Uuid::now_v7().to_string(),
        playbook: "Big".to_owned(),
        playbook_id: "big".to_owned(),
        command: "run".to_owned(),
        hosts: (0..size.hosts).map(host).collect(),
        rounds: vec![round],
        ..RunHeader::default()
    }
}
