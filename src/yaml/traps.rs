//! Words for what YAML itself makes of a text that was meant otherwise.

use std::ops::Range;

use super::parse::Source;
use super::{Node, NodeValue, Style};
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, SourceText, Span};

/// Tells of a byte order mark and of foreign line ends; false where the file can't be read.
pub(super) fn line_ends(text: &str, file: FileId, diagnostics: &mut Diagnostics) -> bool {
    if text.starts_with('\u{feff}') {
        let found = Diagnostic::warning("W002", Span::new(file, 0..0), "the file starts with a byte order mark");
        diagnostics.push(found.hint("save it as UTF-8 without one".to_owned()));
    }
    let Some(first) = text.find('\r') else { return true };
    if let Some((bare, _)) = text.match_indices('\r').find(|(at, _)| text.as_bytes().get(at + 1) != Some(&b'\n')) {
        let found = Diagnostic::error("E008", Span::new(file, bare..bare), "a carriage return stands here without a line feed");
        diagnostics.push(found.hint("end lines with LF; inside a double-quoted text write \\r".to_owned()));
        return false;
    }
    let found = Diagnostic::warning("W001", Span::new(file, first..first), "lines end as on Windows (CRLF)");
    let note = "they are read as if they ended with LF; other files beside it are sent as they are";
    diagnostics.push(found.note(note).hint("save the file with LF line ends".to_owned()));
    true
}

/// Adds to a syntax error what was probably meant.
pub(super) fn explain(source: &Source<'_>, at: usize, mut found: Diagnostic) -> Diagnostic {
    let text = source.text;
    let parser = found.primary.as_ref().map(|label| label.text.clone()).unwrap_or_default();
    let behind = || if parser.contains("found a tab") { next_tab(text, at) } else { None };
    if let Some(tab) = leading_tab(text, at).or_else(behind) {
        let tabs = Diagnostic::error("E004", source.span(tab.clone()), "a tab can't indent YAML").label("tab");
        return tabs.note(format!("the parser's words: {parser}")).hint("indent with spaces".to_owned());
    }
    let line = line_of(text, at);
    if text[line.clone()].trim_start().starts_with(": ") {
        return found.hint("the key in front of this `:` is missing".to_owned());
    }
    let flow = found.primary.as_ref().is_some_and(|label| label.text.contains("a flow "));
    if flow && let Some(word) = bracketed_word(text, line.clone()) {
        let hint = format!("inside `{{ }}` and `[ ]` a text with brackets needs quotes: \"{}\"", &text[word.clone()]);
        if let Some(label) = &mut found.primary {
            label.span = source.span(word);
        }
        return found.hint(hint);
    }
    if flow && let Some(braces) = bare_template(text, line.clone()) {
        if let Some(label) = &mut found.primary {
            label.span = source.span(braces);
        }
        return found.hint("inside `{ }` and `[ ]` a text with `{{` needs quotes around the whole of it".to_owned());
    }
    let anchor = found.primary.as_ref().is_some_and(|label| label.text.contains("unknown anchor"));
    if anchor && let Some(word) = alias_word(text, line.clone()) {
        let hint = format!("`*` starts an alias in YAML; if text was meant, write '{}'", &text[word.clone()]);
        if let Some(label) = &mut found.primary {
            label.span = source.span(word);
        }
        return found.hint(hint);
    }
    let words = found.primary.as_ref().map(|label| label.text.clone()).unwrap_or_default();
    if words.contains("unknown escape character")
        && let Some(escape) = wrong_escape(text, at)
    {
        let hint = "between double quotes `\\` starts an escape: write `\\\\`, or put the text in single quotes";
        if let Some(label) = &mut found.primary {
            label.span = source.span(escape);
        }
        return found.hint(hint.to_owned());
    }
    if words.contains("expected whitespace or line break")
        && let Some(tag) = tag_word(text, line.clone())
    {
        let hint = format!("`!` starts a tag in YAML; if text was meant, write '{}'", &text[tag.clone()]);
        if let Some(label) = &mut found.primary {
            label.span = source.span(tag);
        }
        return found.hint(hint);
    }
    // The parser stops at the next line, or at the end of this one, where it still looks for the bracket.
    for line in [line_of(text, line.start.saturating_sub(1)), line.clone()] {
        if let Some(hash) = open_comment(text, line) {
            if let Some(label) = &mut found.primary {
                label.span = source.span(hash);
            }
            return found.hint("` #` starts a comment, here inside brackets that are still open; put the text in quotes".to_owned());
        }
    }
    // The parser often stops at the start of the line that follows.
    let lines = [line.clone(), line_of(text, line.start.saturating_sub(1))];
    for line in lines {
        if let Some((place, hint)) = meant_as_text(text, line, at) {
            if let Some(label) = &mut found.primary {
                label.span = source.span(place);
            }
            return found.hint(hint);
        }
    }
    let hint = found.primary.as_ref().and_then(|label| general(&label.text));
    found.hint(hint)
}

/// What the parser's own words come from, most of the time.
fn general(words: &str) -> Option<String> {
    let hints = [
        ("quoted scalar, found unexpected end", "the quote that opens here is never closed"),
        (
            "mapping values are not allowed",
            "no key can stand here: the value above it is already complete, or this line is indented too far",
        ),
        (
            "scanning a block scalar",
            "`|` and `>` stand at the end of their line, and the text on the next ones; a text that starts with one needs quotes",
        ),
        (
            "sequence entries are not allowed",
            "a list starts on the next line, or is written [a, b]; a text that starts with `- ` needs quotes",
        ),
        ("expect ':'", "a key ends with `: `, an item of a list starts with `- `"),
        ("did not find expected", "this line, or the one above it, is indented like none of those it could belong to"),
    ];
    hints.into_iter().find(|(part, _)| words.contains(part)).map(|(_, hint)| hint.to_owned())
}

/// The first escape of a double-quoted text, which starts at `at` or just before, that YAML does not have.
fn wrong_escape(text: &str, at: usize) -> Option<Range<usize>> {
    let start = at + text.get(at..)?.find('"')? + 1;
    let mut rest = text[start..].char_indices();
    while let Some((place, c)) = rest.next() {
        if c == '"' {
            return None;
        }
        if c != '\\' {
            continue;
        }
        let (_, escaped) = rest.next()?;
        if !"0abtnvfre \"/\\N_LPxuU\n\t\r".contains(escaped) {
            return Some(start + place..start + place + 1 + escaped.len_utf8());
        }
    }
    None
}

/// A word in a flow list or map that starts with `!`.
fn tag_word(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let content = &text[line.clone()];
    let before = |at: usize| content[..at].trim_end().ends_with(['[', '{', ',', ':']);
    let (at, _) = content.match_indices('!').find(|(at, _)| before(*at))?;
    let end = content[at..].find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}')).map_or(content.len(), |end| at + end);
    Some(line.start + at..line.start + end)
}

/// The alias within the value of a line, whole values left out.
fn alias_word(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let content = &text[line.clone()];
    if value_start(content).is_some_and(|value| content[value..].starts_with('*')) {
        return None;
    }
    let before = |at: usize| content[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || matches!(c, '[' | '{' | ','));
    let (at, _) = content.match_indices('*').find(|(at, _)| before(*at))?;
    let end = content[at..].find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}')).map_or(content.len(), |end| at + end);
    Some(line.start + at..line.start + end)
}

/// The `#` that takes away the closing bracket of a flow list or map, which is all on this line.
fn open_comment(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let content = &text[line.clone()];
    let (kept, cut) = content.split_at(content.find(" #")? + 1);
    let count = |text: &str, signs: [char; 2]| text.matches(signs).count();
    let opens = |text: &str| count(text, ['{', '[']) > count(text, ['}', ']']);
    (!kept.contains(['"', '\'']) && opens(kept) && cut.trim_end().ends_with(['}', ']']))
        .then(|| line.start + kept.len()..line.start + kept.len() + 1)
}

fn line_of(text: &str, at: usize) -> Range<usize> {
    let at = at.min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    start..end
}

fn leading_tab(text: &str, at: usize) -> Option<Range<usize>> {
    let line = line_of(text, at);
    let before = line_of(text, line.start.saturating_sub(1));
    [line, before].into_iter().find_map(|line| indenting_tab(text, line))
}

/// The first tab that indents a line behind: a value that might go on there is told where it begins.
fn next_tab(text: &str, at: usize) -> Option<Range<usize>> {
    let mut line = line_of(text, at);
    while line.end < text.len() {
        line = line_of(text, line.end + 1);
        if let Some(tab) = indenting_tab(text, line.clone()) {
            return Some(tab);
        }
    }
    None
}

fn indenting_tab(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let blank = &text[line.clone()];
    let blank = &blank[..blank.len() - blank.trim_start().len()];
    blank.find('\t').map(|tab| line.start + tab..line.start + tab + 1)
}

/// A value on this line that YAML does not take as text, and what to write.
fn meant_as_text(text: &str, line: Range<usize>, at: usize) -> Option<(Range<usize>, String)> {
    let content = &text[line.clone()];
    let value = value_start(content)?;
    let rest = content[value..].trim_end();
    let place = line.start + value..line.start + value + rest.len();
    let first = rest.chars().next()?;
    let quoted = |text: &str| if text.contains('\'') { "put it in double quotes".to_owned() } else { format!("write '{text}'") };
    let hint = match first {
        '{' if rest.starts_with("{{") => {
            format!("a text that starts with `{{{{` needs quotes: \"{}\"", rest.replace('"', "'"))
        }
        '{' | '[' if at > place.start => {
            let what = if first == '{' { "a map" } else { "a list" };
            format!("`{first}` starts {what} in YAML; if text was meant, {}", quoted(rest))
        }
        '*' => format!("`*` starts an alias in YAML; if text was meant, {}", quoted(rest)),
        '&' => format!("`&` starts an anchor in YAML; if text was meant, {}", quoted(rest)),
        '!' => format!("`!` starts a tag in YAML; if text was meant, {}", quoted(rest)),
        '%' | '@' | '`' => format!("no text without quotes can start with `{first}`; {}", quoted(rest)),
        '"' | '\'' => {
            let end = rest[1..].find(first).map(|end| end + 2).filter(|end| *end < rest.len())?;
            let behind = rest[end..].trim_start();
            if behind.is_empty() || behind.starts_with(['#', ',', ']', '}', ':']) {
                return None;
            }
            "a text that starts with a quote ends at the next one; put the whole of it in the other kind of quotes, or write `|` \
             and the text on the next line"
                .to_owned()
        }
        _ if rest.contains(": ") || rest.ends_with(':') => {
            let block = "`: ` makes a key of what stands before it";
            format!("{block}; if text was meant, {}, or write `|` and the text on the next line", quoted(rest))
        }
        _ => return None,
    };
    Some((place, hint))
}

/// The first `{{` of a line that stands in no quotes, but not where a value starts.
fn bare_template(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let content = &text[line.clone()];
    let odd = |at: usize, quote: char| content[..at].matches(quote).count() % 2 == 1;
    let mut places = content.match_indices("{{").map(|(at, _)| at);
    let at = places.find(|at| !odd(*at, '"') && !odd(*at, '\'') && content[..*at].contains(['{', '[']))?;
    let end = content[at..].find("}}").map_or(content.len(), |end| at + end + 2);
    Some(line.start + at..line.start + end)
}

/// The first text of a line that has brackets glued to it (`web[01-40]`).
fn bracketed_word(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let content = &text[line.clone()];
    let glued = |at: usize| content[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.".contains(c));
    let open = content.char_indices().find(|(at, c)| matches!(c, '[' | '{') && glued(*at))?.0;
    let start = content[..open].rfind([' ', ',', '{', '[', '"', '\'']).map_or(0, |at| at + 1);
    let close = open + content[open..].find([']', '}'])? + 1;
    let mut inside = 0_usize;
    let ends = |c: char| {
        match c {
            '[' => inside += 1,
            // The one that closes the list around the word.
            ']' if inside == 0 => return true,
            ']' => inside -= 1,
            _ => {}
        }
        matches!(c, ' ' | ',' | '}' | ':' | '"' | '\'')
    };
    let end = close + content[close..].find(ends).unwrap_or(content.len() - close);
    Some(line.start + start..line.start + end)
}

/// Where the value of a line `key: value` or `- value` starts.
fn value_start(line: &str) -> Option<usize> {
    let mut at = line.len() - line.trim_start().len();
    let mut found = None;
    while line[at..].starts_with("- ") {
        at += 2;
        at += line[at..].len() - line[at..].trim_start().len();
        found = Some(at);
    }
    if let Some(colon) = line[at..].find(": ").filter(|colon| !line[at..at + colon].starts_with(['"', '\'', '{', '['])) {
        at += colon + 2;
        at += line[at..].len() - line[at..].trim_start().len();
        found = Some(at);
    }
    found.filter(|at| *at < line.len())
}

/// Tells of a value `{{ x }}` without quotes, which is a map in a map to YAML, and gives the text that was meant.
pub(super) fn template_as_map(source: &Source<'_>, map: Range<usize>) -> Option<(Diagnostic, SourceText)> {
    let text = source.text.get(map.clone())?.trim_end();
    if !text.starts_with("{{") || !text.ends_with("}}") || text.contains('\n') {
        return None;
    }
    let span = source.span(map.start..map.start + text.len());
    let found = Diagnostic::error("E011", span, "a text that starts with `{{` is a map to YAML");
    let hint = format!("put it in quotes: \"{}\"", text.replace('"', "'"));
    Some((found.hint(hint), SourceText::verbatim(text, span)))
}

/// What is wrong with a key that is not text.
pub(super) fn wrong_key(key: &Node) -> Diagnostic {
    let found = Diagnostic::error("E011", key.span, format!("a key must be text, this is {}", key.kind()));
    match &key.value {
        NodeValue::Map(_) | NodeValue::List(_) => found,
        NodeValue::Null => found.hint("write the key in front of the `:`".to_owned()),
        _ => {
            let raw = key.raw.as_ref().map_or("", |raw| &raw.text);
            found.hint(format!("write \"{raw}\""))
        }
    }
}

/// Finds the comment that probably cut a plain text short: one that is glued to its `#`, or that follows an open quote,
/// bracket or operator. Ordinary comments behind a text are not meant; behind a `command` they stand two blanks away, as
/// linters ask for, since `echo a # b` may well be all text.
#[must_use]
pub fn cut_comment(map: &SourceMap, node: &Node, command: bool) -> Option<Span> {
    let text = node.as_text().filter(|_| node.style == Style::Plain)?;
    let rest = map.file(node.span.file).text.get(node.span.end as usize..)?;
    let rest = rest.lines().next()?;
    let blanks = rest.len() - rest.trim_start().len();
    let comment = rest.trim_start().trim_end();
    if blanks == 0 || !comment.starts_with('#') {
        return None;
    }
    let open = |open: char, close: char| text.text.matches(open).count() > text.text.matches(close).count();
    let odd = |quote: char| text.text.matches(quote).count() % 2 == 1;
    let operator = ["|", "&&", "||", "\\", "=", ">", "<", ";"].iter().any(|end| text.text.ends_with(end));
    let glued = comment.len() > 1 && !comment[1..].starts_with([' ', '\t', '#', '!', '-', '=']);
    let cut = odd('"') || odd('\'') || odd('`') || open('(', ')') || open('[', ']') || open('{', '}') || operator || glued;
    let cut = cut || command && blanks == 1 && comment.len() > 1;
    let start = node.span.end as usize + blanks;
    cut.then(|| Span::new(node.span.file, start..start + comment.len()))
}

/// Warns of a number that loses what was written: `2.10` is 2.1.
#[must_use]
pub fn lost_digits(node: &Node) -> Option<Diagnostic> {
    let NodeValue::Float(number) = node.value else { return None };
    let raw = &node.raw.as_ref()?.text;
    let plain = raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    let shown = format!("{number:?}");
    if !plain || *raw == shown || !number.is_finite() {
        return None;
    }
    let found = Diagnostic::warning("W004", node.span, format!("`{raw}` is a number to YAML: {shown}"));
    Some(found.label(format!("reads as {shown}")).hint(format!("if text was meant, as in a version, write \"{raw}\"")))
}
