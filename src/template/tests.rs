//! What templates give, and what they refuse: through the room's public interface. Here is the bench that they are tried on.

use std::sync::Arc;

use indexmap::IndexMap;

use super::*;
use crate::diag::{Diagnostics, SourceMap, SourceText, Span};
use crate::model::{Context, Template, Value, VarValue};

mod mistakes;
mod values;
mod variables;

/// A map of lookups.
#[derive(Debug, Default)]
pub(super) struct World(pub(super) IndexMap<String, Lookup>);

impl Lazy for World {
    fn get(&self, name: &str) -> Lookup {
        self.0.get(name).cloned().unwrap_or(Lookup::Missing)
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// Compiles and renders with one file's text.
#[derive(Default)]
pub(super) struct Bench {
    pub(super) engine: Engine,
    pub(super) map: SourceMap,
    pub(super) world: World,
    pub(super) diagnostics: Diagnostics,
}

impl Bench {
    pub(super) fn source(&mut self, text: &str) -> SourceText {
        let file = self.map.add("t.yml", None, text);
        SourceText::verbatim(text, Span::new(file, 0..text.len()))
    }

    pub(super) fn compile(&mut self, text: &str, context: Context) -> Option<Template> {
        let source = self.source(text);
        self.engine.compile(source, context, &mut self.diagnostics)
    }

    fn template(&mut self, text: &str, context: Context) -> Template {
        let template = self.compile(text, context);
        template.unwrap_or_else(|| panic!("{text}: {}", self.diagnostics.to_text(&self.map)))
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.world.0.insert(name.to_owned(), Lookup::Value(value.into()));
    }

    pub(super) fn var(&mut self, name: &str, template: &str) {
        let template = self.template(template, Context::Native);
        self.world.0.insert(name.to_owned(), Lookup::Variable(Arc::new(VarValue::Template(template))));
    }

    fn map(&mut self, name: &str, entries: Vec<(&str, Lookup)>) {
        let world = World(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
        self.world.0.insert(name.to_owned(), Lookup::Lazy(Arc::new(world)));
    }

    pub(super) fn root(&self) -> Root {
        Arc::new(World(self.world.0.clone()))
    }

    pub(super) fn render(&mut self, text: &str, context: Context) -> Result<Rendered, RenderError> {
        let template = self.template(text, context);
        self.engine.render(&template, &self.root())
    }

    pub(super) fn value(&mut self, text: &str, context: Context) -> Value {
        match self.render(text, context) {
            Ok(Rendered::Value(value)) => value,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let Value::Text(text) = self.value(text, Context::Text) else { panic!("no text") };
        text
    }

    /// A failure as one line: message, marked source, hint.
    fn fails(&mut self, text: &str, context: Context) -> String {
        match self.render(text, context) {
            Err(RenderError::Failed { message, span, hint }) => {
                let place = span.map(|span| self.map.text(span).to_owned()).unwrap_or_default();
                format!("{message} @ {place} ? {}", hint.unwrap_or_default())
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    pub(super) fn complaints(&mut self, text: &str, context: Context) -> String {
        self.diagnostics = Diagnostics::default();
        let template = self.compile(text, context);
        assert_eq!(template.is_none(), self.diagnostics.has_errors(), "{text}");
        self.diagnostics.to_text(&self.map)
    }
}

fn int(number: i64) -> Value {
    Value::Int(number)
}
