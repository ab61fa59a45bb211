//! Races that no real shell produces on demand.

use std::time::{Duration, Instant};

use super::Machine;
use crate::transport::lane_api::{End, Invocation, LaneReport, OnFailure, OutputStream, Request, SkipCause};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

struct Bench {
    machine: Machine,
    now: Instant,
    alone: bool,
    on_failure: OnFailure,
}

impl Bench {
    fn new() -> Bench {
        let mut bench =
            Bench { machine: Machine::new(TOKEN.to_owned(), None), now: Instant::now(), alone: false, on_failure: OnFailure::Stop };
        bench.wire();
        bench.both("R");
        assert_eq!(bench.reports(), [LaneReport::Ready]);
        bench
    }
    fn run(&mut self, id: u64, text: &str) {
        self.machine.run(Box::new(Request {
            on_failure: self.on_failure,
            alone: self.alone,
            ..Request::new(id, Invocation::Script(text.to_owned()), Duration::from_secs(10))
        }));
        self.machine.pump(self.now);
    }
    fn mark(&mut self, stream: OutputStream, body: &str) {
        self.machine.feed(stream, format!("\x1e{TOKEN} {body}\n").as_bytes(), self.now);
        self.machine.pump(self.now);
    }
    fn both(&mut self, body: &str) {
        self.mark(OutputStream::Stdout, body);
        self.mark(OutputStream::Stderr, body);
    }
    fn reports(&mut self) -> Vec<LaneReport> {
        self.machine.reports.drain(..).collect()
    }
    /// What was written since, by request ids and control words.
    fn wire(&mut self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut self.machine.wire)).unwrap();
        let word = |line: &str| {
            let id = line.strip_prefix("if __b ").and_then(|rest| rest.split(';').next());
            id.or_else(|| line.strip_prefix(TOKEN)).map(str::to_owned).or_else(|| (line == "__s=").then(|| "clear".to_owned()))
        };
        text.lines().filter_map(word).collect()
    }
}

fn skipped(id: u64, cause: SkipCause) -> LaneReport {
    LaneReport::Skipped { id, cause }
}

#[test]
fn what_others_made_skip_is_written_again_in_order() {
    let mut bench = Bench::new();
    for id in 1..5 {
        bench.run(id, "x");
    }
    assert_eq!(bench.wire(), ["1", "2", "3", "4"]);
    bench.both("B 1");
    bench.both("E 1 0");
    bench.mark(OutputStream::Stdout, "S 2");
    bench.run(5, "x");
    assert_eq!(bench.wire(), ["clear", "2", "3", "4", "5"]);
    bench.mark(OutputStream::Stdout, "S 3");
    bench.mark(OutputStream::Stdout, "S 4");
    bench.reports();
    for id in 2..6 {
        bench.both(&format!("B {id}"));
        bench.both(&format!("E {id} 0"));
    }
    let ended: Vec<u64> =
        bench.reports().iter().filter_map(|report| if let LaneReport::Ended { id, .. } = report { Some(*id) } else { None }).collect();
    assert_eq!(ended, [2, 3, 4, 5]);
    assert!(bench.machine.is_idle());
}

#[test]
fn a_request_that_began_before_the_withdrawal_reached_it_runs() {
    let mut bench = Bench::new();
    for id in 1..4 {
        bench.run(id, "x");
    }
    bench.wire();
    bench.both("B 1");
    bench.machine.withdraw();
    bench.run(4, "x");
    assert_eq!(bench.wire(), ["w", "clear", "4"]);
    bench.both("E 1 0");
    bench.both("B 2");
    bench.both("E 2 0");
    bench.mark(OutputStream::Stdout, "S 3");
    bench.both("B 4");
    let reports = bench.reports();
    assert!(reports.contains(&LaneReport::Began { id: 2 }) && reports.contains(&LaneReport::Began { id: 4 }));
    assert!(reports.contains(&skipped(3, SkipCause::Withdrawn)) && !reports.contains(&skipped(2, SkipCause::Withdrawn)));
}

#[test]
fn one_stream_waits_for_the_other() {
    let mut bench = Bench::new();
    bench.run(1, "x");
    bench.run(2, "x");
    bench.mark(OutputStream::Stdout, "B 1");
    bench.mark(OutputStream::Stdout, "E 1 0");
    bench.mark(OutputStream::Stdout, "B 2");
    assert!(!bench.machine.wants(OutputStream::Stdout), "it is read no further");
    assert_eq!(bench.reports(), [LaneReport::Began { id: 1 }]);
    bench.mark(OutputStream::Stderr, "B 1");
    bench.machine.feed(OutputStream::Stderr, b"late", bench.now);
    bench.mark(OutputStream::Stderr, "E 1 0");
    let reports = bench.reports();
    assert!(
        matches!(
            &reports[..],
            [LaneReport::Output { id: 1, .. }, LaneReport::Ended { id: 1, end: End::Exited(0), .. }, LaneReport::Began { id: 2 }]
        ),
        "{reports:?}"
    );
}

#[test]
fn write_ahead_is_bounded_and_a_large_request_waits_for_an_idle_lane() {
    let mut bench = Bench::new();
    let large = "y".repeat(100_000);
    for id in 1..=40 {
        bench.run(id, &"x".repeat(2000));
    }
    bench.run(41, &large);
    let first = bench.wire().len();
    assert!((10..=16).contains(&first), "{first}");
    for id in 1..=40 {
        bench.both(&format!("B {id}"));
        let size = bench.machine.wire.len();
        assert!(size < 32 * 1024, "{size}");
        bench.wire();
        bench.both(&format!("E {id} 0"));
    }
    assert_eq!(bench.wire(), ["41"]);
}

#[test]
fn time_runs_out_and_kill_follows_where_nothing_answers() {
    let mut bench = Bench::new();
    bench.run(1, "x");
    bench.run(2, "x");
    bench.wire();
    bench.both("B 1");
    bench.now += Duration::from_secs(10);
    bench.machine.pump(bench.now);
    assert_eq!(bench.wire(), ["t"]);
    bench.now += Duration::from_secs(5);
    bench.machine.pump(bench.now);
    assert_eq!(bench.wire(), ["k"]);
    let reports = bench.reports();
    assert!(
        reports.iter().any(
            |report| matches!(report, LaneReport::Ended { id: 1, end: End::TimedOut { guard: None }, duration } if duration.as_secs() == 15)
        ),
        "{reports:?}"
    );
    bench.run(3, "x");
    assert_eq!(bench.reports(), [], "told of only when the lane has ended, else it would be sent here again at once");
    bench.machine.settle(false);
    assert_eq!(bench.reports(), [skipped(3, SkipCause::Stopped)]);
}

#[test]
fn what_is_to_be_alone_is_given_back_while_another_runs() {
    let mut bench = Bench::new();
    bench.run(1, "x");
    bench.alone = true;
    bench.run(2, "x");
    bench.alone = false;
    bench.run(3, "x");
    assert_eq!(bench.wire(), ["1"]);
    bench.both("B 1");
    bench.reports();
    bench.machine.withdraw();
    assert_eq!(bench.reports(), [skipped(2, SkipCause::Withdrawn), skipped(3, SkipCause::Withdrawn)]);
    bench.alone = true;
    bench.run(4, "x");
    assert_eq!(bench.wire(), [""; 0]);
    bench.both("E 1 0");
    assert_eq!(bench.wire(), ["4"]);
}

#[test]
fn marks_that_no_shell_of_ours_writes_are_not_believed() {
    let mut bench = Bench::new();
    bench.run(1, "true");
    for body in ["B 18446744073709551615", "E 7 0", "E 1 0", "S 9", "G 1 18446744073709551615 0", "P 1 18446744073709551615", "R"] {
        bench.both(body);
    }
    assert!(bench.reports().iter().all(|report| *report == LaneReport::Ready), "nothing has begun");
    bench.both("B 1");
    bench.mark(OutputStream::Stdout, "S 9");
    bench.mark(OutputStream::Stdout, "B 9");
    for body in ["P 1 18446744073709551615", "G 1 0 0", "G 1 18446744073709551615 0", "E 2 0", "E 1 99999999999", "B 1", "S 9", "B 9"] {
        bench.both(body);
    }
    let reports = bench.reports();
    assert_eq!(reports[0], LaneReport::Began { id: 1 });
    assert!(reports[1..].iter().all(|report| matches!(report, LaneReport::Output { id: 1, .. })), "{reports:?}");
    bench.both("E 1 3");
    bench.both("E 1 0");
    assert!(matches!(bench.reports()[..], [LaneReport::Ended { id: 1, end: End::Exited(3), .. }]));
}

#[test]
fn requests_that_begin_out_of_order_end_the_lane() {
    for body in ["B 2", "S 2"] {
        let mut bench = Bench::new();
        bench.run(1, "true");
        bench.run(2, "true");
        bench.wire();
        // On standard error it may be early: standard output says that the first was passed over.
        bench.mark(OutputStream::Stderr, "B 2");
        assert!(!bench.machine.killed);
        bench.mark(OutputStream::Stdout, body);
        assert!(bench.machine.killed, "{body}");
        assert_eq!(bench.reports(), []);
    }
}

#[test]
fn who_begins_nothing_is_given_up_after_the_time_of_what_is_next() {
    let mut bench = Bench::new();
    bench.run(1, "true");
    bench.run(2, "true");
    bench.now += Duration::from_secs(9);
    bench.both("B 1");
    bench.now += Duration::from_secs(9);
    bench.both("E 1 0");
    // The time of the second counts from the end of the first.
    bench.now += Duration::from_secs(9);
    bench.machine.pump(bench.now);
    assert!(!bench.machine.killed);
    assert_eq!(bench.machine.deadline(), Some(bench.now + Duration::from_secs(1)));
    bench.now += Duration::from_secs(1);
    bench.machine.pump(bench.now);
    assert!(bench.machine.killed);
    assert!(bench.machine.breached().unwrap().contains("within 10s"), "{:?}", bench.machine.breached());
}

#[test]
fn what_is_passed_over_for_ever_ends_the_lane() {
    let mut bench = Bench::new();
    bench.run(1, "true");
    for turn in 1..=super::PASSED_OVER {
        bench.mark(OutputStream::Stdout, "S 1");
        assert!(!bench.machine.killed, "{turn}");
    }
    bench.mark(OutputStream::Stdout, "S 1");
    assert!(bench.machine.killed);
    assert!(bench.machine.wire.len() < 100_000);
}

#[test]
fn a_late_resume_does_not_lift_the_next_hold() {
    let mut bench = Bench::new();
    bench.on_failure = OnFailure::Hold;
    for id in 1..3 {
        bench.run(id, "x");
        bench.both(&format!("B {id}"));
        bench.both(&format!("E {id} 1"));
        if id == 1 {
            bench.machine.resume(1);
        }
    }
    bench.machine.resume(1);
    bench.reports();
    bench.run(3, "x");
    assert_eq!(bench.reports(), [skipped(3, SkipCause::Stopped)]);
    bench.machine.resume(2);
    bench.run(4, "x");
    assert_eq!(bench.wire().last().map(String::as_str), Some("4"));
}

#[test]
fn no_order_of_marks_breaks_it() {
    let mut state = 0x9e37_79b9_u64;
    let mut dice = |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % limit
    };
    for _ in 0..1500 {
        let mut bench = Bench::new();
        bench.on_failure = [OnFailure::Stop, OnFailure::Continue, OnFailure::Hold][usize::try_from(dice(3)).unwrap()];
        let (mut began, mut ended) = (Vec::new(), Vec::new());
        for id in 1..5 {
            bench.run(id, "true");
        }
        for _ in 0..40 {
            let (id, kind) = (dice(6), dice(9));
            let body = match kind {
                0 | 1 => format!("B {id}"),
                2 | 3 => format!("E {id} {}", dice(3)),
                4 => format!("S {id}"),
                5 => format!("G {id} {} 0", dice(2)),
                6 => "R".to_owned(),
                7 => format!("P {id} {}", u64::MAX - dice(2)),
                _ => format!("E {id} 0\nx\x1e{TOKEN} B {id}"),
            };
            let stream = if dice(2) == 0 { OutputStream::Stdout } else { OutputStream::Stderr };
            bench.mark(stream, &body);
            match dice(30) {
                0 => bench.machine.withdraw(),
                1 => bench.machine.terminate(bench.now),
                2 => bench.now += Duration::from_secs(dice(12)),
                _ => {}
            }
            assert!(bench.machine.wire.len() < 100_000 && bench.machine.written.len() < 50, "it grows");
            for report in bench.reports() {
                match report {
                    LaneReport::Began { id } => began.push(id),
                    LaneReport::Ended { id, .. } => ended.push(id),
                    _ => {}
                }
            }
        }
        assert!(began.is_sorted() && ended.iter().all(|id| began.contains(id)), "{began:?} {ended:?}");
        let mut once = began.clone();
        once.dedup();
        assert_eq!(once, began, "nothing begins twice");
    }
}

#[test]
fn what_begins_on_one_stream_waits_for_what_was_passed_over_on_the_other() {
    let mut bench = Bench::new();
    for id in 0..3 {
        bench.run(id, "x");
    }
    bench.both("B 0");
    bench.machine.withdraw();
    bench.run(20, "x");
    bench.reports();
    let marks = |words: &[&str]| words.iter().map(|word| format!("\x1e{TOKEN} {word}\n")).collect::<String>();
    // Its end is still missing on one stream while the next has begun on the other.
    bench.machine.feed(OutputStream::Stdout, marks(&["E 0 0", "S 1", "S 2"]).as_bytes(), bench.now);
    bench.machine.feed(OutputStream::Stderr, marks(&["E 0 0", "B 20", "E 20 0"]).as_bytes(), bench.now);
    bench.machine.feed(OutputStream::Stdout, marks(&["B 20", "E 20 0"]).as_bytes(), bench.now);
    let reports = bench.reports();
    let withdrawn = [skipped(1, SkipCause::Withdrawn), skipped(2, SkipCause::Withdrawn)];
    assert_eq!(reports[1..3], withdrawn, "{reports:?}");
    assert!(matches!(&reports[3..], [LaneReport::Began { id: 20 }, LaneReport::Ended { id: 20, .. }]), "{reports:?}");
}
