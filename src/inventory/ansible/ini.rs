//! INI: sections of hosts, of child groups, of variables; line by line.

use std::collections::BTreeMap;

use super::draft::{Ansible, UNGROUPED};
use super::literal::{line_value, literal, plain};
use super::pattern::hosts;
use super::words::{part, trimmed, words};
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, SourceText, Span};
use crate::yaml::{Node, NodeValue};

/// What the lines of a section are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    Hosts,
    Children,
    Vars,
    /// Of a section whose header is wrong: what they would be, nobody knows.
    Unknown,
}

/// The place of a first line like `[web]` or `[web:vars]`, blank lines and comments aside.
pub(in crate::inventory) fn header(text: &str) -> Option<std::ops::Range<usize>> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let word = line.trim();
        if word.is_empty() || word.starts_with(['#', ';']) {
            at += line.len();
            continue;
        }
        let start = at + line.len() - line.trim_start().len();
        return section(word).map(|_| start..start + word.len());
    }
    None
}

/// The name and the kind of a section's header.
fn section(line: &str) -> Option<(&str, Option<&str>)> {
    let (inner, behind) = line.strip_prefix('[')?.split_once(']')?;
    if !behind.trim_start().is_empty() && !behind.trim_start().starts_with('#') {
        return None;
    }
    let (name, kind) = match inner.split_once(':') {
        Some((name, kind)) => (name, Some(kind)),
        None => (inner, None),
    };
    let sound = |text: &str| !text.is_empty() && !text.contains([':', '[', ']']) && !text.contains(char::is_whitespace);
    let word = |text: &str| sound(text) && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    // A list of YAML in one line is no header.
    (sound(name) && !name.contains([',', '"', '\'']) && kind.is_none_or(word)).then_some((name, kind))
}

impl Ansible {
    /// Reads an INI inventory.
    pub(super) fn ini(&mut self, map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) {
        let mut reader = Ini { to: self, group: UNGROUPED.to_owned(), lines: Lines::Hosts, unsure: BTreeMap::new(), declared: Vec::new() };
        let text = map.file(file).text.clone();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let whole = SourceText::verbatim(line, Span::new(file, at..at + line.len()));
            at += line.len();
            let line = trimmed(&whole);
            if !line.text.is_empty() && !line.text.starts_with(['#', ';']) {
                reader.line(&line, diagnostics);
            }
        }
        reader.done(diagnostics);
    }
}

struct Ini<'a> {
    to: &'a mut Ansible,
    group: String,
    lines: Lines,
    /// Groups that were named and are not declared yet.
    unsure: BTreeMap<String, (Span, Lines)>,
    /// Groups that this file declares.
    declared: Vec<String>,
}

impl Ini<'_> {
    fn line(&mut self, line: &SourceText, diagnostics: &mut Diagnostics) {
        if let Some((name, kind)) = section(&line.text) {
            self.section(line, name, kind, diagnostics);
        } else if line.text.starts_with('[') && line.text.ends_with(']') {
            self.lines = Lines::Unknown;
            let found = Diagnostic::error("E220", line.span, "this is no header of a section");
            diagnostics.push(found.hint("write `[group]`, `[group:children]` or `[group:vars]`, without blanks".to_owned()));
        } else {
            match self.lines {
                Lines::Hosts => self.host(line, diagnostics),
                Lines::Children => self.child(line, diagnostics),
                Lines::Vars => self.var(line, diagnostics),
                Lines::Unknown => {}
            }
        }
    }

    fn section(&mut self, line: &SourceText, name: &str, kind: Option<&str>, diagnostics: &mut Diagnostics) {
        let span = line.at(1..1 + name.len());
        self.lines = match kind {
            None | Some("hosts") => Lines::Hosts,
            Some("children") => Lines::Children,
            Some("vars") => Lines::Vars,
            Some(other) => {
                let start = 2 + name.len();
                let found = Diagnostic::error("E220", line.at(start..start + other.len()), format!("there is no section `{other}`"));
                let near = crate::text::did_you_mean(other, ["hosts", "children", "vars"]);
                diagnostics.push(found.hint(near.or_else(|| Some("write `[group]`, `[group:children]` or `[group:vars]`".to_owned()))));
                Lines::Unknown
            }
        };
        name.clone_into(&mut self.group);
        if self.lines == Lines::Vars {
            if !self.to.groups.contains_key(name) && !is_built_in(name) {
                self.unsure.entry(name.to_owned()).or_insert((span, Lines::Vars));
            }
        } else {
            self.declared.push(name.to_owned());
            self.unsure.remove(name);
        }
        self.to.group(name, Some(span));
    }

    fn host(&mut self, line: &SourceText, diagnostics: &mut Diagnostics) {
        let words = match words(line) {
            Ok(words) => words,
            Err(open) => {
                let place = line.at(open.at..line.text.len());
                let hint = "quote the whole value, and write a quote inside it as \\\"".to_owned();
                diagnostics.push(Diagnostic::error("E220", place, "a quote without its end").hint(hint));
                return;
            }
        };
        let Some((pattern, settings)) = words.split_first() else { return };
        let Some(expanded) = hosts(pattern, diagnostics) else { return };
        let mut vars = Vec::new();
        for word in settings {
            let Some(equals) = word.text.find('=') else {
                let found = Diagnostic::error("E220", word.span, format!("`{}` is no `key=value`", word.text));
                diagnostics.push(found.hint("behind a host stand its variables, one host a line".to_owned()));
                continue;
            };
            vars.push((part(word, 0..equals), literal(&part(word, equals + 1..word.text.len()))));
        }
        for name in &expanded.names {
            self.to.add_host(name, &self.group, expanded.port, pattern.span);
            for (key, value) in &vars {
                self.to.set_host(name, key.clone(), value.clone());
            }
        }
    }

    fn child(&mut self, line: &SourceText, diagnostics: &mut Diagnostics) {
        let end = line.text.find('#').unwrap_or(line.text.len());
        let name = trimmed(&part(line, 0..end));
        if name.text.contains(char::is_whitespace) {
            diagnostics.push(Diagnostic::error("E220", name.span, "one group a line stands here, and nothing behind it"));
            return;
        }
        if !self.to.groups.contains_key(&name.text) && !is_built_in(&name.text) {
            self.unsure.insert(name.text.clone(), (name.span, Lines::Children));
        }
        self.to.put_below(&self.group, &name.text, name.span, diagnostics);
    }

    fn var(&mut self, line: &SourceText, diagnostics: &mut Diagnostics) {
        let Some(equals) = line.text.find('=') else {
            let found = Diagnostic::error("E220", line.span, format!("`{}` is no `key=value`", line.text));
            diagnostics.push(found.hint(format!("in `[{}:vars]` stands one variable a line", self.group)));
            return;
        };
        let (key, value) = (trimmed(&part(line, 0..equals)), line_value(&part(line, equals + 1..line.text.len())));
        self.to.set_group(&self.group, key, value, diagnostics);
    }

    /// Tells of groups that no section declares.
    fn done(self, diagnostics: &mut Diagnostics) {
        for (name, (span, lines)) in &self.unsure {
            let known = self.to.groups.keys().filter(|other| !self.unsure.contains_key(*other));
            let near = crate::text::did_you_mean(name, known.map(String::as_str));
            let found = Diagnostic::error("E213", *span, format!("no group is called `{name}`"));
            let declare = || Some(format!("a section `[{name}]` declares it, before or behind this one"));
            let found = if *lines == Lines::Vars { found.label("variables of a group that is not there") } else { found };
            diagnostics.push(found.hint(near.or_else(declare)));
        }
    }
}

fn is_built_in(name: &str) -> bool {
    name == super::draft::ALL || name == UNGROUPED
}

impl Ansible {
    /// Adds a host to a group; a port is its variable `ansible_port`, where the host is not there yet.
    pub(super) fn add_host(&mut self, name: &str, group: &str, port: Option<u16>, span: Span) {
        let fresh = !self.hosts.contains_key(name);
        self.place(name, group, span);
        if let Some(port) = port.filter(|_| fresh) {
            let raw = SourceText { text: port.to_string(), span, marks: vec![(0, span.start)] };
            let value = Node { value: NodeValue::Int(i64::from(port)), ..plain(raw) };
            let key = SourceText { text: "ansible_port".to_owned(), span, marks: vec![(0, span.start)] };
            self.set_host(name, key, value);
        }
    }
}
