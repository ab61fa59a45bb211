//! Local files that a run sends: each is read for its size and digest once, however many hosts are to get it.
//!
//! A file that is another by the time that a later host wants it is measured anew. Knows nothing of hosts.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::OnceCell;

use crate::text::hex;

/// Size in bytes and SHA-256.
pub(super) type Measure = (u64, String);

/// A file as it was when it was first asked for.
#[derive(Debug)]
pub struct LocalFile {
    pub(super) path: PathBuf,
    measured: OnceCell<Measure>,
    /// The SHA-256 that it must have, by a saved plan.
    expected: Option<String>,
}

impl LocalFile {
    fn new(path: &Path, expected: Option<String>) -> LocalFile {
        LocalFile { path: path.to_owned(), measured: OnceCell::new(), expected }
    }

    /// Says whether a file of this digest is what a saved plan was made with.
    ///
    /// # Errors
    /// Where it is another.
    pub(super) fn check(&self, sha256: &str) -> std::io::Result<()> {
        match &self.expected {
            Some(expected) if expected != sha256 => Err(std::io::Error::other("it has changed since the plan was saved")),
            _ => Ok(()),
        }
    }

    /// All of it, for a file that is small.
    pub(super) fn read(&self) -> std::io::Result<Vec<u8>> {
        let bytes = std::fs::read(&self.path)?;
        if self.expected.is_some() {
            self.check(&hex(&Sha256::digest(&bytes)))?;
        }
        Ok(bytes)
    }

    /// Its size and digest; whoever asks first reads it, the others wait for that.
    pub(super) async fn measured(&self) -> std::io::Result<&Measure> {
        self.measured.get_or_try_init(|| measure_file(&self.path)).await
    }

    /// Its size and digest, read here and now where nobody has asked before.
    pub(super) fn measured_now(&self) -> std::io::Result<Measure> {
        if let Some(measured) = self.measured.get() {
            return Ok(measured.clone());
        }
        let mut digest = Sha256::new();
        let (mut file, mut buffer, mut size) = (std::fs::File::open(&self.path)?, vec![0; 256 * 1024], 0);
        loop {
            let length = std::io::Read::read(&mut file, &mut buffer)?;
            if length == 0 {
                break;
            }
            digest.update(&buffer[..length]);
            size += length as u64;
        }
        let measured = (size, hex(&digest.finalize()));
        // Whoever was faster has the same.
        let _ = self.measured.set(measured.clone());
        Ok(measured)
    }

    /// Its SHA-256, in hex, read here and now.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn sha256_now(&self) -> std::io::Result<String> {
        self.measured_now().map(|(_, sha256)| sha256)
    }

    /// Its SHA-256, in hex.
    ///
    /// # Errors
    /// Where it can't be read.
    pub async fn sha256(&self) -> std::io::Result<String> {
        self.measured().await.map(|(_, sha256)| sha256.clone())
    }
}

/// The files of a run that hosts get.
#[derive(Debug, Default)]
pub struct LocalFiles {
    known: HashMap<PathBuf, (Option<Stamp>, Arc<LocalFile>)>,
    expected: HashMap<PathBuf, String>,
}

/// What changes with a file's bytes: inode, size, and time of its last change, which nobody can set as they can the time of the last write.
type Stamp = (u64, u64, i64, i64);

impl LocalFiles {
    /// Files of which some must have a SHA-256, by a saved plan.
    #[must_use]
    pub fn expecting(expected: HashMap<PathBuf, String>) -> LocalFiles {
        LocalFiles { known: HashMap::new(), expected }
    }

    /// A file as it is, known already or not.
    pub fn get(&mut self, path: &Path) -> Arc<LocalFile> {
        // One that can't be looked at is told of when it is read.
        let stamp = std::fs::metadata(path).ok().map(|file| (file.ino(), file.size(), file.ctime(), file.ctime_nsec()));
        let expected = self.expected.get(path);
        let fresh = || (stamp, Arc::new(LocalFile::new(path, expected.cloned())));
        let known = self.known.entry(path.to_owned()).or_insert_with(fresh);
        if known.0 != stamp {
            *known = fresh();
        }
        Arc::clone(&known.1)
    }
}

/// Reads a file for its size and digest.
pub(super) async fn measure_file(path: &Path) -> std::io::Result<Measure> {
    measure(&mut tokio::fs::File::open(path).await?).await
}

/// Reads all for its size and digest.
pub(super) async fn measure(bytes: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Measure> {
    let (mut digest, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let length = bytes.read(&mut buffer).await?;
        if length == 0 {
            return Ok((size, hex(&digest.finalize())));
        }
        digest.update(&buffer[..length]);
        size += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_measured_once_until_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "abc").unwrap();
        let mut files = LocalFiles::default();
        let first = files.get(&path);
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(first.measured().await.unwrap(), &(3, sha256.to_owned()));
        assert!(Arc::ptr_eq(&first, &files.get(&path)));
        std::fs::write(&path, "abcd").unwrap();
        let second = files.get(&path);
        assert_eq!((first.measured().await.unwrap().0, second.measured().await.unwrap().0), (3, 4));
        std::fs::remove_file(&path).unwrap();
        assert!(files.get(&path).measured().await.is_err());
    }
}
