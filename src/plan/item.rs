//! Items of `each`: what there is to go through, and how one is seen by templates.

use std::sync::Arc;

use indexmap::IndexMap;

use super::results::ItemView;
use crate::event::Redactor;
use crate::model::{Each, EachItems, Value, VarValue};
use crate::template::{Engine, Lazy, Lookup, RenderError, Rendered, Root};

/// In columns.
const LONGEST_LABEL: usize = 40;

/// Each is a step of its own, in memory and in the record, and a host may print as many lines as it likes.
const MOST_ITEMS: usize = 100_000;

/// Gives the items of an `each`, rendered in a scope that does not see them; a map's are maps of `key` and `value`.
///
/// # Errors
/// Where it waits, can't be rendered, or gives neither a list nor a map.
pub fn items(each: &Each, engine: &Engine, scope: &Root) -> Result<Vec<Value>, RenderError> {
    let (value, span) = match &each.items {
        EachItems::Written(value) => (engine.render_value(value, scope)?, each.span),
        EachItems::Expression(template) => match engine.render(template, scope)? {
            Rendered::Value(value) => (value, template.source.span),
            Rendered::Omit => (Value::None, template.source.span),
        },
    };
    let count = match &value {
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    };
    if count > MOST_ITEMS {
        let message = format!("`each` goes through {MOST_ITEMS} items at most, and these are {count}");
        let hint = Some("let the command go through them on the host".to_owned());
        return Err(RenderError::Failed { message, span: Some(span), hint });
    }
    match value {
        Value::List(list) => Ok(list),
        Value::Map(map) => Ok(map.into_iter().map(|(key, value)| pair(key, value)).collect()),
        other => {
            let hint = match &other {
                Value::Text(_) => Some("split it into a list: `x.split()`, or take the `lines` of a result".to_owned()),
                Value::Int(_) => Some("count with `range(3)`".to_owned()),
                _ => None,
            };
            let message = format!("`each` goes through a list or a map, and this is {}", other.kind());
            Err(RenderError::Failed { message, span: Some(span), hint })
        }
    }
}

fn pair(key: String, value: Value) -> Value {
    Value::Map(IndexMap::from([("key".to_owned(), Value::Text(key)), ("value".to_owned(), value)]))
}

/// Names an item in a few words: text as it is, a map by its `name` or `key`, anything else as JSON; masked before it is cut.
#[must_use]
pub fn item_label(item: &Value, redactor: &Redactor) -> String {
    let named = |map: &IndexMap<String, Value>| ["name", "key", "id"].iter().find_map(|key| map.get(*key)?.as_text().map(str::to_owned));
    let text = match item {
        Value::Text(text) => text.clone(),
        Value::Map(map) => named(map).unwrap_or_else(|| serde_json::to_string(item).unwrap_or_default()),
        other => serde_json::to_string(other).unwrap_or_default(),
    };
    crate::text::one_line(&redactor.mask(&text), LONGEST_LABEL)
}

/// A list or map as a person would write it: `[a, b]`.
pub(super) fn as_written(value: &VarValue) -> String {
    match value {
        VarValue::Plain(Value::List(list)) => {
            format!("[{}]", list.iter().map(|value| as_written(&VarValue::Plain(value.clone()))).collect::<Vec<_>>().join(", "))
        }
        VarValue::Plain(Value::Map(map)) => {
            let entries: Vec<String> =
                map.iter().map(|(name, value)| format!("{name}: {}", as_written(&VarValue::Plain(value.clone())))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        VarValue::Plain(Value::Text(text)) => text.clone(),
        VarValue::Plain(other) => serde_json::to_string(other).unwrap_or_default(),
        VarValue::Template(template) => template.source.text.trim().to_owned(),
        VarValue::Unusable(unusable) => unusable.source.text.trim().to_owned(),
        VarValue::List(list) => format!("[{}]", list.iter().map(as_written).collect::<Vec<_>>().join(", ")),
        VarValue::Map(map) => {
            let entries: Vec<String> = map.iter().map(|(name, value)| format!("{name}: {}", as_written(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

impl ItemView {
    /// All items of an `each` as templates see them.
    #[must_use]
    pub fn all(name: &str, items: Vec<Value>) -> Vec<Arc<ItemView>> {
        let count = items.len();
        let view = |(index, value)| Arc::new(ItemView { name: name.to_owned(), value, index, count });
        items.into_iter().enumerate().map(view).collect()
    }
}

/// An item in sight.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    Known(Arc<ItemView>),
    /// By its name.
    Later(String),
}

impl Seen {
    pub(super) fn name(&self) -> &str {
        match self {
            Seen::Known(item) => &item.name,
            Seen::Later(name) => name,
        }
    }

    pub(super) fn value(self) -> Lookup {
        match self {
            Seen::Known(item) => Lookup::Value(item.value.clone()),
            Seen::Later(name) => Lookup::Pending(name),
        }
    }
}

/// `loop`, of an item in sight.
#[derive(Debug)]
pub(super) struct LoopRoot(pub(super) Seen);

const LOOP_FIELDS: [&str; 6] = ["index", "index0", "first", "last", "length", "item"];

impl Lazy for LoopRoot {
    fn get(&self, name: &str) -> Lookup {
        let item = match &self.0 {
            _ if !LOOP_FIELDS.contains(&name) => return Lookup::Missing,
            Seen::Known(item) => item,
            Seen::Later(item) => return Lookup::Pending(item.clone()),
        };
        let number = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        Lookup::Value(match name {
            "index" => number(item.index + 1),
            "index0" => number(item.index),
            "first" => Value::Bool(item.index == 0),
            "last" => Value::Bool(item.index + 1 == item.count),
            "length" => number(item.count),
            _ => item.value.clone(),
        })
    }

    fn names(&self) -> Vec<String> {
        LOOP_FIELDS.map(str::to_owned).into()
    }
}

#[cfg(test)]
mod tests;
