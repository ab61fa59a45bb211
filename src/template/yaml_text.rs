//! Data written as block YAML, for the filters `to_yaml` and `to_nice_yaml`.

use crate::model::Value;

use super::text::{json, write};

/// Writes a value, each level `indent` further in; no newline at the end.
pub(super) fn to_yaml(value: &Value, indent: usize) -> String {
    lines(value, indent).join("\n")
}

fn lines(value: &Value, indent: usize) -> Vec<String> {
    let mut out = Vec::new();
    match value {
        Value::Map(map) if !map.is_empty() => {
            for (key, value) in map {
                let key = scalar(&Value::from(key.as_str()));
                if is_block(value) {
                    out.push(format!("{key}:"));
                    out.extend(lines(value, indent).iter().map(|line| format!("{}{line}", " ".repeat(indent))));
                } else {
                    out.push(format!("{key}: {}", scalar(value)));
                }
            }
        }
        Value::List(list) if !list.is_empty() => {
            for value in list {
                let marks = std::iter::once("- ").chain(std::iter::repeat("  "));
                out.extend(lines(value, indent).iter().zip(marks).map(|(line, mark)| format!("{mark}{line}")));
            }
        }
        other => out.push(scalar(other)),
    }
    out
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Map(map) => !map.is_empty(),
        Value::List(list) => !list.is_empty(),
        _ => false,
    }
}

/// A scalar on one line; text in quotes unless nobody could read it as something else.
fn scalar(value: &Value) -> String {
    let Value::Text(text) = value else { return if *value == Value::None { "null".to_owned() } else { json(value) } };
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && !matches!(text.to_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if plain { write(value) } else { json(value) }
}
