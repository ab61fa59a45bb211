//! Unguessable words: marks, keys, names of sockets.
//!
//! Knows nothing of what they are for. Bytes of the kernel's generator come out as lower-case hexadecimal text.

use std::fs::File;
use std::io::{self, Read as _};

/// Draws `bytes` random bytes and writes them in hexadecimal.
pub(super) fn hex(bytes: usize) -> io::Result<String> {
    let mut drawn = vec![0; bytes];
    File::open("/dev/urandom")?.read_exact(&mut drawn)?;
    Ok(crate::text::hex(&drawn))
}

/// Draws a number below `limit` (at least 1), for jitter.
pub(super) fn below(limit: u64) -> u64 {
    let mut drawn = [0; 8];
    let read = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut drawn));
    if read.is_err() { 0 } else { u64::from_le_bytes(drawn) % limit.max(1) }
}
