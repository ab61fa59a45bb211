//! Reading: YAML nodes to the syntax tree, one file a kind of node.
//!
//! Knows the tables of keys and nothing of hosts, ids or templates. Every mistake is told and what can be read is
//! kept, so that one run shows all of them; a task whose verb can't be read keeps its place for those that need it.
//! Files that are included or used are listed by the way, not read: see [`super::Syntax::wanted`].

mod archives;
mod entries;
mod flow;
mod inputs;
mod keys;
mod round;
mod task;
mod values;
mod verb;
mod wait;
mod written;

use indexmap::IndexMap;

use super::codes;
use super::keys::{ACTION, PLAYBOOK};
use super::syntax::{File, Parts, Role, Syntax};
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, SourceText, Span};
use crate::inventory::{read_connect, read_secrets};
use crate::model::{OnDisconnect, Secret};
use crate::yaml::{self, Entry, Node};

/// What every reader needs.
struct Reader<'a> {
    map: &'a SourceMap,
    diagnostics: &'a mut Diagnostics,
    /// The files that were named so far.
    names: Vec<(Role, SourceText)>,
    /// Unknown keys, each with the key that was probably meant.
    meant: Vec<(Span, &'static str)>,
}

/// Reads a playbook file into its syntax tree; `None` where too little of it can be read to go on.
///
/// With `Some` there may be errors in `diagnostics`, too: [`super::resolve()`] then finds further ones.
pub fn read(map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Option<Syntax> {
    let node = yaml::parse(map, file, diagnostics)?;
    let mut reader = Reader { map, diagnostics, names: Vec::new(), meant: Vec::new() };
    let mut main = reader.playbook(&node, file)?;
    main.names = reader.names;
    Some(Syntax { main, parts: Parts::new() })
}

/// Reads a file that a playbook includes or uses.
pub(super) fn read_part(map: &SourceMap, file: FileId, role: Role, diagnostics: &mut Diagnostics) -> Option<File> {
    // Its text is the engine's to read.
    if role == Role::Template {
        return Some(File::empty(file));
    }
    let node = yaml::parse(map, file, diagnostics)?;
    let mut reader = Reader { map, diagnostics, names: Vec::new(), meant: Vec::new() };
    let mut part = match role {
        Role::Rounds => reader.round_list(&node, file)?,
        Role::Tasks => reader.task_list(&node, file)?,
        Role::Action => reader.action(&node, file)?,
        Role::Vars => reader.vars_file(&node, file)?,
        Role::Template => File::empty(file),
    };
    part.names = reader.names;
    Some(part)
}

const ON_DISCONNECT: &[(&str, OnDisconnect)] = &[("fail", OnDisconnect::Fail), ("rerun", OnDisconnect::Rerun)];

impl Reader<'_> {
    fn secrets(&mut self, node: &Node, file: FileId) -> IndexMap<String, Secret> {
        let base = self.map.file(file).path.as_deref().and_then(std::path::Path::parent);
        node.get("secrets").map(|entry| read_secrets(entry, base, self.diagnostics)).unwrap_or_default()
    }

    fn playbook(&mut self, node: &Node, file: FileId) -> Option<File> {
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
        let mut read = File {
            name: self.plain(node, "name"),
            id: self.plain(node, "id"),
            inventory: node.get("inventory").map(|entry| self.scalars(entry)).unwrap_or_default(),
            vars: self.vars(node, "vars"),
            secrets: self.secrets(node, file),
            vars_files: self.vars_files(node),
            inputs: self.inputs(node),
            groups: self.groups(node),
            defaults: self.defaults(node),
            connect: node.get("connect").map(|entry| self.connect(entry)),
            max_parallel: self.count(node, "max_parallel"),
            lock_hosts: self.flag(node, "lock_hosts").unwrap_or_default(),
            on_disconnect: node.get("on_disconnect").and_then(|entry| entry.choice(ON_DISCONNECT, self.diagnostics)).unwrap_or_default(),
            ..File::empty(file)
        };
        let Some(rounds) = node.get("rounds") else {
            if self.is_misspelt(node, &["rounds"]) {
                return Some(read);
            }
            // Tasks without a round are what a first try looks like.
            let hint = match node.get("tasks") {
                Some(_) => "put `hosts` and `tasks` into an entry of `rounds:`",
                None => "write `rounds:` with a list of rounds, each with `hosts:` and `tasks:`",
            };
            let found = Diagnostic::error(codes::MISSING_KEY, node.span, "a playbook needs `rounds`");
            self.diagnostics.push(found.hint(hint.to_owned()));
            return Some(read);
        };
        let Some(list) = rounds.list(self.diagnostics) else { return Some(read) };
        if list.is_empty() {
            let found = Diagnostic::error(codes::WRONG_VALUE, rounds.value.span, "`rounds` is an empty list");
            self.diagnostics.push(found.hint("a playbook has at least one round".to_owned()));
        }
        read.rounds = list.iter().filter_map(|round| self.round_entry(round)).collect();
        Some(read)
    }

    fn round_list(&mut self, node: &Node, file: FileId) -> Option<File> {
        let list = self.included_list(node, "rounds")?;
        let rounds = list.iter().filter_map(|round| self.round_entry(round)).collect();
        Some(File { rounds, ..File::empty(file) })
    }

    /// Reads `vars_files`, names that are known before anything is rendered.
    fn vars_files(&mut self, node: &Node) -> Vec<SourceText> {
        let Some(entry) = node.get("vars_files") else { return Vec::new() };
        let mut files = self.scalars(entry);
        files.retain(|file| self.wanted_file(file, &entry.what(), Role::Vars));
        files
    }

    /// Reads a file that is a map of variables; an empty one has none.
    fn vars_file(&mut self, node: &Node, file: FileId) -> Option<File> {
        if node.is_null() {
            return Some(File::empty(file));
        }
        let entries = node.read_map("a file of variables", self.diagnostics)?;
        Some(File { vars: self.var_entries(entries), ..File::empty(file) })
    }

    fn task_list(&mut self, node: &Node, file: FileId) -> Option<File> {
        let list = self.included_list(node, "tasks")?;
        let entries = list.iter().filter_map(|entry| self.entry(entry)).collect();
        Some(File { entries, ..File::empty(file) })
    }

    fn included_list<'n>(&mut self, node: &'n Node, of: &str) -> Option<&'n [Node]> {
        if let Some(list) = node.as_list() {
            return Some(list);
        }
        let message = format!("a file that is included here must be a list of {of}, this is {}", node.kind());
        let hint = if node.get("rounds").is_some() || node.get("tasks").is_some() {
            format!("write the list alone, without `{}:` above it", if node.get("rounds").is_some() { "rounds" } else { "tasks" })
        } else {
            format!("write a list of {of}")
        };
        self.diagnostics.push(Diagnostic::error("E012", node.span, message).hint(hint));
        None
    }

    fn action(&mut self, node: &Node, file: FileId) -> Option<File> {
        if node.as_list().is_some() {
            let found = Diagnostic::error("E012", node.span, "an action must be a map, this is a list");
            self.diagnostics.push(found.hint("write `tasks:` above the list, or take it in by `include`".to_owned()));
            return None;
        }
        if let Some(key) = node.get("rounds") {
            let found = Diagnostic::error("E012", key.key.span, "this is a playbook, not an action");
            self.diagnostics.push(found.hint("an action has `tasks:`, and no hosts of its own".to_owned()));
            return None;
        }
        self.map_keys(node, "an action", &[ACTION])?;
        let name = self.plain(node, "name");
        let inputs = self.inputs(node);
        let outputs = self.vars(node, "outputs");
        let entries = match node.get("tasks") {
            Some(entry) => self.entries(entry),
            None => {
                self.missing(node, "an action", "tasks", None);
                Vec::new()
            }
        };
        Some(File { name, inputs, outputs, entries, ..File::empty(file) })
    }

    fn connect(&mut self, entry: &Entry) -> crate::model::ConnectPatch {
        let file = self.map.file(entry.key.span.file);
        read_connect(entry, file.path.as_deref().and_then(std::path::Path::parent), self.diagnostics)
    }
}
