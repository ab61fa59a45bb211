//! What the dispatcher and the hosts' workers say to each other.
//!
//! Internal, with channels and bytes in it; what people hear of a run are events.

use std::time::Duration;

use super::bulk::Bulk;
use super::settle::Found;
use super::state::Seat;
use crate::transport::{BecomeUser, End, OutputStream, Refusal, Request};

/// Names a job within a run.
pub(super) type JobId = u64;

/// Something for a host to do.
#[derive(Debug)]
pub(super) enum Job {
    /// On a lane; the request's id is the job's.
    Lane(Box<Request>),
    /// On a channel of its own.
    Bulk(JobId, Box<Bulk>),
}

impl Job {
    pub(super) fn id(&self) -> JobId {
        match self {
            Job::Lane(request) => request.id,
            Job::Bulk(id, _) => *id,
        }
    }
}

/// What the dispatcher tells a worker.
#[derive(Debug)]
pub(super) enum ToWorker {
    /// Puts a job behind what the slot has. A slot is one lane of one user; another user on an idle slot replaces its lane. The job is
    /// given back where one of `behind`, which it needs, has been answered by then with anything but a good end.
    Run { slot: usize, user: Option<BecomeUser>, job: Job, behind: Vec<JobId> },
    /// Takes back what has not begun, on every slot.
    Withdraw,
    /// Takes back what has not begun on one slot.
    WithdrawSlot(usize),
    /// Lets a slot's lane run again what comes from now on, after the failure of this job stopped it.
    Resume(usize, JobId),
    /// Ends these jobs of a slot, or gives them back where they have not begun.
    End(usize, Vec<JobId>),
    /// Ends what runs.
    Terminate,
}

/// What a worker says.
#[derive(Debug)]
pub(super) enum Said {
    /// Its turn to connect has come.
    Connecting,
    /// A refusal that may pass.
    Retrying { attempt: u32, message: String },
    /// Something that people should know.
    Note(String),
    /// The session is open.
    Connected { took: Duration },
    /// There will be no session; jobs are returned besides.
    Unreachable(Refusal),
    /// The session is gone. Unless it is opened again, jobs are answered besides; else what was on its way is when it is
    /// known what became of it.
    Lost { message: String, again: bool },
    /// A job began.
    Began(JobId),
    /// It printed.
    Output(JobId, OutputStream, Vec<u8>),
    /// It ended.
    Ended(JobId, End, Duration),
    /// It did not begin, and will not.
    Returned(JobId),
    /// Its lane could not be opened.
    Refused(JobId, Refusal),
    /// The server gives no channel for this slot while others are open; its jobs are returned besides.
    Full(usize),
    /// It began, and its lane ended with it.
    Died(JobId, String),
    /// It may have begun; its session is gone.
    Unknown(JobId, String),
    /// It was on its way when the session was lost; this is what the host knows of it.
    Found(JobId, Found, String),
}

impl Said {
    /// The job that this is the answer to; each has one.
    pub(super) fn answers(&self) -> Option<JobId> {
        match self {
            Said::Ended(id, ..) | Said::Returned(id) | Said::Refused(id, _) => Some(*id),
            Said::Died(id, _) | Said::Unknown(id, _) | Said::Found(id, ..) => Some(*id),
            Said::Connecting | Said::Retrying { .. } | Said::Note(_) | Said::Connected { .. } | Said::Unreachable(_) => None,
            Said::Lost { .. } | Said::Began(_) | Said::Output(..) | Said::Full(_) => None,
        }
    }
}

/// One message of one worker.
pub(super) type FromWorker = (Seat, Said);
