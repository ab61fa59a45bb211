//! Our own errors inside minijinja's, and back out.
//!
//! A filter or a lookup that fails hands a [`Fault`] or a [`Waits`] through the virtual machine as the source of
//! minijinja's error; [`unwrap`] finds it again and puts the place in the user's file to it.

use std::fmt;

use minijinja::{Error, ErrorKind};

use super::RenderError;
use crate::diag::Span;

/// A message of ours.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// Set where the fault lies in another template than the one that runs (a variable's).
    pub(super) span: Option<Span>,
}

/// What must be awaited.
#[derive(Debug, Clone)]
pub(super) struct Waits(pub(super) Vec<String>);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

impl std::error::Error for Fault {}
impl std::error::Error for Waits {}

/// Makes an error with a message of ours.
pub(super) fn fault(message: impl Into<String>, hint: Option<String>) -> Error {
    Error::from(ErrorKind::InvalidOperation).with_source(Fault { message: message.into(), hint, span: None })
}

/// Makes the error of something known only later.
pub(super) fn waits(what: Vec<String>) -> Error {
    Error::from(ErrorKind::InvalidOperation).with_source(Waits(what))
}

/// Sends an error of a nested rendering through the outer one.
pub(super) fn wrap(error: RenderError) -> Error {
    match error {
        RenderError::Pending(what) => waits(what),
        RenderError::Failed { message, span, hint } => Error::from(ErrorKind::InvalidOperation).with_source(Fault { message, hint, span }),
    }
}

/// Finds our own error in minijinja's; `place` is where the template stood when it failed.
pub(super) fn unwrap(error: &Error, place: Option<Span>) -> RenderError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = source {
        if let Some(Waits(what)) = inner.downcast_ref::<Waits>() {
            return RenderError::Pending(what.clone());
        }
        if let Some(fault) = inner.downcast_ref::<Fault>() {
            return RenderError::Failed { message: fault.message.clone(), span: fault.span.or(place), hint: fault.hint.clone() };
        }
        source = inner.source();
    }
    let (message, hint) = foreign(error);
    RenderError::Failed { message, span: place, hint }
}

/// Words for minijinja's own errors. Their details may quote values, so only those that can't are shown.
fn foreign(error: &Error) -> (String, Option<String>) {
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::UndefinedError => ("an undefined value is used".to_owned(), Some("give it a value with `| default(..)`".to_owned())),
        ErrorKind::OutOfFuel => ("the template takes too many steps".to_owned(), None),
        ErrorKind::UnknownMethod if detail.contains("has no method named") => (detail.to_owned(), None),
        ErrorKind::InvalidOperation if safe_detail(detail) => (detail.to_owned(), None),
        ErrorKind::TooManyArguments | ErrorKind::MissingArgument => {
            ("a filter, test or function has the wrong number of arguments".to_owned(), None)
        }
        kind => (format!("{kind}"), None),
    }
}

fn safe_detail(detail: &str) -> bool {
    const SAFE: [&str; 8] = [
        "tried to use",
        "recursion limit",
        "object is not callable",
        "value is not callable",
        "cannot recurse",
        "range has too many",
        "value of type",
        "cannot perform a containment check",
    ];
    SAFE.iter().any(|start| detail.starts_with(start))
}
