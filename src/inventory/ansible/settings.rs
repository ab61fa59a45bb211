//! Variables that say how a host is reached, rendered as far as they are known before a run.

use std::path::Path;
use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::model::{Host, Value, Var, VarValue};
use crate::template::{Engine, Lazy, Lookup, RenderError, Rendered, Root};

/// One host's variables, asked for by name.
pub(super) struct Settings<'a> {
    host: &'a Host,
    engine: &'a Engine,
    scope: Root,
    pub(super) diagnostics: &'a mut Diagnostics,
}

/// A value and where it is set.
#[derive(Debug, Clone)]
pub(super) struct Setting<T> {
    pub(super) value: T,
    pub(super) span: Option<Span>,
}

impl<'a> Settings<'a> {
    /// `folder` is the one that the host is written in.
    pub(super) fn new(host: &'a Host, folder: Option<&Path>, engine: &'a Engine, diagnostics: &'a mut Diagnostics) -> Settings<'a> {
        let folder = folder.map(|folder| folder.display().to_string());
        let scope = Arc::new(HostScope { name: host.name.clone(), folder, layers: host.layers.clone() });
        Settings { host, engine, scope, diagnostics }
    }

    /// The text of the last of some variables that is set; numbers and bools count as text.
    pub(super) fn text(&mut self, names: &[&str]) -> Option<Setting<String>> {
        let (name, var) = names.iter().rev().find_map(|name| Some((*name, self.host.var(name)?)))?;
        let span = var.span;
        let value = match self.value(name, var)? {
            Value::Text(text) => text,
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::None => return None,
            Value::List(_) | Value::Map(_) => {
                self.left_out(span, &format!("`{name}` must be text"), None);
                return None;
            }
        };
        Some(Setting { value, span }).filter(|setting| !setting.value.is_empty())
    }

    /// Says whether a variable is set to something true.
    pub(super) fn is_on(&mut self, names: &[&str]) -> Option<Setting<bool>> {
        let text = self.text(names)?;
        let on = ["true", "yes", "on", "1", "y", "t"].contains(&&*text.value.to_ascii_lowercase());
        Some(Setting { value: on, span: text.span })
    }

    /// Tells that a setting is left out.
    pub(super) fn left_out(&mut self, span: Option<Span>, message: &str, hint: Option<&str>) {
        let found = Diagnostic::warning("W204", span, message).label("left out of the connection");
        self.diagnostics.push(found.hint(hint.map(str::to_owned)));
    }

    fn value(&mut self, name: &str, var: &Var) -> Option<Value> {
        let rendered = match &var.value {
            VarValue::Plain(value) => return Some(value.clone()),
            VarValue::Template(template) => self.engine.render(template, &self.scope),
            VarValue::Unusable(why) => {
                let message = format!("`{name}` can't be used: {}", why.message);
                self.left_out(Some(why.span), &message, why.hint.as_deref());
                return None;
            }
            other => self.engine.render_value(other, &self.scope).map(Rendered::Value),
        };
        let (message, place, hint) = match rendered {
            Ok(Rendered::Value(value)) => return Some(value),
            Ok(Rendered::Omit) => return None,
            Err(RenderError::Failed { message, span, hint }) => (message, span, hint),
            Err(error @ RenderError::Pending(_)) => (error.to_string(), None, None),
        };
        let message = if message.starts_with(&format!("`{name}`")) || place.is_none() {
            message
        } else {
            format!("`{name}` is not known before a run: {message}")
        };
        self.left_out(place.or(var.span), &message, hint.as_deref());
        None
    }
}

/// What a template in a connection's variable can read: the host's variables, and its name.
#[derive(Debug)]
struct HostScope {
    name: String,
    folder: Option<String>,
    layers: Vec<Arc<crate::model::Layer>>,
}

impl Lazy for HostScope {
    fn get(&self, name: &str) -> Lookup {
        match (name, &self.folder) {
            ("inventory_hostname", _) => return Lookup::Value(Value::Text(self.name.clone())),
            ("inventory_hostname_short", _) => {
                return Lookup::Value(Value::Text(self.name.split('.').next().unwrap_or_default().to_owned()));
            }
            ("inventory_dir", Some(folder)) => return Lookup::Value(Value::Text(folder.clone())),
            _ => {}
        }
        match self.layers.iter().rev().find_map(|layer| layer.vars.get(name)).map(|var| &var.value) {
            None => Lookup::Missing,
            Some(VarValue::Plain(value)) => Lookup::Value(value.clone()),
            Some(other) => Lookup::Variable(Arc::new(other.clone())),
        }
    }

    fn names(&self) -> Vec<String> {
        let names: indexmap::IndexSet<&String> = self.layers.iter().flat_map(|layer| layer.vars.keys()).collect();
        names.into_iter().cloned().collect()
    }
}
