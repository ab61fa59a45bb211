//! Quoting for a POSIX shell.

/// Quotes `text` as one word of a POSIX shell; plain words stay as they are.
///
/// The result is safe outside quotes in `sh`, `bash`, `dash`, `mksh` and `busybox sh`. NUL can't stand in a word
/// and is the caller's to refuse.
#[must_use]
pub fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:,+@%".contains(&byte);
    // A leading `~` or `=` or an assignment-like word would be read otherwise by some shells, so both are quoted.
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for (index, part) in text.split('\'').enumerate() {
        if index > 0 {
            quoted.push_str(r"'\''");
        }
        quoted.push_str(part);
    }
    quoted.push('\'');
    quoted
}

/// Quotes each of `words` and joins them with blanks.
pub fn quote_all<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| quote(word.as_ref())).collect();
    quoted.join(" ")
}

/// Writes a backslash before each of the `special` signs of `text`.
#[must_use]
pub fn escaped(text: &str, special: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(&c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay() {
        assert_eq!(quote("/usr/bin/env"), "/usr/bin/env");
    }

    #[test]
    fn others_are_quoted() {
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote("A=b"), "'A=b'");
        assert_eq!(quote_all(["ls", "-l", "my file"]), "ls -l 'my file'");
    }

    #[test]
    fn only_special_signs_are_escaped() {
        assert_eq!(escaped(r#"a "$b" \ é"#, &['\\', '$']), r#"a "\$b" \\ é"#);
    }
}
