//! `explain HOST [VAR]` as text.
//!
//! Knows what was found out and how it looks; prints nothing itself.

use crate::app::{Explained, Setting};
use crate::model::Value;
use crate::text::{one_line, visible};

/// The longest value on a line of places.
const SHORT: usize = 60;

/// Writes variables: the value, then each place where it is set, strongest first.
pub(super) fn text(variables: &[Explained]) -> String {
    let mut text = String::new();
    for variable in variables {
        let value = match (&variable.value, &variable.unknown) {
            (Some(value), _) => shown(value),
            (None, Some(why)) => format!("({})", visible(why)),
            (None, None) => "(not set outside of rounds and tasks)".to_owned(),
        };
        text.push_str(&format!("{}: {value}\n", variable.name));
        let width = |part: fn(&Setting) -> usize| variable.set.iter().chain(&variable.inside).map(part).max().unwrap_or_default();
        let (by, place) = (width(|setting| setting.by.chars().count()), width(|setting| place_of(setting).chars().count()));
        for (at, setting) in variable.set.iter().enumerate() {
            let note = if at == 0 { "" } else { "  (overridden)" };
            text.push_str(&line(setting, by, place, note));
        }
        for setting in &variable.inside {
            text.push_str(&line(setting, by, place, "  (only there)"));
        }
    }
    text
}

fn line(setting: &Setting, by: usize, place: usize, note: &str) -> String {
    format!("  {:by$}  {:place$}  {}{note}\n", setting.by, place_of(setting), one_line(&shown(&setting.value), SHORT))
}

fn place_of(setting: &Setting) -> &str {
    setting.place.as_deref().unwrap_or("command line")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) if !text.is_empty() && text.trim() == text && !text.contains('\n') && !looks_typed(text) => visible(text),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

/// Whether a text would be taken for a number, a bool or none.
fn looks_typed(text: &str) -> bool {
    text.parse::<f64>().is_ok() || matches!(text, "true" | "false" | "null") || text.starts_with(['[', '{', '"', '('])
}
