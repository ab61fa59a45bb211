//! The phrases that lines, summary and `show` share.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::board::Board;
use super::paint::Paint;
use super::tally::{EndKey, TaskState};
use crate::event::{Answer, Status};
use crate::model::{BlockIx, HostIx, RoundIx, TaskIx};
use crate::text::{fold_names, plural, visible};

/// Columns that a free name may take in a line.
const NAME_COLUMNS: usize = 40;

/// So many reasons for one status are told in a task's line.
const MOST_REASONS: usize = 3;

/// The order in which statuses are counted out to people.
const ORDER: [Status; 7] =
    [Status::Ok, Status::Changed, Status::Undecided, Status::Skipped, Status::Failed, Status::Cancelled, Status::Unknown];

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
        0 => plural(0, "host"),
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
    match key.status {
        Status::Failed if key.before && !key.allowed && !key.rescued => "failed (before)",
        status if key.before && status.is_good() => "done before",
        Status::Failed if key.rescued => "failed (rescued)",
        Status::Failed if key.allowed => "failed (allowed)",
        status => told_word(status, key.answer),
    }
}

/// A status; in a dry run what a run would do.
pub(super) fn told_word(status: Status, answer: Option<Answer>) -> &'static str {
    match answer {
        None | Some(Answer::Unknown) => status.word(),
        Some(Answer::Nothing) => "nothing",
        Some(Answer::Reads) => "reads",
        Some(Answer::Changes) => "will change",
        Some(Answer::Runs) => "will run",
        Some(Answer::Fails) => "will fail",
    }
}

/// What is counted under a status; in a dry run it has not happened.
pub(super) fn counted_word(board: &Board, status: Status) -> &'static str {
    match status {
        Status::Changed if board.header.dry => "would change",
        Status::Failed if board.header.dry => "would fail",
        status => status.word(),
    }
}

/// `patch/release`, `patch/release (ann)`: a block, and its item.
pub(super) fn block_label(board: &Board, paint: Paint, round: RoundIx, block: BlockIx, item: Option<&str>) -> String {
    let name = paint.one_line(&board.block_name(round, block), NAME_COLUMNS);
    let item = item.map_or_else(String::new, |item| format!(" ({})", paint.one_line(item, NAME_COLUMNS)));
    format!("{}/{name}{item}", round_name(board, round))
}

/// `stopped: 2 of 40 hosts failed, 1 may; 29 hosts were not touched`.
pub(super) fn stop_phrase(board: &Board, paint: Paint, reason: &str) -> String {
    let untouched = board.untouched();
    let were = if untouched == 1 { "was" } else { "were" };
    let rest = if untouched > 0 { format!("; {} {were} not touched", plural(untouched, "host")) } else { String::new() };
    format!("stopped: {}{rest}", paint.one_line(reason, 200))
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
            parts.push(paint.status(status, &format!("{count} {}", counted_word(board, status))));
        }
    }
    if counts.before > 0 {
        parts.push(paint.dim(&format!("{} done before", counts.before)));
    }
    if counts.allowed > 0 {
        parts.push(format!("{} failed (allowed)", counts.allowed));
    }
    if counts.rescued > 0 {
        parts.push(format!("{} failed (rescued)", counts.rescued));
    }
    let rescued = board.hosts_rescued();
    if rescued > 0 {
        parts.push(paint.status(Status::Changed, &format!("{} rescued", plural(rescued, "host"))));
    }
    let gone = board.hosts_gone();
    if gone > 0 {
        parts.push(paint.status(Status::Unreachable, &format!("{} unreachable", plural(gone, "host"))));
    }
    if parts.is_empty() { "no step has ended".to_owned() } else { parts.join(paint.dot()) }
}

/// The first column for a task on all hosts: its worst end. Hosts that are gone are no fault of the task's.
pub(super) fn lead_of(task: &TaskState, paint: Paint) -> String {
    if !task.ends.is_empty() && task.ends.keys().all(|key| key.before && key.status.is_good()) {
        return paint.lead_with(Status::Skipped, "before");
    }
    let rank = |key: &EndKey| match key.status {
        Status::Unreachable => 0,
        Status::Skipped => 1,
        Status::Ok => 2,
        Status::Undecided => 3,
        Status::Changed => 3,
        Status::Failed if key.allowed || key.rescued => 4,
        Status::Cancelled => 5,
        Status::Unknown => 6,
        Status::Failed => 7,
    };
    task.ends.keys().max_by_key(|key| rank(key)).map_or_else(
        || paint.lead(Status::Skipped),
        |key| {
            if key.rescued { paint.lead_with(Status::Changed, "rescued") } else { lead_of_end(key.status, key.allowed, key.answer, paint) }
        },
    )
}

/// The first column for one end.
pub(super) fn lead_of_end(status: Status, allowed: bool, answer: Option<Answer>, paint: Paint) -> String {
    if allowed && status == Status::Failed { paint.lead_allowed() } else { paint.lead_with(status, told_word(status, answer)) }
}

/// How a task ended, equal ends folded: `200 hosts`, or `198 changed · 1 ok: web07 · 1 failed: web09 (exit code 2)`.
pub(super) fn ends_phrase(board: &Board, paint: Paint, task: &TaskState, room: usize) -> String {
    let groups = groups(board, paint, task);
    let with_reason = |word: &str, reason: &Option<String>| {
        let reason = reason.as_deref().filter(|reason| !reason.is_empty() && *reason != word);
        reason.map_or_else(String::new, |reason| format!(" ({})", paint.one_line(reason, 60)))
    };
    if let [Group { word, reason, hosts }] = &groups[..] {
        return format!("{}{}", hosts_phrase(board, hosts, 0), with_reason(word, reason));
    }
    let most = groups.iter().map(|group| group.hosts.len()).max().unwrap_or(0);
    let parts = groups.iter().map(|Group { word, reason, hosts }| {
        let list = host_list(board, hosts);
        // Those who are most need no names, they are the rest; those who are gone are told once, not with every task.
        let nameless = (hosts.len() == most && most > 1) || *word == Status::Unreachable.word() || list.len() > room;
        let names = if nameless { String::new() } else { format!(": {list}") };
        format!("{} {word}{names}{}", hosts.len(), with_reason(word, reason))
    });
    parts.collect::<Vec<_>>().join(paint.dot())
}

/// Hosts on which a task ended alike.
struct Group {
    word: &'static str,
    reason: Option<String>,
    hosts: Vec<HostIx>,
}

/// Reasons that are one but for the host's name, and the hosts that have them.
type Alike<'a> = (BTreeSet<&'a String>, Vec<HostIx>);

/// A task's ends by status and reason, whatever was printed, the most frequent first.
///
/// A reason that differs only in the host's own name is the same reason; more than [`MOST_REASONS`] are counted.
fn groups(board: &Board, paint: Paint, task: &TaskState) -> Vec<Group> {
    let mut alike: IndexMap<(&'static str, Option<String>), Alike<'_>> = IndexMap::new();
    let mut shared: IndexMap<Option<&String>, usize> = IndexMap::new();
    let mut reasons = task.ends.keys().map(|key| (key.status, &key.reason));
    let first = reasons.next();
    let alone = reasons.all(|other| Some(other) == first);
    for (key, hosts) in &task.ends {
        *shared.entry(told_of(key, alone)).or_default() += hosts.len();
    }
    for (key, hosts) in &task.ends {
        let told = told_of(key, alone);
        let is_shared = shared.get(&told).is_some_and(|count| *count > 1);
        for host in hosts {
            let reason = told.map(|reason| if is_shared { reason.clone() } else { without_names(board, *host, reason) });
            let (written, list) = alike.entry((status_word(key), reason)).or_default();
            list.push(*host);
            written.extend(told);
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for ((word, reason), (written, hosts)) in alike {
        let reason = if written.len() > 1 {
            reason.map(|reason| reason.replace('\0', paint.any_host()))
        } else {
            written.first().map(ToString::to_string)
        };
        groups.push(Group { word, reason, hosts });
    }
    let mut words: Vec<&'static str> = groups.iter().map(|group| group.word).collect();
    words.dedup();
    for word in words {
        let reasons = groups.iter().filter(|group| group.word == word).count();
        if reasons > MOST_REASONS {
            let (same, mut rest): (Vec<Group>, Vec<Group>) = groups.into_iter().partition(|group| group.word == word);
            let hosts = same.into_iter().flat_map(|group| group.hosts).collect();
            rest.push(Group { word, reason: Some(format!("{reasons} different reasons")), hosts });
            groups = rest;
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.hosts.len()));
    groups
}

/// A reason that is worth telling with every task; `alone`: where all ended alike.
fn told_of(key: &EndKey, alone: bool) -> Option<&String> {
    // Why a host is gone is told with the host, once. How items went well matters where no other host did otherwise.
    let matters = match key.status {
        Status::Unreachable => false,
        Status::Ok | Status::Changed => alone,
        _ => true,
    };
    key.reason.as_ref().filter(|_| matters)
}

/// A message with the host's own name and address taken out, so that equal troubles are equal texts.
pub(super) fn without_names(board: &Board, host: HostIx, message: &str) -> String {
    let Some(entry) = board.header.hosts.get(host.index()) else { return message.to_owned() };
    let address = entry.address.rsplit_once('@').map_or(entry.address.as_str(), |(_, address)| address);
    let address = address.rsplit_once(':').map_or(address, |(address, _)| address).trim_matches(['[', ']']);
    let mut names = vec![entry.name.as_str(), address];
    // The longer first: a name may be part of the address.
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.into_iter().filter(|name| !name.is_empty()).fold(message.to_owned(), |text, name| without_word(&text, name))
}

/// A text with a zero byte for each `word` that stands there by itself.
fn without_word(text: &str, word: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let inside = before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        kept.push_str(before);
        kept.push_str(if inside { word } else { "\u{0}" });
        rest = after;
    }
    kept + rest
}

/// The first characters of a run's id that name it: those of its time.
pub(super) fn short_id(run: &str) -> String {
    run.chars().take(13).collect()
}
