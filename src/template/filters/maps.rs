//! Maps: joined, taken apart, put together.

use indexmap::IndexMap;
use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::Filter;
use super::call::Args;
use crate::model::Value as Data;
use crate::template::compare::kind;
use crate::template::fault::fault;
use crate::template::text::{from_jinja, to_jinja, write};

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("combine", "*maps recursive= list_merge=", combine),
    ("dict2items", "key_name? value_name?", dict2items),
    ("extract", "container morekeys?", extract),
    ("items2dict", "key_name? value_name?", items2dict),
];

/// What becomes of a list that both maps have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListMerge {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendNew,
    PrependNew,
}

fn combine(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let deep = args.flag("recursive")?;
    let lists = match args.text("list_merge")?.as_deref() {
        None | Some("replace") => ListMerge::Replace,
        Some("keep") => ListMerge::Keep,
        Some("append") => ListMerge::Append,
        Some("prepend") => ListMerge::Prepend,
        Some("append_rp") => ListMerge::AppendNew,
        Some("prepend_rp") => ListMerge::PrependNew,
        Some(_) => {
            let known = "it takes replace, keep, append, prepend, append_rp and prepend_rp".to_owned();
            return Err(fault("`| combine` has no such `list_merge`", Some(known)));
        }
    };
    let mut maps = Vec::new();
    for value in std::iter::once(&value).chain(&args.rest) {
        gather(from_jinja(value)?, &mut maps)?;
    }
    let all = maps.into_iter().reduce(|below, above| merge(below, above, deep, lists)).unwrap_or_default();
    Ok(to_jinja(Data::Map(all)))
}

type Map = IndexMap<String, Data>;

/// Takes a map, or a list of maps, as one after the other.
fn gather(value: Data, maps: &mut Vec<Map>) -> Result<(), Error> {
    match value {
        Data::Map(map) => maps.push(map),
        Data::List(list) => {
            for item in list {
                gather(item, maps)?;
            }
        }
        other => return Err(fault(format!("`| combine` joins maps, and this is {}", other.kind()), None)),
    }
    Ok(())
}

fn merge(mut below: Map, above: Map, deep: bool, lists: ListMerge) -> Map {
    for (key, value) in above {
        let value = match (below.get_mut(&key).map(std::mem::take), value) {
            (Some(Data::Map(old)), Data::Map(new)) if deep => Data::Map(merge(old, new, deep, lists)),
            (Some(Data::List(old)), Data::List(new)) => Data::List(merge_lists(old, new, lists)),
            (_, new) => new,
        };
        below.insert(key, value);
    }
    below
}

fn merge_lists(mut old: Vec<Data>, mut new: Vec<Data>, lists: ListMerge) -> Vec<Data> {
    match lists {
        ListMerge::Replace => return new,
        ListMerge::Keep => return old,
        ListMerge::Append | ListMerge::Prepend => {}
        // What the stronger one has is not in there twice.
        ListMerge::AppendNew | ListMerge::PrependNew => old.retain(|item| !new.contains(item)),
    }
    if matches!(lists, ListMerge::Append | ListMerge::AppendNew) {
        old.append(&mut new);
        old
    } else {
        new.append(&mut old);
        new
    }
}

fn names(args: &Args<'_>) -> Result<(String, String), Error> {
    Ok((args.text("key_name")?.unwrap_or_else(|| "key".to_owned()), args.text("value_name")?.unwrap_or_else(|| "value".to_owned())))
}

fn dict2items(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    if value.kind() != ValueKind::Map {
        return Err(fault(format!("`| dict2items` needs a map, not a {}", kind(&value)), None));
    }
    let (key_name, value_name) = names(args)?;
    let mut items = Vec::new();
    for key in value.try_iter()?.checked() {
        let key = key?;
        let entry = value.get_item(&key)?;
        items.push(Value::from_pairs([(key_name.as_str(), key), (value_name.as_str(), entry)]));
    }
    Ok(items.into())
}

fn items2dict(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let (key_name, value_name) = names(args)?;
    let mut map = Map::new();
    for item in args.items_of(&value)? {
        let (key, entry) = (item.get_attr(&key_name)?, item.get_attr(&value_name)?);
        if key.is_undefined() || entry.is_undefined() {
            return Err(fault(format!("`| items2dict`: an item has no `{key_name}` or no `{value_name}`"), None));
        }
        map.insert(write(&from_jinja(&key)?), from_jinja(&entry)?);
    }
    Ok(to_jinja(Data::Map(map)))
}

/// `key | extract(container)`, and further down with `morekeys`.
fn extract(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let container = args.value("container").cloned().unwrap_or_default();
    let mut keys = vec![value];
    match args.value("morekeys") {
        Some(more) if matches!(more.kind(), ValueKind::Seq | ValueKind::Iterable) => keys.extend(args.items_of(more)?),
        Some(one) => keys.push(one.clone()),
        None => {}
    }
    let mut found = container;
    for key in keys {
        found = found.get_item(&key)?;
        if found.is_undefined() {
            return Err(fault("`| extract`: there is no such entry", None));
        }
    }
    Ok(found)
}
