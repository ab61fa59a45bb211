//! The ways in which a value may be written down: quoted, escaped, encoded.
//!
//! Knows text alone. A form that is no other than the value itself is not listed twice.

use std::collections::BTreeSet;

use base64::Engine as _;

use crate::text::escaped;

/// From this length on a value is masked wherever it stands.
const ANYWHERE: usize = 8;
/// Below this length a value can't be masked with any safety.
const SAFE: usize = 4;
/// So many signs of base64 are no chance.
const BASE64_LEAST: usize = 6;

/// Says whether a value is so short that masking it is hardly more than a try.
pub(super) fn is_weak(value: &str) -> bool {
    value.trim().len() < SAFE
}

/// A text to look for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    pub(super) text: String,
    /// Only where it is no part of a longer word or number.
    pub(super) word: bool,
}

/// A run of base64 to look for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Encoded {
    pub(super) text: String,
    /// The sign before it holds bits of the value, too.
    pub(super) lead: bool,
    /// And so does the sign behind it.
    pub(super) trail: bool,
}

/// Every form of a value but those of base64.
pub(super) fn forms(value: &str, forms: &mut BTreeSet<Form>) {
    let trimmed = value.trim();
    for text in [value, trimmed] {
        written(text, is_word(trimmed), forms);
    }
    // What prints a key or a certificate may well indent it, or print a part of it.
    for line in trimmed.lines().map(str::trim).filter(|_| trimmed.contains('\n')) {
        // The frame of a PEM file is the same for everybody.
        if line.len() >= ANYWHERE && !line.starts_with("-----") {
            written(line, false, forms);
        }
    }
}

/// Letters alone, or digits alone, or hardly anything may be a part of other words.
fn is_word(text: &str) -> bool {
    let alike = text.bytes().all(|byte| byte.is_ascii_alphabetic()) || text.bytes().all(|byte| byte.is_ascii_digit());
    text.len() < SAFE || text.len() < ANYWHERE && alike
}

fn written(text: &str, word: bool, forms: &mut BTreeSet<Form>) {
    if text.trim().is_empty() {
        return;
    }
    let mut texts = vec![text.to_owned()];
    // Between single quotes, as YAML and as shells write it.
    texts.extend(["''", r"'\''", r#"'"'"'"#].map(|quote| text.replace('\'', quote)));
    // Between double quotes and in here-documents of a shell.
    texts.extend([&['\\', '$', '`', '"'][..], &['\\', '$', '`'][..]].map(|special| escaped(text, special)));
    let json: Vec<String> = texts.iter().flat_map(|text| [json(text), json_ascii(text)]).collect();
    texts.extend(json);
    texts.extend(percent_encoded(text));
    forms.extend(texts.into_iter().map(|text| Form { text, word }));
}

/// Between double quotes, as JSON and YAML write it.
fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// The same, everything beyond ASCII escaped.
fn json_ascii(text: &str) -> String {
    let mut ascii = String::new();
    for c in json(text).chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
    }
    ascii
}

/// As URLs have it: what is left as it is, the blank, and the case of the digits differ from program to program.
fn percent_encoded(text: &str) -> Vec<String> {
    let mut encoded = Vec::new();
    for kept in ["", "/", "!'()*", "!'()*/:@&=+$,;?#"] {
        for blank in ["%20", "+"] {
            for upper in [true, false] {
                let mut url = String::with_capacity(text.len());
                for byte in text.bytes() {
                    match byte {
                        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => url.push(byte.into()),
                        b' ' => url.push_str(blank),
                        _ if kept.as_bytes().contains(&byte) => url.push(byte.into()),
                        _ if upper => url.push_str(&format!("%{byte:02X}")),
                        _ => url.push_str(&format!("%{byte:02x}")),
                    }
                }
                encoded.push(url);
            }
        }
    }
    encoded
}

/// What base64 makes of a value, wherever in the encoded text it begins: the signs that it alone decides.
pub(super) fn encoded(value: &str, forms: &mut BTreeSet<Encoded>) {
    for text in [value, value.trim()] {
        for before in 0..3 {
            let bytes = [&[0; 3][..before], text.as_bytes()].concat();
            let signs = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&bytes);
            let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            let Some(signs) = signs.get(first..last).filter(|signs| signs.len() >= BASE64_LEAST) else { continue };
            let (lead, trail) = (before * 8 % 6 != 0, bytes.len() * 8 % 6 != 0);
            for text in [signs.to_owned(), signs.replace('+', "-").replace('/', "_")] {
                forms.insert(Encoded { text, lead, trail });
            }
        }
    }
}
