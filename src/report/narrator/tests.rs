//! Whole runs told as plain lines.

use super::*;
use crate::event::{BlockEntry, BlockStatus, EventSink, ItemLabel};
use crate::report::console::Console;
use crate::report::testing::{Feed, START, Shared, ran, webs};

/// All that a sink writes for a run.
fn told(feed: Feed, options: &Options) -> String {
    let shared = Shared::default();
    let mut console = Console::new(options.clone(), shared.writer(), || START);
    for event in feed.events() {
        console.event(&event);
    }
    drop(console);
    shared.text()
}

fn plain() -> Options {
    Options { record: Some(".roundsman/record.db".into()), ..Options::default() }
}

/// 200 hosts, two rounds: equal outputs, failures that are equal and some that are not, hosts that are gone.
fn patch() -> Feed {
    let names = webs(200);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut feed = Feed::new("Patch the web tier", &names, &[("survey", &["kernel", "print: say"]), ("patch", &["upgrade"])]).begin(0);
    for host in 0..190 {
        feed = feed.connected(host).ok(0, 0, host, "6.1\n");
    }
    for host in 190..200 {
        let message = format!("ssh: connect to host 10.0.0.{} port 22: Connection refused", host + 1);
        feed = feed.unreachable(host, "refused", &message);
        for task in 0..2 {
            feed = feed.without_run(0, task, host, Status::Unreachable, "unreachable");
        }
    }
    for host in 0..190 {
        feed = feed.whole(0, 1, host, (if host == 7 { "hello from\nseven\n" } else { "hello\n" }, ""), ran(Status::Ok, None));
    }
    feed = feed.over(0);
    for host in 190..200 {
        feed = feed.event(RunEvent::HostLeftOut { round: RoundIx(1), host: HostIx::new(host), reason: "unreachable in survey".into() });
    }
    feed = feed.event(RunEvent::RoundStarted { round: RoundIx(1), hosts: (0..190).map(HostIx::new).collect() }).started(1);
    for host in 0..190 {
        feed = match host {
            20..60 => feed.failed(1, 0, host, 100, "E: Could not get lock /var/lib/dpkg/lock\n"),
            60..72 => feed.failed(1, 0, host, 1, &format!("disk of web{host:03} is full\n")),
            100 => feed.without_run(1, 0, host, Status::Skipped, "unless exited 0"),
            _ => feed.changed(1, 0, host),
        };
    }
    feed.over(1).end(4)
}

#[test]
fn two_hundred_hosts_in_a_file() {
    insta::assert_snapshot!(told(patch(), &plain()));
}

#[test]
fn quiet_tells_failures_and_the_last_line() {
    let text = told(patch(), &Options { verbosity: Verbosity::Quiet, ..plain() });
    assert!(text.starts_with("Failures:\n"), "{text}");
    assert!(!text.contains("hello") && !text.contains("round survey"), "{text}");
    assert!(text.ends_with("exit code 4: finished, some tasks failed\n"), "{text}");
    let good =
        told(Feed::new("p", &["a"], &[("one", &["x"])]).ok(0, 0, 0, "out\n").end(0), &Options { verbosity: Verbosity::Quiet, ..plain() });
    assert_eq!(good, "run 019a8c2e-71b3 recorded in .roundsman/record.db · 1 host · 1 step · 6ms\n");
}

#[test]
fn verbose_tells_every_step_with_its_output() {
    let feed = Feed::new("Hello", &["a", "b"], &[("one", &["x", "print: y"])]).connected(0).connected(1);
    let feed = feed.ok(0, 0, 0, "out of a\n").whole(0, 0, 1, ("out of b\n", "a warning\n"), ran(Status::Changed, Some(0)));
    let feed = feed.ok(0, 1, 0, "said\n").ok(0, 1, 1, "said\n").over(0).end(0);
    insta::assert_snapshot!(told(feed, &Options { verbosity: Verbosity::Verbose, ..plain() }));
}

#[test]
fn a_failure_is_told_at_once_with_the_hosts_own_words() {
    let shared = Shared::default();
    let mut console = Console::new(plain(), shared.writer(), || START);
    let feed = Feed::new("p", &["a", "b"], &[("one", &["x"])]).failed(0, 0, 0, 2, "1\n2\n3\n4\u{1b}[2J\n");
    for event in feed.events() {
        console.event(&event);
    }
    let text = shared.text();
    assert!(text.contains("failed      one/x · a · exit code 2 · 120ms\n    … 1 earlier line\n    2\n    3\n    4\\x1b[2J\n"), "{text}");
    assert!(!text.contains("… 1 earlier line\n    1"), "{text}");
}

#[test]
fn an_allowed_failure_is_not_a_failure_of_the_task() {
    let allowed = crate::event::Outcome { allowed: true, reason: Some("exit code 1".into()), ..ran(Status::Failed, Some(1)) };
    let feed = Feed::new("p", &["a", "b"], &[("one", &["x"])]).whole(0, 0, 0, ("", "no\n"), allowed).ok(0, 0, 1, "").over(0).end(0);
    let text = told(feed, &plain());
    assert!(text.contains("allowed     one/x · a · exit code 1 · 120ms\n    no\n"), "{text}");
    assert!(text.contains("allowed     one/x · 1 failed (allowed): a (exit code 1) · 1 ok: b\n"), "{text}");
    assert!(text.contains("ok: 1 ok · 1 failed (allowed)\n"), "{text}");
}

#[test]
fn nothing_is_told_twice() {
    let feed = Feed::new("p", &["a"], &[("one", &["x", "y"])]).begin(0);
    let feed = feed.failed(0, 0, 0, 2, "no\n").without_run(0, 1, 0, Status::Skipped, "`x` failed").over(0).end(4);
    let text = told(feed, &plain());
    let lines: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).skip(2).collect();
    assert_eq!(lines, ["failed      one/x · a · exit code 2 · 120ms", "    no", "skipped     one/y · a (`x` failed)"]);
    let gone = Feed::new("p", &["a"], &[("one", &["x"])]).begin(0).unreachable(0, "refused", "Connection refused");
    let text = told(gone.without_run(0, 0, 0, Status::Unreachable, "Connection refused").over(0).end(5), &plain());
    let lines: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).skip(2).collect();
    assert_eq!(lines, ["unreachable a · refused: Connection refused"]);
}

#[test]
fn reasons_that_name_the_host_are_one() {
    let skips = |reasons: &dyn Fn(&str) -> String| {
        let mut feed = Feed::new("p", &["a1", "a2", "a3", "a4", "b"], &[("one", &["x"])]).begin(0);
        for (host, name) in ["a1", "a2", "a3", "a4"].into_iter().enumerate() {
            feed = feed.without_run(0, 0, host, Status::Skipped, &reasons(name));
        }
        let text = told(feed.ok(0, 0, 4, "").over(0).end(0), &plain());
        text.lines().find(|line| line.contains("one/x")).unwrap().to_owned()
    };
    let same = skips(&|_| "/etc/a1 exists".to_owned());
    assert_eq!(same, "ok          one/x · 4 skipped (/etc/a1 exists) · 1 ok: b");
    let by_name = skips(&|host| format!("/etc/{host}.conf exists"));
    assert_eq!(by_name, "ok          one/x · 4 skipped (/etc/‹host›.conf exists) · 1 ok: b");
    let all_differ = skips(&|host| format!("/etc/x{} exists", host.len() * 7 + usize::from(host.as_bytes()[1])));
    assert_eq!(all_differ, "ok          one/x · 4 skipped (4 different reasons) · 1 ok: b");
}

#[test]
fn exec_folds_outputs_and_says_little_else() {
    let names = webs(40);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut feed = Feed::exec("uname -r", &names).begin(0);
    feed = feed.unreachable(39, "timeout", "ssh: connect to host 10.0.0.40 port 22: Connection timed out");
    feed = feed.without_run(0, 0, 39, Status::Unreachable, "unreachable");
    for host in 0..39 {
        feed = match host {
            3 => feed.failed(0, 0, host, 127, "sh: 1: uname: not found\n"),
            5..9 => feed.ok(0, 0, host, "5.10.0\n"),
            9 => feed.ok(0, 0, host, ""),
            _ => feed.ok(0, 0, host, "6.1.0\n"),
        };
    }
    insta::assert_snapshot!(told(feed.over(0).end(4), &plain()));
}

#[test]
fn what_never_ended_is_told_at_the_end() {
    let feed = Feed::new("p", &["a", "b"], &[("one", &["x"])]).ok(0, 0, 0, "").start(0, 0, 1);
    let feed = feed.event(RunEvent::Interrupted { stage: 1, signal: "INT".into() });
    let feed = feed.event(RunEvent::Interrupted { stage: 3, signal: "INT".into() }).end(130);
    let text = told(feed, &plain());
    assert!(text.contains("interrupted (INT): stopping: 1 running step may finish; Ctrl-C again ends what runs\n"), "{text}");
    assert!(text.contains("ok          one/x · a\n"), "{text}");
    assert!(text.ends_with("exit code 130: interrupted\n"), "{text}");
}

/// Everything foreign is hostile here: names, reasons, messages, outputs. Nothing of it may reach a terminal as it is.
#[test]
fn no_escape_sequence_passes() {
    const EVIL: &str = "e\u{1b}[2J\u{9b}2J\u{202e}\u{7}";
    for (make, verb) in [(Feed::new as fn(&str, &[&str], &[(&str, &[&str])]) -> Feed, "print: "), (exec, "")] {
        let task = format!("{verb}{EVIL}");
        let mut feed = make(EVIL, &[EVIL, "b", "c"], &[(EVIL, &[&task, EVIL])]).header(|header| {
            let place = header.rounds[0].place.clone();
            header.rounds[0].blocks.push(BlockEntry { id: None, name: EVIL.into(), within: None, retries: 1, place });
        });
        feed = feed.ok(0, 0, 0, EVIL).failed(0, 0, 1, 1, EVIL).without_run(0, 0, 2, Status::Skipped, EVIL);
        let failed = Outcome { reason: Some(EVIL.into()), ..ran(Status::Failed, Some(1)) };
        feed = feed.whole(0, 1, 0, (EVIL, EVIL), failed).unreachable(1, EVIL, EVIL);
        feed = feed.event(RunEvent::HostRetrying { host: HostIx(0), attempt: 1, message: EVIL.into() });
        feed = feed.event(RunEvent::HostLost { host: HostIx(2), message: EVIL.into() });
        feed = feed.event(RunEvent::HostLeftOut { round: RoundIx(0), host: HostIx(2), reason: EVIL.into() });
        feed = feed.event(RunEvent::RoundSkipped { round: RoundIx(0), reason: EVIL.into() });
        feed = feed.event(RunEvent::Stopped { round: RoundIx(0), reason: EVIL.into() });
        for yes in [false, true] {
            feed = feed.event(RunEvent::Asked { round: RoundIx(0), task: None, question: EVIL.into() });
            feed = feed.event(RunEvent::Answered { round: RoundIx(0), task: None, yes, by: EVIL.into() });
        }
        let (step, item) = (crate::report::testing::step(0, 1, 2), Some(ItemLabel { index: 0, of: 2, label: EVIL.into() }));
        let failed = Outcome { reason: Some(EVIL.into()), ..ran(Status::Failed, Some(1)) };
        for retry_ms in [Some(1), None] {
            let (item, outcome) = (item.clone(), failed.clone());
            feed = feed.output(0, 1, 2, crate::event::Stream::Stderr, EVIL);
            feed = feed.event(RunEvent::AttemptEnded { step, attempt: 1, item, outcome, retry_ms });
        }
        feed = feed.finish(0, 1, 2, failed);
        for (status, retry_ms) in [(BlockStatus::Failed, Some(1)), (BlockStatus::Failed, None), (BlockStatus::Rescued, None)] {
            let (item, reason) = (item.clone(), Some(EVIL.to_owned()));
            let (round, block, host) = (RoundIx(0), BlockIx(0), HostIx(2));
            feed = feed.event(RunEvent::BlockEnded { round, block, host, item, status, reason, retry_ms });
        }
        feed = feed.event(RunEvent::Notified { round: RoundIx(0), host: HostIx(2), handler: TaskIx(1), by: TaskIx(0), run: None });
        feed = feed.event(RunEvent::Interrupted { stage: 1, signal: EVIL.into() });
        let events = feed.end(4).events();
        let zone = jiff::tz::TimeZone::UTC;
        let mut texts = vec![
            crate::report::show_run(&events, &plain(), &zone).unwrap(),
            crate::report::show_steps(&events, &crate::report::StepFilter::default(), &plain(), &zone).unwrap(),
        ];
        for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
            let shared = Shared::default();
            let mut console =
                Console::new(Options { verbosity, record: Some(EVIL.into()), ..Options::default() }, shared.writer(), || START);
            events.iter().for_each(|event| console.event(event));
            texts.push(shared.text());
        }
        for text in texts {
            assert!(text.contains("e\\x1b[2J"), "{text}");
            let bad = text.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
            assert_eq!(bad, None, "{text:?}");
        }
    }
}

fn exec(command: &str, hosts: &[&str], rounds: &[(&str, &[&str])]) -> Feed {
    Feed::with(command, "exec", hosts, rounds)
}
