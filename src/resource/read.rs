//! `read`: a file's bytes.
//!
//! Knows a path. What the host says of a file that can't be read stays in its own words.

use super::operand;

/// Prints a file, byte for byte.
#[must_use]
pub fn read_script(path: &str) -> String {
    format!("cat {}", operand(path))
}
