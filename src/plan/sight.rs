//! Where a template stands, and what follows from that: whose ids, variables, items and failures it sees.
//!
//! Knows how a round's blocks and name spaces nest, nothing of values. A name space ends what is seen: the tasks of an
//! action see the blocks around them within the action, not those around its `use`.

use std::sync::Arc;

use super::world::World;
use crate::model::{BlockIx, FrameIx, Gate, Home, Layer, Part, Round, RoundIx, TaskIx};

/// The place of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sight {
    /// In a task.
    Task(RoundIx, TaskIx),
    /// At a block: with its own item (`when`, inputs), or before there is one (`each`).
    Block { round: RoundIx, block: BlockIx, own: bool },
    /// In an action's outputs.
    Outputs(RoundIx, FrameIx),
    /// In a round, at no task.
    Round(RoundIx),
    /// In the condition of a chosen group.
    Group,
    /// In a variable of the playbook or inventory, read from elsewhere.
    Outside,
    /// Where only the inventory's variables are seen: in defaults of an action's inputs.
    Inventory,
}

impl Sight {
    /// The round that it stands in.
    pub(super) fn round(self) -> Option<RoundIx> {
        match self {
            Sight::Task(round, _) | Sight::Block { round, .. } | Sight::Outputs(round, _) | Sight::Round(round) => Some(round),
            Sight::Group | Sight::Outside | Sight::Inventory => None,
        }
    }

    /// The name space that it sees; none outside of rounds.
    pub(super) fn frame(self, world: &World) -> Option<FrameIx> {
        let round = world.playbook.round(self.round()?);
        Some(match self {
            Sight::Task(_, task) => round.tasks[task.index()].flow.home.frame,
            Sight::Block { block, .. } => round.blocks[block.index()].home.frame,
            Sight::Outputs(_, frame) => frame,
            _ => FrameIx::ROUND,
        })
    }

    /// True where variables of playbook and command line are not seen.
    pub(super) fn is_bare(self, world: &World) -> bool {
        self == Sight::Inventory || self.frame(world).is_some_and(|frame| frame != FrameIx::ROUND)
    }

    /// The place of variables of hosts that are read from here.
    pub(super) fn of_hosts(self, world: &World) -> Sight {
        if self.is_bare(world) { Sight::Inventory } else { Sight::Outside }
    }

    /// The node at which it is rendered.
    pub(super) fn node(self, round: &Round) -> Option<TaskIx> {
        match self {
            Sight::Task(_, task) => Some(task),
            Sight::Block { block, .. } => Some(round.node(Gate::Enter(block))),
            Sight::Outputs(_, frame) => Some(round.node(Gate::Exit(round.frames[frame.index()].block?))),
            Sight::Round(_) | Sight::Group | Sight::Outside | Sight::Inventory => None,
        }
    }

    /// The `vars` of the task or block and those around it, weakest first.
    pub(super) fn layers(self, world: &World) -> &[Arc<Layer>] {
        match self {
            Sight::Task(round, task) => &world.playbook.task(round, task).layers,
            Sight::Block { round, block, .. } => &world.playbook.round(round).blocks[block.index()].layers,
            _ => &[],
        }
    }

    /// The blocks around it in its name space, innermost first, each with the part that it stands in; a block itself,
    /// where its own item is seen, in none.
    pub(super) fn around(self, world: &World) -> Vec<(BlockIx, Option<Part>)> {
        let (home, own) = match self {
            Sight::Task(round, task) => (world.playbook.task(round, task).flow.home, None),
            Sight::Block { round, block, own } => (world.playbook.round(round).blocks[block.index()].home, own.then_some((block, None))),
            _ => (Home::default(), None),
        };
        let mut around: Vec<_> = own.into_iter().collect();
        let Some(round) = self.round() else { return around };
        let blocks = &world.playbook.round(round).blocks;
        let mut next = home.block;
        while let Some((block, part)) = next.filter(|(block, _)| blocks[block.index()].frame != Some(home.frame)) {
            around.push((block, Some(part)));
            next = blocks[block.index()].home.block;
        }
        around
    }

    /// Where what it gets from outside its name space was written: the `use`.
    pub(super) fn caller(self, world: &World) -> Option<Sight> {
        let (round, frame) = (self.round()?, self.frame(world)?);
        let block = world.playbook.round(round).frames[frame.index()].block?;
        Some(Sight::Block { round, block, own: true })
    }
}
