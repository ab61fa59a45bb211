//! Ended steps, counted and folded: equal ends of many hosts are one entry.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::tail::StepText;
use crate::event::{Answer, Outcome, Status};
use crate::model::HostIx;

/// Of one task's failures, so many different outputs are kept; further ones by their reason only.
const DISTINCT_OUTPUTS: usize = 20;

/// Ended steps, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    by_status: BTreeMap<Status, usize>,
    /// Failures that were allowed; not counted as failed.
    pub allowed: usize,
    /// Failures that a block's `rescue` made up for; not counted as failed.
    pub rescued: usize,
    /// Steps that an earlier run had done, which this one resumes; not counted otherwise.
    pub before: usize,
}

impl Counts {
    /// Steps of one status; failures without those that were allowed or made up for.
    #[must_use]
    pub fn of(&self, status: Status) -> usize {
        let count = self.by_status.get(&status).copied().unwrap_or(0);
        if status == Status::Failed { count.saturating_sub(self.allowed + self.rescued) } else { count }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.by_status.values().sum::<usize>() + self.before
    }

    pub(super) fn add(&mut self, outcome: &Outcome) {
        if outcome.carried.is_some() && outcome.lets_dependents_run() {
            self.before += 1;
            return;
        }
        *self.by_status.entry(outcome.status).or_default() += 1;
        self.allowed += usize::from(outcome.allowed && outcome.status == Status::Failed);
    }
}

/// A task over all hosts of its round.
#[derive(Debug, Clone, Default)]
pub struct TaskState {
    /// Hosts by how the step ended there.
    pub ends: IndexMap<EndKey, Vec<HostIx>>,
    /// Steps that ended.
    pub ended: usize,
    /// The longest of them.
    pub longest_ms: u64,
}

/// How a step ended, as far as two hosts can differ.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndKey {
    /// How.
    pub status: Status,
    /// Why; of a step with items, how many of them ended how.
    pub reason: Option<String>,
    /// A failure that is allowed.
    pub allowed: bool,
    /// A failure that a block's `rescue` made up for.
    pub rescued: bool,
    /// Skipped because of a failure.
    pub blocked: bool,
    /// True where it ended so in an earlier run, which this one resumes.
    pub before: bool,
    /// In a dry run: what a run would do.
    pub answer: Option<Answer>,
    /// What is kept of its output.
    pub text: StepText,
    /// The items that failed.
    pub items: Vec<FailedItem>,
}

/// An item of a step that failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FailedItem {
    /// The item in a few words.
    pub label: String,
    /// Why.
    pub reason: Option<String>,
    /// What is kept of its output.
    pub text: StepText,
}

impl TaskState {
    /// Adds a host's end; gives its group's place and whether it is the first of it.
    pub(super) fn add(&mut self, host: HostIx, mut key: EndKey, shown: bool, duration_ms: u64) -> (usize, bool) {
        let failed = matches!(key.status, Status::Failed | Status::Unknown);
        let kept = shown || (failed && self.ends.len() < DISTINCT_OUTPUTS);
        if !kept {
            key.text = StepText::default();
            key.items.iter_mut().for_each(|item| item.text = StepText::default());
        }
        self.ended += 1;
        self.longest_ms = self.longest_ms.max(duration_ms);
        self.join(host, key)
    }

    fn join(&mut self, host: HostIx, key: EndKey) -> (usize, bool) {
        let entry = self.ends.entry(key);
        let group = entry.index();
        let hosts = entry.or_default();
        hosts.push(host);
        (group, hosts.len() == 1)
    }

    /// Marks a host's failure as made up for; false where it has none.
    pub(super) fn rescue(&mut self, host: HostIx) -> bool {
        let is_failure = |key: &EndKey| key.status == Status::Failed && !key.allowed && !key.rescued;
        let Some((group, (key, _))) = self.ends.iter().enumerate().find(|(_, (key, hosts))| is_failure(key) && hosts.contains(&host))
        else {
            return false;
        };
        let key = EndKey { rescued: true, ..key.clone() };
        if let Some((_, hosts)) = self.ends.get_index_mut(group) {
            hosts.retain(|other| *other != host);
            if hosts.is_empty() {
                self.ends.shift_remove_index(group);
            }
        }
        self.join(host, key);
        true
    }
}
