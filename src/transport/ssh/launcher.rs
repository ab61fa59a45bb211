//! How a master comes to be a child that dies with us.
//!
//! The parent-death signal must be asked for by the child itself, before ssh runs in it: our own executable, started again, does
//! that and becomes ssh. The signal follows the *thread* that started the child, so one thread starts all, and lives as long as the
//! hub. Knows nothing of what ssh is told.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use tokio::process::Child;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::askpass;

/// Tells our executable what it was started as.
pub(super) const ROLE: &str = "ROUNDSMAN_HELPER";
/// The process that must still be there.
const PARENT: &str = "ROUNDSMAN_PARENT";

static SERVES: OnceLock<()> = OnceLock::new();

/// Serves as launcher of a master or as askpass where the program was started as one; the caller ends with the code.
///
/// Call it first in `main`, before threads and before reading arguments. Where it returns none the program goes on as usual, and hubs know
/// that this executable can help them.
#[must_use]
pub fn helper_main() -> Option<ExitCode> {
    let role = std::env::var_os(ROLE);
    match role.as_deref().and_then(|role| role.to_str()) {
        Some("launch") => Some(launch()),
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

fn launch() -> ExitCode {
    let parent = std::env::var(PARENT).ok().and_then(|text| text.parse().ok()).and_then(Pid::from_raw);
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else { return ExitCode::from(2) };
    // Asked first, checked then: a parent that died in between is noticed by one of the two.
    if set_parent_process_death_signal(Some(Signal::TERM)).is_err() || getppid() != parent {
        return ExitCode::from(3);
    }
    let mut command = Command::new(&program);
    command.args(arguments).env_remove(PARENT).env_remove(ROLE);
    if std::env::var_os("SSH_ASKPASS").is_some() {
        command.env(ROLE, "askpass");
    }
    let error = command.exec();
    let message = format!("{}: {error}\n", Path::new(&program).display());
    let _ = std::io::Write::write_all(&mut std::io::stderr(), message.as_bytes());
    ExitCode::from(127)
}

/// What starts masters, and whether it can answer passwords.
#[derive(Debug, Clone)]
pub(super) enum Launcher {
    /// Our own executable.
    Own(PathBuf),
    /// util-linux's `setpriv`.
    Setpriv(PathBuf),
    /// A `sh` that watches us.
    Watchdog,
}

impl Launcher {
    pub(super) fn find(helper: Option<PathBuf>) -> Launcher {
        match helper.or_else(own_helper) {
            Some(path) => Launcher::Own(path),
            None => in_path("setpriv").map_or(Launcher::Watchdog, Launcher::Setpriv),
        }
    }

    /// The executable for `SSH_ASKPASS`.
    pub(super) fn askpass(&self) -> Option<&Path> {
        if let Launcher::Own(path) = self { Some(path) } else { None }
    }

    /// The command that becomes `program`, or ends it when we are gone.
    pub(super) fn command(&self, program: &Path, arguments: &[String]) -> Command {
        let own = std::process::id().to_string();
        let mut command = match self {
            Launcher::Own(path) => {
                let mut command = Command::new(path);
                command.env(ROLE, "launch").env(PARENT, own);
                command
            }
            Launcher::Setpriv(path) => {
                let mut command = Command::new(path);
                command.args(["--pdeathsig", "TERM", "--"]);
                command
            }
            Launcher::Watchdog => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", WATCHDOG, "sh", &own]);
                command
            }
        };
        tracing::debug!(program = %program.display(), ?arguments, "starting");
        command.arg(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
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

/// The thread that starts every master.
#[derive(Debug)]
pub(super) struct Starter {
    orders: mpsc::Sender<Order>,
}

struct Order {
    command: Command,
    runtime: Handle,
    answer: oneshot::Sender<std::io::Result<Child>>,
}

impl Starter {
    pub(super) fn new() -> std::io::Result<Starter> {
        let (orders, inbox) = mpsc::channel::<Order>();
        std::thread::Builder::new().name("ssh-masters".to_owned()).spawn(move || {
            for Order { command, runtime, answer } in inbox {
                let _entered = runtime.enter();
                let mut command = tokio::process::Command::from(command);
                let _ = answer.send(command.kill_on_drop(true).spawn());
            }
        })?;
        Ok(Starter { orders })
    }

    pub(super) async fn start(&self, command: Command) -> std::io::Result<Child> {
        let (answer, child) = oneshot::channel();
        let gone = || std::io::Error::other("the thread that starts ssh is gone");
        self.orders.send(Order { command, runtime: Handle::current(), answer }).map_err(|_| gone())?;
        child.await.map_err(|_| gone())?
    }
}
