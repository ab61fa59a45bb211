//! Filters and tests that users of Ansible reach for, and our own forms of some of minijinja's.
//!
//! Each is pure: no file, no clock, no chance. None puts a value into an error. A file has one subject and a table of its
//! entries: name, arguments in the words of [`Signature`], function. What minijinja has and is kept as it is stands in names.rs.

mod call;
mod digests;
mod elsewhere;
mod formats;
mod judges;
mod lists;
mod maps;
mod numbers;
mod paths;
mod patterns;
mod sets;
mod texts;
mod times;
mod values;
mod versions;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use minijinja::value::{Kwargs, Rest};
use minijinja::{Environment, Error, State, Value};

pub(super) use call::Signature;
pub(super) use elsewhere::{filter_elsewhere, function_elsewhere, test_elsewhere};
pub(super) use patterns::{TAKE_PATTERNS, pattern_objection, replacement_objection};

use super::compare::{Op, compare};
use super::fault::fault;
use super::names::{self, Names};
use call::Args;

/// What a filter does with the value before the bar.
type Filter = fn(&mut State<'_, '_>, Value, &Args<'_>) -> Result<Value, Error>;

/// A filter that hands its arguments on.
type Passing = fn(&mut State<'_, '_>, Value, Rest<Value>, Kwargs) -> Result<Value, Error>;

/// What a test says of the value before `is`.
type Judge = fn(&Value, &Args<'_>) -> Result<bool, Error>;

/// Filters that are given what is missing.
const FOR_MISSING: [&str; 3] = ["default", "d", "mandatory"];

/// Adds all of them and says what there is.
pub(super) fn install(env: &mut Environment<'static>) -> Names {
    let mut known = Names { methods: names::METHODS.iter().copied().collect(), ..Names::default() };
    env.remove_global("debug");
    for (name, words) in names::FILTERS {
        known.filters.insert(name, Signature::new(format!("| {name}"), words));
    }
    for (name, words) in names::TESTS {
        known.tests.insert(name, Signature::new(format!("is {name}"), words));
    }
    for (name, words) in names::FUNCTIONS {
        known.functions.insert(name, Signature::new(format!("{name}()"), words));
    }
    let tables = [digests::FILTERS, formats::FILTERS, lists::FILTERS, maps::FILTERS, numbers::FILTERS, paths::FILTERS, patterns::FILTERS];
    for (name, words, filter) in tables.into_iter().chain([sets::FILTERS, texts::FILTERS, times::FILTERS, values::FILTERS]).flatten() {
        let signature = Signature::new(format!("| {name}"), words);
        known.filters.insert(name, signature.clone());
        add_filter(env, name, signature, *filter);
    }
    for (name, words, filter) in lists::PASSING {
        known.filters.insert(name, Signature::new(format!("| {name}"), words));
        env.add_filter(*name, *filter);
    }
    for (name, words, judge) in judges::TESTS.iter().chain(patterns::TESTS).chain(versions::TESTS) {
        let signature = Signature::new(format!("is {name}"), words);
        known.tests.insert(name, signature.clone());
        add_test(env, name, signature, *judge);
    }
    for (op, names) in COMPARISONS {
        for name in *names {
            known.tests.insert(name, Signature::new(format!("is {name}"), "-other"));
            env.add_test(*name, |left: Value, right: Value| compare(*op, &left, &right));
        }
    }
    known
}

/// The operators of comparisons as tests.
const COMPARISONS: &[(Op, &[&str])] = &[
    (Op::Eq, &["eq", "equalto", "=="]),
    (Op::Ne, &["ne", "!="]),
    (Op::Lt, &["lt", "lessthan", "<"]),
    (Op::Le, &["le", "<="]),
    (Op::Gt, &["gt", "greaterthan", ">"]),
    (Op::Ge, &["ge", ">="]),
    (Op::In, &["in"]),
];

fn add_filter(env: &mut Environment<'static>, name: &'static str, signature: Signature, filter: Filter) {
    let signature = Arc::new(signature);
    env.add_filter(name, move |state: &mut State<'_, '_>, value: Value, places: Rest<Value>, named: Kwargs| {
        if value.is_undefined() && !FOR_MISSING.contains(&name) {
            return Err(undefined(&signature.called));
        }
        filter(state, value, &Args::bind(&signature, places, &named)?)
    });
}

fn add_test(env: &mut Environment<'static>, name: &'static str, signature: Signature, judge: Judge) {
    let signature = Arc::new(signature);
    env.add_test(name, move |value: Value, places: Rest<Value>, named: Kwargs| {
        if value.is_undefined() {
            return Err(undefined(&signature.called));
        }
        judge(&value, &Args::bind(&signature, places, &named)?)
    });
}

fn undefined(called: &str) -> Error {
    fault(format!("`{called}` is given a value that is not defined"), Some("give it a value with `| default(..)`".to_owned()))
}
