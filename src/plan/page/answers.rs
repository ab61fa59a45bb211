//! The answers of a dry run on a page: figures at the top, and below each task what would be done where and why.
//!
//! Marks and words say all; colours only repeat it. Diffs are foreign text: they come in as text, line by line.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::plan::answered::{self, Kind, kind, why};
use crate::plan::foreseen::{ForecastView, ProbedView};
use crate::plan::view::{PlanView, RoundView, TaskView};
use crate::text::{fold_names, plural};

/// So many different answers of a task are shown: with a diff each, a page of all would open in no browser.
const MOST_ANSWERS: usize = 100;

/// What it all comes to, at the top.
pub(super) fn of_all(view: &PlanView, probed: &ProbedView) -> Markup {
    let idle = answered::idle(view);
    html! {
        p class="key" {
            @for (kind, count) in answered::in_order(&probed.answers) {
                span { b { (kind.mark) } " " (count) " " (kind.counted) }
            }
            @if view.rounds.iter().flat_map(|round| &round.tasks).any(|task| task.left_out.is_some()) {
                span { b { "-" } " left out" }
            }
        }
        @if !idle.is_empty() {
            p { (plural(idle.len(), "host")) " with nothing to do: " span class="hosts" { (fold_names(&idle)) } }
        }
        @for lost in &probed.unreachable {
            p class="trouble" {
                span class="mark" { "!" } " " (plural(lost.hosts.len(), "host")) " can't be reached: "
                span class="hosts" { (fold_names(&lost.hosts)) } " (" (lost.reason) ")"
            }
        }
        p class="note" { "As the hosts said before the run; nothing was changed." }
    }
}

/// Hosts of a round that take no part.
pub(super) fn of_round(round: &RoundView) -> Markup {
    let unreached = answered::unreached(round);
    html! {
        @for left_out in &round.left_out {
            p {
                span class="mark" { (if left_out.reason == "when" { "-" } else { "!" }) } " take no part: "
                span class="hosts" { (fold_names(&left_out.hosts)) }
                @if left_out.reason == "when" { " (left out by " code { "when" } ")" } @else { " (" (left_out.reason) ")" }
            }
        }
        @if !unreached.is_empty() {
            p class="trouble" { span class="mark" { "!" } " can't be reached: " span class="hosts" { (fold_names(&unreached)) } }
        }
    }
}

/// On how many hosts a task would do what.
pub(super) fn figures(task: &TaskView) -> Markup {
    let figures: BTreeMap<String, usize> = answered::figures(task);
    html! {
        @if !figures.is_empty() {
            " " span class="figures" {
                @for (index, (kind, count)) in answered::in_order(&figures).into_iter().enumerate() {
                    @if index > 0 { ", " }
                    (count) " " (kind.counted)
                }
            }
        }
    }
}

/// What would be done, where and why.
pub(super) fn of_task(round: &RoundView, task: &TaskView) -> Markup {
    let mut answers = answered::answers(task, true);
    if let [only] = &answers[..]
        && why(only, round).is_empty()
    {
        // The figures beside the task's name say all of it.
        answers.clear();
    }
    let shown = &answers[..answers.len().min(MOST_ANSWERS)];
    html! {
        @if !shown.is_empty() && task.left_out.is_none() {
            ul class="answers" {
                @for told in shown { (answer(round, told)) }
                @if let Some(left) = answers.get(MOST_ANSWERS..).filter(|left| !left.is_empty()) {
                    @let hosts: Vec<&String> = left.iter().flat_map(|told| &told.hosts).collect();
                    li class="note" { "and " (left.len()) " more, on " span class="hosts" { (fold_names(&hosts)) } ": the plan's JSON form has them" }
                }
            }
        }
    }
}

fn answer(round: &RoundView, told: &ForecastView) -> Markup {
    let (kind, because): (&Kind, String) = (kind(&told.answer), why(told, round));
    html! {
        li {
            span class=(if kind.trouble { "mark trouble" } else { "mark" }) { (kind.mark) } " "
            b { (kind.words) } " " span class="hosts" { (fold_names(&told.hosts)) }
            @if !because.is_empty() { ": " (because) }
            @for diff in told.differences.iter().filter_map(|difference| difference.diff.as_ref()) { (changed(diff)) }
        }
    }
}

fn changed(diff: &str) -> Markup {
    let (name, lines) = answered::lines_of_diff(diff);
    let class = |line: &str| match line.as_bytes().first() {
        Some(b'+') => Some("added"),
        Some(b'-') => Some("removed"),
        _ => None,
    };
    html! {
        details {
            summary { @if let Some(name) = name { code { (name) } } @else { "what changes" } }
            pre { code { @for line in &lines { span class=[class(line)] { (line) "\n" } } } }
        }
    }
}
