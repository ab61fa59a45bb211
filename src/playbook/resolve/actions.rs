//! Inputs and outputs: of an action where it is used, and of the playbook.

use std::path::{Component, Path, PathBuf};

use indexmap::IndexMap;

use super::Lower;
use super::pieces::Outside;
use crate::diag::{Diagnostic, SourceText, Span};
use crate::inventory::var_value;
use crate::model::{Input, InputKind, Template, Value, Var, VarValue};
use crate::playbook::codes;
use crate::playbook::inputs::input_mistake;
use crate::playbook::options::Options;
use crate::playbook::syntax::{self, File, Use, folder};
use crate::text::did_you_mean;

impl Lower<'_> {
    /// An action's name, else its file's.
    pub(super) fn action_name(&self, r#use: &Use, action: Option<&File>) -> String {
        match action.and_then(|action| action.name.as_ref()) {
            Some(name) => name.text.clone(),
            None => {
                let path = std::path::Path::new(&r#use.file.text);
                path.file_stem().map_or_else(|| r#use.file.text.clone(), |stem| stem.to_string_lossy().into_owned())
            }
        }
    }

    /// The inputs of an action as a `use` gives them, defaults in.
    pub(super) fn given_inputs(&mut self, r#use: &Use, action: Option<&File>) -> IndexMap<String, Input> {
        let Some(action) = action else { return IndexMap::new() };
        let name = self.action_name(r#use, Some(action));
        for given in &r#use.with {
            if !action.inputs.iter().any(|input| input.name.text == given.name.text) {
                let message = format!("the action `{name}` has no input `{}`", given.name.text);
                let found = Diagnostic::error(codes::UNKNOWN_KEY, given.name.span, message);
                let known: Vec<&str> = action.inputs.iter().map(|input| input.name.text.as_str()).collect();
                let hint = did_you_mean(&given.name.text, known.iter().copied()).unwrap_or_else(|| match known.is_empty() {
                    true => "it has none; leave out `with`".to_owned(),
                    false => format!("its inputs: {}", known.join(", ")),
                });
                self.diagnostics.push(found.hint(hint));
            }
        }
        let mut inputs = IndexMap::new();
        for input in &action.inputs {
            let given = r#use.with.iter().find(|given| given.name.text == input.name.text);
            let input_value = match given {
                Some(given) => {
                    let value = var_value(&given.value, self.engine, self.diagnostics);
                    self.fits(input, &value, given.value.span, true);
                    let value = match input.kind {
                        Some(InputKind::Path) => seen_from(&folder(self.map, action.file), &folder(self.map, given.value.span.file), value),
                        _ => value,
                    };
                    Input { value: Var { value, span: Some(given.name.span) }, given: true, kind: input.kind.clone().unwrap_or_default() }
                }
                None => {
                    if input.default.is_none() && input.required {
                        let message = format!("the action `{name}` needs the input `{}`", input.name.text);
                        let found = Diagnostic::error(codes::MISSING_KEY, r#use.with_span, message);
                        let found = found.and(input.name.span, "it has no default");
                        self.diagnostics.push(found.hint(format!("write `with: {{ {}: … }}`", input.name.text)));
                    }
                    self.default(input)
                }
            };
            inputs.insert(input.name.text.clone(), input_value);
        }
        inputs
    }

    /// The playbook's inputs, filled by `-e`.
    pub(super) fn playbook_inputs(&mut self, inputs: &[syntax::Input], options: &Options) -> IndexMap<String, Input> {
        let mut filled = IndexMap::new();
        for input in inputs {
            let name = &input.name.text;
            let given = options.extra.iter().rev().find(|(extra, _)| extra == name);
            let value = match given {
                Some((_, value)) => {
                    self.fits(input, value, input.name.span, false);
                    Input { value: Var { value: value.clone(), span: None }, given: true, kind: input.kind.clone().unwrap_or_default() }
                }
                None => {
                    if input.default.is_none() && input.required {
                        let found = Diagnostic::error(codes::MISSING_KEY, input.name.span, format!("the input `{name}` has no value"));
                        self.diagnostics.push(found.hint(format!("give it on the command line: `-e {name}=…`, or write a `default`")));
                    }
                    self.default(input)
                }
            };
            filled.insert(name.clone(), value);
        }
        filled
    }

    fn default(&mut self, input: &syntax::Input) -> Input {
        let value = match &input.default {
            Some(node) => {
                let value = var_value(node, self.engine, self.diagnostics);
                if !node.is_null() {
                    self.fits(input, &value, node.span, true);
                }
                value
            }
            None => VarValue::Plain(Value::None),
        };
        Input { value: Var { value, span: Some(input.name.span) }, given: false, kind: input.kind.clone().unwrap_or_default() }
    }

    /// Tells of a value that an input can't take, as far as it is known.
    fn fits(&mut self, input: &syntax::Input, value: &VarValue, place: Span, written: bool) {
        let Some(kind) = &input.kind else { return };
        let mistake = match (value, kind) {
            (VarValue::Plain(value), kind) => input_mistake(kind, value),
            (VarValue::Template(_) | VarValue::Unusable(_), _)
            | (VarValue::List(_), InputKind::List)
            | (VarValue::Map(_), InputKind::Map) => None,
            (VarValue::List(_), kind) => {
                input_mistake(kind, &Value::List(Vec::new())).map(|(_, hint)| (format!("can't be a list: {}", word(kind)), hint))
            }
            (VarValue::Map(_), kind) => {
                input_mistake(kind, &Value::Map(IndexMap::new())).map(|(_, hint)| (format!("can't be a map: {}", word(kind)), hint))
            }
        };
        let Some((mistake, hint)) = mistake else { return };
        let found = Diagnostic::error(codes::BAD_INPUT, place, format!("the input `{}` {mistake}", input.name.text));
        let found = if written && place != input.name.span { found.and(input.name.span, "its type is given here") } else { found };
        self.diagnostics.push(found.hint(hint));
    }

    /// Makes inputs of what tasks of an action have from around its use: `env`, `cwd` and `become` are the caller's words.
    pub(super) fn hand_in(&mut self, inside: &mut Outside, inputs: &mut IndexMap<String, Input>) {
        for (name, template) in &mut inside.env {
            self.as_input(template, &format!("caller env {name}"), inputs);
        }
        if let Some(cwd) = &mut inside.cwd {
            self.as_input(cwd, "caller cwd", inputs);
        }
        if let Some(r#become) = &mut inside.r#become {
            self.as_input(&mut r#become.user, "caller user", inputs);
            if let Some(password) = &mut r#become.password {
                self.as_input(password, "caller password", inputs);
            }
        }
    }

    /// Puts an input in a template's place where it reads what an action does not see. No author can name such an input.
    fn as_input(&mut self, template: &mut Template, name: &str, inputs: &mut IndexMap<String, Input>) {
        let everywhere = ["host", "hosts", "groups", "facts", "run", "controller", "omit"];
        if template.reads.iter().all(|read| read.path.first().is_some_and(|root| everywhere.contains(&root.as_str()))) {
            return;
        }
        // The same key twice, from further out: the later one wins, and both are rendered.
        let name = (0..).map(|n| if n == 0 { name.to_owned() } else { format!("{name} {n}") }).find(|name| !inputs.contains_key(name));
        let Some(name) = name else { return };
        let span = template.source.span;
        let text = SourceText { text: format!("{{{{ inputs['{name}'] }}}}"), span, marks: Vec::new() };
        let outer = std::mem::replace(template, self.text(&text));
        let value = Var { value: VarValue::Template(outer), span: Some(span) };
        inputs.insert(name, Input { value, given: true, kind: InputKind::String });
    }

    pub(super) fn outputs(&mut self, action: Option<&File>) -> IndexMap<String, VarValue> {
        let outputs = action.map(|action| action.outputs.as_slice()).unwrap_or_default();
        outputs.iter().map(|output| (output.name.text.clone(), var_value(&output.value, self.engine, self.diagnostics))).collect()
    }
}

/// A path that starts at one folder, written so that it starts at another; absolute ones and templates stay.
fn seen_from(from: &Path, at: &Path, value: VarValue) -> VarValue {
    let VarValue::Plain(Value::Text(text)) = &value else { return value };
    if text.starts_with(['/', '~']) || from == at || from.is_absolute() != at.is_absolute() {
        return value;
    }
    let common = from.components().zip(at.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(common);
    if up.clone().any(|part| part == Component::ParentDir) {
        return value;
    }
    let path: PathBuf = up.map(|_| Component::ParentDir).chain(at.components().skip(common)).collect();
    VarValue::Plain(Value::Text(path.join(text).to_string_lossy().into_owned()))
}

fn word(kind: &InputKind) -> String {
    match kind {
        InputKind::Choice(choices) => format!("it is one of {}", choices.join(", ")),
        kind => {
            let name = crate::playbook::inputs::KINDS.iter().find(|(_, other)| other == kind).map_or("text", |(name, _)| name);
            format!("its type is {name}")
        }
    }
}
