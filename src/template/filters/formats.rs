//! Data as JSON and YAML text, and back.

use minijinja::{Error, State, Value};

use super::Filter;
use super::call::Args;
use crate::model::Value as Data;
use crate::template::fault::fault;
use crate::template::text::{from_jinja, json, to_jinja};
use crate::template::yaml_text::to_yaml;

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("from_json", "", from_json),
    ("from_yaml", "", from_yaml),
    ("from_yaml_all", "", from_yaml_all),
    ("to_json", "indent= sort_keys=", |_, value, args| write_json(&value, args, None)),
    ("to_nice_json", "indent? sort_keys=", |_, value, args| write_json(&value, args, Some(4))),
    ("to_nice_yaml", "indent? sort_keys= width=", write_yaml),
    ("to_yaml", "indent? sort_keys= width=", write_yaml),
];

/// The value before the bar, its names sorted where that is asked for.
fn data(value: &Value, args: &Args<'_>) -> Result<Data, Error> {
    fn sorted(value: Data) -> Data {
        match value {
            Data::Map(map) => {
                let mut entries: Vec<(String, Data)> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                Data::Map(entries.into_iter().collect())
            }
            Data::List(list) => Data::List(list.into_iter().map(sorted).collect()),
            other => other,
        }
    }
    let data = from_jinja(value)?;
    Ok(if args.flag("sort_keys")? { sorted(data) } else { data })
}

fn write_json(value: &Value, args: &Args<'_>, indent: Option<usize>) -> Result<Value, Error> {
    fn nice(value: &Data, indent: usize, depth: usize, out: &mut String) {
        let line = |depth: usize| format!("\n{}", " ".repeat(indent * depth));
        match value {
            Data::List(list) if !list.is_empty() => {
                out.push('[');
                for (at, item) in list.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    out.push_str(&line(depth + 1));
                    nice(item, indent, depth + 1, out);
                }
                out.push_str(&line(depth));
                out.push(']');
            }
            Data::Map(map) if !map.is_empty() => {
                out.push('{');
                for (at, (key, item)) in map.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    out.push_str(&line(depth + 1));
                    out.push_str(&format!("{}: ", json(&Data::from(key.as_str()))));
                    nice(item, indent, depth + 1, out);
                }
                out.push_str(&line(depth));
                out.push('}');
            }
            other => out.push_str(&json(other)),
        }
    }
    let data = data(value, args)?;
    Ok(match args.count("indent", 16)?.or(indent) {
        Some(indent) => {
            let mut out = String::new();
            nice(&data, indent, 0, &mut out);
            out.into()
        }
        None => json(&data).into(),
    })
}

fn write_yaml(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    Ok(to_yaml(&data(&value, args)?, args.count("indent", 16)?.unwrap_or(2).max(1)).into())
}

fn from_json(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    // The parser's message would quote the text.
    let value: Data = serde_json::from_str(args.text_of(&value)?)
        .map_err(|error| fault(format!("`| from_json`: no JSON at line {}, column {}", error.line(), error.column()), None))?;
    Ok(to_jinja(value))
}

fn no_yaml(args: &Args<'_>, error: &serde_yaml::Error) -> Error {
    let place = error.location().map(|place| format!(" at line {}, column {}", place.line(), place.column())).unwrap_or_default();
    fault(format!("`{}`: no YAML{place}", args.called()), None)
}

fn from_yaml(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let value: Data = serde_yaml::from_str(args.text_of(&value)?).map_err(|error| no_yaml(args, &error))?;
    Ok(to_jinja(value))
}

fn from_yaml_all(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let mut all = Vec::new();
    for document in serde_yaml::Deserializer::from_str(args.text_of(&value)?) {
        let value = <Data as serde::Deserialize>::deserialize(document).map_err(|error| no_yaml(args, &error))?;
        all.push(to_jinja(value));
    }
    Ok(all.into())
}
