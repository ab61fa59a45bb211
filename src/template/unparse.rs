//! Writes a parsed template again, as the one that is compiled.
//!
//! minijinja has no hook for comparisons, for undefined names or for the place a value lands in, so the template is
//! parsed by minijinja, and its tree is written back with our own filters in those spots:
//!
//! - `a == b` becomes `a|__cmp("==",b)` (compare.rs);
//! - `tasks.x.rc` becomes `__get("tasks","!ww","x","rc")`, one lookup that names what is missing (scope.rs);
//! - `{{ x }}` becomes `{{ x|__at(code) }}`, where `code` says how to write it ([`Sites`]), or `x|__take` where the
//!   whole template is one value.
//!
//! Every piece remembers where it came from, so that an error in the written template is shown in the user's file.
//! A second form, for previews, guards each part so that those that wait can be left out (parts.rs).

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use minijinja::machinery::ast::{self, Expr, Stmt};

use super::names::bare;

/// Delimiters of the written form; no text of a user holds these control characters, and if, they are escaped.
pub(super) const BLOCK: (&str, &str) = ("\u{1}%", "%\u{1}");
/// Around an expression.
pub(super) const VARIABLE: (&str, &str) = ("\u{1}(", ")\u{1}");
/// Around a comment, which is never written.
pub(super) const COMMENT: (&str, &str) = ("\u{1}#", "#\u{1}");

/// How each `{{ … }}` is written, by where it starts in the source; and text that is replaced.
#[derive(Debug, Default)]
pub(super) struct Sites {
    /// Codes of [`super::place::Place`].
    pub(super) places: BTreeMap<usize, u32>,
    /// The code of all others.
    pub(super) otherwise: u32,
    /// An outermost `| quote` changes nothing.
    pub(super) drop_quote: bool,
    /// Ranges of the source's plain text and what stands there instead.
    pub(super) edits: Vec<(Range<usize>, String)>,
}

/// A template as it is compiled.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    /// Pieces of `text` and where they come from, inner ones first.
    pub(super) map: Vec<(Range<usize>, Range<usize>)>,
    /// Guarded parts: which piece of `text` decides, and the guard's number. Only in previews.
    pub(super) guards: Vec<(Range<usize>, usize)>,
}

impl Written {
    /// Where a range of the written text comes from.
    pub(super) fn origin(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let holds = |piece: &&(Range<usize>, Range<usize>)| piece.0.start <= range.start && range.end <= piece.0.end;
        self.map.iter().filter(holds).min_by_key(|piece| piece.0.len()).map(|piece| piece.1.clone())
    }

    /// The innermost guard around a range of the written text.
    pub(super) fn guard(&self, range: &Range<usize>) -> Option<usize> {
        let holds = |guard: &&(Range<usize>, usize)| guard.0.start <= range.start && range.end <= guard.0.end;
        self.guards.iter().filter(holds).min_by_key(|guard| guard.0.len()).map(|guard| guard.1)
    }
}

/// Where a part of the source stands in it.
pub(super) fn offset(source: &str, part: &str) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(source.as_ptr() as usize)?;
    (at + part.len() <= source.len()).then_some(at)
}

/// The bytes of a span.
pub(super) fn bytes(span: minijinja::machinery::Span) -> Range<usize> {
    span.start_offset as usize..(span.end_offset as usize).max(span.start_offset as usize)
}

/// The bytes of an expression, from where its innermost base starts: minijinja's spans of `a.b` may start at the dot.
pub(super) fn range_of(expr: &Expr<'_>) -> Range<usize> {
    let own = bytes(expr.span());
    let base = match expr {
        Expr::GetAttr(attr) => Some(&attr.expr),
        Expr::GetItem(item) => Some(&item.expr),
        Expr::Slice(slice) => Some(&slice.expr),
        Expr::Call(call) => Some(&call.expr),
        Expr::Test(test) => Some(&test.expr),
        Expr::Filter(filter) => filter.expr.as_ref(),
        Expr::BinOp(binary) => Some(&binary.left),
        Expr::Compare(compare) => Some(&compare.expr),
        Expr::IfExpr(choice) => Some(&choice.true_expr),
        // That of `x is not y` starts behind `not`.
        Expr::UnaryOp(unary) => Some(&unary.expr),
        _ => None,
    };
    base.map_or(own.start, |base| range_of(base).start.min(own.start))..own.end
}

/// Writes a template.
pub(super) fn write_template(source: &str, stmts: &[Stmt<'_>], bound: &HashSet<&str>, sites: &Sites, guarded: bool) -> Written {
    let mut writer = Writer { source, bound, sites, guarded, next: 0, out: Written::default() };
    writer.stmts(stmts);
    writer.out
}

/// Writes a template that is one value.
pub(super) fn write_whole(source: &str, expr: &Expr<'_>, bound: &HashSet<&str>) -> Written {
    let sites = Sites::default();
    let mut writer = Writer { source, bound, sites: &sites, guarded: false, next: 0, out: Written::default() };
    writer.put(VARIABLE.0);
    writer.expr(expr);
    writer.put("|__take");
    writer.put(VARIABLE.1);
    writer.out
}

pub(super) struct Writer<'a> {
    source: &'a str,
    pub(super) bound: &'a HashSet<&'a str>,
    sites: &'a Sites,
    guarded: bool,
    next: usize,
    pub(super) out: Written,
}

impl Writer<'_> {
    pub(super) fn put(&mut self, text: &str) {
        self.out.text.push_str(text);
    }

    fn tag(&mut self, text: &str) {
        self.put(BLOCK.0);
        self.put(" ");
        self.put(text);
        self.put(" ");
        self.put(BLOCK.1);
    }

    /// Opens a guard and returns its number; the caller marks the deciding piece.
    fn guard(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    fn guarded_stmt(&mut self, write: impl FnOnce(&mut Self) -> Range<usize>) {
        if !self.guarded {
            write(self);
            return;
        }
        let guard = self.guard();
        self.tag(&format!("if __go({guard})"));
        let range = write(self);
        self.out.guards.push((range, guard));
        self.tag("else");
        self.put(&format!("{} __hole({guard}) {}", VARIABLE.0, VARIABLE.1));
        self.tag("endif");
    }

    fn stmts(&mut self, stmts: &[Stmt<'_>]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &Stmt<'_>) {
        match stmt {
            Stmt::Template(template) => self.stmts(&template.children),
            Stmt::EmitRaw(raw) => self.raw(raw.raw),
            Stmt::EmitExpr(emit) => self.emit(emit),
            Stmt::ForLoop(each) => self.guarded_stmt(|w| w.for_loop(each)),
            Stmt::IfCond(cond) => self.guarded_stmt(|w| w.if_cond(cond)),
            Stmt::WithBlock(with) => self.guarded_stmt(|w| {
                w.put(&format!("{} with ", BLOCK.0));
                let start = w.out.text.len();
                for (index, (target, expr)) in with.assignments.iter().enumerate() {
                    if index > 0 {
                        w.put(", ");
                    }
                    w.target(target);
                    w.put(" = ");
                    w.expr(expr);
                }
                let range = start..w.out.text.len();
                w.put(&format!(" {}", BLOCK.1));
                w.stmts(&with.body);
                w.tag("endwith");
                range
            }),
            Stmt::Set(set) => {
                self.put(&format!("{} set ", BLOCK.0));
                self.target(&set.target);
                self.put(" = ");
                let guard = self.guarded.then(|| self.guard());
                let start = self.out.text.len();
                self.expr(&set.expr);
                if let Some(guard) = guard {
                    self.out.guards.push((start..self.out.text.len(), guard));
                    self.put(&format!(" if __go({guard}) else __later({guard})"));
                }
                self.put(&format!(" {}", BLOCK.1));
            }
            Stmt::SetBlock(set) => {
                self.put(&format!("{} set ", BLOCK.0));
                self.target(&set.target);
                if let Some(filter) = &set.filter {
                    self.put(" | ");
                    self.filter_tail(filter);
                }
                self.put(&format!(" {}", BLOCK.1));
                self.stmts(&set.body);
                self.tag("endset");
            }
            Stmt::FilterBlock(block) => {
                self.put(&format!("{} filter ", BLOCK.0));
                self.filter_tail(&block.filter);
                self.put(&format!(" {}", BLOCK.1));
                self.stmts(&block.body);
                self.tag("endfilter");
            }
            Stmt::Macro(decl) => {
                self.put(&format!("{} macro {}(", BLOCK.0, decl.name));
                let plain = decl.args.len() - decl.defaults.len().min(decl.args.len());
                for (index, arg) in decl.args.iter().enumerate() {
                    if index > 0 {
                        self.put(", ");
                    }
                    self.target(arg);
                    if let Some(default) = index.checked_sub(plain).and_then(|at| decl.defaults.get(at)) {
                        self.put(" = ");
                        self.expr(default);
                    }
                }
                self.put(&format!(") {}", BLOCK.1));
                self.stmts(&decl.body);
                self.tag("endmacro");
            }
            Stmt::Do(call) => self.guarded_stmt(|w| {
                w.put(&format!("{} do ", BLOCK.0));
                let start = w.out.text.len();
                w.call(&call.call);
                let range = start..w.out.text.len();
                w.put(&format!(" {}", BLOCK.1));
                range
            }),
            Stmt::Continue(_) => self.tag("continue"),
            Stmt::Break(_) => self.tag("break"),
            // The analysis refuses all others before anything is written.
            _ => {}
        }
    }

    fn raw(&mut self, raw: &str) {
        let Some(start) = offset(self.source, raw) else { return self.plain(raw) };
        let mut at = 0;
        let inside = |edit: &&(Range<usize>, String)| edit.0.start >= start && edit.0.end <= start + raw.len();
        for (range, new) in self.sites.edits.iter().filter(inside) {
            let (from, to) = (range.start - start, range.end - start);
            self.plain(&raw[at..from]);
            self.plain(new);
            at = to;
        }
        self.plain(&raw[at..]);
    }

    fn plain(&mut self, text: &str) {
        if text.contains('\u{1}') {
            self.put(VARIABLE.0);
            self.text_const(text);
            self.put(VARIABLE.1);
        } else {
            self.put(text);
        }
    }

    fn emit(&mut self, emit: &ast::Spanned<ast::EmitExpr<'_>>) {
        let at = emit.expr.span().start_offset as usize;
        let code = self.sites.places.get(&at).copied().unwrap_or(self.sites.otherwise);
        let guard = self.guarded.then(|| self.guard());
        // Without names of the template's own it is the same wherever it stands: it can wait alone, and nothing before it
        // would have been different.
        let own = |part: &str| part.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| self.bound.contains(word));
        let alone = guard.filter(|_| self.source.get(range_of(&emit.expr)).is_some_and(|part| !own(part)));
        if let Some(guard) = alone {
            self.tag(&format!("call __part({guard})"));
        }
        self.put(VARIABLE.0);
        self.put(" (");
        let start = self.out.text.len();
        let mut value = &emit.expr;
        while let (true, Expr::Filter(filter)) = (self.sites.drop_quote, value) {
            match &filter.expr {
                Some(inner) if bare(filter.name) == "quote" => value = inner,
                _ => break,
            }
        }
        self.expr(value);
        self.put(&format!("|__at({code})"));
        let range = start..self.out.text.len();
        self.out.map.push((range.clone(), range_of(&emit.expr)));
        self.put(")");
        if let Some(guard) = guard {
            self.out.guards.push((range, guard));
            if alone.is_none() {
                self.put(&format!(" if __go({guard}) else __hole({guard})"));
            }
        }
        self.put(" ");
        self.put(VARIABLE.1);
        if alone.is_some() {
            self.tag("endcall");
        }
    }

    fn for_loop(&mut self, each: &ast::ForLoop<'_>) -> Range<usize> {
        self.put(&format!("{} for ", BLOCK.0));
        self.target(&each.target);
        self.put(" in ");
        let start = self.out.text.len();
        self.expr(&each.iter);
        if let Some(filter) = &each.filter_expr {
            self.put(" if ");
            self.expr(filter);
        }
        let range = start..self.out.text.len();
        if each.recursive {
            self.put(" recursive");
        }
        self.put(&format!(" {}", BLOCK.1));
        self.stmts(&each.body);
        if !each.else_body.is_empty() {
            self.tag("else");
            self.stmts(&each.else_body);
        }
        self.tag("endfor");
        range
    }

    fn if_cond(&mut self, cond: &ast::IfCond<'_>) -> Range<usize> {
        self.put(&format!("{} if ", BLOCK.0));
        let start = self.out.text.len();
        self.expr(&cond.expr);
        let range = start..self.out.text.len();
        self.put(&format!(" {}", BLOCK.1));
        self.stmts(&cond.true_body);
        if !cond.false_body.is_empty() {
            self.tag("else");
            self.stmts(&cond.false_body);
        }
        self.tag("endif");
        range
    }

    pub(super) fn target(&mut self, target: &Expr<'_>) {
        match target {
            Expr::Var(var) => self.put(var.id),
            Expr::List(list) => self.targets(&list.items),
            Expr::Tuple(list) => self.targets(&list.items),
            Expr::GetAttr(attr) => {
                self.target(&attr.expr);
                self.put(".");
                self.put(attr.name);
            }
            _ => {}
        }
    }

    fn targets(&mut self, items: &[Expr<'_>]) {
        self.put("(");
        for item in items {
            self.target(item);
            self.put(",");
        }
        self.put(")");
    }
}
