//! Any graph of both kinds of waits, any ends, drops and resets, against a model that looks at everything again and again.

use std::sync::Arc;

use petgraph::graph::DiGraph;

use super::*;
use crate::plan::before::Rows;
use crate::plan::graph::{Node, RoundPlan};

type Waits = Vec<Vec<(TaskIx, Wait)>>;

const R: RoundIx = RoundIx(0);
const H: HostIx = HostIx(0);

/// A plan of one round whose nodes wait as given; those in `by_hand` are handlers.
fn graph(waits: &Waits, by_hand: &[TaskIx]) -> Plan {
    let mut graph = DiGraph::new();
    let node = graph.add_node(Node::Round(R));
    let hosts: Arc<[HostIx]> = vec![H].into();
    let all: Vec<TaskIx> = (0..waits.len()).map(TaskIx::new).collect();
    let nodes = all.iter().map(|task| graph.add_node(Node::Task { round: R, task: *task, hosts: Arc::clone(&hosts) })).collect();
    let round = RoundPlan {
        node,
        hosts,
        above: 0,
        needs: Vec::new(),
        order: all.clone(),
        tasks: all,
        nodes,
        waits: waits.clone(),
        read: vec![false; waits.len()],
        handlers: by_hand.to_vec(),
    };
    Plan { graph, rounds: vec![round], order: vec![R], before: Rows::new(1, 1) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Released,
    Over(bool),
}

/// The words of the design, searched instead of counted.
struct Model {
    waits: Waits,
    by_hand: Vec<bool>,
    state: Vec<State>,
    /// Waits that count as met, though what is waited for ended badly: it had when the node was set back.
    forgiven: BTreeSet<(usize, usize)>,
}

impl Model {
    /// Lets everything happen that must, and says what was released and what blocked.
    fn settle(&mut self) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut ready, mut blocked) = (BTreeSet::new(), BTreeSet::new());
        loop {
            let before = self.state.clone();
            for node in 0..self.state.len() {
                if self.state[node] != State::Waiting {
                    continue;
                }
                let of = |need: &TaskIx| self.state[need.index()];
                let lost = |(need, wait): &(TaskIx, Wait)| {
                    *wait == Wait::Good && of(need) == State::Over(false) && !self.forgiven.contains(&(node, need.index()))
                };
                if self.waits[node].iter().any(lost) {
                    self.state[node] = State::Over(false);
                    blocked.insert(node);
                } else if !self.by_hand[node] && self.waits[node].iter().all(|(need, _)| matches!(of(need), State::Over(_))) {
                    self.state[node] = State::Released;
                    ready.insert(node);
                }
            }
            if before == self.state {
                return (ready, blocked);
            }
        }
    }

    fn reset(&mut self, set: &BTreeSet<usize>) {
        self.forgiven.retain(|(node, need)| !set.contains(node) && !set.contains(need));
        for node in set {
            let bad = self.waits[*node].iter().map(|(need, _)| need.index()).filter(|need| self.state[*need] == State::Over(false));
            self.forgiven.extend(bad.filter(|need| !set.contains(need)).map(|need| (*node, need)));
        }
        set.iter().for_each(|node| self.state[*node] = State::Waiting);
    }
}

fn any_waits() -> impl Strategy<Value = (Waits, Vec<TaskIx>)> {
    let entry = (prop::collection::vec((any::<u32>(), any::<bool>()), 0..4), 0..8_u8);
    prop::collection::vec(entry, 1..12).prop_map(|list| {
        let mut by_hand = Vec::new();
        let waits = list.into_iter().enumerate().map(|(node, (needs, hand))| {
            if hand == 0 {
                by_hand.push(TaskIx::new(node));
                return Vec::new();
            }
            let mut waits = std::collections::BTreeMap::new();
            for (need, good) in needs.into_iter().filter(|_| node > 0) {
                waits.insert(TaskIx::new(need as usize % node), if good { Wait::Good } else { Wait::Over });
            }
            waits.into_iter().collect()
        });
        (waits.collect(), by_hand)
    })
}

fn numbers(steps: impl IntoIterator<Item = StepId>) -> BTreeSet<usize> {
    steps.into_iter().map(|step| step.task.index()).collect()
}

proptest! {
    #[test]
    fn ends_drops_and_resets((waits, by_hand) in any_waits(), ops in prop::collection::vec((0..12_u8, any::<u16>(), 0..4_u8), 1..60)) {
        let count = waits.len();
        let mut queue = Queue::new(&graph(&waits, &by_hand));
        let hand = (0..count).map(|node| by_hand.contains(&TaskIx::new(node))).collect();
        let mut model = Model { waits, by_hand: hand, state: vec![State::Waiting; count], forgiven: BTreeSet::new() };
        let begun = queue.start_round(R, &[H]);
        prop_assert_eq!(numbers(begun.ready), model.settle().0);
        for (op, pick, luck) in ops {
            let set: BTreeSet<usize> = (0..count).filter(|node| pick >> node & 1 == 1).collect();
            let list: Vec<TaskIx> = set.iter().copied().map(TaskIx::new).collect();
            let effects = match op {
                0 => {
                    model.reset(&set);
                    queue.reset(R, H, &list)
                }
                1 => {
                    for node in set.iter().filter(|_| luck == 0) {
                        if !matches!(model.state[*node], State::Over(_)) {
                            model.state[*node] = State::Over(true);
                        }
                    }
                    if luck == 0 { queue.drop_nodes(R, H, &list) } else { Effects::default() }
                }
                2 => {
                    let node = pick as usize % count;
                    if model.by_hand[node] {
                        model.reset(&BTreeSet::from([node]));
                        model.state[node] = State::Released;
                        queue.release(step(u32::try_from(node).unwrap(), 0));
                    }
                    Effects::default()
                }
                _ => {
                    let released: Vec<usize> = (0..count).filter(|node| model.state[*node] == State::Released).collect();
                    if released.is_empty() {
                        continue;
                    }
                    let node = released[pick as usize % released.len()];
                    model.state[node] = State::Over(luck > 0);
                    queue.finish(step(u32::try_from(node).unwrap(), 0), luck > 0)
                }
            };
            let (ready, blocked) = model.settle();
            prop_assert_eq!(numbers(effects.ready), ready);
            prop_assert_eq!(numbers(effects.blocked.into_iter().map(|(step, _)| step)), blocked);
            for node in 0..count {
                let at = step(u32::try_from(node).unwrap(), 0);
                prop_assert_eq!(queue.is_over(at), matches!(model.state[node], State::Over(_)));
                prop_assert_eq!(queue.is_released(at), model.state[node] == State::Released);
                prop_assert_eq!(queue.ended_badly(at), model.state[node] == State::Over(false));
                let open = model.waits[node].iter().filter(|(need, _)| !matches!(model.state[need.index()], State::Over(_)));
                prop_assert_eq!(numbers(queue.unfinished_needs(at).map(|need| step(need.0, 0))), open.map(|(need, _)| need.index()).collect());
            }
            prop_assert_eq!(queue.is_round_done(R), model.state.iter().all(|state| matches!(state, State::Over(_))));
            prop_assert_eq!(queue.unfinished(R, H).count(), model.state.iter().filter(|state| !matches!(state, State::Over(_))).count());
        }
    }
}

#[test]
fn a_block_is_rescued_and_repeated() {
    // 0 enter, 1 body, 2 rescue gate, 3 rescue, 4 exit, 5 what needs the block.
    let (good, over) = (Wait::Good, Wait::Over);
    let waits = vec![
        vec![],
        vec![(TaskIx(0), good)],
        vec![(TaskIx(0), good), (TaskIx(1), over)],
        vec![(TaskIx(2), good)],
        vec![(TaskIx(0), good), (TaskIx(1), over), (TaskIx(2), over), (TaskIx(3), over)],
        vec![(TaskIx(4), good)],
    ];
    let mut queue = Queue::new(&graph(&waits, &[]));
    queue.start_round(R, &[H]);
    assert_eq!(queue.finish(step(0, 0), true).ready, [step(1, 0)]);
    let effects = queue.finish(step(1, 0), false);
    assert_eq!((effects.ready, effects.blocked), (vec![step(2, 0)], vec![]), "the gate waits for the end alone");
    assert!(queue.ended_badly(step(1, 0)) && !queue.ended_badly(step(0, 0)));
    assert_eq!(queue.finish(step(2, 0), true).ready, [step(3, 0)]);
    assert_eq!(queue.finish(step(3, 0), false).ready, [step(4, 0)]);
    let again = queue.reset(R, H, &[1, 2, 3, 4].map(TaskIx));
    assert_eq!(again.ready, [step(1, 0)], "entered already");
    assert_eq!(queue.finish(step(1, 0), true).ready, [step(2, 0)]);
    assert_eq!(queue.drop_nodes(R, H, &[TaskIx(3)]), Effects::default(), "the gate is still open");
    assert_eq!(queue.finish(step(2, 0), true).ready, [step(4, 0)]);
    assert_eq!(queue.finish(step(4, 0), true).ready, [step(5, 0)]);
    assert!(queue.finish(step(5, 0), true).round_done);
}
