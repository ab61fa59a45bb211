//! A playbook and its rounds.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{
    Block, BlockIx, ChosenGroup, ConnectPatch, Frame, Gate, Home, HostIx, Input, Item, Layer, Part, RoundFlow, RoundIx, Secret, Section,
    Task, TaskIx, Template,
};
use crate::diag::Span;

/// A whole playbook, every name bound.
#[derive(Debug, Clone)]
pub struct Playbook {
    /// Its name, else its file's.
    pub name: String,
    /// Its id: `id:`, else made from the name, else the file's stem.
    pub id: String,
    /// `vars:` with `vars_files` over it: the weakest variables.
    pub vars: Arc<Layer>,
    /// What `vars` was made of, weakest first, where there is more than `vars:`.
    pub vars_files: Vec<Arc<Layer>>,
    /// `-e`, the strongest layer.
    pub extra: Arc<Layer>,
    /// `secrets:` of the inventory and the playbook, whose own win.
    pub secrets: IndexMap<String, Secret>,
    /// The rounds, in the order written.
    pub rounds: Vec<Round>,
    /// The most hosts at work at once over the whole run; none: no limit.
    pub max_parallel: Option<usize>,
    /// True where one run at a time works on each host.
    pub lock_hosts: bool,
    /// What becomes of steps that were cut short with their session.
    pub on_disconnect: OnDisconnect,
    /// `inputs:`, filled by `-e`.
    pub inputs: IndexMap<String, Input>,
    /// `groups:`, chosen by results.
    pub groups: IndexMap<String, ChosenGroup>,
}

/// What becomes of a step that began and was cut short when its session was lost, where nothing else says that it may run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDisconnect {
    /// How it ended is unknown, which counts as a failure.
    #[default]
    Fail,
    /// It runs again.
    Rerun,
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
    /// For indices of another playbook, and for gates.
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
    /// The rounds that must have ended on every host before; whose results its templates read are added by `plan`.
    pub needs: RoundNeeds,
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
    /// `tasks:` as it nests; every task of that list once.
    pub items: Vec<Item>,
    /// `handlers:`, in the order written, which is the order in which they run.
    pub handlers: Vec<TaskIx>,
    /// `finally:` as it nests.
    pub finally: Vec<Item>,
    /// Blocks and actions in use, in the order written.
    pub blocks: Vec<Block>,
    /// Name spaces; the first is the round's own.
    pub frames: Vec<Frame>,
    /// The most hosts of this round at work at once; none: no limit.
    pub max_parallel: Option<usize>,
    /// Batches and limits.
    pub flow: RoundFlow,
}

impl Round {
    /// How many nodes the round's graph has: its tasks, then its gates.
    #[must_use]
    pub fn node_count(&self) -> usize {
        let ends = if self.has_ends() { 2 } else { 0 };
        self.tasks.len() + 4 * self.blocks.len() + ends
    }

    /// Says whether there are handlers or `finally`, and so the gates before them.
    #[must_use]
    pub fn has_ends(&self) -> bool {
        !self.handlers.is_empty() || !self.finally.is_empty()
    }

    /// The gate that a node is; none for a task.
    #[must_use]
    pub fn gate(&self, node: TaskIx) -> Option<Gate> {
        let after = node.index().checked_sub(self.tasks.len())?;
        let block = BlockIx(u32::try_from(after / 4).ok()?);
        if block.index() < self.blocks.len() {
            return Some(match after % 4 {
                0 => Gate::Enter(block),
                1 => Gate::Rescue(block),
                2 => Gate::Always(block),
                _ => Gate::Exit(block),
            });
        }
        match after - 4 * self.blocks.len() {
            0 if self.has_ends() => Some(Gate::Handlers),
            1 if self.has_ends() => Some(Gate::Finally),
            _ => None,
        }
    }

    /// The node of a gate.
    #[must_use]
    pub fn node(&self, gate: Gate) -> TaskIx {
        let first = self.tasks.len();
        let of = |block: BlockIx, gate: usize| first + 4 * block.index() + gate;
        TaskIx::new(match gate {
            Gate::Enter(block) => of(block, 0),
            Gate::Rescue(block) => of(block, 1),
            Gate::Always(block) => of(block, 2),
            Gate::Exit(block) => of(block, 3),
            Gate::Handlers => first + 4 * self.blocks.len(),
            Gate::Finally => first + 4 * self.blocks.len() + 1,
        })
    }

    /// Where a node stands: a task, a block's gates, or a gate of the round.
    #[must_use]
    pub fn home(&self, node: TaskIx) -> Home {
        match self.gate(node) {
            None => self.tasks[node.index()].flow.home,
            Some(Gate::Enter(block) | Gate::Rescue(block) | Gate::Always(block) | Gate::Exit(block)) => self.blocks[block.index()].home,
            Some(Gate::Handlers) => Home { section: Section::Handlers, ..Home::default() },
            Some(Gate::Finally) => Home { section: Section::Finally, ..Home::default() },
        }
    }

    /// The blocks around a place, innermost first, each with the part that it stands in.
    pub fn around(&self, home: Home) -> impl Iterator<Item = (BlockIx, Part)> + '_ {
        std::iter::successors(home.block, |(block, _)| self.blocks[block.index()].home.block)
    }

    /// Says whether a block around a place may run it more than once.
    #[must_use]
    pub fn repeats(&self, home: Home) -> bool {
        let mut around = self.around(home).map(|(block, _)| &self.blocks[block.index()]);
        around.any(|block| block.each.is_some() || block.retry.is_some())
    }
}

/// The rounds that a round waits for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoundNeeds {
    /// How many rounds are needed because they are written above: all of them without `needs`, else none.
    pub above: usize,
    /// The others, each once.
    pub named: Vec<RoundNeed>,
}

impl RoundNeeds {
    /// Adds a round, where it is not needed anyway.
    pub fn add(&mut self, need: RoundNeed) {
        if need.round.index() >= self.above && !self.named.iter().any(|other| other.round == need.round) {
            self.named.push(need);
        }
    }
}

/// A round that another waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundNeed {
    /// The round waited for.
    pub round: RoundIx,
    /// The word in `needs`, or what else names it.
    pub span: Span,
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
