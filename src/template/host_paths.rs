//! What filters over hosts read of each, as far as it is written out.

use std::ops::Range;

use minijinja::machinery::ast::{self, Expr};

use super::analyze::Analysis;
use super::host_filters::{HOST_PATH, HOST_TESTS};
use super::unparse::{bytes, range_of};
use crate::model::Read;
use crate::text::did_you_mean;

impl<'a> Analysis<'a, '_> {
    /// Notes what a filter over hosts reads of each.
    pub(super) fn host_paths(&mut self, filter: &ast::Filter<'a>, range: Range<usize>) {
        let Some(ast::CallArg::Pos(first)) = filter.args.first() else { return };
        let of_map = |map: &'_ ast::Map<'a>| map.values.iter().map(literal).collect::<Option<Vec<_>>>();
        let paths = match first {
            Expr::List(list) => list.items.iter().map(literal).collect(),
            Expr::Map(map) => of_map(map),
            Expr::Const(one) if one.value.as_str().is_none() => one.value.try_iter().ok().and_then(|items| texts(&one.value, items)),
            other => literal(other).map(|path| vec![path]),
        };
        let Some(paths) = paths else {
            let message = format!("what `{}` reads of each host must be written out", filter.name);
            let hint = "write a variable, or ROUND.TASK.FIELD, in quotes: \"survey.kernel.stdout\"";
            return self.error("E313", range_of(first), message, Some(hint.to_owned()));
        };
        if let Some(ast::CallArg::Pos(Expr::Const(test))) = filter.args.get(1)
            && let Some(name) = test.value.as_str().filter(|name| !HOST_TESTS.contains(name))
        {
            let near = did_you_mean(name, HOST_TESTS);
            self.error("E302", bytes(test.span()), format!("unknown test `{name}`"), near);
        }
        for path in paths {
            let path = std::iter::once(HOST_PATH).chain(path.split('.')).map(str::to_owned).collect();
            self.reads.push(Read { path, span: self.source.at(range.clone()), optional: true });
        }
    }
}

/// A text that is written out.
fn literal(expr: &Expr<'_>) -> Option<String> {
    match expr {
        Expr::Const(text) => text.value.as_str().map(str::to_owned),
        _ => None,
    }
}

/// The texts of a list or of a map's values.
fn texts(of: &minijinja::Value, items: minijinja::value::ValueIter) -> Option<Vec<String>> {
    let is_map = of.kind() == minijinja::value::ValueKind::Map;
    items.map(|item| if is_map { of.get_item(&item).ok()?.as_str().map(str::to_owned) } else { item.as_str().map(str::to_owned) }).collect()
}
