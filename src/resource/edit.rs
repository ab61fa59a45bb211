//! `line` and `text`: a text, edited.
//!
//! Pure: the text that a file holds comes in, the text that it is to hold goes out; whoever asks reads and writes the file. Line ends are
//! kept as they are: a file with CRLF gets CRLF. A last line without an end gets one only where something is put behind it.

use regex::Regex;

/// A regular expression, known by its text.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles a text.
    ///
    /// # Errors
    /// Where it is no regular expression.
    pub fn new(text: &str) -> Result<Pattern, regex::Error> {
        Regex::new(text).map(Pattern)
    }

    fn is_match(&self, line: &str) -> bool {
        self.0.is_match(line)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// One line that is to be in a text, or not.
#[derive(Debug, Clone, PartialEq)]
pub struct LineEdit {
    /// The line, without its end.
    pub line: String,
    /// Finds the line that it takes the place of, the last where there are several. For a line that is not to be, every one that matches.
    pub matching: Option<Pattern>,
    /// Where it goes where nothing matches.
    pub place: EditPlace,
    /// True where it is not to be there.
    pub absent: bool,
}

/// Marked lines that are to hold a text.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockEdit {
    /// The line above them, without its end.
    pub begin: String,
    /// The line below them, without its end.
    pub end: String,
    /// What stands between; none takes them away, marks and all.
    pub text: Option<String>,
    /// Where they go where there are none.
    pub place: EditPlace,
}

/// Where something new goes.
#[derive(Debug, Clone, PartialEq)]
pub enum EditPlace {
    /// Behind the last line.
    End,
    /// Before the first.
    Begin,
    /// Behind the last line that matches, or at the end where none does.
    After(Pattern),
    /// Before the first line that matches, or at the end where none does.
    Before(Pattern),
}

/// Why a text can't be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A mark without its counterpart.
    #[error("line {line} is `{mark}`, and its counterpart is missing")]
    HalfMarked {
        /// Counted from 1.
        line: usize,
        /// The mark.
        mark: String,
    },
}

impl LineEdit {
    /// The text as it is to be.
    #[must_use]
    pub fn edit(&self, text: &str) -> String {
        let mut lines = Lines::of(text);
        let is_it = |line: &str| self.matching.as_ref().map_or(line == self.line, |matching| matching.is_match(line));
        if self.absent {
            lines.0.retain(|line| !is_it(bare(line)));
            return lines.text();
        }
        match lines.0.iter().rposition(|line| is_it(bare(line))) {
            Some(at) => lines.replace(at, &self.line),
            // With a pattern that nothing matches it may be there all the same.
            None if lines.0.iter().any(|line| bare(line) == self.line) => {}
            None => lines.insert(&self.place, &[&self.line]),
        }
        lines.text()
    }
}

impl BlockEdit {
    /// The text as it is to be.
    ///
    /// # Errors
    /// Where one mark stands without the other, or the wrong way round.
    pub fn edit(&self, text: &str) -> Result<String, EditError> {
        let mut lines = Lines::of(text);
        let find = |mark: &str| lines.0.iter().position(|line| bare(line) == mark);
        let half = |line: usize, mark: &str| Err(EditError::HalfMarked { line: line + 1, mark: mark.to_owned() });
        let there = match (find(&self.begin), find(&self.end)) {
            (None, None) => None,
            (Some(begin), Some(end)) if begin < end => Some(begin..end + 1),
            (Some(begin), _) => return half(begin, &self.begin),
            (None, Some(end)) => return half(end, &self.end),
        };
        let block: Vec<&str> = match &self.text {
            None => Vec::new(),
            Some(inside) => std::iter::once(&*self.begin).chain(inside.lines()).chain([&*self.end]).collect(),
        };
        match there {
            Some(range) if lines.0[range.clone()].iter().map(|line| bare(line)).eq(block.iter().copied()) => {}
            Some(range) => {
                let end = lines.end();
                lines.0.splice(range, block.iter().map(|line| format!("{line}{end}"))).for_each(drop);
            }
            None if block.is_empty() => {}
            None => lines.insert(&self.place, &block),
        }
        Ok(lines.text())
    }
}

/// The lines of a text, each with its end.
struct Lines(Vec<String>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(text.split_inclusive('\n').map(str::to_owned).collect())
    }

    fn text(self) -> String {
        self.0.concat()
    }

    /// How its lines end: as the first does.
    fn end(&self) -> &'static str {
        if self.0.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" }
    }

    /// Gives the last line an end.
    fn finish(&mut self) {
        let end = self.end();
        if let Some(last) = self.0.last_mut().filter(|last| !last.ends_with('\n')) {
            last.push_str(end);
        }
    }

    fn replace(&mut self, at: usize, line: &str) {
        if bare(&self.0[at]) != line {
            let end = self.0[at][bare(&self.0[at]).len()..].to_owned();
            self.0[at] = format!("{line}{end}");
        }
    }

    fn insert(&mut self, place: &EditPlace, lines: &[&str]) {
        let last = |pattern: &Pattern| self.0.iter().rposition(|line| pattern.is_match(bare(line)));
        let first = |pattern: &Pattern| self.0.iter().position(|line| pattern.is_match(bare(line)));
        let at = match place {
            EditPlace::End => None,
            EditPlace::Begin => Some(0),
            EditPlace::After(pattern) => last(pattern).map(|at| at + 1),
            EditPlace::Before(pattern) => first(pattern),
        };
        let (at, end) = (at.unwrap_or(self.0.len()), self.end());
        if at == self.0.len() {
            self.finish();
        }
        self.0.splice(at..at, lines.iter().map(|line| format!("{line}{end}"))).for_each(drop);
    }
}

/// A line without its end.
fn bare(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).unwrap()
    }

    fn line(line: &str) -> LineEdit {
        LineEdit { line: line.to_owned(), matching: None, place: EditPlace::End, absent: false }
    }

    #[test]
    fn a_line_is_there_once_and_again_changes_nothing() {
        for (text, want) in [("", "b\n"), ("a", "a\nb\n"), ("a\n", "a\nb\n"), ("a\r\n", "a\r\nb\r\n"), ("b", "b"), ("b\na\n", "b\na\n")] {
            let once = line("b").edit(text);
            assert_eq!(once, want);
            assert_eq!(line("b").edit(&once), once);
        }
    }

    #[test]
    fn the_last_match_is_replaced() {
        let edit = LineEdit { matching: Some(pattern("^#?Port ")), ..line("Port 22") };
        assert_eq!(edit.edit("#Port 1\nPort 2\nx\n"), "#Port 1\nPort 22\nx\n");
        assert_eq!(edit.edit("x\r\nPort 2"), "x\r\nPort 22");
        assert_eq!(edit.edit("x\n"), "x\nPort 22\n");
        let other = LineEdit { matching: Some(pattern("^Ports")), ..line("Port 22") };
        assert_eq!(other.edit("Port 22\nx\n"), "Port 22\nx\n", "it is there, though not by its pattern");
    }

    #[test]
    fn where_it_goes() {
        let at = |place| LineEdit { place, ..line("new") }.edit("[a]\nx\n[b]\ny\n");
        assert_eq!(at(EditPlace::Begin), "new\n[a]\nx\n[b]\ny\n");
        assert_eq!(at(EditPlace::After(pattern(r"^\[a\]"))), "[a]\nnew\nx\n[b]\ny\n");
        assert_eq!(at(EditPlace::Before(pattern(r"^\["))), "new\n[a]\nx\n[b]\ny\n");
        assert_eq!(at(EditPlace::After(pattern("none"))), "[a]\nx\n[b]\ny\nnew\n");
        let last = LineEdit { place: EditPlace::After(pattern("y")), ..line("new") };
        assert_eq!(last.edit("x\ny"), "x\ny\nnew\n");
    }

    #[test]
    fn what_is_not_to_be_goes() {
        let exact = LineEdit { absent: true, ..line("b") };
        assert_eq!(exact.edit("a\nb\nbb\nb"), "a\nbb\n");
        let by_pattern = LineEdit { absent: true, matching: Some(pattern("^b")), ..line("") };
        assert_eq!(by_pattern.edit("a\nb\nbb\nb"), "a\n");
        assert_eq!(by_pattern.edit(""), "");
    }

    fn block(text: Option<&str>) -> BlockEdit {
        BlockEdit { begin: "# begin x".to_owned(), end: "# end x".to_owned(), text: text.map(str::to_owned), place: EditPlace::End }
    }

    #[test]
    fn a_block_is_kept_between_its_marks() {
        let whole = "a\n# begin x\n1\n2\n# end x\n";
        assert_eq!(block(Some("1\n2\n")).edit("a").unwrap(), whole);
        assert_eq!(block(Some("1\n2")).edit(whole).unwrap(), whole);
        assert_eq!(block(Some("3")).edit(whole).unwrap(), "a\n# begin x\n3\n# end x\n");
        assert_eq!(block(Some("")).edit(whole).unwrap(), "a\n# begin x\n# end x\n");
        assert_eq!(block(None).edit(&format!("{whole}b")).unwrap(), "a\nb");
        assert_eq!(block(None).edit("a").unwrap(), "a");
        assert_eq!(block(Some("1")).edit("a\r\n").unwrap(), "a\r\n# begin x\r\n1\r\n# end x\r\n");
    }

    #[test]
    fn half_a_mark_is_told() {
        let half = |text: &str| block(Some("1")).edit(text).unwrap_err().to_string();
        assert_eq!(half("a\n# begin x\n"), "line 2 is `# begin x`, and its counterpart is missing");
        assert_eq!(half("# end x\na\n"), "line 1 is `# end x`, and its counterpart is missing");
        assert_eq!(half("# end x\n# begin x\n"), "line 2 is `# begin x`, and its counterpart is missing");
    }
}
