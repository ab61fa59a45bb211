//! Inputs with their types, and groups that results choose.

use super::Reader;
use super::values::variable_name;
use crate::diag::{Diagnostic, SourceText};
use crate::model::InputKind;
use crate::playbook::codes;
use crate::playbook::inputs::{KINDS, kind_of};
use crate::playbook::keys::{CHOSEN, INPUT};
use crate::playbook::syntax::{ChosenGroup, Input};
use crate::text::{did_you_mean, is_id, snake_id};
use crate::yaml::{Entry, Node};

impl Reader<'_> {
    /// Reads `inputs`.
    pub(super) fn inputs(&mut self, node: &Node) -> Vec<Input> {
        let entries = node.get("inputs").and_then(|entry| entry.map(self.diagnostics)).unwrap_or_default();
        entries.iter().filter_map(|entry| self.input(entry)).collect()
    }

    fn input(&mut self, entry: &Entry) -> Option<Input> {
        let name = entry.key.clone();
        if !is_id(&name.text) {
            let found = Diagnostic::error(codes::BAD_NAME, name.span, format!("an input can't be called `{}`", name.text));
            let hint = snake_id(&name.text).map(|id| format!("write `{id}`: templates can only name letters, digits and `_`"));
            self.diagnostics.push(found.hint(hint));
            return None;
        }
        let node = &entry.value;
        if node.is_null() {
            return Some(Input { name, kind: Some(InputKind::String), default: None, required: true });
        }
        if node.as_map().is_none() {
            let message = format!("an input must be a map, this is {}", node.kind());
            let found = Diagnostic::error("E012", node.span, message);
            let word = node.scalar_text().map_or("", |text| &text.text);
            let meant = if kind_of(word).is_some() { format!("{{ type: {word} }}") } else { format!("{{ default: {word} }}") };
            self.diagnostics.push(found.hint(format!("write `{}: {meant}`", name.text)));
            return None;
        }
        self.map_keys(node, "an input", &[INPUT])?;
        let kind = match node.get("type") {
            Some(kind) => self.kind(kind),
            None => Some(InputKind::String),
        };
        let default = node.get("default").map(|entry| entry.value.clone());
        let required = self.flag(node, "required");
        if let (Some(true), Some(default), Some(required)) = (required, node.get("default"), node.get("required")) {
            let found = Diagnostic::error(codes::CONFLICT, required.key.span, "an input with a default is not required");
            self.diagnostics.push(found.and(default.key.span, "the default").hint("leave out one of the two".to_owned()));
        }
        Some(Input { name, kind, default, required: required.unwrap_or(true) })
    }

    fn kind(&mut self, entry: &Entry) -> Option<InputKind> {
        let text = entry.name(self.diagnostics)?;
        if let Some(kind) = kind_of(&text.text) {
            return Some(kind);
        }
        let found = Diagnostic::error(codes::WRONG_VALUE, text.span, format!("there is no type `{}`", text.text));
        let meant = match &*text.text {
            "str" | "text" => Some("string"),
            "integer" => Some("int"),
            "float" => Some("number"),
            "boolean" => Some("bool"),
            "array" => Some("list"),
            "object" | "dict" => Some("map"),
            "file" => Some("path"),
            _ => None,
        };
        let hint = match meant {
            Some(meant) => Some(format!("here it is called `{meant}`")),
            None if text.text.starts_with("choice") => Some("write \"choice[one, other]\"".to_owned()),
            None => did_you_mean(&text.text, KINDS.iter().map(|(name, _)| *name)),
        };
        self.diagnostics.push(found.note("the types: string, int, number, bool, list, map, duration, path, choice[..]").hint(hint));
        None
    }

    /// Reads `groups` of a playbook.
    pub(super) fn groups(&mut self, node: &Node) -> Vec<ChosenGroup> {
        let entries = node.get("groups").and_then(|entry| entry.map(self.diagnostics)).unwrap_or_default();
        entries.iter().filter_map(|entry| self.chosen_group(&entry.key, &entry.value)).collect()
    }

    fn chosen_group(&mut self, name: &SourceText, node: &Node) -> Option<ChosenGroup> {
        if let Some(found) = variable_name(name) {
            self.diagnostics.push(found);
            return None;
        }
        self.map_keys(node, "a group of the playbook", &[CHOSEN])?;
        if node.get("hosts").is_none() {
            self.missing(node, "a group of the playbook", "hosts", Some("the hosts of which `when` is asked"));
        }
        if node.get("when").is_none() {
            let hint = "an expression over a result; a group without one belongs into the inventory";
            self.missing(node, "a group of the playbook", "when", Some(hint));
        }
        let hosts = self.hosts(node.get("hosts")?);
        Some(ChosenGroup { name: name.clone(), hosts, when: self.text(node, "when")? })
    }
}
