//! Tasks: what stands beside their verb.

use super::Reader;
use super::values::octal;
use crate::diag::Diagnostic;
use crate::playbook::codes;
use crate::playbook::keys::{TASK, VERBS};
use crate::playbook::syntax::{Guard, Task, Verb};
use crate::yaml::{Entry, Node};

impl Reader<'_> {
    pub(super) fn task(&mut self, node: &Node) -> Option<Task> {
        let entries = self.map_keys(node, "a task", &[TASK, VERBS])?;
        let verb = self.the_verb(node, entries);
        let common = self.common(node);
        let first = entries.first().map_or(node.span, |entry| entry.key.span);
        let verb_key = verb.map_or(("", first), |(key, entry)| (key, entry.key.span));
        Some(Task {
            span: common.name.as_ref().map_or(verb_key.1, |name| name.span),
            common,
            on: self.on(node),
            once: self.flag(node, "once").unwrap_or_default(),
            cwd: self.text(node, "cwd"),
            stdin: node.get("stdin").and_then(|entry| self.content(&entry.value, &entry.what())),
            umask: self.umask(node),
            shell: self.shell(node),
            timeout: self.timeout(node),
            changed: self.judge(node, "changed"),
            failed: self.judge(node, "failed"),
            read_only: node.get("read_only").and_then(|entry| Some((entry.key.span, entry.bool(self.diagnostics)?))),
            guards: entries.iter().filter_map(|entry| self.guard(entry)).collect(),
            allow_failure: self.flag(node, "allow_failure"),
            flow: self.flow(node),
            verb_key,
            verb: verb.and_then(|(key, entry)| self.verb(key, entry)).unwrap_or(Verb::Broken),
        })
    }

    pub(super) fn timeout(&mut self, node: &Node) -> Option<std::time::Duration> {
        let entry = node.get("timeout")?;
        let timeout = entry.duration(self.diagnostics)?;
        if timeout.is_zero() {
            let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, "`timeout` must be longer than nothing");
            self.diagnostics.push(found.hint("leave it out for the default of 1h".to_owned()));
        }
        Some(timeout)
    }

    /// Finds the one verb of a task and tells where there is none or more than one.
    fn the_verb<'n>(&mut self, node: &'n Node, entries: &'n [Entry]) -> Option<(&'static str, &'n Entry)> {
        let verbs: Vec<(&'static str, bool, &Entry)> = entries
            .iter()
            .filter_map(|entry| VERBS.iter().find(|verb| verb.name == entry.key.text).map(|verb| (verb.name, verb.later, entry)))
            .collect();
        if let [(first, _, entry), (second, _, other), ..] = verbs[..] {
            let found = Diagnostic::error(codes::VERB_COUNT, other.key.span, format!("a task does one thing: `{first}` or `{second}`"));
            let found = found.label("a second verb").and(entry.key.span, "the first verb");
            self.diagnostics.push(found.hint("make two tasks of it".to_owned()));
            return None;
        }
        if let Some((key, later, entry)) = verbs.first() {
            return (!later).then_some((key, entry));
        }
        // An unknown key, which was told, is probably meant to be the verb.
        let told = entries.iter().any(|entry| {
            let key = &*entry.key.text;
            key != "register" && !TASK.iter().any(|known| known.name == key)
        });
        // `shell: uname -r` says by itself where the command goes.
        let blanks = |entry: &Entry| entry.value.as_text().is_some_and(|text| text.text.contains(char::is_whitespace));
        if !told && !node.get("shell").is_some_and(blanks) {
            let name = node.get("name").map_or(entries.first().map_or(node.span, |entry| entry.key.span), |entry| entry.key.span);
            let found = Diagnostic::error(codes::VERB_COUNT, name, "the task has no verb");
            let hint = if node.get("shell").is_some() {
                "`shell` names the program; the command goes into `run`".to_owned()
            } else {
                format!(
                    "say what it does: {}",
                    VERBS.iter().filter(|verb| !verb.later).map(|verb| verb.name).collect::<Vec<_>>().join(", ")
                )
            };
            self.diagnostics.push(found.hint(hint));
        }
        None
    }

    fn on(&mut self, node: &Node) -> Vec<crate::diag::SourceText> {
        let Some(entry) = node.get("on") else { return Vec::new() };
        if entry.value.as_list().is_some_and(<[Node]>::is_empty) {
            let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, "`on` is an empty list");
            self.diagnostics.push(found.hint("name a host, or leave it out".to_owned()));
        }
        entry.texts(self.diagnostics).into_iter().cloned().collect()
    }

    pub(super) fn umask(&mut self, node: &Node) -> Option<u32> {
        let entry = node.get("umask")?;
        let text = self.octal(entry)?;
        let mask = octal(&text.text).filter(|mask| *mask <= 0o777);
        if mask.is_none() {
            let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, "`umask` must be three octal digits");
            self.diagnostics.push(found.hint("as in \"022\"".to_owned()));
        }
        mask
    }

    fn guard(&mut self, entry: &Entry) -> Option<Guard> {
        match &*entry.key.text {
            "unless" => self.command(entry).map(Guard::Unless),
            "only_if" => self.command(entry).map(Guard::OnlyIf),
            "creates" => self.scalar(&entry.value, "`creates`").map(Guard::Creates),
            "removes" => self.scalar(&entry.value, "`removes`").map(Guard::Removes),
            _ => None,
        }
    }
}
