//! Opens a record, makes one where there is none, and turns away what is not one.
//!
//! Nothing is deleted or overwritten here: a file that can't be used stays as it is.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::migrate::{self, Found, VERSION};
use super::path::{self, FOLDER};
use super::writer::Writer;
use crate::event::RunHeader;

/// How long another process's write is waited for: by who opens the record, and by a run under way, which has more to
/// lose.
const BUSY: Duration = Duration::from_secs(10);
const BUSY_IN_RUN: Duration = Duration::from_secs(60);

/// Statements that are kept prepared; more than the writer uses.
const STATEMENTS: usize = 64;

/// What a record is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// For a run: made where it is missing, brought up to date.
    Write,
    /// For a look at it: must be there, is left as it is.
    Read,
}

/// An open record.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// How long a run waits for another process's write before its record counts as failed.
    pub(super) patience: Duration,
}

impl Store {
    /// Opens the record at `path`.
    ///
    /// For writing, a folder named `.roundsman` is made where it is missing (only the owner may enter it) and ignores
    /// itself in git; any other folder must be there.
    ///
    /// # Errors
    /// Where the file can't be used, in words of our own; see [`StoreError::hint`].
    pub fn open(path: &Path, mode: OpenMode) -> Result<Store, StoreError> {
        Ok(Store { patience: BUSY_IN_RUN, ..Store::open_within(path, mode, BUSY)? })
    }

    /// Opens the record, and says how long to wait for other processes' writes, now and in a run.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_within(path: &Path, mode: OpenMode, busy: Duration) -> Result<Store, StoreError> {
        if path.is_dir() {
            return Err(StoreError::IsFolder { path: path.to_owned() });
        }
        let connection = match mode {
            OpenMode::Write => open_to_write(path, busy)?,
            OpenMode::Read => open_to_read(path, busy)?,
        };
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Store { connection, path: path.to_owned(), patience: busy })
    }

    /// The record's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hands the record to a thread that writes one run, and takes the run's lock.
    ///
    /// # Errors
    /// Where the lock is held, or the record can't be written now.
    pub fn writer(self, run: &RunHeader) -> Result<Writer, StoreError> {
        Writer::start(self, run)
    }

    /// Reads every page and says whether the record is whole. Takes time on a large one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with what is wrong.
    pub fn check(&self) -> Result<(), StoreError> {
        let verdict: String =
            self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|error| self.error(error))?;
        if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt { path: self.path.clone(), message: verdict }) }
    }

    pub(super) fn error(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, error)
    }
}

fn open_to_write(path: &Path, busy: Duration) -> Result<Connection, StoreError> {
    make_folder(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect(path, flags, busy)?;
    let told = |error| StoreError::sqlite(path, error);
    if connection.is_readonly("main").map_err(told)? {
        return Err(StoreError::ReadOnly { path: path.to_owned() });
    }
    // Looked at before anything is written, so that a foreign file stays as it is, its journal mode too.
    let found = migrate::inspect(&connection).map_err(told)?;
    accept(path, found, OpenMode::Write)?;
    into_wal(&connection, busy).map_err(told)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(told)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(told)?;
    if found != Found::Record(VERSION) {
        accept(path, migrate::migrate(&mut connection).map_err(told)?, OpenMode::Write)?;
    }
    Ok(connection)
}

fn open_to_read(path: &Path, busy: Duration) -> Result<Connection, StoreError> {
    match path.symlink_metadata() {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(StoreError::Missing { path: path.to_owned() }),
        Err(error) => return Err(StoreError::io(path, &error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags, busy)?;
    let told = |error| StoreError::sqlite(path, error);
    match migrate::inspect(&connection) {
        Ok(found) => {
            accept(path, found, OpenMode::Read)?;
            Ok(connection)
        }
        // SQLite may not make its `-shm` file there. With nothing in a `-wal` file that would be missed, the record can be
        // read as one that nobody writes.
        Err(error) if is_refusal(&error) => {
            if path::companion(path, "-wal").metadata().is_ok_and(|wal| wal.len() > 0) {
                return Err(StoreError::Unsettled { path: path.to_owned() });
            }
            let connection = connect_immutable(path)?;
            accept(path, migrate::inspect(&connection).map_err(told)?, OpenMode::Read)?;
            Ok(connection)
        }
        Err(error) => Err(told(error)),
    }
}

fn connect(path: &Path, flags: OpenFlags, busy: Duration) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, error))?;
    connection.busy_timeout(busy).map_err(|error| StoreError::sqlite(path, error))?;
    Ok(connection)
}

fn is_refusal(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, PermissionDenied, ReadOnly};
    matches!(error.sqlite_error_code(), Some(CannotOpen | PermissionDenied | ReadOnly))
}

fn connect_immutable(path: &Path) -> Result<Connection, StoreError> {
    let absolute = std::path::absolute(path).map_err(|error| StoreError::io(path, &error))?;
    let mut uri = String::from("file:");
    for byte in absolute.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags).map_err(|error| cannot_open(path, error))
}

/// Finds out from the system why SQLite could not open the file; its own word is the same for every cause.
fn cannot_open(path: &Path, error: rusqlite::Error) -> StoreError {
    let attempt = std::fs::OpenOptions::new().read(true).open(path);
    match attempt {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => StoreError::io(path, &cause),
        Ok(_) => StoreError::sqlite(path, error),
        Err(_) => match rustix::fs::access(path::folder_of(path), rustix::fs::Access::WRITE_OK) {
            Err(cause) => StoreError::io(path, &cause.into()),
            Ok(()) => StoreError::sqlite(path, error),
        },
    }
}

fn accept(path: &Path, found: Found, mode: OpenMode) -> Result<(), StoreError> {
    let path = path.to_owned();
    match (found, mode) {
        (Found::Record(version), _) if version > VERSION => Err(StoreError::Newer { path, found: version, known: VERSION }),
        (Found::Record(version), OpenMode::Read) if version < VERSION => Err(StoreError::Older { path, found: version, known: VERSION }),
        (Found::Record(_), _) | (Found::Empty, OpenMode::Write) => Ok(()),
        // An empty file is what a run leaves that was killed before it wrote its first page.
        (Found::Empty, OpenMode::Read) => Err(StoreError::Missing { path }),
        (Found::Foreign, _) => Err(StoreError::Foreign { path }),
    }
}

/// Switches to WAL. Two processes that do this to a new file at once make SQLite refuse one of them without waiting.
fn into_wal(connection: &Connection, busy: Duration) -> rusqlite::Result<()> {
    let started = std::time::Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)) {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) && started.elapsed() < busy => {
                std::thread::sleep(Duration::from_millis(5));
            }
            // A file system without shared memory stays with a rollback journal, which is as safe.
            other => return other.map(drop),
        }
    }
}

fn make_folder(record: &Path) -> Result<(), StoreError> {
    let folder = path::folder_of(record);
    let ours = folder.file_name().is_some_and(|name| name == FOLDER);
    if folder.is_dir() {
        return if ours { ignore_in_git(record, folder) } else { Ok(()) };
    }
    let missing = |folder: &Path| StoreError::NoFolder { path: record.to_owned(), folder: folder.to_owned() };
    if !ours {
        return Err(missing(folder));
    }
    // What hosts print is not for everybody on this machine.
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => ignore_in_git(record, folder),
        // Another process may have been faster.
        Err(_) if folder.is_dir() => ignore_in_git(record, folder),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing(folder.parent().unwrap_or(folder))),
        Err(error) => Err(StoreError::io(record, &error)),
    }
}

fn ignore_in_git(record: &Path, folder: &Path) -> Result<(), StoreError> {
    let path = folder.join(".gitignore");
    match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => std::io::Write::write_all(&mut file, b"*\n").map_err(|error| StoreError::io(&path, &error)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        // A folder that takes no file may still hold a record that can be written.
        Err(_) if record.exists() => Ok(()),
        Err(error) => Err(StoreError::io(record, &error)),
    }
}
