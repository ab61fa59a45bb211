//! What repeats, branches and is asked has rows of its own.

use super::views::answer;
use super::*;
use crate::event::{BlockEntry, BlockPart, BlockStatus, ItemLabel, Within};
use crate::model::BlockIx;

/// `build` stands in a block; `Restart` is a handler.
fn flow_header(id: &str) -> RunHeader {
    let mut header = header(id);
    let round = &mut header.rounds[0];
    round.tasks[0].within = Some(Within { block: BlockIx(0), part: BlockPart::Body });
    round.tasks[1].section = Some("handlers".to_owned());
    round.blocks = vec![BlockEntry { id: None, name: "release".to_owned(), within: None, retries: 1, place: place(6) }];
    header
}

fn attempt(attempt: u32, label: Option<&str>, status: Status, retry_ms: Option<u64>) -> RunEvent {
    let RunEvent::StepEnded { step, outcome, .. } = ended(step(0, 0), status, i32::from(status == Status::Failed), 30) else {
        panic!("a step's end");
    };
    let item = label.map(|label| ItemLabel { index: attempt - 1, of: 3, label: label.to_owned() });
    RunEvent::AttemptEnded { step, attempt, item, outcome, retry_ms }
}

fn sent_again(attempt: u32, command: &str) -> RunEvent {
    RunEvent::StepSent { step: step(0, 0), attempt, on: None, command: command.to_owned(), item: None, durable: None }
}

fn said(attempt: u32, text: &str) -> RunEvent {
    RunEvent::StepOutput { step: step(0, 0), attempt, stream: Stream::Stderr, offset: 0, data: Data::Text(text.to_owned()) }
}

fn notified(host: u32) -> RunEvent {
    RunEvent::Notified { round: RoundIx(0), host: HostIx(host), handler: TaskIx(1), by: TaskIx(0), run: None }
}

/// A record with one run of these events after the first.
fn recorded(kinds: Vec<RunEvent>) -> (tempfile::TempDir, Store) {
    let (folder, path) = record();
    let header = flow_header("0192-a");
    put(&path, &header, numbered(1000, std::iter::once(RunEvent::RunStarted(Box::new(header.clone()))).chain(kinds)));
    let store = read(&path);
    (folder, store)
}

#[test]
fn every_execution_has_a_row_with_its_item_and_outcome() {
    let RunEvent::StepEnded { step, outcome, .. } = ended(step(0, 0), Status::Failed, 1, 90) else { panic!("a step's end") };
    let (_folder, store) = recorded(vec![
        sent_again(1, "adduser ann"),
        attempt(1, Some("ann"), Status::Changed, None),
        sent_again(2, "adduser bob"),
        said(2, "bob is taken\n"),
        attempt(2, Some("bob"), Status::Failed, None),
        sent_again(3, "adduser cy"),
        attempt(3, Some("cy"), Status::Ok, None),
        RunEvent::StepEnded { step, attempt: 3, outcome: Outcome { reason: Some("1 of 3 items failed".to_owned()), ..outcome } },
        run_ended("failed", 4),
    ]);
    assert_eq!(
        answer(&store, "SELECT attempt, label, status, rc, command FROM attempts ORDER BY attempt"),
        "attempt|label|status|rc|command\n1|ann|changed|0|adduser ann\n2|bob|failed|1|adduser bob\n3|cy|ok|0|adduser cy",
        "the step's own end says nothing of its last item"
    );
    assert_eq!(
        answer(&store, "SELECT task, label, reason, command, trim(stderr, char(10)) AS stderr FROM failures"),
        "task|label|reason|command|stderr\nbuild|bob|1 of 3 items failed|adduser bob|bob is taken",
        "the item that failed, not the last one"
    );
    assert_eq!(answer(&store, "SELECT label, text FROM outputs"), "label|text\nbob|bob is taken\n");
}

#[test]
fn a_retry_tells_when_it_comes_and_the_last_attempt_ends_with_the_step() {
    let (_folder, store) = recorded(vec![
        sent_again(1, "probe"),
        attempt(1, None, Status::Failed, Some(4000)),
        sent_again(2, "probe"),
        RunEvent::StepBegan { step: step(0, 0), attempt: 2 },
        RunEvent::StepEnded { step: step(0, 0), attempt: 2, outcome: Outcome { rc: Some(0), ..Outcome::without_run(Status::Ok, "") } },
        run_ended("ok", 0),
    ]);
    assert_eq!(
        answer(&store, "SELECT attempt, status, rc, retry_ms FROM attempts ORDER BY attempt"),
        "attempt|status|rc|retry_ms\n1|failed|1|4000\n2|ok|0|"
    );
    assert_eq!(answer(&store, "SELECT status, attempts FROM steps"), "status|attempts\nok|2");
    assert_eq!(answer(&store, "SELECT count(*) AS n FROM failures"), "n\n0", "what succeeded in the end did not fail");
}

#[test]
fn a_notification_is_pending_until_its_handler_has_run_on_that_host() {
    let pending = "SELECT host, handler, notified_by, run_status FROM pending_notifications";
    let (_folder, store) = recorded(vec![
        notified(0),
        notified(1),
        ended(step(1, 0), Status::Changed, 0, 5),
        RunEvent::StepEnded { step: step(1, 1), attempt: 0, outcome: Outcome::without_run(Status::Cancelled, "interrupted") },
        run_ended("interrupted", 130),
    ]);
    assert_eq!(answer(&store, pending), "host|handler|notified_by|run_status\nweb2|Restart|build|interrupted");
    assert_eq!(answer(&store, "SELECT host, state FROM notification"), "host|state\n0|done\n1|pending");

    // A flush runs it, and a later change notifies it again.
    let flushed = RunEvent::AttemptEnded {
        step: step(1, 0),
        attempt: 1,
        item: None,
        outcome: Outcome::without_run(Status::Changed, ""),
        retry_ms: None,
    };
    let (_folder, store) = recorded(vec![notified(0), flushed, notified(0)]);
    assert_eq!(answer(&store, pending), "host|handler|notified_by|run_status\nweb1|Restart|build|unfinished");
}

#[test]
fn a_later_run_takes_a_pending_notification_over() {
    let (_folder, path) = record();
    let run = |id: &str, kinds: Vec<RunEvent>| {
        let header = flow_header(id);
        put(&path, &header, numbered(1000, std::iter::once(RunEvent::RunStarted(Box::new(header.clone()))).chain(kinds)));
    };
    let pending = |expected: &str| {
        assert_eq!(answer(&read(&path), "SELECT run, host FROM pending_notifications"), format!("run|host{expected}"));
    };
    run("0192-a", vec![notified(0), notified(1)]);
    pending("\n1|web1\n1|web2");
    run("0192-b", vec![notified(0), ended(step(1, 0), Status::Changed, 0, 5), run_ended("ok", 0)]);
    pending("\n1|web2");
    run("0192-c", vec![notified(1)]);
    pending("\n3|web2");
}

#[test]
fn batches_blocks_questions_and_the_stop_have_rows() {
    let block = |status, retry_ms| RunEvent::BlockEnded {
        round: RoundIx(0),
        block: BlockIx(0),
        host: HostIx(0),
        item: None,
        status,
        reason: Some("`build` failed".to_owned()),
        retry_ms,
    };
    let (_folder, store) = recorded(vec![
        RunEvent::Asked { round: RoundIx(0), task: None, question: "Go on?".to_owned() },
        RunEvent::Answered { round: RoundIx(0), task: None, yes: true, by: "user".to_owned() },
        RunEvent::RoundStarted { round: RoundIx(0), hosts: vec![HostIx(0), HostIx(1)] },
        RunEvent::BatchStarted { round: RoundIx(0), batch: 1, of: 2, hosts: vec![HostIx(0)] },
        block(BlockStatus::Failed, Some(2000)),
        block(BlockStatus::Rescued, None),
        RunEvent::BatchPaused { round: RoundIx(0), duration_ms: 30_000 },
        RunEvent::BatchStarted { round: RoundIx(0), batch: 2, of: 2, hosts: vec![HostIx(1)] },
        RunEvent::Stopped { round: RoundIx(0), reason: "2 of 2 hosts failed, 0 allowed".to_owned() },
        run_ended("stopped", 6),
    ]);
    for (sql, expected) in [
        ("SELECT question, yes, answered_by FROM question", "question|yes|answered_by\nGo on?|1|user"),
        ("SELECT batch, batches, hosts, pause_ms FROM batch", "batch|batches|hosts|pause_ms\n1|2|1|30000\n2|2|1|"),
        ("SELECT host, batch FROM round_host ORDER BY host", "host|batch\n0|1\n1|2"),
        (
            "SELECT host, block, pass, status, retry_ms FROM blocks",
            "host|block|pass|status|retry_ms\nweb1|release|1|failed|2000\nweb1|release|2|rescued|",
        ),
        ("SELECT status, exit_code, reason FROM runs", "status|exit_code|reason\nstopped|6|2 of 2 hosts failed, 0 allowed"),
        ("SELECT name, section, block, part FROM task", "name|section|block|part\nBuild it||0|body\nRestart|handlers||"),
    ] {
        assert_eq!(answer(&store, sql), expected, "{sql}");
    }
}
