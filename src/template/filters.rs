//! Filters and tests that users of Ansible reach for, and our own forms of some of minijinja's.
//!
//! Each is pure. None puts a value into an error.

use base64::Engine as _;
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, Value};
use regex::Regex;
use sha2::{Digest, Sha256, Sha512};

use super::compare::{Op, compare, kind};
use super::fault::fault;
use super::names::{self, Names};
use super::text::{from_jinja, json, to_jinja};
use super::yaml_text::to_yaml;

/// Adds all of them and says what there is.
pub(super) fn install(env: &mut Environment<'static>) -> Names {
    let mut known = Names::default();
    let all = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    known.filters = all(names::FILTERS);
    known.tests = all(names::TESTS);
    known.functions = all(names::FUNCTIONS);
    known.methods = all(names::METHODS);
    env.remove_global("debug");
    macro_rules! filter {
        ($($name:literal => $function:expr),* $(,)?) => {$(
            env.add_filter($name, $function);
            known.filters.insert($name.to_owned());
        )*};
    }
    filter! {
        "default" => default, "d" => default, "mandatory" => mandatory,
        "bool" => bool, "int" => int, "float" => float,
        "to_json" => |value: Value| from_jinja(&value).map(|value| json(&value)),
        "to_yaml" => |value: Value| from_jinja(&value).map(|value| to_yaml(&value)),
        "from_json" => from_json,
        "b64encode" => |text: &str| base64::engine::general_purpose::STANDARD.encode(text),
        "b64decode" => b64decode,
        "hash" => hash,
        "regex_replace" => regex_replace, "regex_search" => regex_search, "regex_findall" => regex_findall,
        "basename" => |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned(),
        "dirname" => dirname,
        "ternary" => ternary,
        "combine" => combine, "flatten" => flatten, "dict2items" => dict2items, "items2dict" => items2dict,
        "union" => union, "intersect" => intersect, "difference" => difference,
        "match" => |text: &str, pattern: &str| Ok::<bool, Error>(expression(&format!("^(?:{pattern})"))?.is_match(text)),
        "search" => |text: &str, pattern: &str| Ok::<bool, Error>(expression(pattern)?.is_match(text)),
        "contains" => |list: Value, item: Value| compare(Op::In, &item, &list),
        "quote" => |text: Value| Ok::<String, Error>(crate::text::quote(&super::text::write(&from_jinja(&text)?))),
        "raw" => |value: Value| value,
    }
    macro_rules! test {
        ($($name:literal => $function:expr),* $(,)?) => {$(
            env.add_test($name, $function);
            known.tests.insert($name.to_owned());
        )*};
    }
    macro_rules! comparison {
        ($($op:expr => $($name:literal)*;)*) => {$($(
            env.add_test($name, |left: Value, right: Value| compare($op, &left, &right));
        )*)*};
    }
    comparison! {
        Op::Eq => "eq" "equalto" "==";
        Op::Ne => "ne" "!=";
        Op::Lt => "lt" "lessthan" "<";
        Op::Le => "le" "<=";
        Op::Gt => "gt" "greaterthan" ">";
        Op::Ge => "ge" ">=";
        Op::In => "in";
    }
    test! {
        "match" => |text: &str, pattern: &str| Ok::<bool, Error>(expression(&format!("^(?:{pattern})"))?.is_match(text)),
        "search" => |text: &str, pattern: &str| Ok::<bool, Error>(expression(pattern)?.is_match(text)),
        "contains" => |list: Value, item: Value| compare(Op::In, &item, &list),
        "subset" => |list: Value, of: Value| Ok::<bool, Error>(difference(list, of)?.is_empty()),
        "superset" => |list: Value, of: Value| Ok::<bool, Error>(difference(of, list)?.is_empty()),
    }
    known
}

/// `x | default(y)`: `y` where `x` is undefined or none; with `true` as second argument also where it is empty.
fn default(value: Value, args: Rest<Value>) -> Value {
    let lax = args.get(1).is_some_and(Value::is_true);
    if value.is_undefined() || value.is_none() || (lax && !value.is_true()) {
        return args.first().cloned().unwrap_or_else(|| Value::from(""));
    }
    value
}

fn mandatory(value: Value, message: Option<String>) -> Result<Value, Error> {
    if value.is_undefined() || value.is_none() {
        return Err(fault(message.unwrap_or_else(|| "a mandatory value is not defined".to_owned()), None));
    }
    Ok(value)
}

fn bool(value: Value) -> Result<bool, Error> {
    match value.kind() {
        ValueKind::Bool => return Ok(value.is_true()),
        ValueKind::Number => return Ok(value.is_true()),
        ValueKind::String => match value.as_str().unwrap_or_default().trim().to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => return Ok(true),
            "false" | "no" | "off" | "0" => return Ok(false),
            _ => {}
        },
        _ => {}
    }
    Err(fault(format!("`| bool` can't read this {}", kind(&value)), Some("it reads true, false, yes, no, on, off, 1 and 0".to_owned())))
}

fn int(value: Value, default: Option<i64>, args: Kwargs) -> Result<i64, Error> {
    let base: Option<u32> = args.get("base")?;
    let default = default.or(args.get("default")?);
    args.assert_all_used()?;
    let read = match value.kind() {
        ValueKind::Bool => Some(i64::from(value.is_true())),
        ValueKind::Number if value.is_integer() => value.as_i64(),
        ValueKind::Number => f64::try_from(value.clone()).ok().and_then(whole),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default().trim().replace('_', "");
            let base = base.unwrap_or(10);
            let digits = match base {
                16 => text.trim_start_matches("0x"),
                8 => text.trim_start_matches("0o"),
                2 => text.trim_start_matches("0b"),
                _ => &text,
            };
            if (2..=36).contains(&base) {
                i64::from_str_radix(digits, base).ok().or_else(|| text.parse::<f64>().ok().filter(|_| base == 10).and_then(whole))
            } else {
                None
            }
        }
        _ => None,
    };
    read.or(default).ok_or_else(|| {
        fault(format!("`| int` can't read this {} as a number", kind(&value)), Some("write `| int(0)` to give 0 then".to_owned()))
    })
}

fn whole(number: f64) -> Option<i64> {
    // Beyond 2^63 the cast would saturate without a word.
    #[allow(clippy::cast_possible_truncation)]
    (number.is_finite() && number.abs() < 9.2e18).then_some(number as i64)
}

fn float(value: Value, default: Option<f64>) -> Result<f64, Error> {
    let read = match value.kind() {
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => value.as_str().unwrap_or_default().trim().parse().ok(),
        _ => None,
    };
    read.or(default).ok_or_else(|| {
        fault(format!("`| float` can't read this {} as a number", kind(&value)), Some("write `| float(0)` to give 0 then".to_owned()))
    })
}

fn from_json(text: &str) -> Result<Value, Error> {
    // The parser's message would quote the text.
    let value: crate::model::Value = serde_json::from_str(text)
        .map_err(|error| fault(format!("`| from_json`: no JSON at line {}, column {}", error.line(), error.column()), None))?;
    Ok(to_jinja(value))
}

fn b64decode(text: &str) -> Result<String, Error> {
    let compact: String = text.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(compact).map_err(|_| fault("`| b64decode`: no base64", None))?;
    String::from_utf8(bytes).map_err(|_| fault("`| b64decode`: the bytes are no UTF-8 text", None))
}

fn hash(text: &str, name: Option<&str>) -> Result<String, Error> {
    match name.unwrap_or("sha256") {
        "sha256" => Ok(crate::text::hex(&Sha256::digest(text))),
        "sha512" => Ok(crate::text::hex(&Sha512::digest(text))),
        _ => Err(fault("`| hash` knows sha256 and sha512", None)),
    }
}

fn expression(pattern: &str) -> Result<Regex, Error> {
    regex::RegexBuilder::new(pattern).size_limit(1 << 20).build().map_err(|_| fault("the regular expression is not valid", None))
}

fn regex_replace(text: &str, pattern: &str, new: Option<&str>) -> Result<String, Error> {
    // Python writes a group as \1, the regex crate as ${1}.
    let groups = expression(r"\\(?:g<(\w+)>|(\d))")?;
    let new = new.unwrap_or_default().replace('$', "$$");
    let new = groups.replace_all(&new, "$${$1$2}");
    Ok(expression(pattern)?.replace_all(text, new.as_ref()).into_owned())
}

fn regex_search(text: &str, pattern: &str) -> Result<Value, Error> {
    let Some(found) = expression(pattern)?.captures(text) else { return Ok(Value::from(())) };
    let group = found.get(1).or_else(|| found.get(0));
    Ok(group.map_or_else(|| Value::from(()), |group| Value::from(group.as_str())))
}

fn regex_findall(text: &str, pattern: &str) -> Result<Vec<String>, Error> {
    let pattern = expression(pattern)?;
    Ok(pattern
        .captures_iter(text)
        .filter_map(|found| found.get(1).or_else(|| found.get(0)).map(|group| group.as_str().to_owned()))
        .collect())
}

fn dirname(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
        None => String::new(),
    }
}

fn ternary(value: bool, yes: Value, no: Value) -> Value {
    if value { yes } else { no }
}

fn combine(map: Value, others: Rest<Value>, args: Kwargs) -> Result<Value, Error> {
    let deep: bool = args.get::<Option<bool>>("recursive")?.unwrap_or(false);
    args.assert_all_used()?;
    let mut whole = from_jinja(&map)?;
    for other in others.iter() {
        whole = merge(whole, from_jinja(other)?, deep)?;
    }
    Ok(to_jinja(whole))
}

fn merge(below: crate::model::Value, above: crate::model::Value, deep: bool) -> Result<crate::model::Value, Error> {
    use crate::model::Value as Data;
    let (Data::Map(mut below), Data::Map(above)) = (below, above) else { return Err(fault("`| combine` joins maps", None)) };
    for (key, value) in above {
        let value = match (below.get(&key), value) {
            (Some(old @ Data::Map(_)), new @ Data::Map(_)) if deep => merge(old.clone(), new, true)?,
            (_, new) => new,
        };
        below.insert(key, value);
    }
    Ok(Data::Map(below))
}

fn flatten(list: Value, levels: Option<usize>) -> Result<Vec<Value>, Error> {
    fn into(list: &Value, levels: usize, out: &mut Vec<Value>) -> Result<(), Error> {
        for item in list.try_iter()?.checked() {
            let item = item?;
            if levels > 0 && matches!(item.kind(), ValueKind::Seq | ValueKind::Iterable) {
                into(&item, levels - 1, out)?;
            } else {
                out.push(item);
            }
        }
        Ok(())
    }
    let mut out = Vec::new();
    into(&list, levels.unwrap_or(32).min(32), &mut out)?;
    Ok(out)
}

fn dict2items(map: Value) -> Result<Vec<Value>, Error> {
    let mut items = Vec::new();
    for key in map.try_iter()?.checked() {
        let key = key?;
        let value = map.get_item(&key)?;
        items.push(Value::from_pairs([("key", key), ("value", value)]));
    }
    Ok(items)
}

fn items2dict(list: Value) -> Result<Value, Error> {
    let mut pairs = Vec::new();
    for item in list.try_iter()?.checked() {
        let item = item?;
        pairs.push((item.get_attr("key")?, item.get_attr("value")?));
    }
    Ok(Value::from_pairs(pairs))
}

fn items(list: &Value) -> Result<Vec<Value>, Error> {
    list.try_iter()?.checked().collect()
}

fn union(list: Value, other: Value) -> Result<Vec<Value>, Error> {
    let mut all: Vec<Value> = Vec::new();
    for item in items(&list)?.into_iter().chain(items(&other)?) {
        if !all.contains(&item) {
            all.push(item);
        }
    }
    Ok(all)
}

fn intersect(list: Value, other: Value) -> Result<Vec<Value>, Error> {
    let other = items(&other)?;
    Ok(items(&list)?.into_iter().filter(|item| other.contains(item)).collect())
}

fn difference(list: Value, other: Value) -> Result<Vec<Value>, Error> {
    let other = items(&other)?;
    Ok(items(&list)?.into_iter().filter(|item| !other.contains(item)).collect())
}
