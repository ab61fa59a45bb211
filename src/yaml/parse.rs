//! A file's text to a tree: the outline gives the places, serde_yaml the types.

use super::outline::{Kind, MAX_DEPTH, MAX_NODES, Outline, Refusal, outline};
use super::typed::{Typed, typed};
use super::yaml11::yaml11;
use super::{Entry, Node, NodeValue, Style, marks, traps};
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, SourceText, Span};

/// The most bytes of a file.
pub const MAX_BYTES: usize = 8 << 20;

/// Reads a file into a tree; `None` where its syntax is wrong, which `diagnostics` then say.
///
/// An empty file is a null node. Mistakes that leave a sound tree (a duplicate key, a tag) are told, too, and a tree is
/// given, so that the caller can find more.
pub fn parse(map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Option<Node> {
    parse_as(Dialect::Own, map, file, diagnostics)
}

/// Reads a file that was written for Ansible, as Ansible's reader (PyYAML) understands it.
///
/// Plain scalars are of YAML 1.1's types (`yes` is true, `0644` is 420), the last one of equal keys stays, keys may be
/// numbers, and the tags `!vault` and `!unsafe` are kept in [`Node::tag`]. Else as [`parse`].
pub fn parse_ansible(map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Option<Node> {
    parse_as(Dialect::Ansible, map, file, diagnostics)
}

/// Whose rules a file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Own,
    Ansible,
}

fn parse_as(dialect: Dialect, map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Option<Node> {
    let whole = &*map.file(file).text;
    let empty = Span::new(file, 0..0);
    if whole.len() > MAX_BYTES {
        let message = format!("the file is larger than {} MiB", MAX_BYTES >> 20);
        diagnostics.push(Diagnostic::error("E002", empty, message));
        return None;
    }
    if !traps::line_ends(whole, file, diagnostics) {
        return None;
    }
    let mark = if whole.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let source = Source { file, text: &whole[mark..], from: mark };
    let outline = match outline(source.text) {
        Ok(outline) => outline,
        Err(refusal) => {
            diagnostics.push(refused(&source, refusal));
            return None;
        }
    };
    if !outline.any {
        return Some(Node { span: empty, style: Style::Plain, tag: None, raw: None, value: NodeValue::Null });
    }
    let typed = match typed(source.text) {
        Ok(typed) => typed,
        Err(error) => {
            let at = error.location().map_or(0, |location| location.index()).min(source.text.len());
            let words = error.to_string();
            // The place stands in the diagnostic already.
            let words = words.split(" at line ").next().unwrap_or_default();
            let found = Diagnostic::error("E001", source.span(at..at), "the file is not valid YAML").label(words);
            diagnostics.push(traps::explain(&source, at, found));
            return None;
        }
    };
    let mut join = Join { dialect, source: &source, outline: &outline, diagnostics, told: 0 };
    if dialect == Dialect::Own {
        join.duplicates();
        join.idle_anchors();
    }
    Some(join.node(typed, 0))
}

/// The most mistakes that are told of one file's YAML.
const MAX_TOLD: usize = 200;

/// Tags that mean something in Ansible's files.
const ANSIBLE_TAGS: [&str; 3] = ["!vault", "!vault-encrypted", "!unsafe"];

/// Adds an entry; of equal keys the last one stays, in the place of the first.
fn last(entries: &mut Vec<Entry>, seen: &mut std::collections::BTreeSet<String>, key: SourceText, value: Node) {
    if seen.insert(key.text.clone()) {
        entries.push(Entry { key, value });
    } else if let Some(entry) = entries.iter_mut().find(|entry| entry.key.text == key.text) {
        *entry = Entry { key, value };
    }
}

/// The text that the parsers see: a file without its byte order mark.
pub(super) struct Source<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    /// Where `text` starts in the file.
    pub(super) from: usize,
}

impl Source<'_> {
    /// The place of a range of the text.
    pub(super) fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.file, range.start + self.from..range.end + self.from)
    }
}

fn refused(source: &Source<'_>, refusal: Refusal) -> Diagnostic {
    match refusal {
        Refusal::Syntax(words, at) => {
            let found = Diagnostic::error("E001", source.span(at..at), "the file is not valid YAML").label(words);
            traps::explain(source, at, found)
        }
        Refusal::SecondDocument(range) => Diagnostic::error("E005", source.span(range), "a second document starts here")
            .label("everything from here on would be left out")
            .hint("put each document in a file of its own".to_owned()),
        Refusal::Depth(range) => {
            Diagnostic::error("E002", source.span(range), format!("lists and maps are nested deeper than {MAX_DEPTH} levels"))
        }
        Refusal::Expansion(range) => {
            Diagnostic::error("E002", source.span(range), format!("aliases make the file larger than {MAX_NODES} values"))
        }
        Refusal::Endless(range) => Diagnostic::error("E002", source.span(range), "an alias stands inside its own anchor"),
    }
}

/// Brings types and places together.
struct Join<'a> {
    dialect: Dialect,
    source: &'a Source<'a>,
    outline: &'a Outline,
    diagnostics: &'a mut Diagnostics,
    told: usize,
}

impl Join<'_> {
    fn tell(&mut self, found: Diagnostic) {
        if self.told < MAX_TOLD {
            self.told += 1;
            self.diagnostics.push(found);
        }
    }

    /// Tells of keys that stand twice in a map.
    fn duplicates(&mut self) {
        for place in &self.outline.places {
            let Kind::Map(pairs) = &place.kind else { continue };
            let mut seen = std::collections::BTreeMap::new();
            for (key, _) in pairs {
                let key = &self.outline.places[self.outline.resolve(*key)];
                let Kind::Scalar(text) = &key.kind else { continue };
                if let Some(first) = seen.insert(text, key.range.clone()) {
                    let message = format!("the key `{text}` stands twice in this map");
                    let found = Diagnostic::error("E003", self.source.span(key.range.clone()), message).label("again");
                    self.tell(found.and(self.source.span(first), "first here"));
                }
            }
        }
    }

    /// Tells of anchors that no alias names: text was probably meant.
    fn idle_anchors(&mut self) {
        for range in &self.outline.idle {
            let message = format!("`{}` is an anchor to YAML, and no alias names it", &self.source.text[range.clone()]);
            let found = Diagnostic::warning("W005", self.source.span(range.clone()), message).label("left out of the value");
            self.tell(found.hint("if it is text, put the whole value in quotes".to_owned()));
        }
    }

    fn node(&mut self, typed: Typed, at: usize) -> Node {
        let place = &self.outline.places[self.outline.resolve(at)];
        let span = self.source.span(place.range.clone());
        let mut node = Node { span, style: place.style, tag: None, raw: None, value: NodeValue::Null };
        if self.dialect == Dialect::Ansible {
            node.tag = place.tag.clone().filter(|tag| ANSIBLE_TAGS.contains(&&**tag));
        }
        if let Some(tag) = place.tag.as_ref().filter(|_| node.tag.is_none()) {
            let message = format!("`{tag}` is a tag to YAML, and tags have no meaning here");
            let hint = "if it is text, put it in quotes".to_owned();
            let tag = self.tag_span(place.range.start, tag);
            self.tell(Diagnostic::error("E006", tag, message).hint(hint));
            if matches!(place.kind, Kind::Scalar(_)) {
                // What was probably meant, so that the caller has something to go on with.
                let whole = Span { end: span.end, ..tag };
                let text = self.source.text[tag.start as usize - self.source.from..place.range.end].trim_end();
                node.span = whole;
                node.value = NodeValue::Text(SourceText::verbatim(text, whole));
                return node;
            }
        }
        if let (Dialect::Own, Kind::Map(_)) = (self.dialect, &place.kind)
            && let Some((found, text)) = traps::template_as_map(self.source, place.range.clone())
        {
            self.tell(found);
            // What was meant goes on, so that its names are checked as well.
            node.span = text.span;
            node.value = NodeValue::Text(text);
            return node;
        }
        if let (Dialect::Ansible, Kind::Scalar(raw)) = (self.dialect, &place.kind) {
            let plain = place.style == Style::Plain && node.tag.is_none();
            let typed = if plain { yaml11(raw) } else { Typed::Text(raw.clone()) };
            node.raw = (!raw.is_empty() && !matches!(typed, Typed::Text(_))).then(|| self.text(at, raw.clone()));
            node.value = match typed {
                Typed::Text(text) => NodeValue::Text(self.text(at, text)),
                Typed::Bool(flag) => NodeValue::Bool(flag),
                Typed::Int(number) => NodeValue::Int(number),
                Typed::Float(number) => NodeValue::Float(number),
                _ => NodeValue::Null,
            };
            return node;
        }
        node.value = match (typed, &place.kind) {
            (Typed::List(items), Kind::List(children)) if items.len() == children.len() => {
                let items = items.into_iter().zip(children);
                NodeValue::List(items.map(|(item, child)| self.node(item, *child)).collect())
            }
            (Typed::Map(pairs), Kind::Map(children)) if pairs.len() == children.len() => NodeValue::Map(self.map(pairs, children)),
            (Typed::Text(text), Kind::Scalar(_)) => NodeValue::Text(self.text(at, text)),
            (Typed::List(_) | Typed::Map(_), _) | (_, Kind::List(_) | Kind::Map(_)) => {
                let message = "the two YAML readers of roundsman disagree on this value";
                let hint = "write it in a simpler way, with quotes around texts".to_owned();
                self.tell(Diagnostic::error("E007", span, message).hint(hint));
                NodeValue::Null
            }
            (typed, Kind::Scalar(raw)) => {
                node.raw = (!raw.is_empty()).then(|| self.text(at, raw.clone()));
                match typed {
                    Typed::Bool(flag) => NodeValue::Bool(flag),
                    Typed::Int(number) => NodeValue::Int(number),
                    Typed::Float(number) => NodeValue::Float(number),
                    Typed::Big => {
                        let message = "the number is too large";
                        let hint = format!("numbers end at {}; if it is text, put it in quotes", i64::MAX);
                        self.tell(Diagnostic::error("E009", span, message).hint(hint));
                        NodeValue::Int(i64::MAX)
                    }
                    _ => NodeValue::Null,
                }
            }
            (_, Kind::Alias(_)) => NodeValue::Null,
        };
        node
    }

    fn text(&self, at: usize, text: String) -> SourceText {
        let place = &self.outline.places[self.outline.resolve(at)];
        let from = u32::try_from(self.source.from).unwrap_or(0);
        let marks = marks::marks(self.source.text, &place.range, place.style, &text);
        let marks = marks.into_iter().map(|(text, file)| (text, file + from)).collect();
        SourceText { text, span: self.source.span(place.range.clone()), marks }
    }

    /// The place of a tag in front of a value, or the value's.
    fn tag_span(&self, value: usize, tag: &str) -> Span {
        let before = self.source.text[..value].trim_end();
        // Behind a tag may stand an anchor.
        let before = match before.rsplit_once(char::is_whitespace) {
            Some((front, word)) if word.starts_with('&') => front.trim_end(),
            _ => before,
        };
        if before.ends_with(tag) { self.source.span(before.len() - tag.len()..before.len()) } else { self.source.span(value..value) }
    }

    fn map(&mut self, pairs: Vec<(Typed, Typed)>, children: &[(usize, usize)]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
        let mut seen = std::collections::BTreeSet::new();
        let mut merges = Vec::new();
        for ((key, value), (key_at, value_at)) in pairs.into_iter().zip(children) {
            let key = self.node(key, *key_at);
            let mut value = self.node(value, *value_at);
            if value.is_null() && value.raw.is_none() {
                // An absent value stands behind its key, not where the parser noticed.
                value.span = Span { start: key.span.end, end: key.span.end, ..key.span };
            }
            let plain = key.style == Style::Plain;
            match key.value {
                NodeValue::Text(text) if text.text == "<<" && plain => merges.push((entries.len(), value)),
                NodeValue::Text(text) if self.dialect == Dialect::Ansible => last(&mut entries, &mut seen, text, value),
                NodeValue::Bool(_) | NodeValue::Int(_) | NodeValue::Float(_) if self.dialect == Dialect::Ansible => {
                    let text = key.raw.unwrap_or_else(|| SourceText::verbatim("", key.span));
                    last(&mut entries, &mut seen, text, value);
                }
                // A second time was told before; the first one stays.
                NodeValue::Text(text) if !seen.insert(text.text.clone()) => {}
                NodeValue::Text(text) => entries.push(Entry { key: text, value }),
                _ if self.told < MAX_TOLD => self.tell(traps::wrong_key(&key)),
                _ => {}
            }
        }
        // From the last to the first, so that the places noted before stay right.
        for (at, value) in merges.into_iter().rev() {
            let merged = self.merged(value, &mut seen);
            entries.splice(at..at, merged);
        }
        entries
    }

    /// The entries that a merge key adds: those that are not there yet.
    fn merged(&mut self, value: Node, seen: &mut std::collections::BTreeSet<String>) -> Vec<Entry> {
        let maps = match value.value {
            NodeValue::List(items) => items,
            _ => vec![value],
        };
        let mut added = Vec::new();
        for map in maps {
            let NodeValue::Map(entries) = map.value else {
                let message = format!("`<<` takes a map or a list of maps, this is {}", map.kind());
                self.tell(Diagnostic::error("E010", map.span, message));
                continue;
            };
            added.extend(entries.into_iter().filter(|entry| seen.insert(entry.key.text.clone())));
        }
        added
    }
}
