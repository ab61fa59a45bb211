//! What comes out is what went in; rows follow from the log.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::event::{BlockStatus, GitState, ItemLabel, RunSummary, StepState};
use crate::model::BlockIx;
use crate::store::{StepFilter, StepStatus, log};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![vec(any::<char>(), 0..8).prop_map(|chars| chars.into_iter().collect()), Just("a\0b'\"\n".to_owned()), "[a-z ]{0,12}"]
}

fn data() -> impl Strategy<Value = Data> {
    prop_oneof![
        vec(any::<u8>(), 0..200).prop_map(Data::new),
        text().prop_map(|text| Data::new(text.into_bytes())),
        // Base64 of what is UTF-8, and what is no base64 at all: nobody makes them, they come back all the same.
        Just(Data::Base64("YWJj".to_owned())),
        Just(Data::Base64("not base64!".to_owned())),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let float = any::<f64>().prop_filter("JSON has finite numbers only", |float| float.is_finite());
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        float.prop_map(Value::Float),
        text().prop_map(Value::Text),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::List),
            btree_map(text(), inner, 0..4).prop_map(|map| Value::Map(map.into_iter().collect())),
        ]
    })
}

fn info() -> impl Strategy<Value = OutputInfo> {
    (any::<u64>(), option::of(text()), any::<bool>()).prop_map(|(bytes, sha256, cut)| OutputInfo { bytes, sha256, cut })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    use Status::{Cancelled, Changed, Failed, Ok, Skipped, Unknown, Unreachable};
    let status = prop::sample::select(vec![Ok, Changed, Skipped, Failed, Unreachable, Cancelled, Unknown]);
    let flags = (any::<bool>(), any::<bool>());
    (status, option::of(text()), flags, option::of(any::<i32>()), any::<u64>(), info(), info(), btree_map(text(), value(), 0..3)).prop_map(
        |(status, reason, (blocked, allowed), rc, duration_ms, stdout, stderr, outputs)| {
            let outputs = outputs.into_iter().collect();
            Outcome {
                status,
                reason,
                blocked,
                allowed,
                rc,
                duration_ms,
                stdout,
                stderr,
                outputs,
                differences: Vec::new(),
                forecast: None,
                carried: None,
                vanished: false,
            }
        },
    )
}

/// Any event of what repeats, branches and is asked.
fn flow_kind() -> impl Strategy<Value = RunEvent> {
    let host = || (0_u32..3).prop_map(HostIx);
    let round = || (0_u32..2).prop_map(RoundIx);
    let task = || (0_u32..3).prop_map(TaskIx);
    let step = (round(), task(), host()).prop_map(|(round, task, host)| StepId { round, task, host });
    let item = || option::of((any::<u32>(), any::<u32>(), text()).prop_map(|(index, of, label)| ItemLabel { index, of, label }));
    let status =
        prop::sample::select(vec![BlockStatus::Ok, BlockStatus::Changed, BlockStatus::Skipped, BlockStatus::Rescued, BlockStatus::Failed]);
    let block = ((0_u32..3).prop_map(BlockIx), status, option::of(text()));
    prop_oneof![
        (round(), 1_u32..4, 1_u32..4, vec(host(), 0..3)).prop_map(|(round, batch, of, hosts)| RunEvent::BatchStarted {
            round,
            batch,
            of,
            hosts
        }),
        (round(), any::<u64>()).prop_map(|(round, duration_ms)| RunEvent::BatchPaused { round, duration_ms }),
        (round(), text()).prop_map(|(round, reason)| RunEvent::Stopped { round, reason }),
        (round(), option::of(task()), text()).prop_map(|(round, task, question)| RunEvent::Asked { round, task, question }),
        (round(), option::of(task()), any::<bool>(), text()).prop_map(|(round, task, yes, by)| RunEvent::Answered { round, task, yes, by }),
        (round(), host(), task(), task()).prop_map(|(round, host, handler, by)| RunEvent::Notified { round, host, handler, by, run: None }),
        (step, 1_u32..3, item(), outcome(), option::of(any::<u64>()))
            .prop_map(|(step, attempt, item, outcome, retry_ms)| { RunEvent::AttemptEnded { step, attempt, item, outcome, retry_ms } }),
        (round(), block, host(), item(), option::of(any::<u64>())).prop_map(|(round, (block, status, reason), host, item, retry_ms)| {
            RunEvent::BlockEnded { round, block, host, item, status, reason, retry_ms }
        }),
    ]
}

/// Any event but the first, of hosts and tasks that the header names and some that it does not.
fn kind() -> impl Strategy<Value = RunEvent> {
    let host = || (0_u32..3).prop_map(HostIx);
    let round = || (0_u32..2).prop_map(RoundIx);
    let step = || (round(), 0_u32..3, host()).prop_map(|(round, task, host)| StepId { round, task: TaskIx(task), host });
    let stream = prop_oneof![Just(Stream::Stdout), Just(Stream::Stderr)];
    prop_oneof![
        host().prop_map(|host| RunEvent::HostConnecting { host }),
        (host(), 1_u32..9, text()).prop_map(|(host, attempt, message)| RunEvent::HostRetrying { host, attempt, message }),
        (host(), any::<u64>()).prop_map(|(host, duration_ms)| RunEvent::HostConnected { host, duration_ms }),
        (host(), text(), text()).prop_map(|(host, class, message)| RunEvent::HostUnreachable { host, class, message }),
        (host(), text()).prop_map(|(host, message)| RunEvent::HostLost { host, message }),
        (round(), vec(host(), 0..3)).prop_map(|(round, hosts)| RunEvent::RoundStarted { round, hosts }),
        (round(), host(), text()).prop_map(|(round, host, reason)| RunEvent::HostLeftOut { round, host, reason }),
        (round(), text()).prop_map(|(round, reason)| RunEvent::RoundSkipped { round, reason }),
        round().prop_map(|round| RunEvent::RoundEnded { round }),
        (step(), 1_u32..3, option::of(host()), text()).prop_map(|(step, attempt, on, command)| RunEvent::StepSent {
            step,
            attempt,
            on,
            item: None,
            durable: on.map(|_| command.clone()),
            command,
        }),
        (step(), 1_u32..3).prop_map(|(step, attempt)| RunEvent::StepBegan { step, attempt }),
        (step(), 1_u32..3, stream, any::<u64>(), data()).prop_map(|(step, attempt, stream, offset, data)| RunEvent::StepOutput {
            step,
            attempt,
            stream,
            offset,
            data
        }),
        (step(), 0_u32..3, outcome()).prop_map(|(step, attempt, outcome)| RunEvent::StepEnded { step, attempt, outcome }),
        flow_kind(),
        (1_u8..4, text()).prop_map(|(stage, signal)| RunEvent::Interrupted { stage, signal }),
        (text(), any::<u8>(), any::<u64>()).prop_map(|(status, exit_code, duration_ms)| RunEvent::RunEnded(RunEnd {
            status,
            exit_code,
            duration_ms
        })),
    ]
}

fn any_header() -> impl Strategy<Value = RunHeader> {
    let git = option::of((text(), any::<bool>()).prop_map(|(commit, dirty)| GitState { commit, dirty }));
    let input =
        (text(), text(), option::of(text())).prop_map(|(name, sha256, text)| InputFile { role: "copy".to_owned(), name, sha256, text });
    (text(), vec(text(), 0..3), git, vec(input, 0..4), btree_map(text(), value(), 0..3), value()).prop_map(
        |(playbook, argv, git, inputs, extra, plan)| {
            let plan = serde_json::to_value(plan).unwrap();
            RunHeader { playbook, argv, git, inputs, extra: extra.into_iter().collect(), plan, ..header("0192-a") }
        },
    )
}

/// Every row of every table, in the order of its key.
fn dump(store: &Store) -> BTreeMap<String, Vec<Vec<rusqlite::types::Value>>> {
    let connection = &store.connection;
    let mut tables = BTreeMap::new();
    let mut names = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
    for name in names.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap) {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
        tables.insert(name, rows.map(Result::unwrap).collect());
    }
    tables
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn replay_gives_what_was_appended(header in any_header(), kinds in vec(kind(), 0..40), at in 0_i64..4_000_000_000_000, cut in 1_usize..9) {
        let started = RunEvent::RunStarted(Box::new(header.clone()));
        let events = numbered(at, std::iter::once(started).chain(kinds));
        let (_folder, path) = record();
        let writer = write(&path).writer(&header).unwrap();
        let answers: Vec<_> = events.chunks(cut).map(|chunk| append(&writer, chunk.to_vec())).collect();
        for answer in answers {
            answer.recv().unwrap().unwrap();
        }
        writer.finish().unwrap();

        let store = read(&path);
        let run = only(&store);
        let back = store.events(run.number).unwrap();
        prop_assert_eq!(&back, &events);

        // A fresh derivation of the log is the same, row by row.
        let (_other_folder, other_path) = record();
        let fresh = write(&other_path);
        let mut number = None;
        for mut event in back {
            log::append(&fresh.connection, &mut number, std::slice::from_mut(&mut event)).unwrap();
        }
        prop_assert_eq!(dump(&store), dump(&fresh));

        // The rows say of each step what a fold over the events says.
        let mut summary = RunSummary::default();
        events.iter().for_each(|event| summary.fold(event));
        let rows: BTreeMap<StepId, StepStatus> =
            store.steps(&run, &StepFilter::default()).unwrap().into_iter().map(|row| (row.step, row.status)).collect();
        let folded: BTreeMap<StepId, StepStatus> = summary
            .steps
            .iter()
            .map(|(step, state)| match state {
                StepState::Sent | StepState::Began => (*step, StepStatus::Ended(Status::Unknown)),
                StepState::Ended(outcome) => (*step, StepStatus::Ended(outcome.status)),
            })
            .collect();
        prop_assert_eq!(rows, folded);
    }
}

#[test]
fn hosts_that_took_part_are_counted_and_no_others() {
    for (kind, hosts) in [
        (RunEvent::RoundStarted { round: RoundIx(0), hosts: vec![HostIx(1)] }, 1),
        (RunEvent::HostConnecting { host: HostIx(0) }, 1),
        (RunEvent::HostLeftOut { round: RoundIx(0), host: HostIx(1), reason: "when".to_owned() }, 0),
    ] {
        let (_folder, path) = record();
        let header = header("0192-a");
        put(&path, &header, numbered(1000, vec![RunEvent::RunStarted(Box::new(header.clone())), kind.clone()]));
        assert_eq!(only(&read(&path)).hosts, hosts, "{kind:?}");
    }
}

#[test]
fn a_step_row_knows_its_times_and_names() {
    let (_folder, path) = record();
    let header = header("0192-a");
    let kinds = vec![
        RunEvent::RunStarted(Box::new(header.clone())),
        RunEvent::StepSent { step: step(0, 1), attempt: 1, on: Some(HostIx(0)), command: "make".to_owned(), item: None, durable: None },
        RunEvent::StepBegan { step: step(0, 1), attempt: 1 },
        output(step(0, 1), Stream::Stderr, 0, b"late"),
        output(step(0, 1), Stream::Stdout, 3, b"\xff\xfe"),
        output(step(0, 1), Stream::Stdout, 0, "né".as_bytes()),
        ended(step(0, 1), Status::Failed, 2, 7),
        run_ended("failed", 4),
    ];
    put(&path, &header, numbered(1000, kinds));
    let store = read(&path);
    let run = only(&store);
    assert_eq!((run.counts.get(&Status::Failed), run.started_at, run.last_at), (Some(&1), 1000, 1070));
    let rows = store.steps(&run, &StepFilter { hosts: vec!["web2".to_owned()], tasks: vec!["build".to_owned()] }).unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.host.as_str(), row.round.as_str(), row.task.as_str(), row.on.as_deref()), ("web2", "deploy", "Build it", Some("web1")));
    assert_eq!((row.sent_at, row.began_at, row.ended_at, row.duration_ms), (Some(1010), Some(1020), Some(1060), Some(7)));
    assert_eq!((row.status, row.rc, row.reason.as_deref()), (StepStatus::Ended(Status::Failed), Some(2), Some("exit code 2")));
    assert!(store.steps(&run, &StepFilter { hosts: vec!["web1".to_owned()], tasks: vec![] }).unwrap().is_empty());
    let pieces = store.outputs(run.number, step(0, 1)).unwrap();
    let stdout: Vec<u8> = pieces.iter().filter(|piece| piece.stream == Stream::Stdout).flat_map(|piece| piece.data.bytes()).collect();
    assert_eq!(stdout, b"n\xc3\xa9\xff\xfe");
    assert_eq!(pieces[2].data, Data::Text("late".to_owned()));
    // A piece of UTF-8 is text to sqlite3, anything else is not.
    let kinds: String = store.connection.query_row("SELECT group_concat(typeof(data)) FROM output", [], |row| row.get(0)).unwrap();
    assert_eq!(kinds, "text,blob,text");
}

#[test]
fn a_text_is_stored_once_for_all_runs() {
    let (_folder, path) = record();
    for id in ["a-1", "a-2", "a-3"] {
        let header = header(id);
        put(&path, &header, numbered(5, [RunEvent::RunStarted(Box::new(header.clone()))]));
    }
    let store = read(&path);
    let texts: i64 = store.connection.query_row("SELECT count(*) FROM content", [], |row| row.get(0)).unwrap();
    assert_eq!(texts, 2, "a playbook and a plan");
    let logged: i64 =
        store.connection.query_row("SELECT count(*) FROM event WHERE json LIKE '%name: Site%'", [], |row| row.get(0)).unwrap();
    assert_eq!(logged, 0);
}
