//! Statistics as a fold over events.

use std::collections::BTreeMap;

use super::{BlockStatus, Event, Outcome, RunEnd, RunEvent, RunHeader, Status};
use crate::model::{HostIx, StepId};

/// What a step is up to.
#[derive(Debug, Clone, PartialEq)]
pub enum StepState {
    /// Handed to its host.
    Sent,
    /// Running there.
    Began,
    /// Over.
    Ended(Box<Outcome>),
}

/// Counts of one host over the whole run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostSummary {
    /// Steps by status.
    pub counts: BTreeMap<Status, usize>,
    /// Failures that were allowed; they are counted as failed too.
    pub allowed: usize,
    /// True where a block failed on it and its `rescue` made up for that.
    pub rescued: bool,
    /// OpenSSH's words where it could not be reached or was lost.
    pub unreachable: Option<String>,
}

impl HostSummary {
    /// Steps of one status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.counts.get(&status).copied().unwrap_or(0)
    }

    /// Says whether the host failed: a failure that nothing allowed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.count(Status::Failed) > self.allowed || self.count(Status::Unknown) > 0
    }
}

/// Everything a summary needs, kept up to date event by event.
#[derive(Debug, Clone, Default)]
pub struct RunSummary {
    /// The first event.
    pub header: Option<RunHeader>,
    /// By host, those that took part.
    pub hosts: BTreeMap<HostIx, HostSummary>,
    /// By step.
    pub steps: BTreeMap<StepId, StepState>,
    /// The last event.
    pub end: Option<RunEnd>,
    /// The time of the last event seen, UTC ms.
    pub at: i64,
}

impl RunSummary {
    /// Takes one event in.
    pub fn fold(&mut self, event: &Event) {
        self.at = event.at;
        match &event.kind {
            RunEvent::RunStarted(header) => self.header = Some((**header).clone()),
            RunEvent::RoundStarted { hosts, .. } => {
                for host in hosts {
                    self.hosts.entry(*host).or_default();
                }
            }
            RunEvent::HostUnreachable { host, message, .. } | RunEvent::HostLost { host, message } => {
                self.hosts.entry(*host).or_default().unreachable = Some(message.clone());
            }
            RunEvent::HostConnected { host, .. } => self.hosts.entry(*host).or_default().unreachable = None,
            RunEvent::StepSent { step, .. } => {
                self.steps.insert(*step, StepState::Sent);
            }
            RunEvent::StepBegan { step, .. } => {
                self.steps.insert(*step, StepState::Began);
            }
            RunEvent::StepEnded { step, outcome, .. } => {
                let host = self.hosts.entry(step.host).or_default();
                *host.counts.entry(outcome.status).or_default() += 1;
                if outcome.allowed && outcome.status == Status::Failed {
                    host.allowed += 1;
                }
                self.steps.insert(*step, StepState::Ended(Box::new(outcome.clone())));
            }
            RunEvent::BlockEnded { host, status, .. } => {
                self.hosts.entry(*host).or_default().rescued |= *status == BlockStatus::Rescued;
            }
            RunEvent::RunEnded(end) => self.end = Some(end.clone()),
            RunEvent::HostConnecting { .. }
            | RunEvent::HostRetrying { .. }
            | RunEvent::HostNote { .. }
            | RunEvent::HostLeftOut { .. }
            | RunEvent::RoundSkipped { .. }
            | RunEvent::RoundEnded { .. }
            | RunEvent::BatchStarted { .. }
            | RunEvent::BatchPaused { .. }
            | RunEvent::Stopped { .. }
            | RunEvent::Asked { .. }
            | RunEvent::Answered { .. }
            | RunEvent::Notified { .. }
            | RunEvent::AttemptEnded { .. }
            | RunEvent::StepOutput { .. }
            | RunEvent::Interrupted { .. } => {}
        }
    }

    /// Steps of one status over all hosts.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.hosts.values().map(|host| host.count(status)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BlockIx, RoundIx};

    #[test]
    fn hosts_on_which_a_block_was_rescued_are_known() {
        let mut summary = RunSummary::default();
        let ends = [(0, BlockStatus::Rescued), (0, BlockStatus::Changed), (1, BlockStatus::Failed)];
        for (seq, (host, status)) in (0..).zip(ends) {
            let (round, block, host) = (RoundIx(0), BlockIx(0), HostIx(host));
            let kind = RunEvent::BlockEnded { round, block, host, item: None, status, reason: None, retry_ms: None };
            summary.fold(&Event { seq, at: 0, kind });
        }
        assert_eq!(summary.hosts.values().map(|host| host.rescued).collect::<Vec<_>>(), [true, false], "a later end takes nothing back");
    }
}
