//! Words and signs of a host expression.

use crate::diag::{Diagnostic, SourceText, Span};

/// A word or a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, a group, a glob, a range.
    Word(String),
    /// What follows a `~`.
    Regex(String),
    Comma,
    Or,
    And,
    Not,
    Open,
    Close,
}

/// Takes an expression apart.
pub(super) fn lex(text: &SourceText) -> Result<Vec<(Token, Span)>, Box<Diagnostic>> {
    let source = &*text.text;
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let sign = match first {
            ',' => Some(Token::Comma),
            '&' => Some(Token::And),
            '!' => Some(Token::Not),
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            _ => None,
        };
        if let Some(token) = sign {
            tokens.push((token, text.at(at..at + 1)));
            at += 1;
            continue;
        }
        let length = if first == '~' { regex_length(&source[at..]) } else { word_length(&source[at..]) };
        let span = text.at(at..at + length);
        let word = &source[at..at + length];
        let token = match word {
            "or" => Token::Or,
            "and" => Token::And,
            "not" => Token::Not,
            "~" => return Err(Box::new(Diagnostic::error("E205", span, "nothing stands behind the `~`"))),
            _ if first == '~' => Token::Regex(word[1..].to_owned()),
            _ => Token::Word(word.to_owned()),
        };
        tokens.push((token, span));
        at += length;
    }
    Ok(tokens)
}

/// A word ends at a blank or a sign; a comma or a blank between brackets belongs to its range.
fn word_length(text: &str) -> usize {
    let mut inside = false;
    for (at, c) in text.char_indices() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            // An open bracket that nothing closes must not swallow the rest.
            _ if inside && text[at..].contains(']') => {}
            ',' | '&' | '!' | '(' | ')' => return at,
            _ if c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

/// A regular expression ends at a blank, or at a comma or `)` that stands outside its own brackets.
fn regex_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut set = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            _ if c.is_whitespace() => return at,
            '\\' => escaped = true,
            ']' if set => set = false,
            _ if set => {}
            '[' => set = true,
            '(' | '{' => depth += 1,
            ')' | ',' if depth == 0 => return at,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}
