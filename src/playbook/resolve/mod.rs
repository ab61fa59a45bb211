//! Resolving: the syntax tree, an inventory and a template engine to the model.
//!
//! Three passes. *Expanding* puts included files and actions where they are named and numbers everything. *Lowering* gives every task its place and its defaults, compiles every text and binds hosts and `needs`.
//! *Binding* then asks, for every template and every host that uses it, where each name it reads comes from; what it
//! reads of other tasks becomes [`crate::model::Task::reads`]. Touches no file and renders nothing.

mod actions;
mod archives;
mod bind;
mod builtin;
mod expand;
mod facts;
mod flow;
mod groups;
mod host_paths;
mod hosts;
mod names;
mod needs;
mod order;
mod path;
mod pieces;
mod rounds;
mod scope;
mod secrets;
mod steps;
mod tags;
mod targets;
mod tasks;
mod templates;
mod undefined;
mod variables;
mod verbs;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

pub(super) use self::bind::Used;
use self::names::Names;
use self::targets::RoundTargets;
use super::options::{FileNeed, Options, Resolved};
use super::syntax::{Parts, Syntax};
use super::{check, codes};
use crate::diag::{Diagnostic, Diagnostics, SourceMap};
use crate::inventory::RESERVED;
use crate::model::{HostIx, Inventory, Layer, Origin, Playbook, RoundIx, Template, Var};
use crate::template::Engine;
use crate::text::snake_id;

/// What lowering needs and collects.
struct Lower<'a> {
    map: &'a SourceMap,
    inventory: &'a Inventory,
    /// The inventory with the playbook's groups in it, full; none where it has none.
    with_groups: Option<Inventory>,
    engine: &'a mut Engine,
    diagnostics: &'a mut Diagnostics,
    files_needed: Vec<FileNeed>,
    /// The files that the playbook names.
    parts: &'a Parts,
    /// Template files that were compiled, by their paths.
    template_files: BTreeMap<PathBuf, Template>,
    /// What `--limit` and `-x` leave; none: all.
    limit: Option<BTreeSet<HostIx>>,
    round_names: Names<RoundIx>,
    /// By round.
    targets: Rc<Vec<RoundTargets>>,
    /// What the first tasks of rounds gather.
    gathering: &'a facts::Gathering,
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
    let before = diagnostics.clone();
    let (mut resolved, used) = once(syntax, map, inventory, engine, options, diagnostics, &facts::Gathering::new());
    let gathering = facts::gathering(&resolved.playbook, &used.facts);
    if !gathering.is_empty() {
        *diagnostics = before;
        (resolved, _) = once(syntax, map, inventory, engine, options, diagnostics, &gathering);
    }
    // `hosts: !web` is a tag to YAML; quoted it would still only say which hosts are left out.
    diagnostics.drop_echoes("E006", "E203");
    (!diagnostics.has_errors()).then_some(resolved)
}

/// Resolves with first tasks that gather facts where they are asked for.
fn once(
    syntax: &Syntax,
    map: &SourceMap,
    inventory: &Inventory,
    engine: &mut Engine,
    options: &Options,
    diagnostics: &mut Diagnostics,
    gathering: &facts::Gathering,
) -> (Resolved, Used) {
    let main = &syntax.main;
    let file = map.file(main.file);
    let path = file.path.as_deref().unwrap_or(Path::new(&file.name));
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut lower = Lower {
        map,
        inventory,
        with_groups: None,
        engine,
        diagnostics,
        files_needed: Vec::new(),
        parts: &syntax.parts,
        template_files: BTreeMap::new(),
        limit: None,
        round_names: Names::new(),
        targets: Rc::new(Vec::new()),
        gathering,
    };
    lower.limit = lower.limits(options);
    reserved_extra(options, lower.diagnostics);
    let (vars, vars_files) = lower.playbook_vars(syntax);
    let inputs = lower.playbook_inputs(&main.inputs, options);
    let groups = lower.chosen_groups(&main.groups);
    let rounds = lower.rounds(syntax, &groups);
    let (round_names, targets, files_needed) = (lower.round_names, lower.targets, lower.files_needed);
    let mut names: Names<()> = Names::new();
    let span = crate::diag::Span::new(main.file, 0..0);
    let id = names.add((main.id.as_ref(), None), None, ("playbook", "file"), span, (), diagnostics);
    let name = main.name.as_ref().map(|name| name.text.clone());
    let id = id.or_else(|| snake_id(name.as_deref()?)).or_else(|| snake_id(&stem)).unwrap_or_else(|| "playbook".to_owned());
    let mut playbook = Playbook {
        name: name.unwrap_or(stem),
        id,
        vars,
        vars_files,
        extra: Arc::new(extra(options, &inputs)),
        secrets: inventory.secrets.clone(),
        rounds,
        max_parallel: main.max_parallel,
        lock_hosts: main.lock_hosts,
        on_disconnect: main.on_disconnect,
        inputs,
        groups,
    };
    playbook.secrets.extend(main.secrets.iter().map(|(name, secret)| (name.clone(), secret.clone())));
    tags::leave_out(&mut playbook, options, diagnostics);
    let used = bind::bind(&mut playbook, map, inventory, &round_names, &targets, diagnostics);
    secrets::passwords(&mut playbook, inventory, diagnostics);
    secrets::warnings(&playbook, inventory, map, diagnostics);
    check::check(&playbook, inventory, &used, options, diagnostics);
    (Resolved { playbook, files_needed }, used)
}

/// Tells of names on the command line that no variable can have.
fn reserved_extra(options: &Options, diagnostics: &mut Diagnostics) {
    for (name, _) in options.extra.iter().filter(|(name, _)| RESERVED.contains(&name.as_str())) {
        let found = Diagnostic::error(codes::RESERVED_NAME, None, format!("`-e {name}=…`: a variable can't be called `{name}`"));
        diagnostics.push(found.note(format!("`{name}` means something in every template")));
    }
}

/// The variables of the command line; what fills an input is none.
fn extra(options: &Options, inputs: &IndexMap<String, crate::model::Input>) -> Layer {
    let vars = options.extra.iter().filter(|(name, _)| !inputs.contains_key(name));
    let vars = vars.map(|(name, value)| (name.clone(), Var { value: value.clone(), span: None }));
    Layer { origin: Origin::CommandLine, vars: vars.collect() }
}
