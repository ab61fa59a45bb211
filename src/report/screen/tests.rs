//! The live block: 200 hosts in a small window.

use super::*;
use crate::event::{RunEvent, Stream};
use crate::model::StepId;
use crate::report::testing::{Feed, START, Shared, step, webs};

fn block(board: &Board, now: i64, options: &Options) -> String {
    View { paint: Paint::new(options), width: options.width, size: options.size }.lines(board, now).join("\n")
}

fn board(feed: Feed) -> Board {
    let mut board = Board::new(false);
    for event in feed.events() {
        board.fold(&event);
    }
    board
}

/// 200 hosts in all states: some done, some at work, some on their way, some gone.
fn busy() -> Feed {
    let names = webs(200);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let tasks: &[&str] = &["kernel", "Upgrade the nginx package and all of its many friends", "config"];
    let mut feed = Feed::new("Patch", &names, &[("survey", tasks), ("patch", tasks)]).begin(0);
    for host in 0..150 {
        feed = feed.connected(host).ok(0, 0, host, "6.1\n");
    }
    for host in 0..8 {
        feed = feed.event(RunEvent::HostConnecting { host: HostIx::new(150 + host) });
    }
    feed = feed.unreachable(199, "refused", "ssh: connect to host 10.0.0.200 port 22: Connection refused");
    for host in 0..40 {
        feed = feed.changed(0, 1, host);
    }
    for host in 40..60 {
        feed = feed.failed(0, 1, host, 100, "E: no lock\n");
    }
    feed = feed.start(0, 1, 61).start(0, 1, 63).wait(30_000);
    for host in 100..120 {
        feed = feed.start(0, 2, host);
    }
    feed.start(0, 0, 170).wait(12_000)
}

#[test]
fn two_hundred_hosts_take_a_few_lines_of_80_columns() {
    let board = board(busy());
    let text = block(&board, board.at, &Options { live: true, ..Options::default() });
    for line in text.lines() {
        assert!(columns(line) < 80, "{line}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_locale_without_utf8_and_a_tiny_window() {
    fn tiny() -> Option<(u16, u16)> {
        Some((40, 10))
    }
    let board = board(busy());
    let text = block(&board, board.at, &Options { live: true, unicode: false, size: Some(tiny), ..Options::default() });
    assert!(text.is_ascii(), "{text}");
    assert!(text.lines().count() <= 8 && text.lines().all(|line| columns(line) < 40), "{text}");
}

#[test]
fn who_asked_to_stop_sees_what_the_next_one_does() {
    let feed = busy().event(RunEvent::Interrupted { stage: 1, signal: "INT".into() });
    let board = board(feed);
    let text = block(&board, board.at, &Options::default());
    let last = text.lines().last().unwrap();
    assert_eq!(last, "stopping: 23 running steps may finish; Ctrl-C again ends what runs");
}

#[test]
fn only_steps_that_began_are_awaited() {
    let sent = |step: StepId| RunEvent::StepSent { step, attempt: 1, on: None, command: "x".into(), item: None, durable: None };
    let feed = Feed::new("p", &["a", "b"], &[("one", &["first", "second"])]).start(0, 0, 0).event(sent(step(0, 1, 0)));
    let board = board(feed);
    let text = block(&board, board.at + 65_000, &Options::default());
    assert!(text.contains("waiting  1:05 one/first · a"), "{text}");
    assert!(!text.contains("second"), "written ahead is not awaited: {text}");
}

#[test]
fn a_batch_its_pause_and_retries_are_seen() {
    let round = RoundIx(0);
    let batch = RunEvent::BatchStarted { round, batch: 2, of: 3, hosts: vec![HostIx(0), HostIx(1)] };
    let again = |host| RunEvent::AttemptEnded {
        step: step(0, 0, host),
        attempt: 1,
        item: None,
        outcome: crate::event::Outcome::without_run(crate::event::Status::Failed, "exit code 7"),
        retry_ms: Some(4000),
    };
    let retries = |header: &mut crate::event::RunHeader| header.rounds[0].tasks[0].retries = 3;
    let feed = Feed::new("p", &["a", "b"], &[("one", &["first"])]).header(retries).begin(0).event(batch);
    let feed = feed.start(0, 0, 0).event(again(0)).start(0, 0, 1).event(again(1));
    let at = |feed: Feed, later: i64| {
        let board = board(feed);
        block(&board, board.at + later, &Options::default())
    };
    let text = at(feed, 1500);
    assert!(text.contains("one batch 2 of 3"), "{text}");
    assert!(text.contains("\nretrying in 0:02 one/first · a · attempt 2 of 4 +1 more"), "{text}");
    assert!(!text.contains("waiting"), "nothing runs: {text}");
    let feed = Feed::new("p", &["a"], &[("one", &["first"])]).ok(0, 0, 0, "").event(RunEvent::BatchPaused { round, duration_ms: 30_000 });
    let text = at(feed, 12_000);
    assert!(text.contains("\none: the next batch begins in 0:18"), "{text}");
}

#[test]
fn lines_above_stay_and_the_block_goes() {
    let shared = Shared::default();
    let out = Out::new(shared.writer());
    let options = Options { live: true, width: 60, ..Options::default() };
    let mut screen = Screen::new(&options, out.clone());
    let feed = Feed::new("p", &["a"], &[("one", &["first"])]).start(0, 0, 0).output(0, 0, 0, Stream::Stdout, "x");
    let board = board(feed);
    screen.draw(&board, START + 1000);
    screen.above("a line that stays\n");
    screen.draw(&board, START + 2000);
    screen.clear();
    out.flush();
    let shown = emulate(&shared.text());
    assert_eq!(shown, "a line that stays");
}

/// What stands on a terminal after the text: knows what indicatif and we send, and nothing else.
fn emulate(text: &str) -> String {
    let (mut lines, mut row, mut column): (Vec<Vec<char>>, usize, usize) = (vec![Vec::new()], 0, 0);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                assert_eq!(chars.next(), Some('['));
                let mut number = String::new();
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                let count = number.parse().unwrap_or(1);
                match chars.next() {
                    Some('A') => row = row.saturating_sub(count),
                    Some('B') => row += count,
                    Some('K') => lines[row].clear(),
                    other => panic!("unknown sequence {other:?}"),
                }
            }
            '\r' => column = 0,
            '\n' => (row, column) = (row + 1, 0),
            c => {
                if column == 60 {
                    (row, column) = (row + 1, 0);
                }
                lines.resize(lines.len().max(row + 1), Vec::new());
                let width = lines[row].len().max(column + 1);
                lines[row].resize(width, ' ');
                lines[row][column] = c;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Vec::new());
    }
    let lines: Vec<String> = lines.into_iter().map(|line| line.into_iter().collect::<String>().trim_end().to_owned()).collect();
    lines.join("\n").trim_end().to_owned()
}
