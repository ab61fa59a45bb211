//! The plan as text.
//!
//! Knows only [`PlanView`] and a width in columns. Long lines are cut with `…` (the JSON form holds all). What a piece
//! of text is, is said to a painter, which may colour it; the marks carry the meaning without colour.

use super::view::{BlockView, PlanView, RoundView, TaskView, WaitView, What};
use crate::template::has_hole as is_pending;
use crate::text::{fold_names, one_line, plural};

mod ahead;
mod answers;
pub(super) mod flow;
mod nest;
mod wrap;

use nest::{Nest, Opened};

/// What a piece of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The name of a round.
    Heading,
    /// The mark of what may change something: `~`.
    Change,
    /// The mark of what reads only: `·`.
    Read,
    /// The mark of what is skipped: `-`; of what has nothing to do: `=`.
    Skip,
    /// The mark of what is not known yet: `?`.
    Unknown,
    /// The mark of what fails or can't be asked: `!`.
    Trouble,
    /// A line that a file gains.
    Added,
    /// A line that a file loses.
    Removed,
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

/// So many different steps of one task are shown.
const MOST_GROUPS: usize = 5;

/// And so many where answers come below them.
const MOST_GROUPS_ASKED: usize = 2;

/// Writes a plan in at most `width` columns.
#[must_use]
pub fn plan_text(view: &PlanView, width: usize, paint: Paint<'_>) -> String {
    write(Writer { text: String::new(), width: width.max(40), paint, asked: view.probed.is_some(), diffs: false }, view)
}

/// Writes a plan with what a dry run found to change in files, line by line.
#[must_use]
pub fn plan_text_with_diffs(view: &PlanView, width: usize, paint: Paint<'_>) -> String {
    write(Writer { text: String::new(), width: width.max(40), paint, asked: view.probed.is_some(), diffs: true }, view)
}

fn write(mut writer: Writer<'_>, view: &PlanView) -> String {
    for (index, round) in view.rounds.iter().enumerate() {
        writer.round(round, index);
        writer.text.push('\n');
    }
    writer.counts(view);
    if view.lock_hosts {
        writer.line(0, None, "each host is locked: one run at a time");
    }
    if let Some(expected) = &view.expected {
        writer.pieces(&ahead::of_expected(expected));
        ahead::of_unknown(expected).iter().for_each(|line| writer.line(0, None, line));
    }
    writer.text
}

struct Writer<'a> {
    text: String,
    width: usize,
    paint: Paint<'a>,
    /// The hosts were asked.
    asked: bool,
    /// With what changes in files.
    diffs: bool,
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

    /// A line that goes on below, behind blanks, where it is full.
    fn pieces(&mut self, pieces: &[String]) {
        let mut line = String::new();
        for piece in pieces {
            if !line.is_empty() && line.chars().count() + 1 + piece.chars().count() > self.width {
                self.line(0, None, &line);
                line = " ".to_owned();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(piece);
        }
        self.line(0, None, &line);
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
        for line in flow::of_round(round) {
            self.line(2, Some(Role::Dim), &line);
        }
        let names = round.tasks.iter().map(|task| task.name.chars().count());
        // Where the hosts were asked, longer names stand alone.
        let column = names.map(|name| if self.asked && name > self.width / 4 { 0 } else { name }).max().unwrap_or(0).min(self.width / 4);
        let mut nest = Nest::new(round);
        for task in &round.tasks {
            for opened in nest.enter(&task.home) {
                match opened {
                    Opened::Label { indent, text } => self.line(indent, Some(Role::Dim), text),
                    Opened::Block { indent, block, before } => self.block(indent, block, before.as_deref()),
                }
            }
            let before = nest.next(&task.home, task.id.as_deref().unwrap_or(&task.name));
            if self.asked {
                self.told(nest.indent(), (round, task), before.as_deref(), column);
            } else {
                self.task(nest.indent(), task, before.as_deref(), column);
            }
        }
        if self.asked {
            self.told_of_round(round);
        } else if let Some(changes) = &round.changes {
            self.line(2, Some(Role::Dim), &ahead::of_changes(changes));
        }
    }

    fn block(&mut self, indent: usize, block: &BlockView, before: Option<&str>) {
        let skipped = !block.steps.is_empty() && block.steps.iter().all(|steps| steps.what.skipped_by.is_some());
        let (role, mark) = if skipped { (Role::Skip, "-") } else { (Role::Dim, "▸") };
        let name = match &block.action {
            Some(action) if *action != block.name => format!("{} (action {action})", block.name),
            Some(_) => format!("{} (action)", block.name),
            None => block.name.clone(),
        };
        let name = one_line(&name, self.width.saturating_sub(indent + 2));
        self.text.push_str(&format!("{}{} {name}\n", " ".repeat(indent), (self.paint)(role, mark)));
        self.edges(indent + 4, &block.waits, before);
        for line in flow::of_block(block) {
            self.line(indent + 4, Some(Role::Dim), &line);
        }
        for steps in &block.steps {
            for line in flow::of_block_steps(&steps.what) {
                let hosts = fold_names(&steps.hosts);
                let line = if block.steps.len() > 1 { format!("{hosts}  {line}") } else { line };
                self.line(indent + 4, Some(Role::Dim), &line);
            }
        }
    }

    fn task(&mut self, indent: usize, task: &TaskView, before: Option<&str>, column: usize) {
        let skipped = task.left_out.is_some() || task.steps.iter().all(|steps| steps.what.skipped_by.is_some()) && !task.steps.is_empty();
        let (role, mark) = match (skipped, task.read_only) {
            (true, _) => (Role::Skip, "-"),
            (false, true) => (Role::Read, "·"),
            (false, false) => (Role::Change, "~"),
        };
        self.head(indent, task, (role, mark), column);
        self.body(indent + 4, task, before);
    }

    /// What there is to say of a task below its name.
    fn body(&mut self, below: usize, task: &TaskView, before: Option<&str>) {
        self.edges(below, &task.waits, before);
        for line in flow::of_task(task) {
            self.line(below, Some(Role::Dim), &line);
        }
        let mut lists = task.steps.iter().filter(|steps| steps.what.skipped_by.is_none()).map(|steps| details(&steps.what));
        let shared = lists.next().filter(|first| lists.all(|other| other == *first));
        shared.iter().flatten().for_each(|line| self.line(below, Some(Role::Dim), line));
        if task.steps.len() > 1 {
            self.steps(below, task, shared.is_none());
        }
    }

    /// What a task does on hosts for which it differs.
    fn steps(&mut self, below: usize, task: &TaskView, with_details: bool) {
        // One more would be the line that says how many there are.
        let most = if self.asked { MOST_GROUPS_ASKED } else { MOST_GROUPS };
        let shown = if task.steps.len() > most + 1 { most } else { task.steps.len() };
        for steps in &task.steps[..shown] {
            let hosts = one_line(&fold_names(&steps.hosts), self.width / 3);
            let room = self.width.saturating_sub(below + hosts.chars().count() + 2);
            self.line(below, None, &format!("{hosts}  {}", headline(&steps.what, room)));
            if with_details {
                details(&steps.what).iter().for_each(|line| self.line(below + 2, Some(Role::Dim), line));
            }
        }
        if shown < task.steps.len() {
            let rest = &task.steps[shown..];
            let hosts: Vec<&String> = rest.iter().flat_map(|steps| &steps.hosts).collect();
            self.line(below, Some(Role::Dim), &format!("… and {} more, on {}", rest.len(), fold_names(&hosts)));
        }
    }

    /// What it waits for, where that is not simply the one above.
    fn edges(&mut self, indent: usize, waits: &[WaitView], above: Option<&str>) {
        let notified: Vec<&str> = waits.iter().filter(|wait| wait.why == "notify").map(|wait| wait.on.as_str()).collect();
        if !notified.is_empty() {
            self.line(indent, Some(Role::Dim), &format!("notified by {}", notified.join(", ")));
        }
        let named = |wait: &&WaitView| matches!(wait.why, "needs" | "data");
        let Some(above) = above else {
            let named: Vec<WaitView> = waits.iter().filter(named).cloned().collect();
            if !named.is_empty() {
                self.line(indent, Some(Role::Dim), &format!("waits for {}", reasons(&named).join(", ")));
            }
            return;
        };
        if waits.is_empty() {
            self.line(indent, Some(Role::Dim), "starts at once");
        } else if waits.iter().any(|wait| wait.why == "needs") || waits.iter().all(|wait| wait.why == "data") {
            self.line(indent, Some(Role::Dim), &format!("waits for {}", reasons(waits).join(", ")));
        } else if !waits.iter().any(|wait| wait.on == above) {
            self.line(indent, Some(Role::Dim), &format!("beside {above}"));
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
        if let Some(probed) = &view.probed {
            return self.told_of_all(view, probed);
        }
        let mut parts = vec![format!("{} may change something (~)", counts.may_change)];
        if counts.skipped > 0 {
            let typed = view.rounds.iter().flat_map(|round| &round.tasks).any(|task| task.left_out.is_some());
            parts.push(format!("{} left out{} (-)", counts.skipped, if typed { "" } else { " by `when`" }));
        }
        if counts.known_later > 0 {
            parts.push(format!("{} known only in part", counts.known_later));
        }
        self.line(0, None, &parts.join(", "));
    }
}

/// Guards, user, place and environment of a step, a line each.
pub(super) fn details(what: &What) -> Vec<String> {
    let mut lines = flow::of_items(what);
    lines.extend(what.guards.iter().cloned());
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

/// What a step does, in so many columns.
fn headline(what: &What, room: usize) -> String {
    let times = match (&what.skipped_by, &what.items) {
        (Some(condition), _) => return one_line(&format!("left out by `{condition}`"), room),
        (None, Some(items)) if items.is_empty() => " (no items)".to_owned(),
        (None, Some(items)) => format!(" ×{}", items.len()),
        (None, None) => return one_line(&what.command, room),
    };
    format!("{}{times}", one_line(&what.command, room.saturating_sub(times.chars().count())))
}

/// `survey (needs, reads it)`: each once, with all its reasons.
pub(super) fn reasons(waits: &[WaitView]) -> Vec<String> {
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
#[cfg(test)]
pub(super) mod views;
