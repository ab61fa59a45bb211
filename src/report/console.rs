//! The sink for people: lines, below them the live block on a terminal, at the end the summary.

use std::io::Write;

use super::board::Board;
use super::narrator::Narrator;
use super::out::Out;
use super::screen::Screen;
use super::summary::summary;
use super::{Options, Verbosity};
use crate::event::{Event, EventSink};

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
        }
    }

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
}

impl<C: Fn() -> i64 + Send> EventSink for Console<C> {
    fn event(&mut self, event: &Event) {
        if self.out.is_dead() {
            return;
        }
        let change = self.board.fold(event);
        let lines = self.narrator.tell(&self.board, event, &change);
        if self.board.end.is_some()
            && let Some(screen) = self.screen.take()
        {
            screen.clear();
        }
        self.print(&lines);
        if self.board.end.is_some() {
            self.out.write(&summary(&self.board, &self.options));
        }
        self.out.flush();
    }

    fn tick(&mut self) {
        if let Some(screen) = &mut self.screen
            && !self.out.is_dead()
        {
            // Clocks may be set back; time on the screen does not go backwards for it.
            screen.draw(&self.board, (self.clock)().max(self.board.at));
            self.out.flush();
        }
    }
}

#[cfg(test)]
mod tests;
