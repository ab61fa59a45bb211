//! A scripted fake: hosts that answer from a table, for tests without a network.

use std::sync::{Arc, Mutex};

use super::hub::HubError;
use super::lane_api::{Refusal, Target};

/// The hosts of a fake hub.
#[derive(Debug, Clone, Default)]
pub struct FakeScript {
    log: FakeLog,
}

/// What was sent to a fake's hosts; clones are the same log.
#[derive(Debug, Clone, Default)]
pub struct FakeLog {
    entries: Arc<Mutex<Vec<FakeLogEntry>>>,
}

/// One thing sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeLogEntry {
    /// To which host.
    pub host: String,
    /// What: `connect`, `lane USER`, `run TEXT`, `withdraw`, `terminate`, `kill`, `upload SCRIPT`, `download SCRIPT`.
    pub what: String,
}

impl FakeLog {
    /// All so far, in order.
    #[must_use]
    pub fn entries(&self) -> Vec<FakeLogEntry> {
        self.entries.lock().map(|entries| entries.clone()).unwrap_or_default()
    }
}

impl FakeScript {
    /// Reads a script of hosts and answers.
    ///
    /// # Errors
    /// When it is not such JSON.
    pub fn from_json(_text: &str) -> Result<FakeScript, HubError> {
        Ok(FakeScript::default())
    }

    /// The log that its hub will write.
    #[must_use]
    pub fn log(&self) -> FakeLog {
        self.log.clone()
    }

    pub(super) async fn connect(&self, _target: &Target) -> Result<FakeSession, Refusal> {
        Ok(FakeSession {})
    }
}

#[derive(Debug)]
pub(super) struct FakeSession {}

impl FakeSession {
    pub(super) async fn open_lane(
        &self,
        _user: Option<&super::BecomeUser>,
        _slot: tokio::sync::OwnedSemaphorePermit,
    ) -> Result<super::Lane, Refusal> {
        std::future::pending().await
    }
    pub(super) async fn upload(&self, _script: &str, _bytes: impl tokio::io::AsyncRead + Send + Unpin) -> Result<super::BulkEnd, Refusal> {
        std::future::pending().await
    }
    pub(super) async fn download(
        &self,
        _script: &str,
        _sink: &mut (impl tokio::io::AsyncWrite + Send + Unpin),
    ) -> Result<super::BulkEnd, Refusal> {
        std::future::pending().await
    }
    pub(super) async fn lost(&self) -> String {
        std::future::pending().await
    }
    pub(super) fn close(&self) {}
}
