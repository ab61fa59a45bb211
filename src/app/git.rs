//! The state of the repository that a playbook stands in.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::event::GitState;

/// Asks git; none where there is no git, no repository, or no commit yet.
pub(super) fn state(folder: &Path) -> Option<GitState> {
    let commit = ask(folder, &["rev-parse", "--verify", "HEAD"])?;
    let changes = ask(folder, &["status", "--porcelain", "--untracked-files=no"])?;
    Some(GitState { commit, dirty: !changes.is_empty() })
}

fn ask(folder: &Path, words: &[&str]) -> Option<String> {
    // A run must not wait for a lock that somebody else's git holds, nor write an index.
    let output = Command::new("git")
        .arg("--no-optional-locks")
        .arg("-C")
        .arg(folder)
        .args(words)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
