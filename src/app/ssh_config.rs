//! The files of ssh's configuration, those that it includes among them.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::inventory::entries;
use super::load::Loader;
use crate::diag::{Diagnostic, SourceText};
use crate::inventory::{SshLine, ssh_lines};

/// How deep files may include one another, as in OpenSSH.
const DEEPEST: usize = 16;

/// The user's own configuration file.
pub(super) fn of_user() -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("HOME")?).join(".ssh/config"))
}

impl Loader {
    /// Reads the names of hosts in a configuration file and those it includes, in the order written.
    pub(super) fn ssh_names(&mut self, config: &Path) -> Option<Vec<SourceText>> {
        let mut names = Vec::new();
        let mut open = vec![config.to_owned()];
        self.ssh_file(config, &mut open, &mut names)?;
        Some(names)
    }

    fn ssh_file(&mut self, path: &Path, open: &mut Vec<PathBuf>, names: &mut Vec<SourceText>) -> Option<()> {
        let file = self.file("ssh configuration", path, None)?;
        for line in ssh_lines(&self.map, file) {
            let pattern = match line {
                SshLine::Host(name) => {
                    names.push(name);
                    continue;
                }
                SshLine::Include(pattern) => pattern,
            };
            for included in matches(&pattern.text) {
                if open.contains(&included) || open.len() > DEEPEST {
                    let message = format!("`{}` is included by itself, or too deep", included.display());
                    self.diagnostics.push(Diagnostic::warning("W205", pattern.span, message).label("left out"));
                    continue;
                }
                open.push(included.clone());
                self.ssh_file(&included, open, names);
                open.pop();
            }
        }
        Some(())
    }
}

/// The files that a pattern means: `~` is the home folder, and relative paths start in `~/.ssh`.
fn matches(pattern: &str) -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let whole = match pattern.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => home.join(".ssh").join(pattern),
    };
    let mut found = vec![PathBuf::new()];
    for component in whole.components() {
        let name = component.as_os_str().to_string_lossy();
        if !name.contains(['*', '?', '[']) {
            found.iter_mut().for_each(|path| path.push(component));
            continue;
        }
        let Ok(glob) = GlobBuilder::new(&name).build() else { return Vec::new() };
        let glob = glob.compile_matcher();
        let hidden = name.starts_with('.');
        let fits = |entry: &String| glob.is_match(entry) && (hidden || !entry.starts_with('.'));
        found = found.iter().flat_map(|folder| entries(folder)).filter(|(entry, _)| fits(entry)).map(|(_, path)| path).collect();
    }
    found.retain(|path| path.is_file());
    found
}
