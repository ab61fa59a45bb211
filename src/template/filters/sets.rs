//! Lists as sets: each item once, in the order of its first coming.

use std::collections::BTreeSet;

use minijinja::{Error, State, Value};

use super::Filter;
use super::call::{Args, items};
use super::lists::attribute;
use crate::model::Value as Data;
use crate::template::compare::{Op, comparable, compare};
use crate::template::text::from_jinja;

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("contains", "item", |_, value, args| compare(Op::In, args.value("item").unwrap_or(&Value::UNDEFINED), &value).map(Value::from)),
    ("difference", "list", |_, value, args| pick(&value, args, |here, there| here && !there)),
    ("intersect", "list", |_, value, args| pick(&value, args, |here, there| here && there)),
    ("symmetric_difference", "list", |_, value, args| pick(&value, args, |here, there| here != there)),
    ("union", "list", |_, value, args| pick(&value, args, |_, _| true)),
    ("unique", "case_sensitive? attribute?", unique),
];

/// A text that equal values share, whatever the order of their entries.
pub(super) fn identity(value: &Value) -> Result<String, Error> {
    fn of(value: &Data, out: &mut String) {
        match value {
            Data::List(list) => {
                out.push('[');
                for item in list {
                    of(item, out);
                    out.push(',');
                }
                out.push(']');
            }
            Data::Map(map) => {
                let mut entries: Vec<(&String, &Data)> = map.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                out.push('{');
                for (key, item) in entries {
                    of(&Data::from(key.as_str()), out);
                    of(item, out);
                    out.push(',');
                }
                out.push('}');
            }
            Data::Text(text) => out.push_str(&format!("{text:?}")),
            // 1 and 1.0 are equal.
            #[allow(clippy::cast_precision_loss)]
            Data::Int(number) if number.abs() < 1 << 53 => out.push_str(&format!("{:?}", *number as f64)),
            other => out.push_str(&crate::template::text::json(other)),
        }
    }
    let mut out = String::new();
    of(&from_jinja(value)?, &mut out);
    Ok(out)
}

/// The items of both lists that `keep` chooses by where they are.
fn pick(value: &Value, args: &Args<'_>, keep: fn(bool, bool) -> bool) -> Result<Value, Error> {
    let here = args.items_of(value)?;
    let there = args.items_of(args.value("list").unwrap_or(&Value::UNDEFINED))?;
    comparable(args.called(), here.iter().chain(&there))?;
    let names = |list: &[Value]| list.iter().map(identity).collect::<Result<Vec<String>, Error>>();
    let (here_names, there_names) = (names(&here)?, names(&there)?);
    let (in_here, in_there): (BTreeSet<&String>, BTreeSet<&String>) = (here_names.iter().collect(), there_names.iter().collect());
    let mut seen = BTreeSet::new();
    let all = here.into_iter().zip(&here_names).chain(there.into_iter().zip(&there_names));
    let chosen = all.filter(|(_, name)| keep(in_here.contains(name), in_there.contains(name)) && seen.insert(*name));
    Ok(chosen.map(|(item, _)| item).collect::<Vec<Value>>().into())
}

fn unique(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let exact = args.value("case_sensitive").is_none() || args.flag("case_sensitive")?;
    let items = args.items_of(&value)?;
    let keys: Vec<Value> = match args.value("attribute") {
        Some(path) => items.iter().map(|item| attribute(args.called(), item, path)).collect::<Result<_, _>>()?,
        None => items.clone(),
    };
    comparable(args.called(), keys.iter())?;
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for (item, key) in items.into_iter().zip(keys) {
        let key = match key.as_str() {
            Some(text) if !exact => Value::from(text.to_lowercase()),
            _ => key,
        };
        if seen.insert(identity(&key)?) {
            kept.push(item);
        }
    }
    Ok(kept.into())
}

/// Whether every item of one list is in the other.
pub(super) fn within(called: &str, list: &Value, of: &Value) -> Result<bool, Error> {
    let (list, of) = (items(called, list)?, items(called, of)?);
    comparable(called, list.iter().chain(&of))?;
    let all: BTreeSet<String> = of.iter().map(identity).collect::<Result<_, _>>()?;
    for item in &list {
        if !all.contains(&identity(item)?) {
            return Ok(false);
        }
    }
    Ok(true)
}
