//! `download`: a file that is to hold what a URL gives.
//!
//! Knows `curl`, and `wget` of GNU and busybox. With a digest, a file that has it is not asked for again, and what comes with another is
//! refused before it takes the file's place. Without one, a file that is there stays, unless it is forced: then only the bytes can tell.
//! Writing is [`CopyPlan`]'s.

use super::content::{FileThere, copied, probe_head};
use super::copy::{CopyPlan, FileTarget};
use super::declared::{Applied, Found, Resource, Touch, Unfit};
use super::diff::{known_as, told};
use super::fetch::DIGEST;
use crate::event::Difference;
use crate::text::quote;

/// A download, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadPlan {
    /// The file on the host.
    pub file: FileTarget,
    /// Where its bytes are.
    pub url: String,
    /// The SHA-256 that they must have, in hex.
    pub sha256: Option<String>,
    /// Asks for it though there is a file; what comes is compared with that.
    pub force: bool,
}

impl Resource for DownloadPlan {
    fn probe(&self) -> String {
        // A file that no digest is wanted of is not read.
        let look = if self.sha256.is_some() { "if [ -f \"$dest\" ]; then digest <\"$dest\"; echo; fi\n" } else { "" };
        format!("{}{look}", probe_head(&self.file.dest))
    }

    fn compare(&self, probed: &[u8]) -> Result<Found, Unfit> {
        let there = FileThere::parse(probed).ok_or_else(|| Unfit::unread(&self.file.dest))?;
        let wanted = self.wanted();
        let to = wanted.as_deref().map_or_else(|| format!("what {} gives", self.url), known_as);
        let Some(stat) = there.file(&self.file)? else {
            let made = Difference::new("state", None, Some("file".to_owned()));
            let content = Difference::new("content", None, Some(to));
            let differences = [vec![made, content], self.file.rights.of_new()].concat();
            return Ok(Found { differences, missing: there.missing.clone(), ..Found::default() });
        };
        let mut found = Found { differences: self.file.rights.differences(stat), ..Found::default() };
        match (&wanted, &there.sha256) {
            (Some(_), None) => return Err(Unfit(format!("{}: {NO_DIGEST}", self.file.dest))),
            (Some(wanted), Some(sha256)) if wanted == sha256 => {}
            (Some(_), Some(sha256)) => found.differences.insert(0, Difference::new("content", Some(told(stat.size, sha256)), Some(to))),
            (None, _) if self.force => found.unsure = Some(format!("{} must be asked for to know whether its bytes are others", self.url)),
            (None, _) => {}
        }
        Ok(found)
    }

    fn apply(&self, token: &str) -> Option<String> {
        let plan = CopyPlan { file: self.file.clone(), token: token.to_owned(), expect: None };
        Some(format!(
            "{head}{DIGEST}url={url} want={want} force={force}\n{GET}",
            head = plan.head(),
            url = quote(&self.url),
            want = quote(&self.wanted().unwrap_or_default()),
            force = if self.force { "1" } else { "''" },
        ))
    }

    fn applied(&self, printed: &[u8]) -> Result<Applied, Unfit> {
        copied(&String::from_utf8_lossy(printed))
    }

    fn touches(&self) -> Vec<Touch> {
        vec![Touch::Path(self.file.dest.clone())]
    }

    fn subject(&self) -> &str {
        &self.file.dest
    }
}

impl DownloadPlan {
    /// Says whether a text is a SHA-256 in hex.
    ///
    /// # Errors
    /// What to write instead.
    pub fn read_sha256(text: &str) -> Result<(), &'static str> {
        if text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Ok(());
        }
        Err(if text.contains(':') { "write the digits alone, without the name of the digest" } else { "as `sha256sum` prints them" })
    }

    fn wanted(&self) -> Option<String> {
        self.sha256.as_ref().map(|sha256| sha256.to_ascii_lowercase())
    }
}

const NO_DIGEST: &str = "to check a digest, this host needs sha256sum, shasum or openssl";

/// What a program says while it is well is nobody's: only where it fails is it told.
const GET: &str = r#"if [ -f "$dest" ]; then
  if [ -n "$want" ]; then [ "$(digest <"$dest")" != "$want" ] || settle; else [ -n "$force" ] || settle; fi
fi
stage
if command -v curl >/dev/null 2>&1; then
  said=$(curl -gfsSL -o "$tmp" -- "$url" 2>&1) || fail "$url can't be had: $said"
elif command -v wget >/dev/null 2>&1; then
  quiet=-q; case $(wget --version 2>/dev/null) in *GNU*) quiet=-nv ;; esac
  said=$(wget $quiet -O "$tmp" -- "$url" 2>&1) || fail "$url can't be had: $said"
else
  fail "to download, this host needs curl or wget"
fi
if [ -n "$want" ]; then
  got=$(digest <"$tmp")
  [ -n "$got" ] || fail "to check a digest, this host needs sha256sum, shasum or openssl"
  [ "$got" = "$want" ] || fail "$url has the digest $got"
fi
if [ -f "$dest" ] && cmp -s "$tmp" "$dest" 2>/dev/null; then rm -f "$tmp"; settle; fi
place
"#;
