//! The verbs that say what a file, a folder or a link is to be.

use super::Reader;
use crate::diag::{Diagnostic, SourceText};
use crate::playbook::codes;
use crate::playbook::keys::{COPY, DIRECTORY, FILE, Key, LINE, LINK, TEMPLATE, TEXT};
use crate::playbook::syntax::{
    Copy, CopyFrom, Edited, Line, PathState, PlaceInFile, Rights, Role, TemplateFile, Text, WantedState, Written,
};
use crate::yaml::{Entry, Node, NodeValue};

const STATE: &[(&str, bool)] = &[("present", false), ("absent", true)];
const EDGE: &[(&str, bool)] = &[("begin", true), ("end", false)];
const PLACES: [&str; 3] = ["after", "before", "at"];

impl Reader<'_> {
    pub(super) fn copy(&mut self, entry: &Entry) -> Option<Copy> {
        let node = &entry.value;
        self.map_keys(node, "`copy`", &[COPY])?;
        let file = self.written(node, "`copy`");
        let from = match (node.get("content"), node.get("src")) {
            (Some(content), Some(src)) => {
                let found = Diagnostic::error(codes::CONFLICT, src.key.span, "`copy` takes `content` or `src`, not both");
                self.diagnostics.push(found.and(content.key.span, "`content` is here"));
                None
            }
            (Some(content), None) => self.content(&content.value, "`content`").map(CopyFrom::Content),
            (None, Some(_)) => self.text(node, "src").map(CopyFrom::Src),
            (None, None) if self.is_misspelt(node, &["src"]) => None,
            (None, None) => {
                self.missing(node, "`copy`", "content", Some("or `src`, a local file"));
                None
            }
        };
        Some(Copy { from: from?, file: file? })
    }

    pub(super) fn template(&mut self, entry: &Entry) -> Option<TemplateFile> {
        let node = &entry.value;
        self.map_keys(node, "`template`", &[TEMPLATE])?;
        let file = self.written(node, "`template`");
        let src = self.argument(node, "`template`", "src", "the local template file; a text in the playbook is written by `copy`")?;
        let src = self.wanted_file(&src, "`src` of `template`", Role::Template).then_some(src);
        Some(TemplateFile { src: src?, file: file? })
    }

    pub(super) fn file(&mut self, entry: &Entry) -> Option<PathState> {
        self.path_state(entry, ("`file`", FILE), WantedState::File)
    }

    pub(super) fn directory(&mut self, entry: &Entry) -> Option<PathState> {
        self.path_state(entry, ("`directory`", DIRECTORY), WantedState::Directory)
    }

    fn path_state(&mut self, entry: &Entry, (verb, keys): (&str, &[Key]), made: fn(Rights) -> WantedState) -> Option<PathState> {
        let node = &entry.value;
        if !matches!(node.value, NodeValue::Map(_)) {
            return Some(PathState { dest: self.scalar(node, verb)?, wanted: made(Rights::default()) });
        }
        self.map_keys(node, verb, &[keys])?;
        let dest = self.argument(node, verb, "dest", "the path on the host");
        let rights = self.rights(node);
        let absent = self.absent(node, verb);
        let force = self.flag(node, "force").unwrap_or_default();
        if let (Some(false), Some(entry)) = (absent, node.get("force")) {
            let found = Diagnostic::error(codes::CONFLICT, entry.key.span, "`force` goes with `state: absent`");
            self.diagnostics.push(found.hint("what is in the way is removed by a task of its own".to_owned()));
            return None;
        }
        Some(PathState { dest: dest?, wanted: if absent? { WantedState::Absent { force } } else { made(rights) } })
    }

    pub(super) fn link(&mut self, entry: &Entry) -> Option<PathState> {
        let node = &entry.value;
        self.map_keys(node, "`link`", &[LINK])?;
        let dest = self.argument(node, "`link`", "dest", "the link; `src` is what it points to");
        let force = self.flag(node, "force").unwrap_or_default();
        let absent = self.absent(node, "`link`")?;
        let wanted = if absent {
            WantedState::Absent { force }
        } else {
            WantedState::Link { src: self.argument(node, "`link`", "src", "what the link points to")?, force }
        };
        Some(PathState { dest: dest?, wanted })
    }

    pub(super) fn line(&mut self, entry: &Entry) -> Option<Line> {
        let node = &entry.value;
        self.map_keys(node, "`line`", &[LINE])?;
        let edited = self.edited(node, "`line`");
        let (line, matching) = (self.text(node, "line"), self.text(node, "match"));
        let edited = edited?;
        let (has_line, has_match) = (node.get("line").is_some(), node.get("match").is_some());
        if !(has_line || edited.absent && has_match) {
            let hint = if edited.absent {
                "or `match`, a regular expression for the lines that are not to be"
            } else {
                "what is to be in the file; `match` alone is for `state: absent`"
            };
            self.missing(node, "`line`", "line", Some(hint));
            return None;
        }
        (line.is_some() || !has_line).then_some(Line { edited, line, matching })
    }

    pub(super) fn marked_text(&mut self, entry: &Entry) -> Option<Text> {
        let node = &entry.value;
        self.map_keys(node, "`text`", &[TEXT])?;
        let edited = self.edited(node, "`text`");
        let text = node.get("text").and_then(|entry| self.content(&entry.value, "`text`"));
        let (name, comment) = (self.text(node, "name"), self.text(node, "comment"));
        let edited = edited?;
        if text.is_none() && !edited.absent {
            if node.get("text").is_none() {
                self.missing(node, "`text`", "text", Some("the lines between the marks"));
            }
            return None;
        }
        Some(Text { edited, text, name, comment })
    }

    fn edited(&mut self, node: &Node, verb: &str) -> Option<Edited> {
        let file = self.written(node, verb);
        let create = self.flag(node, "create").unwrap_or_default();
        let absent = self.absent(node, verb);
        let place = self.place_in_file(node);
        Some(Edited { file: file?, create, absent: absent?, place: place? })
    }

    fn place_in_file(&mut self, node: &Node) -> Option<PlaceInFile> {
        let named: Vec<&Entry> = PLACES.iter().filter_map(|key| node.get(key)).collect();
        if let [first, second, ..] = named[..] {
            let message = format!("it can go to one place only: `{}` or `{}`", first.key.text, second.key.text);
            self.diagnostics.push(Diagnostic::error(codes::CONFLICT, second.key.span, message).and(first.key.span, "the other"));
            return None;
        }
        let Some(entry) = named.first() else { return Some(PlaceInFile::End) };
        Some(match &*entry.key.text {
            "after" => PlaceInFile::After(self.scalar(&entry.value, "`after`")?),
            "before" => PlaceInFile::Before(self.scalar(&entry.value, "`before`")?),
            _ if entry.choice(EDGE, self.diagnostics)? => PlaceInFile::Begin,
            _ => PlaceInFile::End,
        })
    }

    /// Reads `dest` and how it is written.
    pub(super) fn written(&mut self, node: &Node, verb: &str) -> Option<Written> {
        let dest = self.argument(node, verb, "dest", "the file on the host");
        let rights = self.rights(node);
        let backup = self.flag(node, "backup").unwrap_or_default();
        let validate = self.text(node, "validate");
        Some(Written { dest: dest?, rights, backup, validate })
    }

    pub(super) fn rights(&mut self, node: &Node) -> Rights {
        let mode = node.get("mode").and_then(|entry| self.octal(entry));
        Rights { mode, owner: self.text(node, "owner"), group: self.text(node, "group") }
    }

    /// Reads `state`; none where it is none, which is told.
    fn absent(&mut self, node: &Node, verb: &str) -> Option<bool> {
        let Some(entry) = node.get("state") else { return Some(false) };
        // One verb does all of it elsewhere.
        let other = entry.value.as_text().filter(|_| verb == "`file`").and_then(|state| meant_by(state));
        if let Some(hint) = other {
            let message = format!("{} must be `present` or `absent`, not `{}`", entry.what(), self.map.text(entry.value.span));
            self.diagnostics.push(Diagnostic::error(codes::WRONG_VALUE, entry.value.span, message).hint(hint.to_owned()));
            return None;
        }
        entry.choice(STATE, self.diagnostics)
    }
}

/// What to write for a state that other tools give a file.
fn meant_by(state: &SourceText) -> Option<&'static str> {
    match &*state.text {
        "directory" => Some("a folder has a verb of its own: `directory: PATH`"),
        "link" | "hard" => Some("a symbolic link has a verb of its own: `link: { dest: LINK, src: TARGET }`"),
        "file" | "touch" => Some("`present` makes an empty file where there is none; one that is there keeps its time"),
        _ => None,
    }
}
