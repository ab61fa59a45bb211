//! What is wrong, where, and what to do about it.

use indexmap::IndexSet;

use super::{SourceMap, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The input can't be used.
    Error,
    /// It can be used, but probably does not do what was meant.
    Warning,
}

/// A place and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words beside the caret; may be empty.
    pub text: String,
}

/// One mistake of the author.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// A stable code (`E104`).
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// The main place; none where the trouble is in no file (a missing file, the command line).
    pub primary: Option<Label>,
    /// Other places that explain it.
    pub secondary: Vec<Label>,
    /// Facts that help, one sentence each.
    pub notes: Vec<String>,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    #[must_use]
    pub fn error(code: &'static str, span: impl Into<Option<Span>>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, span.into(), message.into())
    }

    /// A warning at `span`.
    #[must_use]
    pub fn warning(code: &'static str, span: impl Into<Option<Span>>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, span.into(), message.into())
    }

    fn new(severity: Severity, code: &'static str, span: Option<Span>, message: String) -> Diagnostic {
        let primary = span.map(|span| Label { span, text: String::new() });
        Diagnostic { code, severity, message, primary, secondary: Vec::new(), notes: Vec::new(), hint: None }
    }

    /// Says a few words beside the main caret.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        if let Some(primary) = &mut self.primary {
            primary.text = text.into();
        }
        self
    }

    /// Shows another place.
    #[must_use]
    pub fn and(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    /// Says what to write instead; `None` changes nothing.
    #[must_use]
    pub fn hint(mut self, text: impl Into<Option<String>>) -> Diagnostic {
        if let Some(text) = text.into() {
            self.hint = Some(text);
        }
        self
    }
}

/// A collection of diagnostics; stages add to it and go on.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: IndexSet<Diagnostic>,
}

impl Diagnostics {
    /// Adds one; the same one a second time is dropped.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.insert(diagnostic);
    }

    /// Says whether any error is among them.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// Counts those of one severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// All of them, as they came.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// All of them in reading order: by file as read, then by place; those without a place first.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut list: Vec<&Diagnostic> = self.list.iter().collect();
        list.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| label.span));
        list
    }

    /// Drops those of the code `echo` at whose very place one of the code `of` is told: they speak of the same mistake.
    pub fn drop_echoes(&mut self, echo: &str, of: &str) {
        let place = |found: &Diagnostic| found.primary.as_ref().map(|label| label.span);
        let told: Vec<Option<Span>> = self.list.iter().filter(|found| found.code == of).map(place).collect();
        self.list.retain(|found| found.code != echo || !told.contains(&place(found)));
    }

    /// Takes over all of `other`.
    pub fn extend(&mut self, other: Diagnostics) {
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// Renders all as plain text: for tests and logs.
    #[must_use]
    pub fn to_text(&self, map: &SourceMap) -> String {
        super::render_text(map, self, super::Colors::Never)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoes_are_those_at_the_very_place() {
        let file = SourceMap::default().add("a.yml", None, "0123456789");
        let mut list = Diagnostics::default();
        for (code, place) in [("W108", 1..4), ("W108", 5..9), ("E404", 1..4), ("W101", 1..4)] {
            list.push(Diagnostic::error(code, Span::new(file, place), "a"));
        }
        list.drop_echoes("W108", "E404");
        let found: Vec<_> = list.iter().map(|found| (found.code, found.primary.as_ref().unwrap().span.start)).collect();
        assert_eq!(found, [("W108", 5), ("E404", 1), ("W101", 1)]);
        list.drop_echoes("W108", "E110");
        assert_eq!(list.iter().count(), 3);
    }

    #[test]
    fn the_same_one_a_second_time_is_dropped_and_the_order_stays() {
        let mut list = Diagnostics::default();
        for message in ["b", "a", "b"] {
            list.push(Diagnostic::error("E017", None, message));
        }
        let mut more = Diagnostics::default();
        more.push(Diagnostic::error("E017", None, "a"));
        more.push(Diagnostic::warning("W101", None, "a"));
        list.extend(more);
        let found: Vec<_> = list.iter().map(|found| (found.code, found.message.as_str())).collect();
        assert_eq!(found, [("E017", "b"), ("E017", "a"), ("W101", "a")]);
    }
}
