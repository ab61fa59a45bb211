//! Filters over lists of host names, by a variable or a result of each: `hosts | select_hosts("survey.kernel.stdout", …)`.
//!
//! A path is a variable (`http_port`, `disk.size`) or, where it begins with the id of a round, ROUND.TASK.FIELD. It is
//! written out in the template, so that what must have run is known before the run. A host for which there is no value
//! is left out. Knows the roots `hosts` and `rounds`, nothing of what they hold.

use indexmap::IndexMap;
use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, State, Value};

use super::compare::{Op, compare};
use super::fault::fault;
use super::filters::Signature;
use super::lookup::Lookup;
use super::names::Names;
use super::scope::{Key, Rendering};
use super::text::{from_jinja, write};

/// The filters whose first argument is such a path, or several of them.
pub(super) const HOST_FILTERS: [&str; 5] = ["select_hosts", "reject_hosts", "count_hosts", "group_hosts_by", "hosts_table"];

/// The root under which a template's reads of such paths stand; no name in a template can be like it.
pub const HOST_PATH: &str = "hosts[]";

/// The tests of [`HOST_FILTERS`] that choose.
pub(super) const HOST_TESTS: [&str; 11] = ["==", "!=", "<", "<=", ">", ">=", "in", "not in", "contains", "match", "search"];

const FORM: &str = "as in `select_hosts(\"http_port\", \"==\", 80)`";

pub(super) fn install(env: &mut Environment<'static>, known: &mut Names) {
    env.add_filter("select_hosts", |state: &State, hosts: Value, path: &str, test: Rest<Value>| choose(state, &hosts, path, &test, true));
    env.add_filter("reject_hosts", |state: &State, hosts: Value, path: &str, test: Rest<Value>| choose(state, &hosts, path, &test, false));
    env.add_filter("count_hosts", |state: &State, hosts: Value, path: &str| {
        let mut counts: Vec<(String, usize)> =
            grouped(state, &hosts, path)?.into_iter().map(|(value, hosts)| (value, hosts.len())).collect();
        // The most frequent first; equals in the order of the hosts.
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Ok::<Value, Error>(Value::from_pairs(counts))
    });
    env.add_filter("group_hosts_by", |state: &State, hosts: Value, path: &str| {
        Ok::<Value, Error>(Value::from_pairs(grouped(state, &hosts, path)?))
    });
    env.add_filter("hosts_table", table);
    for (name, words) in HOST_FILTERS.into_iter().zip(["path test? value?", "path test? value?", "path", "path", "columns"]) {
        known.filters.insert(name, Signature::new(format!("| {name}"), words));
    }
}

/// The names in a list.
fn names(hosts: &Value) -> Result<Vec<String>, Error> {
    let name = |host: Value| host.as_str().map(str::to_owned).ok_or_else(|| fault("a host is chosen by its name, which is text", None));
    match hosts.kind() {
        ValueKind::String => Err(fault("this needs a list of host names, not text", Some("write `[name]`".to_owned()))),
        _ => hosts.try_iter()?.map(name).collect(),
    }
}

/// What a path gives for a host; undefined where there is nothing.
fn value(state: &State, host: &str, path: &str) -> Result<Value, Error> {
    let rendering = Rendering::of(state)?;
    let words: Vec<&str> = path.split('.').collect();
    let read = |root: &str, keys: &[&str]| {
        let keys: Vec<Value> = keys.iter().map(|key| Value::from(*key)).collect();
        let kinds = format!("?{}", "w".repeat(keys.len()));
        rendering.read(true, root, &Key::all(&keys, &kinds))
    };
    if let [round, task, fields @ ..] = &words[..]
        && is_round(&rendering, round)
    {
        return read("rounds", &[&[*round, "hosts", host, "tasks", task], fields].concat());
    }
    read("hosts", &[&[host, "vars"], &words[..]].concat())
}

fn is_round(rendering: &Rendering, name: &str) -> bool {
    match rendering.root.get("rounds") {
        Lookup::Lazy(rounds) => !matches!(rounds.get(name), Lookup::Missing),
        _ => false,
    }
}

/// The hosts for which a test holds, or without a test those that have a value.
fn choose(state: &State, hosts: &Value, path: &str, test: &[Value], wanted: bool) -> Result<Vec<String>, Error> {
    let mut chosen = Vec::new();
    for host in names(hosts)? {
        let value = value(state, &host, path)?;
        let holds = match test.split_first() {
            None => !value.is_undefined(),
            Some(_) if value.is_undefined() => continue,
            Some((name, [other])) => ask(name.as_str().unwrap_or_default(), &value, other)?,
            Some(_) => return Err(fault("a test of hosts needs a value", Some(FORM.to_owned()))),
        };
        if holds == wanted {
            chosen.push(host);
        }
    }
    Ok(chosen)
}

fn ask(test: &str, value: &Value, other: &Value) -> Result<bool, Error> {
    if let Some(op) = Op::named(test) {
        return compare(op, value, other);
    }
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| fault(format!("`{test}` needs text"), None));
    match test {
        "contains" => compare(Op::In, other, value),
        "match" | "search" => {
            let pattern = text(other)?;
            let pattern = if test == "match" { format!("^(?:{pattern})") } else { pattern };
            let pattern = regex::Regex::new(&pattern).map_err(|_| fault("this is no regular expression", None))?;
            Ok(pattern.is_match(&text(value)?))
        }
        _ => Err(fault("hosts have no such test", Some(FORM.to_owned()))),
    }
}

/// The hosts by value, values in the order of the hosts.
fn grouped(state: &State, hosts: &Value, path: &str) -> Result<IndexMap<String, Vec<String>>, Error> {
    let mut groups: IndexMap<String, Vec<String>> = IndexMap::new();
    for host in names(hosts)? {
        let value = value(state, &host, path)?;
        if !value.is_undefined() {
            groups.entry(write(&from_jinja(&value)?)).or_default().push(host);
        }
    }
    Ok(groups)
}

/// A table as text: a row for each host, a column for each path.
fn table(state: &State, hosts: Value, columns: Value) -> Result<String, Error> {
    let columns: Vec<(String, String)> = match columns.kind() {
        ValueKind::Map => {
            let pair = |title: Value| Ok::<_, Error>((title.to_string(), columns.get_item(&title)?.to_string()));
            columns.try_iter()?.map(pair).collect::<Result<_, _>>()?
        }
        ValueKind::String => vec![(columns.to_string(), columns.to_string())],
        _ => columns.try_iter()?.map(|path| (path.to_string(), path.to_string())).collect(),
    };
    let mut rows = vec![std::iter::once("host".to_owned()).chain(columns.iter().map(|(title, _)| title.clone())).collect::<Vec<_>>()];
    for host in names(&hosts)? {
        let mut row = vec![host.clone()];
        for (_, path) in &columns {
            let value = value(state, &host, path)?;
            let text = if value.is_undefined() { "-".to_owned() } else { write(&from_jinja(&value)?) };
            // One line a host, whatever a result holds.
            row.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        rows.push(row);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..=columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    Ok(rows.iter().map(line).collect())
}
