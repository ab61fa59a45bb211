//! What can go wrong with a record, in words of our own.
//!
//! SQLite's codes are sorted here, once; its own text stays behind ours only where ours has nothing better to say.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the record could not be opened, read or written. Nothing was deleted or overwritten.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no file.
    #[error("there is no record at {}", path.display())]
    Missing {
        /// The record.
        path: PathBuf,
    },
    /// The folder that would hold it is not there.
    #[error("the record {} can't be made: the folder {} does not exist", path.display(), folder.display())]
    NoFolder {
        /// The record.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// The path names a folder.
    #[error("{} is a folder, not a record", path.display())]
    IsFolder {
        /// The path.
        path: PathBuf,
    },
    /// The system does not let us.
    #[error("no permission for the record {}: {message}", path.display())]
    Permission {
        /// The record.
        path: PathBuf,
        /// The system's words.
        message: String,
    },
    /// The file, its folder or its disk is read-only.
    #[error("the record {} can't be written: it, its folder or its disk is read-only", path.display())]
    ReadOnly {
        /// The record.
        path: PathBuf,
    },
    /// Another process held it for longer than we wait.
    #[error("the record {} is locked by another process", path.display())]
    Locked {
        /// The record.
        path: PathBuf,
    },
    /// It is not an SQLite database.
    #[error("{} is not a record: not an SQLite database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// It is an SQLite database of something else.
    #[error("{} is not a record: an SQLite database of another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was in use when it was copied or its program died, and its folder takes no file.
    #[error("the record {} has a -wal file that can only be read where SQLite may write beside it", path.display())]
    Unsettled {
        /// The record.
        path: PathBuf,
    },
    /// It is damaged.
    #[error("the record {} is damaged: {message}", path.display())]
    Corrupt {
        /// The record.
        path: PathBuf,
        /// SQLite's words.
        message: String,
    },
    /// It was written by a newer roundsman.
    #[error("the record {} was written by a newer roundsman: version {found}; this one knows {known}", path.display())]
    Newer {
        /// The record.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// It was written by an older roundsman and is open for reading only.
    #[error("the record {} was written by an older roundsman: version {found}; this one reads {known}", path.display())]
    Older {
        /// The record.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version that this program reads.
        known: i64,
    },
    /// The disk is full.
    #[error("the record {} can't be written: the disk is full", path.display())]
    Full {
        /// The record.
        path: PathBuf,
    },
    /// The system failed in another way.
    #[error("the record {}: {message}", path.display())]
    Io {
        /// The record, or a file beside it.
        path: PathBuf,
        /// The system's words.
        message: String,
    },
    /// No run goes by the name.
    #[error("no run `{which}` in the record {}", path.display())]
    NoRun {
        /// The record.
        path: PathBuf,
        /// What was asked for.
        which: String,
    },
    /// Several runs go by the name.
    #[error("`{which}` may be any of {} runs: {}", ids.len(), ids.join(", "))]
    Ambiguous {
        /// What was asked for.
        which: String,
        /// The ids.
        ids: Vec<String>,
    },
    /// Another process is at the same run.
    #[error("the run {run} is held by another process")]
    Held {
        /// Its id.
        run: String,
    },
    /// A run's id can't be part of a file's name.
    #[error("`{run}` can't be a run's id")]
    BadId {
        /// The id.
        run: String,
    },
    /// The writer's thread could not be started.
    #[error("the record's writer can't be started: {message}")]
    Thread {
        /// The system's words.
        message: String,
    },
    /// What stands in it can't be read as events.
    #[error("the record {} holds what this roundsman can't read: {message}", path.display())]
    Unreadable {
        /// The record.
        path: PathBuf,
        /// Which event, and why.
        message: String,
    },
    /// Anything else that SQLite says.
    #[error("the record {}: {source}", path.display())]
    Sqlite {
        /// The record.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// What the user may do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            StoreError::Missing { .. } => "a run makes it; `--db` names another one".to_owned(),
            StoreError::NoFolder { folder, .. } => format!("make it first: mkdir -p {}", crate::text::quote(&folder.to_string_lossy())),
            StoreError::IsFolder { .. } => "`--db` wants a file's name, such as record.db in that folder".to_owned(),
            StoreError::Permission { .. } | StoreError::ReadOnly { .. } => {
                "the file and its folder must be writable (SQLite keeps two more files beside it); `--db` names another place".to_owned()
            }
            StoreError::Unsettled { .. } => {
                "copy it, together with its -wal file, into a folder of yours, and name that with `--db`".to_owned()
            }
            StoreError::Locked { .. } => {
                "a program may have it open for writing, such as sqlite3 in a transaction; end it and try again".to_owned()
            }
            StoreError::NotADatabase { .. } | StoreError::Foreign { .. } => "it was left as it is; `--db` names another file".to_owned(),
            StoreError::Corrupt { .. } => {
                "it was left as it is; move it away, with its -wal and -shm files, and `sqlite3 FILE .recover` may save what it holds"
                    .to_owned()
            }
            StoreError::Newer { .. } => "use that roundsman, or another record with `--db`; it was left as it is".to_owned(),
            StoreError::Older { .. } => "a run brings it up to date".to_owned(),
            StoreError::Full { .. } => "make room, or name another place with `--db`".to_owned(),
            StoreError::NoRun { .. } => "`roundsman history` lists the runs; `last` is the newest".to_owned(),
            StoreError::Ambiguous { .. } => "give more of the id, or the run's number".to_owned(),
            StoreError::Held { .. } => "wait for it to end".to_owned(),
            StoreError::Io { .. }
            | StoreError::BadId { .. }
            | StoreError::Thread { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Sqlite { .. } => return None,
        };
        Some(hint)
    }

    /// Why the record could not be written, for a sentence that names it already.
    pub(super) fn reason(&self) -> String {
        match self {
            StoreError::Full { .. } => "the disk is full".to_owned(),
            StoreError::Locked { .. } => "it is locked by another process".to_owned(),
            StoreError::ReadOnly { .. } => "it, its folder or its disk is read-only".to_owned(),
            StoreError::Corrupt { message, .. } => format!("it is damaged: {message}"),
            StoreError::Permission { message, .. } | StoreError::Io { message, .. } => message.clone(),
            StoreError::Sqlite { source, .. } => source.to_string(),
            other => other.to_string(),
        }
    }

    /// Sorts what SQLite says about the record at `path`.
    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> StoreError {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            // SQLite says no more than that where a file beside the record can't be made longer.
            Some(ErrorCode::SystemIoFailure) if disk_is_full(&path) => StoreError::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked { path },
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path },
            Some(ErrorCode::DiskFull) => StoreError::Full { path },
            Some(ErrorCode::NotADatabase) => StoreError::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt { path, message: words(&source) },
            Some(ErrorCode::PermissionDenied) => StoreError::Permission { path, message: words(&source) },
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => StoreError::Io { path, message: words(&source) },
            _ => StoreError::Sqlite { path, source },
        }
    }

    /// Sorts what the system says about the record at `path` or a file beside it.
    pub(super) fn io(path: &Path, error: &std::io::Error) -> StoreError {
        let message = error.to_string();
        let message = message.split(" (os error").next().unwrap_or_default().to_owned();
        let path = path.to_owned();
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => StoreError::Permission { path, message },
            std::io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { path },
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full { path },
            _ => StoreError::Io { path, message },
        }
    }
}

fn disk_is_full(record: &Path) -> bool {
    rustix::fs::statvfs(super::path::folder_of(record)).is_ok_and(|disk| disk.f_bavail == 0)
}

/// SQLite's own words, without the wrapper's.
fn words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}
