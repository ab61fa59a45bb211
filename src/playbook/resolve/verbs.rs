//! Verbs: syntax to typed arguments.

use super::{FileNeed, Lower};
use crate::model::{
    Assert, Command, Context, CopyFile, CopyFrom, Fail, Fetch, Glob, Print, ReadFile, Run, Set, Shell, Stat, Template, Verb,
};
use crate::playbook::syntax;

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
            syntax::Verb::Copy(copy) => self.copy(copy),
            syntax::Verb::Fetch { src, dest } => {
                Verb::Fetch(Box::new(Fetch { src: self.text(src), dest: self.text(dest), base: self.base.clone() }))
            }
            syntax::Verb::Assert { that, message } => Verb::Assert(Assert {
                that: self.texts(that, Context::Expression),
                message: message.as_ref().map(|message| self.text(message)),
            }),
            syntax::Verb::Set(vars) => Verb::Set(Set { vars: self.vars(vars) }),
            syntax::Verb::Print(text) => Verb::Print(Print { text: self.text(text) }),
            syntax::Verb::Fail(message) => Verb::Fail(Fail { message: self.text(message), span: message.span }),
            // Told by the reader; it stands for what can't be known, and no playbook with it is ever given.
            syntax::Verb::Broken => Verb::Set(Set { vars: indexmap::IndexMap::new() }),
        }
    }

    fn copy(&mut self, copy: &syntax::Copy) -> Verb {
        let from = match &copy.from {
            syntax::CopyFrom::Content(text) => CopyFrom::Content(self.text(text)),
            syntax::CopyFrom::Src(path) => {
                let path = self.text(path);
                if path.is_literal() {
                    self.files_needed.push(FileNeed { path: self.base.join(&path.source.text), span: path.source.span });
                }
                CopyFrom::Src { path, base: self.base.clone() }
            }
        };
        let mut native =
            |text: &Option<crate::diag::SourceText>| -> Option<Template> { text.as_ref().map(|text| self.template(text, Context::Native)) };
        let (mode, owner, group) = (native(&copy.mode), native(&copy.owner), native(&copy.group));
        Verb::Copy(Box::new(CopyFile { from, dest: self.text(&copy.dest), mode, owner, group }))
    }
}
