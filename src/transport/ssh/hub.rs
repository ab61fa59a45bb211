//! What all ssh connections share: the private folder, the thread that starts masters, the pace, jump hosts' masters.
//!
//! Targets go in, masters come out, after as many attempts as the target allows. Must not know what the masters are used for.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::askpass::{self, AskpassServer};
use super::launcher::{Launcher, ROLE, in_path};
use super::master::Master;
use super::options::{LONGEST_SOCKET, Way, jump_target, master};
use super::pace::Pace;
use super::starter::Starter;
use crate::model::Jump;
use crate::transport::hub::{HubError, HubOptions, Progress};
use crate::transport::lane_api::{Refusal, RefusalClass, Target};
use crate::transport::random;

/// Our folders are called this, the process id, and some letters.
const PREFIX: &str = "rm-";

/// Names with their values; none takes one out.
type Environment = Vec<(String, Option<String>)>;

type ProgressSink<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// The ssh side of a hub.
#[derive(Debug)]
pub(in crate::transport) struct SshHub {
    shared: Arc<Shared>,
    jumps: Mutex<BTreeMap<String, Arc<JumpHost>>>,
}

/// What outlives the hub while a session is open.
#[derive(Debug)]
pub(super) struct Shared {
    folder: Mutex<Option<TempDir>>,
    path: PathBuf,
    starter: Starter,
    ssh: PathBuf,
    pace: Pace,
    askpass: tokio::sync::Mutex<Option<AskpassServer>>,
    counter: AtomicU64,
    masters: Mutex<Vec<Weak<Master>>>,
}

/// A jump host's master, made by the first who needs it.
#[derive(Debug, Default)]
struct JumpHost {
    state: tokio::sync::Mutex<JumpState>,
}

#[derive(Debug, Default)]
struct JumpState {
    master: Option<Arc<Master>>,
    refused: Option<(Instant, Refusal)>,
}

impl SshHub {
    pub(in crate::transport) fn new(options: HubOptions) -> Result<SshHub, HubError> {
        let folder = private_folder(options.runtime_dir)?;
        let shared = Shared {
            path: folder.path().to_owned(),
            folder: Mutex::new(Some(folder)),
            starter: Starter::new(Launcher::find(options.helper)),
            ssh: options.ssh.or_else(|| in_path("ssh")).unwrap_or_else(|| PathBuf::from("ssh")),
            pace: Pace::new(),
            askpass: tokio::sync::Mutex::new(None),
            counter: AtomicU64::new(0),
            masters: Mutex::default(),
        };
        Ok(SshHub { shared: Arc::new(shared), jumps: Mutex::default() })
    }

    /// Connects, through jump hosts where there are any.
    pub(in crate::transport) fn connect<'a>(
        &'a self,
        target: &'a Target,
        progress: ProgressSink<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Arc<Master>, Refusal>> + Send + 'a>> {
        Box::pin(async move {
            let jump = match (&target.connect.jump, &target.jump) {
                (Some(Jump::Host(_)), Some(jump)) => Some((**jump).clone()),
                (Some(Jump::Host(name)), None) => {
                    return Err(Refusal { class: RefusalClass::Jump, message: format!("the jump host {name} is not in the inventory") });
                }
                _ => jump_target(target),
            };
            let jump = match &jump {
                Some(jump) => Some((jump, self.jump_master(jump, progress).await?)),
                None => None,
            };
            self.attempts(target, jump.as_ref().map(|(jump, master)| (*jump, &**master)), progress).await
        })
    }

    async fn attempts(
        &self,
        target: &Target,
        jump: Option<(&Target, &Master)>,
        progress: ProgressSink<'_>,
    ) -> Result<Arc<Master>, Refusal> {
        let door = match (&jump, &target.connect.jump) {
            // One master carries them all, so that the jump host sees no handshake; a silent host behind it must not hold up the others.
            (Some((jump, _)), _) => format!("jump {} to {} {}", jump.name, target.connect.address, target.connect.port.unwrap_or(0)),
            (None, Some(Jump::Destination(jump))) => format!("jump {jump}"),
            (None, _) => format!("{} {}", target.connect.address, target.connect.port.unwrap_or(0)),
        };
        let mut attempt = 1;
        loop {
            let turn = self.shared.pace.turn(&door, || progress(Progress::Queued)).await;
            progress(Progress::Connecting);
            let result = self.shared.start(target, jump.map(|(_, master)| master)).await;
            let refusal = match result {
                Ok(master) => {
                    turn.went(false);
                    return Ok(master);
                }
                Err(refusal) => refusal,
            };
            let throttled = refusal.class == RefusalClass::Throttled;
            if throttled {
                turn.went(true);
            }
            drop(turn);
            // Only what may pass by itself is tried again, and a silent host only once: each attempt costs its whole timeout.
            let retries = match refusal.class {
                RefusalClass::Throttled => target.connect.retries,
                RefusalClass::Timeout => target.connect.retries.min(1),
                _ => 0,
            };
            if attempt > retries {
                return Err(refusal);
            }
            let base = 200_u64 << attempt.min(4);
            let wait = Duration::from_millis(base / 2 + random::below(base));
            attempt += 1;
            progress(Progress::Retrying { attempt, message: refusal.message, wait });
            sleep(wait).await;
        }
    }

    /// The one master on a jump host. Those who waited for an attempt share its refusal, so that thirty hosts do not wait in a row.
    async fn jump_master(&self, jump: &Target, progress: ProgressSink<'_>) -> Result<Arc<Master>, Refusal> {
        let asked = Instant::now();
        let key = format!("{} {:?}", jump.name, master(jump, Path::new("s"), Path::new("l"), Way::Configured)?);
        let host = Arc::clone(lock(&self.jumps).entry(key).or_default());
        let mut state = host.state.lock().await;
        if let Some(master) = state.master.as_ref().filter(|master| master.is_up()) {
            return Ok(Arc::clone(master));
        }
        if let Some((_, refusal)) = state.refused.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(refusal.clone());
        }
        let connected = self.connect(jump, progress).await;
        match connected {
            Ok(master) => {
                state.master = Some(Arc::clone(&master));
                Ok(master)
            }
            Err(refusal) => {
                let message = format!("jump host {}: {}", jump.name, refusal.message);
                let refusal = Refusal { class: RefusalClass::Jump, message };
                state.refused = Some((Instant::now(), refusal.clone()));
                Err(refusal)
            }
        }
    }

    /// Ends every master and removes the folder.
    pub(in crate::transport) async fn close(&self) {
        lock(&self.jumps).clear();
        let masters: Vec<Arc<Master>> = lock(&self.shared.masters).drain(..).filter_map(|master| master.upgrade()).collect();
        let closing: Vec<_> = masters.into_iter().map(|master| tokio::spawn(async move { master.close().await })).collect();
        for closed in closing {
            let _ = closed.await;
        }
        self.shared.starter.close().await;
        self.shared.askpass.lock().await.take();
        drop(lock(&self.shared.folder).take());
    }
}

impl Shared {
    /// One attempt, in its own time.
    async fn start(self: &Arc<Self>, target: &Target, jump: Option<&Master>) -> Result<Arc<Master>, Refusal> {
        let local = |message: String| Refusal { class: RefusalClass::Local, message };
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let socket = self.path.join(format!("m{number}"));
        let log = self.path.join(format!("m{number}.log"));
        if socket.as_os_str().as_bytes().len() > LONGEST_SOCKET {
            return Err(local(format!("the control path {} is longer than {LONGEST_SOCKET} bytes", socket.display())));
        }
        let ssh = self.ssh.to_str().ok_or_else(|| local("the path of ssh is not UTF-8".to_owned()))?;
        let way = match (jump, &target.connect.jump) {
            (Some(master), _) => Way::Through { ssh, socket: &master.socket },
            (None, Some(Jump::Destination(destination))) => Way::Jump(destination),
            (None, Some(Jump::None)) => Way::Direct,
            (None, _) => Way::Configured,
        };
        let arguments = master(target, &socket, &log, way)?;
        let (key, environment) = self.answers(target).await?;
        let started = self.starter.start(&self.ssh, arguments, environment, &log).await;
        let child = started.map_err(|error| {
            let refusal = local(format!("cannot start {}: {error}", self.ssh.display()));
            // The user's processes are at their limit: that may pass.
            let class = if error.kind() == ErrorKind::WouldBlock { RefusalClass::Throttled } else { refusal.class };
            Refusal { class, ..refusal }
        })?;
        let attached = Master::attach(child, socket, log, target.connect.connect_timeout, Arc::clone(self)).await;
        if let (Some(key), Some(server)) = (key, &*self.askpass.lock().await) {
            server.forget(&key);
        }
        let master = Arc::new(attached?);
        let mut masters = lock(&self.masters);
        masters.retain(|master| master.strong_count() > 0);
        masters.push(Arc::downgrade(&master));
        Ok(master)
    }

    /// Prepares the answer to a password prompt; gives its key, and what ssh's environment must be for it.
    async fn answers(&self, target: &Target) -> Result<(Option<String>, Environment), Refusal> {
        let local = |message: String| Refusal { class: RefusalClass::Local, message };
        let Some(password) = &target.connect.password else {
            return Ok((None, vec![("SSH_ASKPASS".to_owned(), None)]));
        };
        let Some(helper) = self.starter.askpass() else {
            return Err(local("a password can be sent only by a program that calls `helper_main` first".to_owned()));
        };
        let key = random::hex(16).map_err(|error| local(format!("no random bytes: {error}")))?;
        let mut askpass = self.askpass.lock().await;
        let server = match &mut *askpass {
            Some(server) => server,
            none => none.insert(AskpassServer::start(&self.path).map_err(|error| local(format!("no socket for passwords: {error}")))?),
        };
        server.expect(&key, password);
        let text = |value: &Path| value.to_str().map(str::to_owned).ok_or_else(|| local(format!("{} is not UTF-8", value.display())));
        let display = std::env::var("DISPLAY").unwrap_or_else(|_| ":0".to_owned());
        let environment = [
            ("SSH_ASKPASS", text(helper)?),
            ("SSH_ASKPASS_REQUIRE", "force".to_owned()),
            ("DISPLAY", display),
            (ROLE, "askpass".to_owned()),
            (askpass::SOCKET, text(&server.socket)?),
            (askpass::KEY, key.clone()),
        ];
        Ok((Some(key), environment.map(|(name, value)| (name.to_owned(), Some(value))).to_vec()))
    }
}

/// Removes the folders of processes that were killed before they could.
fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split_once('-'));
        let owner = owner.and_then(|(pid, _)| pid.parse().ok()).and_then(Pid::from_raw);
        if owner.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH)) {
            // Another user's is not ours to remove, and the system says so.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Makes the folder for control sockets, where their paths are short enough.
fn private_folder(wanted: Option<PathBuf>) -> Result<TempDir, HubError> {
    let runtime = wanted.or_else(|| std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from));
    let short = |folder: &PathBuf| {
        folder.is_absolute() && folder.as_os_str().as_bytes().len() + "/rm-4194304-XXXXXX/m999999".len() <= LONGEST_SOCKET
    };
    let make = |folder: &Path| {
        sweep(folder);
        tempfile::Builder::new().prefix(&format!("{PREFIX}{}-", std::process::id())).tempdir_in(folder)
    };
    if let Some(folder) = runtime.filter(short)
        && let Ok(made) = make(&folder)
    {
        return Ok(made);
    }
    make(Path::new("/tmp")).map_err(|source| HubError::Folder { folder: PathBuf::from("/tmp"), source })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_dead_are_removed() {
        let runtime = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let dead = runtime.path().join(format!("{PREFIX}{}-abc", child.id()));
        let other = runtime.path().join("rm-rf");
        for folder in [&dead, &other] {
            std::fs::create_dir(folder).unwrap();
        }
        let own = private_folder(Some(runtime.path().to_owned())).unwrap();
        let again = private_folder(Some(runtime.path().to_owned())).unwrap();
        assert!(!dead.exists() && other.exists() && own.path().exists() && again.path().exists());
    }
}
