//! Entries of task lists: which kind each is, and those that hold or stand for others.

use super::Reader;
use crate::diag::{Diagnostic, SourceText, Span};
use crate::playbook::codes;
use crate::playbook::keys::{BLOCK, GROUP, USE, VERBS};
use crate::playbook::syntax::{Block, Entry, Group, Role, Use, Var};
use crate::yaml::{self, Node};

impl Reader<'_> {
    /// Reads a list of tasks and groups.
    pub(super) fn entries(&mut self, entry: &yaml::Entry) -> Vec<Entry> {
        let Some(list) = entry.list(self.diagnostics) else { return Vec::new() };
        if list.is_empty() {
            let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, format!("{} is an empty list", entry.what()));
            self.diagnostics.push(found);
        }
        list.iter().filter_map(|node| self.entry(node)).collect()
    }

    pub(super) fn entry(&mut self, node: &Node) -> Option<Entry> {
        if let Some(text) = node.as_text() {
            let found = Diagnostic::error("E012", node.span, "a task must be a map, this is text");
            self.diagnostics.push(found.hint(format!("write `- run: {}`", crate::text::one_line(&text.text, 60))));
            return None;
        }
        let kind = ["parallel", "block", "use", "include"].into_iter().find_map(|key| node.get(key));
        let Some(kind) = kind else { return self.task(node).map(|task| Entry::Task(Box::new(task))) };
        let alone = self.without_verb(node, kind);
        match &*kind.key.text {
            "parallel" => self.group(node, kind, alone).map(|group| Entry::Parallel(Box::new(group))),
            "block" => self.block(node, kind, alone).map(|block| Entry::Block(Box::new(block))),
            "use" => self.r#use(node, kind, alone).map(|r#use| Entry::Use(Box::new(r#use))),
            _ => self.include(node, kind, Role::Tasks).map(Entry::Include),
        }
    }

    /// Tells of a verb beside what is no task.
    fn without_verb(&mut self, node: &Node, kind: &yaml::Entry) -> bool {
        let verb = node.as_map().and_then(|entries| entries.iter().find(|entry| VERBS.iter().any(|verb| verb.name == entry.key.text)));
        let Some(verb) = verb else { return true };
        let key = &*kind.key.text;
        let found = Diagnostic::error(codes::CONFLICT, verb.key.span, format!("`{}` beside `{key}`", verb.key.text));
        let (why, hint) = match key {
            "parallel" => ("a group has no verb of its own", format!("make `{}` an entry of the group", verb.key.text)),
            "block" => ("a block has no verb of its own", format!("make `{}` an entry of the block", verb.key.text)),
            _ => ("this stands for other tasks", "make two entries of it".to_owned()),
        };
        self.diagnostics.push(found.and(kind.key.span, why).hint(hint));
        false
    }

    fn group(&mut self, node: &Node, key: &yaml::Entry, alone: bool) -> Option<Group> {
        if alone {
            self.map_keys(node, "a group", &[GROUP])?;
        }
        Some(Group {
            span: key.key.span,
            common: self.common(node),
            tags: self.words(node, "tags"),
            allow_failure: self.flag(node, "allow_failure"),
            entries: self.entries(key),
        })
    }

    fn block(&mut self, node: &Node, key: &yaml::Entry, alone: bool) -> Option<Block> {
        if alone {
            self.map_keys(node, "a block", &[BLOCK])?;
        }
        let common = self.common(node);
        let flow = self.flow(node);
        self.one_after_the_other(&flow);
        Some(Block {
            span: named(&common.name, key),
            flow,
            allow_failure: self.flag(node, "allow_failure"),
            body: self.entries(key),
            rescue: node.get("rescue").map(|entry| self.entries(entry)),
            always: node.get("always").map(|entry| self.entries(entry)),
            common,
        })
    }

    fn r#use(&mut self, node: &Node, key: &yaml::Entry, alone: bool) -> Option<Use> {
        if alone {
            self.map_keys(node, "a `use`", &[USE])?;
        }
        let common = self.common(node);
        let flow = self.flow(node);
        self.one_after_the_other(&flow);
        let allow_failure = self.flag(node, "allow_failure");
        let with = node.get("with");
        let file = self.file_name(key, Role::Action)?;
        let given = with.and_then(|with| with.map(self.diagnostics)).unwrap_or_default();
        Some(Use {
            span: named(&common.name, key),
            common,
            flow,
            allow_failure,
            file,
            with: given.iter().map(|entry| Var { name: entry.key.clone(), value: entry.value.clone() }).collect(),
            with_span: with.map_or(key.key.span, |with| with.key.span),
        })
    }

    /// Items of what is more than one task can't run side by side.
    fn one_after_the_other(&mut self, flow: &crate::playbook::syntax::Flow) {
        if let Some((_, span)) = flow.each.as_ref().and_then(|each| each.parallel) {
            let found = Diagnostic::error(codes::CONFLICT, span, "items of a block run one after the other");
            self.diagnostics.push(found.hint("leave out `parallel`, or put `each` on the tasks".to_owned()));
        }
    }
}

fn named(name: &Option<SourceText>, key: &yaml::Entry) -> Span {
    name.as_ref().map_or(key.key.span, |name| name.span)
}
