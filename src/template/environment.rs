//! minijinja's environment as all templates share it.

use minijinja::value::{Kwargs, Rest};
use minijinja::{Environment, Error, State, UndefinedBehavior, Value};

use super::compare::{Op, compare};
use super::error::hole;
use super::fault::{fault, waits};
use super::filters;
use super::names::Names;
use super::parse::written_syntax;
use super::place::Place;
use super::scope::{Key, Rendering};

/// Steps of one rendering; a loop over ten thousand hosts needs a twentieth of it.
const FUEL: u64 = 20_000_000;

/// Builds the environment and says what it knows.
pub(super) fn build() -> (Environment<'static>, Names) {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(200);
    env.set_debug(false);
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    if let Ok(syntax) = written_syntax() {
        env.set_syntax(syntax);
    }
    // Every value comes through `__at`, which made it text.
    env.set_formatter(|out, _, value| match value.as_str() {
        Some(text) => out.write_str(text).map_err(Error::from),
        None => write!(out, "{value}").map_err(Error::from),
    });
    let mut names = filters::install(&mut env);
    super::host_filters::install(&mut env, &mut names);
    env.add_filter("__at", |value: Value, code: u32| Place::from_code(code).write(&value));
    env.add_filter("__cmp", |left: Value, op: &str, right: Value| match Op::named(op) {
        Some(op) => compare(op, &left, &right),
        None => Err(fault("an unknown comparison", None)),
    });
    env.add_filter("__take", take);
    env.add_filter("__walk", |state: &State, value: Value, name: &str, kinds: &str, keys: Rest<Value>| {
        Rendering::of(state)?.walk(kinds.starts_with('?'), value, name, &Key::all(&keys, kinds))
    });
    env.add_function("__get", |state: &State, root: &str, kinds: &str, keys: Rest<Value>| {
        Rendering::of(state)?.read(kinds.starts_with('?'), root, &Key::all(&keys, kinds))
    });
    env.add_function("__go", |state: &State, guard: usize| Ok::<bool, Error>(Rendering::of(state)?.hole(guard).is_none()));
    env.add_function("__hole", |state: &State, guard: usize| {
        Ok::<String, Error>(Rendering::of(state)?.hole(guard).map(|what| hole(&what)).unwrap_or_default())
    });
    env.add_function("__later", |state: &State, guard: usize| {
        let what = Rendering::of(state)?.hole(guard).unwrap_or_default();
        Ok::<Value, Error>(Value::from(waits(what)))
    });
    env.add_function("__part", |state: &mut State, guard: usize, inside: Kwargs| {
        let part: Value = inside.get("caller")?;
        Rendering::of(state)?.part(guard, || part.call(state, &[]))
    });
    (env, names)
}

fn take(state: &State, value: Value) -> Result<&'static str, Error> {
    if value.is_undefined() {
        return Err(fault("the expression gives an undefined value", Some("give it a value with `| default(..)`".to_owned())));
    }
    Rendering::of(state)?.take(value);
    Ok("")
}
