//! Results of other tasks: does the task exist, has it run by then, on this host.

use super::bind::{Binder, NO_ROUND};
use super::path::{Segment, path};
use super::scope::{Link, RoundScope, Use};
use super::targets::TargetKind;
use crate::diag::{Diagnostic, Span};
use crate::model::{FrameIx, Gate, Read, Round, RoundIx, Section, TaskIx, TaskRead, Verb};
use crate::playbook::codes;
use crate::playbook::keys::{STEP_FIELDS, output_fields};
use crate::text::{did_you_mean, fold_names};

impl<'a> Binder<'a> {
    /// `tasks.x`: this round, this host.
    pub(super) fn own_round(&mut self, scope: &RoundScope<'a>, of: &mut Use<'a>, read: &Read, chain: &[Link]) {
        let Some(name) = read.path.get(1) else {
            self.unnamed(read, "tasks.NAME");
            return;
        };
        let Some(node) = of.node else {
            let message = match scope.index {
                NO_ROUND => "a group of the playbook stands in no round",
                _ => "no task of the round has run when the round is asked for",
            };
            let found = Diagnostic::error(codes::TOO_EARLY, read.span, message);
            self.tell(found.hint("read a result of another round: `rounds.R.tasks.NAME`".to_owned()));
            return;
        };
        if of.inventory_only {
            let found = Diagnostic::error(codes::NOT_HERE, read.span, "`tasks` has no value here");
            self.tell(found.note("the default of an input sees the inventory's variables, facts and the host"));
            return;
        }
        if let Some(target) = self.step(scope.index, of.frame, name, read, chain) {
            let outputs = self.outputs_of(scope.index, target);
            self.step_fields(read, 2, outputs);
            self.in_own_round(scope, of, node, target, read, chain);
        }
    }

    /// `rounds.R.tasks.x` and `rounds.R.hosts[h].tasks.x`.
    pub(super) fn other_round(&mut self, scope: &RoundScope<'a>, of: &mut Use<'a>, read: &Read, classes: Option<&[usize]>, chain: &[Link]) {
        let Some(name) = read.path.get(1) else {
            self.unnamed(read, "rounds.NAME");
            return;
        };
        let Some(round) = self.round_names.id(name).map(|named| named.what) else {
            let found = Diagnostic::error(codes::UNKNOWN_STEP, read.span, format!("there is no round `{name}`"));
            let found = found.hint(self.round_names.suggest(name));
            self.tell(through(found, chain));
            return;
        };
        match read.path.get(2).map(String::as_str) {
            Some("tasks") => {
                let Some(task) = read.path.get(3) else {
                    self.unnamed(read, &format!("rounds.{name}.tasks.NAME"));
                    return;
                };
                let Some(target) = self.step(round, FrameIx::ROUND, task, read, chain) else { return };
                let outputs = self.outputs_of(round, target);
                self.step_fields(read, 4, outputs);
                if round == scope.index {
                    if let Some(node) = of.node {
                        self.in_own_round(scope, of, node, target, read, chain);
                    }
                } else if self.round_in_time(scope, round, read, chain) {
                    self.this_host_in(scope, round, read, classes);
                    of.reads(TaskRead { round, task: target, other_hosts: false, span: read.span });
                }
            }
            Some("hosts") => self.of_hosts(scope, of, round, read, chain),
            Some(other) => self.unknown_field(read, other, &["tasks", "hosts"]),
            None => {
                let found = Diagnostic::error(codes::UNKNOWN_STEP, read.span, format!("`rounds.{name}` alone says nothing"));
                self.tell(found.hint(format!("write `rounds.{name}.tasks.NAME` or `rounds.{name}.hosts[h].tasks.NAME`")));
            }
        }
    }

    fn of_hosts(&mut self, scope: &RoundScope<'a>, of: &mut Use<'a>, round: RoundIx, read: &Read, chain: &[Link]) {
        let text = &self.map.file(read.span.file).text;
        let segments = path(text.get(read.span.start as usize..).unwrap_or("").trim_start());
        let literal: Vec<Segment> = read.path.iter().cloned().map(Segment::Name).collect();
        // What the engine knows counts; the scanner only goes on from there.
        let whole = if segments.starts_with(&literal) { segments } else { literal };
        if let Some(Segment::Name(host)) = whole.get(3)
            && self.inventory.find(host).is_none()
        {
            let found = Diagnostic::error(codes::UNKNOWN_HOST, read.span, format!("the inventory has no host `{host}`"));
            self.tell(found.hint(did_you_mean(host, self.inventory.index.keys().map(String::as_str))));
            return;
        }
        let targets: Vec<TaskIx> = match (whole.get(4), whole.get(5)) {
            (Some(Segment::Name(tasks)), Some(Segment::Name(task))) if tasks == "tasks" => {
                let Some(target) = self.step(round, FrameIx::ROUND, task, read, chain) else { return };
                let names: Option<Vec<String>> = whole[5..]
                    .iter()
                    .map_while(|part| if let Segment::Name(name) = part { Some(Some(name.clone())) } else { None })
                    .collect();
                let fields = Read { path: names.unwrap_or_default(), span: read.span, optional: read.optional };
                let outputs = self.outputs_of(round, target);
                self.step_fields(&fields, 1, outputs);
                vec![target]
            }
            (Some(Segment::Name(other)), _) if other != "tasks" => {
                let fields = Read { path: vec!["rounds.R.hosts[h]".to_owned(), other.clone()], span: read.span, optional: false };
                self.unknown_field(&fields, other, &["tasks"]);
                return;
            }
            // Which of them is not to be seen from here: any.
            _ if round != scope.index => (0..self.playbook.round(round).tasks.len()).map(TaskIx::new).collect(),
            _ => Vec::new(),
        };
        if round != scope.index {
            if self.round_in_time(scope, round, read, chain) {
                targets.into_iter().for_each(|task| of.reads(TaskRead { round, task, other_hosts: true, span: read.span }));
            }
            return;
        }
        for target in targets {
            let once = scope.round.gate(target).is_none() && self.playbook.task(round, target).once;
            if !once {
                let (_, place) = self.named(scope.round, target);
                let found = Diagnostic::error(codes::OTHER_HOST, read.span, "another host's result from the same round");
                let found = found.and(place, "hosts do not wait for each other inside a round");
                self.tell(found.hint("read it in a later round, or make that task `once: true`".to_owned()));
            } else if let Some(own) = of.node {
                self.in_own_round(scope, of, own, target, read, chain);
            }
        }
    }

    /// Finds a task or block of a name space by id.
    pub(super) fn step(&mut self, round: RoundIx, frame: FrameIx, name: &str, read: &Read, chain: &[Link]) -> Option<TaskIx> {
        let names = self.targets[round.index()].frame(frame);
        if let Some(named) = names.id(name) {
            if named.what.kind == TargetKind::Group {
                let found = Diagnostic::error(codes::UNKNOWN_STEP, read.span, format!("`{name}` is a group and has no result of its own"));
                self.tell(found.and(named.span, "the group").hint("name one of its tasks".to_owned()));
                return None;
            }
            return named.what.nodes.first().copied();
        }
        if frame != FrameIx::ROUND {
            let found = Diagnostic::error(codes::UNKNOWN_STEP, read.span, format!("the action has no task `{name}`"));
            let hint = names.suggest(name).unwrap_or_else(|| "an action sees its own tasks only; pass it in by an input".to_owned());
            self.tell(through(found, chain).hint(hint));
            return None;
        }
        let mut found = Diagnostic::error(
            codes::UNKNOWN_STEP,
            read.span,
            format!("the round `{}` has no task `{name}`", self.playbook.round(round).id),
        );
        let elsewhere = self.playbook.rounds.iter().zip(self.targets).find(|(_, targets)| targets.own().id(name).is_some());
        let hint = names
            .suggest(name)
            .or_else(|| elsewhere.map(|(other, _)| format!("it is in another round: `rounds.{}.tasks.{name}`", other.id)));
        found = through(found, chain).hint(hint);
        self.tell(found);
        None
    }

    fn unnamed(&mut self, read: &Read, form: &str) {
        let found =
            Diagnostic::error(codes::UNKNOWN_STEP, read.span, format!("`{}` needs a name that is written out", read.path.join(".")));
        self.tell(found.note("what a task waits for must be known before the run").hint(format!("write `{form}`")));
    }

    /// Checks the fields of a step's result from `at` on.
    pub(super) fn step_fields(&mut self, read: &Read, at: usize, known: Option<Outputs<'a>>) {
        let Some(field) = read.path.get(at) else { return };
        let outputs = known.as_ref().map(|known| known.fields.as_slice()).unwrap_or_default();
        if !STEP_FIELDS.contains(&field.as_str()) {
            let step = read.path[..at].join(".");
            let found = Diagnostic::error(codes::UNKNOWN_FIELD, read.span, format!("a result has no field `{field}`"));
            let hint = if outputs.contains(&field.as_str()) {
                Some(format!("it is in the outputs: `{step}.outputs.{field}`"))
            } else {
                match field.as_str() {
                    "failed" | "skipped" | "ok" => Some(format!("write `{step}.status == \"{field}\"`")),
                    "stdout_lines" => Some(format!("the lines of stdout are `{step}.lines`")),
                    "exit_code" | "code" | "returncode" => Some(format!("the exit code is `{step}.rc`")),
                    _ => did_you_mean(field, STEP_FIELDS.iter().copied()),
                }
            };
            self.tell(found.note(format!("its fields: {}", STEP_FIELDS.join(", "))).hint(hint));
            return;
        }
        let (true, Some(output), Some(verb)) = (field == "outputs", read.path.get(at + 1), known.as_ref().map(|known| &known.of)) else {
            return;
        };
        if !outputs.contains(&output.as_str()) {
            let message = if outputs.is_empty() { format!("{verb} has no outputs") } else { format!("{verb} has no output `{output}`") };
            let found = Diagnostic::error(codes::UNKNOWN_FIELD, read.span, message);
            let hint = if outputs.is_empty() && !known.as_ref().is_some_and(|known| known.of.starts_with('`')) {
                None
            } else if outputs.is_empty() {
                Some("its text is in `stdout`, `lines` and `json`".to_owned())
            } else {
                did_you_mean(output, outputs.iter().copied())
            };
            let found = found.hint(hint);
            self.tell(if outputs.is_empty() { found } else { found.note(format!("its outputs: {}", outputs.join(", "))) });
        }
    }

    fn in_own_round(&mut self, scope: &RoundScope<'a>, of: &mut Use<'a>, node: TaskIx, target: TaskIx, read: &Read, chain: &[Link]) {
        if node == target {
            let found = through(Diagnostic::error(codes::TOO_EARLY, read.span, "a task can't read its own result"), chain);
            let hint = if of.judge {
                "in `changed`, `failed` and `until` it is called `result`"
            } else {
                "it is known only when the task has ended"
            };
            self.tell(found.hint(hint.to_owned()));
            return;
        }
        if self.task_orders[scope.index.index()].waits(target.index(), node.index()) {
            let (name, place) = self.named(scope.round, target);
            let found = Diagnostic::error(codes::TOO_EARLY, read.span, format!("the result of `{name}` is not there yet"));
            let home = |node: TaskIx| scope.round.tasks.get(node.index()).map(|task| task.flow.home.section);
            let later = matches!(home(target), Some(Section::Handlers | Section::Finally)) && home(target) != home(node);
            let block = scope.round.gate(target).is_some();
            let (why, hint) = match (later, block) {
                (true, _) => ("runs after all tasks", None),
                (_, true) => ("ends after the task that reads it", Some("name a task that runs before".to_owned())),
                _ => ("runs after the task that reads it", Some("move it up, or give it `needs: []`".to_owned())),
            };
            self.tell(through(found, chain).and(place, why).hint(hint));
            return;
        }
        of.reads(TaskRead { round: scope.index, task: target, other_hosts: false, span: read.span });
    }

    /// The name and the place of a task or block.
    fn named(&self, round: &'a Round, node: TaskIx) -> (&'a str, Span) {
        match round.gate(node) {
            Some(Gate::Enter(block) | Gate::Rescue(block) | Gate::Always(block) | Gate::Exit(block)) => {
                let block = &round.blocks[block.index()];
                (&block.name, block.span)
            }
            _ => round.tasks.get(node.index()).map_or(("", round.span), |task| (&task.name, task.span)),
        }
    }

    /// What a task or block gives in `outputs`; none where its verb could not be read.
    pub(super) fn outputs_of(&self, round: RoundIx, node: TaskIx) -> Option<Outputs<'a>> {
        let playbook = self.playbook;
        let round = playbook.round(round);
        if let Some(Gate::Exit(block)) = round.gate(node) {
            let own = round.blocks[block.index()].frame;
            // An action whose file could not be read has no tasks, and that was told.
            if own.is_some_and(|own| !round.tasks.iter().any(|task| task.flow.home.frame == own)) {
                return None;
            }
            let frame = own.map(|frame| &round.frames[frame.index()]);
            let fields = frame.map(|frame| frame.outputs.keys().map(String::as_str).collect());
            let of = frame.map_or_else(|| "a block".to_owned(), |frame| format!("the action `{}`", frame.name));
            return Some(Outputs { of, fields: fields.unwrap_or_default() });
        }
        let verb = &round.tasks.get(node.index())?.verb;
        let broken = matches!(verb, Verb::Set(set) if set.vars.is_empty());
        (!broken).then(|| Outputs { of: format!("`{}`", verb.key()), fields: output_fields(verb.key()).to_vec() })
    }

    pub(super) fn round_in_time(&mut self, scope: &RoundScope<'a>, round: RoundIx, read: &Read, chain: &[Link]) -> bool {
        if !self.round_order.waits(round.index(), scope.index.index()) {
            return true;
        }
        let other = self.playbook.round(round);
        let found = Diagnostic::error(codes::TOO_EARLY, read.span, format!("the round `{}` has not run yet", other.name));
        let found = through(found, chain).and(other.span, "runs after the round that reads it");
        self.tell(found.hint("move it up, or give it `needs` of its own".to_owned()));
        false
    }

    /// `rounds.R.tasks.x` is this host's result: it must have been part of R.
    fn this_host_in(&mut self, scope: &RoundScope<'a>, round: RoundIx, read: &Read, classes: Option<&[usize]>) {
        // A host without a result is not in a group of the playbook.
        if read.optional || scope.index == NO_ROUND {
            return;
        }
        let other = self.playbook.round(round);
        let members: std::collections::BTreeSet<_> = other.hosts.iter().collect();
        let hosts = classes.map_or_else(|| scope.round.hosts.clone(), |classes| scope.hosts_of(classes));
        let missing: Vec<_> = hosts.into_iter().filter(|host| !members.contains(host)).collect();
        if missing.is_empty() {
            return;
        }
        let names = fold_names(&self.inventory.names(&missing));
        let found =
            Diagnostic::error(codes::UNKNOWN_STEP, read.span, format!("no result for {names}: not part of the round `{}`", other.name));
        let found = found.and(other.hosts_span.unwrap_or(other.span), "its hosts");
        let rest = read.path[2..].join(".");
        self.tell(found.hint(format!("for another host's write `rounds.{}.hosts[h].{rest}`, or add `| default(…)`", other.id)));
    }
}

/// The fields of `outputs` of something.
pub(super) struct Outputs<'a> {
    /// What gives them, as messages call it.
    of: String,
    fields: Vec<&'a str>,
}

/// Shows the use of the variable through which something is read.
fn through(found: Diagnostic, chain: &[Link]) -> Diagnostic {
    match chain.first() {
        Some(link) => found.and(link.span, format!("read for `{}`, which is used here", link.name)),
        None => found,
    }
}
