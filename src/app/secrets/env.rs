//! `env`: a variable of this process.

use super::Why;

/// Reads a variable.
pub(super) fn get(name: &str) -> Result<String, Why> {
    match std::env::var(name) {
        Ok(value) => Ok(value),
        Err(std::env::VarError::NotPresent) => Err(Why::NoVariable(name.to_owned())),
        Err(std::env::VarError::NotUnicode(_)) => Err(Why::NotText),
    }
}
