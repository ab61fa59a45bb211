//! What goes into resolving beside files, and what comes out beside the playbook.

use std::path::PathBuf;

use crate::diag::{SourceText, Span};
use crate::model::{Playbook, VarValue};

/// What the command line adds.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--limit`: only these hosts.
    pub limit: Option<SourceText>,
    /// `-x`: not these hosts.
    pub exclude: Option<SourceText>,
    /// `-e`: the strongest variables, in the order given; a later one wins.
    pub extra: Vec<(String, VarValue)>,
    /// `--tags`: only what has one of these tags.
    pub tags: Vec<SourceText>,
    /// `--skip-tags`: nothing that has one of these tags.
    pub skip_tags: Vec<SourceText>,
    /// `--start-at`: nothing that is written above this task (`task` or `round/task`).
    pub start_at: Option<SourceText>,
}

/// A file of this machine that a task will read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNeed {
    /// The path, relative ones already joined to the folder of the playbook file.
    pub path: PathBuf,
    /// Where it is named.
    pub span: Span,
    /// What to write where another machine's file was meant.
    pub hint: Option<&'static str>,
}

/// A playbook that was resolved without errors.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The playbook.
    pub playbook: Playbook,
    /// Files that must exist here, in the order named.
    pub files_needed: Vec<FileNeed>,
}
