//! What to say of a circle of waits.
//!
//! Knows links and how to name their ends; the circle itself was found by `links`. Gives one diagnostic with every
//! edge of the circle, why it exists and where that is written.

use super::graph::EdgeKind;
use super::links::Link;
use crate::diag::{Diagnostic, Span};

/// How the ends of links are called, and where they stand.
pub(super) trait Names {
    /// What an end is: `task`, `block` or `round`.
    fn noun(&self, index: usize) -> &'static str;
    /// What they are called together.
    fn nouns(&self) -> &'static str;
    /// The name of an end.
    fn name(&self, index: usize) -> String;
    /// Its place.
    fn span(&self, index: usize) -> Span;
    /// What a data link reads.
    fn read(&self, link: &Link) -> String;
    /// The one number for all that have the same name, being gates of one block.
    fn whole(&self, index: usize) -> usize;
}

/// Describes a circle: each link starts where the one before it ends, the last ends where the first starts.
pub(super) fn describe(circle: &[Link], names: &dyn Names) -> Diagnostic {
    let circle = merged(circle, names);
    if let [only] = circle[..] {
        return itself(&only, names);
    }
    // The read is what is most likely wrong, then the word in `needs`.
    let first = position(&circle, EdgeKind::Data).or_else(|| position(&circle, EdgeKind::Needs)).unwrap_or(0);
    let main = circle[first];
    let (noun, from, to) = (names.noun(main.to), names.name(main.from), names.name(main.to));
    let other = circle.iter().find(|link| !link.edge.kind.is_named()).filter(|_| circle.len() == 2);
    let mut diagnostic = if let (Some(other), EdgeKind::Data) = (other, main.edge.kind) {
        let told = Diagnostic::error(
            "E402",
            place(&main, names),
            format!("{noun} `{to}` reads the result of `{}`, which runs only after it", names.read(&main)),
        )
        .label("there is no result yet at this point");
        match other.edge.kind {
            EdgeKind::Order => {
                told.hint(format!("move {} `{from}` above `{to}`, or give it `needs` that leave `{to}` out", names.noun(main.from)))
            }
            _ => told,
        }
    } else {
        // Backwards, so that each wait begins with what the one before it waits for.
        let backwards = circle[..=first].iter().rev().chain(circle[first + 1..].iter().rev());
        let waits: Vec<String> = backwards.map(|link| format!("`{}` for `{}`", names.name(link.to), names.name(link.from))).collect();
        Diagnostic::error("E401", place(&main, names), format!("{} wait for each other in a circle: {}", names.nouns(), waits.join(", ")))
            .label(why(&main, names))
            .hint("take one of these waits away; `needs` says what really must come before".to_owned())
    };
    for link in circle[first + 1..].iter().chain(&circle[..first]) {
        diagnostic = diagnostic.and(place(link, names), why(link, names));
    }
    diagnostic
}

fn itself(link: &Link, names: &dyn Names) -> Diagnostic {
    let (noun, name, read) = (names.noun(link.to), names.name(link.to), names.read(link));
    if link.edge.kind != EdgeKind::Data {
        Diagnostic::error("E401", place(link, names), format!("{noun} `{name}` needs itself"))
    } else if link.read.is_some_and(|read| names.whole(read.index()) != names.whole(link.to)) {
        let message = format!("{noun} `{name}` reads the result of `{read}`, which runs inside it");
        Diagnostic::error("E402", place(link, names), message).label("there is no result yet at this point")
    } else {
        Diagnostic::error("E403", place(link, names), format!("{noun} `{name}` reads its own result"))
            .label("this is known only after it has run")
            .hint("in `changed` and `failed` its own result is called `result`".to_owned())
    }
}

/// Takes a chain of links without words for the one that it means (the last is written below the first), and leaves out
/// those within one block.
fn merged(circle: &[Link], names: &dyn Names) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for link in circle {
        match links.last_mut() {
            Some(last) if !last.edge.kind.is_named() && !link.edge.kind.is_named() => {
                last.to = link.to;
                last.edge.kind = match (last.edge.kind, link.edge.kind) {
                    (EdgeKind::Order, _) | (_, EdgeKind::Order) => EdgeKind::Order,
                    (kind, EdgeKind::Block) => kind,
                    (_, kind) => kind,
                };
            }
            _ => links.push(*link),
        }
    }
    links.retain(|link| link.edge.kind.is_named() || names.whole(link.from) != names.whole(link.to));
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
    match link.edge.kind {
        EdgeKind::Order => format!("`{to}` is written below `{from}` and waits for all above"),
        EdgeKind::Needs => format!("`{to}` needs `{from}`"),
        EdgeKind::Data => format!("`{to}` reads the result of `{}`", names.read(link)),
        EdgeKind::Block if names.noun(link.to) == "block" => format!("`{to}` is over only when `{from}` is"),
        EdgeKind::Block => format!("`{to}` stands in `{from}`"),
        EdgeKind::Rescue => format!("`{to}` belongs to `rescue`, which comes after `{from}`"),
        EdgeKind::Always => format!("`{to}` belongs to `always`, which comes after `{from}`"),
        EdgeKind::Notify => format!("`{from}` notifies `{to}`"),
        EdgeKind::Handlers => format!("`{to}` is a handler, which comes after `{from}`"),
        EdgeKind::Finally => format!("`{to}` belongs to `finally`, which comes after `{from}`"),
    }
}
