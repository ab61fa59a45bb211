//! Data written as block YAML, for the filter `to_yaml`.

use crate::model::Value;

use super::text::{json, write};

/// Writes a value; no newline at the end.
pub(super) fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out.trim_end_matches('\n').to_owned()
}

fn block(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Map(map) if !map.is_empty() => {
            for (key, value) in map {
                out.push_str(&format!("{indent}{}:", scalar(&Value::from(key.as_str()))));
                nested(value, depth + 1, out);
            }
        }
        Value::List(list) if !list.is_empty() => {
            for value in list {
                out.push_str(&format!("{indent}-"));
                nested(value, depth + 1, out);
            }
        }
        other => out.push_str(&format!("{indent}{}\n", scalar(other))),
    }
}

fn nested(value: &Value, depth: usize, out: &mut String) {
    let empty = match value {
        Value::Map(map) => map.is_empty(),
        Value::List(list) => list.is_empty(),
        _ => true,
    };
    if empty {
        out.push_str(&format!(" {}\n", scalar(value)));
    } else {
        out.push('\n');
        block(value, depth, out);
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
