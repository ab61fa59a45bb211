//! Long lines that go on below: by columns on the screen, after a blank or a comma where there is one.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::text::one_line;

/// How wide a text is.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// A piece that is longer may break between the words of a name or path too.
const LONG: usize = 24;

/// A text in pieces between which a line may break: after commas and blanks.
pub(super) fn pieces_of(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', ',']).flat_map(|piece| {
        let within: &[char] = if piece.width() > LONG { &['_', '/', '=', ','] } else { &[','] };
        piece.split_inclusive(within)
    })
}

/// A text in at most so many lines of so many columns, those after the first behind blanks; what is left is cut.
pub(super) fn wrapped(text: &str, room: usize, hanging: usize, most: usize) -> Vec<String> {
    let text = one_line(text, usize::MAX);
    let hanging = if hanging * 2 > room { 2 } else { hanging };
    let below = room.saturating_sub(hanging).max(2);
    let (mut lines, mut line): (Vec<String>, String) = (Vec::new(), String::new());
    for piece in pieces_of(&text) {
        let limit = if lines.is_empty() { room } else { below };
        if line.width() + piece.trim_end().width() <= limit {
            line.push_str(piece);
        } else if !line.is_empty() && piece.trim_end().width() <= below {
            lines.push(std::mem::replace(&mut line, piece.trim_start().to_owned()));
        } else {
            for c in piece.chars() {
                let limit = if lines.is_empty() { room } else { below };
                if line.width() + c.width().unwrap_or(0) > limit {
                    lines.push(std::mem::take(&mut line));
                }
                if c != ' ' || !line.is_empty() {
                    line.push(c);
                }
            }
        }
    }
    lines.push(line);
    lines.retain(|line| !line.trim().is_empty());
    let is_cut = lines.len() > most;
    lines.truncate(most);
    let last = lines.len().saturating_sub(1);
    let indent = |(number, line): (usize, &String)| {
        let (blank, room) = if number == 0 { (0, room) } else { (hanging, below) };
        let line = if is_cut && number == last { cut(line, room) } else { line.trim_end().to_owned() };
        format!("{}{line}", " ".repeat(blank))
    };
    lines.iter().enumerate().map(indent).collect()
}

/// A line that ends in `…`.
fn cut(line: &str, room: usize) -> String {
    let mut line = line.trim_end().to_owned();
    while line.width() + 2 > room && line.pop().is_some() {}
    format!("{} …", line.trim_end())
}

/// A text in lines of so many columns, the first of so many more; nothing is cut.
pub(super) fn split(text: &str, room: usize, more: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        let most = if lines.len() == 1 { room + more } else { room }.max(2);
        if used + width > most {
            lines.push(String::new());
            used = 0;
        }
        used += width;
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_after_blanks_and_commas() {
        assert_eq!(wrapped("unknown  web[01-03,05-07]: until a", 16, 2, 9), ["unknown", "  web[01-03,", "  05-07]: until", "  a"]);
        assert_eq!(wrapped("short", 16, 2, 9), ["short"]);
        assert_eq!(wrapped("abcdefghijklmnopqrstuvwxyz end", 10, 2, 9), ["abcdefghij", "  klmnopqr", "  stuvwxyz", "  end"]);
        assert_eq!(wrapped("one two three four", 5, 0, 2), ["one", "two …"]);
        assert!(wrapped("one two three four five six", 9, 0, 2)[1].ends_with('…'));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(split("日本語x", 4, 0), ["日本", "語x"]);
        assert_eq!(wrapped("日本 日本", 5, 0, 9), ["日本", "日本"]);
    }
}
