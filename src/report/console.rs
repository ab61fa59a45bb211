//! The sink for people: lines, below them the live block on a terminal, at the end the summary.

use std::io::Write;

use super::awaited::Patience;
use super::board::Board;
use super::narrator::Narrator;
use super::out::Out;
use super::paint::Paint;
use super::screen::Screen;
use super::summary::summary;
use super::{Options, Verbosity};
use crate::event::{Event, EventSink, RunEvent};

/// Makes the sink that tells people of a run, on a terminal or in a file. A failed write ends it quietly.
#[must_use]
pub fn console(options: Options, out: Box<dyn Write + Send>) -> Box<dyn EventSink> {
    Box::new(Console::new(options, out, || jiff::Timestamp::now().as_millisecond()))
}

/// The sink, with the clock that the live block's times are read from.
pub(super) struct Console<C> {
    board: Board,
    narrator: Narrator,
    screen: Option<Screen>,
    out: Out,
    options: Options,
    clock: C,
    /// Where nothing is drawn, a line says now and then who is awaited.
    patience: Patience,
    /// Lines that wait until the terminal is ours again: somebody is asked there.
    held: Vec<String>,
    /// Whether somebody was being asked before this event.
    asked: bool,
}

impl<C: Fn() -> i64> Console<C> {
    pub(super) fn new(options: Options, out: Box<dyn Write + Send>, clock: C) -> Console<C> {
        let out = Out::new(out);
        Console {
            board: Board::new(options.verbosity == Verbosity::Verbose).in_record(options.db.clone()),
            narrator: Narrator::new(&options),
            screen: options.live.then(|| Screen::new(&options, out.clone())),
            out,
            options,
            clock,
            patience: Patience::default(),
            held: Vec::new(),
            asked: false,
        }
    }
}

impl<C> Console<C> {
    fn print(&self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let mut text = lines.join("\n");
        text.push('\n');
        match &self.screen {
            Some(screen) => screen.above(&text),
            None => self.out.write(&text),
        }
    }

    /// On a terminal, keeps quiet from a question to its answer, so that the question stays the last line.
    fn print_or_hold(&mut self, event: &Event, lines: Vec<String>) {
        self.held.extend(lines);
        let asking = !self.board.flow.asking.is_empty();
        if let Some(screen) = &mut self.screen {
            match &event.kind {
                RunEvent::Asked { .. } => {
                    let lines = std::mem::take(&mut self.held);
                    screen.pause();
                    self.print(&lines);
                    return;
                }
                RunEvent::Interrupted { .. } if self.asked => {
                    // The cursor stands behind the question.
                    self.out.write("\n");
                    screen.resume();
                }
                RunEvent::Answered { .. } if !asking => screen.resume(),
                _ if asking => return,
                _ => {}
            }
        }
        let lines = std::mem::take(&mut self.held);
        self.print(&lines);
    }
}

impl<C: Fn() -> i64 + Send> EventSink for Console<C> {
    fn event(&mut self, event: &Event) {
        if self.out.is_dead() {
            return;
        }
        self.asked = !self.board.flow.asking.is_empty();
        let change = self.board.fold(event);
        let lines = self.narrator.tell(&self.board, event, &change);
        if self.board.end.is_some()
            && let Some(screen) = self.screen.take()
        {
            screen.clear();
        }
        if !lines.is_empty() {
            self.patience.told(event.at);
        }
        if matches!(event.kind, RunEvent::Interrupted { stage: 1, .. }) {
            self.patience.at_once();
        }
        self.print_or_hold(event, lines);
        if self.board.end.is_some() {
            self.out.write(&summary(&self.board, &self.options));
        }
        self.out.flush();
    }

    fn tick(&mut self) {
        if self.screen.is_none() && self.options.verbosity != Verbosity::Quiet && self.board.flow.asking.is_empty() && !self.out.is_dead() {
            let now = (self.clock)().max(self.board.at);
            if let Some(line) = self.patience.line(&self.board, Paint::new(&self.options), now) {
                self.print(&[line]);
                self.out.flush();
            }
        }
        if let Some(screen) = &mut self.screen
            && !self.out.is_dead()
            && self.board.flow.asking.is_empty()
        {
            // Clocks may be set back; time on the screen does not go backwards for it.
            screen.draw(&self.board, (self.clock)().max(self.board.at));
            self.out.flush();
        }
    }
}

#[cfg(test)]
mod tests;
