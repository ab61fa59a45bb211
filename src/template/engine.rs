//! The engine: templates in, compiled once; values out, as often as asked.
//!
//! `compile` parses with minijinja, looks for mistakes (analyze.rs), finds the place of every value of a shell text
//! (`shell`), writes the template anew with our own filters in the decisive spots (unparse.rs) and hands that to
//! minijinja. `render` runs it in a [`Rendering`] (scope.rs). A template without `{{` never meets minijinja.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexSet;
use minijinja::machinery::ast::Stmt;
use minijinja::{Environment, Value as Jinja};

use super::analyze::Analysis;
use super::error::hole;
use super::fault::unwrap;
use super::known::no_bool_hint;
use super::names::Names;
use super::parse::{View, parse, syntax_error};
use super::parts::Holes;
use super::place::Place;
use super::scope::{Rendering, ScopeMap, render_variable};
use super::shell::{self, HereDoc};
use super::text::{from_jinja, is_omit, write};
use super::unparse::{Sites, Written, write_template, write_whole};
use super::{Preview, RenderError, Rendered, Root, environment};
use crate::diag::{Diagnostic, Diagnostics, SourceText, Span};
use crate::model::{Context, Template, TemplateId, Value, VarValue};

/// Holds every compiled template of a run.
///
/// Built with `compile`, then only read: share it by `Arc`.
pub struct Engine {
    core: Arc<Core>,
}

/// What renderings share.
#[derive(Clone)]
pub(super) struct Core {
    env: Environment<'static>,
    names: Names,
    units: Vec<Unit>,
}

/// A compiled template.
#[derive(Clone)]
enum Unit {
    Literal,
    Compiled { name: String, written: Arc<Written>, whole: bool, here: Vec<HereDoc>, guarded: Option<Arc<Guarded>> },
}

/// A template compiled a second time, for previews part by part.
struct Guarded {
    name: String,
    written: Written,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("templates", &self.core.units.len()).finish()
    }
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new()
    }
}

impl Engine {
    /// Makes an engine without templates.
    #[must_use]
    pub fn new() -> Engine {
        let (env, names) = environment::build();
        Engine { core: Arc::new(Core { env, names, units: Vec::new() }) }
    }

    /// Compiles a template; `None` where it has errors, all of which are then in `diagnostics`.
    ///
    /// In shell text, values are checked for the place they stand in; warnings may come with a template.
    pub fn compile(&mut self, source: SourceText, context: Context, diagnostics: &mut Diagnostics) -> Option<Template> {
        if is_literal(&source.text, context) {
            return Some(self.add(Unit::Literal, source, context, Vec::new()));
        }
        if context == Context::ForeignShell {
            let at = source.text.find("{{").or_else(|| source.text.find("{%")).unwrap_or(0);
            let hint = "pass values by `env:` or `stdin:`, or use `shell: bash` or an argument list".to_owned();
            let error = Diagnostic::error("E307", source.at(at..at + 2), "a template in text for a shell whose quoting is unknown");
            diagnostics.push(error.hint(hint));
            return None;
        }
        let compiled = self.prepare(&source, context, diagnostics)?;
        let core = Arc::make_mut(&mut self.core);
        let Prepared { written, whole, here, reads, guarded } = compiled;
        let name = core.units.len().to_string();
        if let Err(error) = core.env.add_template_owned(name.clone(), written.text.clone()) {
            let place = error.range().and_then(|range| written.origin(&range)).unwrap_or(0..source.text.len());
            let message = format!("the template can't be compiled: {}", error.detail().unwrap_or("it nests too deeply"));
            diagnostics.push(Diagnostic::error("E300", source.at(place), message));
            return None;
        }
        let guarded = guarded.and_then(|written| {
            let name = format!("{name}?");
            core.env.add_template_owned(name.clone(), written.text.clone()).ok()?;
            Some(Arc::new(Guarded { name, written }))
        });
        let unit = Unit::Compiled { name, written: Arc::new(written), whole, here, guarded };
        Some(self.add(unit, source, context, reads))
    }

    fn add(&mut self, unit: Unit, source: SourceText, context: Context, reads: Vec<crate::model::Read>) -> Template {
        let units = &mut Arc::make_mut(&mut self.core).units;
        let id = TemplateId(u32::try_from(units.len()).unwrap_or(u32::MAX));
        units.push(unit);
        Template { id, source, context, reads }
    }

    fn prepare(&self, source: &SourceText, context: Context, diagnostics: &mut Diagnostics) -> Option<Prepared> {
        let parsed = match parse(&source.text, context) {
            Ok(parsed) => parsed,
            Err(error) => {
                diagnostics.push(syntax_error(source, context, &error));
                return None;
            }
        };
        let mut analysis = Analysis::new(source, &self.core.names, diagnostics);
        match parsed.view() {
            View::Text(stmts) => analysis.stmts(stmts),
            View::Whole(expr) => analysis.expr(expr),
        }
        let Analysis { bound, reads, failed, .. } = analysis;
        if failed {
            return None;
        }
        Some(match parsed.view() {
            View::Whole(expr) => {
                let written = write_whole(&source.text, expr, &bound);
                Prepared { written, whole: true, here: Vec::new(), reads, guarded: None }
            }
            View::Text(stmts) => {
                let (sites, here) = sites_of(source, stmts, context, Some(diagnostics))?;
                let write = |guarded| write_template(&source.text, stmts, &bound, &sites, guarded);
                // A plan shows it part by part on every host.
                let waits = reads.iter().any(|read| read.path.first().is_some_and(|root| root == "tasks" || root == "rounds"));
                Prepared { written: write(false), whole: false, here, guarded: waits.then(|| write(true)), reads }
            }
        })
    }

    /// What a text reads that can't be compiled, so that its names can be checked nonetheless; nothing where it can't be read.
    pub fn reads_of_broken(&self, source: &SourceText, context: Context) -> Vec<crate::model::Read> {
        let Ok(parsed) = parse(&source.text, context) else { return Vec::new() };
        let mut told = Diagnostics::default();
        let mut analysis = Analysis::new(source, &self.core.names, &mut told);
        match parsed.view() {
            View::Text(stmts) => analysis.stmts(stmts),
            View::Whole(expr) => analysis.expr(expr),
        }
        analysis.reads
    }

    /// Warns of pipelines in shell text whose failure would go unseen.
    ///
    /// For shells that run without `pipefail`; not for guards, where only the last answer counts.
    pub fn hint_pipelines(&self, template: &Template, diagnostics: &mut Diagnostics) {
        if template.context == Context::Shell {
            let Ok(parsed) = parse(&template.source.text, Context::Shell) else { return };
            if let View::Text(stmts) = parsed.view() {
                shell::examine(&template.source, stmts).pipelines.into_iter().for_each(|warning| diagnostics.push(warning));
            }
        }
    }

    /// Finds a sign in the literal text of a shell text: each place, and what is open there that is no command; none where
    /// the text can't be read.
    pub fn marks(&self, source: &SourceText, mark: &str) -> Option<Vec<(Span, Option<&'static str>)>> {
        let parsed = parse(&source.text, Context::Shell).ok()?;
        let View::Text(stmts) = parsed.view() else { return Some(Vec::new()) };
        let marks = shell::marks(source, stmts, mark).into_iter();
        Some(marks.map(|(range, inside)| (source.at(range), inside)).collect())
    }

    /// Renders a template.
    ///
    /// # Errors
    /// Where it reads what is pending, or can't be rendered.
    pub fn render(&self, template: &Template, scope: &Root) -> Result<Rendered, RenderError> {
        if let Some(text) = self.core.literal(template) {
            return Ok(Rendered::Value(Value::Text(text.to_owned())));
        }
        let rendering = Rendering::new(self.core.clone(), scope.clone(), Holes::new());
        let value = self.core.run(&rendering, template)?;
        if is_omit(&value) && template.context == Context::Native {
            return Ok(Rendered::Omit);
        }
        let place = template.source.at(0..template.source.text.len());
        let value = from_jinja(&value).map_err(|error| unwrap(&error, Some(place)))?;
        // Converting may have looked up more.
        rendering.trouble().map_or(Ok(Rendered::Value(value)), Err)
    }

    /// Renders a template whose result must be text or can be written as such.
    ///
    /// # Errors
    /// As [`Engine::render`]; also for a list, a map, none or `omit` of a native template.
    pub fn render_text(&self, template: &Template, scope: &Root) -> Result<String, RenderError> {
        let kind = match self.render(template, scope)? {
            Rendered::Value(Value::Text(text)) => return Ok(text),
            Rendered::Value(value @ (Value::Bool(_) | Value::Int(_) | Value::Float(_))) => return Ok(write(&value)),
            Rendered::Value(value) => value.kind(),
            Rendered::Omit => "omit",
        };
        Err(wrong(template, format!("text is needed here, and this gives {}", article(kind)), None))
    }

    /// Evaluates a condition.
    ///
    /// # Errors
    /// As [`Engine::render`]; also for anything but a bool.
    pub fn eval_bool(&self, template: &Template, scope: &Root) -> Result<bool, RenderError> {
        let kind = match self.render(template, scope)? {
            Rendered::Value(Value::Bool(flag)) => return Ok(flag),
            Rendered::Value(value) => value.kind(),
            Rendered::Omit => "omit",
        };
        let hint = Some(no_bool_hint(kind).to_owned());
        Err(wrong(template, format!("a condition must give true or false, and this gives {}", article(kind)), hint))
    }

    /// Renders a variable's value, templates inside included.
    ///
    /// # Errors
    /// As [`Engine::render`].
    pub fn render_value(&self, value: &VarValue, scope: &Root) -> Result<Value, RenderError> {
        match value {
            VarValue::Plain(value) => Ok(value.clone()),
            value => render_variable(&Rendering::new(self.core.clone(), scope.clone(), Holes::new()), value),
        }
    }

    /// Renders what can be known now, for the plan.
    ///
    /// # Errors
    /// Where it can't be rendered for another reason than waiting.
    pub fn preview(&self, template: &Template, scope: &Root) -> Result<Preview, RenderError> {
        let pending = match self.render(template, scope) {
            Ok(Rendered::Value(value)) => return Ok(Preview { text: write(&value), pending: Vec::new() }),
            Ok(Rendered::Omit) => return Ok(Preview { text: String::new(), pending: Vec::new() }),
            Err(RenderError::Pending(pending)) => pending,
            Err(error) => return Err(error),
        };
        match piecewise(&self.core, template, scope)? {
            Some(preview) => Ok(preview),
            None => Ok(Preview { text: hole(&pending), pending }),
        }
    }
}

struct Prepared {
    written: Written,
    whole: bool,
    here: Vec<HereDoc>,
    reads: Vec<crate::model::Read>,
    guarded: Option<Written>,
}

fn wrong(template: &Template, message: String, hint: Option<String>) -> RenderError {
    RenderError::Failed { message, span: Some(template.source.at(0..template.source.text.len())), hint }
}

pub(super) fn article(kind: &str) -> String {
    match kind {
        "text" | "none" | "omit" => kind.to_owned(),
        "int" => "an int".to_owned(),
        other => format!("a {other}"),
    }
}

fn is_literal(text: &str, context: Context) -> bool {
    context != Context::Expression && !text.contains("{{") && !text.contains("{%") && (context == Context::Shell || !text.contains("{#"))
}

/// Finds how each value is written.
fn sites_of(
    source: &SourceText,
    stmts: &[Stmt<'_>],
    context: Context,
    diagnostics: Option<&mut Diagnostics>,
) -> Option<(Sites, Vec<HereDoc>)> {
    let otherwise = match context {
        Context::Native => Place::Argument,
        Context::Shell => {
            let found = shell::examine(source, stmts);
            let failed = found.diagnostics.has_errors();
            if let Some(diagnostics) = diagnostics {
                diagnostics.extend(found.diagnostics);
            }
            return (!failed).then_some((found.sites, found.here));
        }
        _ => Place::Text,
    };
    Some((Sites { otherwise: otherwise.code(), ..Sites::default() }, Vec::new()))
}

impl Core {
    fn unit(&self, template: &Template) -> &Unit {
        // A template of another engine would be the caller's fault; the literal is the harmless reading of it.
        self.units.get(template.id.0 as usize).unwrap_or(&Unit::Literal)
    }

    /// The text of a template that is nothing else.
    pub(super) fn literal<'t>(&self, template: &'t Template) -> Option<&'t str> {
        matches!(self.unit(template), Unit::Literal).then_some(template.source.text.as_str())
    }

    /// Renders a template inside a rendering.
    pub(super) fn run(&self, rendering: &Arc<Rendering>, template: &Template) -> Result<Jinja, RenderError> {
        let Unit::Compiled { name, written, whole, here, .. } = self.unit(template) else {
            return Ok(Jinja::from(template.source.text.as_str()));
        };
        let compiled = self.env.get_template(name).map_err(|error| unwrap(&error, None))?;
        let text = compiled.render(Jinja::from_object(ScopeMap(rendering.clone()))).map_err(|error| {
            let origin = error.range().and_then(|range| written.origin(&range));
            unwrap(&error, Some(template.source.at(origin.unwrap_or(0..template.source.text.len()))))
        })?;
        if let Some(trouble) = rendering.trouble() {
            return Err(trouble);
        }
        if *whole {
            return Ok(rendering.taken().unwrap_or_default());
        }
        Ok(Jinja::from(shell::finish(text, here)))
    }
}

/// Renders a template part by part, those that wait left out; `None` where it has no parts.
fn piecewise(core: &Arc<Core>, template: &Template, scope: &Root) -> Result<Option<Preview>, RenderError> {
    let Unit::Compiled { name, whole: false, here, guarded, .. } = core.unit(template) else { return Ok(None) };
    if let Some(guarded) = guarded {
        let Ok(compiled) = core.env.get_template(&guarded.name) else { return Ok(None) };
        return pieces(core, template, scope, &compiled, &guarded.written, here);
    }
    let Ok(parsed) = parse(&template.source.text, template.context) else { return Ok(None) };
    let View::Text(stmts) = parsed.view() else { return Ok(None) };
    let mut ignored = Diagnostics::default();
    let mut analysis = Analysis::new(&template.source, &core.names, &mut ignored);
    analysis.stmts(stmts);
    let bound: HashSet<&str> = analysis.bound;
    let Some((sites, _)) = sites_of(&template.source, stmts, template.context, None) else { return Ok(None) };
    let written = write_template(&template.source.text, stmts, &bound, &sites, true);
    let Ok(compiled) = core.env.template_from_named_str(name, &written.text) else { return Ok(None) };
    pieces(core, template, scope, &compiled, &written, here)
}

fn pieces(
    core: &Arc<Core>,
    template: &Template,
    scope: &Root,
    compiled: &minijinja::Template<'_, '_>,
    written: &Written,
    here: &[HereDoc],
) -> Result<Option<Preview>, RenderError> {
    let mut holes = Holes::new();
    // Every turn finds more parts that wait, one at least.
    for _ in 0..=written.guards.len() {
        let rendering = Rendering::new(core.clone(), scope.clone(), holes);
        let result = compiled.render(Jinja::from_object(ScopeMap(rendering.clone())));
        holes = rendering.holes();
        let error = match result {
            Ok(text) => match rendering.trouble() {
                None => {
                    let pending: IndexSet<String> = holes.into_values().flatten().collect();
                    return Ok(Some(Preview { text: shell::finish(text, here), pending: pending.into_iter().collect() }));
                }
                Some(RenderError::Pending(_)) => return Ok(None),
                Some(error) => return Err(error),
            },
            Err(error) => error,
        };
        let range: Option<Range<usize>> = error.range();
        let origin = range.as_ref().and_then(|range| written.origin(range)).unwrap_or(0..template.source.text.len());
        match unwrap(&error, Some(template.source.at(origin))) {
            RenderError::Pending(what) => {
                let Some(guard) = range.and_then(|range| written.guard(&range)) else { return Ok(None) };
                if holes.contains_key(&guard) {
                    return Ok(None);
                }
                holes.insert(guard, what);
            }
            failed => return Err(failed),
        }
    }
    Ok(None)
}
