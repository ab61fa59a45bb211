//! Names with ranges: `web[01-20,30-40/2]`, several in one name.

use std::ops::Range;

/// The most names that one pattern may stand for.
pub(super) const MAX_NAMES: usize = 100_000;

/// A mistake in a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RangeError {
    /// The bytes of the pattern that are wrong.
    pub(super) range: Range<usize>,
    /// What is wrong.
    pub(super) message: String,
    /// What to write instead.
    pub(super) hint: Option<String>,
}

/// Writes out every name of a pattern, the last range turning fastest; a pattern without ranges is its own only name.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>, RangeError> {
    let mut names = vec![String::new()];
    let mut at = 0;
    while at < pattern.len() {
        let rest = &pattern[at..];
        let plain = rest.find(['[', ']']).unwrap_or(rest.len());
        if plain > 0 {
            names.iter_mut().for_each(|name| name.push_str(&rest[..plain]));
            at += plain;
            continue;
        }
        if rest.starts_with(']') {
            return Err(wrong(at..at + 1, "a `]` without its `[`", None));
        }
        let Some(end) = rest.find(']') else { return Err(wrong(at..pattern.len(), "a `[` without its `]`", None)) };
        let items = list(&rest[1..end], at + 1)?;
        if names.len().saturating_mul(items.len()) > MAX_NAMES {
            return Err(wrong(0..pattern.len(), &format!("more than {MAX_NAMES} names"), None));
        }
        names = names.iter().flat_map(|name| items.iter().map(move |item| format!("{name}{item}"))).collect();
        at += end + 1;
    }
    Ok(names)
}

fn wrong(range: Range<usize>, message: &str, hint: Option<&str>) -> RangeError {
    RangeError { range, message: message.to_owned(), hint: hint.map(str::to_owned) }
}

/// The items between two brackets; `from` is where they start in the pattern.
fn list(text: &str, from: usize) -> Result<Vec<String>, RangeError> {
    let mut items = Vec::new();
    let mut at = from;
    for part in text.split(',') {
        items.extend(item(part.trim(), at..at + part.len())?);
        if items.len() > MAX_NAMES {
            return Err(wrong(from..from + text.len(), &format!("more than {MAX_NAMES} names"), None));
        }
        at += part.len() + 1;
    }
    Ok(items)
}

/// One item: `7`, `01-20`, `1-9/2`, `a-f`.
fn item(text: &str, range: Range<usize>) -> Result<Vec<String>, RangeError> {
    const SHAPE: &str = "ranges are written [01-40], [1-9/2] or [1,3,5-7]";
    if text.is_empty() {
        return Err(wrong(range, "an empty range", Some(SHAPE)));
    }
    let (span, step) = match text.split_once('/') {
        Some((span, step)) => match step.parse::<u64>() {
            Ok(step) if step > 0 => (span, step),
            _ => return Err(wrong(range, &format!("`{step}` is no step: it must be 1 or more"), Some(SHAPE))),
        },
        None => (text, 1),
    };
    let Some((first, last)) = span.split_once('-') else {
        let alone = span == text && (is_number(span) || is_letter(span));
        let colon = span.contains(':').then(|| format!("write [{}]", text.replace(':', "-")));
        let hint = colon.as_deref().or(Some(SHAPE));
        return if alone { Ok(vec![span.to_owned()]) } else { Err(wrong(range, &format!("`{text}` is no range"), hint)) };
    };
    if is_letter(first) && is_letter(last) {
        let (first, last) = (first.as_bytes()[0], last.as_bytes()[0]);
        if first > last || first.is_ascii_lowercase() != last.is_ascii_lowercase() {
            return Err(wrong(range, &format!("the range `{text}` runs backwards"), None));
        }
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        return Ok((first..=last).step_by(step).map(|letter| char::from(letter).to_string()).collect());
    }
    if !is_number(first) || !is_number(last) {
        return Err(wrong(range, &format!("`{text}` is no range"), Some(SHAPE)));
    }
    numbers(text, first, last, step, range)
}

fn numbers(text: &str, first: &str, last: &str, step: u64, range: Range<usize>) -> Result<Vec<String>, RangeError> {
    // A leading zero fixes the width: `08-11` is 08 09 10 11.
    let width = if first.len() > 1 && first.starts_with('0') { first.len() } else { 0 };
    let (Ok(low), Ok(high)) = (first.parse::<u64>(), last.parse::<u64>()) else {
        return Err(wrong(range, &format!("the numbers of `{text}` are too large"), None));
    };
    if low > high {
        return Err(wrong(range, &format!("the range `{text}` runs backwards"), Some(&format!("write {last}-{first}"))));
    }
    let padded_end = last.len() > 1 && last.starts_with('0');
    if last.len() < width || (padded_end && last.len() != first.len()) {
        return Err(wrong(range, &format!("the two ends of `{text}` have different widths"), Some("pad both to the same width")));
    }
    if (high - low) / step >= MAX_NAMES as u64 {
        return Err(wrong(range, &format!("more than {MAX_NAMES} names"), None));
    }
    let count = (high - low) / step;
    Ok((0..=count).map(|nth| format!("{:0width$}", low + nth * step)).collect())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_letter(text: &str) -> bool {
    text.len() == 1 && text.as_bytes()[0].is_ascii_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &str) -> String {
        match expand(pattern) {
            Ok(names) => names.join(" "),
            Err(error) => format!("{}: {}", &pattern[error.range], error.message),
        }
    }

    #[test]
    fn ranges() {
        for (pattern, expected) in [
            ("web", "web"),
            ("web[1-3]", "web1 web2 web3"),
            ("web[08-11]", "web08 web09 web10 web11"),
            ("web[9-11]", "web9 web10 web11"),
            ("web[99-101]", "web99 web100 web101"),
            ("web[098-101]", "web098 web099 web100 web101"),
            ("web[1-9/4]", "web1 web5 web9"),
            ("web[1,3,5-6]", "web1 web3 web5 web6"),
            ("r[1-2]n[01-02].lan", "r1n01.lan r1n02.lan r2n01.lan r2n02.lan"),
            ("db-[a-c]", "db-a db-b db-c"),
            ("[1-2]", "1 2"),
            ("web[0-0]", "web0"),
            ("web[3-1]", "3-1: the range `3-1` runs backwards"),
            ("web[1-3", "[1-3: a `[` without its `]`"),
            ("web1-3]", "]: a `]` without its `[`"),
            ("web[]", ": an empty range"),
            ("web[1,]", ": an empty range"),
            ("web[1-9/0]", "1-9/0: `0` is no step: it must be 1 or more"),
            ("web[01:40]", "01:40: `01:40` is no range"),
            ("web[abc]", "abc: `abc` is no range"),
            ("web[001-10]", "001-10: the two ends of `001-10` have different widths"),
            ("web[1-010]", "1-010: the two ends of `1-010` have different widths"),
            ("web[1-9999999]", "1-9999999: more than 100000 names"),
            ("x[1-999][1-999]", "x[1-999][1-999]: more than 100000 names"),
            ("x[1-99999999999999999999]", "1-99999999999999999999: `1-99999999999999999999` is no range"),
        ] {
            assert_eq!(names(pattern), expected, "{pattern}");
        }
    }
}
