//! Whether each filter, test and function of a template exists and is called as it can be: the part of the analysis
//! (analyze.rs) that knows names and signatures.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::machinery::ast::{self, CallArg, Expr};

use super::analyze::Analysis;
use super::filters::{
    Signature, TAKE_PATTERNS, filter_elsewhere, function_elsewhere, pattern_objection, replacement_objection, test_elsewhere,
};
use super::names::bare;
use super::unparse::range_of;
use crate::text::did_you_mean;

/// One sort of names: its code, its word, what is known of it, what stands elsewhere.
struct Sort<'n> {
    code: &'static str,
    word: &'static str,
    known: &'n BTreeMap<&'static str, Signature>,
    elsewhere: fn(&str) -> Option<&'static str>,
}

impl<'a> Analysis<'a, '_> {
    fn filters(&self) -> Sort<'a> {
        Sort { code: "E301", word: "filter", known: &self.names.filters, elsewhere: filter_elsewhere }
    }

    fn tests(&self) -> Sort<'a> {
        Sort { code: "E302", word: "test", known: &self.names.tests, elsewhere: test_elsewhere }
    }

    /// Checks `x | name(args)`.
    pub(super) fn filter(&mut self, filter: &ast::Filter<'a>, range: Range<usize>) {
        let at = self.name_range(filter.name, range);
        let filters = self.filters();
        let name = bare(filter.name);
        self.called(&filters, name, at, &filter.args);
        if TAKE_PATTERNS.contains(&name) {
            self.pattern(&filter.args);
        }
        if let (true, Some(text)) = (name == "regex_replace", filter.args.get(1).and_then(literal))
            && let Some(wrong) = replacement_objection(&text.0)
        {
            self.error("E309", text.1, wrong.message, wrong.hint);
        }
        // The name of another filter or test stands in quotes.
        let (sort, at) = match name {
            "map" => (self.filters(), 0),
            "select" | "reject" => (self.tests(), 0),
            "selectattr" | "rejectattr" => (self.tests(), 1),
            _ => return,
        };
        if let Some((name, range)) = filter.args.get(at).and_then(literal) {
            self.called(&sort, &name, range, &filter.args[at + 1..]);
        }
    }

    /// Checks `x is name(args)`.
    pub(super) fn test(&mut self, test: &ast::Test<'a>, range: Range<usize>) {
        let at = self.name_range(test.name, range);
        let tests = self.tests();
        let name = bare(test.name);
        self.called(&tests, name, at, &test.args);
        if TAKE_PATTERNS.contains(&name) {
            self.pattern(&test.args);
        }
    }

    /// Checks `name(args)`.
    pub(super) fn function(&mut self, name: &str, range: Range<usize>, args: &[CallArg<'a>]) {
        let at = self.name_range(name, range);
        let functions = Sort { code: "E303", word: "function", known: &self.names.functions, elsewhere: function_elsewhere };
        self.called(&functions, name, at, args);
    }

    fn called(&mut self, sort: &Sort<'a>, name: &str, at: Range<usize>, args: &[CallArg<'a>]) {
        let Some(signature) = sort.known.get(name) else {
            let elsewhere = (sort.elsewhere)(name).map(str::to_owned);
            let hint = elsewhere.or_else(|| did_you_mean(name, sort.known.keys().copied()));
            self.error(sort.code, at, format!("unknown {} `{name}`", sort.word), hint);
            return;
        };
        let mut places = 0;
        let mut names = Vec::new();
        for arg in args {
            match arg {
                CallArg::Pos(_) => places += 1,
                CallArg::Kwarg(name, _) => names.push(*name),
                // Only the run knows what is in them.
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => return,
            }
        }
        if let Some(wrong) = signature.objection(places, &names) {
            self.error("E308", at, wrong.message, wrong.hint);
        }
    }

    /// Checks a regular expression that stands in the template.
    fn pattern(&mut self, args: &[CallArg<'a>]) {
        let named = args.iter().find_map(|arg| match arg {
            CallArg::Kwarg("pattern", expr) => text(expr),
            _ => None,
        });
        let Some((pattern, range)) = args.first().and_then(literal).or(named) else { return };
        if let Some(wrong) = pattern_objection(&pattern) {
            self.error("E309", range, wrong.message, wrong.hint);
        }
    }
}

/// The text of an argument by place that is a text in quotes, and where it stands.
fn literal(arg: &CallArg<'_>) -> Option<(String, Range<usize>)> {
    match arg {
        CallArg::Pos(expr) => text(expr),
        _ => None,
    }
}

fn text(expr: &Expr<'_>) -> Option<(String, Range<usize>)> {
    match expr {
        Expr::Const(value) => Some((value.value.as_str()?.to_owned(), range_of(expr))),
        _ => None,
    }
}
