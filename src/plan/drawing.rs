//! The plan as a drawing: boxes within boxes, tasks in them, and arrows that say why.
//!
//! Knows only [`PlanView`], and no form of output: `dot`, `mermaid` and `page` write what is made here. Ids are made of
//! numbers, so that no name has to be one. Waits are drawn as the view has them, direct ones alone.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::answered;
use super::view::{BlockView, HomeView, PlanView, RoundView, TaskView, WaitView, Waited};
use crate::text::{fold_names, one_line, plural};

/// Columns of a line in a box.
const WIDTH: usize = 44;

/// All of a plan.
pub(super) struct Drawing {
    /// A frame for each round.
    pub(super) rounds: Vec<Frame>,
    /// Between any two of all.
    pub(super) arrows: Vec<Arrow>,
}

/// What a frame stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A round.
    Round,
    /// A block or action.
    Block,
    /// Handlers, `finally`, `rescue` or `always`: it comes after all that stands before it.
    Part,
}

/// A box around others.
pub(super) struct Frame {
    pub(super) id: String,
    pub(super) kind: Kind,
    /// The number of the block that it stands for.
    pub(super) block: Option<usize>,
    /// What it says, a line each.
    pub(super) title: Vec<String>,
    /// Never empty.
    pub(super) items: Vec<Item>,
}

/// What stands in a frame.
pub(super) enum Item {
    /// A task.
    Node(Node),
    /// A frame of its own.
    Frame(Frame),
}

/// What a task's box looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// It may change something.
    Change,
    /// It only reads.
    Read,
    /// There is no task.
    Nothing,
}

/// A task.
pub(super) struct Node {
    pub(super) id: String,
    /// The number of the task.
    pub(super) task: Option<usize>,
    /// What it says, a line each: the mark and the name first.
    pub(super) lines: Vec<String>,
    pub(super) shape: Shape,
    /// It is known that it will not run.
    pub(super) skipped: bool,
}

/// An arrow from what is waited for to what waits, by their ids.
pub(super) struct Arrow {
    pub(super) from: String,
    pub(super) to: String,
    /// The reasons; none for the order written.
    pub(super) why: Vec<&'static str>,
}

impl Frame {
    /// The first task in it.
    pub(super) fn first(&self) -> &str {
        match self.items.first() {
            Some(Item::Node(node)) => &node.id,
            Some(Item::Frame(frame)) => frame.first(),
            None => &self.id,
        }
    }

    /// The last task in it.
    pub(super) fn last(&self) -> &str {
        match self.items.last() {
            Some(Item::Node(node)) => &node.id,
            Some(Item::Frame(frame)) => frame.last(),
            None => &self.id,
        }
    }

    /// Takes down the first and the last task of this frame and of all in it.
    pub(super) fn ends<'a>(&'a self, ends: &mut BTreeMap<&'a str, (&'a str, &'a str)>) {
        ends.insert(&self.id, (self.first(), self.last()));
        for item in &self.items {
            if let Item::Frame(frame) = item {
                frame.ends(ends);
            }
        }
    }

    /// The tasks between which nothing is drawn although one part comes after the other.
    pub(super) fn sequence(&self) -> Vec<(&str, &str)> {
        let mut pairs = Vec::new();
        for (index, item) in self.items.iter().enumerate() {
            let Item::Frame(frame) = item else { continue };
            let before = index.checked_sub(1).map(|before| match &self.items[before] {
                Item::Node(node) => node.id.as_str(),
                Item::Frame(frame) => frame.last(),
            });
            pairs.extend(before.filter(|_| frame.kind == Kind::Part).map(|before| (before, frame.first())));
            pairs.extend(frame.sequence());
        }
        pairs
    }
}

/// The mark of a task: `-` where it will not run, `·` where it only reads, `~` where it may change something; where hosts
/// were asked, that of their answers.
pub(super) fn mark(task: &TaskView) -> &'static str {
    if let Some(kind) = answered::foremost(&task.forecasts).filter(|_| task.left_out.is_none()) {
        return kind.mark;
    }
    match (is_skipped(task), task.read_only) {
        (true, _) => "-",
        (false, true) => "·",
        (false, false) => "~",
    }
}

fn is_skipped(task: &TaskView) -> bool {
    let rests = answered::foremost(&task.forecasts).is_some_and(|kind| kind.answer == "nothing");
    task.left_out.is_some() || rests || (!task.steps.is_empty() && task.steps.iter().all(|steps| steps.what.skipped_by.is_some()))
}

/// The hosts of a round in words, folded.
pub(super) fn hosts(names: &[String]) -> String {
    match names {
        [] => "no hosts".to_owned(),
        [only] => format!("on {only}"),
        _ => format!("on {}: {}", plural(names.len(), "host"), fold_names(names)),
    }
}

/// The name of a block, and of the action that it uses.
pub(super) fn block_name(block: &BlockView) -> String {
    match &block.action {
        Some(action) if *action != block.name => format!("{} (action {action})", block.name),
        Some(_) => format!("{} (action)", block.name),
        None => block.name.clone(),
    }
}

/// Draws a plan.
pub(super) fn drawing(view: &PlanView) -> Drawing {
    let mut arrows: IndexMap<(String, String), Vec<&'static str>> = IndexMap::new();
    let mut waits = |round: usize, to: String, waits: &[WaitView]| {
        for wait in waits {
            let why = arrows.entry((id(round, wait.at), to.clone())).or_default();
            if wait.why != "order" && !why.contains(&wait.why) {
                why.push(wait.why);
            }
        }
    };
    for (index, round) in view.rounds.iter().enumerate() {
        waits(index, id(index, Waited::Round(index)), &round.waits);
        for (at, block) in round.blocks.iter().enumerate() {
            waits(index, id(index, Waited::Block(at)), &block.waits);
        }
        for (at, task) in round.tasks.iter().enumerate() {
            waits(index, id(index, Waited::Task(at)), &task.waits);
        }
    }
    let rounds: Vec<Frame> = view.rounds.iter().enumerate().map(|(index, round)| Builder::new(index, round).round()).collect();
    let mut drawn = BTreeSet::new();
    rounds.iter().for_each(|round| note(round, &mut drawn));
    arrows.retain(|(from, to), _| drawn.contains(from) && drawn.contains(to));
    Drawing { rounds, arrows: arrows.into_iter().map(|((from, to), why)| Arrow { from, to, why }).collect() }
}

/// Takes down what there is to draw an arrow to.
fn note(frame: &Frame, drawn: &mut BTreeSet<String>) {
    drawn.insert(frame.id.clone());
    for item in &frame.items {
        match item {
            Item::Node(node) => drop(drawn.insert(node.id.clone())),
            Item::Frame(frame) => note(frame, drawn),
        }
    }
}

/// The id of something in a round.
pub(super) fn id(round: usize, at: Waited) -> String {
    match at {
        Waited::Round(round) => format!("r{round}"),
        Waited::Task(task) => format!("r{round}t{task}"),
        Waited::Block(block) => format!("r{round}b{block}"),
    }
}

/// A list that entries stand in: section, block, part.
type List = (Option<&'static str>, Option<usize>, Option<&'static str>);

fn list(home: &HomeView) -> List {
    (home.section, home.block, home.part)
}

struct Builder<'a> {
    index: usize,
    round: &'a RoundView,
    /// By list, its entries, each with the number of its first task.
    lists: BTreeMap<List, Vec<(usize, Waited)>>,
}

impl<'a> Builder<'a> {
    fn new(index: usize, round: &'a RoundView) -> Builder<'a> {
        let mut first = vec![usize::MAX; round.blocks.len()];
        let mut lists: BTreeMap<List, Vec<(usize, Waited)>> = BTreeMap::new();
        for (at, task) in round.tasks.iter().enumerate() {
            lists.entry(list(&task.home)).or_default().push((at, Waited::Task(at)));
            let mut home = &task.home;
            while let Some(block) = home.block.filter(|block| first.get(*block) == Some(&usize::MAX)) {
                first[block] = at;
                home = &round.blocks[block].home;
            }
        }
        for (at, block) in round.blocks.iter().enumerate().filter(|(at, _)| first[*at] != usize::MAX) {
            lists.entry(list(&block.home)).or_default().push((first[at], Waited::Block(at)));
        }
        lists.values_mut().for_each(|entries| entries.sort_unstable());
        Builder { index, round, lists }
    }

    fn round(&self) -> Frame {
        let mut items = self.items((None, None, None));
        for (section, says) in [("handlers", "handlers: where notified"), ("finally", "finally: at the end, whatever happened")] {
            items.extend(self.part((Some(section), None, None), format!("r{}_{section}", self.index), says));
        }
        if items.is_empty() {
            let id = format!("r{}_none", self.index);
            items.push(Item::Node(Node { id, task: None, lines: vec!["no tasks".to_owned()], shape: Shape::Nothing, skipped: false }));
        }
        let round = self.round;
        let name = if round.name == round.id { round.id.clone() } else { format!("{} ({})", round.id, round.name) };
        let mut title = vec![one_line(&format!("round {name}"), WIDTH), one_line(&hosts(&round.hosts), WIDTH)];
        if !round.batches.is_empty() {
            title.push(one_line(&format!("in batches: {}", super::text::flow::sizes(&round.batches)), WIDTH));
        }
        title.extend(absent(round).iter().map(|line| one_line(line, WIDTH)));
        Frame { id: id(self.index, Waited::Round(self.index)), kind: Kind::Round, block: None, title, items }
    }

    fn part(&self, list: List, id: String, says: &str) -> Option<Item> {
        let items = self.items(list);
        let frame = Frame { id, kind: Kind::Part, block: None, title: vec![says.to_owned()], items };
        (!frame.items.is_empty()).then_some(Item::Frame(frame))
    }

    fn items(&self, list: List) -> Vec<Item> {
        let entries = self.lists.get(&list).map(Vec::as_slice).unwrap_or_default();
        entries
            .iter()
            .map(|(_, at)| match at {
                Waited::Block(block) => Item::Frame(self.block(list.0, *block)),
                Waited::Task(task) | Waited::Round(task) => Item::Node(self.node(*task)),
            })
            .collect()
    }

    fn block(&self, section: Option<&'static str>, at: usize) -> Frame {
        let id = id(self.index, Waited::Block(at));
        let mut items = self.items((section, Some(at), None));
        for (part, says) in [("rescue", "rescue: if one of those failed"), ("always", "always: after those, whatever happened")] {
            items.extend(self.part((section, Some(at), Some(part)), format!("{id}_{part}"), says));
        }
        let title = vec![one_line(&block_name(&self.round.blocks[at]), WIDTH)];
        Frame { id, kind: Kind::Block, block: Some(at), title, items }
    }

    fn node(&self, at: usize) -> Node {
        let task = &self.round.tasks[at];
        let mut lines = vec![one_line(&format!("{} {}", mark(task), task.name), WIDTH)];
        lines.extend(does(task).iter().chain(&answers(task)).map(|line| one_line(line, WIDTH)));
        let shape = if task.read_only { Shape::Read } else { Shape::Change };
        Node { id: id(self.index, Waited::Task(at)), task: Some(at), lines, shape, skipped: is_skipped(task) }
    }
}

/// What a task does, a line each; of one that differs between hosts the first form, and how many there are.
fn does(task: &TaskView) -> Vec<String> {
    if let Some(reason) = &task.left_out {
        return vec![format!("left out: {reason}")];
    }
    // Where hosts were asked, what differs between them is what they answered.
    let forms = if task.forecasts.is_empty() { task.steps.clone() } else { answered::forms(task) };
    let Some(shown) = forms.iter().find(|steps| steps.what.skipped_by.is_none()) else {
        let condition = task.steps.first().and_then(|steps| steps.what.skipped_by.as_ref());
        return condition.map(|condition| format!("left out by `{condition}`")).into_iter().collect();
    };
    let mut lines = shown.what.command.trim().lines();
    let line = lines.next().unwrap_or_default();
    let cut = if lines.next().is_some() { " …" } else { "" };
    // Verbs that are not commands name themselves.
    let named = line.strip_prefix(task.verb).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':']));
    let verb = if named { String::new() } else { format!("{}: ", task.verb) };
    let mut does = vec![format!("{verb}{line}{cut}")];
    if forms.len() > 1 {
        does.push(format!("in {} forms on {}", forms.len(), plural(forms.iter().map(|steps| steps.hosts.len()).sum(), "host")));
    }
    does
}

/// On how many hosts a task would do what, as they answered; a line each for what is done and for what is not.
fn answers(task: &TaskView) -> Vec<String> {
    let figures = answered::figures(task);
    let line = |quiet: bool| {
        let such = answered::in_order(&figures).into_iter().filter(|(kind, _)| (kind.acts || kind.trouble) != quiet);
        such.map(|(kind, count)| format!("{} {count} {}", kind.mark, kind.counted)).collect::<Vec<_>>().join(", ")
    };
    [line(false), line(true)].into_iter().filter(|line| !line.is_empty() && task.left_out.is_none()).collect()
}

/// Hosts of a round that a dry run found to take no part, or could not reach.
fn absent(round: &RoundView) -> Vec<String> {
    let mut lines: Vec<String> =
        round.left_out.iter().map(|left_out| format!("- {} left out: {}", left_out.hosts.len(), fold_names(&left_out.hosts))).collect();
    let unreached = answered::unreached(round);
    if !unreached.is_empty() {
        lines.push(format!("! {} not reached: {}", unreached.len(), fold_names(&unreached)));
    }
    lines
}

#[cfg(test)]
mod tests;
