//! minijinja's parser, as each context needs it, and its complaints in our words.

use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::{parse as parse_template, parse_expr};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Error, ErrorKind};

use super::unparse::{BLOCK, COMMENT, VARIABLE};
use crate::diag::{Diagnostic, SourceText};
use crate::model::Context;

/// A parsed template.
pub(super) enum Parsed<'s> {
    /// Text with values in it, or exactly one value in braces.
    Template { tree: Stmt<'s>, whole: bool },
    /// One value.
    Expression(Expr<'s>),
}

/// What a parsed template is.
pub(super) enum View<'p, 's> {
    /// Text with values in it.
    Text(&'p [Stmt<'s>]),
    /// One value.
    Whole(&'p Expr<'s>),
}

impl<'s> Parsed<'s> {
    pub(super) fn view(&self) -> View<'_, 's> {
        match self {
            Parsed::Expression(expr) => View::Whole(expr),
            Parsed::Template { tree, whole } => {
                let stmts = children(tree);
                let value = stmts.iter().find_map(|stmt| if let Stmt::EmitExpr(emit) = stmt { Some(&emit.expr) } else { None });
                match value {
                    Some(expr) if *whole => View::Whole(expr),
                    _ => View::Text(stmts),
                }
            }
        }
    }
}

fn children<'p, 's>(tree: &'p Stmt<'s>) -> &'p [Stmt<'s>] {
    if let Stmt::Template(template) = tree { &template.children } else { &[] }
}

/// Parses a template.
pub(super) fn parse(text: &str, context: Context) -> Result<Parsed<'_>, Error> {
    if context == Context::Expression && !text.trim_start().starts_with("{{") {
        return parse_expr(text).map(Parsed::Expression);
    }
    let tree = parse_template(text, "template", user_syntax(context)?)?;
    let stmts = children(&tree);
    let solid = |stmt: &&Stmt<'_>| !matches!(stmt, Stmt::EmitRaw(raw) if raw.raw.trim().is_empty());
    let solid: Vec<&Stmt<'_>> = stmts.iter().filter(solid).collect();
    let one = matches!(solid[..], [Stmt::EmitExpr(_)]);
    let whole = one && (context == Context::Expression || context == Context::Native && stmts.len() == 1);
    if context == Context::Expression && !whole {
        return Err(Error::new(ErrorKind::SyntaxError, "an expression is written without braces, or is exactly one `{{ .. }}`"));
    }
    Ok(Parsed::Template { tree, whole })
}

fn user_syntax(context: Context) -> Result<SyntaxConfig, Error> {
    let mut syntax = SyntaxConfig::builder();
    // In files a line with nothing but a tag leaves nothing behind. In commands the newline after a tag may be the one
    // that ends a command, so it stays.
    let lines = context == Context::Text;
    syntax.trim_blocks(lines).lstrip_blocks(lines).keep_trailing_newline(true);
    if context == Context::Shell {
        // `${#a}` is shell, so `{#` opens no comment; nobody writes these instead.
        syntax.comment_delimiters("{\u{2}#", "#\u{2}}");
    }
    syntax.build()
}

/// The syntax of templates as they are written anew.
pub(super) fn written_syntax() -> Result<SyntaxConfig, Error> {
    SyntaxConfig::builder()
        .block_delimiters(BLOCK.0, BLOCK.1)
        .variable_delimiters(VARIABLE.0, VARIABLE.1)
        .comment_delimiters(COMMENT.0, COMMENT.1)
        .keep_trailing_newline(true)
        .build()
}

/// Says what the parser did not like, and where.
pub(super) fn syntax_error(source: &SourceText, context: Context, error: &Error) -> Diagnostic {
    let text = &source.text;
    let mut range = error.range().unwrap_or_else(|| line_range(text, error.line().unwrap_or(1)));
    // At the end of the text there is no word to point at.
    if range.start >= text.len() {
        range = text.trim_end().len().saturating_sub(1)..text.trim_end().len();
    }
    let detail = error.detail().unwrap_or("the template can't be read");
    let found = Diagnostic::error("E300", source.at(range.clone()), format!("template syntax: {detail}"));
    let open = text.get(..range.end).unwrap_or_default().rfind("{{");
    let inside = open.map(|open| &text[open + 2..]).unwrap_or_default();
    let inside = inside.split("}}").next().unwrap_or_default();
    let foreign = inside.trim_start().starts_with('.') || inside.contains(" .");
    let literal = || open.map(|open| format!("write `{{{{ '{{{{{inside}}}}}' }}}}`{} to pass these braces on", raw_or(context, open)));
    let operator = foreign_operator(text, range.start);
    found.hint(match (context, foreign) {
        (Context::Expression, _) if text.contains("{{") => Some("write the expression without braces".to_owned()),
        (_, true) if !inside.contains(['\'', '\n']) => literal(),
        _ if detail.contains("end of variable block") && text[range.start..].starts_with('}') => {
            Some("a value ends with two braces: `}}`".to_owned())
        }
        _ if detail.contains("end of input, expected end of block") => {
            Some("every `{% if %}` ends with `{% endif %}`, every `{% for %}` with `{% endfor %}`".to_owned())
        }
        _ if operator.is_some() => operator.map(str::to_owned),
        (_, true) => Some("put `{% raw %}` and `{% endraw %}` around these braces to pass them on".to_owned()),
        _ => None,
    })
}

/// What an operator of other languages is called here.
fn foreign_operator(text: &str, at: usize) -> Option<&'static str> {
    let rest = text.get(at..)?;
    let words = [
        ("&&", "write `and`"),
        ("||", "write `or`"),
        ("=~", "write `is match(..)` or `is search(..)`"),
        ("===", "write `==`"),
        ("=", "`==` compares"),
        ("!", "write `not`"),
        ("?", "write `a if condition else b`"),
    ];
    words.into_iter().find(|(operator, _)| rest.starts_with(operator)).map(|(_, words)| words)
}

fn raw_or(context: Context, _open: usize) -> &'static str {
    if context == Context::Shell { ", or `{% raw %}` and `{% endraw %}` around them," } else { "" }
}

fn line_range(text: &str, line: usize) -> std::ops::Range<usize> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = text[start.min(text.len())..].find('\n').map_or(text.len(), |at| start + at);
    start.min(text.len())..end
}
