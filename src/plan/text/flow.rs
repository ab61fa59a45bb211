//! What of the flow is said below a round, task or block, a line each.

use std::time::Duration;

use crate::plan::view::{BatchView, BlockView, BlockWhat, RepeatView, RoundView, TaskView, What};
use crate::text::{format_duration, plural};

/// The time limit that is not worth showing.
pub(super) const USUAL_TIMEOUT_MS: u64 = 3_600_000;

/// So many items of one step are shown.
const MOST_ITEMS: usize = 3;

pub(in crate::plan) fn of_round(round: &RoundView) -> Vec<String> {
    let mut lines = Vec::new();
    if !round.chosen_by.is_empty() {
        lines.push(format!("chosen by {}: at most {}", round.chosen_by.join(", "), round.hosts.len()));
    }
    if !round.batches.is_empty() {
        let pause = round.pause_ms.map_or_else(String::new, |pause| format!("; {} between them", time(pause)));
        lines.push(format!("in batches: {}{pause}", sizes(&round.batches)));
    }
    match round.max_failures {
        Some(0) => lines.push("stops when a host fails".to_owned()),
        Some(most) => lines.push(format!("stops when more than {} fail", plural(most, "host"))),
        None => {}
    }
    if let Some(most) = round.max_wait_ms {
        let whose = if round.batches.is_empty() { "hosts" } else { "hosts of a batch" };
        lines.push(format!("{whose} that are not done after {} are given up", time(most)));
    }
    if round.skip_unreachable {
        lines.push("hosts that can't be reached are no failures".to_owned());
    }
    if let Some(question) = &round.confirm {
        lines.push(format!("asks first: {question}"));
    }
    lines
}

/// `1, 10 (25%), 29`; what repeats is counted.
pub(in crate::plan) fn sizes(batches: &[BatchView]) -> String {
    let mut sizes: Vec<(String, usize)> = Vec::new();
    for batch in batches {
        let size = match batch.percent {
            Some(percent) => format!("{} ({percent}%)", batch.hosts.len()),
            None => batch.hosts.len().to_string(),
        };
        match sizes.last_mut() {
            Some((last, count)) if *last == size => *count += 1,
            _ => sizes.push((size, 1)),
        }
    }
    let sizes: Vec<String> = sizes
        .into_iter()
        .map(|(size, count)| match count {
            1 => size,
            2 => format!("{size}, {size}"),
            _ => format!("{count} of {size}"),
        })
        .collect();
    sizes.join(", ")
}

pub(in crate::plan) fn of_task(task: &TaskView) -> Vec<String> {
    let mut lines = Vec::new();
    if task.left_out.is_some() {
        return lines;
    }
    if !task.when.is_empty() {
        lines.push(format!("when {}", task.when.join(" and ")));
    }
    lines.extend(of_repeat(&task.repeat));
    for (word, judge) in [("changed", &task.changed), ("failed", &task.failed)] {
        match judge.as_deref() {
            Some("true") => lines.push(format!("always {word}")),
            Some("false") => lines.push(format!("never {word}")),
            Some(expression) => lines.push(format!("{word} if {expression}")),
            None => {}
        }
    }
    if !task.notify.is_empty() {
        lines.push(format!("notifies {}", task.notify.join(", ")));
    }
    let mut settings = Vec::new();
    if task.once {
        settings.push("once, on the first host that can be reached".to_owned());
    }
    if task.allow_failure {
        settings.push("may fail".to_owned());
    }
    if task.timeout_ms != USUAL_TIMEOUT_MS {
        settings.push(format!("for {} at most", time(task.timeout_ms)));
    }
    settings.extend(task.shell.iter().map(|shell| format!("in {shell}")));
    settings.extend(task.lock.iter().map(|lock| format!("holds the lock {lock}")));
    settings.extend(task.throttle.map(|hosts| format!("on {} at once", plural(hosts, "host"))));
    if task.durable {
        settings.push("durable".to_owned());
    }
    if task.sensitive {
        settings.push("output hidden".to_owned());
    }
    if !task.tags.is_empty() {
        settings.push(format!("tags {}", task.tags.join(", ")));
    }
    if !settings.is_empty() {
        lines.push(settings.join("; "));
    }
    lines
}

pub(in crate::plan) fn of_block(block: &BlockView) -> Vec<String> {
    let mut lines = Vec::new();
    if !block.when.is_empty() {
        lines.push(format!("when {}", block.when.join(" and ")));
    }
    lines.extend(of_repeat(&block.repeat));
    if block.allow_failure {
        lines.push("may fail".to_owned());
    }
    lines
}

pub(in crate::plan) fn of_block_steps(what: &BlockWhat) -> Vec<String> {
    if let Some(condition) = &what.skipped_by {
        return vec![format!("left out by `{condition}`")];
    }
    let mut lines = Vec::new();
    if !what.inputs.is_empty() {
        let inputs: Vec<String> = what.inputs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.push(format!("with {}", inputs.join(" ")));
    }
    match what.items.as_deref() {
        Some([]) => lines.push("no items".to_owned()),
        Some(items) => lines.push(format!("{}: {}", plural(items.len(), "item"), items.join(", "))),
        None => {}
    }
    lines
}

/// The first items of a step, each with what is done for it; none where that is the same for all.
pub(in crate::plan) fn of_items(what: &What) -> Vec<String> {
    let items = what.items.as_deref().unwrap_or_default();
    if items.iter().all(|item| item.skipped_by.is_none() && item.command == what.command) {
        return Vec::new();
    }
    // One more would be the line that says how many there are.
    let shown = if items.len() > MOST_ITEMS + 1 { MOST_ITEMS } else { items.len() };
    let line = |item: &crate::plan::view::ItemWhat| match &item.skipped_by {
        Some(condition) => format!("{}: left out by `{condition}`", item.item),
        None => item.command.clone(),
    };
    let mut lines: Vec<String> = items[..shown].iter().map(line).collect();
    if shown < items.len() {
        lines.push(format!("… and {} more items", items.len() - shown));
    }
    lines
}

fn of_repeat(repeat: &RepeatView) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(each) = &repeat.each {
        let name = repeat.r#as.as_ref().map_or_else(String::new, |name| format!("{name} of "));
        let side = repeat.each_parallel.map_or_else(String::new, |count| format!(", {count} side by side"));
        lines.push(format!("for each {name}{each}{side}"));
    }
    if let Some(retries) = repeat.retries {
        let times = if retries == 1 { "once more".to_owned() } else { format!("up to {retries} times more") };
        let delay = repeat.delay_ms.map_or_else(String::new, |delay| format!(", {} between", time(delay)));
        let backoff = repeat.backoff.map_or_else(String::new, |factor| format!(", each wait {factor} times as long"));
        lines.push(format!("tried {times}{delay}{backoff}"));
    }
    lines.extend(repeat.until.iter().map(|until| format!("until {until}")));
    lines
}

fn time(ms: u64) -> String {
    format_duration(Duration::from_millis(ms))
}
