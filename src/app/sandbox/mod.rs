//! Hosts played by folders of this machine, for runs that must leave nothing behind.
//!
//! Each host gets a folder of its own as its root, entered by `enter.sh` with namespaces of its own: the system's programs are
//! there read-only, `/etc` is a copy, all else is empty; who is root there can change nothing of this machine. What is written
//! stays until [`Sandboxes`] is dropped. A playbook that was loaded goes in and comes out with other ways to its hosts; knows nothing of
//! runs.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::AppError;
use super::load::Ready;
use crate::model::{Connect, Transport, Verb};

const ENTER: &str = include_str!("enter.sh");

/// A sandbox that is made first, to see whether any can be.
const TRIAL: &str = ".trial";

/// The folders of played hosts; removed when dropped.
#[derive(Debug)]
pub struct Sandboxes {
    folder: Option<TempDir>,
}

impl Sandboxes {
    /// Makes the folder, and enters a sandbox to see that it can be.
    ///
    /// # Errors
    /// Where the folder can't be made or the system gives no namespaces.
    pub fn new() -> Result<Sandboxes, AppError> {
        let failed = |error| AppError::Machine { what: "a temporary folder can't be made", error };
        // A copy of /etc may hold what others must not read.
        let own = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("roundsman-test-").permissions(own).tempdir().map_err(failed)?;
        let sandboxes = Sandboxes { folder: Some(folder) };
        let path = sandboxes.path();
        let etc = path.join("etc");
        let made = ["hosts", "etc"].iter().try_for_each(|name| std::fs::create_dir(path.join(name)));
        made.and_then(|()| std::fs::write(path.join("enter"), ENTER)).map_err(failed)?;
        // All that the first one needs of it.
        std::fs::copy("/etc/passwd", etc.join("passwd")).map_err(|error| AppError::File { path: "/etc/passwd".into(), error })?;
        let argv = sandboxes.argv(TRIAL);
        let trial = Command::new(&argv[0]).args(&argv[1..]).arg("true").stdin(Stdio::null()).output();
        let trial = trial.map_err(|error| AppError::NoSandbox { said: format!("sh: {error}") })?;
        if !trial.status.success() {
            let said = String::from_utf8_lossy(&trial.stderr);
            let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            return Err(AppError::NoSandbox { said: said.join("; ") });
        }
        remove(&path.join("hosts").join(TRIAL));
        copy_etc(&etc).map_err(failed)?;
        Ok(sandboxes)
    }

    /// Leads every host of the inventory to a sandbox, and what is fetched to a folder beside them.
    pub fn house(&self, ready: &mut Ready) {
        for host in &mut Arc::make_mut(&mut ready.inventory).hosts {
            let own = &host.connect;
            host.connect = Connect {
                transport: Transport::Command(self.argv(&host.name)),
                // Templates read it.
                user: own.user.clone(),
                max_sessions: own.max_sessions,
                // The first channel makes the sandbox, and many may be made at once.
                connect_timeout: Duration::from_secs(60),
                ..Connect::new(own.address.clone())
            };
        }
        let fetched = self.path().join("fetched");
        let rounds = &mut Arc::make_mut(&mut ready.playbook).rounds;
        for task in rounds.iter_mut().flat_map(|round| &mut round.tasks) {
            if let Verb::Fetch(fetch) = &mut task.verb {
                fetch.below = Some(fetched.clone());
            }
        }
    }

    /// Leaves the folder where it is, and says where that is.
    #[must_use]
    pub fn keep(mut self) -> PathBuf {
        self.folder.take().map(TempDir::keep).unwrap_or_default()
    }

    fn path(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new(""), TempDir::path)
    }

    fn argv(&self, host: &str) -> Vec<String> {
        let path = self.path();
        ["/bin/sh".to_owned(), path.join("enter").display().to_string(), path.display().to_string(), host.to_owned()].to_vec()
    }
}

impl Drop for Sandboxes {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take() {
            remove(&folder.keep());
        }
    }
}

/// Copies what can be read of /etc, private keys of this machine left out.
fn copy_etc(to: &Path) -> std::io::Result<()> {
    let copy = Command::new("cp").args(["-a", "/etc/."]).arg(to).stdin(Stdio::null()).stderr(Stdio::null()).status();
    // Of what can't be read there is no copy, and `cp` says so by its exit code.
    copy?;
    let ssh = to.join("ssh");
    // A copied link leads to this machine's own keys.
    if !ssh.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    for entry in std::fs::read_dir(ssh)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("ssh_host_") && !name.ends_with(".pub") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Removes a folder with all that is in it.
fn remove(path: &Path) {
    for _ in 0..5 {
        match std::fs::remove_dir_all(path) {
            Ok(()) => return,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            // The last program of a sandbox may be on its way out.
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    // An ordinary user can't empty a folder that has lost its mode, but root of a sandbox, who made it, can.
    let removed = Command::new("unshare").args(["--user", "--map-root-user", "rm", "-rf", "--"]).arg(path).stdin(Stdio::null()).output();
    if !removed.is_ok_and(|output| output.status.success()) {
        tracing::warn!(path = %path.display(), "a sandbox can't be removed");
    }
}
