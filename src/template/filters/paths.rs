//! Paths as text, and parts of URLs. Touches no file: what a path means on a host only the host knows.

use std::sync::OnceLock;

use minijinja::{Error, State, Value};
use regex::Regex;

use super::Filter;
use super::call::Args;
use crate::template::fault::fault;

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("basename", "", |_, value, args| Ok(args.text_of(&value)?.rsplit('/').next().unwrap_or_default().into())),
    ("dirname", "", |_, value, args| Ok(dirname(args.text_of(&value)?).into())),
    ("path_join", "", path_join),
    ("relpath", "start", relpath),
    ("splitext", "", |_, value, args| {
        let (stem, end) = splitext(args.text_of(&value)?);
        Ok(vec![Value::from(stem), Value::from(end)].into())
    }),
    ("urlsplit", "query?", urlsplit),
];

fn dirname(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => "",
    }
}

/// The dot of a hidden file is none of an extension.
fn splitext(path: &str) -> (&str, &str) {
    let start = path.rfind('/').map_or(0, |at| at + 1);
    let hidden = path[start..].len() - path[start..].trim_start_matches('.').len();
    match path[start + hidden..].rfind('.') {
        Some(dot) => path.split_at(start + hidden + dot),
        None => (path, ""),
    }
}

fn path_join(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let parts = if value.as_str().is_some() { vec![value] } else { args.items_of(&value)? };
    let mut path = String::new();
    for part in &parts {
        let part = args.text_of(part)?;
        if part.starts_with('/') {
            path.clear();
        } else if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(part);
    }
    Ok(path.into())
}

/// The parts of a path without `.`, and `..` taken back.
fn parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            ("..", None) if path.starts_with('/') => {}
            _ => parts.push(part),
        }
    }
    parts
}

fn relpath(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let (path, start) = (args.text_of(&value)?, args.needed("start")?);
    if path.starts_with('/') != start.starts_with('/') {
        return Err(fault("`| relpath` needs two absolute paths or two relative ones", None));
    }
    let (path, start) = (parts(path), parts(&start));
    let shared = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    if start[shared..].contains(&"..") {
        return Err(fault("`| relpath`: the way up from there is not known", None));
    }
    let way: Vec<&str> = std::iter::repeat_n("..", start.len() - shared).chain(path[shared..].iter().copied()).collect();
    Ok(if way.is_empty() { ".".into() } else { way.join("/").into() })
}

/// Scheme, authority, path, query and fragment, by RFC 3986's own expression (appendix B).
fn url() -> Result<&'static Regex, Error> {
    static URL: OnceLock<Option<Regex>> = OnceLock::new();
    URL.get_or_init(|| Regex::new(r"^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$").ok())
        .as_ref()
        .ok_or_else(|| fault("URLs can't be read", None))
}

/// The parts of a URL, by name.
fn split(text: &str) -> Result<Vec<(&'static str, Value)>, Error> {
    let Some(found) = url()?.captures(text) else { return Err(fault("this is no URL", None)) };
    let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
    let netloc = part(2);
    let (login, place) = netloc.rsplit_once('@').map_or((None, netloc), |(login, place)| (Some(login), place));
    let (user, password) = match login.map(|login| login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)))) {
        Some((user, password)) => (Some(user), password),
        None => (None, None),
    };
    // An IPv6 address has its colons in brackets.
    let after = place.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match place[after..].find(':') {
        Some(colon) => (&place[..after + colon], &place[after + colon + 1..]),
        None => (place, ""),
    };
    let port = match port {
        "" => Value::from(()),
        digits => Value::from(digits.parse::<u16>().map_err(|_| fault("the URL's port is no number from 0 to 65535", None))?),
    };
    let host = host.trim_matches(['[', ']']).to_lowercase();
    let optional = |text: Option<&str>| text.map_or(Value::from(()), Value::from);
    Ok(vec![
        ("scheme", part(1).to_lowercase().into()),
        ("netloc", netloc.into()),
        ("username", optional(user)),
        ("password", optional(password)),
        ("hostname", optional(Some(host.as_str()).filter(|host| !host.is_empty()))),
        ("port", port),
        ("path", part(3).into()),
        ("query", part(4).into()),
        ("fragment", part(5).into()),
    ])
}

fn urlsplit(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let parts = split(args.text_of(&value)?)?;
    let Some(wanted) = args.text("query")? else { return Ok(Value::from_pairs(parts)) };
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    let found = parts.into_iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    found.ok_or_else(|| fault("a URL has no such part", Some(format!("its parts: {}", names.join(", ")))))
}

/// Whether a text has the two parts that make it a URL of a place.
pub(super) fn is_url(text: &str) -> Result<bool, Error> {
    let found = url()?.captures(text);
    Ok(found.is_some_and(|found| found.get(1).is_some() && found.get(2).is_some_and(|place| !place.as_str().is_empty())))
}
