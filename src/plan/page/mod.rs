//! The plan as a page for a browser: one file that asks for nothing else, has no script, and can be printed.
//!
//! Knows only [`PlanView`]. The graph comes first, as a picture whose boxes lead to the words below: rounds as sections
//! with their tasks, every one with what it does on which hosts. Text comes in as it is; the markup escapes it.

mod answers;
mod layout;
mod rows;
mod sections;
mod svg;

use maud::{DOCTYPE, PreEscaped, html};

use super::drawing::drawing;
use super::view::PlanView;
use crate::text::{plural, visible};

const STYLE: &str = include_str!("style.css");

/// Writes a plan as a page.
#[must_use]
pub fn page(view: &PlanView) -> String {
    let mut view = view.clone();
    // A browser may act on control characters too, and shows others as nothing.
    view.change_text(&|text| *text = visible(text));
    let drawing = drawing(&view);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="generator" content={ "roundsman " (env!("CARGO_PKG_VERSION")) };
                title { "Plan: " (view.playbook) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (view.playbook) }
                    p class="counts" { (counts(&view)) }
                    @match &view.probed {
                        Some(probed) => (answers::of_all(&view, probed)),
                        None => p class="key" {
                            span { b { "~" } " may change something" }
                            span { b { "·" } " only reads" }
                            span { b { "-" } " will not run" }
                        },
                    }
                }
                main {
                    section aria-labelledby="graph" {
                        h2 id="graph" { "Order" }
                        (svg::picture(&drawing))
                    }
                    @for (index, (round, frame)) in view.rounds.iter().zip(&drawing.rounds).enumerate() {
                        (sections::round(index, round, frame))
                    }
                }
            }
        }
    };
    page.into_string()
}

fn counts(view: &PlanView) -> String {
    let counts = view.counts;
    let tasks = view.rounds.iter().map(|round| round.tasks.len()).sum();
    let mut parts =
        vec![plural(view.rounds.len(), "round"), plural(tasks, "task"), plural(counts.hosts, "host"), plural(counts.steps, "step")];
    if view.probed.is_some() {
        // What the hosts said tells more than what was known before.
        return parts.join(" · ");
    }
    parts.push(format!("{} may change something", counts.may_change));
    if counts.skipped > 0 {
        parts.push(format!("{} left out", counts.skipped));
    }
    if counts.known_later > 0 {
        parts.push(format!("{} known only in part", counts.known_later));
    }
    parts.join(" · ")
}
