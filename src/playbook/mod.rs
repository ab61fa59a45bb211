//! Playbooks: from YAML to the model, every mistake found at once and shown where it is.
//!
//! Stages: [`read()`] (nodes to a syntax tree: what was written) and [`resolve()`] (syntax tree, inventory and
//! template engine to [`crate::model::Playbook`]). Knows nothing of connections, graphs or the run, and touches no file: what must
//! exist on this machine is listed in [`Resolved::files_needed`] for `app` to look at.

mod codes;
mod keys;
mod read;
mod syntax;

pub use read::read;
pub use syntax::Syntax;

use crate::diag::{Diagnostics, SourceMap, SourceText, Span};
use crate::model::{Inventory, Playbook, VarValue};
use crate::template::Engine;
use std::path::PathBuf;

/// What the command line adds.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--limit`: only these hosts.
    pub limit: Option<SourceText>,
    /// `-x`: not these hosts.
    pub exclude: Option<SourceText>,
    /// `-e`: the strongest variables, in the order given; a later one wins.
    pub extra: Vec<(String, VarValue)>,
}

/// A file of this machine that a task will read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNeed {
    /// The path, relative ones already joined to the folder of the playbook file.
    pub path: PathBuf,
    /// Where it is named.
    pub span: Span,
}

/// A playbook that was resolved without errors.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The playbook.
    pub playbook: Playbook,
    /// Files that must exist here, in the order named.
    pub files_needed: Vec<FileNeed>,
}

/// Binds every name of a playbook; `None` where there are errors, all of which are then in `diagnostics`.
pub fn resolve(
    _syntax: &Syntax,
    _map: &SourceMap,
    _inventory: &Inventory,
    _engine: &mut Engine,
    _options: &Options,
    _diagnostics: &mut Diagnostics,
) -> Option<Resolved> {
    None
}

/// The JSON Schema of playbooks.
#[must_use]
pub fn playbook_schema() -> serde_json::Value {
    serde_json::Value::Null
}

/// The JSON Schema of inventories.
#[must_use]
pub fn inventory_schema() -> serde_json::Value {
    serde_json::Value::Null
}
