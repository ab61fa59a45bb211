//! Sessions to hosts and the lanes on them.
//!
//! A [`Hub`] owns what all connections of a run share: the private folder, the pace, the masters of jump hosts, the
//! answers to password prompts. It gives a [`Session`] per host; a session gives [`Lane`]s, each one long-lived
//! POSIX `sh` that runs [`Request`]s in order and reports in a stream of [`LaneReport`]s.
//!
//! Knows nothing of playbooks, templates or events: commands come in as final text, bytes and exit codes go out.
//!
//! A program that connects by ssh calls [`helper_main`] before anything else: its own executable starts the masters
//! and answers their password prompts.

mod bulk;
mod channel;
mod fake;
mod hub;
mod journal;
mod lane;
mod lane_api;
mod process;
mod random;
mod room;
mod session;
mod ssh;
mod user;

pub use bulk::{BulkEnd, Bytes};
pub use fake::{FakeLog, FakeLogEntry, FakeScript};
pub use hub::{Hub, HubError, HubOptions, Progress};
pub use journal::{HostJournal, LaneNames, Noted};
#[cfg(feature = "bench-internals")]
#[doc(hidden)]
pub use lane::bench;
pub use lane::tidy;
pub use lane_api::{
    BecomeUser, Durable, End, GuardCheck, GuardKind, Heard, Invocation, Lane, LaneCommand, LaneReport, OnFailure, OutputStream, Refusal,
    RefusalClass, Request, ShellProgram, SkipCause, Target, Vanished,
};
pub use room::{Limits, Wanted};
pub use session::Session;
pub use ssh::helper_main;
