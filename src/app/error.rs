//! What stops a use case that is no author's mistake and no host's: ours, or this machine's.

use std::path::PathBuf;

use super::secrets::{SecretFailures, VaultError};
use crate::store::StoreError;
use crate::transport::HubError;

/// Why a use case could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The record can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The project that the working folder is in has no record yet.
    #[error("there is no record at {}", path.display())]
    NoRecord {
        /// Where it would be.
        path: PathBuf,
        /// Records of folders nearby.
        near: Vec<PathBuf>,
    },
    /// Connections can't be made at all.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// Secrets can't be got.
    #[error(transparent)]
    Secrets(#[from] SecretFailures),
    /// An encrypted file can't be made or changed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A file of ours can't be read.
    #[error("{path} can't be read: {error}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file that was asked for can't be written.
    #[error("{path} can't be written: {error}", path = path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A run can't be resumed.
    #[error(transparent)]
    Resume(#[from] super::resume::ResumeError),
    /// A file is no saved plan that can be used.
    #[error(transparent)]
    SavedPlan(#[from] super::saved::SavedPlanError),
    /// No host can be played in a folder of this machine.
    #[error("no sandbox can be made on this machine: {said}")]
    NoSandbox {
        /// The words of the program that failed.
        said: String,
    },
    /// The program's machinery can't be set up.
    #[error("{what}: {error}")]
    Machine {
        /// What was tried.
        what: &'static str,
        /// Why not.
        error: std::io::Error,
    },
}

impl AppError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            AppError::Store(error) => error.hint(),
            AppError::Resume(error) => error.hint(),
            AppError::Secrets(failures) => failures.hint(),
            AppError::Vault(error) => error.hint(),
            AppError::NoRecord { near, .. } => Some(match near.first() {
                Some(near) => format!("there is one nearby: --db {}", crate::text::quote(&near.to_string_lossy())),
                None => {
                    "a run makes it, in the nearest folder upward from the playbook with a .roundsman or .git; `--db` names another one"
                        .to_owned()
                }
            }),
            AppError::SavedPlan(_) => Some("`roundsman plan PLAYBOOK -o FILE` makes one".to_owned()),
            AppError::NoSandbox { .. } => Some(
                "a sandbox needs Linux with namespaces, and util-linux with `unshare`, `setpriv` and `pivot_root`; `--on HOSTS` tests on real hosts"
                    .to_owned(),
            ),
            AppError::Hub(_) | AppError::File { .. } | AppError::Unwritable { .. } | AppError::Machine { .. } => None,
        }
    }
}
