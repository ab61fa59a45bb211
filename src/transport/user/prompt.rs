//! What a program that changes the user has said so far, and whether it asks.
//!
//! Bytes come in pieces of any size. Knows nothing of channels.

/// What is kept of a program's words.
const KEPT: usize = 8192;

/// How a program asks for a password.
#[derive(Debug)]
pub(super) enum Prompt {
    /// By words that only we know.
    Own(String),
    /// By PAM's, or busybox's: a last line without an end, `Password:`.
    Pam,
    /// Not at all.
    Never,
}

/// The words on one stream.
#[derive(Debug, Default)]
pub(super) struct Seen {
    bytes: Vec<u8>,
    /// Up to here prompts were answered.
    searched: usize,
}

impl Seen {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Of a flood in front of the prompt only the part that may hold the beginning of the words looked for is searched on.
        let excess = self.bytes.len().saturating_sub(KEPT);
        self.bytes.drain(..excess);
        self.searched = self.searched.saturating_sub(excess);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What stands behind these words, if they were said; it is taken out.
    pub(super) fn split_behind(&mut self, words: &[u8]) -> Option<Vec<u8>> {
        let at = find(&self.bytes[self.searched..], words)?;
        Some(self.bytes.split_off(self.searched + at + words.len()))
    }

    /// Says whether a prompt stands behind what was searched, and passes over it.
    pub(super) fn take_prompt(&mut self, prompt: &Prompt) -> bool {
        let rest = &self.bytes[self.searched..];
        let end = match prompt {
            Prompt::Never => None,
            Prompt::Own(words) => find(rest, words.as_bytes()).map(|at| at + words.len()),
            Prompt::Pam => {
                let line = rest.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                let line = line.trim_ascii().to_ascii_lowercase();
                // "New password:" and "Current password:" of an expired account are not what the password is for; they wait in vain.
                (line == b"password:" || line.starts_with(b"password for ") && line.ends_with(b":")).then_some(rest.len())
            }
        };
        self.searched += end.unwrap_or(0);
        end.is_some()
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
