//! Writes expressions again: the other half of unparse.rs, which says what is written differently and why.

use minijinja::machinery::ast::{self, Expr};
use minijinja::value::ValueKind;

use super::compare::Op;
use super::names::bare;
use super::unparse::{Writer, range_of};

impl Writer<'_> {
    /// Writes an expression so that it can stand anywhere.
    pub(super) fn expr(&mut self, expr: &Expr<'_>) {
        let start = self.out.text.len();
        // The parser's own limit of nesting is not to be used up by parentheses.
        let whole = match expr {
            Expr::List(_) | Expr::Map(_) | Expr::Call(_) => true,
            Expr::Var(var) => !self.bound.contains(var.id),
            Expr::Const(value) => value.value.kind() == ValueKind::String,
            _ => false,
        };
        if whole {
            self.bare(expr);
        } else {
            self.put("(");
            self.bare(expr);
            self.put(")");
        }
        self.out.map.push((start..self.out.text.len(), range_of(expr)));
    }

    fn bare(&mut self, expr: &Expr<'_>) {
        match expr {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.path(expr, false),
            Expr::Const(value) => self.value(&value.value),
            Expr::Slice(slice) => {
                self.expr(&slice.expr);
                self.put("[");
                for (index, part) in [&slice.start, &slice.stop, &slice.step].into_iter().enumerate() {
                    if index > 0 {
                        self.put(":");
                    }
                    if let Some(part) = part {
                        self.expr(part);
                    }
                }
                self.put("]");
            }
            Expr::UnaryOp(unary) => {
                self.put(match unary.op {
                    ast::UnaryOpKind::Not => "not ",
                    ast::UnaryOpKind::Neg => "-",
                });
                self.expr(&unary.expr);
            }
            Expr::BinOp(binary) => self.binary(binary),
            Expr::Compare(compare) => {
                let mut left = &compare.expr;
                for (index, step) in compare.ops.iter().enumerate() {
                    if index > 0 {
                        self.put(" and ");
                    }
                    self.compare(compare_op(step.op), left, &step.expr);
                    left = &step.expr;
                }
            }
            Expr::IfExpr(choice) => {
                self.expr(&choice.true_expr);
                self.put(" if ");
                self.expr(&choice.test_expr);
                self.put(" else ");
                match &choice.false_expr {
                    Some(other) => self.expr(other),
                    None => self.put("none"),
                }
            }
            Expr::Filter(filter) => {
                match &filter.expr {
                    Some(inner) if allows_missing(filter.name) => self.optional(inner),
                    Some(inner) => self.expr(inner),
                    None => {}
                }
                self.put("|");
                self.put(bare(filter.name));
                self.args(&filter.args);
            }
            Expr::Test(test) => {
                if matches!(bare(test.name), "defined" | "undefined") {
                    self.optional(&test.expr);
                } else {
                    self.expr(&test.expr);
                }
                self.put(" is ");
                self.put(bare(test.name));
                self.args(&test.args);
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                self.put("[");
                for item in &list.items {
                    self.expr(item);
                    self.put(",");
                }
                self.put("]");
            }
            Expr::Tuple(tuple) => {
                self.put("(");
                for item in &tuple.items {
                    self.expr(item);
                    self.put(",");
                }
                self.put(")");
            }
            Expr::Map(map) => {
                self.put("{");
                for (key, value) in map.keys.iter().zip(&map.values) {
                    self.expr(key);
                    self.put(":");
                    self.expr(value);
                    self.put(",");
                }
                self.put("}");
            }
        }
    }

    fn optional(&mut self, expr: &Expr<'_>) {
        if let Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) = expr {
            let start = self.out.text.len();
            self.put("(");
            self.path(expr, true);
            self.put(")");
            self.out.map.push((start..self.out.text.len(), range_of(expr)));
        } else {
            self.expr(expr);
        }
    }

    /// Writes `a.b[c]` as one lookup.
    fn path(&mut self, expr: &Expr<'_>, optional: bool) {
        enum Key<'e, 's> {
            Name(&'s str),
            Item(&'e Expr<'s>),
        }
        let mut keys = Vec::new();
        let mut base = expr;
        loop {
            match base {
                Expr::GetAttr(attr) => {
                    keys.push(Key::Name(attr.name));
                    base = &attr.expr;
                }
                Expr::GetItem(item) => {
                    keys.push(Key::Item(&item.subscript_expr));
                    base = &item.expr;
                }
                _ => break,
            }
        }
        let written = |key: &Key<'_, '_>| match key {
            Key::Name(_) | Key::Item(Expr::Const(_)) => 'w',
            Key::Item(_) => 'c',
        };
        // `?` where any of it may be missing, then a letter for each key.
        let kinds: String = std::iter::once(if optional { '?' } else { '!' }).chain(keys.iter().rev().map(written)).collect();
        match base {
            Expr::Var(var) if !self.bound.contains(var.id) => self.put(&format!("__get(\"{}\",\"{kinds}\"", var.id)),
            Expr::Var(var) => self.put(&format!("{}|__walk(\"{}\",\"{kinds}\"", var.id, var.id)),
            other => {
                if optional {
                    self.optional(other);
                } else {
                    self.expr(other);
                }
                self.put(&format!("|__walk(\"the value\",\"{kinds}\""));
            }
        }
        for key in keys.into_iter().rev() {
            self.put(",");
            match key {
                Key::Name(name) => self.text_const(name),
                Key::Item(item) => self.expr(item),
            }
        }
        self.put(")");
    }

    fn binary(&mut self, binary: &ast::BinOp<'_>) {
        use ast::BinOpKind as Kind;
        let op = match binary.op {
            Kind::Eq => return self.compare(Op::Eq, &binary.left, &binary.right),
            Kind::Ne => return self.compare(Op::Ne, &binary.left, &binary.right),
            Kind::Lt => return self.compare(Op::Lt, &binary.left, &binary.right),
            Kind::Lte => return self.compare(Op::Le, &binary.left, &binary.right),
            Kind::Gt => return self.compare(Op::Gt, &binary.left, &binary.right),
            Kind::Gte => return self.compare(Op::Ge, &binary.left, &binary.right),
            Kind::In => return self.compare(Op::In, &binary.left, &binary.right),
            Kind::ScAnd => " and ",
            Kind::ScOr => " or ",
            Kind::Add => " + ",
            Kind::Sub => " - ",
            Kind::Mul => " * ",
            Kind::Div => " / ",
            Kind::FloorDiv => " // ",
            Kind::Rem => " % ",
            Kind::Pow => " ** ",
            Kind::Concat => " ~ ",
        };
        match &binary.left {
            // A long chain stays flat.
            Expr::BinOp(left)
                if std::mem::discriminant(&left.op) == std::mem::discriminant(&binary.op) && !matches!(binary.op, Kind::Pow) =>
            {
                self.binary(left);
            }
            left => self.expr(left),
        }
        self.put(op);
        self.expr(&binary.right);
    }

    fn compare(&mut self, op: Op, left: &Expr<'_>, right: &Expr<'_>) {
        let start = self.out.text.len();
        self.put("(");
        self.expr(left);
        self.put(&format!("|__cmp(\"{}\",", op.name()));
        self.expr(right);
        self.put("))");
        let origin = range_of(left).start..range_of(right).end;
        self.out.map.push((start..self.out.text.len(), origin));
    }

    pub(super) fn call(&mut self, call: &ast::Call<'_>) {
        match &call.expr {
            Expr::Var(var) => self.put(var.id),
            Expr::GetAttr(attr) => {
                self.expr(&attr.expr);
                self.put(".");
                self.put(attr.name);
            }
            other => self.expr(other),
        }
        if call.args.is_empty() {
            self.put("()");
        }
        self.args(&call.args);
    }

    pub(super) fn filter_tail(&mut self, filter: &Expr<'_>) {
        let Expr::Filter(filter) = filter else { return };
        if let Some(inner) = &filter.expr {
            self.filter_tail(inner);
            self.put("|");
        }
        self.put(bare(filter.name));
        self.args(&filter.args);
    }

    fn args(&mut self, args: &[ast::CallArg<'_>]) {
        if args.is_empty() {
            return;
        }
        self.put("(");
        for arg in args {
            match arg {
                ast::CallArg::Pos(expr) => self.expr(expr),
                ast::CallArg::Kwarg(name, expr) => {
                    self.put(name);
                    self.put("=");
                    self.expr(expr);
                }
                ast::CallArg::PosSplat(expr) => {
                    self.put("*");
                    self.expr(expr);
                }
                ast::CallArg::KwargSplat(expr) => {
                    self.put("**");
                    self.expr(expr);
                }
            }
            self.put(",");
        }
        self.put(")");
    }

    pub(super) fn text_const(&mut self, text: &str) {
        let mut quoted = String::with_capacity(text.len() + 2);
        quoted.push('"');
        for c in text.chars() {
            match c {
                '"' => quoted.push_str("\\\""),
                '\\' => quoted.push_str("\\\\"),
                c if u32::from(c) < 0x20 => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => quoted.push(c),
            }
        }
        quoted.push('"');
        self.put(&quoted);
    }

    fn value(&mut self, value: &minijinja::Value) {
        match value.kind() {
            ValueKind::String => self.text_const(value.as_str().unwrap_or_default()),
            ValueKind::None | ValueKind::Undefined => self.put("none"),
            ValueKind::Bool => self.put(if value.is_true() { "true" } else { "false" }),
            ValueKind::Seq => {
                let items: Vec<minijinja::Value> = value.try_iter().map(Iterator::collect).unwrap_or_default();
                self.put("[");
                for item in items {
                    self.value(&item);
                    self.put(",");
                }
                self.put("]");
            }
            ValueKind::Map => {
                let keys: Vec<minijinja::Value> = value.try_iter().map(Iterator::collect).unwrap_or_default();
                self.put("{");
                for key in keys {
                    self.value(&key);
                    self.put(":");
                    self.value(&value.get_item(&key).unwrap_or_default());
                    self.put(",");
                }
                self.put("}");
            }
            _ if value.is_integer() => self.put(&value.to_string()),
            _ => self.put(&f64::try_from(value.clone()).map_or_else(|_| value.to_string(), |number| format!("{number:?}"))),
        }
    }
}

/// Says whether a filter deals with what is missing itself.
pub(super) fn allows_missing(filter: &str) -> bool {
    matches!(bare(filter), "default" | "d" | "mandatory")
}

/// Our operator of minijinja's.
pub(super) fn compare_op(op: ast::CompareOpKind) -> Op {
    match op {
        ast::CompareOpKind::Eq => Op::Eq,
        ast::CompareOpKind::Ne => Op::Ne,
        ast::CompareOpKind::Lt => Op::Lt,
        ast::CompareOpKind::Lte => Op::Le,
        ast::CompareOpKind::Gt => Op::Gt,
        ast::CompareOpKind::Gte => Op::Ge,
        ast::CompareOpKind::In => Op::In,
        ast::CompareOpKind::NotIn => Op::NotIn,
    }
}
