//! Who is awaited, for what, and since when: for the live block, and for a line now and then where there is none.
//!
//! Hosts that are asked the same are told together, those that have been awaited longest first. Knows the board and no
//! terminal; the lines that it makes are plain text.

use std::collections::BTreeMap;

use super::board::{Board, Link};
use super::paint::Paint;
use super::words::{hosts_phrase, task_name};
use crate::model::{HostIx, RoundIx, StepId, TaskIx};
use crate::text::{format_duration, plural};

/// A connection is awaited when it takes so long, ms; most take less.
const SLOW_CONNECTION: i64 = 3_000;
/// Silence before the first line, and the longest between two, ms.
const FIRST_GAP: i64 = 30_000;
const LAST_GAP: i64 = 600_000;
/// Things that one line names, and columns for names of hosts and for a host's last words.
const NAMED: usize = 4;
const NAMES: usize = 60;
const WORDS: usize = 60;

/// What hosts are awaited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum For {
    /// A task's end.
    Task(RoundIx, TaskIx),
    /// A session.
    Connection,
    /// A session, after a refusal.
    AnotherTry,
}

/// Hosts that are awaited for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Awaited {
    /// For what.
    pub(super) what: For,
    /// The longest of them, UTC ms.
    pub(super) since: i64,
    /// Who, in their order.
    pub(super) hosts: Vec<HostIx>,
    /// The execution of the one that has been awaited longest.
    step: Option<(StepId, u32)>,
}

impl Awaited {
    /// What they are awaited for, in words.
    pub(super) fn words(&self, board: &Board, paint: Paint) -> String {
        match self.what {
            For::Task(round, task) => task_name(board, paint, round, task),
            For::Connection => "connecting".to_owned(),
            For::AnotherTry => "connecting once more".to_owned(),
        }
    }

    /// The last line that the one which has been awaited longest printed.
    pub(super) fn last_line(&self, board: &Board, paint: Paint, most: usize) -> Option<String> {
        let (step, attempt) = self.step?;
        let line = board.tails.last_line(step, attempt)?;
        Some(paint.one_line(&line, most)).filter(|line| !line.is_empty())
    }
}

/// Whom the run waits for, the longest first.
pub(super) fn awaited(board: &Board, now: i64) -> Vec<Awaited> {
    let mut groups: BTreeMap<For, Awaited> = BTreeMap::new();
    let mut add = |what: For, since: i64, host: HostIx, step: Option<(StepId, u32)>| {
        let group = groups.entry(what).or_insert_with(|| Awaited { what, since, hosts: Vec::new(), step });
        if since < group.since {
            (group.since, group.step) = (since, step);
        }
        if group.hosts.last() != Some(&host) {
            group.hosts.push(host);
        }
    };
    for ((step, attempt), running) in board.running.iter().filter(|(_, running)| running.began) {
        add(For::Task(step.round, step.task), running.since, step.host, Some((*step, *attempt)));
    }
    for (host, state) in &board.hosts {
        let what = match state.link {
            Link::Connecting => For::Connection,
            Link::Retrying => For::AnotherTry,
            _ => continue,
        };
        if now - state.since >= SLOW_CONNECTION {
            add(what, state.since, *host, None);
        }
    }
    let mut groups: Vec<Awaited> = groups.into_values().collect();
    groups.sort_by_key(|group| (group.since, group.what));
    groups
}

/// Hosts of rounds under way whose turn has not come.
pub(super) fn queued(board: &Board) -> usize {
    let hosts = board.open_rounds().flat_map(|(_, round)| &round.hosts);
    hosts.filter(|host| board.hosts.get(host).is_none_or(|state| state.link == Link::None)).count()
}

/// When to say who is awaited where nothing else says that the run goes on.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// When the last line was written, UTC ms.
    last: Option<i64>,
    /// How long the silence may last.
    gap: i64,
}

impl Patience {
    /// Something else was told.
    pub(super) fn told(&mut self, now: i64) {
        (self.last, self.gap) = (Some(now), FIRST_GAP);
    }

    /// Who is awaited is to be said at the next tick.
    pub(super) fn at_once(&mut self) {
        (self.last, self.gap) = (Some(i64::MIN / 2), FIRST_GAP / 2);
    }

    /// The line that is due.
    pub(super) fn line(&mut self, board: &Board, paint: Paint, now: i64) -> Option<String> {
        let last = *self.last.get_or_insert(now);
        if now - last < self.gap.max(FIRST_GAP / 2) || !board.begun || board.end.is_some() {
            return None;
        }
        let line = line(board, paint, now)?;
        (self.last, self.gap) = (Some(now), (self.gap * 2).clamp(FIRST_GAP, LAST_GAP));
        Some(line)
    }
}

fn line(board: &Board, paint: Paint, now: i64) -> Option<String> {
    let groups = awaited(board, now);
    let mut told: Vec<String> = groups.iter().take(NAMED).map(|group| one(board, paint, group, now)).collect();
    let more: usize = groups.iter().skip(NAMED).map(|group| group.hosts.len()).sum();
    if more > 0 {
        told.push(format!("{more} more"));
    }
    let queued = queued(board);
    if queued > 0 {
        told.push(format!("{} queued", plural(queued, "host")));
    }
    (!told.is_empty()).then(|| format!("waiting for {}", told.join("; ")))
}

/// `web03: patch/upgrade (2m10s, last line: "…")`.
fn one(board: &Board, paint: Paint, group: &Awaited, now: i64) -> String {
    let since = std::time::Duration::from_millis(u64::try_from(now - group.since).unwrap_or(0) / 1000 * 1000);
    let words = group.last_line(board, paint, WORDS).map_or_else(String::new, |line| format!(", last line: \"{line}\""));
    let hosts = hosts_phrase(board, &group.hosts, NAMES);
    format!("{hosts}: {} ({}{words})", group.words(board, paint), format_duration(since))
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::super::testing::{Feed, START};
    use super::*;
    use crate::event::{RunEvent, Stream};

    fn board(feed: Feed) -> Board {
        let mut board = Board::new(false);
        for event in feed.events() {
            board.fold(&event);
        }
        board
    }

    fn feed() -> Feed {
        let hosts = ["web01", "web02", "web03", "web04"];
        let feed = Feed::new("p", &hosts, &[("patch", &["upgrade", "check"])]).begin(0);
        let feed = feed.connected(0).connected(1).event(RunEvent::HostConnecting { host: HostIx::new(2) });
        feed.start(0, 0, 0).output(0, 0, 0, Stream::Stdout, "Reading lists\nUnpacking \u{1b}[1mnginx\n").wait(5_000).start(0, 0, 1)
    }

    #[test]
    fn who_is_awaited_for_what_and_what_was_heard_last() {
        let board = board(feed());
        let paint = Paint::new(&Options::default());
        let told = line(&board, paint, START + 130_000).unwrap();
        assert_eq!(
            told,
            "waiting for web03: connecting (2m09s); 2 hosts: web[01-02]: patch/upgrade (2m09s, last line: \"Unpacking \\x1b[1mnginx\"); 1 host \
             queued"
        );
        assert_eq!(line(&board, paint, START + 1_000).unwrap().matches("connecting").count(), 0, "it may take a moment");
    }

    #[test]
    fn silence_is_broken_after_half_a_minute_and_then_more_seldom() {
        let (board, mut patience) = (board(feed()), Patience::default());
        let paint = Paint::new(&Options::default());
        let told = |patience: &mut Patience, from: i64, to: i64| -> Vec<i64> {
            (from..to).filter(|second| patience.line(&board, paint, START + second * 1000).is_some()).collect()
        };
        patience.told(START);
        assert_eq!(told(&mut patience, 0, 1000), [30, 90, 210, 450, 930]);
        patience.told(START + 1_000_000);
        assert_eq!(told(&mut patience, 1000, 1060), [1030], "other lines begin it anew");
        patience.at_once();
        assert_eq!(told(&mut patience, 1060, 1080), [1060]);
    }
}
