//! Reading a map key by key.

use std::collections::BTreeSet;

use super::{Entry, Node};
use crate::diag::{Diagnostic, Diagnostics};
use crate::text::did_you_mean;

/// A map that is being read: keys are taken one by one, and what was never asked for is a mistake.
#[derive(Debug)]
pub struct Fields<'a> {
    node: &'a Node,
    entries: &'a [Entry],
    what: &'static str,
    asked: BTreeSet<String>,
}

impl<'a> Fields<'a> {
    /// Starts reading `node`; `what` is what the map stands for, with its article (`a task`).
    pub fn new(node: &'a Node, what: &'static str, diagnostics: &mut Diagnostics) -> Option<Fields<'a>> {
        let Some(entries) = node.as_map() else {
            diagnostics.push(Diagnostic::error("E012", node.span, format!("{what} must be a map, this is {}", node.kind())));
            return None;
        };
        Some(Fields { node, entries, what, asked: BTreeSet::new() })
    }

    /// The map itself.
    #[must_use]
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// All entries, taken or not.
    #[must_use]
    pub fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// Takes the entry of a key, which is known from now on.
    pub fn take(&mut self, key: &str) -> Option<&'a Entry> {
        self.asked.insert(key.to_owned());
        self.entries.iter().find(|entry| entry.key.text == key)
    }

    /// Takes the entry of a key that must be there.
    pub fn required(&mut self, key: &str, diagnostics: &mut Diagnostics) -> Option<&'a Entry> {
        let found = self.take(key);
        if found.is_none() {
            diagnostics.push(Diagnostic::error("E013", self.node.span, format!("{} needs `{key}`", self.what)));
        }
        found
    }

    /// Tells of every key that was not asked for: those of `later` are not supported yet, all but `known` are unknown.
    pub fn finish(self, known: &[&str], later: &[&str], diagnostics: &mut Diagnostics) {
        for entry in self.entries {
            let key = &*entry.key.text;
            if self.asked.contains(key) || known.contains(&key) {
                continue;
            }
            if later.contains(&key) {
                let found = Diagnostic::error("E014", entry.key.span, format!("`{key}` is not supported yet"));
                diagnostics.push(found.label(format!("a key of {}, planned for a later version", self.what)));
                continue;
            }
            let candidates = known.iter().copied().chain(self.asked.iter().map(String::as_str)).chain(later.iter().copied());
            let found = Diagnostic::error("E015", entry.key.span, format!("unknown key `{key}` in {}", self.what));
            diagnostics.push(found.hint(did_you_mean(key, candidates)));
        }
    }
}
