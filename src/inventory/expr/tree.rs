//! The tree of a host expression.
//!
//! `and` binds tighter than `or`; a list stays flat, so that a thousand names are no thousand levels. After a comma or a
//! blank, `not x` takes x away from all that stands to its left.

use super::lex::{Token, lex};
use crate::diag::{Diagnostic, SourceText, Span};

/// The most parentheses and `not`s inside each other.
const MAX_DEPTH: usize = 50;

/// A whole expression.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) expr: Expr,
    /// True where it says which hosts are meant, not only which are left out.
    pub(super) positive: bool,
}

/// An expression.
#[derive(Debug)]
pub(super) enum Expr {
    Word(String, Span),
    Regex(String, Span),
    Not(Box<Expr>),
    /// From left to right, each applied to all before it.
    Chain(Box<Expr>, Vec<(Op, Expr)>),
}

/// How an expression joins what stands to its left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Or,
    And,
    Minus,
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

/// Reads a list of expressions as one with commas between; `None` for an empty list.
pub(super) fn parse(expressions: &[&SourceText]) -> Parsed<Option<Tree>> {
    let mut tokens: Vec<(Token, Span)> = Vec::new();
    for text in expressions {
        if let Some(at) = text.text.find("{{").or_else(|| text.text.find("{%")) {
            let found = Diagnostic::error("E201", text.at(at..text.text.len()), "no template can stand in a host expression");
            return Err(Box::new(found.note("hosts are chosen before anything is rendered")));
        }
        let part = lex(text)?;
        if part.is_empty() {
            return Err(Box::new(Diagnostic::error("E201", text.span, "a host expression is empty")));
        }
        if let Some((_, last)) = tokens.last() {
            let end = Span { start: last.end, ..*last };
            tokens.push((Token::Comma, end));
        }
        tokens.extend(part);
    }
    let Some((_, end)) = tokens.last().cloned() else { return Ok(None) };
    let mut parser = Parser { tokens, at: 0, end: Span { start: end.end, ..end }, depth: 0, negated: false, positive: false };
    let expr = parser.list()?;
    match parser.peek() {
        None => Ok(Some(Tree { expr, positive: parser.positive })),
        Some(Token::Close) => Err(parser.wrong("a `)` without its `(`")),
        Some(_) => {
            let shouted =
                |token: &Token| matches!(token, Token::Word(word) if ["AND", "OR", "NOT", "||", "And", "Or", "Not"].contains(&&**word));
            let hint = if parser.peek().is_some_and(shouted) {
                "the words are `and`, `or` and `not`"
            } else {
                "write a comma for both, `and` for what is in both"
            };
            Err(Box::new(parser.wrong("something is missing between two names").hint(hint.to_owned())))
        }
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    end: Span,
    depth: usize,
    negated: bool,
    positive: bool,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn span(&self) -> Span {
        self.tokens.get(self.at).map_or(self.end, |(_, span)| *span)
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn wrong(&self, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::error("E201", self.span(), message))
    }

    fn list(&mut self) -> Parsed<Expr> {
        let leading_not = (self.peek() == Some(&Token::Not)).then(|| self.span());
        let (first, terms) = self.terms()?;
        // `not a and b` says which hosts it means: those of b.
        let leading_not = leading_not.filter(|_| terms == 1);
        let mut rest = Vec::new();
        loop {
            let span = self.span();
            let joined = self.take(&Token::Comma) || self.take(&Token::Or);
            if joined && self.take(&Token::And) {
                // `web,&eu`, as Ansible writes it.
                rest.push((Op::And, self.terms()?.0));
            } else if self.peek() == Some(&Token::Not) {
                let not = self.span();
                let expr = self.away()?;
                if matches!(self.peek(), Some(Token::And)) {
                    let found = Diagnostic::error("E206", not, "`not` before `and` can be read in two ways here");
                    let hint = "put one part in parentheses: `a,(b and not c)`, or `a,!(b and c)`";
                    return Err(Box::new(found.and(self.span(), "`and`").hint(hint.to_owned())));
                }
                rest.push((Op::Minus, expr));
            } else if joined {
                let (expr, _) = self.terms()?;
                if let Some(not) = leading_not {
                    let found = Diagnostic::error("E206", not, "nothing stands to the left of this `not`");
                    let found = found.and(span, "this adds to what was left out");
                    return Err(Box::new(found.hint("put what is left out at the end: `web,!spare`".to_owned())));
                }
                rest.push((Op::Or, expr));
            } else {
                return Ok(if rest.is_empty() { first } else { Expr::Chain(Box::new(first), rest) });
            }
        }
    }

    /// `not x`, the `not` left to the caller.
    fn away(&mut self) -> Parsed<Expr> {
        self.at += 1;
        self.negated = !self.negated;
        let inner = self.nested(Self::unary);
        self.negated = !self.negated;
        inner
    }

    /// Terms with `and` between, and how many.
    fn terms(&mut self) -> Parsed<(Expr, usize)> {
        let first = self.unary()?;
        let mut rest = Vec::new();
        while self.take(&Token::And) {
            rest.push((Op::And, self.unary()?));
        }
        let count = rest.len() + 1;
        Ok((if rest.is_empty() { first } else { Expr::Chain(Box::new(first), rest) }, count))
    }

    fn nested(&mut self, part: impl FnOnce(&mut Self) -> Parsed<Expr>) -> Parsed<Expr> {
        if self.depth == MAX_DEPTH {
            return Err(self.wrong(format!("more than {MAX_DEPTH} parentheses and `not`s inside each other")));
        }
        self.depth += 1;
        let expr = part(self);
        self.depth -= 1;
        expr
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let span = self.span();
        match self.peek().cloned() {
            Some(Token::Not) => Ok(Expr::Not(Box::new(self.away()?))),
            Some(Token::Open) => {
                self.at += 1;
                let expr = self.nested(Self::list)?;
                if self.take(&Token::Close) { Ok(expr) } else { Err(Box::new(self.wrong("the `)` is missing").and(span, "opened here"))) }
            }
            Some(Token::Word(word)) => {
                self.at += 1;
                self.positive |= !self.negated;
                Ok(Expr::Word(word, span))
            }
            Some(Token::Regex(regex)) => {
                self.at += 1;
                self.positive |= !self.negated;
                Ok(Expr::Regex(regex, span))
            }
            Some(Token::Close) => Err(self.wrong("a name is missing before this `)`")),
            Some(_) => Err(self.wrong("a name is missing here")),
            None => Err(self.wrong("a name is missing at the end")),
        }
    }
}
