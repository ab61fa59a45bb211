//! Where each box of a drawing goes, and each arrow: layers from top to bottom, boxes within boxes.
//!
//! Knows sizes of text in a fixed font, nothing of SVG. In every frame what waits stands below what it waits for; an
//! arrow runs in the channel between two layers on a track of its own, so that neither boxes nor labels overlap. One
//! that ends deeper inside a box ends at the box, and its label says where.

use std::collections::BTreeMap;

use super::rows::{CHANNEL, Join, Wire, arrange};
use crate::plan::drawing::{Drawing, Frame, Item, Kind, Node};
use crate::text::one_line;
use unicode_width::UnicodeWidthStr;

/// Pixels of a column, wide enough for the usual fixed fonts at 12 pixels.
pub(super) const COLUMN: i32 = 8;
/// Pixels of a line.
pub(super) const LINE: i32 = 16;
/// Pixels between a border and what is in it.
pub(super) const PAD: i32 = 12;

/// Something with a place.
pub(super) enum Figure<'a> {
    /// A box around others.
    Frame(&'a Frame),
    /// A task.
    Node(&'a Node),
    /// An arrow.
    Wire(Wire),
}

/// A figure, its left upper corner and its size. A wire's points are moved by its corner.
pub(super) struct Placed<'a> {
    pub(super) figure: Figure<'a>,
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// All figures; outer frames stand before what is in them.
pub(super) struct Layout<'a> {
    pub(super) figures: Vec<Placed<'a>>,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// Lays out a drawing.
pub(super) fn layout(drawing: &Drawing) -> Layout<'_> {
    let mut paths = BTreeMap::new();
    for (index, round) in drawing.rounds.iter().enumerate() {
        find(round, vec![index], &mut paths);
    }
    let mut joins: BTreeMap<Vec<usize>, Vec<Join>> = BTreeMap::new();
    for arrow in &drawing.arrows {
        let (Some((from, source)), Some((to, target))) = (paths.get(arrow.from.as_str()), paths.get(arrow.to.as_str())) else { continue };
        let common = from.iter().zip(to).take_while(|(one, other)| one == other).count();
        let (Some(start), Some(end)) = (from.get(common), to.get(common)) else { continue };
        let inner = match (from.len() > common + 1, to.len() > common + 1) {
            (true, true) => format!(" {source} → {target}"),
            (true, false) => format!(" {source} →"),
            (false, true) => format!(" → {target}"),
            (false, false) => String::new(),
        };
        let label = format!("{}{inner}", arrow.why.join(", ")).trim().to_owned();
        let list = joins.entry(from[..common].to_vec()).or_default();
        match list.iter_mut().find(|join| (join.from, join.to) == (*start, *end)) {
            Some(join) => join.label = one_line(&format!("{}, {label}", join.label), 60),
            None => list.push(Join { from: *start, to: *end, label }),
        }
    }
    let rounds: Vec<Layout<'_>> = drawing.rounds.iter().enumerate().map(|(index, round)| frame(round, vec![index], &joins)).collect();
    let last = vec![false; rounds.len()];
    inside(rounds, joins.get(&Vec::new()).map(Vec::as_slice).unwrap_or_default(), &last)
}

/// By id: the way to it from outside, and its short name.
fn find<'a>(frame: &'a Frame, path: Vec<usize>, paths: &mut BTreeMap<&'a str, (Vec<usize>, String)>) {
    for (index, item) in frame.items.iter().enumerate() {
        let path: Vec<usize> = path.iter().copied().chain([index]).collect();
        match item {
            Item::Node(node) => {
                let name = node.lines.first().and_then(|line| line.split_once(' ')).map_or("", |(_, name)| name);
                paths.insert(&node.id, (path, one_line(name, 20)));
            }
            Item::Frame(frame) => find(frame, path, paths),
        }
    }
    paths.insert(&frame.id, (path, one_line(frame.title.first().map_or("", String::as_str), 20)));
}

/// The pixels that a text takes.
pub(super) fn length(text: &str) -> i32 {
    i32::try_from(text.width()).unwrap_or(i32::MAX / 2 / COLUMN).saturating_mul(COLUMN)
}

fn size(lines: &[String]) -> (i32, i32) {
    let width = lines.iter().map(|line| length(line)).max().unwrap_or(0);
    (width + 2 * PAD, i32::try_from(lines.len()).unwrap_or(1) * LINE + PAD)
}

fn frame<'a>(shown: &'a Frame, path: Vec<usize>, joins: &BTreeMap<Vec<usize>, Vec<Join>>) -> Layout<'a> {
    let parts: Vec<Layout<'a>> = shown
        .items
        .iter()
        .enumerate()
        .map(|(index, item)| match item {
            Item::Node(node) => {
                let (width, height) = size(&node.lines);
                Layout { figures: vec![Placed { figure: Figure::Node(node), x: 0, y: 0, width, height }], width, height }
            }
            Item::Frame(inner) => frame(inner, path.iter().copied().chain([index]).collect(), joins),
        })
        .collect();
    let last: Vec<bool> = shown.items.iter().map(|item| matches!(item, Item::Frame(frame) if frame.kind == Kind::Part)).collect();
    let content = inside(parts, joins.get(&path).map(Vec::as_slice).unwrap_or_default(), &last);
    let (title_width, top) = size(&shown.title);
    let width = title_width.max(content.width + 2 * PAD);
    let height = top + content.height + PAD;
    let left = (width - content.width) / 2;
    let own = Placed { figure: Figure::Frame(shown), x: 0, y: 0, width, height };
    Layout { figures: std::iter::once(own).chain(moved(content.figures, left, top)).collect(), width, height }
}

/// Lays out what stands in one frame.
fn inside<'a>(parts: Vec<Layout<'a>>, joins: &[Join], last: &[bool]) -> Layout<'a> {
    let sizes: Vec<(i32, i32)> = parts.iter().map(|part| (part.width, part.height)).collect();
    let rows = arrange(&sizes, joins, last);
    let mut figures: Vec<Placed<'a>> = Vec::new();
    for (part, (x, y)) in parts.into_iter().zip(&rows.places) {
        figures.extend(moved(part.figures, *x, *y));
    }
    let wires = rows.wires.into_iter().map(|wire| Placed { figure: Figure::Wire(wire), x: 0, y: 0, width: 0, height: CHANNEL });
    figures.extend(wires);
    Layout { figures, width: rows.width, height: rows.height }
}

fn moved<'a>(figures: Vec<Placed<'a>>, x: i32, y: i32) -> impl Iterator<Item = Placed<'a>> {
    figures.into_iter().map(move |placed| Placed { x: placed.x + x, y: placed.y + y, ..placed })
}
