//! `needs` of tasks, groups and blocks, and `notify`: words to nodes.

use std::ops::Range;

use super::Lower;
use super::names::Found;
use super::targets::{RoundTargets, Target, TargetKind};
use crate::diag::{Diagnostic, SourceText};
use crate::model::{FrameIx, Home, Need, Needs, Notify, Section};
use crate::playbook::codes;

/// Who needs something.
pub(super) struct Needer<'a> {
    /// `a task`, `a group`, `a block`.
    pub(super) kind: TargetKind,
    pub(super) covers: Range<usize>,
    pub(super) home: Home,
    /// True for a member of a `parallel:` group.
    pub(super) parallel: bool,
    pub(super) targets: &'a RoundTargets,
}

impl Needer<'_> {
    fn is(&self, what: &Target) -> bool {
        let same_kind = what.kind == self.kind || what.kind == TargetKind::Group || self.kind == TargetKind::Group;
        what.covers == self.covers && same_kind && what.home == self.home
    }

    /// Says whether it could wait for `what`.
    fn may_need(&self, what: &Target) -> bool {
        !self.is(what)
            && !(within(&self.covers, &what.covers) && what.kind != TargetKind::Task)
            && !within(&what.covers, &self.covers)
            && order(self, what).is_none()
    }
}

fn within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    !inner.is_empty() && inner.start >= outer.start && inner.end <= outer.end
}

impl Lower<'_> {
    /// Binds what an entry waits for.
    pub(super) fn needs(&mut self, own: &Needer<'_>, needs: Option<&[SourceText]>) -> Needs {
        let Some(needs) = needs else {
            // A member of a group waits for what the group waits for, and for nothing else.
            return if own.parallel { Needs::These(Vec::new()) } else { Needs::Above };
        };
        let mut bound = Vec::with_capacity(needs.len());
        for word in needs {
            match self.need(own, word) {
                Ok(tasks) => bound.push(Need { tasks, span: word.span }),
                Err(found) => self.diagnostics.push(*found),
            }
        }
        Needs::These(bound)
    }

    fn need(&self, own: &Needer<'_>, word: &SourceText) -> Result<Vec<crate::model::TaskIx>, Box<Diagnostic>> {
        let names = own.targets.frame(own.home.frame);
        let error = |message: String| Diagnostic::error(codes::BAD_NEED, word.span, message);
        let named = match names.find(&word.text) {
            Found::One(named) => named,
            Found::NoId(named) => {
                let found = error(format!("the task `{}` has no id that `needs` could name", word.text));
                let found = found.and(named.span, "this name gives no id");
                return Err(Box::new(found.hint("give it one with `id:`, and name that".to_owned())));
            }
            Found::None => {
                let list = if own.home.frame == FrameIx::ROUND { "round" } else { "action" };
                let found = error(format!("there is no task `{}` in this {list}", word.text));
                return Err(Box::new(self.explain_need(own, word, found)));
            }
        };
        let what = &named.what;
        let found = if own.is(what) {
            error(format!("`{}` can't need itself", word.text))
        } else if within(&own.covers, &what.covers) && what.kind != TargetKind::Task {
            let thing = what.word().trim_start_matches("a ");
            error(format!("`{}` is the {thing} that this stands in", word.text))
                .and(named.span, format!("the {thing} starts before its members end"))
        } else if within(&what.covers, &own.covers) {
            let thing = if own.kind == TargetKind::Block { "block" } else { "group" };
            error(format!("a {thing} can't need its own member `{}`", word.text)).and(named.span, format!("a member of the {thing}"))
        } else if let Some(why) = order(own, what) {
            match why {
                Late::Section(Section::Handlers) => error(format!("`{}` is a handler, which runs after the tasks", word.text)),
                Late::Section(Section::Finally) => error(format!("`{}` stands in `finally`, which runs after the tasks", word.text)),
                Late::Section(Section::Tasks) => error("`finally` starts after all tasks".to_owned()).hint("leave it out".to_owned()),
                Late::Part => error(format!("`{}` stands in a part of the block that runs later", word.text)),
            }
            .and(named.span, "this one")
        } else {
            return Ok(what.nodes.clone());
        };
        Err(Box::new(found))
    }

    /// Says where the name stands, where it is not in this round.
    fn explain_need(&self, own: &Needer<'_>, word: &SourceText, found: Diagnostic) -> Diagnostic {
        if let Some(hint) = own.targets.frame(own.home.frame).suggest_of(&word.text, |what| own.may_need(what)) {
            return found.hint(hint);
        }
        if own.home.frame != FrameIx::ROUND {
            return found.note("an action's tasks wait for tasks of the action; `needs` at its `use` holds for all of it");
        }
        if let Found::One(named) = self.round_names.find(&word.text) {
            return found.and(named.span, "a round has that name").hint("write it into `needs` of the round".to_owned());
        }
        for round in self.targets.iter() {
            if let Found::One(named) = round.own().find(&word.text) {
                return found
                    .and(named.span, "a task of another round")
                    .note("tasks wait for tasks of their own round; rounds wait for rounds");
            }
        }
        found
    }

    /// Binds `notify`.
    pub(super) fn notify(&mut self, words: &[SourceText], home: Home, targets: &RoundTargets) -> Vec<Notify> {
        if let (Some(first), true) = (words.first(), home.frame != FrameIx::ROUND) {
            let found = Diagnostic::error(codes::UNKNOWN_HANDLER, first.span, "an action has no handlers to notify");
            self.diagnostics.push(found.hint("write `notify` where the action is used; it holds for all its tasks".to_owned()));
            return Vec::new();
        }
        if let (Some(first), Section::Finally) = (words.first(), home.section) {
            let found = Diagnostic::error(codes::CONFLICT, first.span, "`notify` in `finally`, where the handlers have run");
            self.diagnostics.push(found.hint("write what is to be done into `finally` itself".to_owned()));
            return Vec::new();
        }
        let mut bound: Vec<Notify> = Vec::with_capacity(words.len());
        for word in words {
            let error = |message: String| Diagnostic::error(codes::UNKNOWN_HANDLER, word.span, message);
            let names = targets.own();
            let found = match names.find(&word.text) {
                Found::One(named) | Found::NoId(named) if named.what.home.section != Section::Handlers => {
                    error(format!("`{}` is no handler", word.text))
                        .and(named.span, format!("{} of the round", named.what.word()))
                        .hint("write it in `handlers:` of the round".to_owned())
                }
                Found::One(named) | Found::NoId(named) => {
                    if let Some(handler) = named.what.nodes.first()
                        && !bound.iter().any(|other| other.handler == *handler)
                    {
                        bound.push(Notify { handler: *handler, span: word.span });
                    }
                    continue;
                }
                Found::None => {
                    let handlers: Vec<&str> = names.of(|target| target.home.section == Section::Handlers).collect();
                    let near = crate::text::did_you_mean(&word.text, handlers.iter().copied());
                    let hint = match near {
                        None if handlers.is_empty() => Some("write it in `handlers:` of the round".to_owned()),
                        None => Some(format!("the handlers of the round: {}", handlers.join(", "))),
                        near => near,
                    };
                    error(format!("the round has no handler `{}`", word.text)).hint(hint)
                }
            };
            self.diagnostics.push(found);
        }
        bound
    }
}

/// Why a need can't be met in the order of lists.
enum Late {
    /// It stands in this list of the round.
    Section(Section),
    /// It stands in a later part of the same block.
    Part,
}

fn order(own: &Needer<'_>, what: &Target) -> Option<Late> {
    if own.home.section != what.home.section {
        return Some(Late::Section(what.home.section));
    }
    let (mine, other) = (own.targets.around(own.home), own.targets.around(what.home));
    let ((_, mine), (_, other)) = mine.iter().zip(&other).find(|(mine, other)| mine.0 == other.0 && mine.1 != other.1)?;
    let rank = |part: &crate::model::Part| *part as u8;
    (rank(other) > rank(mine)).then_some(Late::Part)
}
