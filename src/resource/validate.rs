//! `validate`: where in a shell text the path of the bytes to be is put, and how it is written there.
//!
//! Knows the quotes of a shell, and nothing else of its language.

/// Writes `"$tmp"` for each `%s`, so that its value is one word, or a part of one, inside quotes of either kind too.
pub(super) fn with_path(text: &str) -> String {
    let (mut written, mut rest) = (String::with_capacity(text.len() + 8), text);
    // What is open: a quote, or a parenthesis, in which quotes begin anew.
    let mut open = Vec::new();
    while let Some(next) = rest.chars().next() {
        let within = open.last().copied().unwrap_or('(');
        if let Some(behind) = rest.strip_prefix("%s") {
            written.push_str(match within {
                '"' => "$tmp",
                '\'' => "'\"$tmp\"'",
                _ => "\"$tmp\"",
            });
            rest = behind;
            continue;
        }
        let mut taken = next.len_utf8();
        match (within, next) {
            ('\'', '\'') | ('"', '"') | ('(', ')') => drop(open.pop()),
            ('(', '\'' | '"' | '(') => open.push(next),
            ('"', '$') if rest.starts_with("$(") => {
                open.push('(');
                taken = 2;
            }
            // What is behind it opens and closes nothing.
            ('(' | '"', '\\') => taken += rest[taken..].chars().next().map_or(0, char::len_utf8),
            _ => {}
        }
        written.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_wherever_it_stands() {
        for (text, want) in [
            ("visudo -cf %s", "visudo -cf \"$tmp\""),
            ("visudo -cf \"%s\"", "visudo -cf \"$tmp\""),
            ("visudo -cf '%s'", "visudo -cf ''\"$tmp\"''"),
            (r#"echo "it's \" %s" --file=%s"#, r#"echo "it's \" $tmp" --file="$tmp""#),
            (r#"echo \' %s '"' %s"#, r#"echo \' "$tmp" '"' "$tmp""#),
            (r#"[ "$(cat %s)" = '%s' ] && (cat "%s") %s"#, r#"[ "$(cat "$tmp")" = ''"$tmp"'' ] && (cat "$tmp") "$tmp""#),
            ("true \\", "true \\"),
        ] {
            assert_eq!(with_path(text), want);
        }
    }
}
