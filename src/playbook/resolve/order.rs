//! Who waits for whom, transitively: tasks inside a round, rounds inside a playbook.
//!
//! Knows indices and `needs` only, not why they are asked. Cycles are not its business (`plan` names them); it only
//! never loops on one.

use crate::model::{Item, Needs};

/// A set of small numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// An empty set with room for numbers below `count`.
    pub(crate) fn new(count: usize) -> Bits {
        Bits(vec![0; count.div_ceil(64)])
    }

    /// Adds a number.
    pub(crate) fn insert(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Says whether a number is in it.
    pub(crate) fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    /// Adds all of another set of the same room; says whether that changed anything.
    pub(crate) fn union(&mut self, other: &Bits) -> bool {
        let mut changed = false;
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            changed |= *more & !*word != 0;
            *word |= more;
        }
        changed
    }
}

/// For each entry, all that must have ended before it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    before: Vec<Bits>,
}

impl Order {
    /// The order of a round's tasks.
    pub(crate) fn of_tasks(items: &[Item], tasks: usize) -> Order {
        let mut order = Order { before: vec![Bits::new(tasks); tasks] };
        // Each pass carries what is known one reference further; without references downwards two are enough.
        for _ in 0..=tasks {
            let mut changed = false;
            order.list(items, &Bits::new(tasks), false, &mut changed);
            if !changed {
                break;
            }
        }
        order
    }

    /// The order of rounds from what each needs directly.
    pub(crate) fn of_rounds(needs: &[Vec<usize>]) -> Order {
        let count = needs.len();
        let mut order = Order { before: vec![Bits::new(count); count] };
        for _ in 0..=count {
            let mut changed = false;
            for (round, needed) in needs.iter().enumerate() {
                let mut all = Bits::new(count);
                for other in needed {
                    all.insert(*other);
                    all.union(&order.before[*other]);
                }
                changed |= order.before[round].union(&all);
            }
            if !changed {
                break;
            }
        }
        order
    }

    /// Says whether `entry` starts only after `other` has ended.
    pub(crate) fn waits(&self, entry: usize, other: usize) -> bool {
        self.before[entry].contains(other)
    }

    /// Walks a list; gives all tasks in it and all that these wait for.
    fn list(&mut self, items: &[Item], outside: &Bits, parallel: bool, changed: &mut bool) -> Bits {
        let mut above = outside.clone();
        for item in items {
            let own = match item {
                Item::Task(task, needs) => {
                    let waited = self.waited(needs, &above, outside, parallel);
                    let before = &mut self.before[task.index()];
                    *changed |= before.union(&waited);
                    let mut own = before.clone();
                    own.insert(task.index());
                    own
                }
                Item::Parallel(group) => {
                    let waited = self.waited(&group.needs, &above, outside, parallel);
                    self.list(&group.members, &waited, true, changed)
                }
                Item::Block(block) => {
                    let waited = self.waited(&block.needs, &above, outside, parallel);
                    self.list(&block.body, &waited, false, changed)
                }
            };
            above.union(&own);
        }
        above
    }

    fn waited(&self, needs: &Needs, above: &Bits, outside: &Bits, parallel: bool) -> Bits {
        match needs {
            Needs::Above if parallel => outside.clone(),
            Needs::Above => above.clone(),
            Needs::These(list) => {
                let mut waited = outside.clone();
                for task in list.iter().flat_map(|need| &need.tasks) {
                    waited.insert(task.index());
                    waited.union(&self.before[task.index()]);
                }
                waited
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceMap, Span};
    use crate::model::{Group, Need, TaskIx};

    fn span() -> Span {
        Span::new(SourceMap::default().add("a", None, "x"), 0..1)
    }

    fn task(index: u32, needs: Option<&[u32]>) -> Item {
        let needs = match needs {
            None => Needs::Above,
            Some(list) => Needs::These(vec![Need { tasks: list.iter().map(|task| TaskIx(*task)).collect(), span: span() }]),
        };
        Item::Task(TaskIx(index), needs)
    }

    #[test]
    fn no_needs_waits_for_all_above() {
        let order = Order::of_tasks(&[task(0, None), task(1, Some(&[])), task(2, None)], 3);
        assert!(order.waits(2, 0) && order.waits(2, 1) && !order.waits(1, 0));
    }

    #[test]
    fn references_downwards_and_chains() {
        let order = Order::of_tasks(&[task(0, Some(&[2])), task(1, Some(&[0])), task(2, Some(&[]))], 3);
        assert!(order.waits(1, 2) && order.waits(0, 2) && !order.waits(2, 0));
    }

    #[test]
    fn members_of_a_group_start_together() {
        let group = Group { id: None, span: span(), needs: Needs::Above, members: vec![task(1, None), task(2, None)] };
        let order = Order::of_tasks(&[task(0, None), Item::Parallel(group), task(3, None)], 4);
        assert!(order.waits(1, 0) && order.waits(2, 0) && !order.waits(2, 1));
        assert!(order.waits(3, 1) && order.waits(3, 2));
    }

    #[test]
    fn cycles_end() {
        let order = Order::of_tasks(&[task(0, Some(&[1])), task(1, Some(&[0]))], 2);
        assert!(order.waits(0, 0));
        let rounds = Order::of_rounds(&[vec![], vec![0], vec![1]]);
        assert!(rounds.waits(2, 0) && !rounds.waits(0, 2));
    }
}
