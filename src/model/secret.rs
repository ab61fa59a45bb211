//! Secrets as they are declared, and their values once they were got.
//!
//! Values stand in a type of their own that never shows them, so that no `Debug` of what holds them can.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::Value;
use crate::diag::Span;

/// The name of the secret that answers `become` where nothing else does.
pub const SUDO_SECRET: &str = "sudo";

/// An entry of `secrets:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Where its value comes from.
    pub source: SecretSource,
    /// True where what the source gives is YAML (or JSON, which is YAML).
    pub data: bool,
    /// The part of that data that it is; dotted.
    pub key: Option<String>,
    /// Its name in the file.
    pub span: Span,
    /// The source's value in the file.
    pub place: Span,
    /// True where a run needs it: a template reads it, or a password is made of it.
    pub used: bool,
}

/// Where a secret's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// A variable of roundsman's own environment.
    Env(String),
    /// A file of this machine.
    File(PathBuf),
    /// What a program of this machine prints.
    Command {
        /// The program and its arguments.
        argv: Vec<String>,
        /// The folder that it runs in.
        folder: PathBuf,
    },
    /// A file of this machine, encrypted with age.
    Age(PathBuf),
    /// What the user types after this prompt.
    Ask(String),
}

impl SecretSource {
    /// The file that must be there, where it needs one.
    #[must_use]
    pub fn file(&self) -> Option<&PathBuf> {
        match self {
            SecretSource::File(path) | SecretSource::Age(path) => Some(path),
            SecretSource::Env(_) | SecretSource::Command { .. } | SecretSource::Ask(_) => None,
        }
    }
}

/// A password that is a secret: `{{ secrets.NAME.key… }}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    /// The name, and the keys behind it.
    pub path: Vec<String>,
    /// Where it stands.
    pub span: Span,
}

/// The values of secrets, by name.
#[derive(Clone, Default, PartialEq)]
pub struct SecretValues(pub BTreeMap<String, Value>);

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretValues({:?})", self.0.keys().collect::<Vec<_>>())
    }
}

impl SecretValues {
    /// Finds what a reference names.
    #[must_use]
    pub fn find(&self, path: &[String]) -> Option<&Value> {
        let (name, keys) = path.split_first()?;
        self.0.get(name)?.find(keys.iter().map(String::as_str))
    }
}

impl Value {
    /// Follows keys into maps and numbers into lists.
    #[must_use]
    pub fn find<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> Option<&Value> {
        keys.into_iter().try_fold(self, |value, key| match value {
            Value::Map(map) => map.get(key),
            Value::List(list) => list.get(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Calls `each` with every text and number inside, as text.
    pub fn for_each_leaf(&self, each: &mut dyn FnMut(String)) {
        match self {
            // Nobody's secret is `true`.
            Value::None | Value::Bool(_) => {}
            Value::Int(number) => each(number.to_string()),
            Value::Float(number) => each(number.to_string()),
            Value::Text(text) => each(text.clone()),
            Value::List(list) => list.iter().for_each(|value| value.for_each_leaf(each)),
            Value::Map(map) => map.values().for_each(|value| value.for_each_leaf(each)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_and_never_shown() {
        let map = Value::Map([("hash".to_owned(), Value::List(vec!["s3cret".into(), 7.into()]))].into_iter().collect());
        let values = SecretValues(BTreeMap::from([("ann".to_owned(), map.clone())]));
        let path = ["ann", "hash", "0"].map(str::to_owned);
        assert_eq!(values.find(&path), Some(&Value::from("s3cret")));
        assert_eq!(values.find(&path[..0]), None);
        assert_eq!(map.find(["hash", "2"]), None);
        assert!(!format!("{values:?}").contains("s3cret"));
        let mut leaves = Vec::new();
        map.for_each_leaf(&mut |leaf| leaves.push(leaf));
        assert_eq!(leaves, ["s3cret", "7"]);
    }
}
