//! The words of a page: a section for each round, in it its tasks in the order written, nested as they were.
//!
//! Knows the view and the frames that nest it. What is said of waits, guards and flow is said as in the plan's text.

use maud::{Markup, html};

use super::answers;
use crate::plan::answered;
use crate::plan::drawing::{Frame, Item, block_name, hosts, mark};
use crate::plan::text::{details, flow, reasons};
use crate::plan::view::{BatchView, BlockView, RoundView, StepsView, TaskView, WaitView, What};
use crate::text::{fold_names, plural};

/// So many forms of a task are shown unasked.
const MOST_FORMS: usize = 3;

/// So many more can be unfolded: a page of all forms of all tasks on a thousand hosts would open in no browser.
const MOST_UNFOLDED: usize = 100;

/// Writes a round and all that stands in it.
pub(super) fn round(index: usize, round: &RoundView, frame: &Frame) -> Markup {
    let mut said = flow::of_round(round);
    said.extend(round.when.iter().map(|when| format!("hosts where {when}")));
    said.extend(match round.after {
        "all" => Some("only if those ended well on every host (after: all)".to_owned()),
        "always" if !round.waits.is_empty() => Some("whatever became of those (after: always)".to_owned()),
        _ => None,
    });
    html! {
        details class="round" id=(frame.id) open {
            summary {
                h2 { (round.name) }
                @if round.id != round.name { code { (round.id) } }
                span class="hosts" { (hosts(&round.hosts)) }
            }
            p class="note" { (place(&round.place)) }
            @if index > 0 || !round.waits.is_empty() { p { (waits(&round.waits)) } }
            (list(&said))
            @if !round.batches.is_empty() { (batches(&round.batches)) }
            (answers::of_round(round))
            (items(index, round, frame))
        }
    }
}

fn batches(batches: &[BatchView]) -> Markup {
    html! {
        ol class="batches" {
            @for batch in batches {
                li {
                    (plural(batch.hosts.len(), "host"))
                    @if let Some(percent) = batch.percent { " (" (percent) "%)" }
                    ": " span class="hosts" { (fold_names(&batch.hosts)) }
                }
            }
        }
    }
}

fn items(index: usize, round: &RoundView, frame: &Frame) -> Markup {
    html! {
        @for item in &frame.items {
            @match item {
                Item::Node(node) => {
                    @match node.task.and_then(|task| round.tasks.get(task)) {
                        Some(shown) => (task(&node.id, round, shown)),
                        None => p class="note" { "no tasks" },
                    }
                }
                Item::Frame(inner) => {
                    @match inner.block.and_then(|block| round.blocks.get(block)) {
                        Some(shown) => (block(index, round, shown, inner)),
                        None => section class="part" {
                            @for line in &inner.title { h3 { (line) } }
                            (items(index, round, inner))
                        },
                    }
                }
            }
        }
    }
}

fn block(index: usize, round: &RoundView, block: &BlockView, frame: &Frame) -> Markup {
    html! {
        details class="block" id=(frame.id) open {
            summary { b { (block_name(block)) } }
            @if !block.waits.is_empty() { p { (waits(&block.waits)) } }
            (list(&flow::of_block(block)))
            @for steps in &block.steps {
                div class="step" {
                    p class="hosts" { (fold_names(&steps.hosts)) }
                    (list(&flow::of_block_steps(&steps.what)))
                }
            }
            (items(index, round, frame))
        }
    }
}

fn task(id: &str, round: &RoundView, task: &TaskView) -> Markup {
    let notified: Vec<&str> = task.waits.iter().filter(|wait| wait.why == "notify").map(|wait| wait.on.as_str()).collect();
    let others: Vec<WaitView> = task.waits.iter().filter(|wait| wait.why != "notify").cloned().collect();
    let folded = if task.forecasts.is_empty() { Vec::new() } else { answered::forms(task) };
    let is_folded = !folded.is_empty() && folded.len() < task.steps.len();
    let forms = if is_folded { &folded } else { &task.steps };
    // One more would be the line that says how many there are.
    let (shown, mut rest) = forms.split_at(if forms.len() > MOST_FORMS + 1 { MOST_FORMS } else { forms.len() });
    if is_folded {
        rest = &task.steps;
    }
    html! {
        details class="task" id=(id) open[!is_at_rest(task)] {
            summary {
                span class="mark" { (mark(task)) } " "
                b { (task.name) } " "
                code { (task.verb) }
                @if task.left_out.is_none() { (answers::figures(task)) }
            }
            @if !others.is_empty() { p class="note" { (waits(&others)) } }
            @if !notified.is_empty() { p class="note" { "notified by " (notified.join(", ")) } }
            @if let Some(reason) = &task.left_out { p { "left out: " (reason) } }
            (list(&flow::of_task(task)))
            (answers::of_task(round, task))
            @for steps in shown { (step(round, steps)) }
            @if !rest.is_empty() {
                details class="rest" {
                    summary { @if is_folded { "all " (rest.len()) ", each as it is, on " } @else { "and " (rest.len()) " more, on " } span class="hosts" { (fold_names(&hosts_of(rest))) } }
                    @for steps in rest.iter().take(MOST_UNFOLDED) { (step(round, steps)) }
                    @if let Some(left) = rest.get(MOST_UNFOLDED..).filter(|left| !left.is_empty()) {
                        p class="note" {
                            "and " (left.len()) " more, on " span class="hosts" { (fold_names(&hosts_of(left))) } ": the plan's JSON form has them"
                        }
                    }
                }
            }
        }
    }
}

/// Hosts were asked, and there is nothing to do with it on any.
fn is_at_rest(task: &TaskView) -> bool {
    answered::foremost(&task.forecasts).is_some_and(|kind| kind.answer == "nothing")
}

fn hosts_of(steps: &[StepsView]) -> Vec<&String> {
    steps.iter().flat_map(|steps| &steps.hosts).collect()
}

/// A step on all hosts for which it is the same; the mark stands where what will become of it is told.
fn step(round: &RoundView, steps: &StepsView) -> Markup {
    let what = &steps.what;
    html! {
        div class="step" {
            @if steps.hosts != round.hosts { p class="hosts" { (fold_names(&steps.hosts)) } }
            @match &what.skipped_by {
                Some(condition) => p { span class="mark" { "-" } " left out by " code { (condition) } },
                None => (command(what)),
            }
        }
    }
}

fn command(what: &What) -> Markup {
    let differ = what.items.iter().flatten().any(|item| item.skipped_by.is_some() || item.command != what.command);
    let bare = What { items: None, ..what.clone() };
    html! {
        @if !what.command.is_empty() { pre { code { (what.command) } } }
        @if let Some(items) = &what.items {
            p { @if items.is_empty() { "no items" } @else { (plural(items.len(), "item")) } }
            @if differ {
                ul {
                    @for item in items {
                        li {
                            (item.item) ": "
                            @match &item.skipped_by {
                                Some(condition) => { "left out by " code { (condition) } }
                                None => code { (item.command) },
                            }
                        }
                    }
                }
            }
        }
        (list(&details(&bare)))
        @if !what.known_after.is_empty() { p class="note" { "the rest is known after " (what.known_after.join(", ")) } }
        @if let Some(content) = &what.content {
            details { summary { "content" } pre { code { (content) } } }
        }
    }
}

fn waits(waits: &[WaitView]) -> String {
    if waits.is_empty() { "starts at once".to_owned() } else { format!("waits for {}", reasons(waits).join(", ")) }
}

fn list(lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            ul { @for line in lines { li { (line) } } }
        }
    }
}

fn place(place: &crate::diag::Location) -> String {
    format!("{}:{}", place.file, place.line)
}
