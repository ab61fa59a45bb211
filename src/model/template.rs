//! Templates as the model holds them.

use crate::diag::{SourceText, Span};

/// Names a compiled template of one `template::Engine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TemplateId(pub u32);

/// Where a template's result lands, which decides how values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Text of a POSIX shell (`sh`, `bash`): values are quoted for the place they stand in.
    Shell,
    /// Text of a shell whose quoting is unknown: values in it are an error.
    ForeignShell,
    /// An expression without braces (`when`, `until`); exactly one `{{ x }}` is accepted too.
    Expression,
    /// Exactly one `{{ x }}` keeps the type of `x`; anything else gives text.
    Native,
    /// Always text.
    Text,
}

/// A template that was compiled without errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The compiled form, in the engine that made it.
    pub id: TemplateId,
    /// What was written, and where.
    pub source: SourceText,
    /// Where its result lands.
    pub context: Context,
    /// What it reads, in the order of first mention, without what it binds itself (`{% for h in … %}`).
    pub reads: Vec<Read>,
}

impl Template {
    /// Says whether all it does with values is to insert them: text with any number of `{{ name.field }}` in it, no filter,
    /// no operator, no statement.
    #[must_use]
    pub fn only_inserts(&self) -> bool {
        let text = &self.source.text;
        let comments = self.context != Context::Shell && text.contains("{#");
        if self.context == Context::Expression || text.contains("{%") || comments {
            return false;
        }
        text.split("{{").skip(1).all(|rest| {
            let Some((inside, _)) = rest.split_once("}}") else { return false };
            let path = inside.trim_matches('-').trim();
            !path.is_empty() && path.split('.').all(crate::text::is_id)
        })
    }

    /// Says whether it is plain text, without a value or a statement.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.reads.is_empty()
            && !self.source.text.contains("{{")
            && !self.source.text.contains("{%")
            && (self.context == Context::Shell || !self.source.text.contains("{#"))
            && self.context != Context::Expression
    }
}

/// One read of a name, as far as it is literal: `tasks.kernel.stdout`, `rounds.survey.hosts`, `release`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The root, then the literal attributes and text subscripts that follow it.
    pub path: Vec<String>,
    /// Where it stands.
    pub span: Span,
    /// True where its absence is dealt with on the spot (`x is defined`, `x | default(..)`).
    pub optional: bool,
}
