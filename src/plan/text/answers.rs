//! What a dry run found, as lines below a task, below a round and at the end of a plan.
//!
//! Where something is done comes before why, whole or with the number of hosts; lines that are full go on below.

use std::collections::BTreeSet;

use super::{Role, Writer, headline};
use crate::plan::answered::{self, Kind, kind, why};
use crate::plan::foreseen::{ForecastView, ProbedView};
use crate::plan::view::{ChangesView, PlanView, RoundView, TaskView};
use crate::text::{fold_names, one_line, plural};

use super::wrap::{columns, pieces_of, wrapped};

/// So many different answers of one kind are shown below a task.
const MOST_ANSWERS: usize = 3;

/// And so many where their diffs were asked for.
const MOST_DIFFS: usize = 10;

/// The most lines that one answer takes.
const MOST_LINES: usize = 4;

fn role(kind: &Kind) -> Role {
    match kind.mark {
        "~" | "›" => Role::Change,
        "?" => Role::Unknown,
        "·" => Role::Read,
        "=" => Role::Skip,
        _ => Role::Trouble,
    }
}

/// The mark of a task: that of the answer that asks for most attention; `?` where none was had.
pub(super) fn mark(answers: &[ForecastView]) -> (Role, &'static str) {
    answered::foremost(answers).map_or((Role::Unknown, "?"), |kind| (role(kind), kind.mark))
}

/// `, as root`: the users that changing steps become.
fn as_users(changes: &ChangesView) -> String {
    let names: Vec<&str> = changes.users.iter().map(|user| user.user.as_str()).collect();
    match &changes.users[..] {
        [] => String::new(),
        [only] if only.steps == changes.steps => format!(", as {}", only.user),
        _ => format!(", some as {}", names.join(", ")),
    }
}

impl Writer<'_> {
    /// A task of which the hosts were asked.
    pub(super) fn told(&mut self, indent: usize, (round, task): (&RoundView, &TaskView), before: Option<&str>, column: usize) {
        let answers = answered::answers(task, self.diffs);
        if task.left_out.is_some() || task.steps.is_empty() {
            return self.untold(indent, task, before, column);
        }
        if !answers.is_empty() && answers.iter().all(|answer| answer.answer == "nothing") {
            return self.at_rest(indent, (round, task), &answers, column);
        }
        let folded = TaskView { steps: answered::forms(task), forecasts: Vec::new(), ..task.clone() };
        self.head(indent, &folded, mark(&answers), column);
        self.body(indent + 4, &folded, before);
        if answers.is_empty() {
            self.line(indent + 4, Some(Role::Unknown), "? not asked");
        }
        self.answers(indent + 4, (round, &folded), &answers);
    }

    /// A task that has nothing to do anywhere, in one line.
    fn at_rest(&mut self, indent: usize, (round, task): (&RoundView, &TaskView), answers: &[ForecastView], column: usize) {
        let known: BTreeSet<Option<&String>> = task.steps.iter().map(|steps| steps.what.skipped_by.as_ref()).collect();
        let mut reasons: Vec<String> = match known.first() {
            Some(Some(condition)) if known.len() == 1 => vec![format!("left out by `{condition}`")],
            _ => answers.iter().map(|answer| why(answer, round)).filter(|why| !why.is_empty()).collect(),
        };
        reasons.dedup();
        let because = match &reasons[..] {
            [] => String::new(),
            [only] => format!(": {only}"),
            reasons => format!(" ({} reasons): {}", reasons.len(), reasons.join("; ")),
        };
        let pad = " ".repeat(column.saturating_sub(columns(&task.name)));
        self.line(indent, Some(Role::Skip), &format!("= {}{pad}  nothing to do{because}", task.name));
    }

    /// What a run would do with a task, as the hosts said.
    fn answers(&mut self, indent: usize, (round, task): (&RoundView, &TaskView), answers: &[ForecastView]) {
        let missing = round.left_out.iter().map(|left_out| left_out.hosts.len()).sum::<usize>() + answered::unreached(round).len();
        let everywhere = round.hosts.len().saturating_sub(missing);
        if let [only] = answers
            && (only.hosts.len() >= everywhere || only.answer == "unreachable")
        {
            let (kind, told) = (kind(&only.answer), answered::sentence(only, round));
            let told = if only.answer == "unreachable" { kind.words } else { &told };
            // The mark above says the rest.
            if kind.trouble || told != kind.words {
                self.answer(indent, kind, told, 0);
            }
            return self.diffs(indent + 2, task, only);
        }
        let column = answers.iter().map(|answer| columns(kind(&answer.answer).words)).max().unwrap_or(0) + 2;
        for same in answers.chunk_by(|one, other| one.answer == other.answer) {
            let most = if self.diffs { MOST_DIFFS } else { MOST_ANSWERS };
            // One more would be the line that says how many there are.
            let shown = if same.len() > most + 1 { most } else { same.len() };
            for answer in &same[..shown] {
                let (kind, because) = (kind(&answer.answer), why(answer, round));
                let because = if because.is_empty() { String::new() } else { format!(": {because}") };
                let hosts = self.hosts(indent + 2 + column, &answer.hosts);
                self.answer(indent, kind, &format!("{:column$}{hosts}{because}", kind.words), column);
                self.diffs(indent + 4, task, answer);
            }
            if let [next, ..] = &same[shown..] {
                let hosts: Vec<&String> = same[shown..].iter().flat_map(|answer| &answer.hosts).collect();
                let more = format!("… {} more", same.len() - shown);
                let hosts = self.hosts(indent + 2 + column, &hosts);
                self.answer(indent, kind(&next.answer), &format!("{more:column$}{hosts}, each in its own way"), column);
            }
        }
    }

    /// Hosts in no more than two lines behind blanks; with their number, where that takes names away.
    fn hosts<S: AsRef<str>>(&self, indent: usize, hosts: &[S]) -> String {
        let room = self.width.saturating_sub(indent).max(20);
        let folded = fold_names(hosts);
        if columns(&folded) <= room * 2 {
            return folded;
        }
        let count = plural(hosts.len(), "host");
        let mut cut = String::new();
        for name in pieces_of(&folded) {
            if columns(&count) + columns(&cut) + columns(name) + 3 > room {
                break;
            }
            cut.push_str(name);
        }
        format!("{count}: {cut}…")
    }

    /// A mark and what is said with it, behind blanks.
    fn answer(&mut self, indent: usize, kind: &Kind, text: &str, hanging: usize) {
        let room = self.width.saturating_sub(indent + 2);
        let quiet = (!kind.acts && !kind.trouble).then_some(Role::Dim);
        for (number, line) in wrapped(text, room, hanging, MOST_LINES).iter().enumerate() {
            let mark = if number == 0 { (self.paint)(role(kind), kind.mark) } else { " ".to_owned() };
            let line = quiet.map_or_else(|| line.clone(), |role| (self.paint)(role, line));
            self.text.push_str(&format!("{}{mark} {line}\n", " ".repeat(indent)));
        }
    }

    /// What changes in files, where that was asked for.
    fn diffs(&mut self, indent: usize, task: &TaskView, answer: &ForecastView) {
        let diffs = answer.differences.iter().filter_map(|difference| difference.diff.as_ref());
        for diff in diffs.take(if self.diffs { usize::MAX } else { 0 }) {
            let (name, lines) = answered::lines_of_diff(diff);
            // Where the task's line names the file, that is enough.
            let is_named = |name: &&String| {
                let own = answer.hosts.first().map_or_else(String::new, |host| answered::with_own_name(name, host));
                task.steps.iter().all(|steps| [name.as_str(), &own].iter().any(|name| steps.what.command.contains(*name)))
            };
            if let Some(name) = name.filter(|name| !is_named(&name)) {
                self.line(indent, Some(Role::Dim), &name);
            }
            for line in lines {
                let role = match line.as_bytes().first() {
                    Some(b'+') => Some(Role::Added),
                    Some(b'-') => Some(Role::Removed),
                    Some(b' ') => None,
                    _ => Some(Role::Dim),
                };
                self.whole(indent, role, &line.replace('\t', "→   "));
            }
        }
    }

    /// A text that goes on below where a line is full.
    fn lines(&mut self, indent: usize, role: Option<Role>, text: &str) {
        for line in wrapped(text, self.width.saturating_sub(indent), 2, MOST_LINES) {
            self.line(indent, role, &line);
        }
    }

    /// A line of which nothing is cut: it goes on behind `↪`.
    fn whole(&mut self, indent: usize, role: Option<Role>, text: &str) {
        let room = self.width.saturating_sub(indent);
        for (number, line) in super::wrap::split(text, room.saturating_sub(2), 2).iter().enumerate() {
            let line = if number == 0 { line.clone() } else { format!("↪ {line}") };
            let line = role.map_or_else(|| line.clone(), |role| (self.paint)(role, &line));
            self.text.push_str(&format!("{}{line}\n", " ".repeat(indent)));
        }
    }

    /// Who takes no part in a round, and what it comes to.
    pub(super) fn told_of_round(&mut self, round: &RoundView) {
        for left_out in &round.left_out {
            let hosts = self.hosts(20, &left_out.hosts);
            let (role, mark, reason) = match left_out.reason.as_str() {
                "when" => (Role::Skip, "-", "left out by `when`"),
                reason => (Role::Trouble, "!", reason),
            };
            self.lines(2, Some(role), &format!("{mark} take no part: {hosts} ({reason})"));
        }
        let unreached = answered::unreached(round);
        if !unreached.is_empty() {
            let hosts = self.hosts(22, &unreached);
            self.lines(2, Some(Role::Trouble), &format!("! can't be reached: {hosts}"));
        }
        let figures = answered::of_round(round);
        let mut parts: Vec<String> = answered::in_order(&figures)
            .into_iter()
            .filter(|(kind, _)| kind.acts || kind.trouble && kind.answer != "unreachable")
            .map(|(kind, count)| format!("{} {count} {}", kind.mark, kind.counted))
            .collect();
        if parts.is_empty() {
            if figures.contains_key("nothing") {
                self.line(2, Some(Role::Dim), "= nothing to do in this round");
            }
            return;
        }
        if let Some(last) = parts.last_mut() {
            let busy = answered::busy([round]);
            let on = match &busy[..] {
                [] => String::new(),
                [only] => format!(", on {only}"),
                several => format!(", on {}", plural(several.len(), "host")),
            };
            let users = round.changes.as_ref().map_or_else(String::new, as_users);
            last.push_str(&format!("{on}{users}"));
        }
        self.lines(2, Some(Role::Dim), &parts.join(", "));
    }

    /// What it all comes to.
    pub(super) fn told_of_all(&mut self, view: &PlanView, probed: &ProbedView) {
        let figures = answered::in_order(&probed.answers);
        let pieces = |such: &dyn Fn(&Kind) -> bool| {
            let told = figures.iter().filter(|(kind, _)| such(kind));
            told.map(|(kind, count)| format!("{} {count} {},", kind.mark, kind.counted)).collect::<Vec<_>>()
        };
        for mut line in [pieces(&|kind| kind.acts || kind.trouble), pieces(&|kind| !kind.acts && !kind.trouble)] {
            if let Some(last) = line.last_mut() {
                last.pop();
                self.pieces(&line);
            }
        }
        let (busy, idle) = (answered::busy(&view.rounds), answered::idle(view));
        if !idle.is_empty() {
            let hosts = self.hosts(30, &idle);
            self.lines(0, None, &format!("{} with nothing to do: {hosts}", plural(idle.len(), "host")));
        }
        for lost in &probed.unreachable {
            let hosts = self.hosts(28, &lost.hosts);
            self.lines(0, Some(Role::Trouble), &format!("! {} can't be reached: {hosts}", plural(lost.hosts.len(), "host")));
            self.lines(4, None, &lost.reason);
        }
        let hint = if busy.is_empty() {
            "nothing was changed, and there is nothing that a run would change"
        } else {
            "nothing was changed; `roundsman run` with the same options does it"
        };
        self.lines(0, Some(Role::Dim), hint);
    }

    /// A task that nobody was asked about.
    fn untold(&mut self, indent: usize, task: &TaskView, before: Option<&str>, column: usize) {
        let mark = if task.left_out.is_some() { "-" } else { "=" };
        self.head(indent, task, (Role::Skip, mark), column);
        self.body(indent + 4, task, before);
    }

    /// The mark and the name of a task, and what it does where that fits in a line.
    pub(super) fn head(&mut self, indent: usize, task: &TaskView, (role, mark): (Role, &str), column: usize) {
        let does = match (&task.left_out, &task.steps[..]) {
            (Some(reason), _) => Some(Err(format!("left out: {reason}"))),
            (None, [only]) => Some(Ok(&only.what)),
            (None, []) => Some(Err("no hosts".to_owned())),
            (None, _) => None,
        };
        let alone = does.is_none() || self.asked && columns(&task.name) > column;
        let name = one_line(&task.name, if alone { self.width.saturating_sub(indent + 2) } else { column });
        self.text.push_str(&format!("{}{} {name}", " ".repeat(indent), (self.paint)(role, mark)));
        let pad = if alone { 0 } else { column.saturating_sub(columns(&name)) + 2 };
        let does = does.map(|does| match does {
            Err(words) => words,
            Ok(what) => headline(what, if self.asked { usize::MAX } else { self.width.saturating_sub(column + indent + 4) }),
        });
        match does {
            None => self.text.push('\n'),
            Some(does) if alone => {
                self.text.push('\n');
                self.lines(indent + 4, None, &does);
            }
            Some(does) => {
                let beside = column + indent + 4;
                let room = self.width.saturating_sub(beside);
                // Where the hosts were asked, what is done is told whole.
                let lines = if self.asked { wrapped(&does, room, 0, MOST_LINES) } else { vec![one_line(&does, room)] };
                self.text.push_str(&format!("{}{}\n", " ".repeat(pad), lines.join(&format!("\n{}", " ".repeat(beside)))));
            }
        }
    }
}
