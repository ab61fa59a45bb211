//! One program on a host with its three streams, whatever carries it.
//!
//! Knows nothing of lanes: bytes go in, bytes and an exit code come out.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;

use super::room::Place;

/// A program's standard input.
pub(super) type Input = Box<dyn AsyncWrite + Send + Unpin>;
/// A program's output stream.
pub(super) type Output = Box<dyn AsyncRead + Send + Unpin>;

/// A program's exit code, 128 + N after signal N; none where that was lost.
pub(super) type Exit = Pin<Box<dyn Future<Output = Option<i32>> + Send>>;

/// A started program.
pub(super) struct Channel {
    /// Its standard input; dropping it is the end of the input.
    pub(super) stdin: Input,
    /// Its standard output.
    pub(super) stdout: Output,
    /// Its standard error.
    pub(super) stderr: Output,
    /// Its exit code. To be polled after the streams have ended wherever their last bytes matter: an exit code that
    /// overtook them makes an ssh master throw away what is still to come.
    pub(super) exit: Exit,
    /// The session's slot that it takes.
    pub(super) slot: Option<Slot>,
}

/// What a lane takes of its session and of this machine, until dropped.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) _slot: OwnedSemaphorePermit,
    pub(super) _place: Option<Place>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}
