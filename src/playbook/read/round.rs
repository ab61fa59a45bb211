//! Rounds and `parallel:` groups.

use super::Reader;
use crate::diag::{Diagnostic, Span};
use crate::inventory::read_connect;
use crate::model::After;
use crate::playbook::codes;
use crate::playbook::keys::{GROUP, ROUND, VERBS};
use crate::playbook::syntax::{Entry, Group, Round};
use crate::yaml::Node;

const AFTER: &[(&str, After)] = &[("some", After::Some), ("all", After::All), ("always", After::Always)];

impl Reader<'_> {
    pub(super) fn round(&mut self, node: &Node) -> Option<Round> {
        self.map_keys(node, "a round", &[ROUND])?;
        let common = self.common(node);
        let included = node.get("include").is_some();
        if node.get("hosts").is_none() && !included {
            self.missing(node, "a round", "hosts", Some("name hosts or groups, `all`, or `localhost`"));
        }
        let hosts = node.get("hosts").map(|entry| self.hosts(entry)).unwrap_or_default();
        let entries = match node.get("tasks") {
            Some(entry) => self.entries(entry),
            None => {
                if !included {
                    self.missing(node, "a round", "tasks", None);
                }
                Vec::new()
            }
        };
        Some(Round {
            span: place(&common.name, node),
            hosts,
            after: node.get("after").and_then(|entry| entry.choice(AFTER, self.diagnostics)).unwrap_or_default(),
            cwd: self.text(node, "cwd"),
            read_only: node.get("read_only").filter(|_| self.flag(node, "read_only") == Some(true)).map(|entry| entry.key.span),
            connect: node.get("connect").map(|entry| self.connect(entry)),
            max_parallel: self.count(node, "max_parallel"),
            entries,
            common,
        })
    }

    fn connect(&mut self, entry: &crate::yaml::Entry) -> crate::model::ConnectPatch {
        let file = self.map.file(entry.key.span.file);
        read_connect(entry, file.path.as_deref().and_then(std::path::Path::parent), self.diagnostics)
    }

    fn hosts(&mut self, entry: &crate::yaml::Entry) -> Vec<crate::diag::SourceText> {
        if entry.value.as_list().is_some_and(<[Node]>::is_empty) {
            let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, "`hosts` is an empty list");
            self.diagnostics.push(found.hint("name hosts or groups, `all`, or `localhost`".to_owned()));
        }
        let texts: Vec<_> = entry.texts(self.diagnostics).into_iter().cloned().collect();
        for text in &texts {
            if text.text.contains("{{") {
                let found = Diagnostic::error(codes::WRONG_VALUE, text.span, "`hosts` can't be a template");
                self.diagnostics
                    .push(found.hint("which hosts a round has is known before anything is rendered; use a group, or `when`".to_owned()));
            }
        }
        texts.into_iter().filter(|text| !text.text.contains("{{")).collect()
    }

    /// Reads a list of tasks and groups.
    pub(super) fn entries(&mut self, entry: &crate::yaml::Entry) -> Vec<Entry> {
        let Some(list) = entry.list(self.diagnostics) else { return Vec::new() };
        if list.is_empty() {
            let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, format!("{} is an empty list", entry.what()));
            self.diagnostics.push(found);
        }
        list.iter().filter_map(|node| self.entry(node)).collect()
    }

    fn entry(&mut self, node: &Node) -> Option<Entry> {
        if let Some(parallel) = node.get("parallel") {
            return self.group(node, parallel).map(|group| Entry::Parallel(Box::new(group)));
        }
        if let Some(text) = node.as_text() {
            let found = Diagnostic::error("E012", node.span, "a task must be a map, this is text");
            self.diagnostics.push(found.hint(format!("write `- run: {}`", crate::text::one_line(&text.text, 60))));
            return None;
        }
        self.task(node).map(|task| Entry::Task(Box::new(task)))
    }

    fn group(&mut self, node: &Node, parallel: &crate::yaml::Entry) -> Option<Group> {
        let verb = node.as_map()?.iter().find(|entry| VERBS.iter().any(|verb| verb.name == entry.key.text));
        if let Some(verb) = verb {
            let found = Diagnostic::error(codes::CONFLICT, verb.key.span, format!("`{}` beside `parallel`", verb.key.text));
            let found = found.and(parallel.key.span, "a group has no verb of its own");
            self.diagnostics.push(found.hint(format!("make `{}` an entry of the group", verb.key.text)));
            return Some(Group {
                span: parallel.key.span,
                common: self.common(node),
                allow_failure: None,
                entries: self.entries(parallel),
            });
        }
        self.map_keys(node, "a group", &[GROUP])?;
        Some(Group {
            span: parallel.key.span,
            common: self.common(node),
            allow_failure: self.flag(node, "allow_failure"),
            entries: self.entries(parallel),
        })
    }
}

/// Where a round or task is shown: its name, else its first key.
pub(super) fn place(name: &Option<crate::diag::SourceText>, node: &Node) -> Span {
    match name {
        Some(name) => name.span,
        None => node.as_map().and_then(|entries| entries.first()).map_or(node.span, |entry| entry.key.span),
    }
}
