//! `download`, `archive` and `unarchive`.

use super::Reader;
use crate::diag::{Diagnostic, SourceText};
use crate::playbook::codes;
use crate::playbook::keys::{ARCHIVE, DOWNLOAD, UNARCHIVE};
use crate::playbook::syntax::{Archive, Download, Unarchive};
use crate::yaml::{Entry, Node};

/// No path of an archive has more parts.
const DEEPEST: usize = 100;

impl Reader<'_> {
    pub(super) fn download(&mut self, entry: &Entry) -> Option<Download> {
        let node = &entry.value;
        self.map_keys(node, "`download`", &[DOWNLOAD])?;
        let url = self.argument(node, "`download`", "url", "where the bytes are");
        let sha256 = self.text(node, "sha256");
        let force = self.flag(node, "force").unwrap_or_default();
        let file = self.written(node, "`download`");
        Some(Download { url: url?, sha256, force, file: file? })
    }

    pub(super) fn archive(&mut self, entry: &Entry) -> Option<Archive> {
        let node = &entry.value;
        self.map_keys(node, "`archive`", &[ARCHIVE])?;
        let src = match node.get("src") {
            Some(src) => self.scalars(src),
            None => {
                self.missing(node, "`archive`", "src", Some("the paths on the host, one or a list"));
                Vec::new()
            }
        };
        let file = self.written(node, "`archive`");
        (!src.is_empty()).then_some(Archive { src, file: file? })
    }

    pub(super) fn unarchive(&mut self, entry: &Entry) -> Option<Unarchive> {
        let node = &entry.value;
        self.map_keys(node, "`unarchive`", &[UNARCHIVE])?;
        let src = self.argument(node, "`unarchive`", "src", "the archive: a local file, or with `remote: true` a path on the host");
        let src = src.filter(|src| self.is_a_path(src));
        let dest = self.argument(node, "`unarchive`", "dest", "the folder on the host");
        let remote = self.flag(node, "remote").unwrap_or_default();
        let strip = self.strip(node);
        let rights = self.rights(node);
        Some(Unarchive { src: src?, remote, dest: dest?, strip: strip?, rights })
    }

    fn is_a_path(&mut self, src: &SourceText) -> bool {
        if !["http://", "https://", "ftp://"].iter().any(|scheme| src.text.starts_with(scheme)) {
            return true;
        }
        let found = Diagnostic::error(codes::WRONG_VALUE, src.span, "`unarchive` takes a file, and this is a URL");
        self.diagnostics.push(found.hint("get it by `download`, and unpack that file with `remote: true`".to_owned()));
        false
    }

    fn strip(&mut self, node: &Node) -> Option<u32> {
        let Some(entry) = node.get("strip") else { return Some(0) };
        let strip = entry.count(0, self.diagnostics)?;
        if strip > DEEPEST {
            let message = format!("`strip` is at most {DEEPEST}");
            self.diagnostics.push(Diagnostic::error(codes::WRONG_VALUE, entry.value.span, message));
            return None;
        }
        u32::try_from(strip).ok()
    }
}
