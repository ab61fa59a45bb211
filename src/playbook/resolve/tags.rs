//! `--tags`, `--skip-tags` and `--start-at`: which tasks the command line leaves out.
//!
//! As in Ansible, `always` runs unless it is skipped by name and `never` only where it is asked for. What is left out
//! counts as done. Handlers run when they are notified, and `finally` tidies up, so both stay where no tag of their own
//! says otherwise.

use crate::diag::{Diagnostic, Diagnostics, SourceText};
use crate::model::{Playbook, Section, Task};
use crate::playbook::codes;
use crate::playbook::options::Options;
use crate::text::{did_you_mean, snake_id};

/// Words of `--tags` and `--skip-tags` that are no tags.
const SPECIAL: [&str; 5] = ["all", "tagged", "untagged", "always", "never"];

/// Marks the tasks that are left out.
pub(super) fn leave_out(playbook: &mut Playbook, options: &Options, diagnostics: &mut Diagnostics) {
    unknown(playbook, options, diagnostics);
    let start = options.start_at.as_ref().and_then(|word| start(playbook, word, diagnostics));
    for (round_index, round) in playbook.rounds.iter_mut().enumerate() {
        for (task_index, task) in round.tasks.iter_mut().enumerate() {
            let early = start.is_some_and(|start| (round_index, task_index) < start);
            task.flow.left_out = if early && task.flow.home.section != Section::Handlers {
                Some("written above `--start-at`".to_owned())
            } else {
                reason(task, options).map(str::to_owned)
            };
        }
    }
}

/// Why tags leave a task out.
fn reason(task: &Task, options: &Options) -> Option<&'static str> {
    let tags = &task.flow.tags;
    let has = |list: &[SourceText], word: &str| list.iter().any(|entry| entry.text == word);
    let named = |list: &[SourceText]| tags.iter().any(|tag| has(list, tag));
    let always = tags.iter().any(|tag| tag == "always") || (task.flow.home.section != Section::Tasks && tags.is_empty());
    let never = tags.iter().any(|tag| tag == "never");
    let tagged = tags.iter().any(|tag| tag != "always" && tag != "never");
    let skip = &options.skip_tags;
    if named(skip)
        || (has(skip, "all") && !always)
        || (has(skip, "tagged") && tagged && !always)
        || (has(skip, "untagged") && !tagged && !always)
    {
        return Some("one of `--skip-tags`");
    }
    let only = &options.tags;
    let asked = named(only) || (!never && (has(only, "all") || (has(only, "tagged") && tagged) || (has(only, "untagged") && !tagged)));
    if asked || (always && !never) {
        None
    } else if never {
        Some("tagged `never`")
    } else if only.is_empty() {
        None
    } else {
        Some("none of `--tags`")
    }
}

fn unknown(playbook: &Playbook, options: &Options, diagnostics: &mut Diagnostics) {
    let mut known: Vec<&str> = Vec::new();
    for tag in playbook.rounds.iter().flat_map(|round| &round.tasks).flat_map(|task| &task.flow.tags) {
        if !known.contains(&tag.as_str()) {
            known.push(tag);
        }
    }
    for word in options.tags.iter().chain(&options.skip_tags) {
        if known.contains(&word.text.as_str()) || SPECIAL.contains(&word.text.as_str()) {
            continue;
        }
        let found = Diagnostic::error(codes::UNKNOWN_CHOICE, word.span, format!("nothing in the playbook has the tag `{}`", word.text));
        let hint = did_you_mean(&word.text, known.iter().copied())
            .or_else(|| (!known.is_empty()).then(|| format!("its tags: {}", known.join(", "))));
        diagnostics.push(found.hint(hint));
    }
}

/// Finds the task that a word means: `task` or `round/task`, ids or names; the first in the order written.
fn start(playbook: &Playbook, word: &SourceText, diagnostics: &mut Diagnostics) -> Option<(usize, usize)> {
    let is =
        |id: Option<&str>, name: &str, word: &str| id == Some(word) || name == word || (snake_id(word).as_deref() == id && id.is_some());
    let find = |round: Option<&str>, task: &str| {
        let rounds = playbook.rounds.iter().enumerate().filter(|(_, of)| round.is_none_or(|word| is(Some(&of.id), &of.name, word)));
        rounds
            .flat_map(|(at, round)| round.tasks.iter().enumerate().map(move |(task_at, task)| (at, task_at, task)))
            .filter(|(_, _, task)| task.flow.home.section == Section::Tasks)
            .find(|(_, _, found)| is(found.id.as_deref(), &found.name, task))
            .map(|(round, task, _)| (round, task))
    };
    let found = find(None, &word.text).or_else(|| word.text.split_once('/').and_then(|(round, task)| find(Some(round), task)));
    if found.is_none() {
        let tasks = playbook.rounds.iter().flat_map(|round| &round.tasks);
        let known = tasks.filter_map(|task| task.id.as_deref().or(Some(&*task.name)));
        let error = Diagnostic::error(codes::UNKNOWN_CHOICE, word.span, format!("the playbook has no task `{}` to start at", word.text));
        diagnostics.push(error.hint(did_you_mean(&word.text, known)));
    }
    found
}
