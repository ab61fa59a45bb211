//! The end of a run: what is left is settled, the last words reach the record, the workers say goodbye.

use std::time::Duration;

use tokio::sync::mpsc;

use super::RunReport;
use super::dispatcher::{Dispatcher, millis};
use super::look::Look;
use crate::event::{RunEnd, RunEvent};

/// How long the last words may take to reach the record when the run is left at once.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long hosts may take to let their locks go when what ran was ended.
const LETTING_GO: Duration = Duration::from_secs(16);

impl Dispatcher {
    /// Says goodbye and gives the account.
    pub(super) async fn leave(mut self, commits: &mut mpsc::UnboundedReceiver<super::recorder::Commit>) -> RunReport {
        self.settle_the_rest();
        self.questions.abort_all();
        let end = self.end();
        self.recorder.emit(RunEvent::RunEnded(end.clone()));
        self.recorder.flush();
        let taken = async {
            while !self.recorder.is_idle() {
                let Some(commit) = commits.recv().await else { break };
                // Effects after the end have nobody left to act for.
                drop(self.recorder.committed(commit));
            }
        };
        let in_time = tokio::time::timeout(LAST_WORDS, taken).await.is_ok();
        for host in &mut self.hosts {
            host.worker = None;
        }
        if self.stage < 2 {
            while self.workers.join_next().await.is_some() {}
        } else {
            let patience = if self.fixed.lock.is_some() && self.stage == 2 { LETTING_GO } else { Duration::from_millis(500) };
            let _ = tokio::time::timeout(patience, async { while self.workers.join_next().await.is_some() {} }).await;
            self.workers.abort_all();
        }
        let failure = self.recorder.failure().cloned();
        RunReport { end, record: if in_time { failure.map_or(Ok(()), Err) } else { Err(super::unanswered()) } }
    }

    fn end(&self) -> RunEnd {
        let (status, exit_code) = if let Some(signal) = self.signal {
            ("interrupted", signal.exit_code())
        } else if self.recorder.has_no_start() {
            // Nothing was begun, so nothing is incomplete.
            ("error", 1)
        } else if self.recorder.failure().is_some() {
            ("error", 8)
        } else if self.stopped.is_some() {
            ("stopped", 6)
        } else if self.any_failed {
            ("failed", 4)
        } else if self.any_unreachable {
            ("unreachable", 5)
        } else if let Some(code) = self.look.as_ref().and_then(Look::drift) {
            ("drift", code)
        } else {
            ("ok", 0)
        };
        RunEnd { status: status.to_owned(), exit_code, duration_ms: millis(self.started.elapsed()) }
    }
}
