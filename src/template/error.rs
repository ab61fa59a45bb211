//! What rendering gives and how it fails.
//!
//! Knows places in files and words; never holds the value of a variable, since any might be a secret.

use crate::diag::Span;
use crate::model::Value;

/// What a template gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Rendered {
    /// A value; text, shell text included, is [`Value::Text`].
    Value(Value),
    /// `omit` as the whole of a native template: the argument is to be left out.
    Omit,
}

/// Why a template gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// It reads results that are known only after these steps (`survey/kernel`), each once.
    #[error("known only after {}", .0.join(", "))]
    Pending(Vec<String>),
    /// It can't be rendered.
    #[error("{message}")]
    Failed {
        /// One sentence, lower case, no full stop; names variables, never their values.
        message: String,
        /// The expression in the file.
        span: Option<Span>,
        /// What to write instead.
        hint: Option<String>,
    },
}

/// What of a template is known before the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The text, each unknown part as `‹after survey/kernel›`.
    pub text: String,
    /// What the unknown parts wait for, in the order of first need; empty: all of it is known.
    pub pending: Vec<String>,
}
