//! From a text to a secret's value: the text itself, the data that it holds, or one part of that.

use indexmap::IndexMap;

use super::Why;
use crate::diag::{Diagnostics, Severity, SourceMap};
use crate::model::{Secret, Value};
use crate::text::did_you_mean;
use crate::yaml::{self, Node, NodeValue};

/// Makes the value.
pub(super) fn value(secret: &Secret, text: &str) -> Result<Value, Why> {
    if !secret.data {
        return Ok(Value::Text(text.to_owned()));
    }
    let data = data(text)?;
    let Some(key) = &secret.key else { return Ok(data) };
    let mut at = &data;
    for part in key.split('.') {
        at = at.find([part]).ok_or_else(|| no_key(key, part, at))?;
    }
    match at {
        Value::None => Err(Why::Empty),
        Value::Text(text) if text.trim().is_empty() => Err(Why::Empty),
        value => Ok(value.clone()),
    }
}

fn no_key(key: &str, part: &str, at: &Value) -> Why {
    let names = match at {
        Value::Map(map) => map.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    Why::NoKey { key: key.to_owned(), near: did_you_mean(part, names) }
}

/// Reads YAML. What is wrong with it is told by its line alone: words of ours would show a piece of it.
fn data(text: &str) -> Result<Value, Why> {
    let (mut map, mut diagnostics) = (SourceMap::default(), Diagnostics::default());
    let file = map.add("<secret>", None, text);
    let node = yaml::parse(&map, file, &mut diagnostics);
    let wrong = diagnostics.iter().find(|found| found.severity == Severity::Error);
    match (node, wrong) {
        (Some(node), None) => Ok(plain(&node)),
        (_, found) => {
            let line = found.and_then(|found| found.primary.as_ref()).map_or(1, |label| map.location(label.span).line);
            Err(Why::NoData { line })
        }
    }
}

/// The data; a number that is not written as YAML would write it (`0042`, `1_000`, `2.10`) is the text that stands there.
fn plain(node: &Node) -> Value {
    match &node.value {
        NodeValue::List(items) => Value::List(items.iter().map(plain).collect()),
        NodeValue::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.text.clone(), plain(&entry.value)));
            Value::Map(entries.collect::<IndexMap<_, _>>())
        }
        NodeValue::Int(number) => as_written(node, number.to_string()),
        NodeValue::Float(number) => as_written(node, number.to_string()),
        _ => node.to_value(),
    }
}

fn as_written(node: &Node, number: String) -> Value {
    match &node.raw {
        Some(raw) if raw.text != number => Value::Text(raw.text.clone()),
        _ => node.to_value(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Span;
    use crate::model::SecretSource;

    fn get(text: &str, data: bool, key: Option<&str>) -> Result<Value, Why> {
        let span = Span::new(SourceMap::default().add("x", None, ""), 0..0);
        let (source, key) = (SecretSource::Env("X".to_owned()), key.map(str::to_owned));
        value(&Secret { name: "x".to_owned(), source, data, key, span, place: span, used: true }, text)
    }

    #[test]
    fn whole_parts_and_what_is_wrong() {
        let text = "db: { password: s3cret, pins: [0042, 17] }\n";
        assert_eq!(get(text, false, None).unwrap(), Value::from(text));
        assert_eq!(get(text, true, Some("db.password")).unwrap(), Value::from("s3cret"));
        assert_eq!(get(text, true, Some("db.pins.0")).unwrap(), Value::from("0042"));
        assert_eq!(get(text, true, Some("db.pins.1")).unwrap(), Value::Int(17));
        assert_eq!(get(text, true, None).unwrap().find(["db", "password"]), Some(&Value::from("s3cret")));
        assert_eq!(get("{\"a\": \"b\"}", true, Some("a")).unwrap(), Value::from("b"));
        let Err(Why::NoKey { near, .. }) = get(text, true, Some("db.pasword")) else { panic!() };
        assert_eq!(near.as_deref(), Some("did you mean `password`?"));
        assert!(
            matches!(get("a: 1\nb: s3cret: [\n", true, None), Err(Why::NoData { line: 2 })),
            "{:?}",
            get("a: 1\nb: s3cret: [\n", true, None)
        );
        assert!(matches!(get("a: ''", true, Some("a")), Err(Why::Empty)));
    }
}
