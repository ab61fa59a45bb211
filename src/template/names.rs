//! The filters, tests, functions and methods that templates may use.

use std::collections::BTreeSet;

/// Known names, for the check and its suggestions.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) filters: BTreeSet<String>,
    pub(super) tests: BTreeSet<String>,
    pub(super) functions: BTreeSet<String>,
    pub(super) methods: BTreeSet<String>,
}

/// minijinja's own filters that are kept; the rest of the table is in filters.rs.
pub(super) const FILTERS: &[&str] = &[
    "safe", "escape", "e", "lower", "upper", "title", "capitalize", "replace", "length", "count", "dictsort", "items", "reverse", "trim",
    "join", "split", "lines", "default", "d", "round", "abs", "int", "float", "attr", "first", "last", "min", "max", "sort", "list", "string",
    "bool", "batch", "slice", "sum", "indent", "select", "reject", "selectattr", "rejectattr", "map", "groupby", "unique", "chain", "zip",
    "pprint", "format", "tojson",
];

/// minijinja's own tests.
pub(super) const TESTS: &[&str] = &[
    "undefined", "defined", "none", "safe", "escaped", "boolean", "odd", "even", "divisibleby", "number", "integer", "int", "float", "string",
    "sequence", "iterable", "mapping", "startingwith", "endingwith", "lower", "upper", "sameas", "eq", "equalto", "==", "ne", "!=", "lt",
    "lessthan", "<", "le", "<=", "gt", "greaterthan", ">", "ge", ">=", "in", "true", "false", "filter", "test",
];

/// minijinja's own functions; `debug` is left out, since it prints every variable.
pub(super) const FUNCTIONS: &[&str] = &["range", "dict", "namespace"];

/// Python's methods of text, maps and lists.
pub(super) const METHODS: &[&str] = &[
    "capitalize", "count", "endswith", "find", "isalnum", "isalpha", "isascii", "isdigit", "islower", "isnumeric", "isspace", "isupper", "join",
    "lower", "lstrip", "replace", "rfind", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper", "format", "get", "items",
    "keys", "values",
];
