//! One rendering: the scope that it sees, what it has met, and how deep it is in variables.
//!
//! Data comes from the caller's [`Root`] and goes to minijinja as plain values or as [`LazyMap`]s, which are looked
//! up when read. A variable is rendered where it is used, once per rendering. What can't be given (pending, a failed
//! variable) is remembered in `trouble` as well as returned, so that no filter can swallow it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, State, Value as Jinja};

use super::engine::Core;
use super::fault::{fault, unwrap, waits, wrap};
use super::parts::Holes;
use super::text::{OmitMark, from_jinja, to_jinja};
use super::{Lazy, Lookup, Make, RenderError, Root};
use crate::model::{Template, TemplateId, VarValue};
use crate::text::did_you_mean;

/// How many variables may use one another in a row.
const DEEPEST: usize = 40;

/// How many scopes of other hosts may lie in one another.
const FARTHEST: usize = 8;

/// The name under which filters find the rendering they run in.
pub(super) const SELF: &str = "__scope";

/// One rendering.
pub(super) struct Rendering {
    pub(super) core: Arc<Core>,
    pub(super) root: Root,
    /// How many scopes of other hosts lie around this one.
    away: usize,
    met: Mutex<Met>,
}

/// What a rendering has met so far.
#[derive(Default)]
pub(super) struct Met {
    using: Vec<(TemplateId, String)>,
    known: HashMap<TemplateId, Jinja>,
    taken: Option<Jinja>,
    pub(super) trouble: Option<RenderError>,
    /// In a preview: parts that are known to wait.
    pub(super) holes: Holes,
}

impl fmt::Debug for Rendering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rendering")
    }
}

impl Rendering {
    pub(super) fn new(core: Arc<Core>, root: Root, holes: Holes) -> Arc<Rendering> {
        Arc::new(Rendering { core, root, away: 0, met: Mutex::new(Met { holes, ..Met::default() }) })
    }

    pub(super) fn met(&self) -> std::sync::MutexGuard<'_, Met> {
        // One thread renders; the lock is there because minijinja's objects must be Sync.
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rendering that a filter runs in.
    pub(super) fn of(state: &State<'_, '_>) -> Result<Arc<Rendering>, Error> {
        let scope = state.lookup(SELF).and_then(|value| value.downcast_object::<ScopeMap>());
        scope.map(|scope| scope.0.clone()).ok_or_else(|| fault("a filter runs outside a rendering", None))
    }

    pub(super) fn take(&self, value: Jinja) {
        self.met().taken = Some(value);
    }

    pub(super) fn taken(&self) -> Option<Jinja> {
        self.met().taken.take()
    }

    /// The first thing that could not be given, if any.
    pub(super) fn trouble(&self) -> Option<RenderError> {
        self.met().trouble.clone()
    }

    fn troubled(&self, error: Error) -> Error {
        let mut met = self.met();
        if met.trouble.is_none() {
            met.trouble = Some(unwrap(&error, None));
        }
        error
    }

    /// Gives what a name stands for; `None` where there is no such name.
    pub(super) fn give(self: &Arc<Self>, lookup: Lookup, name: &str) -> Result<Option<Jinja>, Error> {
        match lookup {
            Lookup::Missing => Ok(None),
            Lookup::Value(value) | Lookup::Absent(value) => Ok(Some(to_jinja(value))),
            Lookup::Variable(value) => self.variable(&value, name).map(Some),
            Lookup::Foreign(value, root) => self.foreign(root, &value, name).map(Some),
            Lookup::Made(make) => self.made(&*make, name).map(Some),
            Lookup::Lazy(lazy) => Ok(Some(Jinja::from_object(LazyMap { rendering: self.clone(), lazy }))),
            Lookup::Pending(what) => Err(self.troubled(waits(vec![what]))),
        }
    }

    /// Renders a variable's value as another host sees it.
    fn foreign(&self, root: Root, value: &VarValue, name: &str) -> Result<Jinja, Error> {
        self.away(root, value, name).map_err(|error| self.troubled(error))
    }

    fn away(&self, root: Root, value: &VarValue, name: &str) -> Result<Jinja, Error> {
        if self.away >= FARTHEST {
            return Err(fault(format!("variables of more than {FARTHEST} hosts use one another in a row, the last is `{name}`"), None));
        }
        let there = Arc::new(Rendering { core: self.core.clone(), root, away: self.away + 1, met: Mutex::default() });
        there.variable(value, name)
    }

    /// Makes a value of others, each rendered in a scope of its own. What can't be rendered is for the maker to judge.
    fn made(&self, make: &dyn Make, name: &str) -> Result<Jinja, Error> {
        let render = |value: &VarValue, root: &Root| {
            let rendered = self.away(root.clone(), value, name).and_then(|value| from_jinja(&value));
            rendered.map_err(|error| unwrap(&error, None))
        };
        make.make(&render).map(to_jinja).map_err(|error| self.troubled(wrap(error)))
    }

    /// Renders a variable's value, all of it.
    pub(super) fn variable(self: &Arc<Self>, value: &VarValue, name: &str) -> Result<Jinja, Error> {
        match value {
            VarValue::Plain(value) => Ok(to_jinja(value.clone())),
            VarValue::Template(template) => self.nested(template, name).map_err(|error| self.troubled(error)),
            VarValue::List(list) => {
                let mut items = Vec::with_capacity(list.len());
                for item in list {
                    items.push(self.variable(item, name)?);
                }
                Ok(items.into())
            }
            VarValue::Map(map) => {
                let mut pairs = Vec::with_capacity(map.len());
                for (key, item) in map {
                    pairs.push((Jinja::from(key.as_str()), self.variable(item, &format!("{name}.{key}"))?));
                }
                Ok(Jinja::from_pairs(pairs))
            }
            VarValue::Unusable(why) => {
                let (message, hint) = (format!("`{name}` can't be used: {}", why.message), why.hint.clone());
                Err(self.troubled(wrap(RenderError::Failed { message, span: Some(why.span), hint })))
            }
        }
    }

    fn nested(self: &Arc<Self>, template: &Template, name: &str) -> Result<Jinja, Error> {
        if let Some(text) = self.core.literal(template) {
            return Ok(Jinja::from(text));
        }
        {
            let mut met = self.met();
            if let Some(known) = met.known.get(&template.id) {
                return Ok(known.clone());
            }
            if let Some(first) = met.using.iter().position(|(id, _)| *id == template.id) {
                let mut names: Vec<&str> = met.using[first..].iter().map(|(_, name)| name.as_str()).collect();
                names.push(name);
                let story: Vec<String> = names.windows(2).map(|pair| format!("`{}` uses `{}`", pair[0], pair[1])).collect();
                return Err(fault(format!("variables use each other in a circle: {}", story.join(", ")), None));
            }
            if met.using.len() >= DEEPEST {
                return Err(fault(format!("more than {DEEPEST} variables use one another in a row, the last is `{name}`"), None));
            }
            met.using.push((template.id, name.to_owned()));
        }
        let result = self.core.run(self, template).map_err(wrap);
        let mut met = self.met();
        met.using.pop();
        let value = result?;
        met.known.insert(template.id, value.clone());
        Ok(value)
    }

    /// Follows keys into a variable without rendering what lies beside them; the rest of the keys is left.
    fn variable_at<'k>(
        self: &Arc<Self>,
        value: &VarValue,
        path: &mut String,
        mut keys: &'k [Key],
    ) -> Result<(Option<Jinja>, &'k [Key]), Error> {
        let mut value = value;
        loop {
            let next = match (value, keys.first()) {
                (VarValue::Map(map), Some(key)) if key.value.as_str().is_some() => map.get(key.value.as_str().unwrap_or_default()),
                (VarValue::List(list), Some(key)) if key.value.as_usize().is_some() => key.value.as_usize().and_then(|at| list.get(at)),
                _ => return Ok((Some(self.variable(value, path)?), keys)),
            };
            let Some(next) = next else {
                // Let the value itself say that there is no such key, with its names.
                return Ok((Some(self.variable(value, path)?), keys));
            };
            push_key(path, &keys[0]);
            (value, keys) = (next, &keys[1..]);
        }
    }

    /// Reads `root.key.key…`; undefined where `optional` and any of it is missing.
    pub(super) fn read(self: &Arc<Self>, optional: bool, root: &str, keys: &[Key]) -> Result<Jinja, Error> {
        if root == "omit" {
            return self.walk(optional, Jinja::from_object(OmitMark), root, keys);
        }
        match self.root.get(root) {
            Lookup::Missing if optional => Ok(Jinja::UNDEFINED),
            Lookup::Missing => {
                let names = self.root.names();
                let known = names.iter().map(String::as_str);
                Err(fault(format!("`{root}` is not defined"), did_you_mean(root, known)))
            }
            Lookup::Variable(value) => {
                let mut path = root.to_owned();
                let (value, rest) = self.variable_at(&value, &mut path, keys)?;
                self.walk(optional, value.unwrap_or_default(), &path, rest)
            }
            Lookup::Lazy(lazy) => self.read_lazy(optional, lazy, root.to_owned(), keys),
            other => {
                let value = self.give(other, root)?.unwrap_or_default();
                self.walk(optional, value, root, keys)
            }
        }
    }

    fn read_lazy(self: &Arc<Self>, optional: bool, lazy: Arc<dyn Lazy>, mut path: String, keys: &[Key]) -> Result<Jinja, Error> {
        let Some((key, rest)) = keys.split_first() else {
            return Ok(Jinja::from_object(LazyMap { rendering: self.clone(), lazy }));
        };
        let name = key.value.as_str().map_or_else(|| key.value.to_string(), str::to_owned);
        let lookup = if key.value.is_undefined() { return undefined_key(&path) } else { lazy.get(&name) };
        match lookup {
            Lookup::Missing | Lookup::Absent(_) if optional => Ok(Jinja::UNDEFINED),
            Lookup::Missing => Err(missing(&path, key, &lazy.names())),
            Lookup::Lazy(inner) => {
                push_key(&mut path, key);
                self.read_lazy(optional, inner, path, rest)
            }
            Lookup::Variable(value) => {
                push_key(&mut path, key);
                let (value, rest) = self.variable_at(&value, &mut path, rest)?;
                self.walk(optional, value.unwrap_or_default(), &path, rest)
            }
            other => {
                push_key(&mut path, key);
                let value = self.give(other, &path)?.unwrap_or_default();
                self.walk(optional, value, &path, rest)
            }
        }
    }

    /// Reads keys of a value.
    pub(super) fn walk(self: &Arc<Self>, optional: bool, value: Jinja, path: &str, keys: &[Key]) -> Result<Jinja, Error> {
        let (mut value, mut path) = (value, path.to_owned());
        for (at, key) in keys.iter().enumerate() {
            if let Some(map) = value.downcast_object_ref::<LazyMap>() {
                return self.read_lazy(optional, map.lazy.clone(), path, &keys[at..]);
            }
            if value.is_undefined() {
                return if optional { Ok(value) } else { Err(fault(format!("`{path}` is not defined"), None)) };
            }
            if key.value.is_undefined() {
                return undefined_key(&path);
            }
            let next = value.get_item(&key.value)?;
            if next.is_undefined() {
                if optional {
                    return Ok(next);
                }
                return Err(missing(&path, key, &names_of(&value)));
            }
            push_key(&mut path, key);
            value = next;
        }
        if value.is_undefined() && !optional {
            return Err(fault(format!("`{path}` is not defined"), None));
        }
        Ok(value)
    }
}

fn undefined_key(path: &str) -> Result<Jinja, Error> {
    Err(fault(format!("the key of `{path}[..]` is not defined"), None))
}

fn missing(path: &str, key: &Key, names: &[String]) -> Error {
    match key.value.as_str() {
        Some(name) if key.written => fault(format!("`{path}` has no `{name}`"), did_you_mean(name, names.iter().map(String::as_str))),
        None if key.written => fault(format!("`{path}` has no entry {}", key.value), None),
        _ => fault(format!("`{path}` has no such entry"), None),
    }
}

fn names_of(value: &Jinja) -> Vec<String> {
    if value.kind() != minijinja::value::ValueKind::Map {
        return Vec::new();
    }
    value.try_iter().map(|keys| keys.filter_map(|key| key.as_str().map(str::to_owned)).collect()).unwrap_or_default()
}

fn push_key(path: &mut String, key: &Key) {
    match key.value.as_str() {
        Some(name) if key.written && crate::text::is_id(name) => {
            path.push('.');
            path.push_str(name);
        }
        _ => path.push_str("[..]"),
    }
}

/// A key of a lookup.
pub(super) struct Key {
    value: Jinja,
    /// It stands in the template; any other may be a secret and is not told.
    written: bool,
}

impl Key {
    /// Pairs keys with what the compiled template says of each: after its first character `w` for
    /// written, any other for computed.
    pub(super) fn all(values: &[Jinja], kinds: &str) -> Vec<Key> {
        values.iter().zip(kinds.bytes().skip(1)).map(|(value, kind)| Key { value: value.clone(), written: kind == b'w' }).collect()
    }
}

/// The roots, as minijinja sees them.
#[derive(Debug)]
pub(super) struct ScopeMap(pub(super) Arc<Rendering>);

impl Object for ScopeMap {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Jinja> {
        match name {
            SELF => Some(Jinja::from_dyn_object(self.clone())),
            "omit" => Some(Jinja::from_object(OmitMark)),
            _ => self.0.give(self.0.root.get(name), name).unwrap_or_else(|error| Some(Jinja::from(error))),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.root.names().into_iter().map(Jinja::from).collect())
    }
}

/// A map that is looked up when read.
#[derive(Debug)]
pub(super) struct LazyMap {
    rendering: Arc<Rendering>,
    lazy: Arc<dyn Lazy>,
}

impl Object for LazyMap {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let name = key.as_str()?;
        self.rendering.give(self.lazy.get(name), name).unwrap_or_else(|error| Some(Jinja::from(error)))
    }

    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.lazy.is_list() { ObjectRepr::Iterable } else { ObjectRepr::Map }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.lazy.names().into_iter().map(Jinja::from).collect())
    }
}

/// Renders a variable's value into the model's.
pub(super) fn render_variable(rendering: &Arc<Rendering>, value: &VarValue) -> Result<crate::model::Value, RenderError> {
    let value = rendering.variable(value, "the value").and_then(|value| from_jinja(&value)).map_err(|error| unwrap(&error, None))?;
    rendering.trouble().map_or(Ok(value), Err)
}
