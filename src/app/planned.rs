//! `plan`: what would run, shown.

use super::load::Ready;
use crate::diag::SourceMap;

/// The plan as text.
#[must_use]
pub fn plan_text(_: &Ready, _: &SourceMap, _: usize, _: bool) -> String {
    String::new()
}

/// The plan as JSON.
#[must_use]
pub fn plan_json(_: &Ready, _: &SourceMap) -> serde_json::Value {
    serde_json::Value::Null
}
