//! A step's output as indented lines: what a host said when something failed, what `print` says.

use super::board::Board;
use super::paint::{Paint, foreign_lines};
use super::tail::{Clip, StepText};
use super::words::{short_id, task_key};
use crate::model::{HostIx, RoundIx, TaskIx};
use crate::text::{plural, quote, visible};

/// Columns of a line in a list of failures.
const LINE_COLUMNS: usize = 400;

/// The last lines of what a host said, few: its errors, or what it printed where there are none.
pub(super) fn last_words(paint: Paint, text: &StepText, lines: usize) -> Vec<String> {
    let clip = if text.stderr.is_empty() { &text.stdout } else { &text.stderr };
    stream_lines(paint, clip, lines, "    ").0
}

/// Both streams, each with its name, at most `lines` of each; and whether anything is missing.
pub(super) fn both_streams(paint: Paint, text: &StepText, lines: usize) -> (Vec<String>, bool) {
    let mut all = Vec::new();
    let mut cut = false;
    for (name, clip) in [("stderr", &text.stderr), ("stdout", &text.stdout)] {
        if !clip.is_empty() {
            let (shown, missing) = stream_lines(paint, clip, lines, "    ");
            all.push(paint.dim(&format!("  {name}:")));
            all.extend(shown);
            cut |= missing;
        }
    }
    (all, cut)
}

/// Standard output as it is, then errors under their name.
pub(super) fn whole(paint: Paint, text: &StepText, indent: &str) -> (Vec<String>, bool) {
    let (mut all, mut cut) = stream_lines(paint, &text.stdout, usize::MAX, indent);
    if !text.stderr.is_empty() {
        all.push(paint.dim(&format!("{indent}stderr:")));
        let (shown, missing) = stream_lines(paint, &text.stderr, usize::MAX, &format!("{indent}  "));
        all.extend(shown);
        cut |= missing;
    }
    (all, cut)
}

fn stream_lines(paint: Paint, clip: &Clip, most: usize, indent: &str) -> (Vec<String>, bool) {
    if clip.is_empty() {
        return (Vec::new(), false);
    }
    let lines: Vec<String> = foreign_lines(&clip.text).collect();
    let skipped = lines.len().saturating_sub(most);
    let missing = skipped as u64 + clip.cut_lines;
    let mut shown = Vec::with_capacity(lines.len() - skipped + 1);
    let mut cut = missing > 0;
    if cut {
        let count = plural(usize::try_from(missing).unwrap_or(usize::MAX), "earlier line");
        shown.push(paint.dim(&format!("{indent}{} {count}", paint.ellipsis())));
    }
    for line in lines.into_iter().skip(skipped) {
        // Where only some lines are wanted, one endless line must not fill the screen either.
        let clipped = if most == usize::MAX { line.clone() } else { paint.clip(&line, LINE_COLUMNS) };
        cut |= clipped != line;
        shown.push(if line.is_empty() { line } else { format!("{indent}{clipped}") });
    }
    (shown, cut)
}

/// The command that shows all of it.
pub(super) fn show_hint(board: &Board, host: HostIx, round: RoundIx, task: TaskIx) -> String {
    let run = short_id(&board.header.run);
    let db = board.db.as_ref().map_or_else(String::new, |db| format!(" --db {}", quote(db)));
    let (host, task) = (quote(&board.host_name(host)), quote(&task_key(board, round, task)));
    visible(&format!("roundsman show {run} --host {host} --task {task}{db}"))
}
