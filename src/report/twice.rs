//! What changed something in a run that should have changed nothing, folded over hosts.
//!
//! [`Watch`] hears the run's events; text and JSON are made of what it found. Knows nothing of why a run should change nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use serde::Serialize;

use super::Options;
use super::board::Board;
use super::paint::{Paint, foreign_lines};
use super::words::{host_list, task_key, task_name, without_names};
use crate::diag::Location;
use crate::event::{Difference, Event, EventSink, Outcome, RunEvent, Status, TaskEntry};
use crate::model::{HostIx, RoundIx, StepId, TaskIx};
use crate::text::{plural, visible};

/// Lines of a command, and of a diff, that are shown.
const MOST_LINES: usize = 12;

/// A task that changed something, on hosts where it did so alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangedTask {
    /// Its round.
    #[serde(skip)]
    pub round: RoundIx,
    /// Itself.
    #[serde(skip)]
    pub task: TaskIx,
    /// `round/task`, by ids where there are any.
    #[serde(rename = "task")]
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its verb.
    pub verb: String,
    /// Where it stands.
    pub place: Location,
    /// The hosts, in the inventory's order.
    pub hosts: Vec<String>,
    /// The items of its `each` that changed something; of a task without, one that has no label.
    pub changes: Vec<OneChange>,
    /// Handlers that it notified and that changed something themselves.
    pub handlers: Vec<String>,
    /// What may be done about it.
    pub hint: Option<String>,
    /// Its hosts and its first column, for people.
    #[serde(skip)]
    words: (String, String),
}

/// A change of a task, or of one item of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct OneChange {
    /// The item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The command, as the first host was given it.
    pub command: Option<String>,
    /// What it made different, where that is known.
    pub differences: Vec<Difference>,
}

/// Hears a run, and knows what changed.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    board: Board,
    /// The latest command of a step's attempt.
    sent: BTreeMap<(StepId, u32), String>,
    /// Items that changed something, of steps that have not ended.
    items: BTreeMap<StepId, Vec<OneChange>>,
    changed: BTreeMap<StepId, Vec<OneChange>>,
    /// Who woke a handler.
    notified: BTreeMap<(RoundIx, TaskIx, HostIx), TaskIx>,
}

impl Watch {
    /// The end that hears.
    #[must_use]
    pub fn sink(&self) -> Box<dyn EventSink> {
        Box::new(self.clone())
    }

    /// The run's id, and what changed in it, in the order of the playbook.
    #[must_use]
    pub fn found(&self) -> (String, Vec<ChangedTask>) {
        let state = self.lock();
        (state.board.header.run.clone(), state.folded())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Watch {
    fn event(&mut self, event: &Event) {
        self.lock().event(event);
    }
}

impl State {
    fn event(&mut self, event: &Event) {
        match &event.kind {
            RunEvent::RunStarted(_) => {
                self.board.fold(event);
            }
            RunEvent::StepSent { step, attempt, command, .. } => {
                self.sent.insert((*step, *attempt), command.clone());
            }
            RunEvent::Notified { round, host, handler, by, .. } => {
                self.notified.insert((*round, *handler, *host), *by);
            }
            RunEvent::AttemptEnded { step, attempt, item: Some(item), outcome, .. } if outcome.status == Status::Changed => {
                let change = self.change(*step, *attempt, Some(item.label.clone()), outcome);
                self.items.entry(*step).or_default().push(change);
            }
            RunEvent::StepEnded { step, attempt, outcome } => {
                let items = self.items.remove(step);
                if outcome.status == Status::Changed {
                    let changes = items.unwrap_or_else(|| vec![self.change(*step, *attempt, None, outcome)]);
                    self.changed.insert(*step, changes);
                }
                let told: Vec<(StepId, u32)> = self.sent.range((*step, 0)..=(*step, u32::MAX)).map(|(key, _)| *key).collect();
                told.iter().for_each(|key| drop(self.sent.remove(key)));
            }
            _ => {}
        }
    }

    fn change(&self, step: StepId, attempt: u32, item: Option<String>, outcome: &Outcome) -> OneChange {
        OneChange { item, command: self.sent.get(&(step, attempt)).cloned(), differences: outcome.differences.clone() }
    }

    fn entry(&self, round: RoundIx, task: TaskIx) -> Option<&TaskEntry> {
        self.board.header.rounds.get(round.index())?.tasks.get(task.index())
    }

    fn is_handler(&self, round: RoundIx, task: TaskIx) -> bool {
        self.entry(round, task).is_some_and(|entry| entry.section.as_deref() == Some("handlers"))
    }

    /// The task that a handler's change on a host goes back to, through handlers that notify handlers.
    fn notifier(&self, round: RoundIx, task: TaskIx, host: HostIx) -> TaskIx {
        let mut by = task;
        let mut seen = vec![task];
        while self.is_handler(round, by) {
            match self.notified.get(&(round, by, host)) {
                Some(next) if !seen.contains(next) => by = *next,
                _ => break,
            }
            seen.push(by);
        }
        by
    }

    fn folded(&self) -> Vec<ChangedTask> {
        let mut handlers: BTreeMap<(RoundIx, TaskIx, HostIx), Vec<String>> = BTreeMap::new();
        for step in self.changed.keys() {
            let by = self.notifier(step.round, step.task, step.host);
            if by != step.task {
                let name = self.entry(step.round, step.task).map(|entry| entry.name.clone());
                handlers.entry((step.round, by, step.host)).or_default().extend(name);
            }
        }
        type Alike = (RoundIx, TaskIx, Vec<OneChange>, Vec<String>);
        let mut alike: IndexMap<Alike, (Vec<HostIx>, &Vec<OneChange>)> = IndexMap::new();
        for (step, changes) in &self.changed {
            if self.notifier(step.round, step.task, step.host) != step.task {
                continue;
            }
            let nameless = changes.iter().map(|change| self.nameless(step.host, change)).collect();
            let woke = handlers.get(&(step.round, step.task, step.host)).cloned().unwrap_or_default();
            alike.entry((step.round, step.task, nameless, woke)).or_insert((Vec::new(), changes)).0.push(step.host);
        }
        let mut all: Vec<ChangedTask> = Vec::new();
        for ((round, task, nameless, handlers), (mut hosts, changes)) in alike {
            hosts.sort_unstable();
            let Some(entry) = self.entry(round, task) else { continue };
            let one = hosts.len() == 1 || nameless == *changes;
            let shown = |change: OneChange| change.map(|text| text.replace('\0', "<host>"));
            all.push(ChangedTask {
                round,
                task,
                key: task_key(&self.board, round, task),
                name: entry.name.clone(),
                verb: entry.verb.clone(),
                place: entry.place.clone(),
                words: (host_list(&self.board, &hosts), task_name(&self.board, Paint::new(&Options::default()), round, task)),
                hosts: hosts.iter().map(|host| self.board.host_name(*host)).collect(),
                changes: if one { changes.clone() } else { nameless.into_iter().map(shown).collect() },
                handlers,
                hint: None,
            });
        }
        all.sort_by_key(|found| (found.round, found.task));
        all
    }

    /// A change with a zero byte for the host's own name.
    fn nameless(&self, host: HostIx, change: &OneChange) -> OneChange {
        change.clone().map(|text| without_names(&self.board, host, &text))
    }
}

impl OneChange {
    fn map(self, edit: impl Fn(String) -> String) -> OneChange {
        let differences = self.differences.into_iter().map(|difference| Difference {
            from: difference.from.map(&edit),
            to: difference.to.map(&edit),
            diff: difference.diff.map(&edit),
            ..difference
        });
        OneChange { differences: differences.collect(), item: self.item.map(&edit), command: self.command.map(&edit) }
    }
}

/// Tells what changed something, for people.
#[must_use]
pub fn changed_twice(changed: &[ChangedTask], options: &Options) -> String {
    let paint = Paint::new(options);
    let mut tasks: Vec<(RoundIx, TaskIx)> = changed.iter().map(|found| (found.round, found.task)).collect();
    tasks.dedup();
    let mut lines = vec![paint.bold(&format!("{} changed something in the second run too:", plural(tasks.len(), "task")))];
    let mut hinted: Vec<&str> = Vec::new();
    for found in changed {
        let (hosts, name) = &found.words;
        let hosts = if found.hosts.len() == 1 { hosts.clone() } else { format!("{}: {hosts}", plural(found.hosts.len(), "host")) };
        let place = format!("{}:{}", visible(&found.place.file), found.place.line);
        lines.push(String::new());
        lines.push(format!("{} {name}{dot}{place}{dot}{hosts}", paint.lead(Status::Changed), dot = paint.dot()));
        for change in &found.changes {
            lines.extend(change_lines(change, paint));
        }
        if !found.handlers.is_empty() {
            let names: Vec<String> = found.handlers.iter().map(|name| paint.one_line(name, 60)).collect();
            lines.push(format!("  so it notified: {}", names.join(", ")));
        }
        if let Some(hint) = found.hint.as_deref().filter(|hint| !hinted.contains(hint)) {
            hinted.push(hint);
            lines.push(paint.dim(&format!("  hint: {hint}")));
        }
    }
    lines.join("\n") + "\n"
}

fn change_lines(change: &OneChange, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(item) = &change.item {
        lines.push(format!("  item: {}", paint.one_line(item, 100)));
    }
    if let Some(command) = &change.command {
        lines.extend(cut(command, "    ", paint));
    }
    for difference in &change.differences {
        let word = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), |value| paint.one_line(value, 60));
        match &difference.diff {
            Some(diff) => {
                lines.push(format!("  {} differs:", visible(&difference.what)));
                lines.extend(cut(diff, "    ", paint));
            }
            None => lines.push(format!("  {}: was {}, is {}", visible(&difference.what), word(&difference.from), word(&difference.to))),
        }
    }
    lines
}

fn cut(text: &str, indent: &str, paint: Paint) -> Vec<String> {
    let all: Vec<String> = foreign_lines(text).collect();
    let mut lines: Vec<String> = all.iter().take(MOST_LINES).map(|line| format!("{indent}{}", paint.clip(line, 200))).collect();
    if all.len() > MOST_LINES {
        lines.push(paint.dim(&format!("{indent}{} {}", paint.ellipsis(), plural(all.len() - MOST_LINES, "more line"))));
    }
    lines
}

#[cfg(test)]
mod tests;
