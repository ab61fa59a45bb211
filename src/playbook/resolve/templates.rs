//! Texts to templates, and maps of variables to layers.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Lower;
use crate::diag::{Diagnostic, SourceText};
use crate::model::{Become, Command, Context, Guard, Judge, Layer, Origin, Shell, Template, TemplateId, Var};
use crate::playbook::codes;
use crate::playbook::syntax::{self, Role, Syntax, path_of};
use crate::template::Engine;

impl Lower<'_> {
    /// Compiles a text. One with errors, which are told, gives a stand-in that reads the same and is never rendered.
    pub(super) fn template(&mut self, text: &SourceText, context: Context) -> Template {
        self.engine.compile(text.clone(), context, self.diagnostics).unwrap_or_else(|| Template {
            id: TemplateId(u32::MAX),
            source: text.clone(),
            context,
            reads: self.engine.reads_of_broken(text, context),
        })
    }

    /// Compiles a condition; tells where it can't be true or false.
    pub(super) fn condition(&mut self, text: &SourceText, what: &str) -> Template {
        if let Some((kind, hint)) = Engine::no_bool(text) {
            let found =
                Diagnostic::error(codes::NO_BOOL, text.at(0..text.text.len()), format!("{what} must be true or false, this is {kind}"));
            self.diagnostics.push(found.hint(hint.to_owned()));
        }
        self.template(text, Context::Expression)
    }

    pub(super) fn text(&mut self, text: &SourceText) -> Template {
        self.template(text, Context::Text)
    }

    pub(super) fn texts(&mut self, texts: &[SourceText], context: Context) -> Vec<Template> {
        texts.iter().map(|text| self.template(text, context)).collect()
    }

    pub(super) fn layer(&mut self, origin: Origin, vars: &[syntax::Var]) -> Option<Arc<Layer>> {
        (!vars.is_empty()).then(|| Arc::new(Layer { origin, vars: self.vars(vars) }))
    }

    /// The playbook's variables: `vars`, and over it each of `vars_files`; and the layers that this is made of.
    pub(super) fn playbook_vars(&mut self, syntax: &Syntax) -> (Arc<Layer>, Vec<Arc<Layer>>) {
        let own = Layer { origin: Origin::Playbook, vars: self.vars(&syntax.main.vars) };
        if syntax.main.vars_files.is_empty() {
            return (Arc::new(own), Vec::new());
        }
        let mut all = own.clone();
        let mut layers = vec![Arc::new(own)];
        for name in &syntax.main.vars_files {
            // One that could not be read is told where it was looked for.
            let Some(Some(file)) = syntax.parts.get(&(path_of(self.map, name), Role::Vars)) else { continue };
            let layer = Layer { origin: Origin::VarsFile(name.text.clone()), vars: self.vars(&file.vars) };
            all.vars.extend(layer.vars.clone());
            layers.push(Arc::new(layer));
        }
        (Arc::new(all), layers)
    }

    pub(super) fn vars(&mut self, vars: &[syntax::Var]) -> IndexMap<String, Var> {
        vars.iter()
            .map(|var| {
                let value = crate::inventory::var_value(&var.value, self.engine, self.diagnostics);
                (var.name.text.clone(), Var { value, span: Some(var.name.span) })
            })
            .collect()
    }

    pub(super) fn env(&mut self, env: &[syntax::EnvVar]) -> Vec<(String, Template)> {
        env.iter().map(|var| (var.name.text.clone(), self.text(&var.value))).collect()
    }

    pub(super) fn command(&mut self, command: &syntax::Command, shell: &Shell) -> Command {
        match command {
            syntax::Command::Text(text) => Command::Text(self.template(text, context_of(shell))),
            syntax::Command::List(list) => Command::List(self.texts(list, Context::Native)),
        }
    }

    pub(super) fn guard(&mut self, guard: &syntax::Guard, shell: &Shell) -> Guard {
        match guard {
            syntax::Guard::Unless(command) => Guard::Unless(self.command(command, shell)),
            syntax::Guard::OnlyIf(command) => Guard::OnlyIf(self.command(command, shell)),
            syntax::Guard::Creates(path) => Guard::Creates(self.text(path)),
            syntax::Guard::Removes(path) => Guard::Removes(self.text(path)),
        }
    }

    pub(super) fn judge(&mut self, judge: &syntax::Judge, what: &str) -> Judge {
        match judge {
            syntax::Judge::Fixed(flag) => Judge::Fixed(*flag),
            syntax::Judge::Expression(text) => Judge::Expression(self.condition(text, what)),
        }
    }

    /// What a task or group says of `become`, else what holds around it.
    pub(super) fn r#become(&mut self, own: Option<&syntax::Become>, outside: Option<&Become>) -> Option<Become> {
        match own {
            None => outside.cloned(),
            Some(syntax::Become::No) => None,
            Some(syntax::Become::User { user, method, password }) => {
                let password = password.as_ref().map(|password| self.text(password));
                Some(Become { user: self.text(user), method: *method, password })
            }
        }
    }
}

/// How values are written into text for a shell: its quoting is known where it is one of POSIX's family.
fn context_of(shell: &Shell) -> Context {
    let Shell::Other(path) = shell else { return Context::Shell };
    match path.rsplit('/').next() {
        Some("sh" | "bash" | "dash" | "ash" | "ksh" | "ksh93" | "mksh") => Context::Shell,
        _ => Context::ForeignShell,
    }
}
