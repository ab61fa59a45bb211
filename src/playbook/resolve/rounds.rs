//! Rounds: ids, hosts, what they wait for.

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::expand::{Expander, Outline, RoundPiece};
use super::names::Found;
use super::pieces::{Lists, Outside, tags};
use super::tasks::Settings;
use super::{Lower, facts};
use crate::diag::{Diagnostic, SourceText};
use crate::model::{ChosenGroup, Home, Item, Layer, Origin, Round, RoundIx, RoundNeed, RoundNeeds, Section};
use crate::playbook::syntax::{File, Syntax, Var};
use crate::playbook::{codes, syntax};

impl Lower<'_> {
    pub(super) fn rounds(&mut self, syntax: &Syntax, groups: &IndexMap<String, ChosenGroup>) -> Vec<Round> {
        let mut expander = Expander::new(self.map, &syntax.parts, self.diagnostics);
        let mut pieces = expander.rounds(&syntax.main.rounds, &[]);
        let gathers = |(index, piece): (usize, &RoundPiece<'_>)| Some(facts::with_task(piece.round, self.gathering.get(&index)?));
        let with_facts: Vec<Option<syntax::Round>> = pieces.iter().enumerate().map(gathers).collect();
        for (piece, own) in pieces.iter_mut().zip(&with_facts) {
            piece.round = own.as_ref().unwrap_or(piece.round);
        }
        let outlines: Vec<Outline<'_>> = pieces.iter().map(|piece| expander.round(piece.round)).collect();
        let mut ids = Vec::with_capacity(pieces.len());
        let mut targets = Vec::with_capacity(pieces.len());
        for (index, (RoundPiece { round, .. }, outline)) in pieces.iter().zip(&outlines).enumerate() {
            let fallback = format!("round_{}", index + 1);
            let written = (round.common.id.as_ref(), round.common.name.as_ref());
            let what = ("round", "playbook");
            let id = self.round_names.add(written, Some(fallback.clone()), what, round.span, RoundIx::new(index), self.diagnostics);
            ids.push(id.unwrap_or(fallback));
            targets.push(self.targets(outline));
        }
        self.targets = Rc::new(targets);
        let mut rounds = Vec::with_capacity(pieces.len());
        for (index, ((piece, outline), id)) in pieces.iter().zip(&outlines).zip(ids).enumerate() {
            rounds.push(self.round((RoundIx::new(index), id), piece, outline, &syntax.main, groups));
        }
        rounds
    }

    fn round(
        &mut self,
        (index, id): (RoundIx, String),
        piece: &RoundPiece<'_>,
        outline: &Outline<'_>,
        main: &File,
        groups: &IndexMap<String, ChosenGroup>,
    ) -> Round {
        let round = piece.round;
        let outside = self.around_round(round, main);
        let targets = Rc::clone(&self.targets);
        let mut lists = Lists::new(&targets[index.index()]);
        let home = |section| Home { section, ..Home::default() };
        let items = self.items(&outline.tasks, &outside, home(Section::Tasks), &mut lists);
        let handlers = self.items(&outline.handlers, &outside, home(Section::Handlers), &mut lists);
        let finally = self.items(&outline.finally, &outside, home(Section::Finally), &mut lists);
        let (tasks, blocks, frames) = (lists.tasks, lists.blocks, lists.frames);
        let (hosts, chosen) = self.round_hosts(&round.hosts, groups);
        let mut needs = self.round_needs(index, round.common.needs.as_deref());
        if let (Some(chosen), Some(text)) = (&chosen, round.hosts.first()) {
            self.needs_of_groups(chosen, groups, text, &mut needs);
        }
        let connect = self.connect(main.connect.as_ref(), round.connect.as_ref());
        if let Some(patch) = &connect {
            self.check_places(patch, &hosts, round.hosts.first().map_or(round.span, |text| text.span));
        }
        let mut flow = self.round_flow(&round.flow, &hosts);
        flow.chosen = chosen;
        Round {
            name: round.common.name.as_ref().map_or_else(|| id.clone(), |name| name.text.clone()),
            id,
            span: round.span,
            hosts,
            hosts_text: round.hosts.iter().map(|text| text.text.as_str()).collect::<Vec<_>>().join(", "),
            hosts_span: round.hosts.first().map(|text| text.span),
            needs,
            after: round.after,
            when: round.common.when.as_ref().map(|when| self.condition(when, "`when`")),
            vars: self.round_vars(&piece.vars, &round.common.vars),
            connect,
            tasks,
            items,
            handlers: handlers.iter().filter_map(|item| if let Item::Task(task, _) = item { Some(*task) } else { None }).collect(),
            finally,
            blocks,
            frames,
            max_parallel: round.max_parallel,
            flow,
        }
    }

    /// The playbook's `defaults`, the round's, and what the round says itself.
    fn around_round(&mut self, round: &syntax::Round, main: &File) -> Outside {
        let mut outside = Outside { read_only: round.read_only, tags: tags(&[], &round.tags), ..Outside::default() };
        let settings = Settings::default();
        outside.settings = settings.with(&main.defaults).with(&round.defaults);
        let own = (&round.common.env, round.cwd.as_ref(), round.common.r#become.as_ref());
        let of = |defaults: &'_ syntax::Defaults| (defaults.env.clone(), defaults.cwd.clone(), defaults.r#become.clone());
        for (env, cwd, r#become) in [of(&main.defaults), of(&round.defaults), (own.0.clone(), own.1.cloned(), own.2.cloned())] {
            outside.env.extend(self.env(&env));
            outside.cwd = cwd.map(|cwd| self.text(&cwd)).or(outside.cwd);
            outside.r#become = self.r#become(r#become.as_ref(), outside.r#become.as_ref());
        }
        outside
    }

    /// A round's variables, over those that its `include` gives.
    fn round_vars(&mut self, included: &[&[Var]], own: &[Var]) -> Option<Arc<Layer>> {
        if included.iter().all(|vars| vars.is_empty()) {
            return self.layer(Origin::Round, own);
        }
        let mut vars = IndexMap::new();
        for layer in included.iter().copied().chain([own]) {
            vars.extend(self.vars(layer));
        }
        Some(Arc::new(Layer { origin: Origin::Round, vars }))
    }

    fn round_needs(&mut self, own: RoundIx, needs: Option<&[SourceText]>) -> RoundNeeds {
        let Some(needs) = needs else { return RoundNeeds { above: own.index(), named: Vec::new() } };
        let mut bound = RoundNeeds::default();
        for word in needs {
            let found = match self.round_names.find(&word.text) {
                Found::One(named) if named.what == own => Diagnostic::error(codes::BAD_NEED, word.span, "a round can't need itself"),
                // A round always has an id, so that a name alone never fails.
                Found::One(named) | Found::NoId(named) => {
                    bound.add(RoundNeed { round: named.what, span: word.span });
                    continue;
                }
                Found::None => {
                    let found = Diagnostic::error(codes::BAD_NEED, word.span, format!("there is no round `{}`", word.text));
                    found.hint(self.round_names.suggest(&word.text))
                }
            };
            self.diagnostics.push(found);
        }
        bound
    }
}
