//! Boxes in rows, one below the other, with wires between the rows.
//!
//! Knows sizes and which box comes before which, nothing of what is in a box. A wire over several rows goes through a
//! gap of its own in each row between. Every labelled wire has a track of its own in the channel above its end; wires
//! without a label share one where they have an end in common.

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

/// A part of a join, from one row to the next.
struct Segment {
    from: usize,
    to: usize,
    /// The join's number.
    join: usize,
    /// With the label.
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
    let mut segments = Vec::new();
    for (index, join) in joins.iter().enumerate().filter(|(_, join)| of[join.from] < of[join.to]) {
        let mut from = join.from;
        for row in of[join.from] + 1..=of[join.to] {
            let to = if row == of[join.to] { join.to } else { cells.len() };
            if to == cells.len() {
                cells.push(Cell { row, width: 2, height: 0, x: 0 });
            }
            let labelled = row == of[join.to] && !join.label.is_empty();
            segments.push(Segment { from, to, join: index, labelled, start: 0, end: 0, track: 0 });
            from = to;
        }
    }
    let mut width = spread(&mut cells, &segments);
    ports(&cells, &mut segments);
    let count = cells.iter().map(|cell| cell.row + 1).max().unwrap_or(0);
    let mut tops = vec![0; count];
    let mut y = 0;
    for row in 0..count {
        if row > 0 {
            y = channel(&cells, &mut segments, row, y);
        }
        tops[row] = y;
        y += cells.iter().filter(|cell| cell.row == row).map(|cell| cell.height).max().unwrap_or(0);
    }
    let mut wires: BTreeMap<usize, Wire> = BTreeMap::new();
    for segment in &segments {
        let (from, to) = (&cells[segment.from], &cells[segment.to]);
        let wire = wires.entry(segment.join).or_insert_with(|| Wire { points: Vec::new(), label: None });
        wire.points.push((segment.start, tops[from.row] + from.height));
        if segment.start != segment.end {
            wire.points.extend([(segment.start, segment.track), (segment.end, segment.track)]);
        }
        wire.points.push((segment.end, tops[to.row]));
        if segment.labelled {
            let label = joins[segment.join].label.clone();
            width = width.max(segment.end + 6 + length(&label));
            wire.label = Some((segment.end + 6, segment.track + 14, label));
        }
    }
    let places = cells[..sizes.len()].iter().map(|cell| (cell.x, tops[cell.row])).collect();
    Rows { places, wires: wires.into_values().collect(), width, height: y }
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

/// The wires without a label that end in one box come together, and those that begin in one.
fn bus(segment: &Segment, segments: &[(usize, bool, usize)]) -> (bool, usize) {
    let together = segments.iter().filter(|(to, labelled, _)| *to == segment.to && !labelled).count() > 1;
    if together { (true, segment.to) } else { (false, segment.from) }
}

/// Gives every wire its ends on the borders of boxes, in the order of the other ends.
fn ports(cells: &[Cell], segments: &mut [Segment]) {
    let middle = |cell: usize| cells[cell].x + cells[cell].width / 2;
    let at = |cell: usize, index: usize, count: usize| {
        let [index, count] = [index, count].map(|number| i32::try_from(number).unwrap_or(i32::MAX / 4096));
        cells[cell].x + cells[cell].width * (index + 1) / (count + 1)
    };
    for (from_side, cell) in (0..cells.len()).flat_map(|cell| [(true, cell), (false, cell)]) {
        let mut own: Vec<usize> =
            (0..segments.len()).filter(|index| cell == if from_side { segments[*index].from } else { segments[*index].to }).collect();
        own.sort_by_key(|index| {
            let segment = &segments[*index];
            (middle(if from_side { segment.to } else { segment.from }), *index)
        });
        // Those without a label share one place.
        let plain = own.iter().position(|index| !segments[*index].labelled);
        let places: Vec<usize> =
            own.iter().copied().filter(|index| segments[*index].labelled || plain.is_some_and(|at| own[at] == *index)).collect();
        for index in own {
            let shared = plain.filter(|_| !segments[index].labelled);
            let place = places
                .iter()
                .position(|other| *other == index)
                .or_else(|| shared.map(|_| places.iter().position(|other| !segments[*other].labelled).unwrap_or(0)));
            let x = at(cell, place.unwrap_or(0), places.len());
            if from_side { segments[index].start = x } else { segments[index].end = x }
        }
    }
}

/// Gives the wires between a row and the one above their tracks, from `top` on, and says where the row begins.
fn channel(cells: &[Cell], segments: &mut [Segment], row: usize, top: i32) -> i32 {
    let mut y = top + CHANNEL;
    let known: Vec<(usize, bool, usize)> = segments.iter().map(|segment| (segment.to, segment.labelled, segment.from)).collect();
    let mut shared: BTreeMap<(bool, usize), i32> = BTreeMap::new();
    for segment in segments.iter_mut().filter(|segment| cells[segment.to].row == row) {
        if segment.labelled {
            segment.track = y;
            y += TRACKS.0;
        } else if segment.start != segment.end {
            segment.track = *shared.entry(bus(segment, &known)).or_insert_with(|| {
                y += TRACKS.1;
                y - TRACKS.1
            });
        }
    }
    y + CHANNEL
}

#[cfg(test)]
mod tests;
