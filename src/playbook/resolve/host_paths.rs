//! What filters over hosts read of each: a variable, or ROUND.TASK.FIELD.

use super::bind::{Binder, NO_ROUND};
use super::scope::{Link, RoundScope, Use};
use crate::diag::Diagnostic;
use crate::model::{FrameIx, Read, TaskRead, Var};
use crate::playbook::codes;
use crate::text::did_you_mean;

impl<'a> Binder<'a> {
    /// `hosts | select_hosts("survey.kernel.stdout", …)`.
    pub(super) fn host_path(&mut self, scope: &RoundScope<'a>, of: &mut Use<'a>, read: &Read, chain: &[Link]) {
        let [_, first, rest @ ..] = read.path.as_slice() else { return };
        let Some(round) = self.round_names.id(first).map(|named| named.what) else { return self.variable_of_hosts(scope, read) };
        if of.frame != FrameIx::ROUND || scope.index == NO_ROUND {
            let found = Diagnostic::error(codes::NOT_HERE, read.span, format!("results of `{first}` have no value here"));
            return self.tell(found.note("an action sees its own tasks only; pass it in by an input"));
        }
        let Some((task, fields)) = rest.split_first() else {
            let found = Diagnostic::error(codes::UNKNOWN_STEP, read.span, format!("`{first}` alone says nothing: it is a round"));
            return self.tell(found.hint(format!("write `{first}.TASK.FIELD`")));
        };
        let Some(target) = self.step(round, FrameIx::ROUND, task, read, chain) else { return };
        let path = std::iter::once(task.clone()).chain(fields.iter().cloned()).collect();
        let outputs = self.outputs_of(round, target);
        self.step_fields(&Read { path, span: read.span, optional: true }, 1, outputs);
        if round == scope.index {
            let found = Diagnostic::error(codes::OTHER_HOST, read.span, "another host's result from the same round");
            return self.tell(found.hint("read it in a later round".to_owned()));
        }
        if self.round_in_time(scope, round, read, chain) {
            of.reads(TaskRead { round, task: target, other_hosts: true, span: read.span });
        }
    }

    /// A variable that each host has or lacks.
    fn variable_of_hosts(&mut self, scope: &RoundScope<'a>, read: &Read) {
        let name = &read.path[1];
        let mut found: Vec<&'a Var> = self.inventory.hosts.iter().filter_map(|host| host.var(name)).collect();
        found.extend(self.playbook.vars.vars.get(name).into_iter().chain(self.playbook.extra.vars.get(name)));
        if !found.is_empty() {
            return self.read_elsewhere(scope, name, found);
        }
        let known = self.inventory.hosts.iter().flat_map(|host| &host.layers).flat_map(|layer| layer.vars.keys());
        let rounds = self.playbook.rounds.iter().map(|round| round.id.as_str());
        let hint = did_you_mean(name, known.chain(self.playbook.vars.vars.keys()).map(String::as_str).chain(rounds));
        let message = format!("`{name}` is neither a variable of a host nor a round");
        self.tell(Diagnostic::error(codes::UNDEFINED, read.span, message).hint(hint));
    }
}
