//! `inputs`: the values given to an action or to the playbook, each checked against its type when it is read.
//!
//! Knows where an input's value is rendered: what the caller gave, as the caller sees it; a default, with nothing but the
//! inventory. Types of what needs no rendering were checked before; here it is what templates give.

use std::sync::Arc;

use super::scope::{Given, Scope};
use super::sight::Sight;
use super::world::World;
use crate::model::{FrameIx, HostIx, Input, InputKind, Value};
use crate::template::{Lazy, Lookup, Make, RenderError, Renderer, Root};

/// `inputs`, from a place.
#[derive(Debug)]
pub(super) struct InputsRoot {
    pub(super) world: Arc<World>,
    pub(super) host: HostIx,
    pub(super) sight: Sight,
    pub(super) given: Arc<Given>,
}

impl InputsRoot {
    fn all(&self) -> impl Iterator<Item = (&String, &Input)> {
        let place = self.sight.round().zip(self.sight.frame(&self.world)).filter(|(_, frame)| *frame != FrameIx::ROUND);
        match place {
            Some((round, frame)) => &self.world.playbook.round(round).frames[frame.index()].inputs,
            None => &self.world.playbook.inputs,
        }
        .iter()
    }
}

impl Lazy for InputsRoot {
    fn get(&self, name: &str) -> Lookup {
        let Some((_, input)) = self.all().find(|(other, _)| *other == name) else { return Lookup::Missing };
        let sight = seen_by(&self.world, self.sight, input);
        let scope = Scope { given: Arc::clone(&self.given), ..Scope::new(&self.world, self.host, sight) };
        Lookup::Made(Arc::new(InputValue { name: name.to_owned(), input: input.clone(), root: Arc::new(scope) }))
    }

    fn names(&self) -> Vec<String> {
        self.all().map(|(name, _)| name.clone()).collect()
    }
}

/// The place whose scope an input's value is rendered in, for one who reads it.
pub(super) fn seen_by(world: &World, reader: Sight, input: &Input) -> Sight {
    match reader.caller(world) {
        Some(caller) if input.given => caller,
        Some(_) => Sight::Inventory,
        None => Sight::Outside,
    }
}

#[derive(Debug)]
struct InputValue {
    name: String,
    input: Input,
    root: Root,
}

impl Make for InputValue {
    fn make(&self, render: &Renderer<'_>) -> Result<Value, RenderError> {
        checked(&self.name, &self.input, render(&self.input.value.value, &self.root)?)
    }
}

/// Gives the value of an input where it is of its type.
pub(super) fn checked(name: &str, input: &Input, value: Value) -> Result<Value, RenderError> {
    match mismatch(&input.kind, &value) {
        None => Ok(value),
        Some((wanted, hint)) => Err(RenderError::Failed {
            message: format!("input `{name}` is {wanted}, and this is {}", value.kind()),
            span: input.value.span,
            hint,
        }),
    }
}

/// What a value should have been, and what to write, where it is something else. Never names the value.
fn mismatch(kind: &InputKind, value: &Value) -> Option<(String, Option<String>)> {
    let fits = match (kind, value) {
        (InputKind::String, Value::Text(_))
        | (InputKind::Int | InputKind::Number, Value::Int(_))
        | (InputKind::Number, Value::Float(_))
        | (InputKind::Bool, Value::Bool(_))
        | (InputKind::List, Value::List(_))
        | (InputKind::Map, Value::Map(_)) => true,
        (InputKind::Duration, Value::Text(text)) => crate::text::parse_duration(text).is_some(),
        (InputKind::Path, Value::Text(text)) => !text.is_empty(),
        (InputKind::Choice(choices), Value::Text(text)) => choices.contains(text),
        _ => false,
    };
    let number = matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_));
    let (wanted, hint) = match kind {
        InputKind::String => ("text", number.then_some("`| string` makes text of it")),
        InputKind::Int => ("a whole number", Some("`| int` makes a number of text")),
        InputKind::Number => ("a number", Some("`| float` makes a number of text")),
        InputKind::Bool => ("true or false", Some("compare it, or write `| bool` after it")),
        InputKind::List => ("a list", None),
        InputKind::Map => ("a map", None),
        InputKind::Duration => ("a duration", Some("as in `30s` or `10m`")),
        InputKind::Path => ("a path", None),
        InputKind::Choice(choices) => {
            let list: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            return (!fits).then(|| (format!("one of {}", list.join(", ")), None));
        }
    };
    (!fits).then(|| (wanted.to_owned(), hint.map(str::to_owned)))
}
