//! The graph of a page, as a picture in it.
//!
//! Knows places and how they look; where they are is `layout`'s. Lines come first and boxes over them; labels last, on a
//! ground of their own, so that no line goes through words.

use maud::{Markup, html};

use super::layout::{Figure, LINE, Layout, PAD, Placed, layout};
use super::rows::Wire;
use crate::plan::drawing::{Drawing, Frame, Kind, Node, Shape};

/// Free space around all.
const MARGIN: i32 = 8;

pub(super) fn picture(drawing: &Drawing) -> Markup {
    let Layout { figures, width, height } = layout(drawing);
    let (width, height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let view = format!("{} {} {width} {height}", -MARGIN, -MARGIN);
    html! {
        div class="graph" tabindex="0" role="region" aria-label="The graph of the plan; it scrolls" {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox=(view) role="group" aria-label="What waits for what" {
                defs {
                    marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto" {
                        path d="M0 0 8 4 0 8z" {}
                    }
                }
                @for placed in &figures {
                    @match &placed.figure {
                        Figure::Frame(shown) => (frame(shown, placed)),
                        Figure::Node(shown) => (node(shown, placed)),
                        Figure::Wire(wire) => (line(wire, placed)),
                    }
                }
                @for placed in &figures {
                    @if let Figure::Wire(Wire { label: Some((x, y, label)), .. }) = &placed.figure {
                        text class="why" x=(placed.x + x) y=(placed.y + y) { (label) }
                    }
                }
            }
        }
    }
}

fn frame(shown: &Frame, placed: &Placed<'_>) -> Markup {
    let class = match shown.kind {
        Kind::Round => "round",
        Kind::Block => "block",
        Kind::Part => "part",
    };
    html! {
        g class=(class) id={ "graph-" (shown.id) } {
            rect x=(placed.x) y=(placed.y) width=(placed.width) height=(placed.height) rx="4" {}
            @if shown.kind == Kind::Part { (lines(&shown.title, placed)) }
            @else { a href={ "#" (shown.id) } { (lines(&shown.title, placed)) } }
        }
    }
}

fn node(shown: &Node, placed: &Placed<'_>) -> Markup {
    let class = if shown.skipped { "task skipped" } else { "task" };
    // More would cut into the ends of what stands in it.
    let round = if shown.shape == Shape::Read { (placed.height / 2).min(22) } else { 0 };
    html! {
        @if shown.task.is_none() { (lines(&shown.lines, placed)) }
        @else {
            a class=(class) href={ "#" (shown.id) } {
                rect x=(placed.x) y=(placed.y) width=(placed.width) height=(placed.height) rx=(round) {}
                (lines(&shown.lines, placed))
            }
        }
    }
}

fn lines(lines: &[String], placed: &Placed<'_>) -> Markup {
    let top = placed.y + PAD / 2 + 12;
    html! {
        @for (line, y) in lines.iter().zip((top..).step_by(LINE.unsigned_abs() as usize)) {
            text x=(placed.x + PAD) y=(y) { (line) }
        }
    }
}

fn line(wire: &Wire, placed: &Placed<'_>) -> Markup {
    let points: Vec<String> = wire.points.iter().map(|(x, y)| format!("{},{}", placed.x + x, placed.y + y)).collect();
    html! { polyline class="wire" points=(points.join(" ")) marker-end="url(#end)" {} }
}
