//! Shell text.
use super::unparse::Sites;
use crate::diag::{Diagnostic, Diagnostics, SourceText};
use minijinja::machinery::ast::Stmt;
use std::ops::Range;

/// A here-document whose delimiter is chosen anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HereDoc {
    pub(super) id: usize,
    pub(super) word: String,
    pub(super) quoted: bool,
}

#[derive(Default)]
pub(super) struct Examined {
    pub(super) sites: Sites,
    pub(super) here: Vec<HereDoc>,
    pub(super) diagnostics: Diagnostics,
    pub(super) pipelines: Vec<Diagnostic>,
}

pub(super) fn examine(_source: &SourceText, _stmts: &[Stmt<'_>]) -> Examined {
    let _: Option<Range<usize>> = None;
    Examined::default()
}
pub(super) fn finish(text: String, _here: &[HereDoc]) -> String {
    text
}
