//! The one renderer of diagnostics: text for people, JSON for editors and CI.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Severity, SourceMap};
use crate::text::visible;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colors {
    /// ANSI colours.
    Always,
    /// Plain text.
    Never,
}

/// Renders all diagnostics in reading order, one blank line between two.
#[must_use]
pub fn render_text(map: &SourceMap, diagnostics: &Diagnostics, colors: Colors) -> String {
    let renderer = match colors {
        Colors::Always => Renderer::styled(),
        Colors::Never => Renderer::plain(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics.sorted() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&renderer.render(&[group(map, diagnostic)]));
        text.push('\n');
    }
    text
}

fn group<'a>(map: &'a SourceMap, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(visible(&diagnostic.message)).id(diagnostic.code));
    let labels = diagnostic.primary.iter().map(|label| (label, true)).chain(diagnostic.secondary.iter().map(|label| (label, false)));
    let mut files: Vec<(super::FileId, Vec<_>)> = Vec::new();
    for (label, primary) in labels {
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, list)) => list.push((label, primary)),
            None => files.push((label.span.file, vec![(label, primary)])),
        }
    }
    for (file, labels) in files {
        let source = map.file(file);
        let ranges: Vec<_> = labels.iter().map(|(label, _)| sound_range(&source.text, label.span.range())).collect();
        let start = ranges.iter().map(|range| range.start).min().unwrap_or_default();
        let end = ranges.iter().map(|range| range.end).max().unwrap_or_default();
        // Whatever is handed over is looked through.
        let (line, shown) = source.around(start..end);
        let mut snippet = Snippet::source(&source.text[shown.clone()]).line_start(line).path(&source.name);
        for ((label, primary), range) in labels.into_iter().zip(ranges) {
            let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(range.start - shown.start..range.end - shown.start);
            snippet = snippet.annotation(if label.text.is_empty() { annotation } else { annotation.label(visible(&label.text)) });
        }
        group = group.element(snippet);
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(visible(note)));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.with_name("hint").message(visible(hint)));
    }
    group
}

/// A range that lies within the text and on character borders, whatever the span said.
fn sound_range(text: &str, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = range.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    // A span over many lines would print them all; its first line says enough.
    if let Some(newline) = text[start..end].find('\n') {
        end = start + newline.max(1);
    }
    start..end
}

/// Renders all diagnostics as one JSON array, for editors and CI.
///
/// Each: `{code, severity, message, file, line, column, end_line, end_column, label, related, notes, hint}`; places
/// count from 1, columns in characters; `file` and the numbers are null where there is no place.
#[must_use]
pub fn render_json(map: &SourceMap, diagnostics: &Diagnostics) -> serde_json::Value {
    let place = |span: super::Span| {
        let start = map.location(span);
        let end = map.location(super::Span { start: span.end, ..span });
        serde_json::json!({
            "file": start.file, "line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column,
        })
    };
    let list = diagnostics.sorted().into_iter().map(|diagnostic| {
        let mut object = serde_json::Map::new();
        object.insert("code".into(), diagnostic.code.into());
        object.insert("severity".into(), serde_json::json!(diagnostic.severity));
        object.insert("message".into(), diagnostic.message.clone().into());
        let primary = diagnostic.primary.as_ref().map(|label| place(label.span));
        for key in ["file", "line", "column", "end_line", "end_column"] {
            object.insert(key.into(), primary.as_ref().map_or(serde_json::Value::Null, |place| place[key].clone()));
        }
        object.insert("label".into(), diagnostic.primary.as_ref().map_or("", |label| &label.text).into());
        let related = diagnostic.secondary.iter().map(|label| {
            let mut related = place(label.span);
            related["text"] = label.text.clone().into();
            related
        });
        object.insert("related".into(), related.collect());
        object.insert("notes".into(), diagnostic.notes.clone().into());
        object.insert("hint".into(), diagnostic.hint.clone().into());
        serde_json::Value::Object(object)
    });
    list.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Span;

    fn sample() -> (SourceMap, Diagnostics) {
        let mut map = SourceMap::default();
        let file = map.add("site.yml", None, "rounds:\n  - hsots: all\n");
        let mut diagnostics = Diagnostics::default();
        let found = Diagnostic::error("E101", Span::new(file, 12..17), "unknown key `hsots` in a round");
        diagnostics.push(found.label("not a key of a round").hint("did you mean `hosts`?".to_owned()));
        (map, diagnostics)
    }

    #[test]
    fn text_shows_a_caret_under_the_word() {
        let (map, diagnostics) = sample();
        insta::assert_snapshot!(diagnostics.to_text(&map), @r"
        error[E101]: unknown key `hsots` in a round
         --> site.yml:2:5
          |
        2 |   - hsots: all
          |     ^^^^^ not a key of a round
          |
          = hint: did you mean `hosts`?
        ");
    }

    #[test]
    fn json_has_every_field() {
        let (map, diagnostics) = sample();
        let json = render_json(&map, &diagnostics);
        assert_eq!(json[0]["line"], 2);
        assert_eq!(json[0]["column"], 5);
        assert_eq!(json[0]["end_column"], 10);
        assert_eq!(json[0]["hint"], "did you mean `hosts`?");
    }

    #[test]
    fn a_wild_span_does_not_panic() {
        let mut map = SourceMap::default();
        let file = map.add("a", None, "é\n");
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(Diagnostic::warning("W001", Span::new(file, 1..900), "x"));
        assert!(diagnostics.to_text(&map).contains("warning[W001]"));
    }
}
