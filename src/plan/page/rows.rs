//! Boxes in rows, one below the other, with wires between the rows.
//!
//! Knows sizes and which box comes before which, nothing of what is in a box. Wires over several rows go through a gap
//! in each row between, one for all that begin at the same box, and branch off it. Every labelled wire has a track of its
//! own in the channel above its end; wires without a label share one where they have an end in common.

use std::collections::BTreeMap;

use super::layout::length;

/// Pixels above the first and below the last track of a channel.
pub(super) const CHANNEL: i32 = 14;
/// Pixels between boxes side by side.
const GAP: i32 = 28;
/// Pixels of a track with a label, and of one without.
const TRACKS: (i32, i32) = (20, 10);
/// Times that rows are sorted by what they are joined to.
const SWEEPS: usize = 6;

/// Box `to` comes after box `from`.
pub(super) struct Join {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Why; empty for none.
    pub(super) label: String,
}

/// A line of corners, the end last, and its label with the left end of its base line.
pub(super) struct Wire {
    pub(super) points: Vec<(i32, i32)>,
    pub(super) label: Option<(i32, i32, String)>,
}

/// Where things are.
pub(super) struct Rows {
    /// By box, its left upper corner.
    pub(super) places: Vec<(i32, i32)>,
    pub(super) wires: Vec<Wire>,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A place in a row: a box, or the gap for a wire.
struct Cell {
    row: usize,
    width: i32,
    height: i32,
    x: i32,
}

/// A part of a wire, from one row to the next.
struct Segment {
    from: usize,
    to: usize,
    /// Of one join alone, and with its label.
    labelled: bool,
    start: i32,
    end: i32,
    track: i32,
}

/// Places boxes of these sizes. `last` says which of them come after all before them.
pub(super) fn arrange(sizes: &[(i32, i32)], joins: &[Join], last: &[bool]) -> Rows {
    let of = layers(sizes.len(), joins, last);
    let mut cells: Vec<Cell> =
        sizes.iter().zip(&of).map(|((width, height), row)| Cell { row: *row, width: *width, height: *height, x: 0 }).collect();
    let mut segments: Vec<Segment> = Vec::new();
    // By box and row, the gap; by both ends, the segment that wires share.
    let (mut gaps, mut known) = (BTreeMap::new(), BTreeMap::new());
    let mut ways: Vec<(&Join, Vec<usize>)> = Vec::new();
    for join in joins.iter().filter(|join| of[join.from] < of[join.to]) {
        let (mut from, mut way) = (join.from, Vec::new());
        for row in of[join.from] + 1..=of[join.to] {
            let end = row == of[join.to];
            let to = if end { join.to } else { *gaps.entry((join.from, row)).or_insert(cells.len()) };
            if to == cells.len() {
                cells.push(Cell { row, width: 2, height: 0, x: 0 });
            }
            let labelled = end && !join.label.is_empty();
            let fresh = segments.len();
            let segment = if labelled { fresh } else { *known.entry((from, to)).or_insert(fresh) };
            if segment == fresh {
                segments.push(Segment { from, to, labelled, start: 0, end: 0, track: 0 });
                way.push(segment);
            }
            from = to;
        }
        ways.push((join, way));
    }
    let mut width = spread(&mut cells, &segments);
    ports(&cells, sizes.len(), &mut segments);
    let count = cells.iter().map(|cell| cell.row + 1).max().unwrap_or(0);
    let mut tops = Vec::with_capacity(count);
    let mut y = 0;
    for row in 0..count {
        if row > 0 {
            y = channel(&cells, &mut segments, row, y);
        }
        tops.push(y);
        y += cells.iter().filter(|cell| cell.row == row).map(|cell| cell.height).max().unwrap_or(0);
    }
    let mut wires = Vec::with_capacity(ways.len());
    for (join, way) in ways {
        let mut wire = Wire { points: Vec::new(), label: None };
        for segment in way.into_iter().map(|segment| &segments[segment]) {
            let (from, to) = (&cells[segment.from], &cells[segment.to]);
            wire.points.push((segment.start, tops[from.row] + from.height));
            if segment.start != segment.end {
                wire.points.extend([(segment.start, segment.track), (segment.end, segment.track)]);
            }
            wire.points.push((segment.end, tops[to.row]));
            if segment.labelled {
                width = width.max(segment.end + 6 + length(&join.label));
                wire.label = Some((segment.end + 6, segment.track + 14, join.label.clone()));
            }
        }
        wires.push(wire);
    }
    let places = cells[..sizes.len()].iter().map(|cell| (cell.x, tops[cell.row])).collect();
    Rows { places, wires, width, height: y }
}

/// By box, its row: below all that it comes after.
fn layers(count: usize, joins: &[Join], last: &[bool]) -> Vec<usize> {
    let mut rows = vec![0; count];
    let limit = count.saturating_sub(1);
    // In a circle, which no plan has, rows would grow for ever.
    for _ in 0..count {
        let before = rows.clone();
        for join in joins {
            rows[join.to] = rows[join.to].max(rows[join.from] + 1).min(limit);
        }
        for index in (0..count).filter(|index| last[*index]) {
            let above = rows[..index].iter().max().map_or(0, |row| row + 1);
            rows[index] = rows[index].max(above).min(limit);
        }
        if rows == before {
            break;
        }
    }
    rows
}

/// Puts the cells of each row side by side, near to what they are joined to, and gives the width of all.
fn spread(cells: &mut [Cell], segments: &[Segment]) -> i32 {
    let count = cells.iter().map(|cell| cell.row + 1).max().unwrap_or(0);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
    cells.iter().enumerate().for_each(|(index, cell)| rows[cell.row].push(index));
    let widths: Vec<i32> = rows.iter().map(|row| row.iter().map(|cell| cells[*cell].width + GAP).sum::<i32>() - GAP).collect();
    let width = widths.iter().copied().max().unwrap_or(0);
    let place = |row: &[usize], free: i32, cells: &mut [Cell]| {
        let mut x = free / 2;
        for cell in row {
            cells[*cell].x = x;
            x += cells[*cell].width + GAP;
        }
    };
    rows.iter().zip(&widths).for_each(|(row, own)| place(row, width - own, cells));
    let (mut above, mut below) = (vec![Vec::new(); cells.len()], vec![Vec::new(); cells.len()]);
    for segment in segments {
        above[segment.to].push(segment.from);
        below[segment.from].push(segment.to);
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> = if down { (0..count).collect() } else { (0..count).rev().collect() };
        for row in order {
            let middle = |cell: usize| cells[cell].x + cells[cell].width / 2;
            let key = |cell: &usize| {
                let near = if down { &above[*cell] } else { &below[*cell] };
                let count = i32::try_from(near.len()).unwrap_or(i32::MAX);
                if count == 0 { middle(*cell) } else { near.iter().map(|other| middle(*other)).sum::<i32>() / count }
            };
            let mut sorted = rows[row].clone();
            // Stable: those that pull alike keep their order.
            sorted.sort_by_cached_key(key);
            place(&sorted, width - widths[row], cells);
            rows[row] = sorted;
        }
    }
    width
}

/// Gives every segment its ends: on the borders of boxes in the order of the other ends, of gaps in the middle.
fn ports(cells: &[Cell], boxes: usize, segments: &mut [Segment]) {
    let middle = |cell: usize| cells[cell].x + cells[cell].width / 2;
    let at = |cell: usize, index: usize, count: usize| {
        let [index, count] = [index, count].map(|number| i32::try_from(number).unwrap_or(i32::MAX / 4096));
        cells[cell].x + cells[cell].width * (index + 1) / (count + 1)
    };
    for from_side in [true, false] {
        let mut sides: Vec<Vec<usize>> = vec![Vec::new(); cells.len()];
        for (index, segment) in segments.iter().enumerate() {
            sides[if from_side { segment.from } else { segment.to }].push(index);
        }
        for (cell, mut own) in sides.into_iter().enumerate() {
            own.sort_by_key(|index| {
                let segment = &segments[*index];
                (middle(if from_side { segment.to } else { segment.from }), *index)
            });
            // Those without a label share one place.
            let shared = own.iter().copied().find(|index| !segments[*index].labelled);
            let places: Vec<usize> = own.iter().copied().filter(|index| segments[*index].labelled || shared == Some(*index)).collect();
            for index in own {
                let stands = if segments[index].labelled { Some(index) } else { shared };
                let place = places.iter().position(|other| Some(*other) == stands).unwrap_or(0);
                let x = if cell < boxes { at(cell, place, places.len()) } else { middle(cell) };
                if from_side { segments[index].start = x } else { segments[index].end = x }
            }
        }
    }
}

/// Gives the segments between a row and the one above their tracks, from `top` on, and says where the row begins.
fn channel(cells: &[Cell], segments: &mut [Segment], row: usize, top: i32) -> i32 {
    let mut y = top + CHANNEL;
    let mut own: Vec<&mut Segment> = segments.iter_mut().filter(|segment| cells[segment.to].row == row).collect();
    let mut ending: BTreeMap<usize, usize> = BTreeMap::new();
    own.iter().filter(|segment| !segment.labelled).for_each(|segment| *ending.entry(segment.to).or_default() += 1);
    // Those that end in one box come together, else those that begin in one.
    let mut shared: BTreeMap<(bool, usize), i32> = BTreeMap::new();
    for segment in &mut own {
        if segment.labelled {
            segment.track = y;
            y += TRACKS.0;
        } else if segment.start != segment.end {
            let together = ending.get(&segment.to).is_some_and(|count| *count > 1);
            segment.track = *shared.entry((together, if together { segment.to } else { segment.from })).or_insert_with(|| {
                y += TRACKS.1;
                y - TRACKS.1
            });
        }
    }
    y + CHANNEL
}

#[cfg(test)]
mod tests;
