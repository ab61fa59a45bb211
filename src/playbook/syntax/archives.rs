//! `download`, `archive` and `unarchive`, as written.

use super::{Rights, Written};
use crate::diag::SourceText;

/// `download`.
#[derive(Debug, Clone)]
pub(crate) struct Download {
    pub(crate) url: SourceText,
    pub(crate) sha256: Option<SourceText>,
    pub(crate) force: bool,
    pub(crate) file: Written,
}

/// `archive`.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    pub(crate) src: Vec<SourceText>,
    pub(crate) file: Written,
}

/// `unarchive`.
#[derive(Debug, Clone)]
pub(crate) struct Unarchive {
    pub(crate) src: SourceText,
    /// It is a path on the host.
    pub(crate) remote: bool,
    pub(crate) dest: SourceText,
    pub(crate) strip: u32,
    pub(crate) rights: Rights,
}
