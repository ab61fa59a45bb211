//! Events as lines: what stays on the screen, and all that a file or a pipe gets.
//!
//! Equal things are told once: a task has one line when it has ended on every host; of failures that are the same on
//! many hosts the first is told at once and the others are counted in the task's line and in the summary.

mod flow;

use std::collections::{BTreeMap, BTreeSet};

use super::board::{Board, Change};
use super::failure::{last_words, show_hint, whole};
use super::paint::Paint;
use super::tail::StepText;
use super::tally::{EndKey, TaskState};
use super::words::{ends_phrase, host_list, hosts_phrase, lead_of, lead_of_end, round_name, short_id, status_word, task_name};
use super::{Options, Verbosity};
use crate::event::{Event, Outcome, RunEvent, RunHeader, Status};
use crate::model::{BlockIx, HostIx, RoundIx, StepId, TaskIx};
use crate::text::{format_duration, plural, visible};

/// Of one task's different failures, and of one kind of refusal, so many are told at once.
const TOLD_AT_ONCE: usize = 5;
/// Lines of a host's own words that are told at once.
const LAST_WORDS: usize = 3;

/// Remembers what has been told.
pub(super) struct Narrator {
    paint: Paint,
    verbosity: Verbosity,
    room: usize,
    failures: BTreeMap<(RoundIx, TaskIx), usize>,
    refusals: BTreeMap<String, usize>,
    retries: BTreeMap<String, usize>,
    blocks: BTreeMap<(RoundIx, BlockIx), usize>,
    live: bool,
    told: BTreeSet<(RoundIx, TaskIx)>,
    /// Hosts whose session was lost and not opened again.
    lost: BTreeSet<HostIx>,
}

impl Narrator {
    pub(super) fn new(options: &Options) -> Narrator {
        let paint = Paint::new(options);
        // On a terminal a list of names should not fill more than about a line; a file has room.
        let room = if options.live { options.width.saturating_sub(40).max(20) } else { 200 };
        Narrator {
            paint,
            verbosity: options.verbosity,
            room,
            failures: BTreeMap::new(),
            refusals: BTreeMap::new(),
            retries: BTreeMap::new(),
            blocks: BTreeMap::new(),
            live: options.live,
            told: BTreeSet::new(),
            lost: BTreeSet::new(),
        }
    }

    /// The lines for an event that `board` has already taken in.
    pub(super) fn tell(&mut self, board: &Board, event: &Event, change: &Change) -> Vec<String> {
        let mut lines = Vec::new();
        if self.verbosity == Verbosity::Quiet && !board.is_exec() {
            return lines;
        }
        match &event.kind {
            RunEvent::RunStarted(header) if !board.is_exec() => lines.push(self.heading(header)),
            RunEvent::RoundStarted { round, hosts } if !board.is_exec() => self.round_started(board, *round, hosts, &mut lines),
            RunEvent::RoundSkipped { round, reason } => {
                let name = self.paint.bold(&format!("round {}", round_name(board, *round)));
                lines.push(format!("{name}{}skipped: {}", self.paint.dot(), self.paint.one_line(reason, 200)));
            }
            RunEvent::RoundEnded { round } => self.unfinished(board, Some(*round), &mut lines),
            // Of a single command the end is near, and tells of all hosts that are gone.
            RunEvent::HostUnreachable { .. } | RunEvent::HostLost { .. } if board.is_exec() => {}
            RunEvent::HostUnreachable { host, class, message } => self.unreachable(board, *host, class, message, &mut lines),
            RunEvent::HostNote { host, message } => {
                let (host, dot) = (visible(&board.host_name(*host)), self.paint.dot());
                lines.push(self.paint.warn(&format!("{host}{dot}{}", self.paint.one_line(message, 300))));
            }
            RunEvent::HostLost { host, message } => {
                self.lost.insert(*host);
                self.unreachable(board, *host, "lost", message, &mut lines);
            }
            RunEvent::HostConnected { host, duration_ms } if self.lost.remove(host) => {
                lines.push(format!("connected again {}{}{}", visible(&board.host_name(*host)), self.paint.dot(), millis(*duration_ms)));
            }
            RunEvent::HostRetrying { host, attempt, message } if self.verbosity == Verbosity::Verbose => {
                let (host, dot) = (visible(&board.host_name(*host)), self.paint.dot());
                lines.push(format!("retrying {host}{dot}attempt {attempt} failed: {}", self.paint.one_line(message, 200)));
            }
            RunEvent::HostConnected { host, duration_ms } if self.verbosity == Verbosity::Verbose => {
                lines.push(format!("connected {}{}{}", visible(&board.host_name(*host)), self.paint.dot(), millis(*duration_ms)));
            }
            RunEvent::StepEnded { step, outcome, .. } => self.step_ended(board, *step, outcome, change, &mut lines),
            RunEvent::Interrupted { stage, signal } => {
                lines.push(self.paint.warn(&format!("interrupted ({}): {}", visible(signal), stopping(board, *stage))));
            }
            RunEvent::RunEnded(_) => self.unfinished(board, None, &mut lines),
            _ => self.flow(board, event, change, &mut lines),
        }
        lines
    }

    fn heading(&self, header: &RunHeader) -> String {
        let dot = self.paint.dot();
        let hosts: BTreeSet<HostIx> = header.rounds.iter().flat_map(|round| round.hosts.iter().copied()).collect();
        let name = self.paint.bold(&self.paint.one_line(&header.playbook, 60));
        let (hosts, rounds) = (plural(hosts.len(), "host"), plural(header.rounds.len(), "round"));
        let goes_on = header.resumes.as_ref().map_or_else(String::new, |before| format!(", goes on with {}", short_id(&before.run)));
        format!("{name}{dot}{hosts}{dot}{rounds}{dot}run {}{goes_on}", short_id(&header.run))
    }

    fn round_started(&self, board: &Board, round: RoundIx, hosts: &[HostIx], lines: &mut Vec<String>) {
        let name = self.paint.bold(&format!("round {}", round_name(board, round)));
        lines.push(format!("{name}{}{}", self.paint.dot(), hosts_phrase(board, hosts, self.room)));
        if let Some(state) = board.rounds.get(&round) {
            for (reason, hosts) in &state.left_out {
                lines.push(format!("left out {} ({})", hosts_phrase(board, hosts, self.room), self.paint.one_line(reason, 60)));
            }
        }
    }

    fn unreachable(&mut self, board: &Board, host: HostIx, class: &str, message: &str, lines: &mut Vec<String>) {
        let told = self.refusals.entry(class.to_owned()).or_default();
        *told += 1;
        let lead = self.paint.lead(Status::Unreachable);
        if *told <= TOLD_AT_ONCE || self.verbosity == Verbosity::Verbose {
            let (host, dot) = (visible(&board.host_name(host)), self.paint.dot());
            lines.push(format!("{lead} {host}{dot}{}: {}", visible(class), self.paint.one_line(message, 300)));
        } else if *told == TOLD_AT_ONCE + 1 {
            lines.push(format!("{lead} further hosts ({}) are counted, and listed at the end", visible(class)));
        }
    }

    fn step_ended(&mut self, board: &Board, step: StepId, outcome: &Outcome, change: &Change, lines: &mut Vec<String>) {
        let Change::Ended { group, first, done, text } = change else { return };
        let state = board.rounds.get(&step.round).and_then(|round| round.tasks.get(&step.task));
        let Some((key, _)) = state.and_then(|task| task.ends.get_index(*group)) else { return };
        if key.before && key.status.is_good() {
            // What was told then need not be told again.
        } else if let Some(text) = text {
            self.step_line(board, step, outcome, key, text, lines);
        } else if matches!(outcome.status, Status::Failed | Status::Unknown) && *first && !board.is_exec() {
            self.failure(board, step, outcome, key, lines);
        }
        if *done {
            self.task_line(board, step.round, step.task, lines);
        }
    }

    /// A line for every step, with all that it printed.
    fn step_line(&self, board: &Board, step: StepId, outcome: &Outcome, key: &EndKey, text: &StepText, lines: &mut Vec<String>) {
        lines.push(self.one_step(board, step, outcome, key));
        let folded_later = board.is_exec() || board.verb(step.round, step.task) == "print";
        if !folded_later {
            let (output, cut) = whole(self.paint, text, "    ");
            lines.extend(output);
            if cut {
                lines.push(self.paint.dim(&format!("    all of it: {}", show_hint(board, step.host, step.round, step.task))));
            }
        }
    }

    fn failure(&mut self, board: &Board, step: StepId, outcome: &Outcome, key: &EndKey, lines: &mut Vec<String>) {
        let told = self.failures.entry((step.round, step.task)).or_default();
        *told += 1;
        if *told <= TOLD_AT_ONCE {
            lines.push(self.one_step(board, step, outcome, key));
            // Items that failed have said their words.
            if key.items.is_empty() {
                lines.extend(last_words(self.paint, &key.text, LAST_WORDS));
            }
        } else if *told == TOLD_AT_ONCE + 1 {
            let name = task_name(board, self.paint, step.round, step.task);
            lines.push(format!("{} {name}{}further failures are told at the end", self.paint.lead(Status::Failed), self.paint.dot()));
        }
    }

    fn one_step(&self, board: &Board, step: StepId, outcome: &Outcome, key: &EndKey) -> String {
        let dot = self.paint.dot();
        let mut line = lead_of_end(outcome.status, key.allowed, key.answer, self.paint);
        line.push_str(&format!(" {}{dot}{}", task_name(board, self.paint, step.round, step.task), visible(&board.host_name(step.host))));
        if let Some(reason) = key.reason.as_deref().filter(|reason| !reason.is_empty()) {
            line.push_str(dot);
            line.push_str(&self.paint.one_line(reason, 300));
        }
        if outcome.duration_ms > 0 {
            line.push_str(dot);
            line.push_str(&millis(outcome.duration_ms));
        }
        line
    }

    fn task_line(&mut self, board: &Board, round: RoundIx, task: TaskIx, lines: &mut Vec<String>) {
        let Some(round_state) = board.rounds.get(&round) else { return };
        let before = |state: &TaskState| state.ends.keys().all(|key| key.before && key.status.is_good());
        // With batches a line is of the batch under way.
        let tasks = round_state.flow.batch.as_ref().map_or(&round_state.tasks, |batch| &batch.tasks);
        if let Some(state) = tasks.get(&task).filter(|state| !before(state)) {
            self.task_line_of(board, round, task, state, lines);
        }
    }

    fn task_line_of(&mut self, board: &Board, round: RoundIx, task: TaskIx, state: &TaskState, lines: &mut Vec<String>) {
        if !self.told.insert((round, task)) {
            return;
        }
        if board.is_exec() {
            self.exec_outputs(board, round, task, lines);
            return;
        }
        if !self.was_told(state) {
            let (name, dot) = (task_name(board, self.paint, round, task), self.paint.dot());
            lines.push(format!("{} {name}{dot}{}", lead_of(state, self.paint), ends_phrase(board, self.paint, state, self.room)));
        }
        if board.verb(round, task) == "print" {
            let printed: Vec<_> = state.ends.iter().filter(|(key, _)| key.status.is_good() && !key.text.is_empty()).collect();
            for (key, hosts) in &printed {
                let indent = if printed.len() > 1 { "      " } else { "    " };
                if printed.len() > 1 {
                    lines.push(format!("    {}:", self.paint.bold(&host_list(board, hosts))));
                }
                lines.extend(whole(self.paint, &key.text, indent).0);
            }
        }
    }

    /// Says whether lines of their own have told all that a task's line could say: a step's where each has one, a
    /// failure's, a host's that is gone.
    fn was_told(&self, state: &TaskState) -> bool {
        let gone = state.ends.keys().all(|key| key.status == Status::Unreachable);
        let one_by_one = match self.verbosity {
            Verbosity::Verbose => state.ended == 1,
            Verbosity::Normal | Verbosity::Quiet => {
                let failures =
                    state.ends.iter().filter(|(key, hosts)| matches!(key.status, Status::Failed | Status::Unknown) && hosts.len() == 1);
                state.ends.len() <= TOLD_AT_ONCE && failures.count() == state.ends.len()
            }
        };
        gone || one_by_one
    }

    /// What one command printed on many hosts, equal outputs folded.
    fn exec_outputs(&self, board: &Board, round: RoundIx, task: TaskIx, lines: &mut Vec<String>) {
        let Some(state) = board.rounds.get(&round).and_then(|round| round.tasks.get(&task)) else { return };
        let mut ends: Vec<_> = state.ends.iter().filter(|(key, _)| key.status != Status::Unreachable).collect();
        // Failures last: that is where the eye is when the command is over.
        ends.sort_by_key(|(key, hosts)| (!key.status.is_good(), hosts.iter().min().copied()));
        for (index, (key, hosts)) in ends.into_iter().enumerate() {
            if index > 0 {
                lines.push(String::new());
            }
            let mut heading = self.paint.bold(&format!("{}:", host_list(board, hosts)));
            if !matches!(key.status, Status::Ok | Status::Changed) {
                let reason = key.reason.as_deref().map_or_else(String::new, |reason| format!(", {}", self.paint.one_line(reason, 200)));
                heading.push_str(&self.paint.status(key.status, &format!(" {}{reason}", status_word(key))));
            } else if key.text.is_empty() {
                heading.push_str(" no output");
            }
            lines.push(heading);
            let (output, cut) = whole(self.paint, &key.text, "");
            lines.extend(output);
            if let (true, Some(host)) = (cut, hosts.first()) {
                lines.push(self.paint.dim(&format!("all of it: {}", show_hint(board, *host, round, task))));
            }
        }
    }

    /// Tasks that did not end on every host of the batch before this one; the next one's are told anew.
    fn unfinished_batch(&mut self, board: &Board, round: RoundIx, lines: &mut Vec<String>) {
        if let Some(before) = board.rounds.get(&round).and_then(|round| round.flow.before.as_ref()) {
            for (task, state) in &before.tasks {
                self.task_line_of(board, round, *task, state, lines);
            }
        }
        self.told.retain(|(told, _)| *told != round);
    }

    /// Tasks that did not end on every host, when their round or the run is over.
    fn unfinished(&mut self, board: &Board, only: Option<RoundIx>, lines: &mut Vec<String>) {
        let rounds = board.rounds.iter().filter(|(ix, _)| only.is_none_or(|only| only == **ix));
        let tasks: Vec<_> = rounds.flat_map(|(round, state)| state.tasks.keys().map(move |task| (*round, *task))).collect();
        for (round, task) in tasks {
            self.task_line(board, round, task, lines);
        }
    }
}

/// What being asked to stop means, and what the next Ctrl-C does.
pub(super) fn stopping(board: &Board, stage: u8) -> String {
    let running = board.running.values().filter(|running| running.began).count();
    match (stage, running) {
        (0 | 1, 0) => "stopping: nothing new starts; Ctrl-C again ends what still runs".to_owned(),
        (0 | 1, running) => format!("stopping: {} may finish; Ctrl-C again ends what runs", plural(running, "running step")),
        (2, running) => format!("ending {}: TERM, then KILL; Ctrl-C again leaves at once", plural(running, "running step")),
        _ => "leaving now; what was running is recorded as unknown".to_owned(),
    }
}

/// Milliseconds for people.
pub(super) fn millis(duration_ms: u64) -> String {
    format_duration(std::time::Duration::from_millis(duration_ms))
}

#[cfg(test)]
mod tests;
