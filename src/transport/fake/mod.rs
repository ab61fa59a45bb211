//! A scripted fake: hosts that answer from a table, for tests without a network.
//!
//! `script` reads the table, `session` is a host, `lane` a lane on it with the rules of a real one. Waiting is tokio's, so that paused time
//! works. Knows nothing of shells: a command is only text that rules match.

mod lane;
mod script;
mod session;
#[cfg(test)]
mod tests;

pub use script::{FakeLog, FakeLogEntry, FakeScript};
pub(super) use session::FakeSession;
