//! The last lines of runs that went well and of runs that did not.

use super::*;
use crate::report::testing::{Feed, ran};

fn board(feed: Feed) -> Board {
    let mut board = Board::new(false);
    for event in feed.events() {
        board.fold(&event);
    }
    board
}

fn told(feed: Feed) -> String {
    summary(&board(feed), &Options { record: Some(".roundsman/record.db".into()), ..Options::default() })
}

#[test]
fn all_well_on_a_few_hosts() {
    let mut feed = Feed::new("Hello", &["db1", "web1", "web2"], &[("survey", &["kernel"]), ("patch", &["upgrade"])]);
    for host in 0..3 {
        feed = feed.ok(0, 0, host, "6.1\n");
    }
    feed = feed.over(0).wait(2_000);
    for host in 0..3 {
        feed = feed.changed(1, 0, host);
    }
    insta::assert_snapshot!(told(feed.over(1).end(0)));
}

#[test]
fn failures_come_first_with_place_words_and_the_way_to_the_rest() {
    let noise: String = (1..=40).map(|number| format!("line {number}\n")).collect();
    let failure = Outcome { reason: Some("exit code 2".into()), ..ran(Status::Failed, Some(2)) };
    let feed = Feed::new("Hello", &["a", "b", "c"], &[("one", &["Try it", "more"])])
        .whole(0, 0, 0, ("printed\n", &noise), failure.clone())
        .whole(0, 0, 1, ("printed\n", &noise), failure)
        .ok(0, 0, 2, "");
    let mut feed =
        feed.event(crate::event::RunEvent::HostLost { host: HostIx(2), message: "Connection to c closed by remote host.".into() });
    for host in 0..2 {
        let skipped = Outcome { blocked: true, ..Outcome::without_run(Status::Skipped, "`try_it` failed") };
        feed = feed.finish(0, 1, host, skipped);
    }
    feed = feed.without_run(0, 1, 2, Status::Unknown, "the connection was lost");
    insta::assert_snapshot!(told(feed.over(0).end(4)));
}

#[test]
fn a_reason_of_many_lines_and_unreachable_hosts_that_differ() {
    let failed = Outcome { reason: Some("assertion failed: a > b\nassertion failed: c".into()), ..ran(Status::Failed, None) };
    let feed = Feed::new("Hello", &["a", "b", "c"], &[("one", &["x"])])
        .whole(0, 0, 0, ("", ""), failed)
        .unreachable(1, "auth", "deploy@10.0.0.2: Permission denied (publickey).")
        .unreachable(2, "auth", "deploy@10.0.0.3: Permission denied (publickey).");
    let text = told(feed.end(4));
    assert!(text.contains("one/x · a · failed: assertion failed: a > b\n    assertion failed: c\n  at playbooks/site.yml:9\n"), "{text}");
    assert!(
        text.contains("2 hosts: b,c · auth\n    deploy@10.0.0.2: Permission denied (publickey).\n  (said of b; of the others alike)\n"),
        "{text}"
    );
}

#[test]
fn many_different_failures_do_not_flood() {
    let names = crate::report::testing::webs(200);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut feed = Feed::new("p", &names, &[("one", &["x"])]);
    for host in 0..200 {
        feed = feed.failed(0, 0, host, 1, &format!("{host} {}\n", "x".repeat(3000)));
    }
    let board = board(feed.over(0).end(4));
    let kept: usize = board.rounds[&RoundIx(0)].tasks[&TaskIx(0)].ends.keys().map(|key| key.text.stderr.text.len()).sum();
    assert!(kept < 100_000, "{kept} bytes kept of 200 failures");
    let text = summary(&board, &Options::default());
    assert!(text.lines().count() < 100, "{} lines", text.lines().count());
    assert!(text.contains("one/x · failed otherwise on 190 hosts: "), "{text}");
}

use crate::event::Outcome;
