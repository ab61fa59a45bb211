//! Delimiters of here-documents that hold values.
//!
//! A value with the delimiter's line in it would end the document early. So the delimiter of such a document is a mark
//! until the text is rendered, and then the word that was written, or one made from it that occurs nowhere.

/// A here-document whose delimiter is chosen after rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct HereDoc {
    pub(super) id: usize,
    pub(super) word: String,
    pub(super) quoted: bool,
}

/// What stands for a delimiter until then; no value can hold a NUL.
pub(super) fn mark(id: usize, end: bool) -> String {
    format!("\0{}{id}\0", if end { 'e' } else { 'b' })
}

/// Puts delimiters in the place of their marks.
pub(in super::super) fn finish(text: String, documents: &[HereDoc]) -> String {
    let mut text = text;
    for document in documents {
        let word = choose(&text, &document.word);
        let begin = if document.quoted { format!("'{word}'") } else { word.clone() };
        text = text.replace(&mark(document.id, false), &begin).replace(&mark(document.id, true), &word);
    }
    text
}

fn choose(text: &str, word: &str) -> String {
    let simple = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let own = if simple { word } else { "EOF" };
    if simple && !text.lines().any(|line| line.trim_start_matches('\t').starts_with(word)) && !garbles(text, word) {
        return word.to_owned();
    }
    let others = ('A'..='Z').map(String::from);
    let base = std::iter::once(own.to_owned()).chain(others).find(|base| !garbles(text, base)).unwrap_or_else(|| own.to_owned());
    let mut number = 1_u32;
    loop {
        let candidate = format!("{base}_{number}");
        if !text.contains(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

/// Says whether some line begins as the delimiter does and goes on with a byte beyond ASCII: dash 0.5.12, which compares as it
/// reads, loses that byte.
fn garbles(text: &str, word: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start_matches('\t').as_bytes();
        let same = line.iter().zip(word.as_bytes()).take_while(|(one, other)| one == other).count();
        same > 0 && line.get(same).is_some_and(|byte| !byte.is_ascii())
    })
}
