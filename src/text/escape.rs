//! Foreign text made harmless for a terminal.

use std::fmt::Write as _;

/// Shows control characters instead of obeying them: `ESC[2J` becomes `\x1b[2J`; newlines and tabs stay.
///
/// Bidirectional overrides and the C1 controls are shown too, since a terminal may act on them.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            '\u{0}'..='\u{1f}' | '\u{7f}' => {
                let _ = write!(shown, "\\x{:02x}", u32::from(c));
            }
            '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            _ => shown.push(c),
        }
    }
    shown
}

/// Shows text as one line of at most `width` characters, newlines as `⏎`, a cut as `…`.
#[must_use]
pub fn one_line(text: &str, width: usize) -> String {
    let line = visible(text.trim_end()).replace('\n', " ⏎ ").replace('\t', " ");
    if line.chars().count() <= width {
        return line;
    }
    let mut cut: String = line.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Cuts a text that is longer than `most` characters, and says so with `…`.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The line of a parser's drawing that says what is wrong: its last, without `error:`.
#[must_use]
pub fn last_reason(message: &str) -> &str {
    message.trim_end().lines().last().unwrap_or_default().trim_start_matches("error: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_shown() {
        assert_eq!(visible("a\u{1b}[2Jb\n\tc\r"), "a\\x1b[2Jb\n\tc\\x0d");
        assert_eq!(visible("\u{202e}x"), "\\u{202e}x");
    }

    #[test]
    fn a_reason_is_one_line() {
        assert_eq!(last_reason("regex parse error:\n    (\n    ^\nerror: unclosed group"), "unclosed group");
        assert_eq!(last_reason("too large"), "too large");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!((shortened("äöü", 3).as_str(), shortened("äöü", 2).as_str()), ("äöü", "äö…"));
    }

    #[test]
    fn one_line_cuts() {
        assert_eq!(one_line("one\ntwo\n", 20), "one ⏎ two");
        assert_eq!(one_line("abcdefgh", 4), "abc…");
    }
}
