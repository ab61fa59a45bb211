//! Where the record stands, and the files beside it.

use std::path::{Path, PathBuf};

/// The folder that holds a project's record.
pub(super) const FOLDER: &str = ".roundsman";

/// Names the record of a playbook: in `.roundsman` of the nearest folder upward that has a `.roundsman` or a `.git`,
/// else of the playbook's own folder.
#[must_use]
pub fn default_path(playbook_dir: &Path) -> PathBuf {
    let start = std::path::absolute(playbook_dir).unwrap_or_else(|_| playbook_dir.to_owned());
    let root = start.ancestors().find(|folder| folder.join(FOLDER).is_dir() || folder.join(".git").exists()).unwrap_or(&start);
    root.join(FOLDER).join("record.db")
}

/// The folder that a record is in.
pub(super) fn folder_of(record: &Path) -> &Path {
    match record.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The lock file of a run.
pub(super) fn lock_file(record: &Path, run: &str) -> PathBuf {
    folder_of(record).join(format!("run-{run}.lock"))
}

/// The name of the file that takes a run's events when the record can't.
pub(super) fn spill_name(run: &str) -> String {
    format!("run-{run}.events.jsonl")
}

/// A file that SQLite keeps beside the record, such as `-wal`.
pub(super) fn companion(record: &Path, suffix: &str) -> PathBuf {
    let mut name = record.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_marked_folder_holds_the_record() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b/c");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::create_dir(root.path().join(".git")).unwrap();
        assert_eq!(default_path(&deep), root.path().join(".roundsman/record.db"));
        // A worktree's `.git` is a file.
        std::fs::write(root.path().join("a/.git"), "gitdir: elsewhere").unwrap();
        assert_eq!(default_path(&deep), root.path().join("a/.roundsman/record.db"));
        std::fs::create_dir(root.path().join("a/b/.roundsman")).unwrap();
        assert_eq!(default_path(&deep), root.path().join("a/b/.roundsman/record.db"));
    }

    #[test]
    fn without_a_mark_it_is_beside_the_playbook() {
        let root = tempfile::tempdir().unwrap();
        // A file of the folder's name is no mark.
        std::fs::write(root.path().join(".roundsman"), "").unwrap();
        let folder = root.path().join("plays");
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(default_path(&folder), folder.join(".roundsman/record.db"));
    }

    #[test]
    fn a_bare_name_is_in_the_working_folder() {
        assert_eq!(folder_of(Path::new("record.db")), Path::new("."));
        assert_eq!(lock_file(Path::new("x/record.db"), "7"), Path::new("x/run-7.lock"));
    }
}
