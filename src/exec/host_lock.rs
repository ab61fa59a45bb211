//! `lock_hosts`: a host is locked right after its session opens, before anything else of the run reaches it.
//!
//! A host whose lock another run has is refused as one that can't be reached is, by a reason of its own. The lock is let
//! go with the connection. A link that is lost leaves it behind, and whoever comes next finds that nobody holds it.
//! Knows which run it is, nothing of rounds.

use std::sync::Arc;
use std::time::Duration;

use crate::event::RunHeader;
use crate::model::Playbook;
use crate::resource::{LockOwner, Locked, locked, release_script, take_script};
use crate::transport::{Bytes, Refusal, RefusalClass, Session};

/// How long a host may take to answer for its lock.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long letting go may take.
const PARTING: Duration = Duration::from_secs(15);

/// The lock that a run wants on each of its hosts.
#[derive(Debug)]
pub(super) struct HostLock {
    owner: LockOwner,
}

impl HostLock {
    /// The lock of a run, where its playbook wants one and it is no dry run; `also` are the runs that it goes on with.
    pub(super) fn of(playbook: &Playbook, header: &RunHeader, dry: bool, also: Vec<String>) -> Option<Arc<HostLock>> {
        let owner = LockOwner {
            run: header.run.clone(),
            also,
            who: format!("{}@{}", header.user, header.controller),
            playbook: header.playbook.clone(),
        };
        (playbook.lock_hosts && !dry).then(|| Arc::new(HostLock { owner }))
    }

    /// Locks the host of a session that was opened; one that is refused is closed. Gives what is to be told besides.
    pub(super) async fn hold(&self, opened: Result<Session, Refusal>, host: &str) -> (Result<Session, Refusal>, Option<String>) {
        let session = match opened {
            Ok(session) => session,
            Err(refusal) => return (Err(refusal), None),
        };
        match self.take(&session, host).await {
            Ok(note) => (Ok(session), note),
            Err(refusal) => {
                session.close().await;
                (Err(refusal), None)
            }
        }
    }

    /// Takes a host's lock by a session that has just opened; gives what is to be told, where there is anything.
    ///
    /// # Errors
    /// Where another run has it or none can be made.
    async fn take(&self, session: &Session, host: &str) -> Result<Option<String>, Refusal> {
        let refused = |message: String| Refusal { class: RefusalClass::Locked, message };
        let script = take_script(&self.owner);
        let asked = session.upload(None, &script, Bytes::none(), std::future::pending());
        let end = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(end) => end?,
            Err(_) => return Err(refused(format!("it gave no answer for its lock within {} s", PATIENCE.as_secs()))),
        };
        match locked(&end.stdout) {
            Locked::Taken => Ok(None),
            Locked::TakenOver(found) => Ok(Some(format!("its lock, held {}, was stale and is taken over", found.words()))),
            Locked::Held(found) => Err(refused(format!("locked {}; `roundsman unlock {host}` removes it", found.words()))),
            Locked::Stuck(found) => Err(refused(format!(
                "locked {}; that is stale, but this user can't remove it: `roundsman unlock {host}` as its owner or root does",
                found.words()
            ))),
            Locked::Impossible(why) => Err(refused(format!("it can't be locked: {why}"))),
        }
    }

    /// Lets a host's lock go; one that can't be reached keeps it, stale.
    pub(super) async fn release(&self, session: &Session) {
        let script = release_script(&self.owner);
        let asked = session.upload(None, &script, Bytes::none(), std::future::pending());
        match tokio::time::timeout(PARTING, asked).await {
            Ok(Ok(_)) => {}
            Ok(Err(refusal)) => tracing::info!(%refusal, "the host's lock stays behind"),
            Err(_) => tracing::info!("the host's lock stays behind: no answer in time"),
        }
    }
}
