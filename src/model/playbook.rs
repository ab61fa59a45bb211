//! A playbook and its rounds.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{ConnectPatch, HostIx, Item, Layer, RoundIx, Secret, Task, TaskIx, Template};
use crate::diag::Span;

/// A whole playbook, every name bound.
#[derive(Debug, Clone)]
pub struct Playbook {
    /// Its name, else its file's.
    pub name: String,
    /// Its id: `id:`, else made from the name, else the file's stem.
    pub id: String,
    /// `vars:`, the weakest layer.
    pub vars: Arc<Layer>,
    /// `-e`, the strongest layer.
    pub extra: Arc<Layer>,
    /// `secrets:` of the inventory and the playbook, whose own win.
    pub secrets: IndexMap<String, Secret>,
    /// The rounds, in the order written.
    pub rounds: Vec<Round>,
    /// The most hosts at work at once over the whole run; none: no limit.
    pub max_parallel: Option<usize>,
}

impl Playbook {
    /// The round of an index of this playbook.
    ///
    /// # Panics
    /// For an index of another playbook.
    #[must_use]
    pub fn round(&self, round: RoundIx) -> &Round {
        &self.rounds[round.index()]
    }

    /// The task of a round and an index.
    ///
    /// # Panics
    /// For indices of another playbook.
    #[must_use]
    pub fn task(&self, round: RoundIx, task: TaskIx) -> &Task {
        &self.round(round).tasks[task.index()]
    }
}

/// A round: tasks on hosts, with a barrier before it.
#[derive(Debug, Clone)]
pub struct Round {
    /// `id:`, else made from the name, else `round_N`.
    pub id: String,
    /// `name:`, else the id.
    pub name: String,
    /// Its name in the file, else its first key.
    pub span: Span,
    /// Its hosts after `--limit`, in the order chosen, each once. May be empty.
    pub hosts: Vec<HostIx>,
    /// The expression as written.
    pub hosts_text: String,
    /// Where that stands.
    pub hosts_span: Option<Span>,
    /// The rounds that must have ended on every host before: those named by `needs`, or without it all above; whose
    /// results its templates read are added by `plan`.
    pub needs: Vec<RoundNeed>,
    /// What it asks of them.
    pub after: After,
    /// Asked per host before anything else; hosts that it leaves out are not part of the round.
    pub when: Option<Template>,
    /// `vars:`.
    pub vars: Option<Arc<Layer>>,
    /// Overrides the hosts' own.
    pub connect: Option<ConnectPatch>,
    /// Every task of the round, in the order written, groups flattened.
    pub tasks: Vec<Task>,
    /// The list as it nests; every task once.
    pub items: Vec<Item>,
    /// The most hosts of this round at work at once; none: no limit.
    pub max_parallel: Option<usize>,
}

/// A round that another waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundNeed {
    /// The round waited for.
    pub round: RoundIx,
    /// The word in `needs`; none where it waits only because the other is written above.
    pub span: Option<Span>,
}

/// What a round asks of the rounds it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum After {
    /// Each ended well on at least one host.
    #[default]
    Some,
    /// Each ended well on every host.
    All,
    /// Nothing: it runs whatever happened.
    Always,
}
