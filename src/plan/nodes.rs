//! From the lists of a round to the links between its nodes.
//!
//! Knows the model alone: how lists nest, what their entries need and read. Where each node stands is taken from the
//! nesting of the lists. A link to what stands in a block that the waiting node is outside of starts at that block's
//! exit, since a block may repeat and rescue what is in it.

use super::graph::{Edge, EdgeKind, Wait};
use super::links::Link;
use crate::model::{BlockItem, BlockIx, Gate, Item, Needs, Part, Round, RoundIx, Section, TaskIx, TaskRead};

/// The links between the nodes of a round.
pub(super) fn links(ix: RoundIx, round: &Round) -> Vec<Link> {
    let mut lists = Lists {
        round,
        places: vec![Place::default(); round.node_count()],
        inside: vec![Default::default(); round.blocks.len()],
        links: Vec::new(),
    };
    lists.place_all(&round.items, &Place::default());
    round.handlers.iter().for_each(|handler| lists.places[handler.index()].section = Section::Handlers);
    lists.place_all(&round.finally, &Place { section: Section::Finally, around: Vec::new() });
    lists.list(&round.items, &Place::default(), &[], false);
    lists.ends();
    lists.reads(ix);
    lists.links
}

/// Where a node stands.
#[derive(Debug, Clone, Default)]
struct Place {
    section: Section,
    /// The blocks around it, outermost first.
    around: Vec<(BlockIx, Part)>,
}

impl Place {
    fn within(&self, block: BlockIx, part: Part) -> Place {
        let around = self.around.iter().copied().chain([(block, part)]).collect();
        Place { section: self.section, around }
    }
}

struct Lists<'a> {
    round: &'a Round,
    /// By node.
    places: Vec<Place>,
    /// By block and part: all nodes in it, however deep.
    inside: Vec<[Vec<TaskIx>; 3]>,
    links: Vec<Link>,
}

const GOOD: Wait = Wait::Good;
const OVER: Wait = Wait::Over;

impl Lists<'_> {
    fn place_all(&mut self, items: &[Item], place: &Place) {
        for item in items {
            match item {
                Item::Task(task, _) => self.place(*task, place),
                Item::Parallel(group) => self.place_all(&group.members, place),
                Item::Block(item) => {
                    let block = item.block;
                    for gate in [Gate::Enter(block), Gate::Rescue(block), Gate::Always(block), Gate::Exit(block)] {
                        self.place(self.round.node(gate), place);
                    }
                    for (part, items) in parts(item) {
                        self.place_all(items, &place.within(block, part));
                    }
                }
            }
        }
    }

    fn place(&mut self, node: TaskIx, place: &Place) {
        for (block, part) in &place.around {
            self.inside[block.index()][*part as usize].push(node);
        }
        self.places[node.index()] = place.clone();
    }

    fn link(&mut self, from: TaskIx, to: TaskIx, edge: Edge) {
        self.links.push(Link { from: from.index(), to: to.index(), edge, read: None });
    }

    fn plain(&mut self, from: impl IntoIterator<Item = TaskIx>, to: TaskIx, kind: EdgeKind, wait: Wait) {
        let edge = Edge { kind, wait, place: None };
        self.links.extend(from.into_iter().map(|from| Link { from: from.index(), to: to.index(), edge, read: None }));
    }

    /// Adds the links of a list and gives its nodes as the outside sees them: tasks, and blocks by their exits. `outer`
    /// is what holds for every entry: the gate before the list, or what the group that holds it waits for.
    fn list(&mut self, items: &[Item], place: &Place, outer: &[(TaskIx, Edge)], parallel: bool) -> Vec<TaskIx> {
        let mut all = Vec::new();
        // What of the list so far nothing in it waits for.
        let mut last: Vec<TaskIx> = Vec::new();
        for item in items {
            let needs = match item {
                Item::Task(_, needs) => needs,
                Item::Parallel(group) => &group.needs,
                Item::Block(block) => &block.needs,
            };
            let mut waits = outer.to_vec();
            match needs {
                Needs::Above if parallel => {}
                Needs::Above => {
                    waits.extend(last.iter().map(|task| (*task, Edge { kind: EdgeKind::Order, wait: GOOD, place: None })));
                }
                Needs::These(list) => {
                    for need in list {
                        for task in &need.tasks {
                            let (from, wait) = self.seen(*task, place);
                            waits.push((from, Edge { kind: EdgeKind::Needs, wait, place: Some(need.span) }));
                        }
                    }
                }
            }
            let members = match item {
                Item::Task(task, _) => {
                    waits.iter().for_each(|(from, edge)| self.link(*from, *task, *edge));
                    vec![*task]
                }
                Item::Parallel(group) => self.list(&group.members, place, &waits, true),
                Item::Block(item) => {
                    let enter = self.round.node(Gate::Enter(item.block));
                    waits.iter().for_each(|(from, edge)| self.link(*from, enter, *edge));
                    self.block(item, place);
                    vec![self.round.node(Gate::Exit(item.block))]
                }
            };
            if !members.is_empty() {
                last.retain(|task| !waits.iter().any(|(wait, _)| wait == task));
                last.extend(&members);
                all.extend(members);
            }
        }
        all
    }

    fn block(&mut self, item: &BlockItem, place: &Place) {
        let block = item.block;
        let node = |gate| self.round.node(gate);
        let [enter, rescue, always, exit] = [Gate::Enter(block), Gate::Rescue(block), Gate::Always(block), Gate::Exit(block)].map(node);
        for ((part, items), (gate, kind)) in
            parts(item).into_iter().zip([(enter, EdgeKind::Block), (rescue, EdgeKind::Rescue), (always, EdgeKind::Always)])
        {
            let begins = Edge { kind, wait: GOOD, place: None };
            self.list(items, &place.within(block, part), &[(gate, begins)], false);
        }
        let [body, rescued, finished] = self.inside[block.index()].clone();
        for gate in [rescue, always, exit] {
            self.plain([enter], gate, EdgeKind::Block, GOOD);
        }
        self.plain(body.clone(), rescue, EdgeKind::Rescue, OVER);
        self.plain(body.iter().copied().chain([rescue]).chain(rescued.clone()), always, EdgeKind::Always, OVER);
        self.plain(body.into_iter().chain([rescue]).chain(rescued).chain([always]).chain(finished), exit, EdgeKind::Block, OVER);
    }

    /// Handlers and `finally`. What handlers are linked to says in which order they come; the run lets them begin.
    fn ends(&mut self) {
        let round = self.round;
        if !round.has_ends() {
            return;
        }
        let (handlers, finally) = (round.node(Gate::Handlers), round.node(Gate::Finally));
        let of_tasks: Vec<TaskIx> =
            self.nodes().filter(|node| self.places[node.index()].section == Section::Tasks && *node < handlers).collect();
        self.plain(of_tasks, handlers, EdgeKind::Handlers, OVER);
        for handler in &round.handlers {
            self.plain([handlers], *handler, EdgeKind::Handlers, OVER);
        }
        for (from, task) in round.tasks.iter().enumerate() {
            for notify in &task.flow.notify {
                self.link(TaskIx::new(from), notify.handler, Edge { kind: EdgeKind::Notify, wait: OVER, place: Some(notify.span) });
            }
        }
        self.plain(std::iter::once(handlers).chain(round.handlers.iter().copied()), finally, EdgeKind::Finally, OVER);
        let begins = Edge { kind: EdgeKind::Finally, wait: GOOD, place: None };
        self.list(&round.finally, &Place { section: Section::Finally, around: Vec::new() }, &[(finally, begins)], false);
    }

    fn nodes(&self) -> impl Iterator<Item = TaskIx> + use<> {
        (0..self.round.node_count()).map(TaskIx::new)
    }

    fn reads(&mut self, ix: RoundIx) {
        let round = self.round;
        for (task, reads) in round.tasks.iter().enumerate().map(|(task, entry)| (TaskIx::new(task), &entry.reads)) {
            reads.iter().filter(|read| read.round == ix).for_each(|read| self.read(read, task));
        }
        for (block, entry) in round.blocks.iter().enumerate() {
            let block = BlockIx(u32::try_from(block).unwrap_or(u32::MAX));
            for read in entry.reads.iter().filter(|read| read.round == ix) {
                let inside = self.places[read.task.index()].around.iter().any(|(around, _)| *around == block);
                // What an action's outputs read is over at its exit anyway.
                if !(inside && entry.frame.is_some()) {
                    self.read(read, round.node(Gate::Enter(block)));
                }
            }
        }
    }

    fn read(&mut self, read: &TaskRead, to: TaskIx) {
        let (from, wait) = self.seen(read.task, &self.places[to.index()]);
        let edge = Edge { kind: EdgeKind::Data, wait, place: Some(read.span) };
        self.links.push(Link { from: from.index(), to: to.index(), edge, read: Some(read.task) });
    }

    /// What stands for a node where it is seen from a place, and what is asked of it.
    fn seen(&self, node: TaskIx, from: &Place) -> (TaskIx, Wait) {
        let there = &self.places[node.index()];
        if there.section != from.section {
            // What stands in another section is over by then, however it ended; if not, this makes a circle.
            return (node, OVER);
        }
        let same = there.around.iter().zip(&from.around).take_while(|(one, other)| one == other).count();
        // Another part of the same block: its gates have seen to how that ended.
        let across = matches!((there.around.get(same), from.around.get(same)), (Some(one), Some(other)) if one.0 == other.0);
        let outermost = there.around.get(if across { same + 1 } else { same });
        let node = outermost.map_or(node, |(block, _)| self.round.node(Gate::Exit(*block)));
        (node, if across { OVER } else { GOOD })
    }
}

fn parts(item: &BlockItem) -> [(Part, &[Item]); 3] {
    [(Part::Body, &item.body), (Part::Rescue, &item.rescue), (Part::Always, &item.always)]
}

#[cfg(test)]
mod tests;
