//! Every template of a task, block or verb, each with its part: for those who compile, bind, fold or forbid.

use super::{Awaited, Block, Command, CopyFrom, Each, EachItems, Guard, Judge, OnHost, Task, Template, Verb};

/// The part of a task that a template stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskPart {
    /// `each`, in which there is no item yet.
    Each,
    /// `when`.
    When,
    /// `env`.
    Env,
    /// `cwd`.
    Cwd,
    /// `stdin`.
    Stdin,
    /// The user of `become`.
    BecomeUser,
    /// The password of `become`.
    BecomePassword,
    /// `on`.
    On,
    /// A guard.
    Guard,
    /// The verb.
    Verb,
    /// `changed`, `failed`, `until`: `result` is known.
    Judge,
}

impl Task {
    /// Calls `each` for every template of it, `vars` left out.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(TaskPart, &'a Template)) {
        self.flow.each.iter().for_each(|items| items.for_each_template(&mut |template| each(TaskPart::Each, template)));
        self.when.iter().for_each(|template| each(TaskPart::When, template));
        self.env.iter().for_each(|(_, template)| each(TaskPart::Env, template));
        self.cwd.iter().for_each(|template| each(TaskPart::Cwd, template));
        self.stdin.iter().for_each(|template| each(TaskPart::Stdin, template));
        if let Some(r#become) = &self.r#become {
            each(TaskPart::BecomeUser, &r#become.user);
            r#become.password.iter().for_each(|template| each(TaskPart::BecomePassword, template));
        }
        for entry in &self.on {
            if let OnHost::Template(template) = entry {
                each(TaskPart::On, template);
            }
        }
        for guard in &self.guards {
            match guard {
                Guard::Unless(command) | Guard::OnlyIf(command) => {
                    command.for_each_template(&mut |template| each(TaskPart::Guard, template));
                }
                Guard::Creates(path) | Guard::Removes(path) => each(TaskPart::Guard, path),
            }
        }
        self.verb.for_each_template(&mut |template| each(TaskPart::Verb, template));
        for judge in self.changed.iter().chain(&self.failed) {
            if let Judge::Expression(template) = judge {
                each(TaskPart::Judge, template);
            }
        }
        let until = self.flow.retry.as_ref().and_then(|retry| retry.until.as_ref());
        until.iter().for_each(|template| each(TaskPart::Judge, template));
    }
}

impl Block {
    /// Calls `each` for every template that stands at the block itself: `each`, `when`.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(TaskPart, &'a Template)) {
        self.each.iter().for_each(|items| items.for_each_template(&mut |template| each(TaskPart::Each, template)));
        self.when.iter().for_each(|template| each(TaskPart::When, template));
    }
}

impl Each {
    /// Calls `each` for every template of what it goes through.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        match &self.items {
            EachItems::Written(value) => value.for_each_template(each),
            EachItems::Expression(template) => each(template),
        }
    }
}

impl Command {
    /// Calls `each` for every template of it.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        match self {
            Command::Text(template) => each(template),
            Command::List(list) => list.iter().for_each(each),
        }
    }
}

impl Verb {
    /// Calls `each` for every template of its arguments.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        match self {
            Verb::Run(run) => run.command.for_each_template(each),
            Verb::Read(read) => each(&read.path),
            Verb::Glob(glob) => glob.patterns.iter().for_each(each),
            Verb::Stat(stat) => each(&stat.path),
            Verb::Copy(copy) => {
                match &copy.from {
                    CopyFrom::Content(content) => each(content),
                    CopyFrom::Src { path, .. } => each(path),
                }
                copy.file.for_each_template(each);
            }
            Verb::Template(template) => {
                each(&template.text);
                template.file.for_each_template(each);
            }
            Verb::File(path) | Verb::Directory(path) | Verb::Link(path) => path.for_each_template(each),
            Verb::Line(line) => {
                line.line.iter().chain(&line.matching).for_each(&mut *each);
                line.edited.for_each_template(each);
            }
            Verb::Text(text) => {
                text.text.iter().chain(&text.name).chain(&text.comment).for_each(&mut *each);
                text.edited.for_each_template(each);
            }
            Verb::Download(download) => download.for_each_template(each),
            Verb::Archive(archive) => archive.for_each_template(each),
            Verb::Unarchive(unarchive) => unarchive.for_each_template(each),
            Verb::Fetch(fetch) => {
                each(&fetch.src);
                each(&fetch.dest);
            }
            Verb::Assert(assert) => assert.that.iter().chain(&assert.message).for_each(each),
            Verb::Set(set) => set.vars.values().for_each(|var| var.value.for_each_template(each)),
            Verb::Print(print) => each(&print.text),
            Verb::Fail(fail) => each(&fail.message),
            Verb::Script(script) => {
                each(&script.src);
                script.args.iter().chain(&script.interpreter).for_each(each);
            }
            Verb::WaitFor(wait) => match &wait.what {
                Awaited::Port { host, port } => host.iter().chain([port]).for_each(each),
                Awaited::Url(template) | Awaited::Path(template) => each(template),
                Awaited::Command(command) => command.for_each_template(each),
            },
            Verb::Confirm(confirm) => each(&confirm.question),
            Verb::Facts(_) | Verb::Pause(_) | Verb::Flush => {}
        }
    }
}
