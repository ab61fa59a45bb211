//! The filters, tests, functions and methods that templates may use, and what each may be called with.

use std::collections::{BTreeMap, BTreeSet};

use super::filters::Signature;

/// Known names, for the check and its suggestions.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) filters: BTreeMap<&'static str, Signature>,
    pub(super) tests: BTreeMap<&'static str, Signature>,
    pub(super) functions: BTreeMap<&'static str, Signature>,
    pub(super) methods: BTreeSet<&'static str>,
}

/// The name of a filter or test without the collection that Ansible's own are in.
pub(super) fn bare(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.").unwrap_or(name)
}

/// minijinja's own filters that are kept as they are; all others are in the room's `filters`.
pub(super) const FILTERS: &[(&str, &str)] = &[
    ("abs", ""),
    ("attr", "-name"),
    ("batch", "-count -fill?"),
    ("capitalize", ""),
    ("chain", "*lists"),
    ("count", ""),
    ("e", ""),
    ("escape", ""),
    ("first", ""),
    ("format", "*values **"),
    ("indent", "width? first? blank?"),
    ("items", ""),
    ("join", "d? attribute?"),
    ("last", ""),
    ("length", ""),
    ("lines", ""),
    ("list", ""),
    ("lower", ""),
    ("pprint", ""),
    ("replace", "-old -new"),
    ("reverse", ""),
    ("round", "precision? method?"),
    ("safe", ""),
    ("slice", "-count -fill?"),
    ("split", "-separator? -most?"),
    ("title", ""),
    ("tojson", "indent?"),
    ("trim", "-characters?"),
    ("upper", ""),
    ("urlencode", ""),
    ("zip", "*lists"),
];

/// minijinja's own tests that are kept as they are.
pub(super) const TESTS: &[(&str, &str)] = &[
    ("boolean", ""),
    ("defined", ""),
    ("divisibleby", "-number"),
    ("endingwith", "-end"),
    ("even", ""),
    ("false", ""),
    ("filter", ""),
    ("float", ""),
    ("int", ""),
    ("integer", ""),
    ("iterable", ""),
    ("lower", ""),
    ("mapping", ""),
    ("none", ""),
    ("number", ""),
    ("odd", ""),
    ("sameas", "-other"),
    ("sequence", ""),
    ("startingwith", "-start"),
    ("string", ""),
    ("test", ""),
    ("true", ""),
    ("undefined", ""),
    ("upper", ""),
];

/// minijinja's own functions; `debug` is left out, since it prints every variable.
pub(super) const FUNCTIONS: &[(&str, &str)] = &[("dict", "-pairs? **"), ("namespace", "-values? **"), ("range", "-start -stop? -step?")];

/// Python's methods of text, maps and lists.
pub(super) const METHODS: &[&str] = &[
    "capitalize",
    "count",
    "endswith",
    "find",
    "format",
    "get",
    "isalnum",
    "isalpha",
    "isascii",
    "isdigit",
    "islower",
    "isnumeric",
    "isspace",
    "isupper",
    "items",
    "join",
    "keys",
    "lower",
    "lstrip",
    "replace",
    "rfind",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "upper",
    "values",
];
