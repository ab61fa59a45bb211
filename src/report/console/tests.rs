//! The console on streams that close, and what the clock draws.

use super::*;
use crate::report::testing::{Broken, Feed, START, Shared};

#[test]
fn a_closed_stream_is_quiet_and_final() {
    let broken = Broken::default();
    let mut sink = Console::new(Options { live: true, ..Options::default() }, Box::new(broken.clone()), || START);
    for event in Feed::new("p", &["a"], &[("one", &["x", "y"])]).ok(0, 0, 0, "").ok(0, 1, 0, "").end(0).events() {
        sink.event(&event);
        sink.tick();
    }
    drop(sink);
    assert_eq!(broken.attempts(), 1);
}

#[test]
fn ticks_draw_only_on_a_terminal() {
    for live in [false, true] {
        let shared = Shared::default();
        let mut sink = Console::new(Options { live, ..Options::default() }, shared.writer(), || START + 5000);
        for event in Feed::new("p", &["a"], &[("one", &["x"])]).start(0, 0, 0).events() {
            sink.event(&event);
        }
        let before = shared.text().len();
        sink.tick();
        assert_eq!(shared.text().len() > before, live);
        assert_eq!(shared.text().contains("0:05 one"), live, "the injected clock is shown: {}", shared.text());
    }
}

#[test]
fn a_long_run_is_drawn_all_along() {
    let options = Options { colors: true, live: true, record: Some(".roundsman/record.db".into()), ..Options::default() };
    let clock = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(START));
    let now = clock.clone();
    let shared = Shared::default();
    let mut sink = Console::new(options, shared.writer(), move || now.load(std::sync::atomic::Ordering::SeqCst));
    let mut drawn = START;
    let mut redrawn = 0;
    for event in crate::report::testing::long_run().events() {
        let at = event.at;
        while drawn + 100 <= at {
            drawn += 100;
            clock.store(drawn, std::sync::atomic::Ordering::SeqCst);
            let before = shared.text().len();
            sink.tick();
            redrawn += usize::from(shared.text().len() > before);
        }
        sink.event(&event);
    }
    assert!(redrawn > 50, "only {redrawn} ticks drew something");
    assert!(shared.text().contains("Failures:"), "the summary comes last");
}
