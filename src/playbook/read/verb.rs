//! Verbs and their arguments.

use super::Reader;
use crate::diag::{Diagnostic, SourceText};
use crate::playbook::codes;
use crate::playbook::keys::{ASSERT, FETCH};
use crate::playbook::syntax::Verb;
use crate::yaml::{Entry, Node, NodeValue};

impl Reader<'_> {
    pub(super) fn verb(&mut self, key: &str, entry: &Entry) -> Option<Verb> {
        match key {
            "run" => self.command(entry).map(Verb::Run),
            "read" => self.scalar(&entry.value, "`read`").map(Verb::Read),
            "glob" => {
                let patterns = self.scalars(entry);
                (!patterns.is_empty()).then_some(Verb::Glob(patterns))
            }
            "stat" => self.scalar(&entry.value, "`stat`").map(Verb::Stat),
            "copy" => self.copy(entry).map(|copy| Verb::Copy(Box::new(copy))),
            "template" => self.template(entry).map(|template| Verb::Template(Box::new(template))),
            "file" => self.file(entry).map(|file| Verb::File(Box::new(file))),
            "directory" => self.directory(entry).map(|directory| Verb::Directory(Box::new(directory))),
            "link" => self.link(entry).map(|link| Verb::Link(Box::new(link))),
            "line" => self.line(entry).map(|line| Verb::Line(Box::new(line))),
            "text" => self.marked_text(entry).map(|text| Verb::Text(Box::new(text))),
            "download" => self.download(entry).map(|download| Verb::Download(Box::new(download))),
            "archive" => self.archive(entry).map(|archive| Verb::Archive(Box::new(archive))),
            "unarchive" => self.unarchive(entry).map(|unarchive| Verb::Unarchive(Box::new(unarchive))),
            "fetch" => self.fetch(entry),
            "assert" => self.assert(entry),
            "set" => self.set(entry),
            "print" => self.content(&entry.value, "`print`").map(Verb::Print),
            "fail" => self.scalar(&entry.value, "`fail`").map(Verb::Fail),
            "script" => self.script(entry),
            "wait_for" => self.wait_for(entry),
            "facts" => self.facts(entry),
            "pause" => self.pause(entry),
            "confirm" => self.scalar(&entry.value, "`confirm`").map(Verb::Confirm),
            "flush" => self.flush(entry),
            _ => None,
        }
    }

    /// Reads one text or a list of texts; an empty list is told.
    pub(super) fn scalars(&mut self, entry: &Entry) -> Vec<SourceText> {
        let items = entry.value.list_or_one();
        if items.is_empty() {
            self.diagnostics.push(Diagnostic::error(codes::WRONG_VALUE, entry.value.span, format!("{} is an empty list", entry.what())));
        }
        let what = if entry.value.as_list().is_some() { format!("an item of {}", entry.what()) } else { entry.what() };
        items.iter().filter_map(|node| self.scalar(node, &what)).collect()
    }

    /// Reads a verb's argument that must be there.
    pub(super) fn argument(&mut self, node: &Node, verb: &str, key: &str, hint: &str) -> Option<SourceText> {
        if node.get(key).is_none() {
            self.missing(node, verb, key, Some(hint));
        }
        self.text(node, key)
    }

    fn fetch(&mut self, entry: &Entry) -> Option<Verb> {
        self.map_keys(&entry.value, "`fetch`", &[FETCH])?;
        let src = self.argument(&entry.value, "`fetch`", "src", "the file on the host");
        let dest = self.argument(&entry.value, "`fetch`", "dest", "the file here, or a folder ending in `/`");
        Some(Verb::Fetch { src: src?, dest: dest? })
    }

    fn assert(&mut self, entry: &Entry) -> Option<Verb> {
        if let NodeValue::Map(_) = entry.value.value {
            self.map_keys(&entry.value, "`assert`", &[ASSERT])?;
            let message = self.text(&entry.value, "message");
            let Some(that) = entry.value.get("that") else {
                self.missing(&entry.value, "`assert`", "that", Some("an expression, or a list of them"));
                return None;
            };
            let that = self.scalars(that);
            return (!that.is_empty()).then_some(Verb::Assert { that, message });
        }
        let that = self.scalars(entry);
        (!that.is_empty()).then_some(Verb::Assert { that, message: None })
    }

    fn set(&mut self, entry: &Entry) -> Option<Verb> {
        let vars = self.var_map(entry);
        if entry.value.as_map().is_some_and(<[Entry]>::is_empty) || entry.value.is_null() {
            let found = Diagnostic::error(codes::WRONG_VALUE, entry.key.span, "`set` sets nothing");
            self.diagnostics.push(found.hint("write `set: { name: value }`".to_owned()));
            return None;
        }
        Some(Verb::Set(vars))
    }
}
