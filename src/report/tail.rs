//! The ends of steps' outputs, in bounded memory.
//!
//! A step's end tells whether anybody wants to see its output; until then only the last part of each stream is kept.
//! The record has the rest.

use std::collections::BTreeMap;

use crate::event::{Data, Stream};
use crate::model::StepId;

/// The last bytes of each stream of each execution under way.
#[derive(Debug, Default)]
pub struct OutputTail {
    executions: BTreeMap<(StepId, u32), Streams>,
}

#[derive(Debug, Default)]
struct Streams {
    stdout: Tail,
    stderr: Tail,
}

#[derive(Debug, Default)]
struct Tail {
    kept: Vec<u8>,
    cut_bytes: u64,
    cut_lines: u64,
}

/// The end of a stream as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Clip {
    /// The text; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Lines before it that are not in it.
    pub cut_lines: u64,
}

impl Clip {
    /// Says whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Both streams' ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct StepText {
    /// Standard output.
    pub stdout: Clip,
    /// Standard error.
    pub stderr: Clip,
}

impl StepText {
    /// Says whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }
}

impl OutputTail {
    /// Takes a piece of output, keeping about `limit` bytes of its stream.
    pub fn append(&mut self, step: StepId, attempt: u32, stream: Stream, data: &Data, limit: usize) {
        let streams = self.executions.entry((step, attempt)).or_default();
        let tail = match stream {
            Stream::Stdout => &mut streams.stdout,
            Stream::Stderr => &mut streams.stderr,
        };
        match data {
            Data::Text(text) => tail.append(text.as_bytes(), limit),
            Data::Base64(_) => tail.append(&data.bytes(), limit),
        }
    }

    /// Takes the output of one execution of a step out; empty where it had none.
    pub fn take(&mut self, step: StepId, attempt: u32) -> StepText {
        let Streams { stdout, stderr } = self.executions.remove(&(step, attempt)).unwrap_or_default();
        StepText { stdout: stdout.clip(), stderr: stderr.clip() }
    }

    /// The last line of one execution that says something, of its standard output where there is one.
    pub fn last_line(&self, step: StepId, attempt: u32) -> Option<String> {
        let streams = self.executions.get(&(step, attempt))?;
        [&streams.stdout, &streams.stderr].into_iter().find_map(Tail::last_line)
    }

    /// Forgets the output of a step's executions before this one.
    pub fn forget(&mut self, step: StepId, before: u32) {
        let old: Vec<u32> = self.executions.range((step, 0)..(step, before)).map(|((_, attempt), _)| *attempt).collect();
        for attempt in old {
            self.executions.remove(&(step, attempt));
        }
    }

    /// Bytes held now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.executions.values().map(|streams| streams.stdout.kept.len() + streams.stderr.kept.len()).sum()
    }
}

impl Tail {
    fn append(&mut self, bytes: &[u8], limit: usize) {
        self.kept.extend_from_slice(bytes);
        // Twice the limit before anything moves, so that small pieces cost little.
        if self.kept.len() > limit.saturating_mul(2) {
            let cut = self.kept.len() - limit;
            self.cut_bytes += cut as u64;
            self.cut_lines += self.kept[..cut].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.kept.drain(..cut);
            self.kept.shrink_to(limit.saturating_mul(2));
        }
    }

    fn last_line(&self) -> Option<String> {
        let line = self.kept.rsplit(|byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.trim_ascii().is_empty())?;
        // Its end would be cut on a screen all the same.
        Some(String::from_utf8_lossy(&line[..line.len().min(1024)]).into_owned())
    }

    fn clip(mut self) -> Clip {
        if self.cut_bytes > 0 {
            // A line that lost its beginning would be read wrongly, unless it is all there is.
            if let Some(newline) = self.kept.iter().position(|byte| *byte == b'\n').filter(|at| at + 1 < self.kept.len()) {
                self.kept.drain(..=newline);
                self.cut_lines += 1;
            }
        }
        Clip { text: String::from_utf8_lossy(&self.kept).into_owned(), cut_lines: self.cut_lines }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostIx, RoundIx, TaskIx};

    const STEP: StepId = StepId { round: RoundIx(0), task: TaskIx(0), host: HostIx(0) };

    #[test]
    fn memory_is_bounded_and_lines_are_counted() {
        let mut tails = OutputTail::default();
        for number in 0..10_000 {
            tails.append(STEP, 1, Stream::Stdout, &Data::Text(format!("line {number:05}\n")), 4096);
            assert!(tails.held() <= 2 * 4096);
        }
        let text = tails.take(STEP, 1);
        let shown = text.stdout.text.lines().count() as u64;
        assert_eq!(shown + text.stdout.cut_lines, 10_000);
        assert!(text.stdout.text.starts_with("line 0"), "whole lines only: {:?}", &text.stdout.text[..20]);
        assert!(text.stdout.text.ends_with("line 09999\n"));
        assert_eq!(tails.held(), 0);
    }

    #[test]
    fn a_piece_far_over_the_limit_is_cut_too() {
        let mut tails = OutputTail::default();
        tails.append(STEP, 1, Stream::Stderr, &Data::Text("x".repeat(1_000_000)), 4096);
        assert_eq!(tails.held(), 4096);
        assert_eq!(tails.take(STEP, 1).stderr.text.len(), 4096, "one endless line is shown by its end");
    }

    #[test]
    fn attempts_are_kept_apart_and_bytes_are_text() {
        let mut tails = OutputTail::default();
        tails.append(STEP, 1, Stream::Stdout, &Data::Text("first".into()), 100);
        tails.append(STEP, 2, Stream::Stdout, &Data::new(vec![0xff, b'x']), 100);
        tails.append(STEP, 3, Stream::Stdout, &Data::Text("third".into()), 100);
        tails.append(STEP, 1, Stream::Stdout, &Data::Text(", still".into()), 100);
        assert_eq!(tails.take(STEP, 1).stdout.text, "first, still", "items run side by side");
        tails.append(STEP, 1, Stream::Stdout, &Data::Text("old".into()), 100);
        tails.forget(STEP, 3);
        assert_eq!(tails.take(STEP, 2).stdout.text, "");
        assert_eq!(tails.take(STEP, 3).stdout.text, "third");
    }
}
