//! The files of a playbook: itself, what it includes or uses, and its template files, by their paths.
//!
//! Touches no file. [`Syntax::wanted`] says what is to be read, [`Syntax::give`] takes it.

use std::path::{Component, Path, PathBuf};

use indexmap::IndexMap;

use super::{File, Syntax};
use crate::diag::{Diagnostics, FileId, SourceMap, SourceText, Span};
use crate::playbook::read::read_part;

/// What a file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A list of rounds, for `include`.
    Rounds,
    /// A list of tasks, for `include`.
    Tasks,
    /// An action, for `use`.
    Action,
    /// A map of variables, for `vars_files`.
    Vars,
    /// A text with templates, for `template`.
    Template,
}

impl Role {
    /// The word for the record: `include`, `action`, `vars` or `template`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Rounds | Role::Tasks => "include",
            Role::Action => "action",
            Role::Vars => "vars",
            Role::Template => "template",
        }
    }
}

/// A file that a playbook names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The path, relative ones joined to the folder of the file that names it.
    pub path: PathBuf,
    /// What it is read for.
    pub role: Role,
    /// Where it is named.
    pub span: Span,
}

/// Files by path and role; none for one that could not be read.
pub(crate) type Parts = IndexMap<(PathBuf, Role), Option<File>>;

impl Syntax {
    /// Lists the files that are named and have not been given yet, each once.
    #[must_use]
    pub fn wanted(&self, map: &SourceMap) -> Vec<Wanted> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for file in std::iter::once(&self.main).chain(self.parts.values().flatten()) {
            for (role, text) in &file.names {
                let path = path_of(map, text);
                let known = self.parts.contains_key(&(path.clone(), *role));
                if !known && !wanted.iter().any(|other| other.path == path && other.role == *role) {
                    wanted.push(Wanted { path, role: *role, span: text.span });
                }
            }
        }
        wanted
    }

    /// Reads a file that was wanted; none where there is no such file, which the caller has told.
    pub fn give(&mut self, wanted: Wanted, file: Option<FileId>, map: &SourceMap, diagnostics: &mut Diagnostics) {
        let part = file.and_then(|file| read_part(map, file, wanted.role, diagnostics));
        self.parts.insert((wanted.path, wanted.role), part);
    }
}

/// The path that a text of a file means.
pub(crate) fn path_of(map: &SourceMap, text: &SourceText) -> PathBuf {
    tidy(&folder(map, text.span.file).join(&text.text))
}

/// The folder that relative paths of a file start from.
pub(crate) fn folder(map: &SourceMap, file: FileId) -> PathBuf {
    let file = map.file(file);
    let path = file.path.as_deref().unwrap_or(Path::new(&file.name));
    path.parent().map(Path::to_owned).unwrap_or_default()
}

/// Takes `.` and `x/..` out of a path, so that a file has one name however it is reached.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidy.components().next_back(), Some(Component::Normal(_))) => {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_form() {
        for (path, tidied) in [("a/./b.yml", "a/b.yml"), ("a/../b.yml", "b.yml"), ("../a.yml", "../a.yml"), ("/../x", "/../x")] {
            assert_eq!(tidy(Path::new(path)), Path::new(tidied));
        }
    }
}
