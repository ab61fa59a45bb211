//! One connection to a host.
//!
//! Gives lanes and bulk channels, at most `max_sessions` lanes at once. Must not know what runs in them.

use std::future::Future;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use super::bulk::BulkEnd;
use super::fake::FakeSession;
use super::lane_api::{BecomeUser, Lane, Refusal, RefusalClass, Target};
use super::ssh::Master;

/// A connection to a host; clones are the same connection.
#[derive(Debug, Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    backend: Backend,
    slots: Arc<Semaphore>,
    host: String,
}

/// What carries a session's channels.
#[derive(Debug)]
pub(super) enum Backend {
    /// A child process: this program with these arguments, then `sh -c BOOT`; without any, `sh` itself.
    Process(Vec<String>),
    /// An ssh master.
    Ssh(Arc<Master>),
    /// The script of a fake.
    Fake(FakeSession),
}

impl Session {
    pub(super) fn new(backend: Backend, target: &Target) -> Session {
        let slots = Arc::new(Semaphore::new(target.connect.max_sessions.max(1)));
        Session { inner: Arc::new(Inner { backend, slots, host: target.name.clone() }) }
    }

    /// Opens a lane, as the login user or another; waits while `max_sessions` are open.
    ///
    /// Returns when its channel is open, under `become` after the authentication. Then
    /// [`LaneReport::Ready`](super::LaneReport::Ready) or `Closed` comes as its first report; requests need not wait for it.
    ///
    /// # Errors
    /// When no channel is given, or sudo refuses.
    pub async fn open_lane(&self, become_user: Option<&BecomeUser>) -> Result<Lane, Refusal> {
        let _ = (become_user, &self.inner.slots, &self.inner.host, &self.inner.backend);
        Err(Refusal { class: RefusalClass::Lane, message: "not there yet".to_owned() })
    }

    /// Runs `script` by `sh` on a channel of its own with exactly `bytes` on its standard input.
    ///
    /// # Errors
    /// When no channel is given, sudo refuses, or the link is lost before the script's end. Where `bytes` fails to be
    /// read, the script is killed and the class is [`RefusalClass::Local`].
    pub async fn upload(
        &self,
        become_user: Option<&BecomeUser>,
        script: &str,
        bytes: impl AsyncRead + Send + Unpin,
    ) -> Result<BulkEnd, Refusal> {
        let _ = (become_user, script, bytes);
        Err(Refusal { class: RefusalClass::Lane, message: "not there yet".to_owned() })
    }

    /// Runs `script` by `sh` on a channel of its own with an empty standard input and streams its standard output to `sink`.
    ///
    /// # Errors
    /// As [`Session::upload`]; a `sink` that fails has the class [`RefusalClass::Local`].
    pub async fn download(
        &self,
        become_user: Option<&BecomeUser>,
        script: &str,
        sink: &mut (impl AsyncWrite + Send + Unpin),
    ) -> Result<BulkEnd, Refusal> {
        let _ = (become_user, script, sink);
        Err(Refusal { class: RefusalClass::Lane, message: "not there yet".to_owned() })
    }

    /// Waits until the connection is lost; says why in OpenSSH's words. Never ends for local ones, or after [`Session::close`].
    pub fn lost(&self) -> impl Future<Output = String> + Send + 'static {
        let session = self.clone();
        async move {
            let _session = session;
            std::future::pending().await
        }
    }

    /// Ends the connection and, for ssh, its master; lanes that are still open are lost.
    pub async fn close(self) {}
}
