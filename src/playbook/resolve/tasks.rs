//! Tasks, with the defaults of their round and groups in.

use super::Lower;
use super::names::id_of;
use super::pieces::{Outside, tags};
use super::targets::RoundTargets;
use crate::diag::Diagnostic;
use crate::model::{Context, Flow, Home, Judge, OnHost, Origin, Shell, Task, Verb};
use crate::playbook::{codes, syntax};
use crate::resource::FACT_SECTIONS;
use crate::text::{did_you_mean, format_duration, one_line};

/// `defaults` as far as tasks take them one by one.
#[derive(Clone, Default)]
pub(super) struct Settings {
    umask: Option<u32>,
    shell: Option<Shell>,
    timeout: Option<std::time::Duration>,
    retry: syntax::Retry,
    throttle: Option<usize>,
    sensitive: Option<bool>,
    allow_failure: Option<bool>,
}

impl Settings {
    /// What `defaults` say on top of these.
    pub(super) fn with(&self, defaults: &syntax::Defaults) -> Settings {
        let retry = syntax::Retry {
            retries: defaults.retry.retries.or(self.retry.retries),
            delay: defaults.retry.delay.or(self.retry.delay),
            backoff: defaults.retry.backoff.or(self.retry.backoff),
            until: None,
        };
        Settings {
            umask: defaults.umask.or(self.umask),
            shell: defaults.shell.clone().or_else(|| self.shell.clone()),
            timeout: defaults.timeout.or(self.timeout),
            retry,
            throttle: defaults.throttle.or(self.throttle),
            sensitive: defaults.sensitive.or(self.sensitive),
            allow_failure: defaults.allow_failure.or(self.allow_failure),
        }
    }
}

/// The longest attempt where `timeout` says nothing.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3600);

impl Lower<'_> {
    pub(super) fn task(&mut self, task: &syntax::Task, outside: &Outside, home: Home, targets: &RoundTargets) -> Task {
        let settings = &outside.settings;
        let shell = task.shell.clone().or_else(|| settings.shell.clone()).unwrap_or_default();
        let verb = self.verb(&task.verb, &shell);
        let mut when = outside.when.clone();
        when.extend(task.common.when.as_ref().map(|when| self.condition(when, "`when`")));
        let mut layers = outside.layers.clone();
        layers.extend(self.layer(Origin::Task, &task.common.vars));
        let mut env = outside.env.clone();
        env.extend(self.env(&task.common.env));
        let read_only = self.read_only(task, &verb, outside);
        let changed = match &task.changed {
            Some((_, judge)) => Some(self.judge(judge, "`changed`")),
            None => (read_only && matches!(verb, Verb::Run(_) | Verb::Script(_))).then_some(Judge::Fixed(false)),
        };
        let mut notify = self.notify(&task.flow.notify, home, targets);
        for more in &outside.notify {
            if !notify.iter().any(|own| own.handler == more.handler) {
                notify.push(more.clone());
            }
        }
        let durable = self.durable(task, &verb, outside);
        let flow = Flow {
            each: self.each(task.flow.each.as_ref()),
            retry: self.retry(&task.flow.retry, &settings.retry),
            notify,
            lock: task.flow.lock.as_ref().map(|lock| lock.text.clone()),
            throttle: task.flow.throttle.or(settings.throttle),
            sensitive: task.flow.sensitive.or(settings.sensitive).unwrap_or(false),
            durable,
            tags: tags(&outside.tags, &task.flow.tags),
            left_out: None,
            home,
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
            umask: task.umask.or(settings.umask),
            timeout: task.timeout.or(settings.timeout).unwrap_or(TIMEOUT),
            changed,
            failed: task.failed.as_ref().map(|(_, judge)| self.judge(judge, "`failed`")),
            read_only,
            guards: task.guards.iter().map(|guard| self.guard(guard, &shell)).collect(),
            allow_failure: task.allow_failure.or(outside.allow_failure).or(settings.allow_failure).unwrap_or(false),
            r#become: self.r#become(task.common.r#become.as_ref(), outside.r#become.as_ref()),
            on: task.on.iter().filter_map(|on| self.on(on)).collect(),
            // One question is enough for all hosts.
            once: task.once || matches!(task.verb, syntax::Verb::Confirm(_)),
            reads: Vec::new(),
            flow,
            shell,
        }
    }

    /// Whether a task outlives its lane; tells of a verb that can't. In a block that does, such a task is as ever.
    fn durable(&mut self, task: &syntax::Task, verb: &Verb, outside: &Outside) -> bool {
        let can = matches!(verb, Verb::Run(_) | Verb::Script(_));
        match task.flow.durable {
            Some((span, true)) if !can && !matches!(task.verb, syntax::Verb::Broken) => {
                let found = Diagnostic::error(codes::CONFLICT, span, format!("`{}` can't be durable", task.verb_key.0));
                let found = found.and(task.verb_key.1, "only `run` and `script` run a process that can go on by itself");
                self.diagnostics.push(found.hint("leave it out: what was cut off here can be done again".to_owned()));
                false
            }
            Some((_, durable)) => durable,
            None => outside.durable && can,
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
        if verb.is_resource() {
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
        syntax::Verb::Copy(copy) => copy.file.dest.text.clone(),
        syntax::Verb::Template(template) => template.file.dest.text.clone(),
        syntax::Verb::File(path) | syntax::Verb::Directory(path) | syntax::Verb::Link(path) => path.dest.text.clone(),
        syntax::Verb::Line(line) => line.edited.file.dest.text.clone(),
        syntax::Verb::Text(text) => text.edited.file.dest.text.clone(),
        syntax::Verb::Download(download) => download.file.dest.text.clone(),
        syntax::Verb::Archive(archive) => archive.file.dest.text.clone(),
        syntax::Verb::Unarchive(unarchive) => unarchive.src.text.clone(),
        syntax::Verb::Fetch { src, .. } => src.text.clone(),
        syntax::Verb::Set(vars) => vars.iter().map(|var| var.name.text.as_str()).collect::<Vec<_>>().join(", "),
        syntax::Verb::Print(text) | syntax::Verb::Fail(text) | syntax::Verb::Confirm(text) => gist(&text.text),
        syntax::Verb::Script(script) => script.src.text.clone(),
        syntax::Verb::WaitFor(wait) => match &wait.what {
            syntax::Awaited::Port { host: None, port } => format!("port {}", port.text),
            syntax::Awaited::Port { host: Some(host), port } => format!("{}:{}", host.text, port.text),
            syntax::Awaited::Url(text) | syntax::Awaited::Path(text) | syntax::Awaited::Command(syntax::Command::Text(text)) => {
                gist(&text.text)
            }
            syntax::Awaited::Command(syntax::Command::List(list)) => {
                list.iter().map(|text| text.text.as_str()).collect::<Vec<_>>().join(" ")
            }
        },
        syntax::Verb::Facts { sections, .. } if sections.len() == FACT_SECTIONS.len() => "all".to_owned(),
        syntax::Verb::Facts { sections, .. } => sections.join(", "),
        syntax::Verb::Pause(duration) => format_duration(*duration),
        syntax::Verb::Flush => "handlers".to_owned(),
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
