//! Names of hosts as Ansible writes them: `web[01:50]`, `db-[a:f]`, `web[0:8:2]`, `web1:2222`, `[fe80::1]:22`.

use std::ops::Range;

use crate::diag::{Diagnostic, Diagnostics, SourceText};
use crate::inventory::name::wrong_name;
use crate::inventory::ranges::{MAX_NAMES, RangeError};

/// The names that a pattern stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) names: Vec<String>,
    pub(super) port: Option<u16>,
}

/// Writes out the pattern of an inventory; tells what is wrong with it, and gives none then.
pub(super) fn hosts(pattern: &SourceText, diagnostics: &mut Diagnostics) -> Option<Expanded> {
    let wrong = match expand(&pattern.text) {
        Ok(expanded) => match expanded.names.iter().find_map(|name| wrong_name("host", name, pattern.span)) {
            None => return Some(expanded),
            Some(wrong) => wrong,
        },
        Err(error) => Diagnostic::error("E204", pattern.at(error.range), error.message).hint(error.hint),
    };
    diagnostics.push(wrong);
    None
}

/// Writes out a pattern.
fn expand(pattern: &str) -> Result<Expanded, RangeError> {
    if pattern.ends_with(':') && !pattern.ends_with("::") {
        let end = pattern.len();
        return Err(wrong(end - 1..end, "a port belongs behind the `:`"));
    }
    let (host, port) = match port_of(pattern) {
        Some((host, digits)) => {
            let at = pattern.len() - digits.len()..pattern.len();
            let port = digits.parse().ok().filter(|port| *port > 0);
            (host, Some(port.ok_or_else(|| wrong(at, &format!("{digits} is no port: they run from 1 to 65535")))?))
        }
        None => (pattern, None),
    };
    let from = pattern.find(host).unwrap_or(0);
    let is_address = host.contains("::") && !host.contains('[');
    let names = if is_address { vec![host.to_owned()] } else { ranges(host, from)? };
    Ok(Expanded { names, port })
}

/// Cuts the port off: behind `[…]`, or behind a name without a `:` outside brackets.
fn port_of(pattern: &str) -> Option<(&str, &str)> {
    let (host, digits) = pattern.rsplit_once(':')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).filter(|inner| !inner.contains(['[', ']'])) {
        return Some((inner, digits));
    }
    let mut inside = false;
    for c in host.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            ':' if !inside => return None,
            _ => {}
        }
    }
    (!inside).then_some((host, digits))
}

fn ranges(pattern: &str, from: usize) -> Result<Vec<String>, RangeError> {
    let mut names = vec![String::new()];
    let mut at = 0;
    while at < pattern.len() {
        let rest = &pattern[at..];
        let plain = rest.find('[').unwrap_or(rest.len());
        if plain > 0 {
            names.iter_mut().for_each(|name| name.push_str(&rest[..plain]));
            at += plain;
            continue;
        }
        let place = |end: usize| from + at..from + at + end;
        let Some(end) = rest.find(']') else { return Err(wrong(place(rest.len()), "a `[` without its `]`")) };
        let items = range(&rest[1..end], place(end + 1))?;
        if names.len().saturating_mul(items.len()) > MAX_NAMES {
            return Err(wrong(place(end + 1), &format!("more than {MAX_NAMES} names")));
        }
        names = names.iter().flat_map(|name| items.iter().map(move |item| format!("{name}{item}"))).collect();
        at += end + 1;
    }
    Ok(names)
}

/// One range: `01:50`, `:5`, `0:8:2`, `a:f`.
fn range(text: &str, place: Range<usize>) -> Result<Vec<String>, RangeError> {
    let bounds: Vec<&str> = text.split(':').collect();
    let (first, last, step) = match bounds[..] {
        [first, last] => (first, last, "1"),
        [first, last, step] => (first, last, step),
        _ => return Err(wrong(place, &format!("`[{text}]` is no range"))),
    };
    let Some(step) = step.parse::<usize>().ok().filter(|step| *step > 0) else {
        return Err(wrong(place, &format!("`{step}` is no step: it must be 1 or more")));
    };
    let first = if first.is_empty() { "0" } else { first };
    if last.is_empty() {
        return Err(wrong(place, &format!("the range `{text}` has no end")));
    }
    let width = if first.len() > 1 && first.starts_with('0') { first.len() } else { 0 };
    if width > 0 && last.len() != width {
        return Err(wrong(place, &format!("the two ends of `{text}` have different widths")));
    }
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let letter = |text: &str| LETTERS.find(text).filter(|_| text.len() == 1);
    if let (Some(low), Some(high)) = (letter(first), letter(last)) {
        if low > high {
            return Err(wrong(place, &format!("the range `{text}` runs backwards")));
        }
        return Ok(LETTERS[low..=high].chars().step_by(step).map(String::from).collect());
    }
    let (Ok(low), Ok(high)) = (first.parse::<u64>(), last.parse::<u64>()) else {
        return Err(wrong(place, &format!("`[{text}]` is no range")));
    };
    if high.saturating_sub(low) / step as u64 >= MAX_NAMES as u64 {
        return Err(wrong(place, &format!("more than {MAX_NAMES} names")));
    }
    Ok((low..=high).step_by(step).map(|number| format!("{number:0width$}")).collect())
}

fn wrong(range: Range<usize>, message: &str) -> RangeError {
    const SHAPE: &str = "Ansible's ranges are written [01:50], [0:8:2] or [a:f]";
    RangeError { range, message: message.to_owned(), hint: Some(SHAPE.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, expected) in [
            ("web1", "web1"),
            ("web[01:03]", "web01 web02 web03"),
            ("web[8:10]", "web8 web9 web10"),
            ("web[0:8:4].lan", "web0.lan web4.lan web8.lan"),
            ("web[:2]", "web0 web1 web2"),
            ("db-[a:c]", "db-a db-b db-c"),
            ("x[y:B]", "xy xz xA xB"),
            ("r[1:2]n[1:2]", "r1n1 r1n2 r2n1 r2n2"),
            ("web[3:1]", ""),
            ("web1:2222", "web1 @2222"),
            ("web[1:2]:2222", "web1 web2 @2222"),
            ("[fe80::1]:22", "fe80::1 @22"),
            ("[web1]:22", "web1 @22"),
            ("fe80::1", "fe80::1"),
            ("2001:db8::a:22", "2001:db8::a:22"),
            ("web1:", ":: a port belongs behind the `:`"),
            ("web1:99999", "99999: 99999 is no port: they run from 1 to 65535"),
            ("web[1:2", "[1:2: a `[` without its `]`"),
            ("web[1]", "[1]: `[1]` is no range"),
            ("web[1:]", "[1:]: the range `1:` has no end"),
            ("web[01:100]", "[01:100]: the two ends of `01:100` have different widths"),
            ("web[c:a]", "[c:a]: the range `c:a` runs backwards"),
            ("web[1:9:0]", "[1:9:0]: `0` is no step: it must be 1 or more"),
            ("web[1:9999999]", "[1:9999999]: more than 100000 names"),
        ] {
            let found = match expand(pattern) {
                Ok(Expanded { names, port: None }) => names.join(" "),
                Ok(Expanded { names, port: Some(port) }) => format!("{} @{port}", names.join(" ")),
                Err(error) => format!("{}: {}", &pattern[error.range], error.message),
            };
            assert_eq!(found, expected, "{pattern}");
        }
    }
}
