//! `age`, in a program that was built without it.

use std::path::Path;

use super::Why;

/// Says that it is left out.
pub(super) fn get(_: &Path, _: Option<&Path>) -> Result<String, Why> {
    Err(Why::NoAge)
}

/// Says that it is left out.
pub(super) fn decrypt(_: &Path, _: Option<&Path>) -> Result<Vec<u8>, Why> {
    Err(Why::NoAge)
}

/// Says that it is left out.
pub(super) fn encrypt(_: &[u8], _: &[String]) -> Result<Vec<u8>, super::VaultError> {
    Err(Why::NoAge.into())
}
