//! What can be named in a round: tasks, groups, blocks, each with the nodes that stand for it.

use std::ops::Range;

use indexmap::IndexMap;

use super::Lower;
use super::expand::{Outline, Piece};
use super::names::Names;
use crate::model::{BlockIx, FrameIx, Home, Part, TaskIx};
use crate::playbook::syntax;

/// Something that can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) kind: TargetKind,
    /// What one waits for who needs it.
    pub(super) nodes: Vec<TaskIx>,
    /// The tasks inside.
    pub(super) covers: Range<usize>,
    /// Where it stands.
    pub(super) home: Home,
}

/// The kind of a [`Target`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetKind {
    Task,
    Group,
    Block,
}

impl Target {
    /// The word for it, with its article.
    pub(super) fn word(&self) -> &'static str {
        match self.kind {
            TargetKind::Task => "a task",
            TargetKind::Group => "a group",
            TargetKind::Block => "a block",
        }
    }
}

/// The names of a round: a table for each name space.
pub(super) struct RoundTargets {
    pub(super) frames: Vec<Names<Target>>,
    /// Where each block stands.
    pub(super) blocks: Vec<Home>,
    tasks: usize,
}

impl RoundTargets {
    /// The round's own name space.
    pub(super) fn own(&self) -> &Names<Target> {
        &self.frames[0]
    }

    /// A name space.
    pub(super) fn frame(&self, frame: FrameIx) -> &Names<Target> {
        &self.frames[frame.index()]
    }

    /// The node at the end of a block.
    pub(super) fn exit(&self, block: BlockIx) -> TaskIx {
        TaskIx::new(self.tasks + 4 * block.index() + 3)
    }

    /// The blocks around something, outermost first, with the part of each that it stands in.
    pub(super) fn around(&self, home: Home) -> Vec<(BlockIx, Part)> {
        let mut around = Vec::new();
        let mut next = home.block;
        while let Some((block, part)) = next {
            around.push((block, part));
            next = self.blocks[block.index()].block;
        }
        around.reverse();
        around
    }

    /// What can be read as `tasks.ID` in a name space.
    pub(super) fn ids(&self, frame: FrameIx) -> IndexMap<String, TaskIx> {
        let names = self.frame(frame);
        let ids = names.ids().filter_map(|id| names.id(id).map(|named| (id, &named.what)));
        ids.filter(|(_, target)| target.kind != TargetKind::Group)
            .filter_map(|(id, target)| Some((id.to_owned(), *target.nodes.first()?)))
            .collect()
    }
}

impl Lower<'_> {
    /// Registers what can be named in a round.
    pub(super) fn targets(&mut self, outline: &Outline<'_>) -> RoundTargets {
        let frames = (0..outline.frames).map(|_| Names::new()).collect();
        let mut targets = RoundTargets { frames, blocks: outline.blocks.clone(), tasks: outline.homes.len() };
        for list in [&outline.tasks, &outline.handlers, &outline.finally] {
            self.register(list, outline, FrameIx::ROUND, &mut targets);
        }
        targets
    }

    fn register(&mut self, pieces: &[Piece<'_>], outline: &Outline<'_>, frame: FrameIx, targets: &mut RoundTargets) {
        let home_of = |covers: &Range<usize>| outline.homes.get(covers.start).copied().unwrap_or_default();
        for piece in pieces {
            let all = |covers: &Range<usize>| covers.clone().map(TaskIx::new).collect::<Vec<_>>();
            match piece {
                Piece::Task { task, ix } => {
                    let covers = ix.index()..ix.index() + 1;
                    let what = Target { kind: TargetKind::Task, nodes: vec![*ix], home: home_of(&covers), covers };
                    self.add(&task.common, task.span, what, frame, targets);
                }
                Piece::Parallel { group, covers, members } => {
                    self.register(members, outline, frame, targets);
                    // A block in the group ends at its gate, whatever of its tasks runs.
                    let mut nodes = Vec::new();
                    ends(members, targets, &mut nodes);
                    let what = Target {
                        kind: TargetKind::Group,
                        nodes: if nodes.is_empty() { all(covers) } else { nodes },
                        covers: covers.clone(),
                        home: home_of(covers),
                    };
                    self.add(&group.common, group.span, what, frame, targets);
                }
                Piece::Block { block, ix, covers, body, rescue, always } => {
                    let what = Target {
                        kind: TargetKind::Block,
                        nodes: vec![targets.exit(*ix)],
                        covers: covers.clone(),
                        home: outline.blocks[ix.index()],
                    };
                    self.add(&block.common, block.span, what, frame, targets);
                    for list in [body, rescue, always] {
                        self.register(list, outline, frame, targets);
                    }
                }
                Piece::Use { r#use, ix, frame: inner, covers, body, .. } => {
                    let what = Target {
                        kind: TargetKind::Block,
                        nodes: vec![targets.exit(*ix)],
                        covers: covers.clone(),
                        home: outline.blocks[ix.index()],
                    };
                    self.add(&r#use.common, r#use.span, what, frame, targets);
                    self.register(body, outline, *inner, targets);
                }
                Piece::Include { members, .. } => self.register(members, outline, frame, targets),
            }
        }
    }

    fn add(&mut self, common: &syntax::Common, span: crate::diag::Span, what: Target, frame: FrameIx, targets: &mut RoundTargets) {
        let place = ("task", if frame == FrameIx::ROUND { "round" } else { "action" });
        targets.frames[frame.index()].add((common.id.as_ref(), common.name.as_ref()), None, place, span, what, self.diagnostics);
    }
}

/// The nodes that one waits for who needs all of a list.
fn ends(pieces: &[Piece<'_>], targets: &RoundTargets, nodes: &mut Vec<TaskIx>) {
    for piece in pieces {
        match piece {
            Piece::Task { ix, .. } => nodes.push(*ix),
            Piece::Block { ix, .. } | Piece::Use { ix, .. } => nodes.push(targets.exit(*ix)),
            Piece::Parallel { members, .. } | Piece::Include { members, .. } => ends(members, targets, nodes),
        }
    }
}
