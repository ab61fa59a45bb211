//! Rounds: ids, hosts, what they wait for.

use super::Lower;
use super::names::{Found, Names};
use crate::diag::{Diagnostic, SourceText};
use crate::model::{Context, Frame, Origin, Round, RoundFlow, RoundIx, RoundNeed};
use crate::playbook::{codes, syntax};

impl Lower<'_> {
    pub(super) fn rounds(&mut self, rounds: &[syntax::Round]) -> Vec<Round> {
        let mut ids = Vec::with_capacity(rounds.len());
        for (index, round) in rounds.iter().enumerate() {
            let fallback = format!("round_{}", index + 1);
            let written = (round.common.id.as_ref(), round.common.name.as_ref());
            let what = ("round", "playbook");
            let id = self.round_names.add(written, Some(fallback.clone()), what, round.span, RoundIx::new(index), self.diagnostics);
            ids.push(id.unwrap_or(fallback));
            let mut names = Names::new();
            self.name_entries(&round.entries, &mut 0, &mut names);
            self.task_names.push(names);
        }
        rounds.iter().zip(ids).enumerate().map(|(index, (round, id))| self.round(RoundIx::new(index), round, id)).collect()
    }

    fn round(&mut self, index: RoundIx, round: &syntax::Round, id: String) -> Round {
        let (tasks, items) = self.tasks(index, round);
        Round {
            name: round.common.name.as_ref().map_or_else(|| id.clone(), |name| name.text.clone()),
            id,
            span: round.span,
            hosts: self.hosts(&round.hosts),
            hosts_text: round.hosts.iter().map(|text| text.text.as_str()).collect::<Vec<_>>().join(", "),
            hosts_span: round.hosts.first().map(|text| text.span),
            needs: self.round_needs(index, round.common.needs.as_deref()),
            after: round.after,
            when: round.common.when.as_ref().map(|when| self.template(when, Context::Expression)),
            vars: self.layer(Origin::Round, &round.common.vars),
            connect: self.connect(round.connect.as_ref()),
            tasks,
            items,
            max_parallel: round.max_parallel,
            handlers: Vec::new(),
            finally: Vec::new(),
            blocks: Vec::new(),
            frames: vec![Frame::default()],
            flow: RoundFlow::default(),
        }
    }

    fn round_needs(&mut self, own: RoundIx, needs: Option<&[SourceText]>) -> Vec<RoundNeed> {
        let Some(needs) = needs else {
            return (0..own.index()).map(|above| RoundNeed { round: RoundIx::new(above), span: None }).collect();
        };
        let mut bound: Vec<RoundNeed> = Vec::with_capacity(needs.len());
        for word in needs {
            let found = match self.round_names.find(&word.text) {
                Found::One(named) if named.what == own => Diagnostic::error(codes::BAD_NEED, word.span, "a round can't need itself"),
                // A round always has an id, so that a name alone never fails.
                Found::One(named) | Found::NoId(named) => {
                    if !bound.iter().any(|need| need.round == named.what) {
                        bound.push(RoundNeed { round: named.what, span: Some(word.span) });
                    }
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
