//! A host of the fake.
//!
//! Opens lanes and answers bulk transfers from its script; a rule that loses the session ends both. Keeps no files.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};

use super::lane::FakeLane;
use super::script::{Answer, FakeLog, FakeScript};
use crate::transport::bulk::BulkEnd;
use crate::transport::channel::Slot;
use crate::transport::lane_api::{BecomeUser, Lane, Refusal, RefusalClass};

#[derive(Debug, Clone)]
pub(in crate::transport) struct FakeSession {
    pub(super) host: String,
    pub(super) script: FakeScript,
    pub(super) log: FakeLog,
    /// Why the session is gone.
    pub(super) gone: watch::Sender<Option<Gone>>,
}

/// Why a session is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gone {
    Lost(String),
    Closed,
}

impl FakeSession {
    pub(super) fn new(host: String, script: FakeScript) -> FakeSession {
        let log = script.log();
        FakeSession { host, script, log, gone: watch::Sender::new(None) }
    }

    pub(in crate::transport) async fn open_lane(&self, become_user: Option<&BecomeUser>, slot: Slot) -> Result<Lane, Refusal> {
        self.alive()?;
        self.log.write(&self.host, become_user.map_or_else(|| "lane".to_owned(), |user| format!("lane {}", user.user)));
        tokio::time::sleep(self.script.lane_delay(&self.host)).await;
        let (commands, orders) = mpsc::unbounded_channel();
        let (news, reports) = mpsc::channel(64);
        let lane = FakeLane::new(self.clone(), orders, news);
        if self.script.closes_lane(&self.host) {
            tokio::spawn(lane.close(slot))
        } else {
            tokio::spawn(lane.run(slot))
        };
        Ok(Lane { commands, reports })
    }

    pub(in crate::transport) async fn upload(
        &self,
        script: &str,
        mut bytes: impl AsyncRead + Send + Unpin,
        given_up: impl Future<Output = ()> + Send,
    ) -> Result<BulkEnd, Refusal> {
        self.log.write(&self.host, format!("upload {script}"));
        let mut read = Vec::new();
        let copied = bytes.read_to_end(&mut read).await;
        copied.map_err(|error| Refusal { class: RefusalClass::Local, message: format!("cannot read what is to be sent: {error}") })?;
        let answer = tokio::select! {
            answer = self.bulk(script) => answer?,
            () = given_up => return Ok(BulkEnd::given_up()),
        };
        Ok(BulkEnd { code: answer.code, stdout: answer.stdout, stderr: answer.stderr })
    }

    pub(in crate::transport) async fn download(
        &self,
        script: &str,
        sink: &mut (impl AsyncWrite + Send + Unpin),
    ) -> Result<BulkEnd, Refusal> {
        self.log.write(&self.host, format!("download {script}"));
        let answer = self.bulk(script).await?;
        let written = sink.write_all(&answer.stdout).await;
        written.map_err(|error| Refusal { class: RefusalClass::Local, message: format!("cannot write what came: {error}") })?;
        Ok(BulkEnd { code: answer.code, stdout: Vec::new(), stderr: answer.stderr })
    }

    async fn bulk(&self, script: &str) -> Result<Answer, Refusal> {
        self.alive()?;
        let answer = self.script.answer(&self.host, script).unwrap_or_default();
        tokio::time::sleep(answer.delay).await;
        if answer.hang {
            let message = self.lost().await;
            return Err(Refusal { class: RefusalClass::Network, message });
        }
        if let Some(reason) = &answer.lose {
            self.lose(reason);
        }
        self.alive()?;
        Ok(answer)
    }

    pub(super) fn lose(&self, reason: &str) {
        self.gone.send_if_modified(|gone| {
            let first = gone.is_none();
            gone.get_or_insert_with(|| Gone::Lost(reason.to_owned()));
            first
        });
    }

    fn alive(&self) -> Result<(), Refusal> {
        let message = match &*self.gone.borrow() {
            None => return Ok(()),
            Some(Gone::Lost(reason)) => reason.clone(),
            Some(Gone::Closed) => "the session is closed".to_owned(),
        };
        Err(Refusal { class: RefusalClass::Network, message })
    }

    pub(in crate::transport) async fn lost(&self) -> String {
        let mut gone = self.gone.subscribe();
        loop {
            if let Some(Gone::Lost(reason)) = &*gone.borrow_and_update() {
                return reason.clone();
            }
            if gone.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub(in crate::transport) fn close(&self) {
        self.log.write(&self.host, "close");
        self.gone.send_if_modified(|gone| {
            let first = gone.is_none();
            gone.get_or_insert(Gone::Closed);
            first
        });
    }
}
