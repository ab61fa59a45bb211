//! Files as text, and places in them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names a file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// A range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte; `start` for a place between two bytes.
    pub end: u32,
}

impl Span {
    /// Makes a span of `range` in `file`.
    #[must_use]
    pub fn new(file: FileId, range: Range<usize>) -> Span {
        Span { file, start: clamp(range.start), end: clamp(range.end.max(range.start)) }
    }

    /// The bytes as a range.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

fn clamp(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// A text taken out of a file, which can say where each of its bytes stands there.
///
/// Quoted, folded and block scalars differ from their source; `marks` holds (offset in `text`, offset in the file)
/// wherever the two stop running side by side, ascending, the first at text offset 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// The text as its reader means it.
    pub text: String,
    /// All of it in the file, quotes included.
    pub span: Span,
    /// Where text and file part company.
    pub marks: Vec<(u32, u32)>,
}

impl SourceText {
    /// A text that stands in the file letter for letter, from `span.start` on.
    #[must_use]
    pub fn verbatim(text: impl Into<String>, span: Span) -> SourceText {
        SourceText { text: text.into(), span, marks: vec![(0, span.start)] }
    }

    /// The place in the file of a range of the text's bytes; never outside `span`.
    #[must_use]
    pub fn at(&self, range: Range<usize>) -> Span {
        let start = self.offset(range.start);
        let end = if range.end > range.start { self.offset(range.end - 1) + 1 } else { start };
        let start = start.clamp(self.span.start, self.span.end);
        Span { file: self.span.file, start, end: end.clamp(start, self.span.end) }
    }

    fn offset(&self, at: usize) -> u32 {
        let at = clamp(at);
        match self.marks.partition_point(|(text, _)| *text <= at).checked_sub(1) {
            Some(index) => self.marks[index].1 + (at - self.marks[index].0),
            None => self.span.start,
        }
    }
}

/// One file's text.
#[derive(Debug)]
pub struct SourceFile {
    /// The path as the user knows it, or a name in angle brackets (`<command line>`).
    pub name: String,
    /// The path on disk; none for text that is in no file.
    pub path: Option<PathBuf>,
    /// The whole text.
    pub text: Arc<str>,
    lines: Vec<u32>,
}

impl SourceFile {
    /// The text of a line, counted from 1, without its end.
    #[must_use]
    pub fn line(&self, number: usize) -> &str {
        let Some(start) = number.checked_sub(1).and_then(|index| self.lines.get(index)) else { return "" };
        let end = self.lines.get(number).map_or(self.text.len(), |end| *end as usize);
        self.text[*start as usize..end].trim_end_matches(['\n', '\r'])
    }

    /// The lines of a range and one more on either side: the number of the first, and their bytes.
    pub(super) fn around(&self, range: Range<usize>) -> (usize, Range<usize>) {
        let line = |at| self.lines.partition_point(|start| *start as usize <= at);
        let first = line(range.start).saturating_sub(1).max(1);
        let end = self.lines.get(line(range.end) + 1).map_or(self.text.len(), |end| *end as usize);
        (first, self.lines[first - 1] as usize..end)
    }
}

/// A place for people: line and column count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Location {
    /// The file's name as the user knows it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Every text that was read, in the order of reading.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a text and names it.
    pub fn add(&mut self, name: impl Into<String>, path: Option<&Path>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| clamp(at + 1))).collect();
        let id = FileId(clamp(self.files.len()));
        self.files.push(SourceFile { name: name.into(), path: path.map(Path::to_owned), text, lines });
        id
    }

    /// The file of an id that this map gave.
    ///
    /// # Panics
    /// For an id of another map.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files with their ids.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(clamp(index)), file))
    }

    /// The text of a span.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.range()).unwrap_or("")
    }

    /// Where a span starts, for people.
    #[must_use]
    pub fn location(&self, span: Span) -> Location {
        let file = self.file(span.file);
        let line = file.lines.partition_point(|start| *start <= span.start).max(1);
        let start = file.lines[line - 1] as usize;
        let column = file.text.get(start..span.start as usize).map_or(0, |text| text.chars().count()) + 1;
        Location { file: file.name.clone(), line: clamp(line), column: clamp(column) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_count_characters() {
        let mut map = SourceMap::default();
        let file = map.add("a.yml", None, "é: x\nb: y");
        assert_eq!(map.location(Span::new(file, 4..5)).to_string(), "a.yml:1:4");
        assert_eq!(map.location(Span::new(file, 6..7)).to_string(), "a.yml:2:1");
        assert_eq!(map.file(file).line(1), "é: x");
        assert_eq!(map.file(file).line(9), "");
    }

    #[test]
    fn lines_have_neighbours() {
        let mut map = SourceMap::default();
        let file = map.add("a.yml", None, "a\nb\nc\nd\ne\n");
        let around = |range| map.file(file).around(range);
        assert_eq!(around(0..1), (1, 0..4));
        assert_eq!(around(5..7), (2, 2..10), "from `c` to `d`");
        assert_eq!(around(10..10), (5, 8..10), "behind the last line");
    }

    #[test]
    fn parts_of_a_text_have_places() {
        let mut map = SourceMap::default();
        let file = map.add("a.yml", None, "\"a\\nb\"");
        let text = SourceText { text: "a\nb".into(), span: Span::new(file, 0..6), marks: vec![(0, 1), (1, 2), (2, 4)] };
        assert_eq!(map.text(text.at(2..3)), "b");
        assert_eq!(map.text(text.at(0..1)), "a");
        assert_eq!(text.at(90..99).range(), 6..6);
    }
}
