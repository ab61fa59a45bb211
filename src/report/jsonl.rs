//! Events as JSON lines, for other programs.
//!
//! Each line is one event in its public form, and is flushed, so that a reader sees it when it happens.

use std::io::Write;

use super::out::Out;
use crate::event::{Event, EventSink};

/// Makes a sink that writes each event as a line of JSON. A failed write ends it quietly: nobody reads any more.
#[must_use]
pub fn json_lines(out: Box<dyn Write + Send>) -> Box<dyn EventSink> {
    Box::new(JsonLines { out: Out::new(out) })
}

struct JsonLines {
    out: Out,
}

impl EventSink for JsonLines {
    fn event(&mut self, event: &Event) {
        if self.out.is_dead() {
            return;
        }
        // Events are plain data with text keys, which always have a JSON form.
        if let Ok(mut line) = serde_json::to_string(event) {
            line.push('\n');
            self.out.write(&line);
            self.out.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{Broken, Feed, Shared};

    #[test]
    fn one_line_an_event_and_back_again() {
        let shared = Shared::default();
        let mut sink = json_lines(shared.writer());
        let events = Feed::new("demo", &["a"], &[("one", &["run"])]).ok(0, 0, 0, "two\nlines\n").end(0).events();
        for event in &events {
            sink.event(event);
        }
        let text = shared.text();
        let back: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
        assert_eq!(back, events);
    }

    #[test]
    fn a_closed_pipe_is_quiet() {
        let broken = Broken::default();
        let mut sink = json_lines(Box::new(broken.clone()));
        for event in Feed::new("demo", &["a"], &[("one", &["run"])]).end(0).events() {
            sink.event(&event);
        }
        assert_eq!(broken.attempts(), 1, "after the first failure nothing is written");
    }
}
