//! The lane protocol: one long-lived `sh` on a channel, requests in, marked output back.
//!
//! `boot` is what the host's shells are told first, `request` a request as shell text, `marks` the parser of what comes back,
//! `machine` the lane's state, `actor` the task that owns the channel. Knows nothing of ssh: a [`Channel`] comes in.

mod actor;
#[cfg(feature = "bench-internals")]
pub mod bench;
mod boot;
mod durable;
mod machine;
mod marks;
mod request;
#[cfg(test)]
mod tests;

use tokio::sync::mpsc;

use super::channel::Channel;
use super::journal::LaneName;
use super::lane_api::Lane;
use actor::Actor;
use machine::Machine;

pub(super) use actor::{Reason, Uploader};
pub(super) use boot::boot;
pub use durable::tidy;

/// Reports that may wait for their reader.
const REPORTS: usize = 64;

/// Starts the protocol on a channel in which [`boot`] was started.
pub(super) fn start(channel: Channel, token: String, name: Option<&LaneName>, uploader: Uploader, reason: Reason) -> Lane {
    let (commands, orders) = mpsc::unbounded_channel();
    let (news, reports) = mpsc::channel(REPORTS);
    let actor = Actor { machine: Machine::new(token, name), channel, commands: orders, reports: news, uploader, reason, heard: false };
    tokio::spawn(actor.run());
    Lane { commands, reports }
}
