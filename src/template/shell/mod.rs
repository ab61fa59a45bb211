//! Shell text: where in it values stand, so that no value can change how the shell reads it.
//!
//! [`examine`] follows a template once, when it is compiled: state.rs is the place one is in, lexer.rs, commands.rs and
//! words.rs move it over literal text, flow.rs over values, branches and loops. The result is a [`Place`](super::place::Place) for each
//! value, or an error where there is no safe one. [`finish`] gives here-documents that hold values a delimiter which none
//! of the values contains, after rendering. Knows nothing of what the values are.

mod commands;
mod flow;
mod here;
mod lexer;
mod state;
mod words;

#[cfg(test)]
mod tests;

use minijinja::machinery::ast::Stmt;

pub(super) use here::{HereDoc, finish};

use super::place::Place;
use super::unparse::Sites;
use crate::diag::{Diagnostic, Diagnostics, SourceText};

/// What is known of a shell text.
pub(super) struct Examined {
    pub(super) sites: Sites,
    pub(super) here: Vec<HereDoc>,
    pub(super) diagnostics: Diagnostics,
    /// Warnings of pipelines whose failure would go unseen.
    pub(super) pipelines: Vec<Diagnostic>,
}

/// Finds the places of all values of a shell text.
pub(super) fn examine(source: &SourceText, stmts: &[Stmt<'_>]) -> Examined {
    let mut flow = flow::Flow::new(source);
    flow.stmts(stmts, Some(state::State::new()));
    let flow::Flow { mut places, found, diagnostics, used, .. } = flow;
    for site in &found.not_bare {
        if let Some(Place::Word { bare, .. }) = places.get_mut(site) {
            *bare = false;
        }
    }
    for site in &found.not_whole {
        if let Some(Place::Word { list, .. }) = places.get_mut(site) {
            *list = false;
        }
    }
    for site in &found.calculated {
        places.insert(*site, Place::WordNumber);
    }
    let mut sites = Sites { drop_quote: true, ..Sites::default() };
    sites.places = places.into_iter().map(|(site, place)| (site, place.code())).collect();
    let mut here = Vec::new();
    for (range, document, end) in &found.delimiters {
        let edit = (range.clone(), here::mark(document.id, *end));
        if used.contains(&document.id) && !sites.edits.contains(&edit) {
            sites.edits.push(edit);
            if !end {
                here.push(HereDoc { id: document.id, word: document.word.clone(), quoted: document.quoted });
            }
        }
    }
    sites.edits.sort_by_key(|(range, _)| range.start);
    let mut pipelines: Vec<Diagnostic> = Vec::new();
    for (range, name) in &found.pipes {
        let name = name.rsplit('/').next().unwrap_or_default();
        if !name.is_empty() && !HARMLESS.contains(&name) {
            let warning = Diagnostic::warning("W312", source.at(range.clone()), format!("a failure of `{name}` would go unseen here"));
            let warning = warning.label("only the last command of a pipeline counts");
            let warning = warning.hint("use `shell: bash`, which runs with `pipefail`, or keep the output in a file first".to_owned());
            if !pipelines.contains(&warning) {
                pipelines.push(warning);
            }
        }
    }
    Examined { sites, here, diagnostics, pipelines }
}

/// Finds a sign in the literal text of a shell text: where, and what is open there that is no command.
pub(super) fn marks(source: &SourceText, stmts: &[Stmt<'_>], mark: &str) -> Vec<(std::ops::Range<usize>, Option<&'static str>)> {
    let mut flow = flow::Flow::looking_for(source, mark);
    flow.stmts(stmts, Some(state::State::new()));
    flow.marks
}

/// Commands whose failure nobody expects, or whose failure says little.
const HARMLESS: [&str; 18] =
    ["echo", "printf", "cat", "yes", "true", ":", "ls", "ps", "date", "seq", "id", "env", "grep", "sed", "awk", "sort", "head", "tail"];
