//! The framing of a lane for benchmarks: requests in, bytes out, bytes in, reports out, with no channel and no clock.
//!
//! Stands only with the feature `bench-internals`, for `benches/micro`; no release has it and nothing else may use it. Must
//! not know more than a lane's owner, `actor`, does: every call goes to the machine as it is.

use std::time::Instant;

use super::machine::Machine;
use crate::transport::lane_api::{LaneReport, OutputStream, Request};

/// A lane without a host.
#[derive(Debug)]
pub struct Framing(Machine);

impl Framing {
    /// Makes one whose marks carry `token`, 32 hex digits.
    #[must_use]
    pub fn new(token: &str) -> Framing {
        Framing(Machine::new(token.to_owned(), None))
    }

    /// Takes a request, as behind those before it.
    pub fn run(&mut self, request: Request) {
        self.0.run(Box::new(request));
    }

    /// Gives the bytes that may go to the host now.
    pub fn wire(&mut self, now: Instant) -> Vec<u8> {
        self.0.pump(now);
        std::mem::take(&mut self.0.wire)
    }

    /// Takes bytes of the host and gives what they report.
    pub fn hear(&mut self, stream: OutputStream, bytes: &[u8], now: Instant) -> impl Iterator<Item = LaneReport> {
        self.0.feed(stream, bytes, now);
        self.0.reports.drain(..)
    }
}
