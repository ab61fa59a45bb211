//! Types of inputs: their words, and which values they take.
//!
//! Checks what is written before a run; the run asks the same of what a template gave.

use crate::model::{InputKind, Value};
use crate::text::{did_you_mean, parse_duration};

/// The types without an argument, by their words.
pub(super) const KINDS: &[(&str, InputKind)] = &[
    ("string", InputKind::String),
    ("int", InputKind::Int),
    ("number", InputKind::Number),
    ("bool", InputKind::Bool),
    ("list", InputKind::List),
    ("map", InputKind::Map),
    ("duration", InputKind::Duration),
    ("path", InputKind::Path),
];

/// The type that a word means.
pub(super) fn kind_of(word: &str) -> Option<InputKind> {
    let word = word.trim();
    if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == word) {
        return Some(kind.clone());
    }
    let inside = word.strip_prefix("choice[")?.strip_suffix(']')?;
    let choices: Vec<String> =
        inside.split(',').map(|choice| choice.trim().trim_matches(['"', '\'']).to_owned()).filter(|choice| !choice.is_empty()).collect();
    (!choices.is_empty()).then_some(InputKind::Choice(choices))
}

/// What is wrong with a value for an input, with a hint; none where it fits.
#[must_use]
pub fn input_mistake(kind: &InputKind, value: &Value) -> Option<(String, Option<String>)> {
    let quoted = || match value {
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => Some("put it in quotes".to_owned()),
        _ => None,
    };
    let (wanted, hint) = match (kind, value) {
        (InputKind::String | InputKind::Path, Value::Text(_))
        | (InputKind::Int, Value::Int(_))
        | (InputKind::Number, Value::Int(_) | Value::Float(_))
        | (InputKind::Bool, Value::Bool(_))
        | (InputKind::List, Value::List(_))
        | (InputKind::Map, Value::Map(_)) => return None,
        (InputKind::Duration, Value::Text(text)) if parse_duration(text).is_some() => return None,
        (InputKind::Choice(choices), Value::Text(text)) if choices.contains(text) => return None,
        (InputKind::Choice(choices), Value::Text(text)) => {
            let hint = did_you_mean(text, choices.iter().map(String::as_str));
            return Some((format!("must be one of {}, not `{text}`", choices.join(", ")), hint));
        }
        (InputKind::Duration, Value::Text(text)) => {
            return Some((format!("must be a duration, not `{text}`"), Some("as in 30s, 10m or 1h30m".to_owned())));
        }
        (InputKind::String, _) => ("text", quoted()),
        (InputKind::Path, _) => ("a path", quoted()),
        (InputKind::Int, Value::Text(text)) if text.trim().parse::<i64>().is_ok() => {
            ("a whole number", Some(format!("write it without quotes: {}", text.trim())))
        }
        (InputKind::Int, _) => ("a whole number", None),
        (InputKind::Number, Value::Text(text)) if text.trim().parse::<f64>().is_ok() => {
            ("a number", Some(format!("write it without quotes: {}", text.trim())))
        }
        (InputKind::Number, _) => ("a number", None),
        (InputKind::Bool, Value::Text(text)) if matches!(&**text, "yes" | "on" | "true") => {
            ("true or false", Some("write `true`".to_owned()))
        }
        (InputKind::Bool, Value::Text(text)) if matches!(&**text, "no" | "off" | "false") => {
            ("true or false", Some("write `false`".to_owned()))
        }
        (InputKind::Bool, _) => ("true or false", None),
        (InputKind::List, _) => ("a list", Some("write [a, b]".to_owned())),
        (InputKind::Map, _) => ("a map", Some("write { name: value }".to_owned())),
        (InputKind::Duration, Value::Int(number)) => ("a duration", Some(format!("write {number}s for seconds, {number}m for minutes"))),
        (InputKind::Duration, _) => ("a duration", Some("as in 30s, 10m or 1h30m".to_owned())),
        (InputKind::Choice(choices), _) => return Some((format!("must be one of {}", choices.join(", ")), quoted())),
    };
    let kind = match value {
        Value::None => return Some((format!("must be {wanted}, this is none"), hint)),
        Value::Int(_) | Value::Float(_) => "the number",
        other => other.kind(),
    };
    Some((format!("must be {wanted}, this is {kind} `{}`", brief(value)), hint))
}

fn brief(value: &Value) -> String {
    let text = match value {
        Value::Text(text) => text.clone(),
        other => serde_json::to_string(other).unwrap_or_default(),
    };
    crate::text::one_line(&text, 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_types() {
        assert_eq!(kind_of("int"), Some(InputKind::Int));
        assert_eq!(kind_of("choice[a, b]"), Some(InputKind::Choice(vec!["a".into(), "b".into()])));
        assert_eq!((kind_of("choice[]"), kind_of("text")), (None, None));
    }

    #[test]
    fn values_fit_or_are_told() {
        let told = |kind: &str, value: Value| input_mistake(&kind_of(kind).unwrap(), &value).map(|(message, _)| message);
        assert_eq!(told("int", Value::Int(1)), None);
        assert_eq!(told("number", Value::Int(1)), None);
        assert_eq!(told("duration", Value::from("5m")), None);
        assert_eq!(told("int", Value::from("1")).unwrap(), "must be a whole number, this is text `1`");
        assert_eq!(told("string", Value::Float(2.1)).unwrap(), "must be text, this is the number `2.1`");
        assert_eq!(told("choice[a, b]", Value::from("c")).unwrap(), "must be one of a, b, not `c`");
        assert_eq!(told("bool", Value::None).unwrap(), "must be true or false, this is none");
    }
}
