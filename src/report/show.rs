//! A recorded run again: all of it in folded lines, or single steps with everything that is known of them.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::Options;
use super::board::Board;
use super::exit::exit_meaning;
use super::fold::fold_outputs;
use super::history::local_time;
use super::narrator::millis;
use super::paint::{Paint, foreign_lines};
use super::summary::{duration, failures, unreachable};
use super::words::{ends_phrase, hosts_phrase, round_name, task_name, worst};
use crate::event::{Data, Event, Outcome, RunEvent, RunHeader, Stream};
use crate::model::{HostIx, RoundIx, StepId, TaskIx};
use crate::text::{did_you_mean, plural, quote_all, visible};

/// Which steps of a run are wanted; a filter without either means the whole run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepFilter {
    /// The host's name.
    pub host: Option<String>,
    /// The task's id or name, alone or after its round's id (`patch/upgrade`).
    pub task: Option<String>,
}

/// Why steps can't be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShowError {
    /// There is no first event to read the others by.
    #[error("the record of this run is empty")]
    Empty,
    /// The run had no such host.
    #[error("no host `{name}` took part in this run")]
    UnknownHost {
        /// The name asked for.
        name: String,
        /// The nearest name.
        hint: Option<String>,
    },
    /// The run had no such task.
    #[error("no task `{name}` in this run")]
    UnknownTask {
        /// The name asked for.
        name: String,
        /// The nearest name.
        hint: Option<String>,
    },
    /// Host and task exist, and not together.
    #[error("no step of this run fits both --host and --task")]
    NoStep,
}

impl ShowError {
    /// What may help.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            ShowError::UnknownHost { hint, .. } | ShowError::UnknownTask { hint, .. } => hint.as_deref(),
            ShowError::Empty | ShowError::NoStep => None,
        }
    }
}

/// Everything recorded of one step.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StepDetail {
    /// The round's id.
    pub round: String,
    /// The task's name.
    pub task: String,
    /// The host.
    pub host: String,
    /// The host it ran on, where that is another.
    pub on: Option<String>,
    /// The last attempt; 0 where it never ran.
    pub attempt: u32,
    /// The command as a person would type it.
    pub command: Option<String>,
    /// When it was sent, UTC ms.
    pub sent_at: Option<i64>,
    /// When it began, UTC ms.
    pub began_at: Option<i64>,
    /// When its end was known, UTC ms.
    pub ended_at: Option<i64>,
    /// What became of it; none where that was never learned.
    pub outcome: Option<Outcome>,
    /// Standard output as far as recorded; bytes that are no UTF-8 replaced.
    pub stdout: String,
    /// Standard error as far as recorded.
    pub stderr: String,
}

/// Shows a whole run from its events, times in `zone`.
///
/// # Errors
/// [`ShowError::Empty`] without a first event.
pub fn show_run<'a>(events: impl IntoIterator<Item = &'a Event>, options: &Options, zone: &TimeZone) -> Result<String, ShowError> {
    let mut board = Board::new(false);
    for event in events {
        board.fold(event);
    }
    if !board.begun {
        return Err(ShowError::Empty);
    }
    let paint = Paint::new(options);
    let mut lines = header_lines(&board, paint, zone);
    let room = options.width.saturating_sub(40).max(20);
    for (ix, round) in &board.rounds {
        lines.push(String::new());
        let name = paint.bold(&format!("round {}", round_name(&board, *ix)));
        if let Some(reason) = &round.skipped {
            lines.push(format!("{name}{}skipped: {}", paint.dot(), paint.one_line(reason, 200)));
            continue;
        }
        let took = round.started_at.zip(round.ended_at).map(|(from, to)| millis(u64::try_from(to - from).unwrap_or(0)));
        let took = took.map_or_else(String::new, |took| format!("{}{took}", paint.dot()));
        lines.push(format!("{name}{}{}{took}", paint.dot(), hosts_phrase(&board, &round.hosts, room)));
        for (task, state) in &round.tasks {
            let task = task_name(&board, paint, *ix, *task);
            lines.push(format!("{} {task}{}{}", paint.lead(worst(state)), paint.dot(), ends_phrase(&board, paint, state, room)));
        }
        for (reason, hosts) in &round.left_out {
            lines.push(format!("left out {} ({})", hosts_phrase(&board, hosts, room), paint.one_line(reason, 100)));
        }
    }
    for section in [failures(&board, paint, true), unreachable(&board, paint)] {
        if !section.is_empty() {
            lines.push(String::new());
            lines.extend(section);
        }
    }
    Ok(lines.join("\n") + "\n")
}

fn header_lines(board: &Board, paint: Paint, zone: &TimeZone) -> Vec<String> {
    let header = &board.header;
    let field = |name: &str, value: String| format!("{} {value}", paint.dim(&format!("{name:<9}")));
    let status = board.end.as_ref().map_or_else(
        || "no end recorded: it is still running, or was killed".to_owned(),
        |end| match exit_meaning(end.exit_code) {
            Some(meaning) => format!("{} (exit code {}: {meaning})", visible(&end.status), end.exit_code),
            None => visible(&end.status),
        },
    );
    let (when, took) = (local_time(board.started_at, zone), millis(duration(board)));
    let mut lines = vec![
        field("run", visible(&header.run)),
        field(if board.is_exec() { "command" } else { "playbook" }, paint.one_line(&header.playbook, 200)),
        field("status", status),
        field("started", format!("{when} by {}@{}, took {took}", visible(&header.user), visible(&header.controller))),
        field("typed", visible(&quote_all(&header.argv))),
    ];
    if let Some(git) = &header.git {
        lines.push(field("git", format!("{}{}", visible(&git.commit), if git.dirty { ", with uncommitted changes" } else { "" })));
    }
    let hosts: Vec<HostIx> = board.hosts.keys().copied().collect();
    lines.push(field("hosts", hosts_phrase(board, &hosts, usize::MAX)));
    lines
}

/// Collects what is recorded of the wanted steps, in the order of rounds, tasks and hosts.
///
/// # Errors
/// Where the run has no such host, task or step.
pub fn step_details<'a>(events: impl IntoIterator<Item = &'a Event>, filter: &StepFilter) -> Result<Vec<StepDetail>, ShowError> {
    let mut events = events.into_iter();
    let header = loop {
        match events.next().map(|event| &event.kind) {
            Some(RunEvent::RunStarted(header)) => break header,
            Some(_) => {}
            None => return Err(ShowError::Empty),
        }
    };
    let wanted = Wanted::find(header, filter)?;
    let mut steps: BTreeMap<StepId, Collected> = BTreeMap::new();
    for event in events {
        collect(&mut steps, &wanted, event);
    }
    if steps.is_empty() {
        return Err(ShowError::NoStep);
    }
    Ok(steps.into_iter().map(|(step, collected)| collected.detail(header, step)).collect())
}

/// Shows the wanted steps with all their output, equal ones folded over hosts, times in `zone`.
///
/// # Errors
/// Where the run has no such host, task or step.
pub fn show_steps<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    filter: &StepFilter,
    options: &Options,
    zone: &TimeZone,
) -> Result<String, ShowError> {
    let paint = Paint::new(options);
    let details = step_details(events, filter)?;
    // What may differ between two hosts that did the same: when, and how long it took.
    let alike = |detail: &StepDetail| {
        let outcome = detail.outcome.as_ref().map(|outcome| (outcome.status, outcome.reason.clone(), outcome.rc, outcome.allowed));
        let texts = (detail.command.clone(), detail.stdout.clone(), detail.stderr.clone());
        (detail.round.clone(), detail.task.clone(), outcome, texts, detail.on.clone())
    };
    let folded = fold_outputs(details.iter().map(|detail| (detail, alike(detail))).collect());
    let blocks: Vec<String> = folded.iter().map(|(details, _)| step_block(details, paint, zone).join("\n") + "\n").collect();
    Ok(blocks.join("\n"))
}

fn step_block(details: &[&StepDetail], paint: Paint, zone: &TimeZone) -> Vec<String> {
    let Some(first) = details.first() else { return Vec::new() };
    let names: Vec<&str> = details.iter().map(|detail| detail.host.as_str()).collect();
    let hosts = visible(&crate::text::fold_names(&names));
    let hosts = if names.len() > 1 { format!("{}: {hosts}", plural(names.len(), "host")) } else { hosts };
    let task = format!("{}/{}", visible(&first.round), paint.one_line(&first.task, 100));
    let mut lines = vec![format!("{}{}{hosts}", paint.bold(&task), paint.dot())];
    let field = |name: &str, value: &str| format!("  {} {value}", paint.dim(&format!("{name:<9}")));
    match &first.outcome {
        Some(outcome) => {
            let reason = outcome.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", paint.one_line(reason, 500)));
            let allowed = if outcome.allowed { " (allowed)" } else { "" };
            lines.push(field("status", &format!("{}{reason}{allowed}", paint.status(outcome.status, outcome.status.word()))));
            lines.extend(outcome.rc.map(|rc| field("exit code", &rc.to_string())));
        }
        None => lines.push(field("status", "no end recorded")),
    }
    lines.extend(first.on.as_ref().map(|on| field("ran on", &visible(on))));
    if let Some(command) = &first.command {
        let mut command = foreign_lines(command);
        lines.push(field("command", &command.next().unwrap_or_default()));
        lines.extend(command.map(|line| format!("            {line}")));
    }
    let began: Vec<i64> = details.iter().filter_map(|detail| detail.began_at.or(detail.sent_at)).collect();
    if let (Some(earliest), Some(latest)) = (began.iter().min(), began.iter().max()) {
        let (earliest, latest) = (local_time(*earliest, zone), local_time(*latest, zone));
        let until = if earliest == latest { String::new() } else { format!(" to {latest}") };
        lines.push(field("began", &format!("{earliest}{until}")));
    }
    let took: Vec<u64> = details.iter().filter_map(|detail| detail.outcome.as_ref()).map(|outcome| outcome.duration_ms).collect();
    if let (Some(least), Some(most), false) = (took.iter().min(), took.iter().max(), first.attempt == 0) {
        let until = if least == most { String::new() } else { format!(" to {}", millis(*most)) };
        lines.push(field("took", &format!("{}{until}", millis(*least))));
    }
    let infos = first.outcome.as_ref().map(|outcome| (&outcome.stdout, &outcome.stderr));
    for (name, text, info) in [("stdout", &first.stdout, infos.map(|infos| infos.0)), ("stderr", &first.stderr, infos.map(|infos| infos.1))]
    {
        if !text.is_empty() {
            let cut = info.filter(|info| info.cut).map_or_else(String::new, |info| format!(" (head and tail of {} bytes)", info.bytes));
            lines.push(format!("  {}", paint.dim(&format!("{name}:{cut}"))));
            lines.extend(text.trim_end_matches('\n').lines().map(|line| {
                let line = visible(line.trim_end_matches('\r'));
                if line.is_empty() { line } else { format!("    {line}") }
            }));
        }
    }
    lines
}

#[derive(Default)]
struct Collected {
    on: Option<HostIx>,
    attempt: u32,
    command: Option<String>,
    times: [Option<i64>; 3],
    outcome: Option<Outcome>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Collected {
    fn detail(self, header: &RunHeader, step: StepId) -> StepDetail {
        let name = |host: HostIx| header.hosts.get(host.index()).map_or_else(String::new, |entry| entry.name.clone());
        let round = header.rounds.get(step.round.index());
        let task = round.and_then(|round| round.tasks.get(step.task.index()));
        StepDetail {
            round: round.map_or_else(String::new, |round| round.id.clone()),
            task: task.map_or_else(String::new, |task| task.name.clone()),
            host: name(step.host),
            on: self.on.map(name),
            attempt: self.attempt,
            command: self.command,
            sent_at: self.times[0],
            began_at: self.times[1],
            ended_at: self.times[2],
            outcome: self.outcome,
            stdout: String::from_utf8_lossy(&self.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&self.stderr).into_owned(),
        }
    }
}

fn collect(steps: &mut BTreeMap<StepId, Collected>, wanted: &Wanted, event: &Event) {
    match &event.kind {
        RunEvent::StepSent { step, attempt, on, command } if wanted.has(*step) => {
            let (command, times) = (Some(command.clone()), [Some(event.at), None, None]);
            // A further attempt takes the place of the one before.
            steps.insert(*step, Collected { on: *on, attempt: *attempt, command, times, ..Collected::default() });
        }
        RunEvent::StepBegan { step, .. } if wanted.has(*step) => steps.entry(*step).or_default().times[1] = Some(event.at),
        RunEvent::StepOutput { step, stream, offset, data, .. } if wanted.has(*step) => {
            let collected = steps.entry(*step).or_default();
            let to = if *stream == Stream::Stdout { &mut collected.stdout } else { &mut collected.stderr };
            add_output(to, *offset, data);
        }
        RunEvent::StepEnded { step, attempt, outcome } if wanted.has(*step) => {
            let collected = steps.entry(*step).or_default();
            collected.attempt = *attempt;
            collected.times[2] = Some(event.at);
            collected.outcome = Some(outcome.clone());
        }
        _ => {}
    }
}

fn add_output(to: &mut Vec<u8>, offset: u64, data: &Data) {
    let missing = offset.saturating_sub(to.len() as u64);
    if missing > 0 && !to.is_empty() {
        if !to.ends_with(b"\n") {
            to.push(b'\n');
        }
        to.extend_from_slice(format!("[{missing} bytes that the record does not hold]\n").as_bytes());
    }
    to.extend_from_slice(&data.bytes());
}

/// A filter, its names found.
struct Wanted {
    host: Option<HostIx>,
    tasks: Option<Vec<(RoundIx, TaskIx)>>,
}

impl Wanted {
    fn has(&self, step: StepId) -> bool {
        self.host.is_none_or(|host| host == step.host) && self.tasks.as_ref().is_none_or(|tasks| tasks.contains(&(step.round, step.task)))
    }

    fn find(header: &RunHeader, filter: &StepFilter) -> Result<Wanted, ShowError> {
        let host = filter.host.as_ref().map(|name| {
            let found = header.hosts.iter().position(|entry| entry.name == *name).map(HostIx::new);
            let hint = || did_you_mean(name, header.hosts.iter().map(|entry| entry.name.as_str()));
            found.ok_or_else(|| ShowError::UnknownHost { name: name.clone(), hint: hint() })
        });
        let tasks = filter.task.as_ref().map(|wanted| {
            let mut found = Vec::new();
            let mut known = Vec::new();
            for (ix, round) in header.rounds.iter().enumerate() {
                for (task_ix, task) in round.tasks.iter().enumerate() {
                    let names = task.id.iter().chain([&task.name]);
                    let fits = names.clone().any(|name| name == wanted || format!("{}/{name}", round.id) == *wanted);
                    known.extend(names);
                    if fits {
                        found.push((RoundIx::new(ix), TaskIx::new(task_ix)));
                    }
                }
            }
            let hint = || did_you_mean(wanted, known.iter().map(|name| name.as_str()));
            if found.is_empty() { Err(ShowError::UnknownTask { name: wanted.clone(), hint: hint() }) } else { Ok(found) }
        });
        Ok(Wanted { host: host.transpose()?, tasks: tasks.transpose()? })
    }
}

#[cfg(test)]
mod tests;
