//! How the blocks of each round nest, as lists of nodes: worked out once for a run.

use crate::model::{BlockIx, Gate, Home, Part, Playbook, Round, RoundIx, TaskIx};

/// The nodes inside one block, those of blocks in it included.
#[derive(Debug, Default)]
pub(super) struct BlockShape {
    pub(super) body: Vec<TaskIx>,
    pub(super) rescue: Vec<TaskIx>,
    pub(super) always: Vec<TaskIx>,
    /// Those that stand directly in the part: how they ended is how the part did, whatever went on in blocks in it.
    pub(super) body_ends: Vec<TaskIx>,
    pub(super) rescue_ends: Vec<TaskIx>,
    pub(super) always_ends: Vec<TaskIx>,
}

/// The blocks of all rounds.
#[derive(Debug)]
pub(super) struct Shape {
    rounds: Vec<Vec<BlockShape>>,
}

impl Shape {
    pub(super) fn new(playbook: &Playbook) -> Shape {
        Shape { rounds: playbook.rounds.iter().map(blocks).collect() }
    }

    pub(super) fn block(&self, round: RoundIx, block: BlockIx) -> &BlockShape {
        &self.rounds[round.index()][block.index()]
    }

    /// Everything between a block's gates, its own two inner gates included.
    pub(super) fn inside(&self, playbook: &Playbook, round: RoundIx, block: BlockIx) -> Vec<TaskIx> {
        let shape = self.block(round, block);
        let gates = [Gate::Rescue(block), Gate::Always(block)].map(|gate| playbook.round(round).node(gate));
        shape.body.iter().chain(&shape.rescue).chain(&shape.always).copied().chain(gates).collect()
    }
}

fn blocks(round: &Round) -> Vec<BlockShape> {
    let mut shapes: Vec<BlockShape> = round.blocks.iter().map(|_| BlockShape::default()).collect();
    let mut add = |home: Home, node: TaskIx| {
        for (depth, (block, part)) in round.around(home).enumerate() {
            let shape = &mut shapes[block.index()];
            let (list, ends) = match part {
                Part::Body => (&mut shape.body, &mut shape.body_ends),
                Part::Rescue => (&mut shape.rescue, &mut shape.rescue_ends),
                Part::Always => (&mut shape.always, &mut shape.always_ends),
            };
            list.push(node);
            if depth == 0 {
                ends.push(node);
            }
        }
    };
    for (index, task) in round.tasks.iter().enumerate() {
        add(task.flow.home, TaskIx::new(index));
    }
    for (index, block) in (0_u32..).zip(&round.blocks) {
        for gate in [Gate::Enter, Gate::Rescue, Gate::Always, Gate::Exit] {
            add(block.home, round.node(gate(BlockIx(index))));
        }
    }
    shapes
}
