//! Which round, task, block and host of today's playbook one of a recorded run is: by name, not by number.
//!
//! An id (else a name) that stands more than once in a round is told by its place among those of the same name.

use std::collections::HashMap;

use crate::event::RunHeader;
use crate::model::{BlockIx, HostIx, Inventory, Playbook, RoundIx, StepId, TaskIx};

/// What the numbers of a recorded run stand for today; what is gone has no entry.
#[derive(Debug, Default)]
pub(super) struct Keys {
    rounds: HashMap<RoundIx, RoundIx>,
    tasks: HashMap<(RoundIx, TaskIx), TaskIx>,
    blocks: HashMap<(RoundIx, BlockIx), BlockIx>,
    hosts: HashMap<HostIx, HostIx>,
}

impl Keys {
    pub(super) fn new(header: &RunHeader, playbook: &Playbook, inventory: &Inventory) -> Keys {
        let mut keys = Keys::default();
        let hosts: HashMap<&str, HostIx> =
            inventory.hosts.iter().enumerate().map(|(index, host)| (host.name.as_str(), HostIx::new(index))).collect();
        for (index, host) in header.hosts.iter().enumerate() {
            if let Some(now) = hosts.get(host.name.as_str()) {
                keys.hosts.insert(HostIx::new(index), *now);
            }
        }
        for (index, old) in header.rounds.iter().enumerate() {
            let was = RoundIx::new(index);
            let Some(at) = playbook.rounds.iter().position(|round| round.id == old.id) else { continue };
            let (is, round) = (RoundIx::new(at), &playbook.rounds[at]);
            keys.rounds.insert(was, is);
            let name = |id: &Option<String>, name: &str| id.clone().unwrap_or_else(|| name.to_owned());
            let today = numbered(round.tasks.iter().map(|task| name(&task.id, &task.name)));
            for (number, key) in numbered_list(old.tasks.iter().map(|task| name(&task.id, &task.name))) {
                if let Some(task) = today.get(&key) {
                    keys.tasks.insert((was, TaskIx::new(number)), TaskIx::new(*task));
                }
            }
            let today = numbered(round.blocks.iter().map(|block| name(&block.id, &block.name)));
            for (number, key) in numbered_list(old.blocks.iter().map(|block| name(&block.id, &block.name))) {
                if let Some(block) = today.get(&key) {
                    keys.blocks.insert((was, block_ix(number)), block_ix(*block));
                }
            }
        }
        keys
    }

    pub(super) fn round(&self, round: RoundIx) -> Option<RoundIx> {
        self.rounds.get(&round).copied()
    }

    pub(super) fn host(&self, host: HostIx) -> Option<HostIx> {
        self.hosts.get(&host).copied()
    }

    pub(super) fn task(&self, round: RoundIx, task: TaskIx) -> Option<TaskIx> {
        self.tasks.get(&(round, task)).copied()
    }

    pub(super) fn step(&self, step: StepId) -> Option<StepId> {
        Some(StepId { round: self.round(step.round)?, task: self.task(step.round, step.task)?, host: self.host(step.host)? })
    }

    pub(super) fn block(&self, round: RoundIx, block: BlockIx) -> Option<BlockIx> {
        self.blocks.get(&(round, block)).copied()
    }
}

fn block_ix(number: usize) -> BlockIx {
    BlockIx(u32::try_from(number).unwrap_or(u32::MAX))
}

fn numbered_list(names: impl Iterator<Item = String>) -> Vec<(usize, (String, usize))> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut with_number = |name: String| {
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        (name, *count)
    };
    names.enumerate().map(|(index, name)| (index, with_number(name))).collect()
}

fn numbered(names: impl Iterator<Item = String>) -> HashMap<(String, usize), usize> {
    numbered_list(names).into_iter().map(|(index, key)| (key, index)).collect()
}
