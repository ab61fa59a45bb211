//! Verbs: syntax to typed arguments.

use std::path::PathBuf;
use std::time::Duration;

use super::{FileNeed, Lower};
use crate::diag::SourceText;
use crate::model::{
    Assert, Awaited, Command, Confirm, Context, Facts, Fail, Fetch, Glob, Pause, Print, ReadFile, Run, Script, Set, Shell, Stat, Template,
    Verb, WaitFor,
};
use crate::playbook::syntax::{self, folder};

/// Between two questions of `wait_for`.
const INTERVAL: Duration = Duration::from_secs(1);

impl Lower<'_> {
    pub(super) fn verb(&mut self, verb: &syntax::Verb, shell: &Shell) -> Verb {
        match verb {
            syntax::Verb::Run(command) => {
                let command = self.command(command, shell);
                if let (Command::Text(template), Shell::Sh) = (&command, shell) {
                    self.engine.hint_pipelines(template, self.diagnostics);
                }
                Verb::Run(Run { command })
            }
            syntax::Verb::Read(path) => Verb::Read(ReadFile { path: self.text(path) }),
            syntax::Verb::Glob(patterns) => Verb::Glob(Glob { patterns: self.texts(patterns, Context::Text) }),
            syntax::Verb::Stat(path) => Verb::Stat(Stat { path: self.text(path) }),
            syntax::Verb::Copy(copy) => Verb::Copy(Box::new(self.copy(copy))),
            syntax::Verb::Template(template) => Verb::Template(Box::new(self.template_verb(template))),
            syntax::Verb::File(path) => Verb::File(Box::new(self.path_state(path))),
            syntax::Verb::Directory(path) => Verb::Directory(Box::new(self.path_state(path))),
            syntax::Verb::Link(path) => Verb::Link(Box::new(self.path_state(path))),
            syntax::Verb::Line(line) => Verb::Line(Box::new(self.line(line))),
            syntax::Verb::Text(text) => Verb::Text(Box::new(self.marked_text(text))),
            syntax::Verb::Download(download) => Verb::Download(Box::new(self.download(download))),
            syntax::Verb::Archive(archive) => Verb::Archive(Box::new(self.archive(archive))),
            syntax::Verb::Unarchive(unarchive) => Verb::Unarchive(Box::new(self.unarchive(unarchive))),
            syntax::Verb::Fetch { src, dest } => {
                let base = folder(self.map, dest.span.file);
                Verb::Fetch(Box::new(Fetch { src: self.text(src), dest: self.text(dest), base, below: None }))
            }
            syntax::Verb::Assert { that, message } => Verb::Assert(Assert {
                that: that.iter().map(|text| self.condition(text, "what `assert` asks")).collect(),
                message: message.as_ref().map(|message| self.text(message)),
            }),
            syntax::Verb::Set(vars) => Verb::Set(Set { vars: self.vars(vars) }),
            syntax::Verb::Print(text) => Verb::Print(Print { text: self.text(text) }),
            syntax::Verb::Fail(message) => Verb::Fail(Fail { message: self.text(message), span: message.span }),
            syntax::Verb::Script(script) => {
                let (src, base) = self.local_file(&script.src);
                let args = self.texts(&script.args, Context::Native);
                let interpreter = script.interpreter.as_ref().map(|interpreter| self.text(interpreter));
                Verb::Script(Box::new(Script { src, base, args, interpreter }))
            }
            syntax::Verb::WaitFor(wait) => Verb::WaitFor(Box::new(WaitFor {
                what: self.awaited(&wait.what, shell),
                absent: wait.absent,
                interval: wait.interval.unwrap_or(INTERVAL),
            })),
            syntax::Verb::Facts { sections, again } => Verb::Facts(Facts { sections: sections.clone(), again: *again }),
            syntax::Verb::Pause(duration) => Verb::Pause(Pause { duration: *duration }),
            syntax::Verb::Confirm(question) => Verb::Confirm(Confirm { question: self.text(question) }),
            syntax::Verb::Flush => Verb::Flush,
            // Told by the reader; it stands for what can't be known, and no playbook with it is ever given.
            syntax::Verb::Broken => Verb::Set(Set { vars: indexmap::IndexMap::new() }),
        }
    }

    fn awaited(&mut self, what: &syntax::Awaited, shell: &Shell) -> Awaited {
        match what {
            syntax::Awaited::Port { host, port } => {
                Awaited::Port { host: host.as_ref().map(|host| self.text(host)), port: self.template(port, Context::Native) }
            }
            syntax::Awaited::Url(url) => Awaited::Url(self.text(url)),
            syntax::Awaited::Path(path) => Awaited::Path(self.text(path)),
            syntax::Awaited::Command(command) => Awaited::Command(self.command(command, shell)),
        }
    }

    /// A file of this machine and the folder that it is relative to; it must exist where its name is known.
    pub(super) fn local_file(&mut self, path: &SourceText) -> (Template, PathBuf) {
        let base = folder(self.map, path.span.file);
        let path = self.text(path);
        if path.is_literal() {
            self.files_needed.push(FileNeed { path: base.join(&path.source.text), span: path.source.span, hint: None });
        }
        (path, base)
    }
}
