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

/// What begins the name of something that waits only for a secret; steps have a `/` in theirs.
const SECRET: &str = "secret ";

/// How what waits for a secret is named in [`RenderError::Pending`].
#[must_use]
pub fn secret_wait(name: &str) -> String {
    format!("{SECRET}{name}")
}

/// The secret that is waited for, where it is one.
#[must_use]
pub fn waits_for_secret(what: &str) -> Option<&str> {
    what.strip_prefix(SECRET).filter(|name| !name.contains(['/', ' ']))
}

/// Shows what is waited for: `‹after survey/kernel›`, `‹secret db_password›`.
#[must_use]
pub fn hole(pending: &[String]) -> String {
    let secrets: Vec<&str> = pending.iter().filter_map(|what| waits_for_secret(what)).collect();
    let steps: Vec<&str> = pending.iter().filter(|what| waits_for_secret(what).is_none()).map(String::as_str).collect();
    match (&secrets[..], &steps[..]) {
        (secrets, []) => format!("‹secret {}›", secrets.join(", ")),
        ([], steps) => format!("‹after {}›", steps.join(", ")),
        (secrets, steps) => format!("‹secret {}, after {}›", secrets.join(", "), steps.join(", ")),
    }
}

/// Says whether a text of a preview holds a part that is known only later.
#[must_use]
pub fn has_hole(text: &str) -> bool {
    text.contains("‹after ") || text.contains("‹secret ")
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
    /// The text, each unknown part as `‹after survey/kernel›` or `‹secret db_password›`.
    pub text: String,
    /// What the unknown parts wait for, in the order of first need; empty: all of it is known.
    pub pending: Vec<String>,
}
