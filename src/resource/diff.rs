//! What is different between two contents: a unified diff of texts, sizes and digests of all else.
//!
//! Pure; knows bytes and what to call them.

use sha2::{Digest as _, Sha256};
use similar::{Algorithm, TextDiff};

use crate::event::Difference;
use crate::text::{hex, plural};

/// Larger contents are told by their digests.
pub const DIFF_LIMIT: usize = 64 * 1024;
/// Longer diffs are cut.
const LINES: usize = 400;

/// The difference of two contents; `old` is none where there was nothing.
#[must_use]
pub fn content_difference(path: &str, old: Option<&[u8]>, new: &[u8]) -> Difference {
    let as_text = |bytes: &[u8]| {
        (bytes.len() <= DIFF_LIMIT && !bytes.contains(&0)).then(|| std::str::from_utf8(bytes).ok().map(str::to_owned)).flatten()
    };
    let diff = as_text(old.unwrap_or_default()).zip(as_text(new)).map(|(old, new)| unified(path, &old, &new));
    Difference { what: "content".to_owned(), from: old.map(known_by), to: Some(known_by(new)), diff }
}

/// How a content is told where it is not shown.
#[must_use]
pub(super) fn known_by(content: &[u8]) -> String {
    told(content.len() as u64, &hex(&Sha256::digest(content)))
}

/// How a content is told of which only size and digest are known.
#[must_use]
pub(super) fn told(size: u64, sha256: &str) -> String {
    format!("{}, {}", plural(usize::try_from(size).unwrap_or(usize::MAX), "byte"), known_as(sha256))
}

/// How a content is told of which only the digest is known.
#[must_use]
pub(super) fn known_as(sha256: &str) -> String {
    format!("sha256 {}", sha256.get(..12).unwrap_or(sha256))
}

fn unified(path: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(old, new);
    let text = diff.unified_diff().context_radius(3).header(path, path).to_string();
    let count = text.lines().count();
    if count <= LINES {
        return text;
    }
    let head: String = text.split_inclusive('\n').take(LINES).collect();
    format!("{head}… {} more\n", plural(count - LINES, "line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared_line_by_line() {
        let difference = content_difference("/etc/x", Some(b"a\nb\nc\n"), b"a\nB\nc");
        let diff = difference.diff.unwrap();
        assert_eq!(diff, "--- /etc/x\n+++ /etc/x\n@@ -1,3 +1,3 @@\n a\n-b\n-c\n+B\n+c\n\\ No newline at end of file\n");
        assert_eq!(difference.from.unwrap(), "6 bytes, sha256 880553fca8fc");
    }

    #[test]
    fn what_is_no_text_or_too_long_is_told_by_its_digest() {
        let difference = content_difference("/x", Some(b"a\0"), b"b");
        assert_eq!((difference.diff, difference.to.as_deref()), (None, Some("1 byte, sha256 3e23e8160039")));
        assert_eq!(content_difference("/x", None, &vec![b'x'; DIFF_LIMIT + 1]).diff, None);
        let many: String = (0..1000).map(|line| format!("{line}\n")).collect();
        let cut = content_difference("/x", None, many.as_bytes()).diff.unwrap();
        assert_eq!((cut.lines().count(), cut.lines().last()), (401, Some("… 603 lines more")));
    }
}
