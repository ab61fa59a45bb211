//! `needs` of tasks and groups: words to tasks.

use super::Lower;
use super::names::Found;
use crate::diag::{Diagnostic, SourceText};
use crate::model::{Need, Needs, RoundIx, TaskIx};
use crate::playbook::codes;

impl Lower<'_> {
    /// Binds what an entry waits for; `own` are the tasks of the entry itself.
    pub(super) fn needs(&mut self, round: RoundIx, own: &[TaskIx], needs: Option<&[SourceText]>, parallel: bool) -> Needs {
        let Some(needs) = needs else {
            // A member of a group waits for what the group waits for, and for nothing else.
            return if parallel { Needs::These(Vec::new()) } else { Needs::Above };
        };
        let mut bound = Vec::with_capacity(needs.len());
        for word in needs {
            match self.need(round, own, word) {
                Ok(tasks) => bound.push(Need { tasks, span: word.span }),
                Err(found) => self.diagnostics.push(*found),
            }
        }
        Needs::These(bound)
    }

    fn need(&self, round: RoundIx, own: &[TaskIx], word: &SourceText) -> Result<Vec<TaskIx>, Box<Diagnostic>> {
        let names = &self.task_names[round.index()];
        let error = |message: String| Diagnostic::error(codes::BAD_NEED, word.span, message);
        match names.find(&word.text) {
            Found::One(named) if named.what == own => Err(Box::new(error(format!("`{}` can't need itself", word.text)))),
            Found::One(named) if own.iter().any(|task| named.what.contains(task)) => {
                let found = error(format!("`{}` is the group that this stands in", word.text));
                Err(Box::new(found.and(named.span, "the group starts before its members end")))
            }
            Found::One(named) if own.len() > 1 && named.what.iter().any(|task| own.contains(task)) => {
                let found = error(format!("a group can't need its own member `{}`", word.text));
                Err(Box::new(found.and(named.span, "a member of the group")))
            }
            Found::One(named) => Ok(named.what.clone()),
            Found::NoId(named) => {
                let found = error(format!("the task `{}` has no id that `needs` could name", word.text));
                let found = found.and(named.span, "this name gives no id");
                Err(Box::new(found.hint("give it one with `id:`, and name that".to_owned())))
            }
            Found::None => {
                let found = error(format!("there is no task `{}` in this round", word.text));
                Err(Box::new(self.explain_need(round, word, found)))
            }
        }
    }

    /// Says where the name stands, where it is not in this round.
    fn explain_need(&self, round: RoundIx, word: &SourceText, found: Diagnostic) -> Diagnostic {
        if let Some(hint) = self.task_names[round.index()].suggest(&word.text) {
            return found.hint(hint);
        }
        if let Found::One(named) = self.round_names.find(&word.text) {
            return found.and(named.span, "a round has that name").hint("write it into `needs` of the round".to_owned());
        }
        for names in &self.task_names {
            if let Found::One(named) = names.find(&word.text) {
                return found
                    .and(named.span, "a task of another round")
                    .note("tasks wait for tasks of their own round; rounds wait for rounds");
            }
        }
        found
    }
}
