//! Which items a task or block goes through, as far as that is known before the run: those of the blocks around it, one
//! after the other, and its own.
//!
//! Knows conditions and `each` of blocks, not what is done with a pass. Where an `each` is known only later, its item
//! stays unknown and one pass stands for all.

use std::sync::Arc;

use super::item::{item_label, items};
use super::prepare::holds;
use super::results::ItemView;
use super::scope::{Given, Local, Scope};
use super::sight::Sight;
use super::world::World;
use crate::event::Redactor;
use crate::model::{Each, HostIx};
use crate::template::{Engine, RenderError, Root};

/// One time that something would run.
#[derive(Debug, Clone, Default)]
pub(super) struct Pass {
    given: Arc<Given>,
    own: Option<Arc<ItemView>>,
    /// True where its own item is known only later.
    own_later: bool,
    /// Its items in a few words, outermost first.
    pub(super) labels: Vec<String>,
    /// The condition of a block around that does not hold, as written.
    pub(super) skipped_by: Option<String>,
    /// What conditions and items wait for.
    pub(super) waits: Vec<String>,
}

impl Pass {
    /// The scope of what runs in it.
    pub(super) fn scope(&self, world: &Arc<World>, host: HostIx, sight: Sight) -> Root {
        let local = Local { item: self.own.clone(), result: None };
        let given = Arc::clone(&self.given);
        Arc::new(Scope { local, item_later: self.own_later, given, ..Scope::new(world, host, sight) })
    }

    fn note(&mut self, steps: Vec<String>) {
        for step in steps {
            if !self.waits.contains(&step) {
                self.waits.push(step);
            }
        }
    }
}

/// All passes of a task or block on a host, none where a list is empty.
#[derive(Debug, Default)]
pub(super) struct Passes {
    pub(super) all: Vec<Pass>,
    /// The names of the items that it goes through, known or not.
    pub(super) names: Vec<String>,
}

impl Passes {
    /// The pass in which no item is known: it shows what all have in common.
    pub(super) fn common(&self) -> Pass {
        Pass { own_later: true, ..Pass::default() }
    }

    /// Says whether there are items, all of them known.
    pub(super) fn are_known(&self) -> bool {
        !self.names.is_empty() && self.all.iter().all(|pass| pass.skipped_by.is_some() || pass.labels.len() == self.names.len())
    }
}

/// Finds the passes of what stands at a place; of a task its own items are among them.
pub(super) fn passes(world: &Arc<World>, engine: &Engine, host: HostIx, sight: Sight) -> Result<Passes, RenderError> {
    let mut around = Vec::new();
    let mut next = Some(sight);
    while let Some((sight, round)) = next.and_then(|sight| Some((sight, sight.round()?))) {
        around.extend(sight.around(world).into_iter().map(|(block, _)| (round, block)));
        next = sight.caller(world);
    }
    let mut passes = Passes { all: vec![Pass::default()], names: Vec::new() };
    for (round, block) in around.into_iter().rev() {
        let entry = &world.playbook.round(round).blocks[block.index()];
        passes.names.extend(entry.each.iter().map(|each| each.name.clone()));
        let mut all = Vec::new();
        for pass in passes.all {
            let place = |own| Sight::Block { round, block, own };
            for (mut pass, item) in through(entry.each.as_ref(), pass, engine, |pass| pass.scope(world, host, place(false)))? {
                if let Some(item) = item {
                    let given = pass.given.iter().cloned().chain([((round, block), item)]).collect();
                    pass.given = Arc::new(given);
                }
                if pass.skipped_by.is_none() {
                    match holds(&entry.when, engine, &pass.scope(world, host, place(true))) {
                        Ok(condition) => pass.skipped_by = condition.map(|condition| condition.source.text.trim().to_owned()),
                        Err(RenderError::Pending(steps)) => pass.note(steps),
                        Err(failed) => return Err(failed),
                    }
                }
                all.push(pass);
            }
        }
        passes.all = all;
    }
    if let Sight::Task(round, task) = sight {
        let each = world.playbook.task(round, task).flow.each.as_ref();
        passes.names.extend(each.map(|each| each.name.clone()));
        let mut all = Vec::new();
        for pass in passes.all {
            for (mut pass, item) in through(each, pass, engine, |pass| pass.scope(world, host, sight))? {
                pass.own_later = each.is_some() && item.is_none();
                pass.own = item;
                all.push(pass);
            }
        }
        passes.all = all;
    }
    Ok(passes)
}

/// A pass, with the item that an `each` put to it.
type WithItem = (Pass, Option<Arc<ItemView>>);

/// The passes that an `each` makes of one.
fn through(each: Option<&Each>, mut pass: Pass, engine: &Engine, scope: impl FnOnce(&Pass) -> Root) -> Result<Vec<WithItem>, RenderError> {
    let Some(each) = each.filter(|_| pass.skipped_by.is_none()) else { return Ok(vec![(pass, None)]) };
    match items(each, engine, &scope(&pass)) {
        Ok(list) => Ok(ItemView::all(&each.name, list)
            .into_iter()
            .map(|item| {
                let mut pass = pass.clone();
                pass.labels.push(item_label(&item.value, &Redactor::default()));
                (pass, Some(item))
            })
            .collect()),
        Err(RenderError::Pending(steps)) => {
            pass.note(steps);
            Ok(vec![(pass, None)])
        }
        Err(failed) => Err(failed),
    }
}
