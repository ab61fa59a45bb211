//! A line's words, as Python's `shlex.split(line, comments=True)` cuts it, each with its places.

use crate::diag::{SourceText, Span};

/// A mistake: the byte where it starts, and what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenQuote {
    /// Where the quote stands, or the backslash with nothing behind it.
    pub(super) at: usize,
}

/// Cuts a text into words. An unquoted `#` ends it, even inside a word.
pub(super) fn words(line: &SourceText) -> Result<Vec<SourceText>, OpenQuote> {
    let text = &*line.text;
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take().map(|word| word.done(line, at))),
            '#' => {
                words.extend(word.take().map(|word| word.done(line, at)));
                return Ok(words);
            }
            '\'' | '"' => {
                let word = word.get_or_insert_with(|| Word::new(at));
                loop {
                    let Some((inner, d)) = chars.next() else { return Err(OpenQuote { at }) };
                    if d == c {
                        break;
                    }
                    if d == '\\' && c == '"' {
                        let Some((behind, escaped)) = chars.next() else { return Err(OpenQuote { at }) };
                        if escaped != '"' && escaped != '\\' {
                            word.push('\\', inner);
                        }
                        word.push(escaped, behind);
                    } else {
                        word.push(d, inner);
                    }
                }
            }
            '\\' => {
                let Some((behind, escaped)) = chars.next() else { return Err(OpenQuote { at }) };
                word.get_or_insert_with(|| Word::new(at)).push(escaped, behind);
            }
            _ => word.get_or_insert_with(|| Word::new(at)).push(c, at),
        }
    }
    words.extend(word.map(|word| word.done(line, text.len())));
    Ok(words)
}

struct Word {
    start: usize,
    text: String,
    /// (offset in the word, offset in the line) wherever the two part company.
    marks: Vec<(usize, usize)>,
}

impl Word {
    fn new(start: usize) -> Word {
        Word { start, text: String::new(), marks: Vec::new() }
    }

    fn push(&mut self, c: char, at: usize) {
        let end = self.text.len();
        if self.marks.last().is_none_or(|(text, line)| line + (end - text) != at) {
            self.marks.push((end, at));
        }
        self.text.push(c);
    }

    fn done(self, line: &SourceText, end: usize) -> SourceText {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let mut marks: Vec<(u32, u32)> = self.marks.iter().map(|(text, at)| (offset(*text), line.at(*at..*at).start)).collect();
        if marks.is_empty() {
            marks.push((0, line.at(self.start..self.start).start));
        }
        SourceText { text: self.text, span: line.at(self.start..end), marks }
    }
}

/// A part of a text, with its places.
pub(super) fn part(of: &SourceText, range: std::ops::Range<usize>) -> SourceText {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let span: Span = of.at(range.clone());
    let (start, end) = (offset(range.start), offset(range.end));
    let mut marks = vec![(0, of.at(range.start..range.start).start)];
    marks.extend(of.marks.iter().filter(|(text, _)| *text > start && *text < end).map(|(text, file)| (text - start, *file)));
    SourceText { text: of.text[range].to_owned(), span, marks }
}

/// The text without the blanks around it.
pub(super) fn trimmed(of: &SourceText) -> SourceText {
    let start = of.text.len() - of.text.trim_start().len();
    part(of, start..start + of.text.trim().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceMap;

    fn cut(text: &str) -> Result<Vec<(String, String)>, OpenQuote> {
        let mut map = SourceMap::default();
        let file = map.add("hosts", None, text);
        let found = words(&SourceText::verbatim(text, Span::new(file, 0..text.len())))?;
        Ok(found.into_iter().map(|word| (word.text.clone(), map.text(word.at(0..word.text.len())).to_owned())).collect())
    }

    #[test]
    fn words_are_cut_as_shlex_cuts_them() {
        for (text, expected) in [
            ("web1  a=b\tc=d", "web1|a=b|c=d"),
            ("a='x y' b=\"z w\"", "a=x y|b=z w"),
            ("a=x#y z", "a=x"),
            ("a='x # y' # z", "a=x # y"),
            (r#"a="q\"u\n\\""#, r#"a=q"u\n\"#),
            (r"a=b\ c", "a=b c"),
            ("a='' b", "a=|b"),
            ("# all", ""),
            ("", ""),
        ] {
            let words: Vec<String> = cut(text).unwrap().into_iter().map(|word| word.0).collect();
            assert_eq!(words.join("|"), expected, "{text}");
        }
        assert_eq!(cut("a 'b"), Err(OpenQuote { at: 2 }));
        assert_eq!(cut("a \"b\\"), Err(OpenQuote { at: 2 }));
        assert_eq!(cut("web1 a='x y'").unwrap()[1].1, "a='x y");
    }
}
