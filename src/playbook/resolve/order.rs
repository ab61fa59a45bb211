//! Who waits for whom, transitively: tasks inside a round, rounds inside a playbook.
//!
//! Knows nodes and `needs` only, not why they are asked. A block is ordered by its gates: enter, body, rescue, always, exit. Cycles are not its business (`plan` names them); it only
//! never loops on one.

use fixedbitset::FixedBitSet;

use crate::model::{BlockItem, BlockIx, Gate, Item, Needs, Round, TaskIx};

/// For each entry, all that must have ended before it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    before: Vec<FixedBitSet>,
}

/// What an entry of a list waits for by its place.
struct Around<'a> {
    /// What holds for the whole list.
    outside: &'a FixedBitSet,
    /// What stands above in the list, with all that it waits for.
    above: &'a FixedBitSet,
    parallel: bool,
    /// The block around the list.
    block: Option<BlockIx>,
}

impl Order {
    /// The order of a round's nodes: tasks and gates.
    pub(crate) fn of_round(round: &Round) -> Order {
        let nodes = round.node_count();
        let mut order = Order { before: vec![FixedBitSet::with_capacity(nodes); nodes] };
        // Each pass carries what is known one reference further; without references downwards two are enough.
        for _ in 0..=nodes {
            let mut changed = false;
            let nothing = FixedBitSet::with_capacity(nodes);
            let mut all = order.list(round, &round.items, &nothing, None, false, &mut changed);
            if round.has_ends() {
                all = order.after(round.node(Gate::Handlers), &all, &mut changed);
                let mut with_handlers = all;
                for handler in &round.handlers {
                    let own = order.after(*handler, &with_handlers, &mut changed);
                    with_handlers.union_with(&own);
                }
                let start = order.after(round.node(Gate::Finally), &with_handlers, &mut changed);
                order.list(round, &round.finally, &start, None, false, &mut changed);
            }
            if !changed {
                break;
            }
        }
        order
    }

    /// The order of rounds from what each needs directly.
    pub(crate) fn of_rounds(rounds: &[Round]) -> Order {
        let count = rounds.len();
        let mut order = Order { before: vec![FixedBitSet::with_capacity(count); count] };
        for _ in 0..=count {
            let mut changed = false;
            // The rounds above, with all that they wait for.
            let mut above = FixedBitSet::with_capacity(count);
            for (index, round) in rounds.iter().enumerate() {
                let mut all = if round.needs.above > 0 { above.clone() } else { FixedBitSet::with_capacity(count) };
                for other in round.needs.named.iter().map(|need| need.round.index()) {
                    all.insert(other);
                    all.union_with(&order.before[other]);
                }
                changed |= add(&mut order.before[index], &all);
                above.insert(index);
                above.union_with(&order.before[index]);
            }
            if !changed {
                break;
            }
        }
        order
    }

    /// Says whether `entry` starts only after `other` has ended; never for what stands in no order.
    pub(crate) fn waits(&self, entry: usize, other: usize) -> bool {
        self.before.get(entry).is_some_and(|before| before.contains(other))
    }

    /// Lets a node wait; gives it with all that it waits for.
    fn after(&mut self, node: TaskIx, waited: &FixedBitSet, changed: &mut bool) -> FixedBitSet {
        let before = &mut self.before[node.index()];
        *changed |= add(before, waited);
        let mut own = before.clone();
        own.insert(node.index());
        own
    }

    /// Walks a list; gives all nodes in it and all that these wait for.
    fn list(
        &mut self,
        round: &Round,
        items: &[Item],
        outside: &FixedBitSet,
        block: Option<BlockIx>,
        parallel: bool,
        changed: &mut bool,
    ) -> FixedBitSet {
        let mut above = outside.clone();
        for item in items {
            let around = Around { outside, above: &above, parallel, block };
            let own = match item {
                Item::Task(task, needs) => {
                    let waited = self.waited(round, needs, &around);
                    self.after(*task, &waited, changed)
                }
                Item::Parallel(group) => {
                    let waited = self.waited(round, &group.needs, &around);
                    self.list(round, &group.members, &waited, block, true, changed)
                }
                Item::Block(of) => {
                    let waited = self.waited(round, &of.needs, &around);
                    self.block(round, of, &waited, changed)
                }
            };
            above.union_with(&own);
        }
        above
    }

    fn block(&mut self, round: &Round, of: &BlockItem, waited: &FixedBitSet, changed: &mut bool) -> FixedBitSet {
        let inside = Some(of.block);
        let enter = self.after(round.node(Gate::Enter(of.block)), waited, changed);
        let body = self.list(round, &of.body, &enter, inside, false, changed);
        let gate = self.after(round.node(Gate::Rescue(of.block)), &body, changed);
        let rescue = self.list(round, &of.rescue, &gate, inside, false, changed);
        let gate = self.after(round.node(Gate::Always(of.block)), &rescue, changed);
        let always = self.list(round, &of.always, &gate, inside, false, changed);
        self.after(round.node(Gate::Exit(of.block)), &always, changed)
    }

    fn waited(&self, round: &Round, needs: &Needs, around: &Around<'_>) -> FixedBitSet {
        match needs {
            Needs::Above if around.parallel => around.outside.clone(),
            Needs::Above => around.above.clone(),
            Needs::These(list) => {
                let mut waited = around.outside.clone();
                for task in list.iter().flat_map(|need| &need.tasks) {
                    // What stands in a block that does not hold the reader is over when the whole block is.
                    let node = outermost(round, *task, around.block).unwrap_or(*task);
                    waited.insert(node.index());
                    waited.union_with(&self.before[node.index()]);
                }
                waited
            }
        }
    }
}

/// The end of the outermost block around a node that does not hold the reader's place, too.
fn outermost(round: &Round, node: TaskIx, reader: Option<BlockIx>) -> Option<TaskIx> {
    let home = match round.gate(node) {
        None => round.tasks.get(node.index())?.flow.home,
        Some(Gate::Enter(block) | Gate::Rescue(block) | Gate::Always(block) | Gate::Exit(block)) => round.blocks[block.index()].home,
        Some(Gate::Handlers | Gate::Finally) => return None,
    };
    let holds = |block: BlockIx| {
        let mut next = reader;
        while let Some(around) = next {
            if around == block {
                return true;
            }
            next = round.blocks[around.index()].home.block.map(|(block, _)| block);
        }
        false
    };
    let (mut found, mut next) = (None, home.block);
    while let Some((block, _)) = next {
        if !holds(block) {
            found = Some(round.node(Gate::Exit(block)));
        }
        next = round.blocks[block.index()].home.block;
    }
    found
}

/// Adds all of another set of the same room; says whether that changed anything.
fn add(set: &mut FixedBitSet, more: &FixedBitSet) -> bool {
    let changed = !more.is_subset(set);
    set.union_with(more);
    changed
}

#[cfg(test)]
mod tests;
