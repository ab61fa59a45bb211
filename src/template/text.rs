//! Values between the model and minijinja, and written as text.
//!
//! Knows no scope and no template. Nothing here puts a value into an error.

use std::fmt::Debug;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind};

use super::fault::fault;
use crate::model::Value;

/// How deep a value may nest, so that no walk over it can exhaust the stack.
const DEEPEST: usize = 64;

/// What `omit` gives.
#[derive(Debug)]
pub(super) struct OmitMark;

impl Object for OmitMark {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

pub(super) fn is_omit(value: &minijinja::Value) -> bool {
    value.downcast_object_ref::<OmitMark>().is_some()
}

/// Gives the model's value to minijinja.
pub(super) fn to_jinja(value: Value) -> minijinja::Value {
    match value {
        Value::None => minijinja::Value::from(()),
        Value::Bool(flag) => flag.into(),
        Value::Int(number) => number.into(),
        Value::Float(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::List(list) => list.into_iter().map(to_jinja).collect::<Vec<_>>().into(),
        Value::Map(map) => minijinja::Value::from_pairs(map.into_iter().map(|(key, value)| (minijinja::Value::from(key), to_jinja(value)))),
    }
}

/// Takes a value back from minijinja, whole.
pub(super) fn from_jinja(value: &minijinja::Value) -> Result<Value, Error> {
    convert(value, 0)
}

fn convert(value: &minijinja::Value, depth: usize) -> Result<Value, Error> {
    if depth > DEEPEST {
        return Err(fault(format!("the value nests deeper than {DEEPEST} levels"), None));
    }
    if is_omit(value) {
        return Err(fault("`omit` can stand only as the whole of an argument", None));
    }
    Ok(match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => Value::None,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => match value.as_i64() {
            Some(number) => Value::Int(number),
            None => return Err(fault("the number needs more than 64 bits", None)),
        },
        ValueKind::Number => Value::Float(f64::try_from(value.clone())?),
        ValueKind::String => Value::Text(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Bytes => match std::str::from_utf8(value.as_bytes().unwrap_or_default()) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => return Err(fault("the bytes are no UTF-8 text", None)),
        },
        ValueKind::Seq | ValueKind::Iterable => {
            let mut list = Vec::new();
            for item in value.try_iter()?.checked() {
                list.push(convert(&item?, depth + 1)?);
            }
            Value::List(list)
        }
        ValueKind::Map => {
            let mut map = IndexMap::new();
            for key in value.try_iter()?.checked() {
                let key = key?;
                let name = match key.as_str() {
                    Some(name) => name.to_owned(),
                    None => key.to_string(),
                };
                let item = value.get_item(&key)?;
                // A part that is not there (`json` of what is none) is no part of the whole.
                if !item.is_undefined() {
                    map.insert(name, convert(&item, depth + 1)?);
                }
            }
            Value::Map(map)
        }
        // A lookup that failed, carried as a value; taking it out of a list is the way to its error.
        ValueKind::Invalid => match minijinja::Value::from(vec![value.clone()]).try_iter()?.checked().next() {
            Some(Err(error)) => return Err(error),
            _ => return Err(fault("the value can't be looked up", None)),
        },
        kind => return Err(fault(format!("a {kind} is no data"), None)),
    })
}

/// Writes a value as text; lists and maps as JSON, none as nothing.
pub(super) fn write(value: &Value) -> String {
    match value {
        Value::None => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => write_float(*number),
        Value::Text(text) => text.clone(),
        Value::List(_) | Value::Map(_) => json(value),
    }
}

fn write_float(number: f64) -> String {
    // `1.0`, not `1`: a float stays recognisable.
    format!("{number:?}")
}

/// Writes JSON on one line, a blank after `,` and `:`.
pub(super) fn json(value: &Value) -> String {
    match value {
        Value::None => "null".to_owned(),
        Value::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Value::List(list) => format!("[{}]", list.iter().map(json).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{}: {}", serde_json::Value::from(key.as_str()), json(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Float(number) if !number.is_finite() => "null".to_owned(),
        other => write(other),
    }
}
