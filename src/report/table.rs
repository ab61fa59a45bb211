//! Small tables: columns as wide as they need, the widest texts cut where a line would not fit.

use super::paint::{Paint, columns};
use crate::event::Status;

/// Between two columns.
const GAP: usize = 2;
/// No column of text is cut below this.
const LEAST: usize = 8;

/// A table under way.
pub(super) struct Table {
    paint: Paint,
    titles: Vec<(&'static str, Align)>,
    rows: Vec<Vec<(String, Option<Status>)>>,
}

/// The side that a column leans to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Text; may be cut.
    Left,
    /// Numbers; never cut.
    Right,
}

impl Table {
    pub(super) fn new(paint: Paint, titles: &[(&'static str, Align)]) -> Table {
        Table { paint, titles: titles.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; a cell with a status takes its colour.
    pub(super) fn row(&mut self, cells: Vec<(String, Option<Status>)>) {
        self.rows.push(cells);
    }

    pub(super) fn render(&self, width: usize) -> Vec<String> {
        let widths = self.widths(width);
        let titles: Vec<_> = self.titles.iter().map(|(title, _)| ((*title).to_owned(), None)).collect();
        let mut lines = vec![self.paint.dim(&self.line(&titles, &widths))];
        lines.extend(self.rows.iter().map(|row| self.line(row, &widths)));
        lines
    }

    fn widths(&self, width: usize) -> Vec<usize> {
        let widest = |index: usize| self.rows.iter().filter_map(|row| row.get(index)).map(|(text, _)| columns(text)).max().unwrap_or(0);
        let mut widths: Vec<usize> = self.titles.iter().enumerate().map(|(index, (title, _))| columns(title).max(widest(index))).collect();
        let gaps = GAP * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > width {
            let text = widths.iter_mut().zip(&self.titles).filter(|(width, (_, align))| *align == Align::Left && **width > LEAST);
            let Some((widest, _)) = text.max_by_key(|(width, _)| **width) else { break };
            *widest -= 1;
        }
        widths
    }

    fn line(&self, cells: &[(String, Option<Status>)], widths: &[usize]) -> String {
        let mut line = String::new();
        for (index, (text, status)) in cells.iter().enumerate() {
            let (Some(width), Some((_, align))) = (widths.get(index), self.titles.get(index)) else { break };
            let text = self.paint.clip(text, *width);
            let pad = " ".repeat(width.saturating_sub(columns(&text)));
            let shown = status.map_or_else(|| text.clone(), |status| self.paint.status(status, &text));
            let last = index + 1 == cells.len();
            match align {
                Align::Right => line.push_str(&format!("{pad}{shown}")),
                Align::Left if last => line.push_str(&shown),
                Align::Left => line.push_str(&format!("{shown}{pad}")),
            }
            if !last {
                line.push_str(&" ".repeat(GAP));
            }
        }
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Options;

    #[test]
    fn fits_and_aligns() {
        let mut table = Table::new(Paint::new(&Options::default()), &[("name", Align::Left), ("n", Align::Right), ("text", Align::Left)]);
        table.row(vec![("a".into(), None), ("1000".into(), None), ("a rather long text that is too long".into(), None)]);
        table.row(vec![("日本".into(), None), ("7".into(), None), ("short".into(), None)]);
        assert_eq!(table.render(30), ["name     n  text", "a     1000  a rather long tex…", "日本     7  short"]);
        assert!(table.render(30).iter().all(|line| columns(line) <= 30));
    }
}
