//! Variables to layers. What can't be used here is told only where it is read: an Ansible inventory holds much that no
//! playbook of ours asks for.

use indexmap::IndexMap;

use super::draft::Vars;
use crate::diag::{Diagnostic, Diagnostics, Severity, SourceText};
use crate::inventory::vars::RESERVED;
use crate::model::{Context, Layer, Origin, Unusable, Value, Var, VarValue};
use crate::template::Engine;
use crate::text::is_id;
use crate::yaml::{Node, NodeValue};

/// Makes a layer of variables; those whose name no template can read are told and left out.
pub(super) fn layer(origin: Origin, vars: &Vars, engine: &mut Engine, diagnostics: &mut Diagnostics) -> Layer {
    let mut layer = Layer { origin, vars: IndexMap::new() };
    for (name, given) in vars {
        let reason = if RESERVED.contains(&&**name) {
            "it means something else in templates"
        } else if !is_id(name) {
            "names are made of ASCII letters, digits and `_`"
        } else {
            let value = value(&given.value, engine);
            layer.vars.insert(name.clone(), Var { value, span: Some(given.name.span) });
            continue;
        };
        let found = Diagnostic::warning("W203", given.name.span, format!("the variable `{name}` can't be read here"));
        diagnostics.push(found.label("left out").note(reason));
    }
    layer
}

/// Reads a value, as [`crate::inventory::var_value`] does, but for what is encrypted, unsafe or no template of ours.
fn value(node: &Node, engine: &mut Engine) -> VarValue {
    match node.tag.as_deref() {
        Some("!unsafe") => return VarValue::Plain(node.to_value()),
        Some(_) => return vaulted(node),
        None => {}
    }
    match &node.value {
        NodeValue::Text(text) if text.text.contains("{{") || text.text.contains("{%") => template(text, engine),
        NodeValue::List(items) => {
            let items: Vec<VarValue> = items.iter().map(|item| value(item, engine)).collect();
            if items.iter().all(is_plain) {
                VarValue::Plain(Value::List(items.into_iter().filter_map(plain).collect()))
            } else {
                VarValue::List(items)
            }
        }
        NodeValue::Map(entries) => {
            let entries: IndexMap<String, VarValue> =
                entries.iter().map(|entry| (entry.key.text.clone(), value(&entry.value, engine))).collect();
            if entries.values().all(is_plain) {
                VarValue::Plain(Value::Map(entries.into_iter().filter_map(|(name, value)| Some((name, plain(value)?))).collect()))
            } else {
                VarValue::Map(entries)
            }
        }
        _ => VarValue::Plain(node.to_value()),
    }
}

fn template(text: &SourceText, engine: &mut Engine) -> VarValue {
    let mut found = Diagnostics::default();
    if let Some(template) = engine.compile(text.clone(), Context::Native, &mut found) {
        return VarValue::Template(template);
    }
    let first = found.iter().find(|found| found.severity == Severity::Error);
    VarValue::Unusable(Unusable {
        source: text.clone(),
        message: first.map_or_else(|| "it is no template".to_owned(), |first| first.message.clone()),
        span: first.and_then(|first| first.primary.as_ref()).map_or(text.span, |label| label.span),
        hint: first.and_then(|first| first.hint.clone()),
    })
}

fn vaulted(node: &Node) -> VarValue {
    let source = node.as_text().cloned().unwrap_or_else(|| SourceText::verbatim("", node.span));
    VarValue::Unusable(Unusable {
        span: source.span,
        source,
        message: "it is encrypted by ansible-vault".to_owned(),
        hint: Some("keep it in `secrets:`, which read age files, commands and the environment".to_owned()),
    })
}

fn is_plain(value: &VarValue) -> bool {
    matches!(value, VarValue::Plain(_))
}

fn plain(value: VarValue) -> Option<Value> {
    if let VarValue::Plain(value) = value { Some(value) } else { None }
}
