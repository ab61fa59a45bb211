//! `download`, `archive` and `unarchive`, rendered.

use super::{Rendering, Result, failed};
use crate::model::{Archive, ArchiveSource, Download, Unarchive};
use crate::plan::prepared::Body;
use crate::resource::{ArchiveFormat, ArchivePlan, Declared, DownloadPlan, UnarchivePlan};

impl Rendering<'_> {
    pub(super) fn download(&self, download: &Download) -> Result<Body> {
        let url = self.path(&download.url)?;
        let sha256 = self.optional_path(download.sha256.as_ref())?;
        let refused = sha256.as_ref().filter(|text| !self.waits(text)).and_then(|text| DownloadPlan::read_sha256(text).err());
        if let (Some(why), Some(template)) = (refused, &download.sha256) {
            return Err(failed("`sha256` must be 64 hex digits".to_owned(), Some(template.source.span), Some(why.to_owned())));
        }
        let plan = DownloadPlan { file: self.written(&download.file)?, url, sha256, force: download.force };
        Ok(Body::Declared(Declared::Download(plan)))
    }

    pub(super) fn archive(&self, archive: &Archive) -> Result<Body> {
        let place = archive.src.first().map(|src| src.source.span);
        let src = archive.src.iter().map(|src| self.words(src)).collect::<Result<Vec<_>>>()?.concat();
        if src.is_empty() || src.iter().any(String::is_empty) {
            return Err(failed("this gives no path to pack".to_owned(), place, None));
        }
        let file = self.written(&archive.file)?;
        let format = match ArchiveFormat::of_name(&file.dest) {
            Some(format) => format,
            // A preview shows none.
            None if self.waits(&file.dest) => ArchiveFormat::Tar,
            None => {
                let message = format!("the name `{}` tells no format of archives", file.dest);
                let hint = format!("let it end in one of {}", ArchiveFormat::endings());
                return Err(failed(message, Some(archive.file.dest.source.span), Some(hint)));
            }
        };
        let known = !src.iter().any(|path| self.waits(path));
        let plan = ArchivePlan { file, src, format };
        match plan.fits() {
            Err(unfit) if known => Err(failed(unfit.to_string(), place, None)),
            _ => Ok(Body::Declared(Declared::Archive(plan))),
        }
    }

    pub(super) fn unarchive(&self, unarchive: &Unarchive) -> Result<Body> {
        let (ArchiveSource::Local { path, .. } | ArchiveSource::Remote(path)) = &unarchive.src;
        let plan = UnarchivePlan {
            src: self.path(path)?,
            dest: self.path(&unarchive.dest)?,
            strip: unarchive.strip,
            rights: self.rights(&unarchive.rights)?,
        };
        Ok(match &unarchive.src {
            ArchiveSource::Local { base, .. } => Body::Unpack { src: base.join(&plan.src), plan },
            ArchiveSource::Remote(_) => Body::Declared(Declared::Unarchive(plan)),
        })
    }
}

#[cfg(test)]
mod tests;
