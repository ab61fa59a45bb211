//! Tests, after `is`: of results, of lists, of truth.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Judge;
use super::call::Args;
use super::paths::is_url;
use super::sets::within;
use crate::template::compare::{Op, compare, kind};
use crate::template::fault::fault;

pub(super) const TESTS: &[(&str, &str, Judge)] = &[
    ("all", "", |value, args| truths(value, args).map(|truths| truths.into_iter().all(|truth| truth))),
    ("any", "", |value, args| truths(value, args).map(|truths| truths.into_iter().any(|truth| truth))),
    ("change", "", changed),
    ("changed", "", changed),
    ("contains", "item", |value, args| compare(Op::In, args.value("item").unwrap_or(&Value::UNDEFINED), value)),
    ("failed", "", |value, args| has_status(value, args, &["failed"])),
    ("failure", "", |value, args| has_status(value, args, &["failed"])),
    ("falsy", "convert_bool?", |value, args| truthy(value, args).map(|truth| !truth)),
    ("issubset", "list", |value, args| within(args.called(), value, args.value("list").unwrap_or(&Value::UNDEFINED))),
    ("issuperset", "list", |value, args| within(args.called(), args.value("list").unwrap_or(&Value::UNDEFINED), value)),
    ("skip", "", |value, args| has_status(value, args, &["skipped"])),
    ("skipped", "", |value, args| has_status(value, args, &["skipped"])),
    ("subset", "list", |value, args| within(args.called(), value, args.value("list").unwrap_or(&Value::UNDEFINED))),
    ("succeeded", "", |value, args| has_status(value, args, &["ok", "changed", "skipped"])),
    ("success", "", |value, args| has_status(value, args, &["ok", "changed", "skipped"])),
    ("superset", "list", |value, args| within(args.called(), args.value("list").unwrap_or(&Value::UNDEFINED), value)),
    ("truthy", "convert_bool?", truthy),
    ("unreachable", "", |value, args| has_status(value, args, &["unreachable"])),
    ("url", "", |value, args| is_url(args.text_of(value)?)),
];

fn truths(value: &Value, args: &Args<'_>) -> Result<Vec<bool>, Error> {
    Ok(args.items_of(value)?.iter().map(Value::is_true).collect())
}

/// A field of a task's result.
fn field(value: &Value, args: &Args<'_>, name: &str) -> Result<Value, Error> {
    let found = if value.kind() == ValueKind::Map { value.get_item(&Value::from(name))? } else { Value::UNDEFINED };
    if found.is_undefined() {
        let hint = "write it after the result itself: `tasks.build is failed`".to_owned();
        return Err(fault(format!("`{}` is asked of a task's result, and this is a {}", args.called(), kind(value)), Some(hint)));
    }
    // A lookup that failed is carried as a value; taking it out of a list is the way to its error.
    Value::from(vec![found]).try_iter()?.checked().next().unwrap_or_else(|| Ok(Value::UNDEFINED))
}

fn has_status(value: &Value, args: &Args<'_>, wanted: &[&str]) -> Result<bool, Error> {
    let status = field(value, args, "status")?;
    Ok(status.as_str().is_some_and(|status| wanted.contains(&status)))
}

fn changed(value: &Value, args: &Args<'_>) -> Result<bool, Error> {
    field(value, args, "changed").map(|changed| changed.is_true())
}

fn truthy(value: &Value, args: &Args<'_>) -> Result<bool, Error> {
    let words = args.flag("convert_bool")?;
    match value.as_str().map(str::to_lowercase).as_deref() {
        Some("true" | "yes" | "on" | "1" | "y" | "t") if words => Ok(true),
        Some("false" | "no" | "off" | "0" | "n" | "f") if words => Ok(false),
        _ => Ok(value.is_true()),
    }
}
