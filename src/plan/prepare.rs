//! From a task to one prepared step: everything rendered in the scope of its host.
//!
//! Knows which part of a task is which kind of text, and refuses values that can't stand there. Both ways of
//! rendering go through the same code: [`prepare`] gives up where something is pending, [`preview`] writes
//! `‹after survey/kernel›` in its place.

mod archives;
mod written;

use std::cell::RefCell;
use std::path::{Component, Path, PathBuf};

use indexmap::IndexMap;

use super::prepared::{AssertCheck, Body, Prepared, PreparedAwaited, PreparedBecome, PreparedCommand, PreparedGuard};
use crate::diag::Span;
use crate::model::{Awaited, Command, Guard, HostIx, Inventory, Judge, OnHost, Retry, Task, Template, Value, VarValue, Verb};
use crate::template::{Engine, RenderError, Rendered, Root, has_hole as is_pending, hole};

type Result<T> = std::result::Result<T, RenderError>;

/// Renders a step.
///
/// # Errors
/// Where it reads what is pending (it can't be written ahead), where a template can't be rendered, or where its
/// value can't stand in its place; each names the place, never a value.
pub fn prepare(task: &Task, host: HostIx, inventory: &Inventory, engine: &Engine, scope: &Root) -> Result<Prepared> {
    Rendering { engine, scope, inventory, pending: None }.step(task, host)
}

/// Renders a step for people, with placeholders for what is known only later.
///
/// # Errors
/// As [`prepare`], pending parts left aside.
pub fn preview(task: &Task, host: HostIx, inventory: &Inventory, engine: &Engine, scope: &Root) -> Result<Prepared> {
    let rendering = Rendering { engine, scope, inventory, pending: Some(RefCell::default()) };
    let mut prepared = rendering.step(task, host)?;
    prepared.pending = rendering.pending.unwrap_or_default().into_inner();
    Ok(prepared)
}

/// Evaluates a task's conditions, outermost first, and gives the first that does not hold, none where all do.
///
/// # Errors
/// Where one can't be evaluated; those behind one that does not hold are not asked.
pub fn holds<'a>(when: impl IntoIterator<Item = &'a Template>, engine: &Engine, scope: &Root) -> Result<Option<&'a Template>> {
    for condition in when {
        if !engine.eval_bool(condition, scope)? {
            return Ok(Some(condition));
        }
    }
    Ok(None)
}

/// Evaluates a `changed` or `failed`, in a scope that has `result`.
///
/// # Errors
/// Where the expression can't be evaluated or is no bool.
pub fn judge(judge: &Judge, engine: &Engine, scope: &Root) -> Result<bool> {
    match judge {
        Judge::Fixed(flag) => Ok(*flag),
        Judge::Expression(template) => engine.eval_bool(template, scope),
    }
}

/// Evaluates the `until` of a task's retries, in a scope that has `result`; where there is none, it holds.
///
/// # Errors
/// As [`judge`].
pub fn until(retry: &Retry, engine: &Engine, scope: &Root) -> Result<bool> {
    retry.until.as_ref().map_or(Ok(true), |until| engine.eval_bool(until, scope))
}

struct Rendering<'a> {
    engine: &'a Engine,
    scope: &'a Root,
    inventory: &'a Inventory,
    /// For a preview: what its parts wait for.
    pending: Option<RefCell<Vec<String>>>,
}

impl Rendering<'_> {
    fn step(&self, task: &Task, host: HostIx) -> Result<Prepared> {
        let mut env: IndexMap<String, String> = IndexMap::new();
        for (name, template) in &task.env {
            match self.optional(template)? {
                Some(text) => env.insert(name.clone(), no_nul(text, template)?),
                None => env.shift_remove(name),
            };
        }
        let r#become = match &task.r#become {
            None => None,
            Some(r#become) => Some(PreparedBecome {
                user: self.path(&r#become.user)?,
                method: r#become.method,
                password: match &r#become.password {
                    // A preview shows no password, so it needs none.
                    Some(password) if self.pending.is_none() => self.optional(password)?,
                    _ => None,
                },
            }),
        };
        Ok(Prepared {
            on: self.on(task, host)?,
            guards: task.guards.iter().map(|guard| self.guard(guard, task)).collect::<Result<_>>()?,
            body: self.body(task, host)?,
            cwd: self.optional_path(task.cwd.as_ref())?,
            env: env.into_iter().collect(),
            stdin: task.stdin.as_ref().map_or(Ok(None), |stdin| self.optional(stdin))?,
            umask: task.umask,
            timeout: task.timeout,
            r#become,
            allow_failure: task.allow_failure,
            pending: Vec::new(),
        })
    }

    fn body(&self, task: &Task, host: HostIx) -> Result<Body> {
        Ok(match &task.verb {
            Verb::Run(run) => Body::Run(self.command(&run.command, task)?),
            Verb::Read(read) => Body::Read { path: self.path(&read.path)? },
            Verb::Glob(glob) => {
                let lists = glob.patterns.iter().map(|pattern| self.words(pattern)).collect::<Result<Vec<_>>>()?;
                Body::Glob { patterns: lists.into_iter().flatten().collect() }
            }
            Verb::Stat(stat) => Body::Stat { path: self.path(&stat.path)? },
            Verb::Copy(copy) => self.copy(copy)?,
            Verb::Template(template) => self.template_file(template)?,
            Verb::File(path) | Verb::Directory(path) | Verb::Link(path) => self.path_state(path)?,
            Verb::Line(line) => self.line(line)?,
            Verb::Text(text) => self.marked_text(task, text)?,
            Verb::Download(download) => self.download(download)?,
            Verb::Archive(archive) => self.archive(archive)?,
            Verb::Unarchive(unarchive) => self.unarchive(unarchive)?,
            Verb::Fetch(fetch) => {
                let src = self.path(&fetch.src)?;
                let dest = self.path(&fetch.dest)?;
                let mut path = fetch.base.join(&dest);
                if dest.ends_with('/') {
                    path.push(&self.inventory.host(host).name);
                    path.push(Path::new(&src).file_name().unwrap_or(src.as_ref()));
                }
                if let Some(below) = &fetch.below {
                    let names = path.components().filter(|part| matches!(part, Component::Normal(_)));
                    path = below.join(names.collect::<PathBuf>());
                }
                Body::Fetch { src, dest: path }
            }
            Verb::Assert(assert) => {
                let checks = assert.that.iter().map(|that| self.check(that)).collect::<Result<Vec<_>>>()?;
                let failed = checks.iter().any(|check| matches!(check.holds, Some(Ok(false) | Err(_))));
                let message = assert.message.as_ref().filter(|_| failed);
                Body::Assert { checks, message: message.map(|message| self.text(message)).transpose()? }
            }
            Verb::Set(set) => {
                let values = set.vars.iter().map(|(name, var)| Ok((name.clone(), self.value(&var.value)?)));
                Body::Set(values.collect::<Result<_>>()?)
            }
            Verb::Print(print) => Body::Print(self.text(&print.text)?),
            Verb::Fail(fail) => Body::Fail(self.text(&fail.message)?),
            Verb::Script(script) => Body::Script {
                src: script.base.join(self.path(&script.src)?),
                args: script.args.iter().map(|arg| self.words(arg)).collect::<Result<Vec<_>>>()?.concat(),
                interpreter: self.optional_path(script.interpreter.as_ref())?,
            },
            Verb::WaitFor(wait) => Body::WaitFor { what: self.awaited(&wait.what, task)?, absent: wait.absent, interval: wait.interval },
            Verb::Facts(facts) => Body::Facts { sections: facts.sections.clone() },
            Verb::Pause(pause) => Body::Pause(pause.duration),
            Verb::Confirm(confirm) => Body::Confirm(self.text(&confirm.question)?),
            Verb::Flush => Body::Flush,
        })
    }

    fn on(&self, task: &Task, host: HostIx) -> Result<Vec<HostIx>> {
        if task.on.is_empty() {
            return Ok(vec![host]);
        }
        let mut on: Vec<HostIx> = Vec::new();
        for entry in &task.on {
            let found = match entry {
                OnHost::Host(host) => vec![*host],
                OnHost::Template(template) => self
                    .words(template)?
                    .iter()
                    .filter(|name| !self.waits(name))
                    .map(|name| {
                        let known = || self.inventory.hosts.iter().map(|host| host.name.as_str());
                        self.inventory.find(name).ok_or_else(|| RenderError::Failed {
                            message: format!("there is no host `{name}`"),
                            span: Some(template.source.span),
                            hint: crate::text::did_you_mean(name, known()),
                        })
                    })
                    .collect::<Result<_>>()?,
            };
            for host in found {
                if !on.contains(&host) {
                    on.push(host);
                }
            }
        }
        Ok(on)
    }

    fn guard(&self, guard: &Guard, task: &Task) -> Result<PreparedGuard> {
        Ok(match guard {
            Guard::Unless(command) => PreparedGuard::Unless(self.command(command, task)?),
            Guard::OnlyIf(command) => PreparedGuard::OnlyIf(self.command(command, task)?),
            Guard::Creates(path) => PreparedGuard::Creates(self.path(path)?),
            Guard::Removes(path) => PreparedGuard::Removes(self.path(path)?),
        })
    }

    fn command(&self, command: &Command, task: &Task) -> Result<PreparedCommand> {
        Ok(match command {
            Command::Text(template) => PreparedCommand::Text { text: no_nul(self.text(template)?, template)?, shell: task.shell.clone() },
            Command::List(list) => {
                let args = list.iter().map(|arg| self.words(arg)).collect::<Result<Vec<_>>>()?.concat();
                if args.first().is_none_or(String::is_empty) {
                    return Err(failed("the command is empty".to_owned(), list.first().map(|arg| arg.source.span), None));
                }
                PreparedCommand::Args(args)
            }
        })
    }

    fn awaited(&self, what: &Awaited, task: &Task) -> Result<PreparedAwaited> {
        Ok(match what {
            Awaited::Port { host, port } => PreparedAwaited::Port {
                host: self.optional_path(host.as_ref())?.unwrap_or_else(|| "127.0.0.1".to_owned()),
                port: self.port(port)?,
            },
            Awaited::Url(url) => PreparedAwaited::Url(self.path(url)?),
            Awaited::Path(path) => PreparedAwaited::Path(self.path(path)?),
            Awaited::Command(command) => PreparedAwaited::Command(self.command(command, task)?),
        })
    }

    fn port(&self, template: &Template) -> Result<u16> {
        let text = self.path(template)?;
        if self.waits(&text) {
            return Ok(0);
        }
        let number = text.parse().ok().filter(|port| *port > 0);
        number
            .ok_or_else(|| failed(format!("`{text}` is no port"), Some(template.source.span), Some("a number from 1 to 65535".to_owned())))
    }

    fn check(&self, that: &Template) -> Result<AssertCheck> {
        let expression = that.source.text.trim().to_owned();
        let holds = match self.engine.eval_bool(that, self.scope) {
            Err(RenderError::Pending(steps)) => {
                self.note(steps)?;
                None
            }
            other => Some(other),
        };
        Ok(AssertCheck { expression, holds })
    }

    /// Takes down what a part waits for; without a preview there is nothing to put in its place.
    fn note(&self, steps: Vec<String>) -> Result<()> {
        let Some(pending) = &self.pending else { return Err(RenderError::Pending(steps)) };
        let mut pending = pending.borrow_mut();
        for step in steps {
            if !pending.contains(&step) {
                pending.push(step);
            }
        }
        Ok(())
    }

    /// Says whether a text stands for what is known only later; data of a run never does, whatever it holds.
    fn waits(&self, text: &str) -> bool {
        self.pending.is_some() && is_pending(text)
    }

    fn rendered(&self, template: &Template) -> Result<Rendered> {
        match self.engine.render(template, self.scope) {
            Err(RenderError::Pending(steps)) => {
                self.note(steps)?;
                Ok(Rendered::Value(Value::Text(self.engine.preview(template, self.scope)?.text)))
            }
            other => other,
        }
    }

    fn value(&self, value: &VarValue) -> Result<Value> {
        match self.engine.render_value(value, self.scope) {
            Err(RenderError::Pending(steps)) => {
                let text = match value {
                    VarValue::Template(template) => self.engine.preview(template, self.scope)?.text,
                    _ => hole(&steps),
                };
                self.note(steps)?;
                Ok(Value::Text(text))
            }
            other => other,
        }
    }

    /// Text; `omit` is none.
    fn optional(&self, template: &Template) -> Result<Option<String>> {
        match self.rendered(template)? {
            Rendered::Omit => Ok(None),
            Rendered::Value(value) => scalar(value, template).map(Some),
        }
    }

    fn text(&self, template: &Template) -> Result<String> {
        self.optional(template)?.ok_or_else(|| failed("`omit` can't stand here".to_owned(), Some(template.source.span), None))
    }

    /// Text that ends up as an argument: a path, a name.
    fn path(&self, template: &Template) -> Result<String> {
        let text = no_nul(self.text(template)?, template)?;
        if text.is_empty() {
            return Err(failed("this is empty".to_owned(), Some(template.source.span), None));
        }
        Ok(text)
    }

    fn optional_path(&self, template: Option<&Template>) -> Result<Option<String>> {
        let Some(template) = template else { return Ok(None) };
        match self.optional(template)? {
            Some(text) if text.is_empty() => Err(failed("this is empty".to_owned(), Some(template.source.span), None)),
            Some(text) => no_nul(text, template).map(Some),
            None => Ok(None),
        }
    }

    /// Any number of arguments: a list gives one per entry, `omit` none.
    fn words(&self, template: &Template) -> Result<Vec<String>> {
        match self.rendered(template)? {
            Rendered::Omit => Ok(Vec::new()),
            Rendered::Value(Value::List(list)) => list.into_iter().map(|value| no_nul(scalar(value, template)?, template)).collect(),
            Rendered::Value(value) => Ok(vec![no_nul(scalar(value, template)?, template)?]),
        }
    }
}

fn failed(message: String, span: Option<Span>, hint: Option<String>) -> RenderError {
    RenderError::Failed { message, span, hint }
}

fn scalar(value: Value, template: &Template) -> Result<String> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Int(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::None | Value::List(_) | Value::Map(_) => {
            let hint = match value {
                Value::None => "`| default(omit)` leaves it out",
                _ => "`| to_json` writes it as text",
            };
            Err(failed(format!("this gives {}, where text is needed", value.kind()), Some(template.source.span), Some(hint.to_owned())))
        }
    }
}

fn no_nul(text: String, template: &Template) -> Result<String> {
    if text.contains('\0') {
        let hint = Some("give such bytes by `stdin` or `copy`".to_owned());
        return Err(failed("this holds a NUL byte, which no command can take".to_owned(), Some(template.source.span), hint));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
