//! The engine: templates in, compiled once; values out, as often as asked.

use super::{Preview, RenderError, Rendered, Root};
use crate::diag::{Diagnostics, SourceText};
use crate::model::{Context, Template, TemplateId, Value, VarValue};

/// Holds every compiled template of a run.
///
/// Built with `compile`, then only read: share it by `Arc`.
#[derive(Debug, Default)]
pub struct Engine {
    count: u32,
}

impl Engine {
    /// Makes an engine without templates.
    #[must_use]
    pub fn new() -> Engine {
        Engine::default()
    }

    /// Compiles a template; `None` where it has errors, all of which are then in `diagnostics`.
    pub fn compile(&mut self, source: SourceText, context: Context, _diagnostics: &mut Diagnostics) -> Option<Template> {
        let id = TemplateId(self.count);
        self.count += 1;
        Some(Template { id, source, context, reads: Vec::new() })
    }

    /// Warns of pipelines in shell text whose failure would go unseen; for shells without `pipefail`, and not for guards.
    pub fn hint_pipelines(&self, _template: &Template, _diagnostics: &mut Diagnostics) {}

    /// Renders a template.
    ///
    /// # Errors
    /// Where it reads what is pending, or can't be rendered.
    pub fn render(&self, template: &Template, _scope: &Root) -> Result<Rendered, RenderError> {
        Ok(Rendered::Value(Value::Text(template.source.text.clone())))
    }

    /// Renders a template whose result must be text or can be written as such.
    ///
    /// # Errors
    /// As [`Engine::render`]; also for a list, a map, none or `omit` of a native template.
    pub fn render_text(&self, template: &Template, _scope: &Root) -> Result<String, RenderError> {
        Ok(template.source.text.clone())
    }

    /// Evaluates a condition.
    ///
    /// # Errors
    /// As [`Engine::render`]; also for anything but a bool.
    pub fn eval_bool(&self, _template: &Template, _scope: &Root) -> Result<bool, RenderError> {
        Ok(true)
    }

    /// Renders a variable's value, templates inside included.
    ///
    /// # Errors
    /// As [`Engine::render`].
    pub fn render_value(&self, value: &VarValue, _scope: &Root) -> Result<Value, RenderError> {
        match value {
            VarValue::Plain(value) => Ok(value.clone()),
            _ => Ok(Value::None),
        }
    }

    /// Renders what can be known now, for the plan.
    ///
    /// # Errors
    /// Where it can't be rendered for another reason than waiting.
    pub fn preview(&self, template: &Template, _scope: &Root) -> Result<Preview, RenderError> {
        Ok(Preview { text: template.source.text.clone(), pending: Vec::new() })
    }
}
