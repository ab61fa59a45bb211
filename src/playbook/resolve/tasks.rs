//! Tasks: flattened, with the defaults of their round and groups in.

use std::sync::Arc;

use super::Lower;
use super::names::{Names, id_of};
use crate::diag::{Diagnostic, Span};
use crate::model::{Become, Context, Flow, Group, Item, Judge, Layer, Needs, OnHost, Origin, RoundIx, Task, TaskIx, Template, Verb};
use crate::playbook::{codes, syntax};
use crate::text::{did_you_mean, one_line};

/// What holds around a task.
#[derive(Clone, Default)]
struct Outside {
    when: Vec<Template>,
    layers: Vec<Arc<Layer>>,
    env: Vec<(String, Template)>,
    cwd: Option<Template>,
    r#become: Option<Become>,
    allow_failure: bool,
    /// The round's `read_only`.
    read_only: Option<Span>,
    /// True in a `parallel:` group.
    parallel: bool,
}

/// The longest attempt where `timeout` says nothing.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3600);

impl Lower<'_> {
    /// Gives every task its place and registers what can be named.
    pub(super) fn name_entries(&mut self, entries: &[syntax::Entry], next: &mut usize, names: &mut Names<Vec<TaskIx>>) {
        for entry in entries {
            let (common, span, tasks) = match entry {
                syntax::Entry::Task(task) => {
                    *next += 1;
                    (&task.common, task.span, vec![TaskIx::new(*next - 1)])
                }
                syntax::Entry::Parallel(group) => {
                    let first = *next;
                    self.name_entries(&group.entries, next, names);
                    (&group.common, group.span, (first..*next).map(TaskIx::new).collect())
                }
            };
            names.add((common.id.as_ref(), common.name.as_ref()), None, ("task", "round"), span, tasks, self.diagnostics);
        }
    }

    pub(super) fn tasks(&mut self, index: RoundIx, round: &syntax::Round) -> (Vec<Task>, Vec<Item>) {
        let outside = Outside {
            env: self.env(&round.common.env),
            cwd: round.cwd.as_ref().map(|cwd| self.text(cwd)),
            r#become: self.r#become(round.common.r#become.as_ref(), None),
            read_only: round.read_only,
            ..Outside::default()
        };
        let mut tasks = Vec::new();
        let items = self.items(index, &round.entries, &outside, &mut tasks);
        (tasks, items)
    }

    fn items(&mut self, round: RoundIx, entries: &[syntax::Entry], outside: &Outside, tasks: &mut Vec<Task>) -> Vec<Item> {
        let mut items = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry {
                syntax::Entry::Task(task) => {
                    let index = TaskIx::new(tasks.len());
                    let needs = self.needs(round, &[index], task.common.needs.as_deref(), outside.parallel);
                    let task = self.task(task, outside);
                    tasks.push(task);
                    items.push(Item::Task(index, needs));
                }
                syntax::Entry::Parallel(group) => {
                    let inside = self.inside(group, outside);
                    let first = tasks.len();
                    let members = self.items(round, &group.entries, &inside, tasks);
                    let own: Vec<TaskIx> = (first..tasks.len()).map(TaskIx::new).collect();
                    let needs: Needs = self.needs(round, &own, group.common.needs.as_deref(), outside.parallel);
                    let id = id_of(group.common.id.as_ref(), group.common.name.as_ref());
                    items.push(Item::Parallel(Group { id, span: group.span, needs, members }));
                }
            }
        }
        items
    }

    fn inside(&mut self, group: &syntax::Group, outside: &Outside) -> Outside {
        let mut inside = outside.clone();
        inside.parallel = true;
        inside.when.extend(group.common.when.as_ref().map(|when| self.template(when, Context::Expression)));
        inside.layers.extend(self.layer(Origin::Task, &group.common.vars));
        inside.env.extend(self.env(&group.common.env));
        inside.r#become = self.r#become(group.common.r#become.as_ref(), outside.r#become.as_ref());
        inside.allow_failure = group.allow_failure.unwrap_or(outside.allow_failure);
        inside
    }

    fn task(&mut self, task: &syntax::Task, outside: &Outside) -> Task {
        let shell = task.shell.clone().unwrap_or_default();
        let verb = self.verb(&task.verb, &shell);
        let mut when = outside.when.clone();
        when.extend(task.common.when.as_ref().map(|when| self.template(when, Context::Expression)));
        let mut layers = outside.layers.clone();
        layers.extend(self.layer(Origin::Task, &task.common.vars));
        let mut env = outside.env.clone();
        env.extend(self.env(&task.common.env));
        let read_only = self.read_only(task, &verb, outside);
        let changed = match &task.changed {
            Some((_, judge)) => Some(self.judge(judge)),
            None => (read_only && matches!(verb, Verb::Run(_))).then_some(Judge::Fixed(false)),
        };
        Task {
            id: id_of(task.common.id.as_ref(), task.common.name.as_ref()),
            name: task.common.name.as_ref().map_or_else(|| made_name(task), |name| name.text.clone()),
            span: task.span,
            verb,
            verb_span: task.verb_key.1,
            when,
            layers,
            env,
            cwd: task.cwd.as_ref().map(|cwd| self.text(cwd)).or_else(|| outside.cwd.clone()),
            stdin: task.stdin.as_ref().map(|stdin| self.text(stdin)),
            umask: task.umask,
            timeout: task.timeout.unwrap_or(TIMEOUT),
            changed,
            failed: task.failed.as_ref().map(|(_, judge)| self.judge(judge)),
            read_only,
            guards: task.guards.iter().map(|guard| self.guard(guard, &shell)).collect(),
            allow_failure: task.allow_failure.unwrap_or(outside.allow_failure),
            r#become: self.r#become(task.common.r#become.as_ref(), outside.r#become.as_ref()),
            on: task.on.iter().filter_map(|on| self.on(on)).collect(),
            once: task.once,
            reads: Vec::new(),
            flow: Flow::default(),
            shell,
        }
    }

    /// Whether a task promises to change nothing; tells of a verb that can't keep it.
    fn read_only(&mut self, task: &syntax::Task, verb: &Verb, outside: &Outside) -> bool {
        let own = task.read_only;
        let promised = match (own, outside.read_only) {
            (Some((span, true)), _) => Some(span),
            (_, round) => round,
        };
        let Some(promise) = promised else { return false };
        let key = task.verb_key;
        if let Verb::Copy(_) = verb {
            let found = Diagnostic::error(codes::READ_ONLY, key.1, format!("`{}` writes, and this is read-only", key.0));
            self.diagnostics.push(found.and(promise, "nothing may change here"));
        }
        if let (Some((span, false)), Some(round)) = (own, outside.read_only) {
            let found = Diagnostic::error(codes::READ_ONLY, span, "`read_only: false` in a round that is read-only");
            self.diagnostics.push(found.and(round, "this holds for all tasks of the round"));
        }
        if let Some((span, judge)) = &task.changed
            && !matches!(judge, syntax::Judge::Fixed(false))
        {
            let found = Diagnostic::error(codes::READ_ONLY, *span, "`changed` where nothing may change");
            let found = found.and(promise, "this implies `changed: false`");
            self.diagnostics.push(found.hint("leave out one of the two".to_owned()));
        }
        true
    }

    fn on(&mut self, on: &crate::diag::SourceText) -> Option<OnHost> {
        let template = self.template(on, Context::Native);
        if !template.is_literal() {
            return Some(OnHost::Template(template));
        }
        if let Some(host) = self.inventory.find(&on.text) {
            return Some(OnHost::Host(host));
        }
        let found = Diagnostic::error(codes::UNKNOWN_HOST, on.span, format!("the inventory has no host `{}`", on.text));
        let hint = if self.inventory.groups.contains_key(&on.text) {
            Some(format!("`{0}` is a group; write \"{{{{ groups.{0} }}}}\" for all its hosts", on.text))
        } else {
            did_you_mean(&on.text, self.inventory.index.keys().map(String::as_str))
        };
        self.diagnostics.push(found.hint(hint));
        None
    }
}

/// A name for a task without one, from its verb.
fn made_name(task: &syntax::Task) -> String {
    let argument = match &task.verb {
        syntax::Verb::Run(syntax::Command::Text(text)) => gist(&text.text),
        syntax::Verb::Read(text) | syntax::Verb::Stat(text) => text.text.clone(),
        syntax::Verb::Run(syntax::Command::List(list)) | syntax::Verb::Glob(list) | syntax::Verb::Assert { that: list, .. } => {
            list.iter().map(|text| text.text.as_str()).collect::<Vec<_>>().join(" ")
        }
        syntax::Verb::Copy(copy) => copy.dest.text.clone(),
        syntax::Verb::Fetch { src, .. } => src.text.clone(),
        syntax::Verb::Set(vars) => vars.iter().map(|var| var.name.text.as_str()).collect::<Vec<_>>().join(", "),
        syntax::Verb::Print(text) | syntax::Verb::Fail(text) => gist(&text.text),
        syntax::Verb::Broken => String::new(),
    };
    one_line(&format!("{}: {argument}", task.verb_key.0), 60)
}

/// The line of a text that says most: the first that is neither comment nor `set`; what is left out shows.
fn gist(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let says_little = |line: &str| line.starts_with('#') || line.starts_with("set -");
    match lines.iter().find(|line| !says_little(line)).or(lines.first()) {
        Some(line) if lines.len() > 1 => format!("{line} …"),
        Some(line) => (*line).to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::gist;

    #[test]
    fn a_script_is_named_by_the_line_that_says_most() {
        assert_eq!(gist("uptime"), "uptime");
        assert_eq!(gist("#!/bin/sh\n# why\nset -u\n\n  systemctl restart nginx\nsleep 1\n"), "systemctl restart nginx …");
        assert_eq!(gist("# only this\n"), "# only this");
        assert_eq!(gist(""), "");
    }
}
