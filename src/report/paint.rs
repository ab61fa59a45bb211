//! Colours, signs and columns: how words look, never what they say.

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Options;
use crate::event::Status;
use crate::text::visible;

/// Draws with or without colours and with or without signs beyond ASCII.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    colors: bool,
    unicode: bool,
    signs: bool,
}

impl Paint {
    pub(super) fn new(options: &Options) -> Paint {
        Paint { colors: options.colors, unicode: options.unicode, signs: options.live }
    }

    /// The same without colours.
    pub(super) fn without_colors(self) -> Paint {
        Paint { colors: false, ..self }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    pub(super) fn status(self, status: Status, text: &str) -> String {
        let color = match status {
            Status::Ok => AnsiColor::Green,
            Status::Changed => AnsiColor::Yellow,
            Status::Skipped | Status::Cancelled => AnsiColor::Cyan,
            Status::Failed => AnsiColor::Red,
            Status::Unreachable | Status::Unknown => AnsiColor::Magenta,
            Status::Undecided => AnsiColor::Blue,
        };
        let style = color.on_default();
        self.with(if matches!(status, Status::Failed | Status::Unreachable | Status::Unknown) { style.bold() } else { style }, text)
    }

    pub(super) fn warn(self, text: &str) -> String {
        self.with(AnsiColor::Yellow.on_default().bold(), text)
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.colors && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A failure that is allowed, as the first column of a line.
    pub(super) fn lead_allowed(self) -> String {
        let sign = match (self.signs, self.unicode) {
            (false, _) => "",
            (true, true) => "✗ ",
            (true, false) => "x ",
        };
        self.status(Status::Changed, &format!("{sign}{:<11}", "allowed"))
    }

    /// A status as the first column of a line: a sign on a terminal, and always the word.
    pub(super) fn lead(self, status: Status) -> String {
        self.lead_with(status, status.word())
    }

    /// Another word as the first column of a line, in a status's colour and with its sign.
    pub(super) fn lead_with(self, status: Status, word: &str) -> String {
        let word = format!("{word:<11}");
        if !self.signs {
            return self.status(status, &word);
        }
        let sign = match (status, self.unicode) {
            (Status::Ok, true) => "✓",
            (Status::Failed, true) => "✗",
            (Status::Ok, false) => ".",
            (Status::Failed, false) => "x",
            (Status::Changed, _) => "~",
            (Status::Skipped | Status::Cancelled, _) => "-",
            (Status::Unreachable, _) => "!",
            (Status::Unknown | Status::Undecided, _) => "?",
        };
        self.status(status, &format!("{sign} {word}"))
    }

    /// What stands between the parts of a line.
    pub(super) fn dot(self) -> &'static str {
        if self.unicode { " · " } else { " | " }
    }

    pub(super) fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// What stands for the name of each of several hosts.
    pub(super) fn any_host(self) -> &'static str {
        if self.unicode { "‹host›" } else { "<host>" }
    }

    /// A bar of `width` columns, `done` of `total` of it full.
    pub(super) fn bar(self, done: usize, total: usize, width: usize) -> String {
        let full = (width * done.min(total)).checked_div(total).unwrap_or(0);
        let (on, off) = if self.unicode { ("━", "─") } else { ("=", "-") };
        let on = self.with(AnsiColor::Green.on_default(), &on.repeat(full));
        format!("{on}{}", self.dim(&off.repeat(width - full)))
    }

    /// Cuts a text without colours to `width` columns; a cut shows.
    pub(super) fn clip(self, text: &str, width: usize) -> String {
        if columns(text) <= width {
            return text.to_owned();
        }
        let mark = self.ellipsis();
        let room = width.saturating_sub(columns(mark));
        let mut cut = String::new();
        let mut used = 0;
        for c in text.chars() {
            used += c.width().unwrap_or(0);
            if used > room {
                break;
            }
            cut.push(c);
        }
        cut.push_str(mark);
        cut
    }

    /// Foreign text as one harmless line of at most `width` columns.
    pub(super) fn one_line(self, text: &str, width: usize) -> String {
        let newline = if self.unicode { " ⏎ " } else { " / " };
        let line = visible(text.trim()).replace('\n', newline).replace('\t', " ");
        self.clip(&line, width)
    }
}

/// The columns that a text without colours takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Foreign text as harmless lines: a carriage return at a line's end goes, and of a line that was drawn over and over
/// (`10%\r20%\r30%`) only what stood there last stays.
pub(super) fn foreign_lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.trim_end().lines().map(|line| {
        let line = line.trim_end_matches('\r');
        visible(line.rsplit('\r').next().unwrap_or(line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_by_columns() {
        let paint = Paint::new(&Options::default());
        assert_eq!(paint.clip("日本語", 6), "日本語");
        assert_eq!(paint.clip("日本語", 5), "日本…");
        let ascii = Paint::new(&Options { unicode: false, ..Options::default() });
        assert_eq!(ascii.clip("abcdefgh", 6), "abc...");
        assert_eq!(ascii.one_line("a\nb\u{1b}[2J", 80), "a / b\\x1b[2J");
    }

    #[test]
    fn colours_only_where_wanted() {
        let options = Options { colors: true, live: true, ..Options::default() };
        assert_eq!(Paint::new(&options).lead(Status::Ok), "\u{1b}[32m✓ ok         \u{1b}[0m");
        assert_eq!(Paint::new(&Options::default()).lead(Status::Ok), "ok         ");
    }

    #[test]
    fn a_progress_line_shows_its_last_state() {
        let lines: Vec<String> = foreign_lines("10%\r20%\r30%\r\ndone\u{7}\n\n").collect();
        assert_eq!(lines, ["30%", "done\\x07"]);
    }
}
