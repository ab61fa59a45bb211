//! The outline of a document: where every node stands, from one pass of parser events.
//!
//! Knows nothing of types; scalars are text here. Events come in, an arena of places goes out, aliases as references
//! to the node of their anchor. Limits on depth and on what aliases expand to are enforced here, before anything grows.

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as Marks};

use super::Style;

/// The most levels of lists and maps, aliases followed.
pub(super) const MAX_DEPTH: u32 = 64;

/// The most nodes of a document, aliases expanded.
pub(super) const MAX_NODES: u64 = 1_000_000;

/// The most bytes of text in a document, aliases expanded.
pub(super) const MAX_TEXT: u64 = 64 << 20;

/// One node's place.
#[derive(Debug)]
pub(super) struct Place {
    /// Its bytes in the text; quotes included, of block scalars the content.
    pub(super) range: Range<usize>,
    /// How it is written.
    pub(super) style: Style,
    /// A tag that is not one of YAML's own, as written.
    pub(super) tag: Option<String>,
    /// What it is.
    pub(super) kind: Kind,
    weight: u64,
    bytes: u64,
    depth: u32,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A scalar's text.
    Scalar(String),
    /// A list's items.
    List(Vec<usize>),
    /// A map's keys and values.
    Map(Vec<(usize, usize)>),
    /// The node of an anchor.
    Alias(usize),
}

/// A document's nodes.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// All nodes; children have higher indices than their parents, and aliases point back.
    pub(super) places: Vec<Place>,
    /// True where there is a document at all.
    pub(super) any: bool,
    /// Anchors that no alias names.
    pub(super) idle: Vec<Range<usize>>,
}

impl Outline {
    /// Follows aliases to the node itself.
    pub(super) fn resolve(&self, mut node: usize) -> usize {
        while let Kind::Alias(target) = self.places[node].kind {
            node = target;
        }
        node
    }
}

/// Why there is no outline.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The parser's own words and the byte it stopped at.
    Syntax(String, usize),
    /// A second document starts here.
    SecondDocument(Range<usize>),
    /// Too deep, from here on.
    Depth(Range<usize>),
    /// What aliases stand for is too much, from here on.
    Expansion(Range<usize>),
    /// An alias inside its own anchor.
    Endless(Range<usize>),
}

struct Open {
    node: usize,
    anchor: usize,
    children: Vec<usize>,
}

/// Reads the outline of `source`.
pub(super) fn outline(source: &str) -> Result<Outline, Refusal> {
    let bytes = Bytes::new(source);
    let mut parser = Parser::new_from_str(source);
    let mut outline = Outline::default();
    let mut anchors: BTreeMap<usize, usize> = BTreeMap::new();
    let mut idle: BTreeMap<usize, Range<usize>> = BTreeMap::new();
    let mut open: Vec<Open> = Vec::new();
    while let Some(event) = parser.next_event() {
        let (event, marks) = event.map_err(|error| syntax(&bytes, &error))?;
        let range = bytes.range(marks);
        // Block scalars are placed at their content, which may well start with `&`.
        let bare = matches!(event, Event::Alias(_) | Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..));
        let range = if bare { range } else { without_properties(source, range) };
        match event {
            Event::DocumentStart(_) if outline.any => return Err(Refusal::SecondDocument(range)),
            Event::DocumentStart(_) => outline.any = true,
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                // The parser counts blanks behind a scalar of a flow list or map as part of it.
                let range = if bare { range } else { trim_end(source, range) };
                let place = Place {
                    range,
                    style,
                    tag: foreign_tag(tag.as_deref()),
                    weight: 1,
                    bytes: text.len() as u64,
                    depth: 0,
                    kind: Kind::Scalar(text.into_owned()),
                };
                let node = push(&mut outline, place);
                anchors.insert(anchor, node);
                idle.extend(anchor_range(source, anchor, outline.places[node].range.start).map(|range| (anchor, range)));
                adopt(&mut open, node);
            }
            Event::Alias(anchor) => {
                let Some(&target) = anchors.get(&anchor) else { return Err(Refusal::Endless(range)) };
                idle.remove(&anchor);
                let Place { weight, bytes, depth, .. } = outline.places[target];
                let node =
                    push(&mut outline, Place { range, style: Style::Plain, tag: None, kind: Kind::Alias(target), weight, bytes, depth });
                adopt(&mut open, node);
            }
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) if open.len() < MAX_DEPTH as usize => {
                let flow = matches!(source.as_bytes().get(range.start), Some(b'[' | b'{'));
                idle.extend(anchor_range(source, anchor, range.start).map(|range| (anchor, range)));
                let style = if flow { Style::Flow } else { Style::Block };
                let tag = foreign_tag(tag.as_deref());
                let place = Place { range, style, tag, kind: Kind::List(Vec::new()), weight: 1, bytes: 0, depth: 1 };
                let node = push(&mut outline, place);
                open.push(Open { node, anchor, children: Vec::new() });
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => return Err(Refusal::Depth(range)),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { node, anchor, children }) = open.pop() else { continue };
                close(&mut outline, node, &children, matches!(event, Event::MappingEnd), range)?;
                // Known only from its end on, so that an alias inside its own anchor is found.
                anchors.insert(anchor, node);
                adopt(&mut open, node);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    outline.idle = idle.into_values().collect();
    Ok(outline)
}

fn close(outline: &mut Outline, node: usize, children: &[usize], map: bool, end: Range<usize>) -> Result<(), Refusal> {
    let (mut weight, mut bytes, mut depth) = (1_u64, 0_u64, 0_u32);
    for &child in children {
        let child = &outline.places[child];
        weight = weight.saturating_add(child.weight);
        bytes = bytes.saturating_add(child.bytes);
        depth = depth.max(child.depth);
        if weight > MAX_NODES || bytes > MAX_TEXT {
            return Err(Refusal::Expansion(child.range.clone()));
        }
        if depth >= MAX_DEPTH {
            return Err(Refusal::Depth(child.range.clone()));
        }
    }
    let last = children.last().map(|&child| outline.places[child].range.end);
    let place = &mut outline.places[node];
    place.weight = weight;
    place.bytes = bytes;
    place.depth = depth + 1;
    let start = place.range.start;
    place.range.end = if place.style == Style::Flow { end.end } else { last.unwrap_or(place.range.end) }.max(start);
    place.kind =
        if map { Kind::Map(children.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()) } else { Kind::List(children.to_vec()) };
    Ok(())
}

fn push(outline: &mut Outline, place: Place) -> usize {
    outline.places.push(place);
    outline.places.len() - 1
}

fn adopt(open: &mut [Open], node: usize) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(node);
    }
}

fn foreign_tag(tag: Option<&saphyr_parser::Tag>) -> Option<String> {
    tag.filter(|tag| !tag.is_yaml_core_schema()).map(|tag| format!("{}{}", tag.handle, tag.suffix))
}

/// The range without an anchor and a tag before the value itself.
fn without_properties(source: &str, range: Range<usize>) -> Range<usize> {
    let mut start = range.start;
    while let Some(rest) = source.get(start..range.end).filter(|rest| rest.starts_with(['&', '!'])) {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        start += word + rest[word..].len() - rest[word..].trim_start().len();
    }
    start..range.end
}

/// The place of the anchor in front of a value; an `anchor` of 0 is none.
fn anchor_range(source: &str, anchor: usize, value: usize) -> Option<Range<usize>> {
    let before = source.get(..value).filter(|_| anchor > 0)?;
    // Bounded, so that a file of one long line is not searched from its start for every anchor.
    let near = before.char_indices().rev().take(300).last().map_or(0, |(at, _)| at);
    let at = near + before[near..].rfind('&')?;
    let end = before[at..].find(char::is_whitespace).map_or(value, |end| at + end);
    Some(at..end)
}

fn trim_end(source: &str, range: Range<usize>) -> Range<usize> {
    let text = source.get(range.clone()).unwrap_or("");
    range.start..range.start + text.trim_end().len()
}

fn syntax(bytes: &Bytes<'_>, error: &ScanError) -> Refusal {
    Refusal::Syntax(error.info().to_owned(), bytes.at(error.marker().index()))
}

/// The parser counts characters, everything else here counts bytes.
struct Bytes<'a> {
    source: &'a str,
    starts: Option<Vec<u32>>,
}

impl<'a> Bytes<'a> {
    fn new(source: &'a str) -> Bytes<'a> {
        let starts = (!source.is_ascii()).then(|| source.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect());
        Bytes { source, starts }
    }

    fn at(&self, index: usize) -> usize {
        let at = match &self.starts {
            Some(starts) => starts.get(index).map_or(self.source.len(), |at| *at as usize),
            None => index,
        };
        at.min(self.source.len())
    }

    fn range(&self, marks: Marks) -> Range<usize> {
        let start = self.at(marks.start.index());
        start..self.at(marks.end.index()).max(start)
    }
}
