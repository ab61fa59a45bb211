//! One program on a host with its three streams, whatever carries it.
//!
//! Knows nothing of lanes: bytes go in, bytes and an exit code come out.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// A program's standard input.
pub(super) type Input = Box<dyn AsyncWrite + Send + Unpin>;
/// A program's output stream.
pub(super) type Output = Box<dyn AsyncRead + Send + Unpin>;

/// A started program.
pub(super) struct Channel {
    /// Its standard input; dropping it is the end of the input.
    pub(super) stdin: Input,
    /// Its standard output.
    pub(super) stdout: Output,
    /// Its standard error.
    pub(super) stderr: Output,
    /// Its exit code, 128 + N after signal N; none where that was lost. A dropped sender means the same.
    pub(super) exit: oneshot::Receiver<Option<i32>>,
    /// The session's slot that it takes.
    pub(super) slot: Option<OwnedSemaphorePermit>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}
