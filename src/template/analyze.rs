//! What a template reads, and what is wrong with it before anything is rendered.
//!
//! One walk over minijinja's tree, with the names that the template binds itself (`for`, `set`, `with`, macros).
//! Knows nothing of scopes' contents: which roots exist is asked by whoever compiles.

use std::collections::HashSet;

use minijinja::machinery::ast::{self, Expr, Stmt};

use super::compare::{self, Op};
use super::expressions::{allows_missing, compare_op};
use super::host_filters::HOST_FILTERS;
use super::names::{Names, bare};
use super::types::{self, Kind};
use super::unparse::{bytes, offset, range_of};
use crate::diag::{Diagnostic, Diagnostics, SourceText};
use crate::model::Read;
use crate::text::did_you_mean;

/// How deep expressions and statements may nest.
const DEEPEST: usize = 120;

/// Walks one template.
pub(super) struct Analysis<'a, 'd> {
    pub(super) source: &'a SourceText,
    pub(super) names: &'a Names,
    diagnostics: &'d mut Diagnostics,
    scopes: Vec<HashSet<&'a str>>,
    depth: usize,
    /// Every name that is bound anywhere.
    pub(super) bound: HashSet<&'a str>,
    pub(super) reads: Vec<Read>,
    pub(super) failed: bool,
}

impl<'a, 'd> Analysis<'a, 'd> {
    pub(super) fn new(source: &'a SourceText, names: &'a Names, diagnostics: &'d mut Diagnostics) -> Analysis<'a, 'd> {
        Analysis {
            source,
            names,
            diagnostics,
            scopes: vec![HashSet::new()],
            depth: 0,
            bound: HashSet::new(),
            reads: Vec::new(),
            failed: false,
        }
    }

    pub(super) fn error(&mut self, code: &'static str, range: std::ops::Range<usize>, message: String, hint: Option<String>) {
        self.failed = true;
        self.diagnostics.push(Diagnostic::error(code, self.source.at(range), message).hint(hint));
    }

    /// Opens a level; false where there are too many.
    fn enter(&mut self, range: std::ops::Range<usize>) -> bool {
        self.depth += 1;
        if self.depth == DEEPEST {
            self.error("E300", range, "the template nests too deeply".to_owned(), None);
        }
        self.depth < DEEPEST
    }

    fn bind(&mut self, name: &'a str) {
        self.bound.insert(name);
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name);
        }
    }

    fn is_bound(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.contains(name))
    }

    fn scoped(&mut self, walk: impl FnOnce(&mut Self)) {
        self.scopes.push(HashSet::new());
        walk(self);
        self.scopes.pop();
    }

    pub(super) fn stmts(&mut self, stmts: &[Stmt<'a>]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &Stmt<'a>) {
        if self.enter(0..0) {
            self.stmt_inside(stmt);
        }
        self.depth -= 1;
    }

    fn stmt_inside(&mut self, stmt: &Stmt<'a>) {
        match stmt {
            Stmt::Template(template) => self.stmts(&template.children),
            Stmt::EmitExpr(emit) => self.expr(&emit.expr),
            Stmt::EmitRaw(_) | Stmt::Continue(_) | Stmt::Break(_) => {}
            Stmt::ForLoop(each) => {
                self.expr(&each.iter);
                self.scoped(|walk| {
                    walk.target(&each.target);
                    walk.bind("loop");
                    if let Some(filter) = &each.filter_expr {
                        walk.expr(filter);
                    }
                    walk.stmts(&each.body);
                });
                self.scoped(|walk| walk.stmts(&each.else_body));
            }
            Stmt::IfCond(cond) => {
                self.expr(&cond.expr);
                self.stmts(&cond.true_body);
                self.stmts(&cond.false_body);
            }
            Stmt::WithBlock(with) => self.scoped(|walk| {
                for (target, expr) in &with.assignments {
                    walk.expr(expr);
                    walk.target(target);
                }
                walk.stmts(&with.body);
            }),
            Stmt::Set(set) => {
                self.expr(&set.expr);
                self.target(&set.target);
            }
            Stmt::SetBlock(set) => {
                self.scoped(|walk| walk.stmts(&set.body));
                if let Some(filter) = &set.filter {
                    self.expr(filter);
                }
                self.target(&set.target);
            }
            Stmt::FilterBlock(block) => {
                self.scoped(|walk| walk.stmts(&block.body));
                self.expr(&block.filter);
            }
            Stmt::Macro(decl) => {
                self.bind(decl.name);
                self.scoped(|walk| {
                    walk.bind("caller");
                    decl.defaults.iter().for_each(|default| walk.expr(default));
                    decl.args.iter().for_each(|arg| walk.target(arg));
                    walk.stmts(&decl.body);
                });
            }
            Stmt::Do(call) => self.call(&call.call),
            Stmt::CallBlock(block) => self.unsupported("call", bytes(block.call.span())),
            Stmt::AutoEscape(block) => self.unsupported("autoescape", bytes(block.span())),
            Stmt::Block(block) => self.unsupported("block", bytes(block.span())),
            Stmt::Import(import) => self.unsupported("import", bytes(import.span())),
            Stmt::FromImport(import) => self.unsupported("from", bytes(import.span())),
            Stmt::Extends(extends) => self.unsupported("extends", bytes(extends.span())),
            Stmt::Include(include) => self.unsupported("include", bytes(include.span())),
        }
    }

    fn unsupported(&mut self, tag: &str, range: std::ops::Range<usize>) {
        let hint = match tag {
            "include" | "import" | "from" => "write what is needed into this one; `{% macro %}` and `{% set %}` work in it",
            "extends" | "block" => "write all of it into this one; `{% if %}` chooses among its parts",
            _ => return self.error("E306", range, format!("`{{% {tag} %}}` is not supported: a template stands alone"), None),
        };
        self.error("E306", range, format!("`{{% {tag} %}}` is not supported: a template stands alone"), Some(hint.to_owned()));
    }

    fn target(&mut self, target: &Expr<'a>) {
        match target {
            Expr::Var(var) => self.bind(var.id),
            Expr::List(list) => list.items.iter().for_each(|item| self.target(item)),
            Expr::Tuple(list) => list.items.iter().for_each(|item| self.target(item)),
            // `{% set ns.x = 1 %}` uses `ns`, which must be a namespace.
            Expr::GetAttr(attr) => self.target(&attr.expr),
            _ => {}
        }
    }

    pub(super) fn expr(&mut self, expr: &Expr<'a>) {
        if self.enter(range_of(expr)) {
            self.expr_inside(expr, false);
        }
        self.depth -= 1;
    }

    fn optional(&mut self, expr: &Expr<'a>) {
        if self.enter(range_of(expr)) {
            self.expr_inside(expr, true);
        }
        self.depth -= 1;
    }

    fn expr_inside(&mut self, expr: &Expr<'a>, optional: bool) {
        match expr {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.path(expr, optional),
            Expr::Const(_) => {}
            Expr::Slice(slice) => {
                self.expr(&slice.expr);
                [&slice.start, &slice.stop, &slice.step].into_iter().flatten().for_each(|part| self.expr(part));
            }
            Expr::UnaryOp(unary) => self.expr(&unary.expr),
            Expr::BinOp(binary) => {
                self.expr(&binary.left);
                self.expr(&binary.right);
                if let Some(op) = comparison(binary.op) {
                    self.compare(op, &binary.left, &binary.right);
                }
            }
            Expr::Compare(chain) => {
                self.expr(&chain.expr);
                let mut left = &chain.expr;
                for step in &chain.ops {
                    self.expr(&step.expr);
                    self.compare(compare_op(step.op), left, &step.expr);
                    left = &step.expr;
                }
            }
            Expr::IfExpr(choice) => {
                self.expr(&choice.test_expr);
                self.expr(&choice.true_expr);
                choice.false_expr.iter().for_each(|other| self.expr(other));
            }
            Expr::Filter(filter) => {
                // One that is misspelt may be one that takes what is missing.
                let lenient = allows_missing(filter.name) || !self.names.filters.contains_key(bare(filter.name));
                match &filter.expr {
                    Some(inner) if lenient => self.optional(inner),
                    Some(inner) => self.expr(inner),
                    None => {}
                }
                if HOST_FILTERS.contains(&filter.name) {
                    self.host_paths(filter, range_of(expr));
                }
                self.filter(filter, range_of(expr));
                self.args(&filter.args);
            }
            Expr::Test(test) => {
                if matches!(bare(test.name), "defined" | "undefined") || !self.names.tests.contains_key(bare(test.name)) {
                    self.optional(&test.expr)
                } else {
                    self.expr(&test.expr)
                }
                self.test(test, range_of(expr));
                self.args(&test.args);
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => list.items.iter().for_each(|item| self.expr(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expr(item)),
            Expr::Map(map) => map.keys.iter().chain(&map.values).for_each(|item| self.expr(item)),
        }
    }

    pub(super) fn name_range(&self, name: &str, otherwise: std::ops::Range<usize>) -> std::ops::Range<usize> {
        offset(&self.source.text, name).map_or(otherwise, |at| at..at + name.len())
    }

    fn call(&mut self, call: &ast::Call<'a>) {
        match &call.expr {
            Expr::Var(var) => {
                if !self.is_bound(var.id) {
                    self.function(var.id, bytes(var.span()), &call.args);
                }
            }
            Expr::GetAttr(attr) => {
                self.expr(&attr.expr);
                if !self.names.methods.contains(attr.name) && !self.object_method(attr) {
                    let near = did_you_mean(attr.name, self.names.methods.iter().copied());
                    let at = self.name_range(attr.name, bytes(attr.span()));
                    self.error("E304", at, format!("unknown method `.{}()`", attr.name), near);
                }
            }
            other => self.expr(other),
        }
        self.args(&call.args);
    }

    /// `loop.cycle(..)`, `loop.changed(..)`.
    fn object_method(&self, attr: &ast::GetAttr<'a>) -> bool {
        matches!(&attr.expr, Expr::Var(var) if var.id == "loop" && self.is_bound("loop")) && matches!(attr.name, "cycle" | "changed")
    }

    fn args(&mut self, args: &[ast::CallArg<'a>]) {
        for arg in args {
            match arg {
                ast::CallArg::Pos(expr) | ast::CallArg::Kwarg(_, expr) | ast::CallArg::PosSplat(expr) | ast::CallArg::KwargSplat(expr) => {
                    self.expr(expr);
                }
            }
        }
    }

    /// Notes a read: the root, and the keys after it as long as they are literal.
    fn path(&mut self, expr: &Expr<'a>, optional: bool) {
        let mut steps = Vec::new();
        let mut base = expr;
        loop {
            steps.push(base);
            match base {
                Expr::GetAttr(attr) => base = &attr.expr,
                Expr::GetItem(item) => {
                    self.expr(&item.subscript_expr);
                    base = &item.expr;
                }
                _ => break,
            }
        }
        let Expr::Var(var) = base else { return if optional { self.optional(base) } else { self.expr(base) } };
        if self.is_bound(var.id) || var.id == "omit" {
            return;
        }
        let start = offset(&self.source.text, var.id).unwrap_or(bytes(var.span()).start);
        let mut end = start + var.id.len();
        let mut path = vec![var.id.to_owned()];
        for step in steps.iter().rev().skip(1) {
            let key = match step {
                Expr::GetAttr(attr) => attr.name.to_owned(),
                Expr::GetItem(item) => match &item.subscript_expr {
                    Expr::Const(key) if key.value.as_str().is_some() => key.value.as_str().unwrap_or_default().to_owned(),
                    _ => break,
                },
                _ => break,
            };
            path.push(key);
            end = bytes(step.span()).end.max(end);
        }
        let span = self.source.at(start..end);
        self.reads.push(Read { path, span, optional });
    }

    fn compare(&mut self, op: Op, left: &Expr<'a>, right: &Expr<'a>) {
        let (Some(a), Some(b)) = (types::of(left, &self.bound), types::of(right, &self.bound)) else { return };
        if matches!(op, Op::In | Op::NotIn) || (a == Kind::Text) == (b == Kind::Text) || a == Kind::List || b == Kind::List {
            return;
        }
        let range = range_of(left).start..range_of(right).end;
        let other = if a == Kind::Text { b } else { a };
        let message = compare::mismatch(op, a.name(), b.name());
        self.error("E305", range, message, Some(compare::hint(other.name())));
    }
}

fn comparison(op: ast::BinOpKind) -> Option<Op> {
    Some(match op {
        ast::BinOpKind::Eq => Op::Eq,
        ast::BinOpKind::Ne => Op::Ne,
        ast::BinOpKind::Lt => Op::Lt,
        ast::BinOpKind::Lte => Op::Le,
        ast::BinOpKind::Gt => Op::Gt,
        ast::BinOpKind::Gte => Op::Ge,
        _ => return None,
    })
}
