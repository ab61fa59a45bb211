//! Where each byte of a scalar's text stands in the file, for every style of scalar.
//!
//! The text is given; the source is walked beside it, by the rules of its style. Where the two can't be brought
//! together the whole text gets the place of its start, never a wrong place in the middle.

use std::ops::Range;

use super::Style;

/// Finds the marks of a scalar whose source is `range` and whose value is `text`.
pub(super) fn marks(source: &str, range: &Range<usize>, style: Style, text: &str) -> Vec<(u32, u32)> {
    let start = |at: usize| vec![(0, offset(at))];
    if text.is_empty() {
        return start(range.start);
    }
    let found = match style {
        Style::Literal | Style::Folded => block(source, range, text),
        Style::SingleQuoted | Style::DoubleQuoted => {
            let inner = range.start + 1..range.end.saturating_sub(1).max(range.start + 1);
            flow(source, inner, style, text)
        }
        Style::Plain | Style::Flow | Style::Block => flow(source, range.clone(), style, text),
    };
    found.filter(|marks| marks.first().is_some_and(|mark| mark.0 == 0)).unwrap_or_else(|| start(range.start))
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The text matched so far and its marks.
struct Align<'a> {
    text: &'a str,
    done: usize,
    marks: Vec<(u32, u32)>,
}

impl<'a> Align<'a> {
    fn new(text: &'a str) -> Align<'a> {
        Align { text, done: 0, marks: Vec::new() }
    }

    /// Says that `part` comes next in the text and stands at `at`.
    fn take(&mut self, part: &str, at: usize) -> Option<()> {
        self.text[self.done..].starts_with(part).then_some(())?;
        if part.is_empty() {
            return Some(());
        }
        let (text, file) = (offset(self.done), offset(at));
        if self.marks.last().is_none_or(|(last_text, last_file)| last_file + (text - last_text) != file) {
            self.marks.push((text, file));
        }
        self.done += part.len();
        Some(())
    }

    fn finish(self) -> Option<Vec<(u32, u32)>> {
        (self.done == self.text.len()).then_some(self.marks)
    }
}

/// Plain and quoted scalars: line ends fold, quotes and escapes stand for other text.
fn flow(source: &str, range: Range<usize>, style: Style, text: &str) -> Option<Vec<(u32, u32)>> {
    let mut align = Align::new(text);
    let mut at = range.start;
    while at < range.end {
        let rest = source.get(at..range.end)?;
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        if blank > 0 {
            let breaks: Vec<usize> = newlines(&rest[..blank], at);
            match breaks[..] {
                [] => align.take(&rest[..blank], at)?,
                [only] => align.take(" ", only)?,
                [_, ref more @ ..] => more.iter().try_for_each(|newline| align.take("\n", *newline))?,
            }
            at += blank;
        } else if style == Style::DoubleQuoted && rest.starts_with('\\') {
            at = escape(rest, at, &mut align)?;
        } else if style == Style::SingleQuoted && rest.starts_with("''") {
            align.take("'", at)?;
            at += 2;
        } else {
            let plain = match rest.find([' ', '\t', '\r', '\n', '\\', '\'']) {
                Some(0) => first_len(rest),
                Some(end) => end,
                None => rest.len(),
            };
            align.take(&rest[..plain], at)?;
            at += plain;
        }
    }
    align.finish()
}

/// One escape of a double-quoted text; gives the place behind it.
fn escape(rest: &str, at: usize, align: &mut Align<'_>) -> Option<usize> {
    let kind = rest[1..].chars().next()?;
    if kind == '\n' || kind == '\r' {
        // An escaped line end vanishes with the blanks that open the next line.
        let blank = rest[1..].len() - rest[1..].trim_start_matches([' ', '\t', '\r', '\n']).len();
        let breaks = newlines(&rest[1..=blank], at + 1);
        breaks.iter().skip(1).try_for_each(|newline| align.take("\n", *newline))?;
        return Some(at + 1 + blank);
    }
    let digits = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    let made = &align.text[align.done..];
    align.take(&made[..first_len(made)], at)?;
    Some(at + 1 + kind.len_utf8() + digits)
}

fn first_len(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

fn newlines(text: &str, at: usize) -> Vec<usize> {
    text.match_indices('\n').map(|(index, _)| at + index).collect()
}

/// Literal and folded scalars: lines without their indentation.
fn block(source: &str, range: &Range<usize>, text: &str) -> Option<Vec<(u32, u32)>> {
    let mut align = Align::new(text);
    let line_start = source[..range.start].rfind('\n').map_or(0, |at| at + 1);
    // The parser's place is the first character behind the indentation.
    let indent = range.start - line_start;
    let mut at = first_line(source, line_start);
    while at < line_start {
        let newline = at + source[at..].find('\n')?;
        align.take("\n", newline)?;
        at = newline + 1;
    }
    while align.done < text.len() {
        let (content, newline) = line(source, at, indent);
        align.take(&source[content.clone()], content.start)?;
        let mut breaks = vec![newline];
        at = newline + 1;
        while at < source.len() {
            let (blank, newline) = line(source, at, indent);
            if !blank.is_empty() {
                break;
            }
            breaks.push(newline);
            at = newline + 1;
        }
        let rest = &text[align.done..];
        let wanted = rest.len() - rest.trim_start_matches('\n').len();
        if wanted == 0 && !rest.is_empty() {
            align.take(" ", breaks[0])?;
        }
        // Between two lines folding takes the first line end away; at the end chomping takes the last ones.
        let skip = if wanted == rest.len() { 0 } else { breaks.len().saturating_sub(wanted) };
        for nth in 0..wanted {
            align.take("\n", breaks.get(nth + skip).copied().unwrap_or(newline))?;
        }
        if at >= source.len() && align.done < text.len() {
            return None;
        }
    }
    align.finish()
}

/// The start of the line behind the header: blank lines before the content belong to it.
fn first_line(source: &str, content: usize) -> usize {
    let mut at = content;
    while at > 0 {
        let before = source[..at - 1].rfind('\n').map_or(0, |at| at + 1);
        if !source[before..at].trim().is_empty() {
            break;
        }
        at = before;
    }
    at
}

/// The content of the line that starts at `at`, and the place of its line end.
fn line(source: &str, at: usize, indent: usize) -> (Range<usize>, usize) {
    let newline = source[at..].find('\n').map_or(source.len(), |end| at + end);
    let end = if source[at..newline].ends_with('\r') { newline - 1 } else { newline };
    let spaces = source[at..end].len() - source[at..end].trim_start_matches(' ').len();
    (at + spaces.min(indent)..end, newline)
}
