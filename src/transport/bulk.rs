//! Whole files, each over a channel of its own.
//!
//! Knows nothing of paths or modes: a script of the caller says what becomes of the bytes. Memory stays bounded.

/// How a script on a channel of its own ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkEnd {
    /// Its exit code, 128 + N after signal N.
    pub code: i32,
    /// Its standard output (of an upload), at most 64 KiB.
    pub stdout: Vec<u8>,
    /// Its standard error, at most 64 KiB.
    pub stderr: Vec<u8>,
}
