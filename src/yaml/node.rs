//! The tree of a document: values with their places.

use indexmap::IndexMap;

use crate::diag::{SourceText, Span};
use crate::model::Value;

/// How a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A scalar without quotes; also null by absence.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// `[…]` or `{…}`
    Flow,
    /// A list or map by indentation.
    Block,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its bytes in the file: quotes included, of block scalars the content, of an alias the anchor's value. Empty, behind
    /// the key, for a value that is not written.
    pub span: Span,
    /// How it is written.
    pub style: Style,
    /// Its tag, where that is one of Ansible's (`!vault`, `!unsafe`) in a file read as Ansible reads it.
    pub tag: Option<String>,
    /// Of a scalar that is not text, what was written (`2.10`, `0x1F`, `~`).
    pub raw: Option<SourceText>,
    /// The value.
    pub value: NodeValue,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    /// Null, written or not.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(SourceText),
    /// A list.
    List(Vec<Node>),
    /// A map in the order written, each key once, merge keys (`<<`) merged.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: SourceText,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The kind as messages call it, with its article: `text`, `a list`, `a number`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            NodeValue::Null => "empty",
            NodeValue::Bool(_) => "a bool",
            NodeValue::Int(_) | NodeValue::Float(_) => "a number",
            NodeValue::Text(_) => "text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a map",
        }
    }

    /// The entries, where it is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&[Entry]> {
        if let NodeValue::Map(entries) = &self.value { Some(entries) } else { None }
    }

    /// The items, where it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Node]> {
        if let NodeValue::List(items) = &self.value { Some(items) } else { None }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&SourceText> {
        if let NodeValue::Text(text) = &self.value { Some(text) } else { None }
    }

    /// Says whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == NodeValue::Null
    }

    /// What was written for a scalar that is not null: the text itself, or a number or bool letter for letter.
    #[must_use]
    pub fn scalar_text(&self) -> Option<&SourceText> {
        match &self.value {
            NodeValue::Text(text) => Some(text),
            NodeValue::Bool(_) | NodeValue::Int(_) | NodeValue::Float(_) => self.raw.as_ref(),
            NodeValue::Null | NodeValue::List(_) | NodeValue::Map(_) => None,
        }
    }

    /// The entry of a key, where it is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.as_map()?.iter().find(|entry| entry.key.text == key)
    }

    /// The data without its places.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::None,
            NodeValue::Bool(flag) => Value::Bool(*flag),
            NodeValue::Int(number) => Value::Int(*number),
            NodeValue::Float(number) => Value::Float(*number),
            NodeValue::Text(text) => Value::Text(text.text.clone()),
            NodeValue::List(items) => Value::List(items.iter().map(Node::to_value).collect()),
            NodeValue::Map(entries) => {
                let entries = entries.iter().map(|entry| (entry.key.text.clone(), entry.value.to_value()));
                Value::Map(entries.collect::<IndexMap<_, _>>())
            }
        }
    }
}
