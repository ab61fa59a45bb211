//! Tells a run that goes on from one whose process is gone.
//!
//! A run's process holds `run-ID.lock` beside the record by `flock`; the kernel lets go of it however the process
//! ends. The file is removed at an orderly end, so one that is there and free belongs to a run that was killed.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::error::StoreError;
use super::path;

/// How often and how long apart a lock is tried that someone may only be looking at.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// A run's lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct RunLock {
    path: PathBuf,
    _file: File,
}

impl RunLock {
    /// Takes the lock of a run.
    pub(super) fn take(record: &Path, run: &str) -> Result<RunLock, StoreError> {
        if run.is_empty() || !run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(StoreError::BadId { run: run.to_owned() });
        }
        let path = path::lock_file(record, run);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| StoreError::io(&path, &error))?;
        // Who asks whether a run lives holds the lock, shared, for an instant.
        for _ in 0..TRIES {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(RunLock { path, _file: file }),
                Err(Errno::WOULDBLOCK | Errno::INTR) => std::thread::sleep(PAUSE),
                Err(error) => return Err(StoreError::io(&path, &error.into())),
            }
        }
        Err(StoreError::Held { run: run.to_owned() })
    }

    /// Lets go of the lock and takes its file away: the run ended in order.
    pub(super) fn remove(self) {
        // A file that stays is harmless: it is free, and the run has its end in the record.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Says whether a process holds the lock of a run.
pub(super) fn is_held(record: &Path, run: &str) -> bool {
    match File::open(path::lock_file(record, run)) {
        Ok(file) => flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK),
        // A lock that is not ours to look at is another user's; nobody can say that its run is dead.
        Err(error) => error.kind() == ErrorKind::PermissionDenied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_seen_by_others() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record.db");
        assert!(!is_held(&record, "a-1"));
        let lock = RunLock::take(&record, "a-1").unwrap();
        assert!(is_held(&record, "a-1"));
        assert!(matches!(RunLock::take(&record, "a-1"), Err(StoreError::Held { .. })));
        drop(lock);
        assert!(!is_held(&record, "a-1"), "let go, though the file is there");
        RunLock::take(&record, "a-1").unwrap().remove();
        assert!(!path::lock_file(&record, "a-1").exists());
    }

    #[test]
    fn an_id_never_leaves_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record.db");
        for bad in ["", "../x", "a/b", "a b", "."] {
            assert!(matches!(RunLock::take(&record, bad), Err(StoreError::BadId { .. })), "{bad:?}");
        }
    }
}
