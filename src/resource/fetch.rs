//! `fetch`: a remote file's bytes, and what they are known by.
//!
//! Knows a path on the host. The caller compares size and digest with the file it has, asks for the bytes only
//! where they differ, and checks what it got by the same two.

use super::operand;

/// Shell text of a function `digest` that prints the SHA-256 of its standard input in hex, or nothing where the host
/// has no tool for it.
pub(super) const DIGEST: &str = r#"digest() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum
  elif command -v shasum >/dev/null 2>&1; then shasum -a 256
  elif command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 -r
  else cat >/dev/null; fi | { read -r d _ || :; printf '%s' "$d"; }
}
"#;

/// Prints size and digest of a file: what [`RemoteFile::parse`] reads.
#[must_use]
pub fn fetch_check_script(path: &str) -> String {
    format!(
        r#"{DIGEST}p={path}
if [ -d "$p" ]; then printf '%s\n' "$p is a folder; fetch brings one file" >&2; exit 1; fi
if [ -e "$p" ] && ! [ -f "$p" ]; then printf '%s\n' "$p is no regular file" >&2; exit 1; fi
n=$(wc -c <"$p") || exit 1
echo $n "$(digest <"$p")""#,
        path = operand(path)
    )
}

/// Prints the file, byte for byte.
#[must_use]
pub fn fetch_script(path: &str) -> String {
    super::read_script(path)
}

/// What a remote file is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// In bytes.
    pub size: u64,
    /// SHA-256 in hex; none where the host can't tell.
    pub sha256: Option<String>,
}

impl RemoteFile {
    /// Reads what the script printed; none where it is not understood.
    #[must_use]
    pub fn parse(stdout: &str) -> Option<RemoteFile> {
        let mut words = stdout.split_ascii_whitespace();
        let size = words.next()?.parse().ok()?;
        let sha256 = words.next().filter(|word| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
        Some(RemoteFile { size, sha256: sha256.map(str::to_ascii_lowercase) })
    }
}
