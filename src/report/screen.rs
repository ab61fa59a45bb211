//! The live block at the bottom of a terminal: what a run is doing now, in a few lines, whatever the number of hosts.
//!
//! indicatif takes care of drawing over what stood there; what it draws is text made here. Lines that are to stay go above.

use std::io;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::awaited::awaited;
use super::board::{Board, Link, RoundState};
use super::narrator::stopping;
use super::out::Out;
use super::paint::{Paint, columns};
use super::words::{hosts_phrase, round_name, run_counts, task_name};
use super::{Options, Size};
use crate::model::{HostIx, RoundIx};
use crate::text::plural;

/// Lines for those who are awaited.
const AWAITED: usize = 3;
/// The least columns in which a host's last words are worth showing.
const WORDS: usize = 12;

/// The block.
pub(super) struct Screen {
    bar: ProgressBar,
    out: Out,
    view: View,
    drawn: String,
}

impl Screen {
    pub(super) fn new(options: &Options, out: Out) -> Screen {
        let view = View { paint: Paint::new(options), width: options.width, size: options.size };
        let target = ProgressDrawTarget::term_like(Box::new(Terminal { out: out.clone(), view }));
        let bar = ProgressBar::with_draw_target(None, target);
        // The template holds nothing but our own text, so it is known to be sound; indicatif's own would do as well.
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Screen { bar, out, view, drawn: String::new() }
    }

    /// Draws the block as of `now`.
    pub(super) fn draw(&mut self, board: &Board, now: i64) {
        let text = self.view.lines(board, now).join("\n");
        // Most ticks change nothing; a terminal at the end of a slow line need not hear of them.
        if text != self.drawn {
            self.bar.set_message(text.clone());
            self.drawn = text;
        }
    }

    /// Writes lines above the block, where they stay.
    pub(super) fn above(&self, text: &str) {
        self.bar.suspend(|| self.out.write(text));
    }

    /// Takes the block away until [`Screen::resume`], so that somebody else can use the terminal.
    pub(super) fn pause(&mut self) {
        self.clear();
        self.drawn.clear();
    }

    /// Lets the block be drawn again.
    pub(super) fn resume(&self) {
        self.bar.reset();
    }

    /// Takes the block away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
        self.out.flush();
    }
}

/// What the block says, as lines that each fit into the terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) paint: Paint,
    pub(super) width: usize,
    pub(super) size: Option<Size>,
}

impl View {
    fn size(&self) -> (u16, u16) {
        let asked = self.size.and_then(|size| size()).filter(|(columns, rows)| *columns > 0 && *rows > 0);
        asked.unwrap_or((u16::try_from(self.width).unwrap_or(u16::MAX), 24))
    }

    pub(super) fn lines(&self, board: &Board, now: i64) -> Vec<String> {
        if !board.begun || board.end.is_some() {
            return Vec::new();
        }
        let (width, rows) = self.size();
        // A line of full width would leave the cursor where terminals disagree.
        let width = usize::from(width).saturating_sub(1).max(20);
        let mut lines = vec![String::new(), self.progress(board, now, width), self.counts(board, width)];
        lines.extend(self.connecting(board, width));
        lines.extend(self.pauses(board, now, width));
        lines.extend(self.retrying(board, now, width));
        let awaited = usize::from(rows).saturating_sub(lines.len() + 4).min(AWAITED);
        lines.extend(self.awaited(board, now, width, awaited));
        if board.interrupted > 0 {
            lines.push(self.paint.warn(&self.paint.clip(&stopping(board, board.interrupted), width)));
        }
        lines
    }

    fn progress(&self, board: &Board, now: i64, width: usize) -> String {
        let name = |(round, state): (RoundIx, &RoundState)| {
            let batch = state.flow.batch.as_ref().map_or_else(String::new, |batch| format!(" batch {} of {}", batch.batch, batch.of));
            format!("{}{batch}", round_name(board, round))
        };
        let names: Vec<String> = board.open_rounds().map(name).collect();
        let names = if board.is_exec() { String::new() } else { self.paint.clip(&names.join(", "), width / 3) };
        let (done, total) = (board.counts.total(), board.total_steps());
        let left = format!("{} {names}", clock(now - board.started_at));
        let right = format!("{done}/{} {}%", plural(total, "step"), (done * 100).checked_div(total).unwrap_or(0).min(100));
        let left = left.trim_end();
        let room = width.saturating_sub(columns(left) + columns(&right) + 2);
        format!("{} {} {right}", self.paint.bold(left), self.paint.bar(done, total, room))
    }

    fn counts(&self, board: &Board, width: usize) -> String {
        // Only a text without colours can be cut.
        let plain = run_counts(board, self.paint.without_colors());
        if columns(&plain) <= width { run_counts(board, self.paint) } else { self.paint.clip(&plain, width) }
    }

    fn connecting(&self, board: &Board, width: usize) -> Option<String> {
        let mut counts = [0usize; 3];
        for (_, round) in board.open_rounds() {
            for host in &round.hosts {
                match board.hosts.get(host).map(|state| &state.link) {
                    Some(Link::Connecting) => counts[0] += 1,
                    Some(Link::Retrying) => counts[1] += 1,
                    Some(Link::None) | None => counts[2] += 1,
                    Some(Link::Connected | Link::Unreachable(..) | Link::Lost(_)) => {}
                }
            }
        }
        let words = [("connecting", counts[0]), ("retrying", counts[1]), ("queued", counts[2])];
        let parts: Vec<String> = words.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{word} {count}")).collect();
        (!parts.is_empty()).then(|| self.paint.dim(&self.paint.clip(&format!("hosts: {}", parts.join(self.paint.dot())), width)))
    }

    /// Rounds between two batches.
    fn pauses(&self, board: &Board, now: i64, width: usize) -> Vec<String> {
        let pauses = board.open_rounds().filter_map(|(round, state)| Some((round, state.flow.pause?)));
        let line = |(round, due): (RoundIx, i64)| format!("{}: the next batch begins in {}", round_name(board, round), clock(due - now));
        pauses.map(|pause| self.paint.clip(&line(pause), width)).collect()
    }

    /// Steps that failed and will be tried again: how many, and the next of them.
    fn retrying(&self, board: &Board, now: i64, width: usize) -> Option<String> {
        let ((step, _), next) = board.flow.retrying.iter().min_by_key(|(which, retrying)| (retrying.due, **which))?;
        let more = board.flow.retrying.len() - 1;
        let more = if more > 0 { format!(" +{more} more") } else { String::new() };
        let (name, dot) = (task_name(board, self.paint, step.round, step.task), self.paint.dot());
        let host = hosts_phrase(board, &[step.host], usize::MAX);
        let tries = format!("attempt {} of {}", next.attempt, next.of);
        let line = format!("retrying in {} {name}{dot}{host}{dot}{tries}{more}", clock(next.due - now));
        Some(self.paint.clip(&line, width))
    }

    /// Those who have been awaited longest, hosts of one task together, with the last words of one that is alone.
    fn awaited(&self, board: &Board, now: i64, width: usize, most: usize) -> Vec<String> {
        let groups = awaited(board, now);
        let hidden: usize = groups.iter().skip(most).map(|group| group.hosts.len()).sum();
        let mut lines = Vec::new();
        for (index, group) in groups.iter().take(most).enumerate() {
            let since = clock(now - group.since);
            let name = group.words(board, self.paint);
            let more = if index + 1 == most && hidden > 0 { format!(" +{hidden} more") } else { String::new() };
            let room = width.saturating_sub(columns(&more));
            let word = if index == 0 { "waiting" } else { "" };
            let lead = format!("{word:<7}{since:>6} {name}{}", self.paint.dot());
            let left = room.saturating_sub(columns(&lead));
            let mut line = format!("{lead}{}", self.awaited_hosts(board, &group.hosts, left));
            let left = room.saturating_sub(columns(&line) + columns(self.paint.dot()));
            if left >= WORDS
                && let Some(words) = group.last_line(board, self.paint, left)
            {
                line = format!("{line}{}{words}", self.paint.dot());
            }
            lines.push(format!("{}{more}", self.paint.clip(&line, room)));
        }
        lines
    }

    fn awaited_hosts(&self, board: &Board, hosts: &[HostIx], room: usize) -> String {
        let phrase = hosts_phrase(board, hosts, usize::MAX);
        if columns(&phrase) <= room { phrase } else { hosts_phrase(board, hosts, 0) }
    }
}

/// A growing time that does not jump about: `0:07`, `12:34`, `1:02:03`.
fn clock(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A terminal reached through our own stream. Nothing leaves before the stream is flushed, after each event and tick.
#[derive(Debug)]
struct Terminal {
    out: Out,
    view: View,
}

impl Terminal {
    fn send(&self, text: &str) -> io::Result<()> {
        self.out.write(text);
        Ok(())
    }

    fn go(&self, count: usize, letter: char) -> io::Result<()> {
        if count > 0 { self.send(&format!("\u{1b}[{count}{letter}")) } else { Ok(()) }
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.view.size().0
    }

    fn height(&self) -> u16 {
        self.view.size().1
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.go(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.go(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.go(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.go(n, 'D')
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.send(s)?;
        self.send("\r\n")
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.send(s)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.send("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
