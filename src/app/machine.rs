//! What every use case that connects needs of this machine: a runtime, and the way to hosts.

use std::path::{Path, PathBuf};

use super::AppError;
use crate::transport::{FakeScript, Hub, HubOptions};

/// Makes the way to hosts: a script's, where one is given, else the real one, with at most so many lanes.
pub(super) fn hub(fake: Option<&Path>, helper: Option<PathBuf>, lanes: Option<usize>) -> Result<Hub, AppError> {
    let Some(path) = fake else { return Ok(Hub::new(HubOptions { helper, lanes, ..HubOptions::default() })?) };
    let text = std::fs::read_to_string(path).map_err(|error| AppError::File { path: path.to_owned(), error })?;
    Ok(Hub::fake(FakeScript::from_json(&text)?))
}

/// Makes the runtime that a use case runs on.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, AppError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| AppError::Machine { what: "the runtime can't be started", error })
}
