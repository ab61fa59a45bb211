//! Filters that take any value: what is missing, what kind it is, which of two.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::Filter;
use super::call::Args;
use crate::template::compare::kind;
use crate::template::fault::fault;
use crate::template::text::{from_jinja, write};

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("bool", "", bool),
    ("d", "default_value? boolean?", default),
    ("default", "default_value? boolean?", default),
    ("mandatory", "msg?", mandatory),
    ("raw", "", |_, value, _| Ok(value)),
    ("string", "", |_, value, _| Ok(write(&from_jinja(&value)?).into())),
    ("ternary", "true_val false_val none_val?", ternary),
    ("type_debug", "", |_, value, _| Ok(kind(&value).into())),
];

/// `x | default(y)`: `y` where `x` is undefined or none; with `true` as second argument also where it is empty.
fn default(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let lax = args.flag("boolean")?;
    if value.is_undefined() || value.is_none() || (lax && !value.is_true()) {
        return Ok(args.value("default_value").cloned().unwrap_or_else(|| Value::from("")));
    }
    Ok(value)
}

fn mandatory(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    if value.is_undefined() || value.is_none() {
        return Err(fault(args.text("msg")?.unwrap_or_else(|| "a mandatory value is not defined".to_owned()), None));
    }
    Ok(value)
}

fn bool(_: &mut State<'_, '_>, value: Value, _: &Args<'_>) -> Result<Value, Error> {
    let read = match value.kind() {
        ValueKind::Bool | ValueKind::Number => Some(value.is_true()),
        ValueKind::String => match value.as_str().unwrap_or_default().trim().to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    read.map(Value::from).ok_or_else(|| {
        fault(format!("`| bool` can't read this {}", kind(&value)), Some("it reads true, false, yes, no, on, off, 1 and 0".to_owned()))
    })
}

fn ternary(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let which = match value.kind() {
        ValueKind::Bool if value.is_true() => "true_val",
        ValueKind::Bool => "false_val",
        ValueKind::None if args.value("none_val").is_some() => "none_val",
        _ => {
            let hint = "compare it (`x == \"yes\"`), or write `| bool` before it".to_owned();
            return Err(fault(format!("`| ternary` needs true or false, not a {}", kind(&value)), Some(hint)));
        }
    };
    Ok(args.value(which).cloned().unwrap_or_default())
}
