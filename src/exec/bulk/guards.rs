//! Guards of a file that goes over a channel of its own: asked first, on a lane of theirs.
//!
//! Knows nothing of files.

use crate::transport::{BecomeUser, End, Heard, LaneCommand, LaneReport, OutputStream, Refusal, RefusalClass, Request, Session};

/// What is kept of their words.
const WORDS: usize = 64 * 1024;
/// How many lanes they are asked on where each is closed before anything ran on it.
const LANES: u32 = 3;

/// Asks guards on a lane, which ends what they started when they take too long or are given up.
pub(super) async fn ask(session: &Session, user: Option<&BecomeUser>, guards: &Request) -> Result<(End, Vec<u8>), Refusal> {
    let mut lanes = 1;
    loop {
        match ask_once(session, user, guards).await? {
            Asked::Ended(end, words) => return Ok((end, words)),
            Asked::Closed { heard: Heard::Nothing, .. } if lanes < LANES => lanes += 1,
            Asked::Closed { reason, .. } => {
                let message = reason.unwrap_or_else(|| "the lane ended".to_owned());
                return Err(Refusal { class: RefusalClass::Network, message });
            }
        }
    }
}

/// What became of guards.
enum Asked {
    /// Their end, and what they complained of.
    Ended(End, Vec<u8>),
    /// The lane is gone.
    Closed { reason: Option<String>, heard: Heard },
}

async fn ask_once(session: &Session, user: Option<&BecomeUser>, guards: &Request) -> Result<Asked, Refusal> {
    let mut lane = session.open_lane(user).await?;
    let (mut ended, mut words) = (None, Vec::new());
    let mut closed = Asked::Closed { reason: None, heard: Heard::Part };
    // A lane that is gone says so in its reports.
    let _ = lane.commands.send(LaneCommand::Run(Box::new(guards.clone())));
    let mut commands = Some(lane.commands);
    while let Some(report) = lane.reports.recv().await {
        match report {
            LaneReport::Output { stream: OutputStream::Stderr, data, .. } => {
                let room = WORDS.saturating_sub(words.len()).min(data.len());
                words.extend_from_slice(&data[..room]);
            }
            LaneReport::Ended { end, .. } => {
                ended = Some(end);
                // Goodbye; its channel is free when the reports end.
                commands.take();
            }
            LaneReport::Closed { reason, heard } => closed = Asked::Closed { reason, heard },
            _ => {}
        }
    }
    drop(commands);
    Ok(ended.map_or(closed, |end| Asked::Ended(end, words)))
}
