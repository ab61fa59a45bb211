//! Resolving: the syntax tree, an inventory and a template engine to the model.
//!
//! Two passes. *Lowering* gives every task its place and its defaults, compiles every text and binds hosts and `needs`.
//! *Binding* then asks, for every template and every host that uses it, where each name it reads comes from; what it
//! reads of other tasks becomes [`crate::model::Task::reads`]. Touches no file and renders nothing.

mod bind;
mod builtin;
mod hosts;
mod names;
mod needs;
mod order;
mod path;
mod rounds;
mod scope;
mod secrets;
mod steps;
mod tasks;
mod templates;
mod undefined;
mod variables;
mod verbs;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use self::names::Names;
use super::options::{FileNeed, Options, Resolved};
use super::syntax::Syntax;
use super::{check, codes};
use crate::diag::{Diagnostic, Diagnostics, SourceMap};
use crate::inventory::RESERVED;
use crate::model::{HostIx, Inventory, Layer, Origin, Playbook, RoundIx, TaskIx, Var};
use crate::template::Engine;
use crate::text::snake_id;

/// What lowering needs and collects.
struct Lower<'a> {
    inventory: &'a Inventory,
    engine: &'a mut Engine,
    diagnostics: &'a mut Diagnostics,
    /// The folder of the playbook file.
    base: PathBuf,
    files_needed: Vec<FileNeed>,
    /// What `--limit` and `-x` leave; none: all.
    limit: Option<Vec<HostIx>>,
    round_names: Names<RoundIx>,
    /// By round.
    task_names: Vec<Names<Vec<TaskIx>>>,
}

/// Binds every name of a playbook; `None` where there are errors, all of which are then in `diagnostics`.
///
/// Errors that `diagnostics` already holds count, too.
pub fn resolve(
    syntax: &Syntax,
    map: &SourceMap,
    inventory: &Inventory,
    engine: &mut Engine,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Option<Resolved> {
    let file = map.file(syntax.file);
    let path = file.path.as_deref().unwrap_or(Path::new(&file.name));
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let base = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut lower = Lower {
        inventory,
        engine,
        diagnostics,
        base,
        files_needed: Vec::new(),
        limit: None,
        round_names: Names::new(),
        task_names: Vec::new(),
    };
    lower.limit = lower.limits(options);
    reserved_extra(options, lower.diagnostics);
    let vars = lower.layer(Origin::Playbook, &syntax.vars);
    let rounds = lower.rounds(&syntax.rounds);
    let (round_names, task_names, files_needed) = (lower.round_names, lower.task_names, lower.files_needed);
    let mut names: Names<()> = Names::new();
    let id = names.add((syntax.id.as_ref(), None), None, ("playbook", "file"), syntax_span(syntax), (), diagnostics);
    let name = syntax.name.as_ref().map(|name| name.text.clone());
    let id = id.or_else(|| snake_id(name.as_deref()?)).or_else(|| snake_id(&stem)).unwrap_or_else(|| "playbook".to_owned());
    let mut playbook = Playbook {
        name: name.unwrap_or(stem),
        id,
        vars: vars.unwrap_or_else(|| Arc::new(Layer { origin: Origin::Playbook, vars: IndexMap::new() })),
        extra: Arc::new(extra(options)),
        secrets: inventory.secrets.clone(),
        rounds,
        max_parallel: syntax.max_parallel,
        inputs: IndexMap::new(),
        groups: IndexMap::new(),
    };
    playbook.secrets.extend(syntax.secrets.iter().map(|(name, secret)| (name.clone(), secret.clone())));
    let used = bind::bind(&mut playbook, map, inventory, &round_names, &task_names, diagnostics);
    secrets::passwords(&mut playbook, inventory, diagnostics);
    secrets::warnings(&playbook, inventory, map, diagnostics);
    check::check(&playbook, &used, options, diagnostics);
    (!diagnostics.has_errors()).then_some(Resolved { playbook, files_needed })
}

fn syntax_span(syntax: &Syntax) -> crate::diag::Span {
    crate::diag::Span::new(syntax.file, 0..0)
}

/// Tells of names on the command line that no variable can have.
fn reserved_extra(options: &Options, diagnostics: &mut Diagnostics) {
    for (name, _) in options.extra.iter().filter(|(name, _)| RESERVED.contains(&name.as_str())) {
        let found = Diagnostic::error(codes::RESERVED_NAME, None, format!("`-e {name}=…`: a variable can't be called `{name}`"));
        diagnostics.push(found.note(format!("`{name}` means something in every template")));
    }
}

fn extra(options: &Options) -> Layer {
    let vars = options.extra.iter().map(|(name, value)| (name.clone(), Var { value: value.clone(), span: None }));
    Layer { origin: Origin::CommandLine, vars: vars.collect() }
}
