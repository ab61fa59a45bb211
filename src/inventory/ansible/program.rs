//! What an inventory program prints: `--list`, and `--host NAME` where the first says nothing of hosts.

use indexmap::IndexSet;

use super::draft::Ansible;
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, SourceText};
use crate::inventory::name::wrong_name;
use crate::yaml::{Entry, Node, parse};

/// What a program has said of its hosts' variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meta {
    /// All of them stand in `_meta`.
    Given,
    /// Each of these must be asked for by `--host`.
    Ask(Vec<String>),
}

impl Ansible {
    /// Reads what `--list` printed; `None` where it is no map.
    pub fn read_list(&mut self, map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Option<Meta> {
        let node = parse(map, file, diagnostics)?;
        let entries = whole(&node, "an inventory program", diagnostics)?;
        let mut named = IndexSet::new();
        for entry in entries.iter().filter(|entry| entry.key.text != "_meta") {
            self.list_group(entry, &mut named, diagnostics);
        }
        let Some(meta) = entries.iter().find(|entry| entry.key.text == "_meta") else {
            return Some(Meta::Ask(named.into_iter().collect()));
        };
        let Some(vars) = meta.value.get("hostvars") else {
            let found = Diagnostic::error("E220", meta.key.span, "`_meta` has no `hostvars`");
            diagnostics.push(found.hint("a program without variables of hosts prints `\"_meta\": {\"hostvars\": {}}`".to_owned()));
            return Some(Meta::Given);
        };
        for entry in vars.map(diagnostics).unwrap_or_default() {
            // What is said of hosts that are in no group is not heard, as in Ansible.
            if named.contains(&entry.key.text) {
                self.list_host(&entry.key.text, &entry.value, diagnostics);
            }
        }
        Some(Meta::Given)
    }

    /// Reads what `--host NAME` printed.
    pub fn read_host(&mut self, name: &str, map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) {
        if let Some(node) = parse(map, file, diagnostics).filter(|node| !node.is_null()) {
            self.list_host(name, &node, diagnostics);
        }
    }

    fn list_host(&mut self, name: &str, vars: &Node, diagnostics: &mut Diagnostics) {
        for var in whole(vars, "what is said of a host", diagnostics).unwrap_or_default() {
            self.set_host(name, var.key.clone(), var.value.clone());
        }
    }

    fn list_group(&mut self, entry: &Entry, named: &mut IndexSet<String>, diagnostics: &mut Diagnostics) {
        let name = &entry.key;
        self.group(&name.text, Some(name.span));
        if entry.value.as_list().is_some() {
            return self.list_hosts(&name.text, &entry.value, named, diagnostics);
        }
        let Some(keys) = whole(&entry.value, "a group", diagnostics) else { return };
        if !keys.iter().any(|key| ["hosts", "vars", "children"].contains(&&*key.key.text)) {
            // A group that is its only host, an old way of writing one.
            self.name_host(name, &name.text, named, diagnostics);
            for var in keys {
                self.set_group(&name.text, var.key.clone(), var.value.clone(), diagnostics);
            }
            return;
        }
        for key in keys {
            match &*key.key.text {
                "hosts" => self.list_hosts(&name.text, &key.value, named, diagnostics),
                "vars" => {
                    for var in key.map(diagnostics).unwrap_or_default() {
                        self.set_group(&name.text, var.key.clone(), var.value.clone(), diagnostics);
                    }
                }
                "children" => {
                    for child in key.texts(diagnostics) {
                        self.group(&child.text, Some(child.span));
                        self.put_below(&name.text, &child.text, child.span, diagnostics);
                    }
                }
                _ => {}
            }
        }
    }

    fn list_hosts(&mut self, group: &str, hosts: &Node, named: &mut IndexSet<String>, diagnostics: &mut Diagnostics) {
        let Some(items) = hosts.as_list() else {
            diagnostics.push(Diagnostic::error("E016", hosts.span, format!("`hosts` must be a list, this is {}", hosts.kind())));
            return;
        };
        for item in items {
            if let Some(host) = item.read_scalar("the name of a host", diagnostics) {
                self.name_host(host, group, named, diagnostics);
            }
        }
    }

    fn name_host(&mut self, host: &SourceText, group: &str, named: &mut IndexSet<String>, diagnostics: &mut Diagnostics) {
        match wrong_name("host", &host.text, host.span) {
            Some(wrong) => diagnostics.push(wrong),
            None => {
                self.place(&host.text, group, host.span);
                named.insert(host.text.clone());
            }
        }
    }
}

fn whole<'a>(node: &'a Node, what: &str, diagnostics: &mut Diagnostics) -> Option<&'a [Entry]> {
    let entries = node.as_map();
    if entries.is_none() {
        diagnostics.push(Diagnostic::error("E012", node.span, format!("{what} must be a map, this is {}", node.kind())));
    }
    entries
}
