//! What stops a use case that is no author's mistake and no host's: ours, or this machine's.

use std::path::PathBuf;

use crate::store::StoreError;
use crate::transport::HubError;

/// Why a use case could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The record can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Connections can't be made at all.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A file of ours can't be read.
    #[error("{path} can't be read: {error}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
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
            AppError::Hub(_) | AppError::File { .. } | AppError::Machine { .. } => None,
        }
    }
}
