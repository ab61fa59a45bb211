//! Keys against their tables: unknown ones, and those that a later version will know.

use super::Reader;
use crate::diag::Diagnostic;
use crate::playbook::codes;
use crate::playbook::keys::{ALIASES, BLOCK, ENTRIES, Key, TASK, VERBS};
use crate::text::nearest;
use crate::yaml::{Entry, Node};

impl Reader<'_> {
    /// Checks that `node` is a map and tells of every key that no table supports; gives its entries.
    pub(super) fn map_keys<'n>(&mut self, node: &'n Node, what: &str, tables: &[&[Key]]) -> Option<&'n [Entry]> {
        let Some(entries) = node.as_map() else {
            let found = Diagnostic::error("E012", node.span, format!("{what} must be a map, this is {}", node.kind()));
            self.diagnostics.push(found);
            return None;
        };
        let has_verb = entries.iter().any(|entry| VERBS.iter().any(|verb| verb.name == entry.key.text));
        for entry in entries {
            let name = &*entry.key.text;
            match tables.iter().flat_map(|table| table.iter()).find(|key| key.name == name) {
                Some(key) if key.later => {
                    let found = Diagnostic::error(codes::NOT_YET, entry.key.span, format!("`{name}` is not supported yet"));
                    self.diagnostics.push(found.label("a key of the language, planned for a later version"));
                }
                Some(_) => {}
                None => self.unknown_key(entry, what, tables, what == "a task" && !has_verb),
            }
        }
        Some(entries)
    }

    fn unknown_key(&mut self, entry: &Entry, what: &str, tables: &[&[Key]], verbless: bool) {
        let name = &*entry.key.text;
        let entries: &[Key] = if what == "a task" { ENTRIES } else { &[] };
        let known = || tables.iter().flat_map(|table| table.iter()).chain(entries).map(|key| key.name);
        let alias = ALIASES.iter().find(|(other, key)| *other == name && known().any(|known| known == *key)).map(|(_, key)| *key);
        let near = || nearest(name, known());
        self.meant.extend(alias.or_else(near).map(|key| (entry.key.span, key)));
        let hint = match alias {
            Some(key) => Some(format!("here it is called `{key}`")),
            None if name == "register" => Some("every result is kept: read it as `tasks.ID.stdout`, by the id of the task".to_owned()),
            None if matches!(name, "rescue" | "always") => Some("it stands beside `block:`".to_owned()),
            None if name == "with" => Some("it stands beside `use:`".to_owned()),
            None if what == "a group" && BLOCK.iter().any(|key| key.name == name) => {
                Some("put the group into a `block:` that has it".to_owned())
            }
            None if matches!(what, "a block" | "a `use`") && TASK.iter().any(|key| key.name == name) => {
                Some("a key of tasks: write it at each of them".to_owned())
            }
            None if what == "an `include`" && BLOCK.iter().any(|key| key.name == name) => {
                Some("put the `include` into a `block:` that has it".to_owned())
            }
            None => match near() {
                Some(key) => Some(format!("did you mean `{key}`?")),
                None => verbless.then(|| "no verb is called that; `run` runs any command".to_owned()),
            },
        };
        let found = Diagnostic::error(codes::UNKNOWN_KEY, entry.key.span, format!("unknown key `{name}` in {what}"));
        self.diagnostics.push(found.hint(hint));
    }

    /// Says whether an unknown key of `node` was probably meant to be one of `keys`, which was told.
    pub(super) fn is_misspelt(&self, node: &Node, keys: &[&str]) -> bool {
        let entries = node.as_map().unwrap_or_default();
        self.meant.iter().any(|(place, key)| keys.contains(key) && entries.iter().any(|entry| entry.key.span == *place))
    }

    /// The entry of an unknown key that was probably meant to be `key`.
    pub(super) fn misspelt_entry<'n>(&self, node: &'n Node, key: &str) -> Option<&'n Entry> {
        let is_it = |entry: &&Entry| self.meant.iter().any(|(place, meant)| *meant == key && *place == entry.key.span);
        node.as_map()?.iter().find(is_it)
    }

    /// Tells of a key that must be there, unless it is there misspelt.
    pub(super) fn missing(&mut self, node: &Node, what: &str, key: &str, hint: Option<&str>) {
        if self.is_misspelt(node, &[key]) {
            return;
        }
        let place = node.as_map().and_then(|entries| entries.first()).map_or(node.span, |entry| entry.key.span);
        let found = Diagnostic::error(codes::MISSING_KEY, place, format!("{what} needs `{key}`"));
        self.diagnostics.push(found.hint(hint.map(str::to_owned)));
    }
}
