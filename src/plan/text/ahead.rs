//! What is said of the way ahead: what a round may change, and how long the whole may take.

use std::time::Duration;

use indexmap::IndexMap;

use crate::plan::critical::{Expected, PathStep};
use crate::plan::view::ChangesView;
use crate::text::{fold_names, format_duration, plural};

/// Below this, in ms, what decides the end is not worth a word.
const SHORT_MS: u64 = 1000;

/// The most parts of a critical path that are named.
const MOST_PARTS: usize = 6;

/// What a round may change, in a line.
pub(super) fn of_changes(changes: &ChangesView) -> String {
    let hosts = match &changes.hosts[..] {
        [only] => only.clone(),
        hosts => plural(hosts.len(), "host"),
    };
    let up_to = if changes.steps == 1 { "" } else { "up to " };
    let mut line = format!("{up_to}{} may change {hosts}", plural(changes.steps, "step"));
    if let [only] = &changes.users[..]
        && only.steps == changes.steps
    {
        line.push_str(&format!(", as {}", only.user));
        return line;
    }
    let users: Vec<String> = changes
        .users
        .iter()
        .map(|user| {
            let on = if user.hosts == changes.hosts { String::new() } else { format!(" on {}", fold_names(&user.hosts)) };
            format!("{} as {}{on}", user.steps, user.user)
        })
        .collect();
    if !users.is_empty() {
        line.push_str(&format!("; {}", users.join(", ")));
    }
    line
}

/// How long it may take and why, in pieces between which a line may break.
pub(super) fn of_expected(expected: &Expected) -> Vec<String> {
    let runs = format!("from {}", plural(expected.runs, "earlier run"));
    if expected.duration_ms < SHORT_MS {
        return vec![format!("less than 1s, {runs}")];
    }
    let parts = parts(&expected.path);
    // A part that makes less than a twentieth decides little; and the longest few tell enough.
    let mut shown: Vec<usize> = (0..parts.len()).filter(|at| parts[*at].ms.saturating_mul(20) >= expected.duration_ms).collect();
    shown.sort_by_key(|at| (std::cmp::Reverse(parts[*at].ms), *at));
    shown.truncate(MOST_PARTS);
    shown.sort_unstable();
    let rest = parts.len() - shown.len();
    let mut pieces = vec![format!("about {}, {runs}:", time(expected.duration_ms))];
    let mut host = None;
    for (number, part) in shown.iter().map(|at| &parts[*at]).enumerate() {
        let arrow = if number == 0 { "" } else { "→ " };
        // A host is named where the way changes to it.
        let on = part.host.filter(|on| host != Some(*on)).map_or_else(String::new, |on| format!(", {on}"));
        host = part.host;
        let times = if part.times > 1 { format!(" ×{}", part.times) } else { String::new() };
        pieces.push(format!("{arrow}{}{times} ({}{on})", part.name, time(part.ms)));
    }
    if rest > 0 {
        let left = (0..parts.len()).filter(|at| !shown.contains(at)).map(|at| parts[at].ms).fold(0, u64::saturating_add);
        pieces.push(format!("and {rest} shorter ({})", time(left)));
    }
    pieces
}

/// How many tasks earlier runs don't tell of.
pub(super) fn of_unknown(expected: &Expected) -> Option<String> {
    let (unknown, tasks) = (expected.unknown_tasks, expected.tasks);
    let verb = if unknown == 1 { "has" } else { "have" };
    (unknown > 0).then(|| format!("{unknown} of {} {verb} no earlier run", plural(tasks, "task")))
}

/// All that a path spends on one thing.
struct Part<'a> {
    name: String,
    ms: u64,
    times: usize,
    /// Where it is always the same.
    host: Option<&'a str>,
}

/// The parts of a path in the order in which each begins; what it comes to again, batch after batch, stands once.
fn parts(path: &[PathStep]) -> Vec<Part<'_>> {
    let mut parts: IndexMap<String, Part<'_>> = IndexMap::new();
    for step in path {
        let name = match (&step.task, &step.host) {
            (Some(task), _) => format!("{}/{task}", step.round),
            (None, Some(_)) => format!("{}: connecting", step.round),
            (None, None) => format!("{}: pause", step.round),
        };
        let host = step.host.as_deref();
        let part = parts.entry(name.clone()).or_insert(Part { name, ms: 0, times: 0, host });
        part.ms = part.ms.saturating_add(step.duration_ms);
        part.times += 1;
        part.host = part.host.filter(|_| part.host == host);
    }
    parts.into_values().collect()
}

fn time(ms: u64) -> String {
    format_duration(Duration::from_millis(ms))
}
