//! Where a value lands, and how it is written there so that it can't change what stands around it.
//!
//! The place of every `{{ … }}` of a shell text is found when it is compiled (the `shell` folder); at rendering only
//! this table is left. Every form but [`Place::Raw`] gives the value back byte for byte to whoever reads it in the
//! shell, for every value without NUL.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::fault::fault;
use super::text::{from_jinja, is_omit, write};
use crate::text::{escaped, quote};

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Into text; none is nothing.
    Text,
    /// Into an argument beside other text; none is an error.
    Argument,
    /// As it is (`| raw`), or captured by a macro or a `set` block.
    Raw,
    /// As a word or part of one, outside quotes.
    Word {
        /// Plain words may stay without quotes.
        bare: bool,
        /// It is a whole word, so a list can be many.
        list: bool,
    },
    /// As a word that bash evaluates as arithmetic: only a whole number is harmless.
    WordNumber,
    /// Inside `"…"`.
    Double {
        /// A `$NAME` ends right before it.
        after_name: bool,
    },
    /// Inside `'…'`.
    Single,
    /// In a here-document that the shell expands.
    Here {
        /// `<<-` strips tabs from the start of lines.
        strip: bool,
        /// Only tabs stand before it on its line.
        line_start: bool,
    },
    /// In a here-document that is taken as it is.
    HereQuoted {
        /// `<<-` strips tabs from the start of lines.
        strip: bool,
        /// Only tabs stand before it on its line.
        line_start: bool,
    },
    /// In a comment.
    Comment,
    /// In `$(( … ))`.
    Arithmetic,
}

impl Place {
    /// As a number that compiled templates carry.
    pub(super) fn code(self) -> u32 {
        let flags = |a: bool, b: bool| u32::from(a) << 4 | u32::from(b) << 5;
        match self {
            Place::Text => 0,
            Place::Argument => 1,
            Place::Raw => 2,
            Place::Word { bare, list } => 3 | flags(bare, list),
            Place::WordNumber => 4,
            Place::Double { after_name } => 5 | flags(after_name, false),
            Place::Single => 6,
            Place::Here { strip, line_start } => 7 | flags(strip, line_start),
            Place::HereQuoted { strip, line_start } => 8 | flags(strip, line_start),
            Place::Comment => 9,
            Place::Arithmetic => 10,
        }
    }

    /// From such a number.
    pub(super) fn from_code(code: u32) -> Place {
        let (a, b) = (code & 16 != 0, code & 32 != 0);
        match code & 15 {
            1 => Place::Argument,
            2 => Place::Raw,
            3 => Place::Word { bare: a, list: b },
            4 => Place::WordNumber,
            5 => Place::Double { after_name: a },
            6 => Place::Single,
            7 => Place::Here { strip: a, line_start: b },
            8 => Place::HereQuoted { strip: a, line_start: b },
            9 => Place::Comment,
            10 => Place::Arithmetic,
            _ => Place::Text,
        }
    }

    /// Writes a value.
    pub(super) fn write(self, value: &Value) -> Result<String, Error> {
        if value.is_undefined() {
            return Err(fault("an undefined value is written", Some("give it a value with `| default(..)`".to_owned())));
        }
        if is_omit(value) {
            return Err(fault("`omit` can stand only as the whole of an argument", None));
        }
        match self {
            Place::Text => text_of(value),
            Place::Argument if value.is_none() => Err(none("an argument")),
            Place::Argument => text_of(value),
            Place::Raw => {
                if is_list(value) {
                    words(value, |text| text.to_owned())
                } else {
                    scalar(value)
                }
            }
            Place::Word { bare, list: true } if is_list(value) => words(value, |text| word(text, bare)),
            Place::Word { bare, .. } => Ok(word(&scalar(value)?, bare)),
            Place::WordNumber | Place::Arithmetic => number(value),
            Place::Double { after_name } => {
                let text = escaped(&scalar(value)?, &['\\', '$', '`', '"']);
                // `"$HOME{{ x }}"` would read on into the name; closing and opening the quotes ends it.
                Ok(if after_name { format!("\"\"{text}") } else { text })
            }
            Place::Single => {
                let text = inside_single(&scalar(value)?);
                // A newline may follow in the text: see `inside_single`.
                Ok(if text.ends_with('\\') { text + "''" } else { text })
            }
            Place::Here { strip, line_start } => {
                let text = scalar(value)?;
                keeps_tabs(&text, strip, line_start)?;
                Ok(escaped(&text, &['\\', '$', '`']))
            }
            Place::HereQuoted { strip, line_start } => {
                let text = scalar(value)?;
                keeps_tabs(&text, strip, line_start)?;
                Ok(text)
            }
            Place::Comment => Ok(text_of(value)?.replace(['\n', '\r', '\0'], " ")),
        }
    }
}

fn text_of(value: &Value) -> Result<String, Error> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Ok(write(&from_jinja(value)?)),
    }
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

fn none(place: &str) -> Error {
    fault(format!("none can't be written in {place}"), Some("give it a value with `| default(..)`".to_owned()))
}

fn scalar(value: &Value) -> Result<String, Error> {
    let text = match value.kind() {
        ValueKind::None => return Err(none("shell text")),
        ValueKind::Map => {
            return Err(fault("a map can't be written in shell text", Some("choose one of its entries, or write `| to_json`".to_owned())));
        }
        ValueKind::Seq | ValueKind::Iterable => {
            return Err(fault(
                "a list can be written only as whole words outside quotes",
                Some("join it with `| join(\" \")`, or let it stand alone between blanks".to_owned()),
            ));
        }
        _ => text_of(value)?,
    };
    if text.contains('\0') {
        return Err(fault("a value with a NUL character can't be written in shell text", None));
    }
    Ok(text)
}

fn words(list: &Value, write: impl Fn(&str) -> String) -> Result<String, Error> {
    let mut words = Vec::new();
    for item in list.try_iter()?.checked() {
        let item = item?;
        if is_list(&item) {
            return Err(fault("a list inside a list can't be written in shell text", Some("write `| flatten` after it".to_owned())));
        }
        words.push(write(&scalar(&item)?));
    }
    Ok(words.join(" "))
}

fn number(value: &Value) -> Result<String, Error> {
    match value.as_i64() {
        Some(number) if value.is_integer() && value.kind() == ValueKind::Number => {
            Ok(if number < 0 { format!("({number})") } else { number.to_string() })
        }
        _ => Err(fault("only a whole number is safe where the shell calculates", Some("write `| int` after it".to_owned()))),
    }
}

fn word(text: &str, bare: bool) -> String {
    const RESERVED: [&str; 20] = [
        "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in", "function", "select", "time",
        "coproc", "repeat", "end", "foreach",
    ];
    let plain = quote(text);
    if bare && !RESERVED.contains(&text) && plain == text {
        return plain;
    }
    format!("'{}'", inside_single(text))
}

/// Escapes text inside `'…'`.
///
/// bash takes a backslash before a newline out of a here-document before it reads the `$( )` in it, single quotes or
/// not, so the two are kept apart.
fn inside_single(text: &str) -> String {
    text.replace('\'', r"'\''").replace("\\\n", "\\''\n")
}

fn keeps_tabs(text: &str, strip: bool, line_start: bool) -> Result<(), Error> {
    if strip && (text.contains("\n\t") || line_start && text.starts_with('\t')) {
        return Err(fault("`<<-` would strip tabs of this value", Some("write `<<` instead".to_owned())));
    }
    Ok(())
}
