//! The plan as text.
//!
//! Knows only [`PlanView`] and a width in columns. Long lines are cut with `…` (the JSON form holds all). What a piece
//! of text is, is said to a painter, which may colour it; the marks carry the meaning without colour.

use super::view::{PlanView, RoundView, TaskView, WaitView, What};
use crate::template::has_hole as is_pending;
use crate::text::{fold_names, format_duration, one_line, plural};

/// What a piece of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The name of a round.
    Heading,
    /// The mark of what may change something: `~`.
    Change,
    /// The mark of what reads only: `·`.
    Read,
    /// The mark of what is skipped: `-`.
    Skip,
    /// What explains and can be passed over.
    Dim,
}

/// Colours a piece of text, without changing its width.
pub type Paint<'a> = &'a dyn Fn(Role, &str) -> String;

/// Leaves text as it is.
#[must_use]
pub fn unpainted(_: Role, text: &str) -> String {
    text.to_owned()
}

/// The time limit that is not worth showing.
const USUAL_TIMEOUT_MS: u64 = 3_600_000;

/// So many different steps of one task are shown.
const MOST_GROUPS: usize = 5;

/// Writes a plan in at most `width` columns.
#[must_use]
pub fn plan_text(view: &PlanView, width: usize, paint: Paint<'_>) -> String {
    let mut writer = Writer { text: String::new(), width: width.max(40), paint };
    for (index, round) in view.rounds.iter().enumerate() {
        writer.round(round, index);
        writer.text.push('\n');
    }
    writer.counts(view);
    writer.text
}

struct Writer<'a> {
    text: String,
    width: usize,
    paint: Paint<'a>,
}

impl Writer<'_> {
    /// A line of text behind blanks.
    fn line(&mut self, indent: usize, role: Option<Role>, text: &str) {
        let text = one_line(text, self.width.saturating_sub(indent));
        let text = role.map_or_else(|| text.clone(), |role| (self.paint)(role, &text));
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(&text);
        self.text.push('\n');
    }

    fn round(&mut self, round: &RoundView, index: usize) {
        let mut heading = format!("round {}", round.id);
        if round.name != round.id {
            heading.push_str(&format!(" ({})", round.name));
        }
        let hosts = match round.hosts.len() {
            0 => "no hosts".to_owned(),
            1 => format!("on {}", round.hosts[0]),
            count => format!("on {}: {}", plural(count, "host"), fold_names(&round.hosts)),
        };
        let heading = one_line(&heading, self.width);
        let room = self.width.saturating_sub(heading.chars().count() + 2);
        self.text.push_str(&(self.paint)(Role::Heading, &heading));
        if room >= hosts.chars().count() {
            self.text.push_str(&format!("  {hosts}\n"));
        } else {
            self.text.push('\n');
            self.line(2, None, &hosts);
        }
        let waits: Vec<String> = reasons(&round.waits);
        if !waits.is_empty() {
            self.line(2, Some(Role::Dim), &format!("waits for {}", waits.join(", ")));
        } else if index > 0 {
            self.line(2, Some(Role::Dim), "starts at once");
        }
        match round.after {
            "all" => self.line(2, Some(Role::Dim), "only if those ended well on every host (after: all)"),
            "always" if !round.waits.is_empty() => self.line(2, Some(Role::Dim), "whatever became of those (after: always)"),
            _ => {}
        }
        if let Some(when) = &round.when {
            self.line(2, Some(Role::Dim), &format!("hosts where {when}"));
        }
        let column = round.tasks.iter().map(|task| task.name.chars().count()).max().unwrap_or(0).min(self.width / 4);
        for (index, task) in round.tasks.iter().enumerate() {
            let before = index.checked_sub(1).map(|index| &round.tasks[index]);
            self.task(task, before, column);
        }
    }

    fn task(&mut self, task: &TaskView, before: Option<&TaskView>, column: usize) {
        let skipped = task.steps.iter().all(|steps| steps.what.skipped_by.is_some()) && !task.steps.is_empty();
        let (role, mark) = match (skipped, task.read_only) {
            (true, _) => (Role::Skip, "-"),
            (false, true) => (Role::Read, "·"),
            (false, false) => (Role::Change, "~"),
        };
        let name = one_line(&task.name, column);
        let pad = " ".repeat(column.saturating_sub(name.chars().count()));
        let start = format!("  {} {name}", (self.paint)(role, mark));
        let room = self.width.saturating_sub(column + 6);
        match &task.steps[..] {
            [only] => self.text.push_str(&format!("{start}{pad}  {}\n", one_line(&headline(&only.what), room))),
            [] => self.text.push_str(&format!("{start}{pad}  no hosts\n")),
            _ => self.text.push_str(&format!("{start}\n")),
        }
        self.edges(task, before);
        self.settings(task);
        let mut lists = task.steps.iter().filter(|steps| steps.what.skipped_by.is_none()).map(|steps| details(&steps.what));
        let shared = lists.next().filter(|first| lists.all(|other| other == *first));
        shared.iter().flatten().for_each(|line| self.line(6, Some(Role::Dim), line));
        if task.steps.len() < 2 {
            return;
        }
        // One more would be the line that says how many there are.
        let shown = if task.steps.len() > MOST_GROUPS + 1 { MOST_GROUPS } else { task.steps.len() };
        for steps in &task.steps[..shown] {
            self.line(6, None, &format!("{}  {}", one_line(&fold_names(&steps.hosts), self.width / 3), headline(&steps.what)));
            if shared.is_none() {
                details(&steps.what).iter().for_each(|line| self.line(8, Some(Role::Dim), line));
            }
        }
        if shown < task.steps.len() {
            let rest = &task.steps[shown..];
            let hosts: Vec<&String> = rest.iter().flat_map(|steps| &steps.hosts).collect();
            self.line(6, Some(Role::Dim), &format!("… and {} more, on {}", rest.len(), fold_names(&hosts)));
        }
    }

    /// What it waits for, where that is not simply the one above.
    fn edges(&mut self, task: &TaskView, before: Option<&TaskView>) {
        let Some(before) = before else { return };
        let above = before.id.as_deref().unwrap_or(&before.name);
        if task.waits.is_empty() {
            self.line(6, Some(Role::Dim), "starts at once");
        } else if task.waits.iter().any(|wait| wait.why == "needs") || task.waits.iter().all(|wait| wait.why == "data") {
            self.line(6, Some(Role::Dim), &format!("waits for {}", reasons(&task.waits).join(", ")));
        } else if !task.waits.iter().any(|wait| wait.on == above) {
            self.line(6, Some(Role::Dim), &format!("beside {above}"));
        }
    }

    fn settings(&mut self, task: &TaskView) {
        if !task.when.is_empty() {
            self.line(6, Some(Role::Dim), &format!("when {}", task.when.join(" and ")));
        }
        let mut settings = Vec::new();
        if task.once {
            settings.push("once, on the first host that can be reached".to_owned());
        }
        if task.allow_failure {
            settings.push("may fail".to_owned());
        }
        if task.timeout_ms != USUAL_TIMEOUT_MS {
            settings.push(format!("for {} at most", format_duration(std::time::Duration::from_millis(task.timeout_ms))));
        }
        if !settings.is_empty() {
            self.line(6, Some(Role::Dim), &settings.join("; "));
        }
    }

    fn counts(&mut self, view: &PlanView) {
        let counts = view.counts;
        let tasks: usize = view.rounds.iter().map(|round| round.tasks.len()).sum();
        self.line(
            0,
            None,
            &format!(
                "{}, {}, {}: {}",
                plural(view.rounds.len(), "round"),
                plural(tasks, "task"),
                plural(counts.hosts, "host"),
                plural(counts.steps, "step")
            ),
        );
        let mut parts = vec![format!("{} may change something (~)", counts.may_change)];
        if counts.skipped > 0 {
            parts.push(format!("{} left out by `when` (-)", counts.skipped));
        }
        if counts.known_later > 0 {
            parts.push(format!("{} known only in part", counts.known_later));
        }
        self.line(0, None, &parts.join(", "));
    }
}

/// Guards, user, place and environment of a step, a line each.
fn details(what: &What) -> Vec<String> {
    let mut lines = what.guards.clone();
    let mut parts = Vec::new();
    if let (Some(user), Some(method)) = (&what.become_user, what.become_method) {
        parts.push(format!("as {user} ({method})"));
    }
    if !what.on.is_empty() {
        parts.push(format!("on {}", fold_names(&what.on)));
    }
    if let Some(cwd) = &what.cwd {
        parts.push(format!("in {cwd}"));
    }
    if let Some(stdin) = &what.stdin {
        parts.push(format!("reading {}", if is_pending(stdin) { "text".to_owned() } else { plural(stdin.len(), "byte") }));
    }
    if let Some(umask) = &what.umask {
        parts.push(format!("with umask {umask}"));
    }
    if !parts.is_empty() {
        lines.push(parts.join(" "));
    }
    if !what.env.is_empty() {
        let env: Vec<String> = what.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.push(format!("env {}", env.join(" ")));
    }
    lines
}

fn headline(what: &What) -> String {
    match &what.skipped_by {
        Some(condition) => format!("left out by `{condition}`"),
        None => what.command.clone(),
    }
}

/// `survey (needs, reads it)`: each once, with all its reasons.
fn reasons(waits: &[WaitView]) -> Vec<String> {
    let mut by: indexmap::IndexMap<&str, Vec<&str>> = indexmap::IndexMap::new();
    for wait in waits {
        by.entry(&wait.on).or_default().push(match wait.why {
            "needs" => "needs",
            "data" => "reads it",
            _ => "above",
        });
    }
    by.into_iter().map(|(on, why)| format!("{on} ({})", why.join(", "))).collect()
}

#[cfg(test)]
mod tests;
