//! By whom masters are started, so that they end with us.
//!
//! By our own executable, started again as their [`keeper`](super::keeper). Where the program that we are part of can't be that, each
//! master gets a program around it: util-linux's, which asks the kernel for a signal at our end, or a `sh` that looks. Knows nothing of
//! what ssh is told.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::OnceLock;

use super::{askpass, keeper};

/// Tells our executable what it was started as.
pub(super) const ROLE: &str = "ROUNDSMAN_HELPER";
/// Such a helper: starts masters and ends them with us.
pub(super) const KEEPER: &str = "keeper";

static SERVES: OnceLock<()> = OnceLock::new();

/// Serves as keeper of masters or as askpass where the program was started as one; the caller ends with the code.
///
/// Call it first in `main`, before threads and before reading arguments. Where it returns none the program goes on as usual, and hubs know
/// that this executable can help them.
#[must_use]
pub fn helper_main() -> Option<ExitCode> {
    let role = std::env::var_os(ROLE);
    match role.as_deref().and_then(|role| role.to_str()) {
        Some(KEEPER) => Some(keeper::keep()),
        Some("askpass") => Some(askpass::ask()),
        _ => {
            let _ = SERVES.set(());
            None
        }
    }
}

/// The executable that can be started again as a helper, if the program is one.
pub(super) fn own_helper() -> Option<PathBuf> {
    SERVES.get().and_then(|()| std::env::current_exe().ok())
}

/// What starts masters.
#[derive(Debug, Clone)]
pub(super) enum Launcher {
    /// Our own executable, which can also answer passwords.
    Own(PathBuf),
    /// A program around each.
    Around(Around),
}

/// A program that runs another and ends it when we are gone.
#[derive(Debug, Clone)]
pub(super) enum Around {
    /// util-linux's `setpriv`.
    Setpriv(PathBuf),
    /// A `sh` that watches us.
    Watchdog,
}

impl Launcher {
    pub(super) fn find(helper: Option<PathBuf>) -> Launcher {
        match helper.or_else(own_helper) {
            Some(path) => Launcher::Own(path),
            None => Launcher::Around(in_path("setpriv").map_or(Around::Watchdog, Around::Setpriv)),
        }
    }

    /// The executable for `SSH_ASKPASS`.
    pub(super) fn askpass(&self) -> Option<&Path> {
        if let Launcher::Own(path) = self { Some(path) } else { None }
    }
}

impl Around {
    /// The command that becomes `program`, or ends it when we are gone; its arguments are to follow.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = match self {
            Around::Setpriv(path) => {
                let mut command = Command::new(path);
                command.args(["--pdeathsig", "TERM", "--"]);
                command
            }
            Around::Watchdog => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", WATCHDOG, "sh", &std::process::id().to_string()]);
                command
            }
        };
        command.arg(program);
        command
    }
}

const WATCHDOG: &str = r#"parent=$1; shift
"$@" & child=$!
trap 'kill "$child" 2>/dev/null' TERM
( while kill -0 "$parent" 2>/dev/null && kill -0 "$child" 2>/dev/null; do sleep 1; done; kill "$child" 2>/dev/null ) & watch=$!
wait "$child"; code=$?
kill "$watch" 2>/dev/null
exit "$code""#;

/// Finds a program.
pub(super) fn in_path(name: &str) -> Option<PathBuf> {
    let path: OsString = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".into());
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
