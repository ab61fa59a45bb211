//! Inputs and outputs: of an action where it is used, and of the playbook.

use indexmap::IndexMap;

use super::Lower;
use crate::diag::{Diagnostic, Span};
use crate::inventory::var_value;
use crate::model::{Input, InputKind, Value, Var, VarValue};
use crate::playbook::codes;
use crate::playbook::inputs::input_mistake;
use crate::playbook::options::Options;
use crate::playbook::syntax::{self, File, Use};
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
                    Input { value: Var { value, span: Some(given.name.span) }, given: true, kind: input.kind.clone() }
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
                    Input { value: Var { value: value.clone(), span: None }, given: true, kind: input.kind.clone() }
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
        Input { value: Var { value, span: Some(input.name.span) }, given: false, kind: input.kind.clone() }
    }

    /// Tells of a value that an input can't take, as far as it is known.
    fn fits(&mut self, input: &syntax::Input, value: &VarValue, place: Span, written: bool) {
        let mistake = match (value, &input.kind) {
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

    pub(super) fn outputs(&mut self, action: Option<&File>) -> IndexMap<String, VarValue> {
        let outputs = action.map(|action| action.outputs.as_slice()).unwrap_or_default();
        outputs.iter().map(|output| (output.name.text.clone(), var_value(&output.value, self.engine, self.diagnostics))).collect()
    }
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
