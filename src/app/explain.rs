//! `explain HOST`: each variable of a host, where it was set, and what it overrode.
//!
//! The value is what a task sees that sets nothing itself; what rounds, blocks and tasks set for themselves is listed
//! beside it. Nothing is decrypted, run or connected to for it: a value that reads what only a run knows says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;

use super::load::{Built, Loader, PlaybookSource, Sources};
use crate::diag::{Diagnostics, SourceMap};
use crate::model::{HostIx, Layer, Origin, Task, Value, Var, VarValue, Verb};
use crate::text::did_you_mean;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The host.
    pub host: String,
    /// The variable; none: all of them.
    pub variable: Option<String>,
    /// The inventory and `-e`; the playbook where one is named.
    pub sources: Sources,
}

/// A variable of a host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// Its name.
    pub name: String,
    /// Its value; none where it is set in rounds or tasks only, or is not known.
    pub value: Option<Value>,
    /// Why the value is not known.
    pub unknown: Option<String>,
    /// Where it is set, strongest first; the first gives the value.
    pub set: Vec<Setting>,
    /// Where rounds, blocks and tasks set it for themselves, in the order written; each overrides all of `set` but `-e`.
    pub inside: Vec<Setting>,
}

/// A place where a variable is set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// By what: `group web`, `-e`, `round patch`.
    pub by: String,
    /// `hosts.yml:12:5`; none for the command line.
    pub place: Option<String>,
    /// The value as written, templates as text.
    pub value: Value,
}

/// The answer.
#[derive(Debug)]
pub struct Explanation {
    /// Every text that was read.
    pub map: SourceMap,
    /// Mistakes and warnings.
    pub diagnostics: Diagnostics,
    /// The variables by name, or which word of the question is unknown; none where there are errors.
    pub answer: Option<Result<Vec<Explained>, Unknown>>,
}

/// A host or a variable that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unknown {
    message: String,
    /// What to type instead.
    pub hint: Option<String>,
}

/// Stands for a playbook where none is named.
#[must_use]
pub fn no_playbook() -> PlaybookSource {
    let text = "rounds: [{ hosts: localhost, tasks: [{ print: nothing }] }]\n".to_owned();
    PlaybookSource::Text { name: "<explain>".to_owned(), text, folder: ".".into() }
}

/// Explains the variables of a host.
#[must_use]
pub fn explain(question: &Question) -> Explanation {
    let mut loader = Loader::default();
    let built = loader.build(&question.sources).filter(|_| !loader.diagnostics.has_errors());
    let answer = built.map(|built| answer(&built, &loader.map, question));
    Explanation { map: loader.map, diagnostics: loader.diagnostics, answer }
}

fn answer(built: &Built, map: &SourceMap, question: &Question) -> Result<Vec<Explained>, Unknown> {
    let inventory = &built.inventory;
    let Some(host) = inventory.find(&question.host) else {
        let hint = did_you_mean(&question.host, inventory.index.keys().map(String::as_str));
        return Err(Unknown { message: format!("the inventory has no host `{}`", question.host), hint });
    };
    let outer = outer_layers(built, host);
    let inner = inner_layers(built, host);
    let names: BTreeSet<&str> = outer
        .iter()
        .map(|layer| &**layer)
        .chain(inner.iter().map(|(_, layer)| &**layer))
        .flat_map(|layer| layer.vars.keys())
        .map(String::as_str)
        .collect();
    let wanted: Vec<&str> = match &question.variable {
        None => names.iter().copied().collect(),
        Some(name) if names.contains(name.as_str()) => vec![name.as_str()],
        Some(name) => {
            let hint = did_you_mean(name, names.iter().copied());
            return Err(Unknown { message: format!("nothing sets a variable `{name}` for {}", question.host), hint });
        }
    };
    let scope = built.world.host_scope(host);
    let explained = wanted.into_iter().map(|name| {
        let found: Vec<(&Layer, &Var)> = outer.iter().rev().filter_map(|layer| Some((&**layer, layer.vars.get(name)?))).collect();
        let (value, unknown) = match found.first().map(|(_, var)| built.engine.render_value(&var.value, &scope)) {
            Some(Ok(value)) => (Some(value), None),
            Some(Err(error)) => (None, Some(error.to_string())),
            None => (None, None),
        };
        let inside = inner.iter().filter_map(|(by, layer)| Some(setting(map, by.clone(), layer.vars.get(name)?)));
        let set = found.iter().map(|(layer, var)| setting(map, origin_word(&layer.origin), var));
        Explained { name: name.to_owned(), value, unknown, set: set.collect(), inside: inside.collect() }
    });
    Ok(explained.collect())
}

/// The layers that every task of a host sees, weakest first.
fn outer_layers(built: &Built, host: HostIx) -> Vec<Arc<Layer>> {
    let playbook = &built.playbook;
    let mut layers = playbook.vars_files.clone();
    if layers.is_empty() {
        layers.push(Arc::clone(&playbook.vars));
    }
    layers.extend(built.inventory.host(host).layers.iter().cloned());
    layers.push(Arc::clone(&playbook.extra));
    layers
}

/// The layers of the rounds, blocks and tasks that a host takes part in, each once, and what `set` tasks set.
fn inner_layers(built: &Built, host: HostIx) -> Vec<(String, Arc<Layer>)> {
    let mut layers: IndexMap<usize, (String, Arc<Layer>)> = IndexMap::new();
    for round in built.playbook.rounds.iter().filter(|round| round.hosts.contains(&host)) {
        if let Some(layer) = &round.vars {
            layers.entry(Arc::as_ptr(layer).addr()).or_insert_with(|| (format!("round {}", round.id), Arc::clone(layer)));
        }
        for task in &round.tasks {
            let named = |task: &Task| format!("task {}/{}", round.id, task.id.as_deref().unwrap_or(&task.name));
            for layer in &task.layers {
                layers.entry(Arc::as_ptr(layer).addr()).or_insert_with(|| (named(task), Arc::clone(layer)));
            }
            if let Verb::Set(set) = &task.verb {
                let layer = Arc::new(Layer { origin: Origin::Set, vars: set.vars.clone() });
                let by = format!("set in {}", named(task));
                layers.insert(Arc::as_ptr(&layer).addr(), (by, layer));
            }
        }
    }
    layers.into_values().collect()
}

fn origin_word(origin: &Origin) -> String {
    match origin {
        Origin::Playbook => "playbook".to_owned(),
        Origin::VarsFile(_) => "vars_files".to_owned(),
        Origin::Inventory => "inventory".to_owned(),
        Origin::Group(name) => format!("group {name}"),
        Origin::Host(name) => format!("host {name}"),
        Origin::Round => "round".to_owned(),
        Origin::Task => "task".to_owned(),
        Origin::Set => "set".to_owned(),
        Origin::CommandLine => "-e".to_owned(),
    }
}

fn setting(map: &SourceMap, by: String, var: &Var) -> Setting {
    Setting { by, place: var.span.map(|span| map.location(span).to_string()), value: as_written(&var.value) }
}

fn as_written(value: &VarValue) -> Value {
    match value {
        VarValue::Plain(value) => value.clone(),
        VarValue::Template(template) => Value::from(template.source.text.as_str()),
        VarValue::List(list) => Value::List(list.iter().map(as_written).collect()),
        VarValue::Map(map) => Value::Map(map.iter().map(|(name, value)| (name.clone(), as_written(value))).collect()),
        VarValue::Unusable(what) => Value::Text(format!("({})", what.message)),
    }
}
