//! Versions compared: the test `version`.

use std::cmp::Ordering;

use minijinja::{Error, Value};

use super::Judge;
use super::call::Args;
use crate::template::compare::kind;
use crate::template::fault::fault;

const WORDS: &str = "version operator? strict? version_type=";

pub(super) const TESTS: &[(&str, &str, Judge)] = &[("version", WORDS, version), ("version_compare", WORDS, version)];

fn version(value: &Value, args: &Args<'_>) -> Result<bool, Error> {
    let text = |value: &Value| {
        let hint = "put it in quotes: YAML reads 2.10 as the number 2.1".to_owned();
        value.as_str().map(str::to_owned).ok_or_else(|| fault(format!("a version is text, and this is a {}", kind(value)), Some(hint)))
    };
    let (left, right) = (text(value)?, text(args.value("version").unwrap_or(&Value::UNDEFINED))?);
    let exact = args.flag("strict")?;
    let order = match args.text("version_type")?.as_deref() {
        Some("semver" | "semantic") => semantic(&left, &right)?,
        Some("loose") | None if !exact => loose(&left, &right)?,
        Some("strict") | None => strict(&left, &right)?,
        Some("loose") => return Err(fault("`is version` is either strict or loose", None)),
        Some(_) => return Err(fault("`is version` knows the version types loose, strict and semver", None)),
    };
    let operator = args.text("operator")?.unwrap_or_else(|| "eq".to_owned());
    Ok(match operator.as_str() {
        "==" | "=" | "eq" => order.is_eq(),
        "!=" | "<>" | "ne" => order.is_ne(),
        "<" | "lt" => order.is_lt(),
        "<=" | "le" => order.is_le(),
        ">" | "gt" => order.is_gt(),
        ">=" | "ge" => order.is_ge(),
        _ => return Err(fault("`is version` has no such operator", Some("it knows ==, !=, <, <=, > and >=".to_owned()))),
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Number(&'a str),
    Word(&'a str),
}

/// Numbers and words of a version; dots only part them, all else is a word.
fn parts(text: &str) -> Vec<Part<'_>> {
    let class = |c: char| match c {
        '0'..='9' => 0,
        '.' => 1,
        c if c.is_ascii_lowercase() => 2,
        _ => 3,
    };
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| class(c) != class(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        match class(first) {
            // As numbers of any length: without leading zeros, the longer one is greater.
            0 => parts.push(Part::Number(part.trim_start_matches('0'))),
            1 => {}
            _ => parts.push(Part::Word(part)),
        }
        rest = after;
    }
    parts
}

/// As Python's LooseVersion: part by part, and the longer of two that agree is greater.
fn loose(left: &str, right: &str) -> Result<Ordering, Error> {
    let (left, right) = (parts(left), parts(right));
    for (a, b) in left.iter().zip(&right) {
        let order = match (a, b) {
            (Part::Number(a), Part::Number(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (Part::Word(a), Part::Word(b)) => a.cmp(b),
            _ => {
                let hint = "compare their numbers alone, or both by `version_type='semver'`".to_owned();
                return Err(fault("these versions differ where one has a number and the other a word", Some(hint)));
            }
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(left.len().cmp(&right.len()))
}

/// Two or three numbers, then perhaps `a1` or `b1`, which come before the release.
fn strict(left: &str, right: &str) -> Result<Ordering, Error> {
    type Strict = (Vec<u64>, (u8, u64));
    let read = |text: &str| -> Option<Strict> {
        let at = text.find(['a', 'b']).unwrap_or(text.len());
        let numbers: Vec<u64> = text[..at].split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let stage = match text.as_bytes().get(at) {
            None => (2, 0),
            Some(letter) => (letter - b'a', text[at + 1..].parse().ok()?),
        };
        matches!(numbers.len(), 2 | 3).then(|| (numbers.into_iter().chain([0]).take(3).collect(), stage))
    };
    match (read(left), read(right)) {
        (Some(left), Some(right)) => Ok(left.cmp(&right)),
        _ => Err(fault("a strict version is two or three numbers, then perhaps `a1` or `b1`", None)),
    }
}

fn semantic(left: &str, right: &str) -> Result<Ordering, Error> {
    let read = |text: &str| semver::Version::parse(text.strip_prefix('v').unwrap_or(text));
    match (read(left), read(right)) {
        (Ok(left), Ok(right)) => Ok(left.cmp_precedence(&right)),
        _ => Err(fault("this is no semantic version", Some("it has three numbers: `1.4.0`, `2.0.0-rc.1`".to_owned()))),
    }
}
