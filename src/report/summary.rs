//! The end of a run: what failed first, then who could not be reached, then figures.

use indexmap::IndexMap;

use super::aftermath::{blocks, pending, stopped};
use super::board::{Board, HostState, Link};
use super::exit::exit_meaning;
use super::failure::{both_streams, show_hint};
use super::narrator::millis;
use super::paint::{Paint, foreign_lines};
use super::table::{Align, Table};
use super::tally::{Counts, EndKey};
use super::words::{
    counted_word, host_list, hosts_phrase, round_name, run_counts, short_id, status_word, task_name, task_place, without_names,
};
use super::{Options, Verbosity};
use crate::event::Status;
use crate::model::{HostIx, RoundIx, TaskIx};
use crate::text::{plural, visible};

/// Lines of each stream of a failure.
const LINES: usize = 10;
/// Different failures of one task.
const BLOCKS: usize = 10;
/// Hosts in the table of hosts.
const HOSTS: usize = 12;

/// Tells how a run ended; each line ends with a newline.
#[must_use]
pub fn summary(board: &Board, options: &Options) -> String {
    let paint = Paint::new(options);
    let mut sections = Vec::new();
    if !board.is_exec() {
        sections.push(failures(board, paint, options.record.is_some()));
    }
    sections.push(unreachable(board, paint));
    if !board.is_exec() {
        sections.push(blocks(board, paint));
        sections.push(pending(board, paint));
        sections.push(left_out(board, paint));
        sections.push(stopped(board, paint));
        if options.verbosity > Verbosity::Quiet {
            sections.push(rounds_table(board, paint, options.width));
            sections.push(hosts_table(board, paint, options.width));
        }
    }
    sections.push(last_lines(board, options, paint));
    sections.retain(|section| !section.is_empty());
    let mut text = if options.verbosity == Verbosity::Quiet { String::new() } else { "\n".to_owned() };
    text.push_str(&sections.iter().map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n"));
    text.push('\n');
    text
}

/// Every failure, equal ones folded over hosts, those that were allowed or made up for last.
pub(super) fn failures(board: &Board, paint: Paint, recorded: bool) -> Vec<String> {
    let mut found = Vec::new();
    for harmless in [false, true] {
        for (round, state) in &board.rounds {
            for (task, ends) in &state.tasks {
                let is_failure =
                    |key: &EndKey| matches!(key.status, Status::Failed | Status::Unknown) && (key.allowed || key.rescued) == harmless;
                let mut list: Vec<_> = ends.ends.iter().filter(|(key, _)| is_failure(key)).collect();
                // Those whose words are not kept say least.
                list.sort_by_key(|(key, hosts)| (key.text.is_empty(), std::cmp::Reverse(hosts.len())));
                if !list.is_empty() {
                    found.push((*round, *task, list));
                }
            }
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![paint.bold("Failures:")];
    for (round, task, ends) in found {
        for (key, hosts) in ends.iter().take(BLOCKS) {
            lines.push(String::new());
            lines.extend(failure(board, paint, round, task, key, hosts, recorded));
        }
        let rest: Vec<HostIx> = ends.iter().skip(BLOCKS).flat_map(|(_, hosts)| hosts.iter().copied()).collect();
        if let Some(host) = rest.first() {
            let name = task_name(board, paint, round, task);
            lines.push(String::new());
            lines.push(format!("{name}{}failed otherwise on {}", paint.dot(), hosts_phrase(board, &rest, usize::MAX)));
            if recorded {
                lines.push(paint.dim(&format!("  see: {}", show_hint(board, *host, round, task))));
            }
        }
    }
    lines
}

fn failure(board: &Board, paint: Paint, round: RoundIx, task: TaskIx, key: &EndKey, hosts: &[HostIx], recorded: bool) -> Vec<String> {
    let dot = paint.dot();
    let name = paint.status(key.status, &task_name(board, paint, round, task));
    let reason = key.reason.as_deref().unwrap_or("");
    let mut reason = foreign_lines(reason);
    let mut what = status_word(key).to_owned();
    if let Some(first) = reason.next().filter(|first| !first.is_empty()) {
        what = format!("{what}: {first}");
    }
    let mut lines = vec![format!("{name}{dot}{}{dot}{what}", hosts_phrase(board, hosts, usize::MAX))];
    lines.extend(reason.map(|line| format!("    {line}")));
    lines.extend(task_place(board, round, task).map(|place| paint.dim(&format!("  at {place}"))));
    let mut cut = false;
    for item in &key.items {
        let reason = item.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", paint.one_line(reason, 300)));
        lines.push(format!("  {}{reason}", paint.bold(&paint.one_line(&item.label, 60))));
        let (output, missing) = both_streams(paint, &item.text, LINES);
        lines.extend(output.into_iter().map(|line| format!("  {line}")));
        cut |= missing || item.text.is_empty();
    }
    if key.items.is_empty() {
        let (output, missing) = both_streams(paint, &key.text, LINES);
        lines.extend(output);
        cut = missing;
    }
    let first = hosts.iter().min();
    if let (true, true, Some(host)) = (cut, recorded, first) {
        lines.push(paint.dim(&format!("  all of it: {}", show_hint(board, *host, round, task))));
    }
    lines
}

/// Hosts that can't be reached, those folded of whom OpenSSH said the same.
pub(super) fn unreachable(board: &Board, paint: Paint) -> Vec<String> {
    let mut groups: IndexMap<(String, String), (String, Vec<HostIx>)> = IndexMap::new();
    for (host, state) in &board.hosts {
        let (class, message) = match &state.link {
            Link::Unreachable(class, message) => (class.clone(), message),
            Link::Lost(message) => ("connection lost".to_owned(), message),
            Link::None | Link::Connecting | Link::Retrying | Link::Connected => continue,
        };
        let key = (class, without_names(board, *host, message));
        groups.entry(key).or_insert_with(|| (message.clone(), Vec::new())).1.push(*host);
    }
    if groups.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![paint.bold("Unreachable:")];
    for ((class, alike), (message, hosts)) in groups {
        let names = paint.status(Status::Unreachable, &hosts_phrase(board, &hosts, usize::MAX));
        lines.push(String::new());
        lines.push(format!("{names}{}{}", paint.dot(), visible(&class)));
        lines.extend(foreign_lines(&message).map(|line| format!("    {line}")));
        if hosts.len() > 1 && alike != message {
            lines.push(paint.dim(&format!("  (said of {}; of the others alike)", host_list(board, &hosts[..1]))));
        }
    }
    lines
}

/// Hosts that a round left out because of an earlier one, and rounds that did not run.
fn left_out(board: &Board, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for (round, state) in &board.rounds {
        let name = round_name(board, *round);
        if let Some(reason) = &state.skipped {
            lines.push(format!("round {name} did not run: {}", paint.one_line(reason, 200)));
        }
        // Those that were not touched because the run was stopped are counted where that is told.
        let told = |reason: &str| reason != "when" && board.flow.stopped.as_ref().is_none_or(|(_, stopped)| stopped != reason);
        for (reason, hosts) in state.left_out.iter().filter(|(reason, _)| told(reason)) {
            lines.push(format!("left out of {name}: {} ({})", hosts_phrase(board, hosts, usize::MAX), paint.one_line(reason, 100)));
        }
    }
    lines
}

/// The statuses with a column of their own; those that nothing has are left out, but for the first two.
const COUNTED: [Status; 8] = [
    Status::Ok,
    Status::Changed,
    Status::Undecided,
    Status::Skipped,
    Status::Failed,
    Status::Unreachable,
    Status::Cancelled,
    Status::Unknown,
];

fn counted(board: &Board) -> Vec<(Status, &'static str)> {
    let has = |status: Status| with_allowed(&board.counts, status) > 0;
    let counted = COUNTED.into_iter().filter(|status| matches!(status, Status::Ok | Status::Changed) || has(*status));
    counted.map(|status| (status, counted_word(board, status))).collect()
}

fn with_allowed(counts: &Counts, status: Status) -> usize {
    counts.of(status) + if status == Status::Failed { counts.allowed + counts.rescued } else { 0 }
}

fn count_cells(board: &Board, counts: &Counts) -> impl Iterator<Item = (String, Option<Status>)> {
    counted(board).into_iter().map(|(status, _)| {
        let count = with_allowed(counts, status);
        (count.to_string(), (count > 0 && status != Status::Skipped).then_some(status))
    })
}

fn rounds_table(board: &Board, paint: Paint, width: usize) -> Vec<String> {
    let begun: Vec<_> = board.rounds.iter().filter(|(_, round)| round.started_at.is_some()).collect();
    if begun.len() < 2 {
        return Vec::new();
    }
    let mut titles = vec![("round", Align::Left), ("hosts", Align::Right)];
    titles.extend(counted(board).into_iter().map(|(_, title)| (title, Align::Right)));
    titles.push(("time", Align::Right));
    let mut table = Table::new(paint, &titles);
    for (ix, round) in begun {
        let mut cells = vec![(round_name(board, *ix), None), (round.hosts.len().to_string(), None)];
        cells.extend(count_cells(board, &round.counts));
        let ended = round.ended_at.unwrap_or(board.at);
        let took = round.started_at.map_or(0, |started| u64::try_from(ended - started).unwrap_or(0));
        cells.push((millis(took), None));
        table.row(cells);
    }
    let mut cells = vec![("all".to_owned(), None), (board.hosts_seen().to_string(), None)];
    cells.extend(count_cells(board, &board.counts));
    cells.push((millis(duration(board)), None));
    table.row(cells);
    table.render(width)
}

fn hosts_table(board: &Board, paint: Paint, width: usize) -> Vec<String> {
    let few = (2..=HOSTS).contains(&board.hosts.len());
    let chosen: Vec<(&HostIx, &HostState)> = board.hosts.iter().filter(|(_, host)| few || host.in_trouble()).collect();
    // Beyond a few lines the folded lists above say it better.
    if chosen.is_empty() || chosen.len() > HOSTS || board.hosts.len() < 2 {
        return Vec::new();
    }
    let mut titles = vec![("host", Align::Left)];
    titles.extend(counted(board).into_iter().map(|(_, title)| (title, Align::Right)));
    let mut table = Table::new(paint, &titles);
    for (ix, host) in chosen {
        let trouble = host.in_trouble().then_some(if host.is_gone() { Status::Unreachable } else { Status::Failed });
        let mut cells = vec![(visible(&board.host_name(*ix)), trouble)];
        cells.extend(count_cells(board, &host.counts));
        table.row(cells);
    }
    table.render(width)
}

fn last_lines(board: &Board, options: &Options, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    let status = board.end.as_ref().map_or("no end", |end| end.status.as_str());
    let color = match status {
        "ok" => Status::Ok,
        "drift" => Status::Changed,
        "unreachable" => Status::Unreachable,
        _ => Status::Failed,
    };
    if options.verbosity > Verbosity::Quiet && !board.is_exec() {
        let counts = run_counts(board, paint);
        lines.push(format!("{}: {counts}", paint.status(color, &visible(status))));
    }
    let dot = paint.dot();
    let run = short_id(&board.header.run);
    let how = match board.end.as_ref().map(|end| (end.status.as_str(), end.exit_code)) {
        Some(("error", 1)) => "not recorded in",
        Some(("error", _)) => "recorded only in part in",
        _ => "recorded in",
    };
    let place = options.record.as_deref().map_or_else(String::new, |record| format!(" {how} {}", visible(record)));
    let hosts = plural(board.hosts_seen(), "host");
    let steps = plural(board.counts.total(), "step");
    lines.push(format!("run {run}{place}{dot}{hosts}{dot}{steps}{dot}{}", millis(duration(board))));
    if let Some(code) = board.end.as_ref().map(|end| end.exit_code).filter(|code| *code != 0) {
        let meaning = exit_meaning(code).map_or_else(String::new, |meaning| format!(": {meaning}"));
        lines.push(paint.status(color, &format!("exit code {code}{meaning}")));
    }
    lines
}

/// How long the run took, or has taken so far.
pub(super) fn duration(board: &Board) -> u64 {
    board.end.as_ref().map_or_else(|| u64::try_from(board.at - board.started_at).unwrap_or(0), |end| end.duration_ms)
}

#[cfg(test)]
mod tests;
