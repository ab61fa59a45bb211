//! Items, retries, blocks, handlers, batches and questions as people see them.

use super::*;
use crate::event::{BlockEntry, BlockPart, Event, EventSink, Status, Within};
use crate::report::console::Console;
use crate::report::paint::columns;
use crate::report::testing::{Feed, START, Shared, ran, step};
use crate::report::{Options, StepFilter, Verbosity, show_run, show_steps};

fn told(events: &[Event], options: &Options) -> String {
    let shared = Shared::default();
    let mut console = Console::new(options.clone(), shared.writer(), || START);
    events.iter().for_each(|event| console.event(event));
    drop(console);
    shared.text()
}

fn plain() -> Options {
    Options { record: Some(".roundsman/record.db".into()), ..Options::default() }
}

fn folded(events: &[Event]) -> Board {
    let mut board = Board::new(false);
    events.iter().for_each(|event| drop(board.fold(event)));
    board
}

fn failure(reason: &str) -> Outcome {
    Outcome { reason: Some(reason.to_owned()), ..ran(Status::Failed, Some(1)) }
}

impl Feed {
    /// An item of task 0 from beginning to end; `stderr` is what it said.
    fn item(self, host: usize, index: u32, label: &str, stderr: &str, outcome: Outcome) -> Feed {
        let (step, attempt) = (step(0, 0, host), index + 1);
        let item = Some(ItemLabel { index, of: 3, label: label.to_owned() });
        let data = crate::event::Data::Text(stderr.to_owned());
        self.begin(0)
            .event(RunEvent::StepSent { step, attempt, on: None, command: format!("adduser {label}"), item: None, durable: None })
            .event(RunEvent::StepBegan { step, attempt })
            .event(RunEvent::StepOutput { step, attempt, stream: crate::event::Stream::Stderr, offset: 0, data })
            .event(RunEvent::AttemptEnded { step, attempt, item, outcome, retry_ms: None })
    }

    fn ended(self, task: usize, host: usize, attempt: u32, outcome: Outcome) -> Feed {
        self.event(RunEvent::StepEnded { step: step(0, task, host), attempt, outcome })
    }

    fn retried(self, host: usize, attempt: u32, wait: u64) -> Feed {
        let step = step(0, 0, host);
        self.begin(0)
            .event(RunEvent::StepSent { step, attempt, on: None, command: "curl".to_owned(), item: None, durable: None })
            .event(RunEvent::StepBegan { step, attempt })
            .event(RunEvent::AttemptEnded { step, attempt, item: None, outcome: failure("exit code 7"), retry_ms: Some(wait) })
    }
}

/// Three users on two hosts; one of them can't be made on `web2`.
fn items() -> Vec<Event> {
    let changed = || ran(Status::Changed, Some(0));
    let feed = Feed::new("Users", &["web1", "web2"], &[("setup", &["users", "after"])]);
    let feed = feed.item(0, 0, "ann", "", changed()).item(0, 1, "bob", "", changed()).item(0, 2, "cy", "", ran(Status::Ok, Some(0)));
    let feed = feed.ended(0, 0, 3, changed()).ok(0, 1, 0, "");
    let feed = feed.item(1, 0, "ann", "", changed()).item(1, 1, "bob", "adduser: bob is taken\n", failure("exit code 1"));
    let feed = feed.item(1, 2, "cy", "", changed()).ended(0, 1, 3, failure("1 of 3 items: bob (exit code 1)"));
    let skipped = Outcome { blocked: true, ..Outcome::without_run(Status::Skipped, "`users` failed") };
    feed.ended(1, 1, 0, skipped).over(0).end(4).events()
}

#[test]
fn items_are_counted_and_the_failed_one_is_told_with_its_words() {
    insta::assert_snapshot!(told(&items(), &plain()));
}

#[test]
fn show_gives_every_item_its_own_output() {
    let filter = StepFilter { host: Some("web2".into()), task: Some("users".into()) };
    insta::assert_snapshot!(show_steps(&items(), &filter, &Options::default(), &jiff::tz::TimeZone::UTC).unwrap());
}

#[test]
fn verbose_tells_every_item() {
    let text = told(&items(), &Options { verbosity: Verbosity::Verbose, ..plain() });
    assert!(text.contains("changed     setup/users (ann) · web1\n"), "{text}");
    assert!(text.contains("failed      setup/users (bob) · web2 · exit code 1\n    stderr:\n      adduser: bob is taken\n"), "{text}");
}

/// A task that is tried four times at most.
fn waiting() -> Feed {
    let feed = Feed::new("Wait", &["web1", "web2", "web3", "web4", "web5", "web6", "web7"], &[("up", &["ready"])]);
    feed.header(|header| header.rounds[0].tasks[0].retries = 3)
}

#[test]
fn a_retry_says_which_attempt_comes_and_when() {
    let feed = waiting().retried(0, 1, 4000).retried(0, 2, 8000).ended(0, 0, 3, ran(Status::Ok, Some(0)));
    let text = told(&feed.over(0).end(0).events(), &plain());
    assert!(text.contains("\nretrying    up/ready · web1 · exit code 7 · attempt 2 of 4 in 4s\n"), "{text}");
    assert!(text.contains("\nretrying    up/ready · web1 · exit code 7 · attempt 3 of 4 in 8s\nok          up/ready · web1\n"), "{text}");
    assert!(!text.contains("Failures"), "what succeeded in the end did not fail: {text}");

    let mut many = waiting();
    for host in 0..7 {
        many = many.retried(host, 1, 1000);
    }
    let text = told(&many.events(), &plain());
    assert_eq!(text.matches("attempt 2 of 4").count(), 5, "{text}");
    assert!(text.contains("\nretrying    up/ready · further retries are not told\n"), "{text}");
}

#[test]
fn what_failed_before_the_last_attempt_is_not_shown_as_its_words() {
    let said = |attempt: u32, text: &str| RunEvent::StepOutput {
        step: step(0, 0, 0),
        attempt,
        stream: crate::event::Stream::Stderr,
        offset: 0,
        data: crate::event::Data::Text(text.to_owned()),
    };
    let feed = waiting().begin(0).event(said(1, "first\n")).retried(0, 1, 1000).event(said(2, "last\n"));
    let text = told(&feed.ended(0, 0, 2, failure("exit code 7")).over(0).end(4).events(), &plain());
    assert!(text.contains("last") && !text.contains("first"), "{text}");
}

/// Three batches, of which two begin: a rescued block, handlers, `finally`, a stop.
fn rolling() -> Vec<Event> {
    let hosts = ["web1", "web2", "web3", "web4", "web5"];
    let tasks: &[&str] = &["migrate", "rollback", "config", "reload", "undrain"];
    let feed = Feed::new("Patch the web tier", &hosts, &[("patch", tasks)]).header(|header| {
        let round = &mut header.rounds[0];
        let place = round.place.clone();
        round.blocks.push(BlockEntry { id: None, name: "release".into(), within: None, retries: 0, place });
        round.tasks[0].within = Some(Within { block: BlockIx(0), part: BlockPart::Body });
        round.tasks[1].within = Some(Within { block: BlockIx(0), part: BlockPart::Rescue });
        round.tasks[3].section = Some("handlers".into());
        round.tasks[4].section = Some("finally".into());
    });
    let round = RoundIx(0);
    let batch =
        |batch, hosts: std::ops::Range<usize>| RunEvent::BatchStarted { round, batch, of: 3, hosts: hosts.map(HostIx::new).collect() };
    let block = |host, status, reason: Option<&str>| RunEvent::BlockEnded {
        round,
        block: BlockIx(0),
        host: HostIx::new(host),
        item: None,
        status,
        reason: reason.map(str::to_owned),
        retry_ms: None,
    };
    let notified = |host| RunEvent::Notified { round, host: HostIx::new(host), handler: TaskIx(3), by: TaskIx(2), run: None };
    let feed = feed.event(RunEvent::Asked { round, task: None, question: "Patch 5 hosts?".into() });
    let feed = feed.event(RunEvent::Answered { round, task: None, yes: true, by: "--yes".into() });
    let feed = feed.begin(0).event(batch(1, 0..1)).failed(0, 0, 0, 1, "no such table\n").ok(0, 1, 0, "");
    let feed = feed.event(block(0, BlockStatus::Rescued, Some("`migrate` failed"))).changed(0, 2, 0).event(notified(0));
    let feed = feed.changed(0, 3, 0).changed(0, 4, 0).event(RunEvent::BatchPaused { round, duration_ms: 30_000 }).wait(30_000);
    let mut feed = feed.event(batch(2, 1..3));
    for host in 1..3 {
        feed = feed.changed(0, 0, host).event(block(host, BlockStatus::Changed, None)).changed(0, 2, host).event(notified(host));
    }
    feed = feed.changed(0, 3, 1).changed(0, 4, 1);
    let reason = "2 of 5 hosts failed in patch, 0 may";
    feed = feed.failed(0, 4, 2, 1, "lb1 is gone\n").event(RunEvent::Stopped { round, reason: reason.into() });
    for host in 3..5 {
        feed = feed.event(RunEvent::HostLeftOut { round, host: HostIx::new(host), reason: reason.into() });
    }
    feed.over(0).event(RunEvent::RunEnded(crate::event::RunEnd { status: "stopped".into(), exit_code: 6, duration_ms: 30_100 })).events()
}

#[test]
fn a_rolling_round_that_is_stopped() {
    let text = told(&rolling(), &plain());
    assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_rolling_round_shown_again() {
    insta::assert_snapshot!(show_run(&rolling(), &Options::default(), &jiff::tz::TimeZone::UTC).unwrap());
}

#[test]
fn a_failure_that_was_made_up_for_is_none_and_handlers_that_nobody_notified_are_not_awaited() {
    let events = rolling();
    let board = folded(&events);
    assert_eq!((board.counts.of(Status::Failed), board.counts.rescued, board.hosts_rescued()), (1, 1, 1));
    assert_eq!(board.total_steps(), board.counts.total(), "a round that is over has the steps that it had");
    assert_eq!(board.rounds[&RoundIx(0)].flow.pending.keys().collect::<Vec<_>>(), [&(TaskIx(3), HostIx(2))]);
    let before = events.iter().position(|event| matches!(event.kind, RunEvent::BatchPaused { .. })).unwrap();
    // Three tasks for each of five hosts, the rescue and the handler on one.
    assert_eq!(folded(&events[..before]).total_steps(), 17);
}

#[test]
fn a_refused_question_is_told_at_the_end() {
    let round = RoundIx(0);
    let feed = Feed::new("p", &["a"], &[("deploy", &["x"])]).event(RunEvent::Asked { round, task: None, question: "Go on?".into() });
    let feed = feed.event(RunEvent::Answered { round, task: None, yes: false, by: "no terminal to ask on".into() });
    let feed = feed.event(RunEvent::RunEnded(crate::event::RunEnd { status: "stopped".into(), exit_code: 6, duration_ms: 1 }));
    let text = told(&feed.events(), &Options { verbosity: Verbosity::Quiet, ..plain() });
    assert!(text.contains("not confirmed: round deploy · Go on? (no terminal to ask on)\n"), "{text}");
    assert!(text.ends_with("exit code 6: stopped by max_failures or a refused confirmation\n"), "{text}");
}

#[test]
fn the_terminal_is_left_alone_from_a_question_to_its_answer() {
    let (round, shared) = (RoundIx(0), Shared::default());
    let options = Options { live: true, unicode: true, ..Options::default() };
    let mut console = Console::new(options, shared.writer(), || START + 5000);
    let mut feed = Feed::new("p", &["a", "b"], &[("deploy", &["x"]), ("other", &["y"])]).begin(0).events();
    let mut next = |kind| {
        let event = Event { seq: feed.len() as u64, at: START + 100, kind };
        feed.push(event.clone());
        event
    };
    let asked = next(RunEvent::Asked { round, task: None, question: "Go on?".into() });
    let skipped = next(RunEvent::RoundSkipped { round: RoundIx(1), reason: "meanwhile".into() });
    let answered = next(RunEvent::Answered { round, task: None, yes: true, by: "user".into() });
    for event in feed.iter().take_while(|event| !matches!(event.kind, RunEvent::Asked { .. })) {
        console.event(event);
    }
    console.tick();
    console.event(&asked);
    let before = shared.text();
    console.event(&skipped);
    console.tick();
    assert_eq!(shared.text(), before, "neither lines nor the block");
    console.event(&answered);
    console.tick();
    let after = shared.text()[before.len()..].to_owned();
    assert!(after.contains("round other · skipped: meanwhile"), "what was held comes: {after:?}");
    assert!(after.contains("0/4 steps"), "the block is drawn again: {after:?}");
    assert!(!after.contains("Go on?"), "the question and the answer stand there already: {after:?}");
}

#[test]
fn who_asks_to_stop_at_a_question_sees_the_run_again() {
    let shared = Shared::default();
    let mut console = Console::new(Options { live: true, ..Options::default() }, shared.writer(), || START);
    let feed = Feed::new("p", &["a"], &[("deploy", &["x"])]).begin(0);
    let feed = feed.event(RunEvent::Asked { round: RoundIx(0), task: None, question: "Go on?".into() });
    feed.event(RunEvent::Interrupted { stage: 1, signal: "INT".into() }).events().iter().for_each(|event| console.event(event));
    assert!(shared.text().contains("\ninterrupted (INT): stopping"), "{:?}", shared.text());
}
