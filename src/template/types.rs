//! Types that are known without rendering.

use std::collections::HashSet;

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, UnaryOpKind};

use super::compare::kind;
use super::names::bare;

/// A type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Float,
    Bool,
    List,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Bool => "bool",
            Kind::List => "list",
        }
    }
}

/// The type of an expression, where it is certain.
pub(super) fn of(expr: &Expr<'_>, bound: &HashSet<&str>) -> Option<Kind> {
    match expr {
        Expr::Const(value) => match kind(&value.value) {
            "text" => Some(Kind::Text),
            "int" => Some(Kind::Int),
            "float" => Some(Kind::Float),
            "bool" => Some(Kind::Bool),
            "list" => Some(Kind::List),
            _ => None,
        },
        Expr::GetAttr(attr) => field(&attr.expr, attr.name, bound),
        Expr::Compare(_) | Expr::Test(_) => Some(Kind::Bool),
        Expr::UnaryOp(unary) => match unary.op {
            UnaryOpKind::Not => Some(Kind::Bool),
            UnaryOpKind::Neg => of(&unary.expr, bound),
        },
        Expr::BinOp(binary) => match binary.op {
            BinOpKind::Concat => Some(Kind::Text),
            BinOpKind::Eq | BinOpKind::Ne | BinOpKind::Lt | BinOpKind::Lte | BinOpKind::Gt | BinOpKind::Gte | BinOpKind::In => {
                Some(Kind::Bool)
            }
            _ => None,
        },
        Expr::Filter(filter) => match bare(filter.name) {
            "length" | "count" | "human_to_bytes" => Some(Kind::Int),
            // A second value for what can't be read may be of any type.
            "int" if otherwise(&filter.args, Kind::Int) => Some(Kind::Int),
            "float" if otherwise(&filter.args, Kind::Float) => Some(Kind::Float),
            "log" | "pow" | "root" => Some(Kind::Float),
            "bool" => Some(Kind::Bool),
            "string" | "trim" | "upper" | "lower" | "title" | "capitalize" | "replace" | "join" | "basename" | "dirname" | "to_json"
            | "tojson" | "to_yaml" | "to_nice_json" | "to_nice_yaml" | "b64encode" | "b64decode" | "hash" | "checksum"
            | "password_hash" | "regex_replace" | "regex_escape" | "quote" | "comment" | "center" | "wordwrap" | "indent" | "format"
            | "type_debug" | "date" | "strftime" | "path_join" | "relpath" | "human_readable" | "filesizeformat" | "urlencode" => {
                Some(Kind::Text)
            }
            "split"
            | "splitext"
            | "lines"
            | "list"
            | "sort"
            | "unique"
            | "flatten"
            | "union"
            | "intersect"
            | "difference"
            | "symmetric_difference"
            | "dict2items"
            | "regex_findall"
            | "map"
            | "select"
            | "reject"
            | "selectattr"
            | "rejectattr"
            | "zip"
            | "zip_longest"
            | "product"
            | "subelements"
            | "groupby"
            | "dictsort" => Some(Kind::List),
            _ => None,
        },
        Expr::List(_) | Expr::Tuple(_) => Some(Kind::List),
        _ => None,
    }
}

/// Whether the value for what can't be read is of this type too, or not given.
fn otherwise(args: &[CallArg<'_>], kind: Kind) -> bool {
    args.iter().all(|arg| match arg {
        CallArg::Kwarg("base", _) => true,
        CallArg::Pos(Expr::Const(value)) | CallArg::Kwarg(_, Expr::Const(value)) => self::kind(&value.value) == kind.name(),
        _ => false,
    })
}

/// The type of `tasks.x.FIELD` and its longer forms, `result.FIELD`, `host.name`.
fn field(base: &Expr<'_>, name: &str, bound: &HashSet<&str>) -> Option<Kind> {
    let step = match base {
        Expr::Var(var) if bound.contains(var.id) => return None,
        Expr::Var(var) if var.id == "host" => return matches!(name, "name" | "address" | "user").then_some(Kind::Text),
        Expr::Var(var) => var.id == "result",
        Expr::GetAttr(attr) => holds_tasks(&attr.expr, bound),
        Expr::GetItem(item) => holds_tasks(&item.expr, bound),
        _ => false,
    };
    if !step {
        return None;
    }
    match name {
        "status" | "stdout" | "stderr" => Some(Kind::Text),
        "changed" => Some(Kind::Bool),
        "rc" | "attempts" => Some(Kind::Int),
        "duration" => Some(Kind::Float),
        "lines" => Some(Kind::List),
        _ => None,
    }
}

fn holds_tasks(expr: &Expr<'_>, bound: &HashSet<&str>) -> bool {
    match expr {
        Expr::Var(var) => var.id == "tasks" && !bound.contains("tasks"),
        Expr::GetAttr(attr) => attr.name == "tasks" && from_rounds(&attr.expr, bound),
        _ => false,
    }
}

fn from_rounds(expr: &Expr<'_>, bound: &HashSet<&str>) -> bool {
    match expr {
        Expr::Var(var) => var.id == "rounds" && !bound.contains("rounds"),
        Expr::GetAttr(attr) => from_rounds(&attr.expr, bound),
        Expr::GetItem(item) => from_rounds(&item.expr, bound),
        _ => false,
    }
}
