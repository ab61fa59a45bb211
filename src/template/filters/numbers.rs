//! Numbers: read from text, computed, and sizes as people write them.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::Filter;
use super::call::Args;
use crate::template::compare::kind;
use crate::template::fault::fault;

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("filesizeformat", "binary?", |_, value, args| {
        Ok(minijinja_contrib::filters::filesizeformat(args.number_of(&value)?, Some(args.flag("binary")?)).into())
    }),
    ("float", "default?", float),
    ("human_readable", "isbits? unit?", human_readable),
    ("human_to_bytes", "default_unit? isbits?", human_to_bytes),
    ("int", "default? base?", int),
    ("log", "base?", |_, value, args| {
        let number = args.number_of(&value)?;
        finite(args, args.number("base")?.map_or_else(|| number.ln(), |base| number.log(base)))
    }),
    ("pluralize", "singular? plural?", |_, value, args| {
        minijinja_contrib::filters::pluralize(&value, args.value("singular").cloned(), args.value("plural").cloned())
    }),
    ("pow", "exponent", |_, value, args| {
        let exponent = args.number("exponent")?.unwrap_or(1.0);
        finite(args, args.number_of(&value)?.powf(exponent))
    }),
    ("root", "base?", |_, value, args| {
        let number = args.number_of(&value)?;
        finite(args, args.number("base")?.map_or_else(|| number.sqrt(), |base| number.powf(1.0 / base)))
    }),
];

fn finite(args: &Args<'_>, number: f64) -> Result<Value, Error> {
    if number.is_finite() { Ok(number.into()) } else { Err(fault(format!("`{}` gives no number here", args.called()), None)) }
}

fn int(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let base = args.int("base")?.unwrap_or(10);
    let read = match value.kind() {
        ValueKind::Bool => Some(i64::from(value.is_true())),
        ValueKind::Number if value.is_integer() => value.as_i64(),
        ValueKind::Number => f64::try_from(value.clone()).ok().and_then(whole),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default().trim().replace('_', "");
            let digits = match base {
                16 => text.trim_start_matches("0x"),
                8 => text.trim_start_matches("0o"),
                2 => text.trim_start_matches("0b"),
                _ => &text,
            };
            let base = u32::try_from(base).ok().filter(|base| (2..=36).contains(base));
            base.and_then(|base| {
                i64::from_str_radix(digits, base).ok().or_else(|| text.parse::<f64>().ok().filter(|_| base == 10).and_then(whole))
            })
        }
        _ => None,
    };
    let read = read.map(Value::from).or_else(|| args.value("default").cloned());
    read.ok_or_else(|| {
        fault(format!("`| int` can't read this {} as a number", kind(&value)), Some("write `| int(0)` to give 0 then".to_owned()))
    })
}

fn whole(number: f64) -> Option<i64> {
    // Beyond 2^63 the cast would saturate without a word.
    #[allow(clippy::cast_possible_truncation)]
    (number.is_finite() && number.abs() < 9.2e18).then_some(number as i64)
}

fn float(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let read = match value.kind() {
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => value.as_str().unwrap_or_default().trim().parse().ok(),
        _ => None,
    };
    read.map(Value::from).or_else(|| args.value("default").cloned()).ok_or_else(|| {
        fault(format!("`| float` can't read this {} as a number", kind(&value)), Some("write `| float(0)` to give 0 then".to_owned()))
    })
}

/// Unit letters, each 1024 times the one before.
const UNITS: [&str; 9] = ["", "K", "M", "G", "T", "P", "E", "Z", "Y"];

fn factor(unit: usize) -> f64 {
    (0..unit).fold(1.0, |factor, _| factor * 1024.0)
}

fn unit(letter: &str) -> Option<usize> {
    UNITS.iter().position(|unit| unit.eq_ignore_ascii_case(letter))
}

fn human_readable(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let size = args.number_of(&value)?;
    let bits = args.flag("isbits")?;
    let fitting = || (1..UNITS.len()).rev().find(|at| size.abs() >= factor(*at)).unwrap_or(0);
    let at = match args.text("unit")? {
        Some(letter) => unit(&letter).ok_or_else(|| fault("`| human_readable` knows the units K, M, G, T, P, E, Z and Y", None))?,
        None => fitting(),
    };
    let name = match (at, bits) {
        (0, false) => "Bytes".to_owned(),
        (0, true) => "bits".to_owned(),
        (at, bits) => format!("{}{}", UNITS[at], if bits { "b" } else { "B" }),
    };
    Ok(format!("{:.2} {name}", size / factor(at)).into())
}

fn human_to_bytes(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let bits = args.flag("isbits")?;
    let wrong = || {
        let hint = "it reads `10`, `10K`, `1.5 GB`, `64KiB`; with `isbits=true` `10Mb`".to_owned();
        fault("`| human_to_bytes` can't read this size", Some(hint))
    };
    let text = match value.kind() {
        ValueKind::Number => value.to_string(),
        ValueKind::String => value.as_str().unwrap_or_default().trim().to_owned(),
        _ => return Err(wrong()),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| wrong())?;
    let given = text[end..].trim();
    let written = if given.is_empty() { args.text("default_unit")?.unwrap_or_default() } else { given.to_owned() };
    let lower = written.to_ascii_lowercase();
    // `B` is bytes and `b` bits where a unit stands before it.
    if lower.len() > 1 && lower.ends_with('b') && written.ends_with('b') != bits && written != lower {
        return Err(wrong());
    }
    let letter = match lower.as_str() {
        "b" | "byte" | "bytes" | "bit" | "bits" => "",
        other => other.strip_suffix("ib").or_else(|| other.strip_suffix('b')).unwrap_or(other),
    };
    let at = unit(letter).ok_or_else(wrong)?;
    whole((number * factor(at)).round()).map(Value::from).ok_or_else(wrong)
}
