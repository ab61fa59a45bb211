//! `download`, `archive` and `unarchive`: syntax to typed arguments.

use super::Lower;
use crate::diag::Diagnostic;
use crate::model::{Archive, ArchiveSource, Context, Download, Unarchive};
use crate::playbook::codes;
use crate::playbook::syntax;
use crate::resource::{ArchiveFormat, DownloadPlan};

impl Lower<'_> {
    pub(super) fn download(&mut self, download: &syntax::Download) -> Download {
        let sha256 = download.sha256.as_ref().map(|text| {
            let sha256 = self.text(text);
            if sha256.is_literal()
                && let Err(why) = DownloadPlan::read_sha256(&text.text)
            {
                let found = Diagnostic::error(codes::WRONG_VALUE, text.span, "`sha256` must be 64 hex digits");
                self.diagnostics.push(found.hint(why.to_owned()));
            }
            sha256
        });
        Download { url: self.text(&download.url), sha256, force: download.force, file: self.written(&download.file) }
    }

    pub(super) fn archive(&mut self, archive: &syntax::Archive) -> Archive {
        let file = self.written(&archive.file);
        if file.dest.is_literal() && ArchiveFormat::of_name(&archive.file.dest.text).is_none() {
            let found = Diagnostic::error(codes::WRONG_VALUE, archive.file.dest.span, "its name tells no format of archives");
            self.diagnostics.push(found.hint(format!("let it end in one of {}", ArchiveFormat::endings())));
        }
        Archive { src: self.texts(&archive.src, Context::Native), file }
    }

    pub(super) fn unarchive(&mut self, unarchive: &syntax::Unarchive) -> Unarchive {
        let src = if unarchive.remote {
            ArchiveSource::Remote(self.text(&unarchive.src))
        } else {
            let named = self.files_needed.len();
            let (path, base) = self.local_file(&unarchive.src);
            for need in &mut self.files_needed[named..] {
                need.hint = Some("an archive on the host is unpacked with `remote: true`");
            }
            ArchiveSource::Local { path, base }
        };
        Unarchive { src, dest: self.text(&unarchive.dest), strip: unarchive.strip, rights: self.rights(&unarchive.rights) }
    }
}
