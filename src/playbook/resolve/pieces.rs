//! Lists of tasks: groups, blocks and actions lowered, with what holds inside of them.

use std::sync::Arc;

use super::Lower;
use super::expand::Piece;
use super::names::id_of;
use super::needs::Needer;
use super::targets::{RoundTargets, TargetKind};
use super::tasks::Settings;
use crate::diag::{Diagnostic, Span};
use crate::model::{
    Become, Block, BlockItem, Frame, FrameIx, Group, Home, Item, Layer, Notify, Origin, Part, Section, Task, TaskIx, Template,
};
use crate::playbook::{codes, syntax};

/// What holds around a task.
#[derive(Clone, Default)]
pub(super) struct Outside {
    pub(super) when: Vec<Template>,
    pub(super) layers: Vec<Arc<Layer>>,
    pub(super) env: Vec<(String, Template)>,
    pub(super) cwd: Option<Template>,
    pub(super) r#become: Option<Become>,
    /// Of the group around.
    pub(super) allow_failure: Option<bool>,
    /// The round's `read_only`.
    pub(super) read_only: Option<Span>,
    /// The `durable` of the block around.
    pub(super) durable: bool,
    /// True in a `parallel:` group.
    pub(super) parallel: bool,
    pub(super) tags: Vec<String>,
    /// Of the actions around.
    pub(super) notify: Vec<Notify>,
    /// `defaults`.
    pub(super) settings: Settings,
}

/// What lowering a round collects.
pub(super) struct Lists<'a> {
    pub(super) targets: &'a RoundTargets,
    pub(super) tasks: Vec<Task>,
    pub(super) blocks: Vec<Block>,
    pub(super) frames: Vec<Frame>,
}

impl<'a> Lists<'a> {
    pub(super) fn new(targets: &'a RoundTargets) -> Lists<'a> {
        let own = Frame { ids: targets.ids(FrameIx::ROUND), ..Frame::default() };
        Lists { targets, tasks: Vec::new(), blocks: Vec::new(), frames: vec![own] }
    }
}

impl Lower<'_> {
    pub(super) fn items(&mut self, pieces: &[Piece<'_>], outside: &Outside, home: Home, lists: &mut Lists<'_>) -> Vec<Item> {
        let mut items = Vec::with_capacity(pieces.len());
        for piece in pieces {
            self.item(piece, outside, home, lists, &mut items);
        }
        items
    }

    fn item(&mut self, piece: &Piece<'_>, outside: &Outside, home: Home, lists: &mut Lists<'_>, items: &mut Vec<Item>) {
        let targets = lists.targets;
        let needer = |kind, covers| Needer { kind, covers, home, parallel: outside.parallel, targets };
        match piece {
            Piece::Task { task, ix } => {
                let covers = ix.index()..ix.index() + 1;
                let needs = match home.section {
                    Section::Handlers => crate::model::Needs::Above,
                    _ => self.needs(&needer(TargetKind::Task, covers), task.common.needs.as_deref()),
                };
                let task = self.task(task, outside, home, targets);
                if home.section == Section::Handlers {
                    self.notifies_below(&task, *ix);
                }
                lists.tasks.push(task);
                items.push(Item::Task(*ix, needs));
            }
            Piece::Parallel { group, covers, members } => {
                let inside = self.in_group(group, outside);
                let members = self.items(members, &inside, home, lists);
                let needs = self.needs(&needer(TargetKind::Group, covers.clone()), group.common.needs.as_deref());
                let id = id_of(group.common.id.as_ref(), group.common.name.as_ref());
                items.push(Item::Parallel(Group { id, span: group.span, needs, members }));
            }
            Piece::Block { block, ix, covers, body, rescue, always } => {
                let needs = self.needs(&needer(TargetKind::Block, covers.clone()), block.common.needs.as_deref());
                let head = Head { common: &block.common, flow: &block.flow, allow_failure: block.allow_failure };
                let mut made = self.block_head(&head, block.span, outside, home, "block");
                (made.rescue, made.always) = (block.rescue.is_some(), block.always.is_some());
                let inside = self.in_block(&head, outside, made.layers.clone(), Vec::new());
                lists.blocks.push(made);
                let part = |part| Home { block: Some((*ix, part)), ..home };
                let body = self.items(body, &inside, part(Part::Body), lists);
                let rescue = self.items(rescue, &inside, part(Part::Rescue), lists);
                let always = self.items(always, &inside, part(Part::Always), lists);
                items.push(Item::Block(BlockItem { block: *ix, needs, body, rescue, always }));
            }
            Piece::Use { r#use, action, ix, frame, covers, body } => {
                let needs = self.needs(&needer(TargetKind::Block, covers.clone()), r#use.common.needs.as_deref());
                let head = Head { common: &r#use.common, flow: &r#use.flow, allow_failure: r#use.allow_failure };
                let name = self.action_name(r#use, *action);
                let mut made = self.block_head(&head, r#use.span, outside, home, &name);
                made.frame = Some(*frame);
                let mut notify = outside.notify.clone();
                for more in self.notify(&r#use.flow.notify, home, targets) {
                    if !notify.contains(&more) {
                        notify.push(more);
                    }
                }
                // An action sees nothing of the caller's variables.
                let mut inside = self.in_block(&head, outside, Vec::new(), notify);
                let mut inputs = self.given_inputs(r#use, *action);
                self.hand_in(&mut inside, &mut inputs);
                let made_frame = Frame { block: Some(*ix), name, inputs, outputs: self.outputs(*action), ids: targets.ids(*frame) };
                lists.blocks.push(made);
                lists.frames.push(made_frame);
                let body = self.items(body, &inside, Home { section: home.section, block: Some((*ix, Part::Body)), frame: *frame }, lists);
                items.push(Item::Block(BlockItem { block: *ix, needs, body, rescue: Vec::new(), always: Vec::new() }));
            }
            Piece::Include { vars, members } => {
                let mut inside = outside.clone();
                inside.layers.extend(self.layer(Origin::Task, vars));
                let members = self.items(members, &inside, home, lists);
                items.extend(members);
            }
        }
    }

    /// Handlers run once, in the order written: tells of one that notifies what had its turn.
    fn notifies_below(&mut self, handler: &Task, own: TaskIx) {
        if let Some(notify) = handler.flow.notify.iter().find(|notify| notify.handler <= own) {
            let found = Diagnostic::error(codes::CONFLICT, notify.span, "a handler can only notify handlers that stand below it");
            self.diagnostics.push(found.hint("handlers run in the order written; move this one up".to_owned()));
        }
    }

    fn in_group(&mut self, group: &syntax::Group, outside: &Outside) -> Outside {
        let mut inside = outside.clone();
        inside.parallel = true;
        inside.when.extend(group.common.when.as_ref().map(|when| self.condition(when, "`when`")));
        inside.layers.extend(self.layer(Origin::Task, &group.common.vars));
        inside.env.extend(self.env(&group.common.env));
        inside.r#become = self.r#become(group.common.r#become.as_ref(), outside.r#become.as_ref());
        inside.allow_failure = group.allow_failure.or(outside.allow_failure);
        inside.tags = tags(&outside.tags, &group.tags);
        inside
    }

    /// What holds inside a block: conditions, repetition and leniency stay at the block itself.
    fn in_block(&mut self, head: &Head<'_>, outside: &Outside, layers: Vec<Arc<Layer>>, notify: Vec<Notify>) -> Outside {
        let mut env = outside.env.clone();
        env.extend(self.env(&head.common.env));
        Outside {
            when: Vec::new(),
            layers,
            env,
            cwd: outside.cwd.clone(),
            r#become: self.r#become(head.common.r#become.as_ref(), outside.r#become.as_ref()),
            allow_failure: None,
            read_only: outside.read_only,
            durable: head.flow.durable.map_or(outside.durable, |(_, durable)| durable),
            parallel: false,
            tags: tags(&outside.tags, &head.flow.tags),
            notify: if notify.is_empty() { outside.notify.clone() } else { notify },
            settings: outside.settings.clone(),
        }
    }

    fn block_head(&mut self, head: &Head<'_>, span: Span, outside: &Outside, home: Home, name: &str) -> Block {
        let mut when = outside.when.clone();
        when.extend(head.common.when.as_ref().map(|when| self.condition(when, "`when`")));
        let mut layers = outside.layers.clone();
        layers.extend(self.layer(Origin::Task, &head.common.vars));
        Block {
            id: id_of(head.common.id.as_ref(), head.common.name.as_ref()),
            name: head.common.name.as_ref().map_or_else(|| name.to_owned(), |name| name.text.clone()),
            span,
            home,
            when,
            layers,
            each: self.each(head.flow.each.as_ref()),
            retry: self.retry(&head.flow.retry, &syntax::Retry::default()),
            allow_failure: head.allow_failure.or(outside.allow_failure).unwrap_or(false),
            rescue: false,
            always: false,
            frame: None,
            reads: Vec::new(),
        }
    }
}

/// What `block:` and `use:` have in common.
struct Head<'s> {
    common: &'s syntax::Common,
    flow: &'s syntax::Flow,
    allow_failure: Option<bool>,
}

/// Tags of something and all around it, each once.
pub(super) fn tags(outside: &[String], own: &[crate::diag::SourceText]) -> Vec<String> {
    let mut tags = outside.to_vec();
    for tag in own {
        if !tags.contains(&tag.text) {
            tags.push(tag.text.clone());
        }
    }
    tags
}
