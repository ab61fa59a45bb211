//! A recorded run again: all of it in folded lines, or single steps with everything that is known of them.

use jiff::tz::TimeZone;

use super::Options;
use super::aftermath::{blocks, pending, stopped};
use super::board::Board;
use super::exit::exit_meaning;
use super::fold::fold_outputs;
use super::history::local_time;
use super::narrator::millis;
use super::paint::{Paint, foreign_lines};
use super::steps::{ShowError, StepDetail, StepFilter, step_details};
use super::summary::{duration, failures, unreachable};
use super::words::{ends_phrase, hosts_phrase, lead_of, round_name, task_name, told_word};
use crate::event::Event;
use crate::model::HostIx;
use crate::text::{fold_names, plural, quote_all, visible};

/// Shows a whole run from its events, times in `zone`.
///
/// # Errors
/// [`ShowError::Empty`] without a first event.
pub fn show_run<'a>(events: impl IntoIterator<Item = &'a Event>, options: &Options, zone: &TimeZone) -> Result<String, ShowError> {
    let mut board = Board::new(false).in_record(options.db.clone());
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
            lines.push(format!("{} {task}{}{}", lead_of(state, paint), paint.dot(), ends_phrase(&board, paint, state, room)));
        }
        if let Some(batch) = &round.flow.batch {
            lines.push(format!("{} of {} batches began", batch.batch, batch.of));
        }
        for (reason, hosts) in &round.left_out {
            lines.push(format!("left out {} ({})", hosts_phrase(&board, hosts, room), paint.one_line(reason, 100)));
        }
    }
    let sections =
        [failures(&board, paint, true), unreachable(&board, paint), blocks(&board, paint), pending(&board, paint), stopped(&board, paint)];
    for section in sections {
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
        || "no end recorded: it is still running, was killed, or could not be recorded to its end".to_owned(),
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
        let attempts = detail.attempts.iter().map(|attempt| {
            let outcome = attempt.outcome.as_ref().map(|outcome| (outcome.status, outcome.reason.clone(), outcome.rc));
            let texts = (attempt.command.clone(), attempt.stdout.clone(), attempt.stderr.clone());
            (attempt.attempt, attempt.item.clone(), outcome, attempt.retry_ms.is_some(), texts)
        });
        let attempts: Vec<_> = attempts.collect();
        let texts = (detail.command.clone(), detail.stdout.clone(), detail.stderr.clone(), attempts);
        (detail.round.clone(), detail.task.clone(), outcome, texts, detail.on.clone())
    };
    let folded = fold_outputs(details.iter().map(|detail| (detail, alike(detail))).collect());
    let blocks: Vec<String> = folded.iter().map(|(details, _)| step_block(details, paint, zone).join("\n") + "\n").collect();
    Ok(blocks.join("\n"))
}

fn step_block(details: &[&StepDetail], paint: Paint, zone: &TimeZone) -> Vec<String> {
    let Some(first) = details.first() else { return Vec::new() };
    let names: Vec<&str> = details.iter().map(|detail| detail.host.as_str()).collect();
    let hosts = visible(&fold_names(&names));
    let hosts = if names.len() > 1 { format!("{}: {hosts}", plural(names.len(), "host")) } else { hosts };
    let task = format!("{}/{}", visible(&first.round), paint.one_line(&first.task, 100));
    let mut lines = vec![format!("{}{}{hosts}", paint.bold(&task), paint.dot())];
    let field = |name: &str, value: &str| format!("  {} {value}", paint.dim(&format!("{name:<9}")));
    match &first.outcome {
        Some(outcome) => {
            let reason = outcome.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", paint.one_line(reason, 500)));
            let allowed = if outcome.allowed { " (allowed)" } else { "" };
            lines.push(field(
                "status",
                &format!("{}{reason}{allowed}", paint.status(outcome.status, told_word(outcome.status, outcome.answer()))),
            ));
            lines.extend(outcome.rc.map(|rc| field("exit code", &rc.to_string())));
            for difference in &outcome.differences {
                lines.push(field("differs", &paint.one_line(&difference.words(), 500)));
                lines.extend(difference.diff.iter().flat_map(|diff| foreign_lines(diff)).map(|line| format!("            {line}")));
            }
        }
        None => lines.push(field("status", "no end recorded")),
    }
    lines.extend(first.on.as_ref().map(|on| field("ran on", &visible(on))));
    if let Some(command) = first.command.as_ref().filter(|_| first.attempts.is_empty()) {
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
    if !first.attempts.is_empty() {
        lines.extend(attempt_blocks(first, paint));
        return lines;
    }
    let infos = first.outcome.as_ref().map(|outcome| (&outcome.stdout, &outcome.stderr));
    for (name, text, info) in [("stdout", &first.stdout, infos.map(|infos| infos.0)), ("stderr", &first.stderr, infos.map(|infos| infos.1))]
    {
        if !text.is_empty() {
            let cut = info.filter(|info| info.cut).map_or_else(String::new, |info| format!(" (head and tail of {} bytes)", info.bytes));
            lines.push(format!("  {}", paint.dim(&format!("{name}:{cut}"))));
            lines.extend(indented(text, "    "));
        }
    }
    lines
}

/// Every execution of a step, one after the other.
fn attempt_blocks(detail: &StepDetail, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for attempt in &detail.attempts {
        let item = attempt.item.as_deref().map_or_else(String::new, |item| format!(" ({})", paint.one_line(item, 60)));
        let mut line = format!("  {}", paint.bold(&format!("attempt {}{item}", attempt.attempt)));
        match &attempt.outcome {
            Some(outcome) => {
                line.push_str(&format!("{}{}", paint.dot(), paint.status(outcome.status, told_word(outcome.status, outcome.answer()))));
                line.extend(outcome.reason.as_deref().map(|reason| format!(": {}", paint.one_line(reason, 300))));
                line.push_str(&format!("{}{}", paint.dot(), millis(outcome.duration_ms)));
            }
            None => line.push_str(&format!("{}no end recorded", paint.dot())),
        }
        line.extend(attempt.retry_ms.map(|wait| format!("{}tried again after {}", paint.dot(), millis(wait))));
        lines.push(line);
        lines.extend(attempt.command.iter().flat_map(|command| indented(command, "    $ ")));
        for (name, text) in [("stdout", &attempt.stdout), ("stderr", &attempt.stderr)] {
            if !text.is_empty() {
                lines.push(format!("    {}", paint.dim(&format!("{name}:"))));
                lines.extend(indented(text, "      "));
            }
        }
    }
    lines
}

fn indented(text: &str, indent: &str) -> impl Iterator<Item = String> {
    text.trim_end_matches('\n').lines().map(move |line| {
        let line = visible(line.trim_end_matches('\r'));
        if line.is_empty() { line } else { format!("{indent}{line}") }
    })
}

#[cfg(test)]
mod tests;
