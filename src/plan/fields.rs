//! The fields of a result and of a failure, as templates look them up.

use std::sync::Arc;

use indexmap::IndexMap;

use super::results::{ErrorView, ItemResult, StepResult};
use crate::event::Status;
use crate::model::Value;
use crate::template::{Lazy, Lookup};

/// The fields of a result, in the order in which the language lists them.
pub(super) const STEP_FIELDS: [&str; 12] =
    ["status", "changed", "rc", "stdout", "stderr", "lines", "json", "outputs", "started", "duration", "attempts", "items"];

/// A step's result with its fields.
#[derive(Debug, Clone)]
pub(super) enum StepRoot {
    Pending(String),
    /// Not done, in a dry run; whether it would change something, where that is known.
    Foreseen {
        step: String,
        changed: Option<bool>,
        is_task: bool,
    },
    Done(Arc<StepResult>),
}

impl Lazy for StepRoot {
    fn get(&self, name: &str) -> Lookup {
        match self {
            StepRoot::Foreseen { changed: Some(changed), .. } if name == "changed" => Lookup::Value(Value::Bool(*changed)),
            StepRoot::Foreseen { changed: Some(true), is_task: true, .. } if name == "status" => {
                Lookup::Value(Value::from(Status::Changed.word()))
            }
            StepRoot::Pending(step) | StepRoot::Foreseen { step, .. } if STEP_FIELDS.contains(&name) => Lookup::Pending(step.clone()),
            StepRoot::Pending(_) | StepRoot::Foreseen { .. } => Lookup::Missing,
            StepRoot::Done(result) => field(result, name),
        }
    }

    fn names(&self) -> Vec<String> {
        STEP_FIELDS.map(str::to_owned).into_iter().collect()
    }
}

fn field(result: &StepResult, name: &str) -> Lookup {
    let stdout = || result.stdout.trim_end_matches('\n');
    let value = match name {
        "status" => Value::from(result.status.word()),
        "changed" => Value::Bool(result.changed),
        "rc" => result.rc.map_or(Value::None, |rc| Value::Int(i64::from(rc))),
        "stdout" => Value::from(stdout()),
        "stderr" => Value::from(result.stderr.as_str()),
        "lines" if stdout().is_empty() => Value::List(Vec::new()),
        "lines" => stdout().split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect(),
        "json" => match serde_json::from_str(&result.stdout) {
            Ok(json) => from_json(json),
            // Not data, so there is no such thing: `| default(..)` works, anything else is told as undefined.
            Err(_) => return Lookup::Missing,
        },
        "outputs" => Value::Map(result.outputs.clone()),
        "started" => result.started.clone().map_or(Value::None, Value::Text),
        "duration" => Value::Float(result.duration),
        "attempts" => Value::Int(i64::from(result.attempts)),
        "items" => result.items.iter().map(item).collect(),
        _ => return Lookup::Missing,
    };
    // What did not run has no output of its own, so `| default(..)` says what to take.
    if result.attempts == 0 && matches!(name, "stdout" | "stderr" | "lines") {
        return Lookup::Absent(value);
    }
    Lookup::Value(value)
}

/// An item's result: the item itself, and the fields that there are.
fn item(result: &ItemResult) -> Value {
    let mut map = IndexMap::from([("item".to_owned(), result.item.clone())]);
    for name in STEP_FIELDS.into_iter().filter(|name| *name != "items") {
        if let Lookup::Value(value) | Lookup::Absent(value) = field(&result.result, name) {
            map.insert(name.to_owned(), value);
        }
    }
    Value::Map(map)
}

/// What a `rescue` deals with is there only after this.
const FAILURE: &str = "a failure";

const ERROR_FIELDS: [&str; 5] = ["task", "rc", "stdout", "stderr", "message"];

/// What a `rescue` deals with; none before anything failed.
#[derive(Debug)]
pub(super) struct ErrorRoot(pub(super) Option<Arc<ErrorView>>);

impl Lazy for ErrorRoot {
    fn get(&self, name: &str) -> Lookup {
        match (&self.0, name) {
            (_, name) if !ERROR_FIELDS.contains(&name) => Lookup::Missing,
            (None, _) => Lookup::Pending(FAILURE.to_owned()),
            (Some(error), "task") => Lookup::Value(Value::from(error.task.as_str())),
            (Some(error), "message") => Lookup::Value(Value::from(error.message.as_str())),
            (Some(error), _) => field(&error.result, name),
        }
    }

    fn names(&self) -> Vec<String> {
        ERROR_FIELDS.map(str::to_owned).into()
    }
}

fn from_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::None,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => number.as_f64().map_or_else(|| Value::Text(number.to_string()), Value::Float),
        },
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(list) => Value::List(list.into_iter().map(from_json).collect()),
        serde_json::Value::Object(map) => Value::Map(map.into_iter().map(|(name, value)| (name, from_json(value))).collect()),
    }
}
