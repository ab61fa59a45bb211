//! `glob`: the paths that patterns match, by the host's own shell.
//!
//! Knows which signs of a pattern are live; all others are quoted, so that nothing in a pattern is ever evaluated.
//! Paths come back with a NUL behind each, since a path may hold a newline, and an empty one behind each pattern.

use crate::text::quote;

/// Prints the paths that match. No match is not a failure.
#[must_use]
pub fn glob_script<S: AsRef<str>>(patterns: &[S]) -> String {
    let mut script = String::new();
    for pattern in patterns {
        script.push_str(&format!(
            "for f in {}; do if [ -e \"$f\" ] || [ -L \"$f\" ]; then printf '%s\\0' \"$f\"; fi; done; printf '\\0'\n",
            live(pattern.as_ref())
        ));
    }
    script.push_str("exit 0");
    script
}

/// Reads the paths: sorted by bytes within a pattern, patterns in the order written, each path once.
#[must_use]
pub fn glob_paths(stdout: &[u8]) -> Vec<String> {
    let mut paths = indexmap::IndexSet::new();
    let mut group: Vec<&[u8]> = Vec::new();
    for path in stdout.split(|byte| *byte == 0) {
        if path.is_empty() {
            group.sort_unstable();
            paths.extend(group.drain(..).map(|path| String::from_utf8_lossy(path).into_owned()));
        } else {
            group.push(path);
        }
    }
    paths.into_iter().collect()
}

/// Quotes all of a pattern but `*`, `?` and bracket expressions.
fn live(pattern: &str) -> String {
    let mut word = String::new();
    let mut literal = String::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        let live = match c {
            '*' | '?' => Some(c.to_string()),
            '[' => bracket(rest.as_str()).map(|(expression, behind)| {
                rest = behind.chars();
                expression
            }),
            _ => None,
        };
        match live {
            Some(live) => {
                flush(&mut word, &mut literal);
                word.push_str(&live);
            }
            None => literal.push(c),
        }
    }
    flush(&mut word, &mut literal);
    if word.is_empty() { "''".to_owned() } else { word }
}

fn flush(word: &mut String, literal: &mut String) {
    if !literal.is_empty() {
        // Always quoted: a plain first word might be a tilde's or an option's.
        word.push_str(&quote(literal));
        literal.clear();
    }
}

/// Reads a bracket expression behind its `[`; none where it is not closed, since a shell takes that `[` as it is.
fn bracket(text: &str) -> Option<(String, &str)> {
    let negated = text.starts_with(['!', '^']);
    let inside = &text[usize::from(negated)..];
    // A `]` in the first place is one of the characters.
    let mut at = usize::from(inside.starts_with(']'));
    while !inside[at..].starts_with(']') {
        if inside[at..].starts_with("[:") {
            at += inside[at..].find(":]")? + 2;
        } else {
            at += inside[at..].chars().next()?.len_utf8();
        }
    }
    // Never a `/`: no shell matches one in brackets.
    let mut expression = String::from(if negated { "[!" } else { "[" });
    for (index, c) in inside[..at].chars().enumerate() {
        // Behind the first place a `]` only ends a class.
        if c.is_ascii_alphanumeric() || "-[:".contains(c) || c == ']' && index > 0 {
            expression.push(c);
        } else {
            expression.push_str(&quote(&c.to_string()));
        }
    }
    expression.push(']');
    Some((expression, &inside[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_patterns_are_live() {
        assert_eq!(live("/var/log/*.log"), "/var/log/*.log");
        assert_eq!(live("a b$(id)?[!x-z]"), "'a b$(id)'?[!x-z]");
        assert_eq!(live("[ab"), "'[ab'");
        assert_eq!(live("[]x]*"), "[']'x]*");
        assert_eq!(live("[[:alpha:]_]"), "[[:alpha:]_]");
        assert_eq!(live("{a,b}~"), "'{a,b}~'");
        assert_eq!(live(""), "''");
    }

    #[test]
    fn paths_are_sorted_within_a_pattern() {
        assert_eq!(glob_paths(b"b\0a\0\0a\0A\n\0\0"), ["a", "b", "A\n"]);
        assert_eq!(glob_paths(b"\0"), Vec::<String>::new());
    }
}
