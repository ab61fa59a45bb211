//! What is known of a condition before anything is rendered: that it can't be true or false.
//!
//! Knows types only where a template's own words make them certain; what hosts and variables give is for rendering.

use std::collections::HashSet;

use super::Engine;
use super::engine::article;
use super::parse::{View, parse};
use super::types::{self, Kind};
use crate::diag::SourceText;
use crate::model::Context;

impl Engine {
    /// The type of a condition's value, in a word with its article, where it is certain and no bool; with what to write.
    #[must_use]
    pub fn no_bool(source: &SourceText) -> Option<(String, &'static str)> {
        let parsed = parse(&source.text, Context::Expression).ok()?;
        let View::Whole(expr) = parsed.view() else { return None };
        let kind = types::of(expr, &HashSet::new()).filter(|kind| *kind != Kind::Bool)?;
        Some((article(kind.name()), no_bool_hint(kind.name())))
    }
}

/// What to write where a condition gives something else than true or false.
pub(super) fn no_bool_hint(kind: &str) -> &'static str {
    match kind {
        "text" => "compare it (`x == \"yes\"`), or write `| bool` after it",
        "int" | "float" => "compare it: `x > 0`",
        "list" | "map" => "ask for its length: `x | length > 0`",
        _ => "compare it: `x == none`",
    }
}
