//! What to say of a circle of waits.
//!
//! Knows links and how to name their ends; the circle itself was found by `links`. Gives one diagnostic with every
//! edge of the circle, why it exists and where that is written.

use super::graph::{Edge, EdgeKind};
use super::links::Link;
use crate::diag::{Diagnostic, Span};

/// How the ends of links are called, and where they stand.
pub(super) trait Names {
    /// `task` or `round`.
    fn noun(&self) -> &'static str;
    /// The name of an end.
    fn name(&self, index: usize) -> String;
    /// Its place.
    fn span(&self, index: usize) -> Span;
    /// What a data link reads.
    fn read(&self, link: &Link) -> String;
}

/// Describes a circle: each link starts where the one before it ends, the last ends where the first starts.
pub(super) fn describe(circle: &[Link], names: &dyn Names) -> Diagnostic {
    let circle = merged(circle);
    if let [only] = circle[..] {
        return itself(&only, names);
    }
    // The read is what is most likely wrong, then the word in `needs`.
    let first = position(&circle, EdgeKind::Data).or_else(|| position(&circle, EdgeKind::Needs)).unwrap_or(0);
    let main = circle[first];
    let (noun, from, to) = (names.noun(), names.name(main.from), names.name(main.to));
    let two_reasons = circle.len() == 2 && circle.iter().any(|link| link.edge.kind == EdgeKind::Order);
    let mut diagnostic = if two_reasons && main.edge.kind == EdgeKind::Data {
        Diagnostic::error(
            "E402",
            place(&main, names),
            format!("{noun} `{to}` reads the result of `{}`, which runs only after it", names.read(&main)),
        )
        .label("there is no result yet at this point")
        .hint(format!("move {noun} `{from}` above `{to}`, or give it `needs` that leave `{to}` out"))
    } else {
        // Backwards, so that each wait begins with what the one before it waits for.
        let backwards = circle[..=first].iter().rev().chain(circle[first + 1..].iter().rev());
        let waits: Vec<String> = backwards.map(|link| format!("`{}` for `{}`", names.name(link.to), names.name(link.from))).collect();
        Diagnostic::error("E401", place(&main, names), format!("{noun}s wait for each other in a circle: {}", waits.join(", ")))
            .label(why(&main, names))
            .hint("take one of these waits away; `needs` says what really must come before".to_owned())
    };
    for link in circle[first + 1..].iter().chain(&circle[..first]) {
        diagnostic = diagnostic.and(place(link, names), why(link, names));
    }
    diagnostic
}

fn itself(link: &Link, names: &dyn Names) -> Diagnostic {
    let name = names.name(link.to);
    if link.edge.kind == EdgeKind::Data {
        Diagnostic::error("E403", place(link, names), format!("{} `{name}` reads its own result", names.noun()))
            .label("this is known only after it has run")
            .hint("in `changed` and `failed` its own result is called `result`".to_owned())
    } else {
        Diagnostic::error("E401", place(link, names), format!("{} `{name}` needs itself", names.noun()))
    }
}

/// Takes a chain of order links for the one that it means: the last is written below the first.
fn merged(circle: &[Link]) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for link in circle {
        match links.last_mut() {
            Some(last) if last.edge.kind == EdgeKind::Order && link.edge.kind == EdgeKind::Order => last.to = link.to,
            _ => links.push(*link),
        }
    }
    links
}

fn position(circle: &[Link], kind: EdgeKind) -> Option<usize> {
    circle.iter().position(|link| link.edge.kind == kind)
}

fn place(link: &Link, names: &dyn Names) -> Span {
    link.edge.place.unwrap_or_else(|| names.span(link.to))
}

fn why(link: &Link, names: &dyn Names) -> String {
    let (from, to) = (names.name(link.from), names.name(link.to));
    match link.edge {
        Edge { kind: EdgeKind::Order, .. } => format!("`{to}` is written below `{from}` and waits for all above"),
        Edge { kind: EdgeKind::Needs, .. } => format!("`{to}` needs `{from}`"),
        Edge { kind: EdgeKind::Data, .. } => format!("`{to}` reads the result of `{}`", names.read(link)),
    }
}
