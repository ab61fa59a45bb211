//! A file that is to hold known bytes: `copy` and `template`, looked at before they are written.
//!
//! Knows bytes, or only their size and digest where they are many. Writing is [`CopyPlan`]'s.

use sha2::{Digest as _, Sha256};

use super::copy::{CopyAnswer, CopyPlan, FileTarget, MARK, RESOLVE, kept_as};
use super::declared::{Applied, Found, Resource, Touch, Unfit};
use super::diff::{DIFF_LIMIT, content_difference, told};
use super::fetch::DIGEST;
use super::operand;
use super::rights::RIGHTS;
use super::stat::{FileKind, FileStat, STATE};
use crate::event::Difference;
use crate::model::Value;
use crate::text::{hex, quote};

/// A file with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    /// The file on the host.
    pub plan: CopyPlan,
    /// What it is to hold.
    pub content: Content,
}

/// What a file is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Bytes of this size and SHA-256.
    Known(u64, String),
}

impl Content {
    fn known(&self) -> (u64, String) {
        match self {
            Content::Bytes(bytes) => (bytes.len() as u64, hex(&Sha256::digest(bytes))),
            Content::Known(size, sha256) => (*size, sha256.clone()),
        }
    }
}

impl Resource for FileContent {
    fn probe(&self) -> String {
        probe(&self.plan.file.dest, &self.content.known().1, DIFF_LIMIT)
    }

    fn compare(&self, probed: &[u8]) -> Result<Found, Unfit> {
        let file = &self.plan.file;
        let there = FileThere::parse(probed).ok_or_else(|| Unfit::unread(&file.dest))?;
        let (size, sha256) = self.content.known();
        let Some(stat) = there.file(file)? else {
            let made = Difference::new("state", None, Some("file".to_owned()));
            let content = self.difference(None);
            let differences = [vec![made, content], file.rights.of_new()].concat();
            return Ok(Found { differences, missing: there.missing.clone(), ..Found::default() });
        };
        let same = match (&there.sha256, &there.content, &self.content) {
            (Some(found), _, _) => *found == sha256,
            (None, Some(found), Content::Bytes(bytes)) => found == bytes,
            (None, _, _) if stat.size != size => false,
            (None, _, _) => {
                let words = "to compare a file that large, this host needs sha256sum, shasum or openssl";
                return Err(Unfit(format!("{}: {words}", file.dest)));
            }
        };
        let mut differences = file.rights.differences(stat);
        if !same {
            differences.insert(0, self.difference(Some(&there)));
        }
        Ok(Found { differences, ..Found::default() })
    }

    fn apply(&self, _: &str) -> Option<String> {
        match &self.content {
            Content::Bytes(bytes) => Some(self.plan.small_script(bytes)),
            Content::Known(..) => None,
        }
    }

    fn applied(&self, printed: &[u8]) -> Result<Applied, Unfit> {
        copied(&String::from_utf8_lossy(printed))
    }

    fn touches(&self) -> Vec<Touch> {
        vec![Touch::Path(self.plan.file.dest.clone())]
    }

    fn subject(&self) -> &str {
        &self.plan.file.dest
    }
}

impl FileContent {
    fn difference(&self, there: Option<&FileThere>) -> Difference {
        let old = there.and_then(|there| there.content.as_deref());
        if let Content::Bytes(bytes) = &self.content
            && (there.is_none() || old.is_some())
        {
            return content_difference(&self.plan.file.dest, old, bytes);
        }
        let (size, sha256) = self.content.known();
        let from = there.and_then(|there| Some(told(there.stat.as_ref()?.size, there.sha256.as_deref()?)));
        Difference::new("content", from, Some(told(size, &sha256)))
    }
}

/// Reads what a script that writes a file printed.
///
/// # Errors
/// Where it is not understood.
pub fn copied(printed: &str) -> Result<Applied, Unfit> {
    let changed = match CopyAnswer::parse(printed) {
        Some(CopyAnswer::Changed) => true,
        Some(CopyAnswer::Ok) => false,
        Some(CopyAnswer::Send) | None => return Err(Unfit("the host did not say whether the file was written".to_owned())),
    };
    let outputs = kept_as(printed).map(|path| ("backup".to_owned(), Value::from(path))).into_iter().collect();
    Ok(Applied { changed, outputs, ..Applied::default() })
}

/// Shell text that prints what [`FileThere::parse`] reads. The bytes of a file with another digest than `unless` come along where they are at
/// most `limit`.
pub(super) fn probe(dest: &str, unless: &str, limit: usize) -> String {
    format!(
        r#"{head}{MARK}if [ -f "$dest" ]; then
  d=$(digest <"$dest")
  sum=$(mark "$dest")
  [ -n "$sum" ] || {{ cat "$dest" >/dev/null && fail "this host needs cksum, sha256sum, shasum or openssl"; exit 1; }}
  printf '%s\n%s\n' "$d" "$sum"
  if [ "$d" != {unless} ] && [ $(wc -c <"$dest") -le {limit} ]; then echo content; cat "$dest"; fi
fi
"#,
        head = probe_head(dest),
        unless = quote(unless),
    )
}

/// The same without what is asked of a file's bytes: its digest, its mark, and they themselves may follow.
pub(super) fn probe_head(dest: &str) -> String {
    format!(
        r#"dest={dest} follow=-L
{STATE}{RIGHTS}{DIGEST}{RESOLVE}p=$dest
state || exit 1
if [ -d "$dir" ]; then echo folder; else printf 'alone %s\n' "$dir"; fi
"#,
        dest = operand(dest),
    )
}

/// A file as a probe found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileThere {
    pub(super) stat: Option<FileStat>,
    /// The folder that it would be in, where it is not there.
    pub(super) missing: Option<String>,
    /// None where there is no file, or no tool.
    pub(super) sha256: Option<String>,
    /// What [`MARK`] says of it.
    pub(super) mark: Option<String>,
    /// Its bytes, where they were asked for.
    pub(super) content: Option<Vec<u8>>,
}

impl FileThere {
    /// Reads what [`probe`] printed; none where it is not understood.
    pub(super) fn parse(printed: &[u8]) -> Option<FileThere> {
        let mut parts = printed.splitn(6, |byte| *byte == b'\n');
        let mut line = || parts.next().and_then(|line| std::str::from_utf8(line).ok());
        let stat = FileStat::parse(line()?)?;
        let missing = line()?.strip_prefix("alone ").map(str::to_owned);
        let mut word = || line().filter(|word| !word.is_empty()).map(str::to_owned);
        let (sha256, mark) = (word(), word());
        let content = (line() == Some("content")).then(|| parts.next().unwrap_or_default().to_vec());
        Some(FileThere { stat, missing, sha256, mark, content })
    }

    /// The file; none where there is nothing.
    ///
    /// # Errors
    /// Where there is something else.
    pub(super) fn file(&self, target: &FileTarget) -> Result<Option<&FileStat>, Unfit> {
        match &self.stat {
            Some(stat) if stat.kind == FileKind::Directory => Err(Unfit(format!("{} is a folder; dest is the file itself", target.dest))),
            Some(stat) if stat.kind != FileKind::File => Err(Unfit(format!("{} is no regular file", target.dest))),
            stat => Ok(stat.as_ref()),
        }
    }
}
