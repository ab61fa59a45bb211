//! Regular expressions, called as Python's are.

use minijinja::{Error, State, Value};
use regex::{Captures, Regex, RegexBuilder};

use super::call::{Args, Wrong};
use super::{Filter, Judge};
use crate::template::fault::fault;

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("match", "pattern ignorecase? multiline?", |_, value, args| is_match(&value, args).map(Value::from)),
    ("regex_escape", "", |_, value, args| Ok(regex::escape(args.text_of(&value)?).into())),
    ("regex_findall", "pattern multiline? ignorecase?", findall),
    ("regex_replace", "pattern replacement? ignorecase? multiline? count= mandatory_count=", replace),
    ("regex_search", "pattern *groups ignorecase= multiline=", search),
    ("search", "pattern ignorecase? multiline?", |_, value, args| is_found(&value, args).map(Value::from)),
];

pub(super) const TESTS: &[(&str, &str, Judge)] = &[
    ("match", "pattern ignorecase? multiline?", is_match),
    ("regex", "pattern ignorecase? multiline? match_type=", |value, args| match args.text("match_type")?.as_deref() {
        None | Some("search") => is_found(value, args),
        Some("match") => is_match(value, args),
        Some("fullmatch") => Ok(anchored(args, r"\A(?:", r")\z")?.is_match(args.text_of(value)?)),
        Some(_) => Err(fault("`is regex` knows the match types search, match and fullmatch", None)),
    }),
    ("search", "pattern ignorecase? multiline?", is_found),
];

/// Filters and tests whose first argument is a pattern.
pub(in crate::template) const TAKE_PATTERNS: [&str; 6] = ["match", "regex", "regex_findall", "regex_replace", "regex_search", "search"];

fn compile(pattern: &str, ignore_case: bool, multi_line: bool) -> Result<Regex, Wrong> {
    let built = RegexBuilder::new(pattern).case_insensitive(ignore_case).multi_line(multi_line).size_limit(1 << 20).build();
    built.map_err(|_| {
        let missing = ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|group| pattern.contains(group));
        let message = "the regular expression is not valid".to_owned();
        Wrong { message, hint: missing.then(|| "looking ahead or behind, `(?=..)` and the like, is not supported".to_owned()) }
    })
}

/// What is wrong with a pattern that stands in a template.
pub(in crate::template) fn pattern_objection(pattern: &str) -> Option<Wrong> {
    compile(pattern, false, false).err()
}

/// What is wrong with a replacement that stands in a template: `'\1'` is the character 1, as in Python.
pub(in crate::template) fn replacement_objection(replacement: &str) -> Option<Wrong> {
    let control = replacement.chars().find(|c| ('\u{1}'..='\u{7}').contains(c))?;
    let digit = u32::from(control);
    let message = format!("in quotes `\\{digit}` is a control character, not a group");
    Some(Wrong { message, hint: Some(format!("write the backslash twice: `\\\\{digit}`")) })
}

fn expression(args: &Args<'_>) -> Result<Regex, Error> {
    anchored(args, "", "")
}

fn anchored(args: &Args<'_>, before: &str, after: &str) -> Result<Regex, Error> {
    let pattern = format!("{before}{}{after}", args.needed("pattern")?);
    compile(&pattern, args.flag("ignorecase")?, args.flag("multiline")?).map_err(|wrong| fault(wrong.message, wrong.hint))
}

fn is_match(value: &Value, args: &Args<'_>) -> Result<bool, Error> {
    Ok(anchored(args, r"\A(?:", ")")?.is_match(args.text_of(value)?))
}

fn is_found(value: &Value, args: &Args<'_>) -> Result<bool, Error> {
    Ok(expression(args)?.is_match(args.text_of(value)?))
}

fn replace(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let text = args.text_of(&value)?;
    let pattern = expression(args)?;
    let replacement = args.text("replacement")?.unwrap_or_default();
    if let Some(wrong) = replacement_objection(&replacement) {
        return Err(fault(wrong.message, wrong.hint));
    }
    let pieces = pieces(&replacement, &pattern)?;
    let count = args.count("count", usize::MAX >> 1)?.unwrap_or(0);
    if let Some(wanted) = args.count("mandatory_count", usize::MAX >> 1)?.filter(|wanted| *wanted > 0) {
        let found = pattern.find_iter(text).count();
        let done = if count == 0 { found } else { found.min(count) };
        if done != wanted {
            return Err(fault(format!("`| regex_replace` must replace {wanted}, and there is {done}"), None));
        }
    }
    let write = |found: &Captures<'_>| -> String {
        let part = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Group(at) => found.get(*at).map_or(String::new(), |group| group.as_str().to_owned()),
        };
        pieces.iter().map(part).collect()
    };
    Ok(pattern.replacen(text, count, write).into_owned().into())
}

enum Piece {
    Text(String),
    Group(usize),
}

/// Reads a replacement as Python does: `\1`, `\g<1>`, `\g<name>`, `\n`, `\\`.
fn pieces(replacement: &str, pattern: &Regex) -> Result<Vec<Piece>, Error> {
    let mut pieces = Vec::new();
    let mut rest = replacement;
    while let Some(at) = rest.find('\\') {
        pieces.push(Piece::Text(rest[..at].to_owned()));
        rest = &rest[at + 1..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            let length = digits.min(2);
            pieces.push(group(&rest[..length], pattern)?);
            rest = &rest[length..];
        } else if let Some((name, after)) = rest.strip_prefix("g<").and_then(|named| named.split_once('>')) {
            pieces.push(group(name, pattern)?);
            rest = after;
        } else {
            let mut letters = rest.chars();
            let text = match letters.next() {
                Some('n') => "\n".to_owned(),
                Some('t') => "\t".to_owned(),
                Some('r') => "\r".to_owned(),
                Some('\\') | None => "\\".to_owned(),
                Some(other) => format!("\\{other}"),
            };
            pieces.push(Piece::Text(text));
            rest = letters.as_str();
        }
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

fn group(name: &str, pattern: &Regex) -> Result<Piece, Error> {
    let at = match name.parse::<usize>() {
        Ok(at) => Some(at).filter(|at| *at < pattern.captures_len()),
        Err(_) => pattern.capture_names().position(|group| group == Some(name)),
    };
    at.map(Piece::Group).ok_or_else(|| fault("a group is named that the regular expression has not", None))
}

/// The text found, or the groups that are named (`\\1`, `\\g<name>`) as a list; none where nothing is found.
fn search(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let pattern = expression(args)?;
    let mut wanted = Vec::new();
    for name in &args.rest {
        let name = args.text_of(name)?;
        if let Some(wrong) = replacement_objection(name) {
            return Err(fault(wrong.message, wrong.hint));
        }
        let hint = || Some("write `\\\\1` or `\\\\g<name>`".to_owned());
        let bare = name.strip_prefix('\\').ok_or_else(|| fault("a group of `| regex_search` is not understood", hint()))?;
        let bare = bare.strip_prefix("g<").and_then(|name| name.strip_suffix('>')).unwrap_or(bare);
        let Piece::Group(at) = group(bare, &pattern)? else { continue };
        wanted.push(at);
    }
    let Some(found) = pattern.captures(args.text_of(&value)?) else { return Ok(Value::from(())) };
    let part = |at: usize| found.get(at).map_or(Value::from(()), |group| Value::from(group.as_str()));
    Ok(if wanted.is_empty() { part(0) } else { wanted.into_iter().map(part).collect::<Vec<Value>>().into() })
}

/// What is found; with one group its text, with more a list of their texts, as Python's findall.
fn findall(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let pattern = expression(args)?;
    let groups = pattern.captures_len() - 1;
    let text = |found: &Captures<'_>, at: usize| found.get(at).map_or(String::new(), |group| group.as_str().to_owned());
    let all = pattern.captures_iter(args.text_of(&value)?).map(|found| match groups {
        0 => Value::from(text(&found, 0)),
        1 => Value::from(text(&found, 1)),
        _ => Value::from((1..=groups).map(|at| text(&found, at)).collect::<Vec<String>>()),
    });
    Ok(all.collect::<Vec<Value>>().into())
}
