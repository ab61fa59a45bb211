//! A value of an INI inventory: Python's literal where it is one, else text.
//!
//! Follows `ast.literal_eval`: what can't be read whole is text, letter for letter. Nothing here is a mistake.

use super::words::{part, trimmed};
use crate::diag::SourceText;
use crate::yaml::{Entry, Node, NodeValue, Style};

/// The deepest that lists and maps may nest; deeper ones are text.
const MAX_DEPTH: usize = 32;

/// Reads a value.
pub(super) fn literal(text: &SourceText) -> Node {
    read_whole(text).unwrap_or_else(|| plain(text.clone()))
}

/// A text as a node.
pub(super) fn plain(text: SourceText) -> Node {
    Node { span: text.span, style: Style::Plain, tag: None, raw: None, value: NodeValue::Text(text) }
}

/// A node that is no text, out of what is written at `raw`.
fn scalar(raw: SourceText, value: NodeValue) -> Node {
    Node { span: raw.span, style: Style::Plain, tag: None, raw: Some(raw), value }
}

fn read_whole(text: &SourceText) -> Option<Node> {
    let mut reader = Reader { whole: text, at: 0, depth: 0 };
    reader.blanks();
    let start = reader.at;
    let first = reader.value()?;
    reader.blanks();
    if !reader.eat(',') {
        return reader.done().then_some(first);
    }
    // A tuple without its parentheses.
    let mut items = vec![first];
    loop {
        reader.blanks();
        if reader.done() {
            return Some(list(part(text, start..text.text.trim_end().len()), items));
        }
        items.push(reader.value()?);
        reader.blanks();
        if !reader.eat(',') && !reader.done() {
            return None;
        }
    }
}

fn list(raw: SourceText, items: Vec<Node>) -> Node {
    Node { span: raw.span, style: Style::Flow, tag: None, raw: None, value: NodeValue::List(items) }
}

struct Reader<'a> {
    whole: &'a SourceText,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.whole.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
    }

    /// The end, or a comment up to it.
    fn done(&self) -> bool {
        self.rest().is_empty() || self.rest().starts_with('#')
    }

    fn value(&mut self) -> Option<Node> {
        let start = self.at;
        match self.peek()? {
            '[' => self.items(']').map(|(items, _)| list(part(self.whole, start..self.at), items)),
            '(' => {
                let (mut items, commas) = self.items(')')?;
                // One value in parentheses is that value.
                if items.len() == 1 && commas == 0 { items.pop() } else { Some(list(part(self.whole, start..self.at), items)) }
            }
            '{' => self.map_or_set(),
            c if c.is_ascii_digit() || "+-.".contains(c) => self.number(),
            _ => self.text().or_else(|| self.constant()),
        }
    }

    /// What stands between brackets, and the number of commas.
    fn items(&mut self, close: char) -> Option<(Vec<Node>, usize)> {
        self.at += 1;
        self.depth += 1;
        let (mut items, mut commas) = (Vec::new(), 0);
        loop {
            self.blanks();
            if self.eat(close) {
                self.depth -= 1;
                return Some((items, commas));
            }
            if self.depth > MAX_DEPTH || items.len() > commas {
                return None;
            }
            items.push(self.value()?);
            self.blanks();
            commas += usize::from(self.eat(','));
        }
    }

    fn map_or_set(&mut self) -> Option<Node> {
        let start = self.at;
        self.at += 1;
        self.depth += 1;
        let (mut entries, mut items, mut open): (Vec<Entry>, Vec<Node>, bool) = (Vec::new(), Vec::new(), true);
        loop {
            self.blanks();
            if self.eat('}') {
                self.depth -= 1;
                let raw = part(self.whole, start..self.at);
                let value = if items.is_empty() { NodeValue::Map(entries) } else { NodeValue::List(items) };
                return Some(Node { span: raw.span, style: Style::Flow, tag: None, raw: None, value });
            }
            if !open || self.depth > MAX_DEPTH {
                return None;
            }
            let key = self.value()?;
            self.blanks();
            if self.eat(':') {
                let key = key.scalar_text().filter(|_| items.is_empty())?.clone();
                self.blanks();
                let value = self.value()?;
                match entries.iter_mut().find(|entry| entry.key.text == key.text) {
                    Some(entry) => entry.value = value,
                    None => entries.push(Entry { key, value }),
                }
            } else if entries.is_empty() && key.as_list().is_none() && key.as_map().is_none() {
                // No set is in a set: `{{ "a" }}` is a template.
                items.push(key);
            } else {
                return None;
            }
            self.blanks();
            open = self.eat(',');
        }
    }

    fn constant(&mut self) -> Option<Node> {
        let start = self.at;
        let word = self.word();
        let value = match word.as_str() {
            "None" => NodeValue::Null,
            "True" => NodeValue::Bool(true),
            "False" => NodeValue::Bool(false),
            _ => return None,
        };
        Some(scalar(part(self.whole, start..self.at), value))
    }

    fn word(&mut self) -> String {
        let end = self.rest().find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest().len());
        let word = self.rest()[..end].to_owned();
        self.at += end;
        word
    }

    fn number(&mut self) -> Option<Node> {
        let start = self.at;
        let negative = self.eat('-');
        if !negative {
            self.eat('+');
        }
        let from = self.at;
        let mut end = from;
        let text = &self.whole.text;
        for (at, c) in text[from..].char_indices() {
            let after_e = text[from..from + at].ends_with(['e', 'E']) && !text[from..].starts_with("0x") && !text[from..].starts_with("0X");
            if !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || ((c == '+' || c == '-') && after_e)) {
                break;
            }
            end = from + at + c.len_utf8();
        }
        let digits = &text[from..end];
        // Single underscores between digits are for the eye.
        if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
            return None;
        }
        let digits = digits.replace('_', "").to_ascii_lowercase();
        let sign = if negative { "-" } else { "" };
        let radix = [("0x", 16), ("0o", 8), ("0b", 2)].into_iter().find_map(|(prefix, radix)| Some((digits.strip_prefix(prefix)?, radix)));
        let value = if let Some((digits, radix)) = radix {
            NodeValue::Int(i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()?)
        } else if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            if digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|byte| byte != b'0') {
                return None;
            }
            NodeValue::Int(format!("{sign}{digits}").parse().ok()?)
        } else if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && digits.bytes().any(|byte| byte.is_ascii_digit()) {
            NodeValue::Float(format!("{sign}{digits}").parse().ok()?)
        } else {
            return None;
        };
        self.at = end;
        Some(scalar(part(self.whole, start..end), value))
    }

    /// One text or several in a row, which are one.
    fn text(&mut self) -> Option<Node> {
        let start = self.at;
        let mut whole: Option<String> = None;
        loop {
            let before = self.at;
            let prefix_end = self.rest().find(['\'', '"'])?;
            let prefix = self.rest()[..prefix_end].to_ascii_lowercase();
            if !["", "r", "u", "b", "br", "rb"].contains(&&*prefix) {
                return None;
            }
            self.at += prefix_end;
            let piece = self.quoted(prefix.contains('r'))?;
            whole.get_or_insert_default().push_str(&piece);
            let end = self.at;
            self.blanks();
            let more = self.rest().find(['\'', '"']).is_some_and(|at| self.rest()[..at].chars().all(|c| "rRuUbB".contains(c)));
            if !more || self.at == before {
                self.at = end;
                break;
            }
        }
        let (text, raw) = (whole?, part(self.whole, start..self.at));
        let inner = start + 1..self.at.saturating_sub(1).max(start + 1);
        // Where nothing is escaped the places are those inside the quotes.
        let source =
            if self.whole.text.get(inner.clone()) == Some(&text) { part(self.whole, inner) } else { SourceText { text, ..raw.clone() } };
        let source = SourceText { span: raw.span, ..source };
        Some(Node { span: raw.span, style: Style::DoubleQuoted, tag: None, raw: None, value: NodeValue::Text(source) })
    }

    fn quoted(&mut self, raw: bool) -> Option<String> {
        let quote = self.peek()?;
        let long = quote.to_string().repeat(3);
        let close = if self.rest().starts_with(&long) { long } else { quote.to_string() };
        self.at += close.len();
        let mut text = String::new();
        loop {
            if self.rest().starts_with(&close) {
                self.at += close.len();
                return Some(text);
            }
            let c = self.peek()?;
            self.at += c.len_utf8();
            if c != '\\' {
                text.push(c);
                continue;
            }
            let escaped = self.peek()?;
            self.at += escaped.len_utf8();
            if raw {
                text.extend(['\\', escaped]);
                continue;
            }
            match escaped {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                'a' => text.push('\u{7}'),
                'b' => text.push('\u{8}'),
                'f' => text.push('\u{c}'),
                'v' => text.push('\u{b}'),
                '\\' | '\'' | '"' => text.push(escaped),
                'x' => text.push(self.code(2)?),
                'u' => text.push(self.code(4)?),
                'U' => text.push(self.code(8)?),
                '0'..='7' | 'N' => return None,
                _ => text.extend(['\\', escaped]),
            }
        }
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let hex = self.rest().get(..digits)?;
        let found = char::from_u32(u32::from_str_radix(hex, 16).ok()?);
        self.at += digits;
        found
    }
}

/// The value behind the `=` of a line of `[group:vars]`.
pub(super) fn line_value(text: &SourceText) -> Node {
    literal(&trimmed(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceMap, Span};

    fn json(text: &str) -> String {
        let mut map = SourceMap::default();
        let file = map.add("hosts", None, text);
        let node = literal(&SourceText::verbatim(text, Span::new(file, 0..text.len())));
        serde_json::to_string(&node.to_value()).unwrap()
    }

    /// Every expectation is what `ast.literal_eval`, or its failing, makes of the text in Ansible.
    #[test]
    fn values_are_pythons_literals_or_text() {
        for (text, expected) in [
            ("5", "5"),
            ("-5", "-5"),
            ("0644", r#""0644""#),
            ("00", "0"),
            ("0o644", "420"),
            ("0x1F", "31"),
            ("1_000", "1000"),
            ("1.5", "1.5"),
            ("1e3", "1000.0"),
            ("1.2.3", r#""1.2.3""#),
            ("10.0.0.1", r#""10.0.0.1""#),
            ("1-2", r#""1-2""#),
            ("5 # five", "5"),
            ("five # 5", r#""five # 5""#),
            ("True", "true"),
            ("true", r#""true""#),
            ("None", "null"),
            ("'a b'", r#""a b""#),
            (r#""a\tb""#, r#""a\tb""#),
            ("'a' 'b'", r#""ab""#),
            ("r'a\\d'", r#""a\\d""#),
            ("'a", r#""'a""#),
            ("80,443", "[80,443]"),
            ("80,", "[80]"),
            ("(80)", "80"),
            ("(80,)", "[80]"),
            ("[1, 'a', [True]]", r#"[1,"a",[true]]"#),
            ("[1 2]", r#""[1 2]""#),
            ("[]", "[]"),
            ("{}", "{}"),
            ("{'a': 1, 'b': [2], }", r#"{"a":1,"b":[2]}"#),
            ("{\"a\": {\"b\": None}}", r#"{"a":{"b":null}}"#),
            ("{'a'}", r#"["a"]"#),
            ("{a: 1}", r#""{a: 1}""#),
            ("['a', b]", r#""['a', b]""#),
            ("{{ x }}", r#""{{ x }}""#),
            ("{{ 'x' }}", r#""{{ 'x' }}""#),
            ("'{{ x }}'", r#""{{ x }}""#),
            ("/usr/bin/python3", r#""/usr/bin/python3""#),
            ("", r#""""#),
        ] {
            assert_eq!(json(text), expected, "{text}");
        }
        let deep = "[".repeat(1000);
        assert_eq!(json(&deep), format!("\"{deep}\""), "too deep is text");
    }
}
