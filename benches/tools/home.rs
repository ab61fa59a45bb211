//! The home that logins of a lab get: a plain user's, as Debian makes it.
//!
//! Whoever measures has start files of their own, which may cost more than all that is measured; hosts of the field have the
//! distribution's. Knows nothing of the lab but the form of sshd's options.

use std::path::Path;

/// A folder that stands for every login's home while it lives.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    /// Makes it, with the files that a new user of this machine gets.
    pub(crate) fn new() -> Home {
        let folder = tempfile::Builder::new().prefix("home").tempdir().expect("a temporary folder");
        for file in [".bashrc", ".profile"] {
            let skeleton = Path::new("/etc/skel").join(file);
            if skeleton.is_file() {
                std::fs::copy(&skeleton, folder.path().join(file)).expect("a file of the new home");
            }
        }
        Home(folder)
    }

    /// The line of `sshd_config` that makes it the logins' home.
    pub(crate) fn option(&self) -> String {
        format!("SetEnv HOME={}", self.0.path().display())
    }
}
