//! The phrases that lines, summary and `show` share.

use super::board::{Board, EndKey, TaskState};
use super::paint::Paint;
use crate::event::Status;
use crate::model::{HostIx, RoundIx, TaskIx};
use crate::text::{fold_names, plural, visible};

/// Columns that a free name may take in a line.
const NAME_COLUMNS: usize = 40;

/// The order in which statuses are counted out to people.
const ORDER: [Status; 6] = [Status::Ok, Status::Changed, Status::Skipped, Status::Failed, Status::Cancelled, Status::Unknown];

/// Names of hosts, folded, in the inventory's order.
pub(super) fn host_list(board: &Board, hosts: &[HostIx]) -> String {
    let mut hosts = hosts.to_vec();
    hosts.sort_unstable();
    hosts.dedup();
    let names: Vec<String> = hosts.into_iter().map(|host| board.host_name(host)).collect();
    visible(&fold_names(&names))
}

/// `web07`, or `12 hosts: web[01-12]`; the names are left out where they would take more than `room` columns.
pub(super) fn hosts_phrase(board: &Board, hosts: &[HostIx], room: usize) -> String {
    let list = host_list(board, hosts);
    match hosts.len() {
        1 => list,
        count if list.len() <= room => format!("{}: {list}", plural(count, "host")),
        count => plural(count, "host"),
    }
}

/// A round's id.
pub(super) fn round_name(board: &Board, round: RoundIx) -> String {
    board.header.rounds.get(round.index()).map_or_else(|| format!("#{}", round.0), |entry| visible(&entry.id))
}

/// `survey/kernel`: the round's id and the task's name.
pub(super) fn task_name(board: &Board, paint: Paint, round: RoundIx, task: TaskIx) -> String {
    let entry = board.header.rounds.get(round.index()).and_then(|entry| entry.tasks.get(task.index()));
    let name = entry.map_or_else(|| format!("#{}", task.0), |entry| paint.one_line(&entry.name, NAME_COLUMNS));
    format!("{}/{name}", round_name(board, round))
}

/// What `--task` takes for a task: its id where it has one, else its name.
pub(super) fn task_key(board: &Board, round: RoundIx, task: TaskIx) -> String {
    let entry = board.header.rounds.get(round.index()).and_then(|entry| entry.tasks.get(task.index()));
    let key = entry.map_or("", |entry| entry.id.as_deref().unwrap_or(&entry.name));
    format!("{}/{key}", round_name(board, round))
}

/// Where a task stands: `site.yml:34`.
pub(super) fn task_place(board: &Board, round: RoundIx, task: TaskIx) -> Option<String> {
    let place = &board.header.rounds.get(round.index())?.tasks.get(task.index())?.place;
    (!place.file.is_empty()).then(|| format!("{}:{}", visible(&place.file), place.line))
}

/// `failed`, `failed (allowed)`.
pub(super) fn status_word(key: &EndKey) -> &'static str {
    if key.allowed && key.status == Status::Failed { "failed (allowed)" } else { key.status.word() }
}

/// The whole run's figures, `148 ok · 3 changed · 2 failed · 1 host unreachable`; what nothing has is left out.
///
/// Of unreachable hosts the hosts are counted, not the steps that they could not do.
pub(super) fn run_counts(board: &Board, paint: Paint) -> String {
    let counts = &board.counts;
    let mut parts = Vec::new();
    for status in ORDER {
        let count = counts.of(status);
        if count > 0 {
            parts.push(paint.status(status, &format!("{count} {}", status.word())));
        }
    }
    if counts.allowed > 0 {
        parts.push(format!("{} failed (allowed)", counts.allowed));
    }
    let gone = board.hosts_gone();
    if gone > 0 {
        parts.push(paint.status(Status::Unreachable, &format!("{} unreachable", plural(gone, "host"))));
    }
    if parts.is_empty() { "no step has ended".to_owned() } else { parts.join(paint.dot()) }
}

/// The status that stands for a task on all hosts: the worst. Hosts that are gone are no fault of the task's.
pub(super) fn worst(task: &TaskState) -> Status {
    let rank = |key: &EndKey| match key.status {
        Status::Unreachable => 0,
        Status::Skipped => 1,
        Status::Failed if key.allowed => 2,
        Status::Ok => 2,
        Status::Changed => 3,
        Status::Cancelled => 4,
        Status::Unknown => 5,
        Status::Failed => 6,
    };
    task.ends.keys().max_by_key(|key| rank(key)).map_or(Status::Skipped, |key| match (key.status, key.allowed) {
        (Status::Failed, true) => Status::Ok,
        (status, _) => status,
    })
}

/// How a task ended, equal ends folded: `200 hosts`, or `198 changed · 1 ok: web07 · 1 failed: web09 (exit code 2)`.
pub(super) fn ends_phrase(board: &Board, paint: Paint, task: &TaskState, room: usize) -> String {
    let groups = groups(task);
    let with_reason = |word: &str, reason: &Option<String>| {
        let reason = reason.as_deref().filter(|reason| !reason.is_empty() && *reason != word);
        reason.map_or_else(String::new, |reason| format!(" ({})", paint.one_line(reason, 60)))
    };
    if let [(word, reason, hosts)] = &groups[..] {
        return format!("{}{}", hosts_phrase(board, hosts, 0), with_reason(word, reason));
    }
    let most = groups.iter().map(|(_, _, hosts)| hosts.len()).max().unwrap_or(0);
    let parts = groups.iter().map(|(word, reason, hosts)| {
        let list = host_list(board, hosts);
        // Those who are most need no names, they are the rest; those who are gone are told once, not with every task.
        let nameless = (hosts.len() == most && most > 1) || *word == Status::Unreachable.word() || list.len() > room;
        let names = if nameless { String::new() } else { format!(": {list}") };
        format!("{} {word}{names}{}", hosts.len(), with_reason(word, reason))
    });
    parts.collect::<Vec<_>>().join(paint.dot())
}

/// A task's ends by status and reason, whatever was printed, the most frequent first.
fn groups(task: &TaskState) -> Vec<(&'static str, Option<String>, Vec<HostIx>)> {
    let mut groups: Vec<(&'static str, Option<String>, Vec<HostIx>)> = Vec::new();
    for (key, hosts) in &task.ends {
        let word = status_word(key);
        match groups.iter_mut().find(|(other, reason, _)| *other == word && *reason == key.reason) {
            Some((_, _, list)) => list.extend(hosts),
            None => groups.push((word, key.reason.clone(), hosts.clone())),
        }
    }
    groups.sort_by_key(|(_, _, hosts)| std::cmp::Reverse(hosts.len()));
    groups
}

/// The first characters of a run's id that name it: those of its time.
pub(super) fn short_id(run: &str) -> String {
    run.chars().take(13).collect()
}
