//! Lists: ordered, chosen from, grouped, combined.
//!
//! What is ordered or added is of one kind, and an attribute that an item has not is an error: minijinja's own forms
//! would put up with both.

use std::cmp::Ordering;

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Error, State, Value};

use super::call::{Args, items};
use super::{Filter, Passing};
use crate::template::compare::{kind, orderable};
use crate::template::fault::fault;

/// The most items that a filter may make of a few.
const MOST: usize = 1_000_000;

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("dictsort", "case_sensitive? by? reverse?", dictsort),
    ("flatten", "levels? skip_nulls=", flatten),
    ("groupby", "attribute default? case_sensitive?", groupby),
    ("max", "case_sensitive? attribute?", |_, value, args| extreme(&value, args, Ordering::Greater)),
    ("min", "case_sensitive? attribute?", |_, value, args| extreme(&value, args, Ordering::Less)),
    ("product", "*lists repeat=", product),
    ("sort", "reverse? case_sensitive? attribute?", sort),
    ("subelements", "subelements skip_missing?", subelements),
    ("sum", "attribute? start?", sum),
    ("zip_longest", "*lists fillvalue=", zip_longest),
];

/// Filters that hand the rest of their arguments to another filter or test.
pub(super) const PASSING: &[(&str, &str, Passing)] = &[
    ("map", "-filter? *arguments **", map),
    ("reject", "-test? *arguments **", |state, value, places, named| select(state, &value, places, named, None, false)),
    ("rejectattr", "-attribute -test? *arguments **", |state, value, places, named| selectattr(state, &value, places, named, false)),
    ("select", "-test? *arguments **", |state, value, places, named| select(state, &value, places, named, None, true)),
    ("selectattr", "-attribute -test? *arguments **", |state, value, places, named| selectattr(state, &value, places, named, true)),
];

/// A value that is there: a lookup that failed is carried as a value until it is taken out of something.
fn sound(value: Value) -> Result<Value, Error> {
    if value.kind() != ValueKind::Invalid {
        return Ok(value);
    }
    Value::from(vec![value]).try_iter()?.checked().next().unwrap_or_else(|| Ok(Value::UNDEFINED))
}

/// The attribute `a.b.0` of an item; undefined where it has none.
fn maybe_attribute(item: &Value, path: &Value) -> Result<Value, Error> {
    let Some(path) = path.as_str() else { return sound(item.get_item(path)?) };
    let mut value = item.clone();
    for part in path.split('.') {
        value = match part.parse::<usize>() {
            Ok(index) if value.kind() != ValueKind::Map => sound(value.get_item(&Value::from(index))?)?,
            _ => sound(value.get_item(&Value::from(part))?)?,
        };
        if value.is_undefined() {
            break;
        }
    }
    Ok(value)
}

/// The attribute of an item.
pub(super) fn attribute(called: &str, item: &Value, path: &Value) -> Result<Value, Error> {
    let value = maybe_attribute(item, path)?;
    if value.is_undefined() {
        let hint = "choose those that have it first: `selectattr(.., \"defined\")`".to_owned();
        return Err(fault(format!("`{called}`: an item of the list has no such attribute"), Some(hint)));
    }
    Ok(value)
}

fn folded(key: Value, exact: bool) -> Value {
    match key.as_str() {
        Some(text) if !exact => Value::from(text.to_lowercase()),
        _ => key,
    }
}

/// What the items are ordered by, one column for each attribute.
fn keys(items: &[Value], args: &Args<'_>) -> Result<Vec<Vec<Value>>, Error> {
    let exact = args.flag("case_sensitive")?;
    let paths: Vec<Option<Value>> = match args.value("attribute") {
        Some(path) => match path.as_str() {
            Some(text) => text.split(',').map(|path| Some(Value::from(path.trim()))).collect(),
            None => vec![Some(path.clone())],
        },
        None => vec![None],
    };
    let mut columns = Vec::with_capacity(paths.len());
    for path in paths {
        let mut column = Vec::with_capacity(items.len());
        for item in items {
            let key = match &path {
                Some(path) => attribute(args.called(), item, path)?,
                None => item.clone(),
            };
            column.push(folded(key, exact));
        }
        orderable(args.called(), &column)?;
        columns.push(column);
    }
    Ok(columns)
}

fn order(columns: &[Vec<Value>], a: usize, b: usize) -> Ordering {
    columns.iter().map(|column| column[a].cmp(&column[b])).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn sort(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let items = match value.as_str() {
        Some(text) => text.chars().map(Value::from).collect(),
        None => args.items_of(&value)?,
    };
    let columns = keys(&items, args)?;
    let mut places: Vec<usize> = (0..items.len()).collect();
    let back = args.flag("reverse")?;
    places.sort_by(|a, b| if back { order(&columns, *b, *a) } else { order(&columns, *a, *b) });
    Ok(places.into_iter().map(|at| items[at].clone()).collect::<Vec<Value>>().into())
}

fn extreme(value: &Value, args: &Args<'_>, wanted: Ordering) -> Result<Value, Error> {
    let items = args.items_of(value)?;
    let columns = keys(&items, args)?;
    let best = (0..items.len()).reduce(|best, at| if order(&columns, at, best) == wanted { at } else { best });
    Ok(best.map_or(Value::UNDEFINED, |at| items[at].clone()))
}

fn dictsort(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    if value.kind() != ValueKind::Map {
        return Err(fault(format!("`| dictsort` needs a map, not a {}", kind(&value)), None));
    }
    let by_value = match args.text("by")?.as_deref() {
        None | Some("key") => false,
        Some("value") => true,
        Some(_) => return Err(fault("`| dictsort` goes by key or by value", None)),
    };
    let mut pairs = Vec::new();
    for key in value.try_iter()?.checked() {
        let key = key?;
        let entry = sound(value.get_item(&key)?)?;
        pairs.push((key, entry));
    }
    let exact = args.flag("case_sensitive")?;
    let key_of = |pair: &(Value, Value)| folded(if by_value { pair.1.clone() } else { pair.0.clone() }, exact);
    let column: Vec<Value> = pairs.iter().map(key_of).collect();
    orderable(args.called(), &column)?;
    let back = args.flag("reverse")?;
    let mut places: Vec<usize> = (0..pairs.len()).collect();
    places.sort_by(|a, b| if back { column[*b].cmp(&column[*a]) } else { column[*a].cmp(&column[*b]) });
    Ok(places.into_iter().map(|at| Value::from(vec![pairs[at].0.clone(), pairs[at].1.clone()])).collect::<Vec<Value>>().into())
}

fn groupby(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let items = args.items_of(&value)?;
    let path = args.needed("attribute")?;
    let mut keys = Vec::with_capacity(items.len());
    for item in &items {
        keys.push(match args.value("default") {
            Some(default) => match maybe_attribute(item, &Value::from(path.as_str()))? {
                value if value.is_undefined() => default.clone(),
                value => value,
            },
            None => attribute(args.called(), item, &Value::from(path.as_str()))?,
        });
    }
    orderable(args.called(), &keys)?;
    let mut named = vec![("case_sensitive", Value::from(args.flag("case_sensitive")?))];
    named.extend(args.value("default").map(|default| ("default", default.clone())));
    minijinja::filters::groupby(Value::from(items), Some(&path), named.into_iter().collect())
}

fn sum(state: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let mut numbers = args.items_of(&value)?;
    if let Some(path) = args.value("attribute") {
        numbers = numbers.iter().map(|item| attribute(args.called(), item, path)).collect::<Result<_, _>>()?;
    }
    if let Some(other) = numbers.iter().chain(args.value("start")).find(|number| number.kind() != ValueKind::Number) {
        let hint = (other.kind() == ValueKind::String).then(|| "write `| map(\"int\")` before it".to_owned());
        return Err(fault(format!("`| sum` adds numbers, and here is a {}", kind(other)), hint));
    }
    minijinja::filters::sum(state, Value::from(numbers), None, args.value("start").cloned(), std::iter::empty::<(&str, Value)>().collect())
}

fn flatten(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    fn into(list: Vec<Value>, levels: usize, skip: bool, out: &mut Vec<Value>) -> Result<(), Error> {
        for item in list {
            if levels > 0 && matches!(item.kind(), ValueKind::Seq | ValueKind::Iterable) {
                into(item.try_iter()?.checked().collect::<Result<_, _>>()?, levels - 1, skip, out)?;
            } else if !(skip && item.is_none()) {
                out.push(item);
            }
        }
        Ok(())
    }
    let mut out = Vec::new();
    let skip = args.value("skip_nulls").is_none() || args.flag("skip_nulls")?;
    into(args.items_of(&value)?, args.count("levels", 64)?.unwrap_or(64), skip, &mut out)?;
    Ok(out.into())
}

fn lists(value: &Value, args: &Args<'_>) -> Result<Vec<Vec<Value>>, Error> {
    std::iter::once(value).chain(&args.rest).map(|list| args.items_of(list)).collect()
}

fn zip_longest(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let lists = lists(&value, args)?;
    let fill = args.value("fillvalue").cloned().unwrap_or_else(|| Value::from(()));
    let most = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row = |at: usize| Value::from(lists.iter().map(|list| list.get(at).unwrap_or(&fill).clone()).collect::<Vec<Value>>());
    Ok((0..most).map(row).collect::<Vec<Value>>().into())
}

fn product(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let once = lists(&value, args)?;
    let repeat = args.count("repeat", 16)?.unwrap_or(1);
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in std::iter::repeat_n(&once, repeat).flatten() {
        if rows.len().saturating_mul(list.len()) > MOST {
            return Err(fault(format!("`| product` would give more than {MOST} items"), None));
        }
        let longer = |row: &Vec<Value>, item: &Value| row.iter().chain([item]).cloned().collect();
        rows = rows.iter().flat_map(|row| list.iter().map(move |item| longer(row, item))).collect();
    }
    Ok(rows.into_iter().map(Value::from).collect::<Vec<Value>>().into())
}

/// Pairs of an item and each entry of a list in it.
fn subelements(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let path = args.value("subelements").cloned().unwrap_or_default();
    let lax = args.flag("skip_missing")?;
    let mut pairs = Vec::new();
    let items = match value.kind() {
        ValueKind::Map => {
            let keys: Vec<Value> = value.try_iter()?.checked().collect::<Result<_, _>>()?;
            keys.iter().map(|key| sound(value.get_item(key)?)).collect::<Result<Vec<Value>, Error>>()?
        }
        _ => args.items_of(&value)?,
    };
    for item in items {
        let inner = maybe_attribute(&item, &path)?;
        if lax && (inner.is_undefined() || inner.is_none()) {
            continue;
        }
        for entry in args.items_of(&attribute(args.called(), &item, &path)?)? {
            pairs.push(Value::from(vec![item.clone(), entry]));
        }
    }
    Ok(pairs.into())
}

fn select(
    state: &mut State<'_, '_>,
    value: &Value,
    places: Rest<Value>,
    named: Kwargs,
    path: Option<Value>,
    keep: bool,
) -> Result<Value, Error> {
    let called = match (path.is_some(), keep) {
        (false, true) => "| select",
        (false, false) => "| reject",
        (true, true) => "| selectattr",
        (true, false) => "| rejectattr",
    };
    let items = items(called, value)?;
    let mut places = places.0.into_iter();
    let test = match places.next() {
        Some(name) => Some(name.as_str().map(str::to_owned).ok_or_else(|| fault("the name of a test must be text", None))?),
        None => None,
    };
    let mut words: Vec<Value> = std::iter::once(Value::UNDEFINED).chain(places).collect();
    if named.args().next().is_some() {
        words.push(named.into());
    }
    let mut chosen = Vec::new();
    for item in items {
        let tested = match (&path, test.as_deref()) {
            (Some(path), Some("defined" | "undefined")) => maybe_attribute(&item, path)?,
            (Some(path), _) => attribute(called, &item, path)?,
            (None, _) => item.clone(),
        };
        let passed = match &test {
            Some(test) => {
                words[0] = tested;
                state.perform_test(test, &words)?
            }
            None => tested.is_true(),
        };
        if passed == keep {
            chosen.push(item);
        }
    }
    Ok(chosen.into())
}

fn selectattr(state: &mut State<'_, '_>, value: &Value, places: Rest<Value>, named: Kwargs, keep: bool) -> Result<Value, Error> {
    let mut places = places.0;
    if places.is_empty() {
        return Err(fault("the attribute to choose by is missing", None));
    }
    let path = places.remove(0);
    select(state, value, Rest(places), named, Some(path), keep)
}

fn map(state: &mut State<'_, '_>, value: Value, places: Rest<Value>, named: Kwargs) -> Result<Value, Error> {
    let items = items("| map", &value)?;
    if places.is_empty() {
        let path: Value = named.get::<Option<Value>>("attribute")?.ok_or_else(|| fault("`| map` needs a filter or an attribute", None))?;
        let default: Option<Value> = named.get("default")?;
        let of = |item: &Value| match (&default, maybe_attribute(item, &path)?) {
            (Some(default), found) if found.is_undefined() => Ok(default.clone()),
            (_, found) if found.is_undefined() => attribute("| map", item, &path),
            (_, found) => Ok(found),
        };
        return Ok(items.iter().map(of).collect::<Result<Vec<Value>, Error>>()?.into());
    }
    let mut places = places.0.into_iter();
    let name = places.next().unwrap_or_default();
    let name = name.as_str().ok_or_else(|| fault("the name of a filter must be text", None))?.to_owned();
    let mut words: Vec<Value> = std::iter::once(Value::UNDEFINED).chain(places).collect();
    if named.args().next().is_some() {
        words.push(named.into());
    }
    let mut made = Vec::with_capacity(items.len());
    for item in items {
        words[0] = item;
        made.push(state.apply_filter(&name, &words)?);
    }
    Ok(made.into())
}
