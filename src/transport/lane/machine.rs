//! What a lane knows of its requests: which are held, written, running, and what the marks that come back mean.
//!
//! A plain state machine. Bytes, commands and the time go in; bytes for the wire and reports come out. It never waits and has no
//! clock, so that [`actor`](super::actor) is the only place where channels and timers are.
//!
//! A request is *held* (here only), then *written* (may begin at any moment), then *current* (its begin mark was seen). Skipping
//! works by a flag in the executor: a failure under `Stop` sets it, and so does the supervisor's withdrawal; [`CLEAR`] behind
//! what is to be skipped ends it. Whoever sends URG to the group can set it too: requests that come back skipped without a
//! reason of ours are written again.

mod inbound;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::boot::{CLEAR, Control, FORGET, preamble};
use super::marks::{Mark, MarkParser, Piece};
use super::request::{INLINE_STDIN, encode};
use crate::transport::journal::LaneName;
use crate::transport::lane_api::{End, LaneReport, OnFailure, OutputStream, Request, SkipCause, Vanished};

/// At most this much is written behind a running request: less than a pipe holds, so that the supervisor never waits.
const WRITE_AHEAD: usize = 32 * 1024;
/// From TERM to KILL.
const TERM_GRACE: Duration = Duration::from_secs(5);
/// From the end of a terminated request to KILL, for the marks of what is passed over.
const DRAIN: Duration = Duration::from_secs(1);
/// So often in a row a host may pass over what it was asked to run; then it never will.
const PASSED_OVER: u32 = 100;
/// How much of what came before the ready mark is kept for the reason.
const NOISE: usize = 4096;

#[derive(Debug)]
pub(super) struct Machine {
    token: String,
    parsers: [MarkParser; 2],
    pieces: [VecDeque<Piece>; 2],
    ready_marks: [bool; 2],
    noise: [Vec<u8>; 2],
    current: Option<Current>,
    written: VecDeque<Written>,
    held: VecDeque<Held>,
    /// The request whose failure under `Hold` no `Resume` has answered yet.
    on_hold: Option<u64>,
    /// Requests that the lane's end keeps from running, told of when it has come: nobody should send them here again.
    late: Vec<u64>,
    closing: Option<Closing>,
    /// How often in a row something was passed over for no reason of ours.
    passed_over: u32,
    /// The request that is next to begin, and since when.
    awaited: Option<(u64, Instant)>,
    /// What it said or left out that no shell of ours does.
    breach: Option<String>,
    /// KILL was sent or is to be sent.
    pub(super) killed: bool,
    /// The input is to end at once, whatever stands on the wire.
    pub(super) cut: bool,
    goodbye: Goodbye,
    /// The journals go with the goodbye.
    forget: bool,
    /// For the channel's standard input.
    pub(super) wire: Vec<u8>,
    /// For the caller.
    pub(super) reports: VecDeque<LaneReport>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    No,
    Wanted,
    Said,
}

#[derive(Debug)]
struct Current {
    id: u64,
    on_failure: OnFailure,
    since: Instant,
    deadline: Option<Instant>,
    /// How long each of its guards may take, and since when the present one is asked.
    guards: Vec<Duration>,
    asking: Option<(usize, Instant)>,
    began: [bool; 2],
    ended: [bool; 2],
    code: i32,
    guard: Option<(usize, i32)>,
    vanished: Option<Vanished>,
}

#[derive(Debug)]
struct Written {
    request: Box<Request>,
    file: Option<String>,
    size: usize,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is to run.
    Run,
    /// It is expected to be passed over.
    Skip(SkipCause),
    /// It is expected to be passed over, and was taken up again.
    Again,
}

#[derive(Debug)]
struct Held {
    request: Box<Request>,
    file: File,
    /// The request as shell text, once it was its turn.
    text: Option<Vec<u8>>,
}

#[derive(Debug)]
enum File {
    None,
    Wanted,
    Coming,
    There(String),
}

/// The lane ends with a request that ran too long or was terminated.
#[derive(Debug)]
struct Closing {
    id: Option<u64>,
    end: End,
    kill_at: Instant,
}

impl Machine {
    pub(super) fn new(token: String, name: Option<&LaneName>) -> Machine {
        let wire = preamble(&token, name).into_bytes();
        Machine {
            parsers: [MarkParser::new(&token), MarkParser::new(&token)],
            token,
            pieces: Default::default(),
            ready_marks: [false; 2],
            noise: Default::default(),
            current: None,
            written: VecDeque::new(),
            held: VecDeque::new(),
            on_hold: None,
            late: Vec::new(),
            closing: None,
            passed_over: 0,
            awaited: None,
            breach: None,
            killed: false,
            cut: false,
            goodbye: Goodbye::No,
            forget: false,
            wire,
            reports: VecDeque::new(),
        }
    }

    pub(super) fn run(&mut self, request: Box<Request>) {
        if self.ending() {
            self.late.push(request.id);
            return;
        }
        if self.on_hold.is_some() {
            self.reports.push_back(LaneReport::Skipped { id: request.id, cause: SkipCause::Stopped });
            return;
        }
        let large = request.stdin.as_ref().is_some_and(|bytes| bytes.len() > INLINE_STDIN);
        self.held.push_back(Held { request, file: if large { File::Wanted } else { File::None }, text: None });
    }

    pub(super) fn resume(&mut self, id: u64) {
        self.on_hold = self.on_hold.filter(|holder| *holder != id);
    }

    pub(super) fn withdraw(&mut self) {
        self.skip_held(SkipCause::Withdrawn);
        if self.doom_written(SkipCause::Withdrawn) {
            self.control(Control::Withdraw);
            self.wire.extend_from_slice(CLEAR.as_bytes());
        }
    }

    pub(super) fn terminate(&mut self, now: Instant) {
        if !self.is_ready() && self.written.is_empty() {
            // Nothing can have begun, so there is nothing to be gentle with. What is written may run before its ready mark is read.
            self.late.extend(self.held.drain(..).map(|held| held.request.id));
            self.kill();
        } else if self.current.is_some() || !self.written.is_empty() {
            let id = self.current.as_ref().map(|current| current.id);
            self.begin_closing(id, End::Terminated, now);
        } else {
            self.skip_held(SkipCause::Withdrawn);
        }
    }

    pub(super) fn kill(&mut self) {
        self.killed = true;
        if self.wire.is_empty() {
            self.control(Control::Kill);
        } else {
            // The line would wait behind what is stuck; the end of the input says the same.
            self.cut = true;
        }
    }

    /// Removes its session's journals when it leaves in good order.
    pub(super) fn forget(&mut self) {
        self.forget = true;
    }

    /// Leaves in good order when all is done.
    pub(super) fn goodbye(&mut self) {
        if self.goodbye == Goodbye::No {
            self.goodbye = Goodbye::Wanted;
        }
    }

    /// True when the goodbye stands on the wire: nothing more will be written.
    pub(super) fn said_goodbye(&self) -> bool {
        self.goodbye == Goodbye::Said
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready_marks == [true; 2]
    }

    /// True when nothing runs and nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.current.is_none() && self.written.is_empty() && self.held.is_empty()
    }

    /// True when the lane ends with a request that was ended.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.is_some()
    }

    fn ending(&self) -> bool {
        self.closing.is_some() || self.killed || self.goodbye == Goodbye::Said
    }

    /// What the shell or sudo said before the ready mark.
    pub(super) fn noise(&self) -> String {
        let [stdout, stderr] = &self.noise;
        let text = if stderr.trim_ascii().is_empty() { stdout } else { stderr };
        String::from_utf8_lossy(text).trim().to_owned()
    }

    /// Standard input that must be on the host before its request can be written.
    pub(super) fn wants_upload(&mut self) -> Option<(u64, Vec<u8>)> {
        let held = self.held.front_mut()?;
        if !matches!(held.file, File::Wanted) {
            return None;
        }
        held.file = File::Coming;
        Some((held.request.id, held.request.stdin.clone().unwrap_or_default()))
    }

    /// Takes the place of an uploaded standard input; none makes it travel in the request.
    pub(super) fn uploaded(&mut self, id: u64, path: Option<String>) {
        if let Some(held) = self.held.iter_mut().find(|held| held.request.id == id) {
            held.file = path.map_or(File::None, File::There);
        }
    }

    /// Moves held requests to the wire as far as they may go, and ends what is to end.
    pub(super) fn pump(&mut self, now: Instant) {
        self.watch(now);
        let ending = self.ending();
        while let Some(held) = self.held.front_mut() {
            if ending || matches!(held.file, File::Wanted | File::Coming) {
                break;
            }
            let file = if let File::There(path) = &held.file { Some(path.clone()) } else { None };
            let text = held.text.get_or_insert_with(|| encode(&held.request, file.as_deref()));
            let ahead: usize = self.written.iter().map(|written| written.size).sum();
            let idle = self.current.is_none() && self.written.is_empty();
            if !idle && (held.request.alone || ahead + text.len() > WRITE_AHEAD) {
                break;
            }
            let size = text.len();
            self.wire.append(text);
            if let Some(held) = self.held.pop_front() {
                self.written.push_back(Written { request: held.request, file, size, fate: Fate::Run });
            }
        }
        if self.goodbye == Goodbye::Wanted && self.is_idle() && !self.ending() {
            self.goodbye = Goodbye::Said;
            if self.forget {
                self.wire.extend_from_slice(FORGET.as_bytes());
            }
            self.control(Control::Goodbye);
        }
    }

    fn begin_closing(&mut self, id: Option<u64>, end: End, now: Instant) {
        if self.ending() {
            return;
        }
        self.closing = Some(Closing { id, end, kill_at: now + TERM_GRACE });
        self.control(Control::Terminate);
        self.doom_written(SkipCause::Stopped);
        self.late.extend(self.held.drain(..).map(|held| held.request.id));
    }

    fn control(&mut self, control: Control) {
        self.wire.extend_from_slice(control.line(&self.token).as_bytes());
    }

    /// Expects what is written to be passed over; true when there was any.
    fn doom_written(&mut self, cause: SkipCause) -> bool {
        let mut any = false;
        for written in self.written.iter_mut().filter(|written| written.fate == Fate::Run) {
            written.fate = Fate::Skip(cause);
            any = true;
        }
        any
    }

    fn skip_held(&mut self, cause: SkipCause) {
        self.reports.extend(self.held.drain(..).map(|held| LaneReport::Skipped { id: held.request.id, cause }));
    }

    /// Reports all that can be told about what never began, at the lane's end. `never_began` says that the executor was never there.
    pub(super) fn settle(&mut self, never_began: bool) {
        self.skip_held(SkipCause::Withdrawn);
        let late = std::mem::take(&mut self.late);
        self.reports.extend(late.into_iter().map(|id| LaneReport::Skipped { id, cause: SkipCause::Stopped }));
        if never_began {
            let written = std::mem::take(&mut self.written);
            let skipped = written.into_iter().filter(|written| written.fate != Fate::Again);
            self.reports.extend(skipped.map(|written| LaneReport::Skipped { id: written.request.id, cause: SkipCause::Withdrawn }));
        }
    }
}

impl Held {
    fn again(request: Box<Request>, file: Option<String>) -> Held {
        Held { request, file: file.map_or(File::None, File::There), text: None }
    }
}

fn index(stream: OutputStream) -> usize {
    match stream {
        OutputStream::Stdout => 0,
        OutputStream::Stderr => 1,
    }
}
