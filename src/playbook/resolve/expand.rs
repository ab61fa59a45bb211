//! Included files and actions put where they are named, and everything numbered: tasks, blocks, name spaces.
//!
//! Works on what is written, before anything is bound, so that names written further down have their numbers already.

use std::ops::Range;
use std::path::PathBuf;

use crate::diag::{Diagnostic, Diagnostics, SourceMap, SourceText, Span};
use crate::model::{BlockIx, FrameIx, Home, Part, Section, TaskIx};
use crate::playbook::codes;
use crate::playbook::syntax::{self, Block, Entry, File, Group, Parts, Role, RoundEntry, Use, Var, path_of};

/// An entry of a list, numbered.
pub(super) enum Piece<'s> {
    Task {
        task: &'s syntax::Task,
        ix: TaskIx,
    },
    Parallel {
        group: &'s Group,
        /// The tasks inside.
        covers: Range<usize>,
        members: Vec<Piece<'s>>,
    },
    Block {
        block: &'s Block,
        ix: BlockIx,
        covers: Range<usize>,
        body: Vec<Piece<'s>>,
        rescue: Vec<Piece<'s>>,
        always: Vec<Piece<'s>>,
    },
    Use {
        r#use: &'s Use,
        /// None where it could not be read, which was told.
        action: Option<&'s File>,
        ix: BlockIx,
        frame: FrameIx,
        covers: Range<usize>,
        body: Vec<Piece<'s>>,
    },
    Include {
        vars: &'s [Var],
        members: Vec<Piece<'s>>,
    },
}

/// The lists of a round, numbered.
#[derive(Default)]
pub(super) struct Outline<'s> {
    pub(super) tasks: Vec<Piece<'s>>,
    pub(super) handlers: Vec<Piece<'s>>,
    pub(super) finally: Vec<Piece<'s>>,
    /// Where each task stands.
    pub(super) homes: Vec<Home>,
    /// Where each block stands.
    pub(super) blocks: Vec<Home>,
    /// How many name spaces there are.
    pub(super) frames: u32,
}

/// A round with the `vars` of what includes it, outermost first.
pub(super) struct RoundPiece<'s> {
    pub(super) round: &'s syntax::Round,
    pub(super) vars: Vec<&'s [Var]>,
}

/// Puts files where they are named.
pub(super) struct Expander<'s, 'd> {
    pub(super) map: &'s SourceMap,
    pub(super) parts: &'s Parts,
    pub(super) diagnostics: &'d mut Diagnostics,
    /// The files that are open, with the places that named them.
    stack: Vec<(PathBuf, Role, Span)>,
    /// How many files were put somewhere so far.
    opened: usize,
}

/// The most files that are put somewhere: files that take in others twice grow without measure.
const MOST: usize = 10_000;

impl<'s, 'd> Expander<'s, 'd> {
    pub(super) fn new(map: &'s SourceMap, parts: &'s Parts, diagnostics: &'d mut Diagnostics) -> Expander<'s, 'd> {
        Expander { map, parts, diagnostics, stack: Vec::new(), opened: 0 }
    }

    /// All rounds, those of included files where they are named.
    pub(super) fn rounds(&mut self, entries: &'s [RoundEntry], vars: &[&'s [Var]]) -> Vec<RoundPiece<'s>> {
        let mut rounds = Vec::new();
        for entry in entries {
            match entry {
                RoundEntry::Round(round) => rounds.push(RoundPiece { round, vars: vars.to_vec() }),
                RoundEntry::Include(include) => {
                    let Some(file) = self.open(&include.file, Role::Rounds) else { continue };
                    let vars: Vec<&'s [Var]> = vars.iter().copied().chain([include.vars.as_slice()]).collect();
                    rounds.extend(self.rounds(&file.rounds, &vars));
                    self.stack.pop();
                }
            }
        }
        rounds
    }

    /// The lists of a round.
    pub(super) fn round(&mut self, round: &'s syntax::Round) -> Outline<'s> {
        let mut outline = Outline { frames: 1, ..Outline::default() };
        let home = |section| Home { section, ..Home::default() };
        outline.tasks = self.list(&round.entries, home(Section::Tasks), &mut outline);
        outline.handlers = self.list(&round.handlers, home(Section::Handlers), &mut outline);
        outline.finally = self.list(&round.finally, home(Section::Finally), &mut outline);
        outline
    }

    /// Opens a file, to be closed by a pop of the stack; tells of one that leads back to itself.
    fn open(&mut self, name: &SourceText, role: Role) -> Option<&'s File> {
        let path = path_of(self.map, name);
        if let Some(at) = self.stack.iter().position(|(open, of, _)| *open == path && *of == role) {
            let word = if role == Role::Action { "uses" } else { "includes" };
            let mut found = Diagnostic::error(codes::RECURSION, name.span, format!("`{}` {word} itself", name.text));
            for (_, _, span) in self.stack[at..].iter().filter(|(_, _, span)| *span != name.span) {
                found = found.and(*span, format!("`{}` is named here", self.map.text(*span).trim_matches(['"', '\''])));
            }
            self.diagnostics.push(found);
            return None;
        }
        self.opened += 1;
        if self.opened > MOST {
            if self.opened == MOST + 1 {
                let message = format!("more than {MOST} files are included and used");
                self.diagnostics.push(Diagnostic::error(codes::TOO_MANY, name.span, message).label("the first one too many"));
            }
            return None;
        }
        let Some(part) = self.parts.get(&(path.clone(), role)) else {
            self.diagnostics.push(Diagnostic::error(codes::NO_FILE, name.span, format!("the file `{}` was not given", name.text)));
            return None;
        };
        self.stack.push((path, role, name.span));
        if part.is_none() {
            self.stack.pop();
        }
        part.as_ref()
    }

    fn list(&mut self, entries: &'s [Entry], home: Home, outline: &mut Outline<'s>) -> Vec<Piece<'s>> {
        entries.iter().filter_map(|entry| self.entry(entry, home, outline)).collect()
    }

    fn entry(&mut self, entry: &'s Entry, home: Home, outline: &mut Outline<'s>) -> Option<Piece<'s>> {
        if home.section == Section::Handlers {
            self.plain(entry)?;
        }
        let first = outline.homes.len();
        Some(match entry {
            Entry::Task(task) => {
                self.flush(task, home);
                outline.homes.push(home);
                Piece::Task { task, ix: TaskIx::new(first) }
            }
            Entry::Parallel(group) => {
                let members = self.list(&group.entries, home, outline);
                Piece::Parallel { group, covers: first..outline.homes.len(), members }
            }
            Entry::Block(block) => {
                let ix = outline.block(home);
                let inside = |part| Home { block: Some((ix, part)), ..home };
                let body = self.list(&block.body, inside(Part::Body), outline);
                let rescue = block.rescue.as_ref().map(|list| self.list(list, inside(Part::Rescue), outline)).unwrap_or_default();
                let always = block.always.as_ref().map(|list| self.list(list, inside(Part::Always), outline)).unwrap_or_default();
                Piece::Block { block, ix, covers: first..outline.homes.len(), body, rescue, always }
            }
            Entry::Use(r#use) => {
                let ix = outline.block(home);
                let frame = FrameIx(outline.frames);
                outline.frames += 1;
                let action = self.open(&r#use.file, Role::Action);
                let inside = Home { section: home.section, block: Some((ix, Part::Body)), frame };
                let body = action.map(|action| self.list(&action.entries, inside, outline)).unwrap_or_default();
                if action.is_some() {
                    self.stack.pop();
                }
                Piece::Use { r#use, action, ix, frame, covers: first..outline.homes.len(), body }
            }
            Entry::Include(include) => {
                let file = self.open(&include.file, Role::Tasks)?;
                let members = self.list(&file.entries, home, outline);
                self.stack.pop();
                Piece::Include { vars: &include.vars, members }
            }
        })
    }

    /// Handlers are plain tasks: tells of what can't be one.
    fn plain(&mut self, entry: &Entry) -> Option<()> {
        let (span, what) = match entry {
            Entry::Include(_) => return Some(()),
            Entry::Task(task) => {
                if let Some(needs) = &task.common.needs {
                    let place = needs.first().map_or(task.span, |need| need.span);
                    let found = Diagnostic::error(codes::CONFLICT, place, "a handler can't have `needs`");
                    self.diagnostics.push(found.hint("handlers run in the order written, each when it was notified".to_owned()));
                }
                return Some(());
            }
            Entry::Parallel(group) => (group.span, "a group"),
            Entry::Block(block) => (block.span, "a block"),
            Entry::Use(r#use) => (r#use.span, "an action"),
        };
        let found = Diagnostic::error(codes::CONFLICT, span, format!("a handler can't be {what}"));
        self.diagnostics.push(found.hint("a handler is one task; write several, and notify all of them".to_owned()));
        None
    }

    fn flush(&mut self, task: &syntax::Task, home: Home) {
        if !matches!(task.verb, syntax::Verb::Flush) || home.section == Section::Tasks {
            return;
        }
        let (message, hint) = match home.section {
            Section::Handlers => ("a handler can't flush handlers", "handlers run in the order written"),
            _ => ("`flush` in `finally`, where all handlers have run", "leave it out"),
        };
        self.diagnostics.push(Diagnostic::error(codes::CONFLICT, task.verb_key.1, message).hint(hint.to_owned()));
    }
}

impl Outline<'_> {
    fn block(&mut self, home: Home) -> BlockIx {
        self.blocks.push(home);
        BlockIx(u32::try_from(self.blocks.len() - 1).unwrap_or(u32::MAX))
    }
}
