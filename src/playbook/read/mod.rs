//! Reading: YAML nodes to the syntax tree, one file a kind of node.
//!
//! Knows the tables of keys and nothing of hosts, ids or templates. Every mistake is told and what can be read is
//! kept, so that one run shows all of them; a task whose verb can't be read keeps its place for those that need it.

mod keys;
mod round;
mod task;
mod values;
mod verb;

use indexmap::IndexMap;

use super::codes;
use super::keys::PLAYBOOK;
use super::syntax::Syntax;
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap};
use crate::inventory::read_secrets;
use crate::model::Secret;
use crate::yaml::{self, Node};

/// What every reader needs.
struct Reader<'a> {
    map: &'a SourceMap,
    diagnostics: &'a mut Diagnostics,
}

/// Reads a playbook file into its syntax tree; `None` where too little of it can be read to go on.
///
/// With `Some` there may be errors in `diagnostics`, too: [`super::resolve()`] then finds further ones.
pub fn read(map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Option<Syntax> {
    let node = yaml::parse(map, file, diagnostics)?;
    Reader { map, diagnostics }.playbook(&node, file)
}

impl Reader<'_> {
    fn secrets(&mut self, node: &Node, file: FileId) -> IndexMap<String, Secret> {
        let base = self.map.file(file).path.as_deref().and_then(std::path::Path::parent);
        node.get("secrets").map(|entry| read_secrets(entry, base, self.diagnostics)).unwrap_or_default()
    }

    fn playbook(&mut self, node: &Node, file: FileId) -> Option<Syntax> {
        if node.as_list().is_some() {
            let found = Diagnostic::error("E012", node.span, "a playbook must be a map, this is a list");
            self.diagnostics.push(found.hint("write `rounds:` above the list; what Ansible calls a play is a round".to_owned()));
            return None;
        }
        if node.is_null() {
            self.diagnostics.push(Diagnostic::error("E012", node.span, "the playbook is empty").hint("it needs `rounds:`".to_owned()));
            return None;
        }
        self.map_keys(node, "a playbook", &[PLAYBOOK])?;
        let mut syntax = Syntax {
            file,
            name: self.plain(node, "name"),
            id: self.plain(node, "id"),
            inventory: self.plain(node, "inventory"),
            vars: self.vars(node, "vars"),
            secrets: self.secrets(node, file),
            rounds: Vec::new(),
            max_parallel: self.count(node, "max_parallel"),
        };
        let Some(rounds) = node.get("rounds") else {
            // Tasks without a round are what a first try looks like.
            let hint = match node.get("tasks") {
                Some(_) => "put `hosts` and `tasks` into an entry of `rounds:`",
                None => "write `rounds:` with a list of rounds, each with `hosts:` and `tasks:`",
            };
            let found = Diagnostic::error(codes::MISSING_KEY, node.span, "a playbook needs `rounds`");
            self.diagnostics.push(found.hint(hint.to_owned()));
            return Some(syntax);
        };
        let Some(list) = rounds.list(self.diagnostics) else { return Some(syntax) };
        if list.is_empty() {
            let found = Diagnostic::error(codes::WRONG_VALUE, rounds.value.span, "`rounds` is an empty list");
            self.diagnostics.push(found.hint("a playbook has at least one round".to_owned()));
        }
        for round in list {
            if let Some(round) = self.round(round) {
                syntax.rounds.push(round);
            }
        }
        Some(syntax)
    }
}
