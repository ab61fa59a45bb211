//! Rounds.

use std::time::Duration;

use super::Reader;
use crate::diag::{Diagnostic, SourceText, Span};
use crate::model::{After, Limit};
use crate::playbook::codes;
use crate::playbook::keys::{INCLUDE, ROUND};
use crate::playbook::syntax::{Batch, Include, Role, Round, RoundEntry, RoundFlow};
use crate::yaml::{Entry, Node, NodeValue};

const AFTER: &[(&str, After)] = &[("some", After::Some), ("all", After::All), ("always", After::Always)];
const UNREACHABLE: &[(&str, bool)] = &[("skip", true), ("fail", false)];

impl Reader<'_> {
    pub(super) fn round_entry(&mut self, node: &Node) -> Option<RoundEntry> {
        if let Some(include) = node.get("include") {
            return self.include(node, include, Role::Rounds).map(RoundEntry::Include);
        }
        self.round(node).map(|round| RoundEntry::Round(Box::new(round)))
    }

    /// Reads `include:` of rounds or tasks.
    pub(super) fn include(&mut self, node: &Node, entry: &Entry, role: Role) -> Option<Include> {
        self.map_keys(node, "an `include`", &[INCLUDE])?;
        let vars = self.vars(node, "vars");
        let file = self.file_name(entry, role)?;
        Some(Include { file, vars })
    }

    /// Reads the name of a file, which is known before anything is rendered.
    pub(super) fn file_name(&mut self, entry: &Entry, role: Role) -> Option<SourceText> {
        let text = entry.name(self.diagnostics)?.clone();
        self.wanted_file(&text, &entry.what(), role).then_some(text)
    }

    /// Notes a file that is to be read; tells of a name that is known only later.
    pub(super) fn wanted_file(&mut self, name: &SourceText, what: &str, role: Role) -> bool {
        if name.text.contains("{{") || name.text.contains("{%") {
            let found = Diagnostic::error(codes::WRONG_VALUE, name.span, format!("{what} can't be a template"));
            self.diagnostics.push(match role {
                Role::Vars => found.hint("files are read before anything is rendered; choose among maps of one file instead".to_owned()),
                Role::Template => found.hint(
                    "it is compiled before anything is rendered; write two tasks, each with `when`, or `{% if %}` in the file".to_owned(),
                ),
                _ => found.hint("files are read before anything is rendered; write two entries, each with `when`".to_owned()),
            });
            return false;
        }
        self.names.push((role, name.clone()));
        true
    }

    fn round(&mut self, node: &Node) -> Option<Round> {
        self.map_keys(node, "a round", &[ROUND])?;
        let common = self.common(node);
        if node.get("hosts").is_none() {
            self.missing(node, "a round", "hosts", Some("name hosts or groups, `all`, or `localhost`"));
        }
        let hosts = node.get("hosts").map(|entry| self.hosts(entry)).unwrap_or_default();
        if node.get("tasks").is_none() {
            self.missing(node, "a round", "tasks", None);
        }
        let flow = self.round_flow(node, common.name.as_ref());
        Some(Round {
            span: place(&common.name, node),
            hosts,
            after: node.get("after").and_then(|entry| entry.choice(AFTER, self.diagnostics)).unwrap_or_default(),
            cwd: self.text(node, "cwd"),
            read_only: node.get("read_only").filter(|_| self.flag(node, "read_only") == Some(true)).map(|entry| entry.key.span),
            connect: node.get("connect").map(|entry| self.connect(entry)),
            max_parallel: self.count(node, "max_parallel"),
            tags: self.words(node, "tags"),
            defaults: self.defaults(node),
            flow,
            entries: node.get("tasks").map(|entry| self.entries(entry)).unwrap_or_default(),
            handlers: node.get("handlers").map(|entry| self.entries(entry)).unwrap_or_default(),
            finally: node.get("finally").map(|entry| self.entries(entry)).unwrap_or_default(),
            common,
        })
    }

    /// Reads a host expression or a list of them.
    pub(super) fn hosts(&mut self, entry: &Entry) -> Vec<SourceText> {
        let what = entry.what();
        if entry.value.as_list().is_some_and(<[Node]>::is_empty) {
            let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, format!("{what} is an empty list"));
            self.diagnostics.push(found.hint("name hosts or groups, `all`, or `localhost`".to_owned()));
        }
        let texts: Vec<_> = entry.texts(self.diagnostics).into_iter().cloned().collect();
        for text in &texts {
            self.no_template(text, &what);
        }
        texts.into_iter().filter(|text| !text.text.contains("{{")).collect()
    }

    fn no_template(&mut self, text: &SourceText, what: &str) {
        if text.text.contains("{{") {
            let found = Diagnostic::error(codes::WRONG_VALUE, text.span, format!("{what} can't be a template"));
            let hint = "which hosts a round has is known before anything is rendered; use a group, or `when`";
            self.diagnostics.push(found.hint(hint.to_owned()));
        }
    }

    fn round_flow(&mut self, node: &Node, name: Option<&SourceText>) -> RoundFlow {
        let batch = node.get("batch").map(|entry| self.batch(entry)).unwrap_or_default();
        let pause = node.get("pause").and_then(|entry| Some((entry.duration(self.diagnostics)?, entry.key.span)));
        if let (Some((_, span)), None) = (pause, node.get("batch")) {
            let found = Diagnostic::error(codes::CONFLICT, span, "`pause` without `batch`");
            let found = found.note("a round pauses between its batches");
            self.diagnostics.push(found.hint("write `batch`, or make it a task: `- pause: 30s`".to_owned()));
        }
        let skip_unreachable = node.get("unreachable").and_then(|entry| entry.choice(UNREACHABLE, self.diagnostics)).unwrap_or_default();
        RoundFlow {
            batch,
            pause,
            max_failures: node.get("max_failures").and_then(|entry| self.limit(entry)),
            max_wait: node.get("max_wait").and_then(|entry| self.max_wait(entry)),
            skip_unreachable,
            confirm: node.get("confirm").and_then(|entry| self.confirm_round(entry, name)),
        }
    }

    fn max_wait(&mut self, entry: &Entry) -> Option<Duration> {
        let wait = entry.duration(self.diagnostics)?;
        if wait.is_zero() {
            let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, "`max_wait` gives hosts no time at all");
            self.diagnostics.push(found.hint("write how long they may take, as in `max_wait: 30m`, or leave it out".to_owned()));
        }
        Some(wait).filter(|wait| !wait.is_zero())
    }

    /// `confirm: true` asks a question of its own.
    fn confirm_round(&mut self, entry: &Entry, name: Option<&SourceText>) -> Option<SourceText> {
        match entry.value.value {
            NodeValue::Bool(false) => None,
            NodeValue::Bool(true) => {
                let question = match name.filter(|name| !name.text.contains('{')) {
                    Some(name) => format!("Start the round `{}`?", name.text),
                    None => "Start this round?".to_owned(),
                };
                Some(SourceText { text: question, span: entry.value.span, marks: Vec::new() })
            }
            _ => self.scalar(&entry.value, "`confirm`"),
        }
    }

    fn batch(&mut self, entry: &Entry) -> Vec<Batch> {
        let nodes = entry.value.list_or_one();
        if nodes.is_empty() {
            self.diagnostics.push(Diagnostic::error(codes::WRONG_VALUE, entry.value.span, "`batch` is an empty list"));
        }
        nodes.iter().filter_map(|node| self.batch_size(node)).collect()
    }

    fn batch_size(&mut self, node: &Node) -> Option<Batch> {
        match &node.value {
            NodeValue::Int(_) => node.read_count("`batch`", 1, self.diagnostics).map(Batch::Count),
            NodeValue::Text(text) => match number(&text.text) {
                Some(Number::Count(count)) if count > 0 => Some(Batch::Count(count)),
                Some(Number::Percent(percent)) if (1..=100).contains(&percent) => Some(Batch::Percent(percent)),
                Some(_) => {
                    let message = format!("`batch` can't be `{}`", text.text);
                    let hint = "a batch has one host at least, or 1% to 100% of the round's".to_owned();
                    self.diagnostics.push(Diagnostic::error(codes::WRONG_VALUE, node.span, message).hint(hint));
                    None
                }
                None => {
                    self.no_template(text, "`batch`");
                    (!text.text.contains("{{")).then(|| Batch::Hosts(text.clone()))
                }
            },
            _ => {
                let message = format!("`batch` must be a count, a percentage or hosts, this is {}", node.kind());
                let found = Diagnostic::error(codes::WRONG_TYPE, node.span, message);
                self.diagnostics.push(found.hint("as in `batch: 2`, `batch: 25%` or `batch: [canary, 25%]`".to_owned()));
                None
            }
        }
    }

    fn limit(&mut self, entry: &Entry) -> Option<Limit> {
        let node = &entry.value;
        let wrong = match &node.value {
            NodeValue::Int(_) => return node.read_count("`max_failures`", 0, self.diagnostics).map(Limit::Count),
            NodeValue::Text(text) => match number(&text.text) {
                Some(Number::Count(count)) => return Some(Limit::Count(count)),
                Some(Number::Percent(percent)) if percent <= 100 => return Some(Limit::Percent(percent)),
                _ => format!("not `{}`", text.text),
            },
            _ => format!("this is {}", node.kind()),
        };
        let found = Diagnostic::error(codes::WRONG_VALUE, node.span, format!("`max_failures` must be a count or a percentage, {wrong}"));
        self.diagnostics.push(found.hint("as in `max_failures: 2` or `max_failures: 10%`".to_owned()));
        None
    }
}

/// A count or a percentage as text.
enum Number {
    Count(usize),
    Percent(u32),
}

fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse().ok().map(Number::Percent),
        None => text.parse().ok().map(Number::Count),
    }
}

/// Where a round or task is shown: its name, else its first key.
pub(super) fn place(name: &Option<SourceText>, node: &Node) -> Span {
    match name {
        Some(name) => name.span,
        None => node.as_map().and_then(|entries| entries.first()).map_or(node.span, |entry| entry.key.span),
    }
}
