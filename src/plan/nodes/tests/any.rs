//! Rounds nested in any way: whatever ends how, the queue comes to an end, and nothing begins before what nesting says.

use proptest::prelude::*;

use super::*;
use crate::plan::Queue;

/// An entry of a list; its needs are those of the order, or none.
#[derive(Debug, Clone)]
enum Entry {
    Task(bool),
    Group(Vec<Entry>),
    Block(bool, [Vec<Entry>; 3]),
}

fn entries(depth: u32) -> BoxedStrategy<Vec<Entry>> {
    let task = any::<bool>().prop_map(Entry::Task).boxed();
    let entry = if depth == 0 {
        task
    } else {
        let lists = [entries(depth - 1), entries(depth - 1), entries(depth - 1)];
        let block = (any::<bool>(), lists).prop_map(|(free, lists)| Entry::Block(free, lists));
        prop_oneof![3 => task, 1 => entries(depth - 1).prop_map(Entry::Group), 2 => block].boxed()
    };
    prop::collection::vec(entry, 0..4).boxed()
}

fn needs(free: bool) -> Needs {
    if free { Needs::These(Vec::new()) } else { Needs::Above }
}

/// Puts entries into a round, tasks in the order written.
fn items(maker: &mut Maker, round: &mut Round, entries: &[Entry]) -> Vec<Item> {
    let mut items = Vec::new();
    for entry in entries {
        items.push(match entry {
            Entry::Task(free) => {
                round.tasks.push(maker.run("t", "true"));
                Item::Task(TaskIx::new(round.tasks.len() - 1), needs(*free))
            }
            Entry::Group(members) => {
                let members = self::items(maker, round, members);
                Item::Parallel(Group { id: None, span: maker.span("", 0), needs: Needs::Above, members })
            }
            Entry::Block(free, lists) => {
                let block = maker.block(round, "b");
                let [body, rescue, always] = lists.each_ref().map(|list| self::items(maker, round, list));
                Item::Block(BlockItem { block, needs: needs(*free), body, rescue, always })
            }
        });
    }
    items
}

/// All tasks in a list.
fn tasks(items: &[Item]) -> Vec<TaskIx> {
    let of = |item: &Item| match item {
        Item::Task(task, _) => vec![*task],
        Item::Parallel(group) => tasks(&group.members),
        Item::Block(block) => [&block.body, &block.rescue, &block.always].into_iter().flat_map(|list| tasks(list)).collect(),
    };
    items.iter().flat_map(of).collect()
}

/// All blocks in a list.
fn blocks(items: &[Item]) -> Vec<&BlockItem> {
    let of = |item| match item {
        &Item::Task(..) => Vec::new(),
        Item::Parallel(group) => blocks(&group.members),
        Item::Block(block) => {
            let inner = [&block.body, &block.rescue, &block.always].into_iter().flat_map(|list| blocks(list));
            std::iter::once(block).chain(inner).collect()
        }
    };
    items.iter().flat_map(of).collect()
}

proptest! {
    #[test]
    fn every_round_comes_to_an_end(
        lists in (entries(2), 0..3_usize, entries(1)),
        picks in prop::collection::vec((any::<usize>(), 0..4_u8), 200),
        all_good in any::<bool>(),
    ) {
        let mut maker = Maker::new("");
        let mut round = maker.round("r", &[0], Vec::new());
        round.items = items(&mut maker, &mut round, &lists.0);
        for _ in 0..lists.1 {
            round.tasks.push(maker.run("h", "true"));
            round.handlers.push(TaskIx::new(round.tasks.len() - 1));
        }
        round.finally = items(&mut maker, &mut round, &lists.2);
        let plan = planned(round.clone());
        let mut queue = Queue::new(&plan);
        let of = |task| StepId { round: R, task, host: HostIx(0) };
        let begun = queue.start_round(R, &[HostIx(0)]);
        let (mut done, mut released) = (begun.round_done, begun.ready);
        let mut ran = Vec::new();
        let mut picks = picks.into_iter();
        while !released.is_empty() {
            prop_assert!(!done);
            let (pick, luck) = picks.next().unwrap_or((0, 1));
            let step = released.remove(pick % released.len());
            ran.push(step.task);
            let over = |tasks: &[TaskIx]| tasks.iter().all(|task| queue.is_over(of(*task)));
            // Before what begins, everything of the parts before it is over.
            for block in blocks(&round.items).into_iter().chain(blocks(&round.finally)) {
                let gate = round.gate(step.task);
                let rescue = gate == Some(Gate::Rescue(block.block)) || tasks(&block.rescue).contains(&step.task);
                let always = gate == Some(Gate::Always(block.block)) || tasks(&block.always).contains(&step.task);
                if rescue || always {
                    prop_assert!(over(&tasks(&block.body)));
                }
                if always {
                    prop_assert!(over(&tasks(&block.rescue)));
                }
                if gate == Some(Gate::Exit(block.block)) {
                    prop_assert!(over(&tasks(&block.body)) && over(&tasks(&block.rescue)) && over(&tasks(&block.always)));
                }
            }
            if tasks(&round.finally).contains(&step.task) {
                prop_assert!(over(&tasks(&round.items)) && over(&round.handlers));
            }
            if round.gate(step.task) == Some(Gate::Handlers) {
                prop_assert!(over(&tasks(&round.items)));
                let effects = queue.drop_nodes(R, HostIx(0), &round.handlers);
                prop_assert!(effects.ready.is_empty() && effects.blocked.is_empty());
            }
            let effects = queue.finish(step, all_good || luck > 0);
            released.extend(effects.ready);
            done = effects.round_done;
        }
        prop_assert!(done && queue.is_round_done(R), "nothing waits for ever");
        if all_good {
            prop_assert_eq!(ran.len() + round.handlers.len(), round.node_count());
        }
    }
}
