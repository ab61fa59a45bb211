//! Everything that is recorded of single steps, picked out of a run's events.

use std::collections::BTreeMap;

use crate::event::{Data, Event, Outcome, RunEvent, RunHeader, Stream};
use crate::model::{HostIx, RoundIx, StepId, TaskIx};
use crate::text::did_you_mean;

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
    /// Every execution, where it ran more than once or has items; the fields above are of the last one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptDetail>,
}

/// Everything recorded of one execution of a step.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AttemptDetail {
    /// Counts all executions of the step, from 1.
    pub attempt: u32,
    /// The item in a few words, where the task has `each`.
    pub item: Option<String>,
    /// The command as a person would type it.
    pub command: Option<String>,
    /// What became of it; none where that was never learned.
    pub outcome: Option<Outcome>,
    /// Where it was tried again: after how long.
    pub retry_ms: Option<u64>,
    /// Standard output as far as recorded.
    pub stdout: String,
    /// Standard error as far as recorded.
    pub stderr: String,
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

#[derive(Default)]
struct Collected {
    attempt: u32,
    ended_at: Option<i64>,
    outcome: Option<Outcome>,
    executions: BTreeMap<u32, Execution>,
}

#[derive(Default)]
struct Execution {
    on: Option<HostIx>,
    command: Option<String>,
    sent_at: Option<i64>,
    began_at: Option<i64>,
    item: Option<String>,
    outcome: Option<Outcome>,
    retry_ms: Option<u64>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Collected {
    fn detail(self, header: &RunHeader, step: StepId) -> StepDetail {
        let name = |host: HostIx| header.hosts.get(host.index()).map_or_else(String::new, |entry| entry.name.clone());
        let round = header.rounds.get(step.round.index());
        let task = round.and_then(|round| round.tasks.get(step.task.index()));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let many = self.executions.len() > 1 || self.executions.values().any(|execution| execution.item.is_some());
        let attempts = self.executions.iter().filter(|_| many).map(|(attempt, execution)| AttemptDetail {
            attempt: *attempt,
            item: execution.item.clone(),
            command: execution.command.clone(),
            // The last one of a step without items ends with the step.
            outcome: execution.outcome.clone().or_else(|| self.outcome.clone().filter(|_| *attempt == self.attempt)),
            retry_ms: execution.retry_ms,
            stdout: text(&execution.stdout),
            stderr: text(&execution.stderr),
        });
        let attempts = attempts.collect();
        let last = self.executions.into_values().next_back().unwrap_or_default();
        StepDetail {
            round: round.map_or_else(String::new, |round| round.id.clone()),
            task: task.map_or_else(String::new, |task| task.name.clone()),
            host: name(step.host),
            on: last.on.map(name),
            attempt: self.attempt,
            command: last.command,
            sent_at: last.sent_at,
            began_at: last.began_at,
            ended_at: self.ended_at,
            outcome: self.outcome,
            stdout: text(&last.stdout),
            stderr: text(&last.stderr),
            attempts,
        }
    }
}

fn collect(steps: &mut BTreeMap<StepId, Collected>, wanted: &Wanted, event: &Event) {
    match &event.kind {
        RunEvent::StepSent { step, attempt, on, command, .. } if wanted.has(*step) => {
            let collected = steps.entry(*step).or_default();
            collected.attempt = collected.attempt.max(*attempt);
            // What was written ahead and withdrawn is sent again under the same number.
            let sent = Execution { on: *on, command: Some(command.clone()), sent_at: Some(event.at), ..Execution::default() };
            collected.executions.insert(*attempt, sent);
        }
        RunEvent::StepBegan { step, attempt } if wanted.has(*step) => {
            steps.entry(*step).or_default().executions.entry(*attempt).or_default().began_at = Some(event.at);
        }
        RunEvent::StepOutput { step, attempt, stream, offset, data } if wanted.has(*step) => {
            let execution = steps.entry(*step).or_default().executions.entry(*attempt).or_default();
            let to = if *stream == Stream::Stdout { &mut execution.stdout } else { &mut execution.stderr };
            add_output(to, *offset, data);
        }
        RunEvent::AttemptEnded { step, attempt, item, outcome, retry_ms } if wanted.has(*step) => {
            let execution = steps.entry(*step).or_default().executions.entry(*attempt).or_default();
            execution.item = item.as_ref().map(|item| item.label.clone());
            execution.outcome = Some(outcome.clone());
            execution.retry_ms = *retry_ms;
        }
        RunEvent::StepEnded { step, attempt, outcome } if wanted.has(*step) => {
            let collected = steps.entry(*step).or_default();
            collected.attempt = *attempt;
            collected.ended_at = Some(event.at);
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
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_not_recorded_are_told() {
        let mut bytes = b"head\n".to_vec();
        add_output(&mut bytes, 1000, &Data::Text("tail\n".into()));
        assert_eq!(String::from_utf8(bytes).unwrap(), "head\n[995 bytes that the record does not hold]\ntail\n");
    }
}
