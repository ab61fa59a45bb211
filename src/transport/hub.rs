//! What all connections of a run share, and the way to a session.
//!
//! A [`Hub`] is made once a run. Must not know what the sessions are used for. Targets go in, sessions come out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::fake::FakeScript;
use super::lane_api::{Refusal, Target};
use super::room::{Room, Wanted};
use super::session::{Backend, Session};
use super::ssh::SshHub;
use crate::model::Transport;

/// How a hub is made.
#[derive(Debug, Clone, Default)]
pub struct HubOptions {
    /// The executable that calls [`helper_main`](super::helper_main) first; none is the running one, where it did call it.
    pub helper: Option<PathBuf>,
    /// The `ssh` program; none is the first in PATH.
    pub ssh: Option<PathBuf>,
    /// Where the private folder is made; none is `$XDG_RUNTIME_DIR`, else `/tmp`.
    pub runtime_dir: Option<PathBuf>,
    /// How many connections with a lane each there may be at once (see [`Limits::lanes`](super::Limits::lanes)); none is no limit.
    pub lanes: Option<usize>,
}

/// Why there is no hub.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The private folder can't be made.
    #[error("cannot make a private folder in {folder}: {source}")]
    Folder {
        /// Where.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The fake's script is wrong.
    #[error("the fake's script is wrong: {0}")]
    FakeScript(String),
}

/// What a connection waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Others are connecting; its own time has not begun.
    Queued,
    /// It is connecting; its connect timeout runs.
    Connecting,
    /// A refusal that may pass; it tries again after `wait`.
    Retrying {
        /// The attempt that comes, from 2.
        attempt: u32,
        /// What was refused, in OpenSSH's words.
        message: String,
        /// The pause before it.
        wait: Duration,
    },
}

/// Makes sessions; cheap to clone. When the last clone and the last session are gone, so are the masters and the private folder.
#[derive(Debug, Clone)]
pub struct Hub {
    kind: Arc<Kind>,
    room: Arc<Room>,
    /// The run that lanes keep journals for.
    run: Option<Arc<str>>,
}

#[derive(Debug)]
enum Kind {
    Real(SshHub),
    Fake(FakeScript),
}

impl Hub {
    /// Makes a hub; connects nowhere and starts nothing yet.
    ///
    /// # Errors
    /// When the options can't work.
    pub fn new(options: HubOptions) -> Result<Hub, HubError> {
        let room = Arc::new(Room::new(options.lanes.unwrap_or(Semaphore::MAX_PERMITS)));
        Ok(Hub { kind: Arc::new(Kind::Real(SshHub::new(options)?)), room, run: None })
    }

    /// Makes a hub whose hosts are `script`.
    #[must_use]
    pub fn fake(script: FakeScript) -> Hub {
        Hub { kind: Arc::new(Kind::Fake(script)), room: Arc::new(Room::new(Semaphore::MAX_PERMITS)), run: None }
    }

    /// The same connections' owner for a run of this id: its lanes keep journals, and can be found again.
    #[must_use]
    pub fn for_run(self, run: &str) -> Hub {
        Hub { run: Some(run.into()), ..self }
    }

    /// Waits until somebody waits for a connection that this machine has no room for: whoever has one without work should close it.
    pub async fn crowded(&self) -> Wanted {
        self.room.wanted().await
    }

    /// Connects to a host, in its turn.
    ///
    /// # Errors
    /// The refusal of the last attempt.
    pub async fn connect(&self, target: &Target, progress: impl Fn(Progress) + Send + Sync) -> Result<Session, Refusal> {
        let place = self.room.enter(|| progress(Progress::Queued)).await;
        let session = |backend| Session::new(backend, target, Some(place), self.run.as_deref());
        match (&*self.kind, &target.connect.transport) {
            (Kind::Fake(script), _) => {
                progress(Progress::Connecting);
                let connected = script.connect(target).await?;
                Ok(session(Backend::Fake(connected)))
            }
            (Kind::Real(_), Transport::Local) => {
                progress(Progress::Connecting);
                Ok(session(Backend::Process(Vec::new())))
            }
            (Kind::Real(_), Transport::Command(argv)) => {
                progress(Progress::Connecting);
                Ok(session(Backend::Process(argv.clone())))
            }
            (Kind::Real(_), Transport::Preset(preset)) => {
                progress(Progress::Connecting);
                // Only here: until now a round could still say another address or user.
                let argv = preset.argv(&target.connect.address, target.connect.user.as_deref());
                Ok(session(Backend::Process(argv)))
            }
            (Kind::Real(hub), Transport::Ssh) => {
                let master = hub.connect(target, &progress).await?;
                Ok(session(Backend::Ssh(master)))
            }
        }
    }

    /// Ends every master and removes the private folder, whoever still holds a session.
    pub async fn close(self) {
        if let Kind::Real(hub) = &*self.kind {
            hub.close().await;
        }
    }
}
