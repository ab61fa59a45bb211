//! Variables as they are written, templates compiled. The playbook reads its own by the same rules.

use indexmap::IndexMap;

use crate::diag::{Diagnostic, Diagnostics, SourceText};
use crate::model::{Context, Layer, Origin, Value, Var, VarValue};
use crate::template::Engine;
use crate::text::is_id;
use crate::yaml::{Entry, Node, NodeValue, lost_digits};

/// Names that templates give a meaning of their own; no variable can have them.
pub const RESERVED: [&str; 15] = [
    "host",
    "hosts",
    "groups",
    "facts",
    "tasks",
    "rounds",
    "result",
    "error",
    "item",
    "loop",
    "run",
    "controller",
    "inputs",
    "secrets",
    "omit",
];

/// Reads a `vars:` map; names that can't be variables are told and left out.
pub fn layer(origin: Origin, vars: &Entry, engine: &mut Engine, diagnostics: &mut Diagnostics) -> Layer {
    let mut layer = Layer { origin, vars: IndexMap::new() };
    for entry in vars.map(diagnostics).unwrap_or_default() {
        // The value is read all the same: its mistakes are to be told, too.
        let value = var_value(&entry.value, engine, diagnostics);
        if sound_name(&entry.key, diagnostics) {
            layer.vars.insert(entry.key.text.clone(), Var { value, span: Some(entry.key.span) });
        }
    }
    layer
}

fn sound_name(name: &SourceText, diagnostics: &mut Diagnostics) -> bool {
    if RESERVED.contains(&&*name.text) {
        let found = Diagnostic::error("E215", name.span, format!("no variable can be called `{}`", name.text));
        diagnostics.push(found.label("means something else in templates"));
        return false;
    }
    if !is_id(&name.text) {
        let found = Diagnostic::error("E216", name.span, format!("`{}` is no name for a variable", name.text));
        let better: String = name.text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let hint =
            if is_id(&better) && better != "_" { format!("write `{better}`") } else { "names start with a letter or `_`".to_owned() };
        diagnostics.push(found.note("templates could not read it: names are made of ASCII letters, digits and `_`").hint(hint));
        return false;
    }
    true
}

/// Reads a variable's value; texts with `{{` or `{%` are templates that keep the type of a lone value.
///
/// A template with mistakes, which `diagnostics` then say, stays plain text, so that reading goes on.
pub fn var_value(node: &Node, engine: &mut Engine, diagnostics: &mut Diagnostics) -> VarValue {
    if let Some(found) = lost_digits(node) {
        diagnostics.push(found);
    }
    match &node.value {
        NodeValue::Text(text) if text.text.contains("{{") || text.text.contains("{%") => {
            let template = engine.compile(text.clone(), Context::Native, diagnostics);
            template.map_or_else(|| VarValue::Plain(Value::Text(text.text.clone())), VarValue::Template)
        }
        NodeValue::List(items) => {
            let items: Vec<VarValue> = items.iter().map(|item| var_value(item, engine, diagnostics)).collect();
            if items.iter().all(is_plain) { VarValue::Plain(node.to_value()) } else { VarValue::List(items) }
        }
        NodeValue::Map(entries) => {
            let entries: IndexMap<String, VarValue> =
                entries.iter().map(|entry| (entry.key.text.clone(), var_value(&entry.value, engine, diagnostics))).collect();
            if entries.values().all(is_plain) { VarValue::Plain(node.to_value()) } else { VarValue::Map(entries) }
        }
        _ => VarValue::Plain(node.to_value()),
    }
}

fn is_plain(value: &VarValue) -> bool {
    matches!(value, VarValue::Plain(_))
}
