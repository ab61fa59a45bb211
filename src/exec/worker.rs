//! One task per host, the only owner of that host's session and lanes.
//!
//! It connects when the first job comes, opens a lane per slot when a job is put there, writes jobs to lanes in the
//! order given, and says what became of each, by job id. It knows nothing of playbooks: what a failure means, what runs
//! next, and what is recorded is the dispatcher's. Every job that it was given is answered exactly once, by
//! [`Said::Ended`], [`Said::Returned`], [`Said::Refused`], [`Said::Died`] or [`Said::Unknown`].

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::bulk::{self, Bulk};
use crate::model::HostIx;
use crate::transport::{BecomeUser, End, Hub, Lane, LaneCommand, LaneReport, OutputStream, Progress, Refusal, Request, Session, Target};

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
    fn id(&self) -> JobId {
        match self {
            Job::Lane(request) => request.id,
            Job::Bulk(id, _) => *id,
        }
    }
}

/// What the dispatcher tells a worker.
#[derive(Debug)]
pub(super) enum ToWorker {
    /// Puts jobs behind what the slot has. A slot is one lane of one user; another user on an idle slot replaces its lane.
    Run { slot: usize, user: Option<BecomeUser>, jobs: Vec<Job> },
    /// Takes back what has not begun, on every slot.
    Withdraw,
    /// Takes back what has not begun on one slot.
    WithdrawSlot(usize),
    /// Lets a slot's lane run again what comes from now on, after a failure stopped it.
    Resume(usize),
    /// Ends what runs.
    Terminate,
}

/// What a worker says.
#[derive(Debug)]
pub(super) enum Said {
    /// A refusal that may pass.
    Retrying { attempt: u32, message: String },
    /// The session is open.
    Connected { took: Duration },
    /// There will be no session; jobs are returned besides.
    Unreachable(Refusal),
    /// The session is gone; jobs are answered besides.
    Lost(String),
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
    /// It began, and its lane ended with it.
    Died(JobId, String),
    /// It may have begun; its session is gone.
    Unknown(JobId, String),
}

/// One message of one worker.
pub(super) type FromWorker = (HostIx, Said);

/// How long a lane's end is taken for the sign of a lost session that has yet to be noticed.
const GRACE: Duration = Duration::from_millis(500);

enum Note {
    Connected(Result<Session, Refusal>),
    Opened(usize, u64, Result<Lane, Refusal>),
    Report(usize, u64, LaneReport),
    BulkEnded(usize, u64, JobId, bulk::BulkResult, Duration),
}

#[derive(Default)]
struct Slot {
    user: Option<BecomeUser>,
    /// Counts the lanes of this slot, so that late words of an old one are not taken for the new one's.
    epoch: u64,
    lane: LaneState,
    /// Not yet written.
    waiting: VecDeque<Job>,
    /// Written and not ended, in order; the first may have begun.
    sent: VecDeque<JobId>,
    began: bool,
}

#[derive(Default)]
enum LaneState {
    #[default]
    None,
    Opening,
    Open(mpsc::UnboundedSender<LaneCommand>),
    Bulk(tokio::task::AbortHandle),
}

struct Worker {
    host: HostIx,
    target: Arc<Target>,
    hub: Hub,
    said: mpsc::Sender<FromWorker>,
    notes: mpsc::Sender<Note>,
    session: Option<Arc<Session>>,
    connecting: Option<(Instant, tokio::task::AbortHandle)>,
    slots: Vec<Slot>,
    over: bool,
}

/// Runs until `commands` closes; then says goodbye to its lanes and closes the session.
pub(super) async fn work(
    host: HostIx,
    target: Arc<Target>,
    hub: Hub,
    mut commands: mpsc::UnboundedReceiver<ToWorker>,
    said: mpsc::Sender<FromWorker>,
) {
    let (notes, mut heard) = mpsc::channel(64);
    let mut worker = Worker { host, target, hub, said, notes, session: None, connecting: None, slots: Vec::new(), over: false };
    loop {
        let session = worker.session.clone();
        let lost = async move {
            match session {
                Some(session) => session.lost().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => worker.obey(command).await,
                None => break,
            },
            Some(note) = heard.recv() => worker.hear(note).await,
            words = lost => {
                // What the lanes had still to say comes before the loss.
                while let Ok(note) = heard.try_recv() {
                    worker.hear(note).await;
                }
                worker.lose(words).await;
            }
        }
    }
    worker.close().await;
}

impl Worker {
    async fn say(&self, said: Said) {
        // The dispatcher is gone only when the run is over.
        let _ = self.said.send((self.host, said)).await;
    }

    async fn obey(&mut self, command: ToWorker) {
        match command {
            ToWorker::Run { slot, user, jobs } => {
                if self.over {
                    for job in jobs {
                        self.say(Said::Returned(job.id())).await;
                    }
                    return;
                }
                while self.slots.len() <= slot {
                    self.slots.push(Slot::default());
                }
                if self.slots[slot].user != user {
                    self.drop_lane(slot);
                    self.slots[slot].user = user;
                }
                self.slots[slot].waiting.extend(jobs);
                if self.session.is_none() { self.connect() } else { self.feed(slot).await }
            }
            ToWorker::Withdraw => self.withdraw().await,
            ToWorker::WithdrawSlot(slot) => self.withdraw_slot(slot).await,
            ToWorker::Resume(slot) => {
                if let Some(LaneState::Open(commands)) = self.slots.get(slot).map(|slot| &slot.lane) {
                    let _ = commands.send(LaneCommand::Resume);
                }
            }
            ToWorker::Terminate => {
                self.withdraw().await;
                for slot in &self.slots {
                    match &slot.lane {
                        LaneState::Open(commands) if !slot.sent.is_empty() => {
                            let _ = commands.send(LaneCommand::Terminate);
                        }
                        LaneState::Bulk(task) => task.abort(),
                        _ => {}
                    }
                }
                self.end_aborted_bulks().await;
            }
        }
    }

    fn connect(&mut self) {
        if self.connecting.is_some() {
            return;
        }
        let (hub, target, notes, said, host) = (self.hub.clone(), self.target.clone(), self.notes.clone(), self.said.clone(), self.host);
        let task = tokio::spawn(async move {
            let progress = move |progress: Progress| {
                if let Progress::Retrying { attempt, message, .. } = progress {
                    // Only news: a full channel may lose it.
                    let _ = said.try_send((host, Said::Retrying { attempt, message }));
                }
            };
            let result = hub.connect(&target, progress).await;
            let _ = notes.send(Note::Connected(result)).await;
        });
        self.connecting = Some((Instant::now(), task.abort_handle()));
    }

    async fn hear(&mut self, note: Note) {
        match note {
            Note::Connected(Ok(session)) => {
                let took = self.connecting.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
                self.session = Some(Arc::new(session));
                self.say(Said::Connected { took }).await;
                for slot in 0..self.slots.len() {
                    self.feed(slot).await;
                }
            }
            Note::Connected(Err(refusal)) => {
                self.connecting = None;
                self.over = true;
                // First the news, so that what comes back is not taken for something to send again.
                self.say(Said::Unreachable(refusal)).await;
                for slot in 0..self.slots.len() {
                    for job in std::mem::take(&mut self.slots[slot].waiting) {
                        self.say(Said::Returned(job.id())).await;
                    }
                }
            }
            Note::Opened(slot, epoch, result) => self.opened(slot, epoch, result).await,
            Note::Report(slot, epoch, report) => {
                if self.slots[slot].epoch == epoch {
                    self.report(slot, report).await;
                }
            }
            Note::BulkEnded(slot, epoch, id, result, took) => {
                if self.slots[slot].epoch != epoch {
                    return;
                }
                self.slots[slot].sent.clear();
                self.slots[slot].lane = LaneState::None;
                if !result.stdout.is_empty() {
                    self.say(Said::Output(id, OutputStream::Stdout, result.stdout)).await;
                }
                if !result.stderr.is_empty() {
                    self.say(Said::Output(id, OutputStream::Stderr, result.stderr)).await;
                }
                self.say(Said::Ended(id, result.end, took)).await;
                self.feed(slot).await;
            }
        }
    }

    /// Writes what waits on a slot, opening its lane first where there is none.
    async fn feed(&mut self, slot: usize) {
        let Some(session) = self.session.clone() else { return };
        let notes = self.notes.clone();
        let place = &mut self.slots[slot];
        match place.waiting.front() {
            None => return,
            Some(Job::Bulk(..)) => {
                if !place.sent.is_empty() || matches!(place.lane, LaneState::Opening | LaneState::Bulk(_)) {
                    return;
                }
                place.epoch += 1;
                let Some(Job::Bulk(id, work)) = place.waiting.pop_front() else { return };
                place.sent.push_back(id);
                let (epoch, user) = (place.epoch, place.user.clone());
                let task = tokio::spawn(async move {
                    let since = Instant::now();
                    let result = bulk::carry(&session, user.as_ref(), *work).await;
                    let _ = notes.send(Note::BulkEnded(slot, epoch, id, result, since.elapsed())).await;
                });
                place.lane = LaneState::Bulk(task.abort_handle());
                self.say(Said::Began(id)).await;
                return;
            }
            Some(Job::Lane(_)) => {}
        }
        match &place.lane {
            LaneState::None => {
                place.epoch += 1;
                place.lane = LaneState::Opening;
                let (epoch, user) = (place.epoch, place.user.clone());
                tokio::spawn(async move {
                    let result = session.open_lane(user.as_ref()).await;
                    let _ = notes.send(Note::Opened(slot, epoch, result)).await;
                });
            }
            LaneState::Open(commands) => {
                while let Some(Job::Lane(_)) = place.waiting.front() {
                    let Some(Job::Lane(request)) = place.waiting.pop_front() else { break };
                    place.sent.push_back(request.id);
                    // A lane that is gone says so in its last report, which answers these too.
                    let _ = commands.send(LaneCommand::Run(request));
                }
            }
            LaneState::Opening | LaneState::Bulk(_) => {}
        }
    }

    async fn opened(&mut self, slot: usize, epoch: u64, result: Result<Lane, Refusal>) {
        if self.slots[slot].epoch != epoch {
            return;
        }
        match result {
            Ok(lane) => {
                let notes = self.notes.clone();
                let mut reports = lane.reports;
                tokio::spawn(async move {
                    while let Some(report) = reports.recv().await {
                        if notes.send(Note::Report(slot, epoch, report)).await.is_err() {
                            break;
                        }
                    }
                });
                self.slots[slot].lane = LaneState::Open(lane.commands);
                self.feed(slot).await;
            }
            Err(refusal) => {
                self.slots[slot].lane = LaneState::None;
                for job in std::mem::take(&mut self.slots[slot].waiting) {
                    self.say(Said::Refused(job.id(), refusal.clone())).await;
                }
            }
        }
    }

    async fn report(&mut self, slot: usize, report: LaneReport) {
        match report {
            LaneReport::Ready => {}
            LaneReport::Stray { stream, data } => {
                tracing::debug!(host = self.target.name, slot, ?stream, bytes = data.len(), "output that belongs to no task");
            }
            LaneReport::Began { id } => {
                self.slots[slot].began = true;
                self.say(Said::Began(id)).await;
            }
            LaneReport::Output { id, stream, data } => self.say(Said::Output(id, stream, data)).await,
            LaneReport::Ended { id, end, duration } => {
                self.slots[slot].began = false;
                self.slots[slot].sent.retain(|sent| *sent != id);
                self.say(Said::Ended(id, end, duration)).await;
                self.feed(slot).await;
            }
            LaneReport::Skipped { id, .. } => {
                self.slots[slot].sent.retain(|sent| *sent != id);
                self.say(Said::Returned(id)).await;
                self.feed(slot).await;
            }
            LaneReport::Closed { reason } => self.lane_closed(slot, reason).await,
        }
    }

    async fn lane_closed(&mut self, slot: usize, reason: Option<String>) {
        let place = &mut self.slots[slot];
        place.lane = LaneState::None;
        place.epoch += 1;
        if !place.sent.is_empty()
            && let Some(session) = self.session.clone()
            && let Ok(words) = tokio::time::timeout(GRACE, session.lost()).await
        {
            return self.lose(words).await;
        }
        let place = &mut self.slots[slot];
        let began = std::mem::take(&mut place.began);
        let reason = reason.unwrap_or_else(|| "its shell ended".to_owned());
        for (index, id) in std::mem::take(&mut place.sent).into_iter().enumerate() {
            // The lane was read to its end, so a step without a begin mark never began.
            let said = if index == 0 && began { Said::Died(id, reason.clone()) } else { Said::Returned(id) };
            self.say(said).await;
        }
        self.feed(slot).await;
    }

    async fn lose(&mut self, words: String) {
        self.session = None;
        self.over = true;
        let mut returned = Vec::new();
        for index in 0..self.slots.len() {
            let slot = std::mem::take(&mut self.slots[index]);
            self.slots[index].epoch = slot.epoch + 1;
            if let LaneState::Bulk(task) = &slot.lane {
                task.abort();
            }
            for id in slot.sent {
                self.say(Said::Unknown(id, words.clone())).await;
            }
            returned.extend(slot.waiting.iter().map(Job::id));
        }
        self.say(Said::Lost(words)).await;
        for id in returned {
            self.say(Said::Returned(id)).await;
        }
    }

    async fn withdraw(&mut self) {
        if let Some((_, task)) = self.connecting.take() {
            task.abort();
        }
        for index in 0..self.slots.len() {
            self.withdraw_slot(index).await;
        }
    }

    async fn withdraw_slot(&mut self, slot: usize) {
        let Some(place) = self.slots.get_mut(slot) else { return };
        if let LaneState::Open(commands) = &place.lane {
            let _ = commands.send(LaneCommand::Withdraw);
        }
        for job in std::mem::take(&mut place.waiting) {
            self.say(Said::Returned(job.id())).await;
        }
    }

    async fn end_aborted_bulks(&mut self) {
        for index in 0..self.slots.len() {
            if matches!(self.slots[index].lane, LaneState::Bulk(_)) {
                self.slots[index].lane = LaneState::None;
                self.slots[index].epoch += 1;
                for id in std::mem::take(&mut self.slots[index].sent) {
                    self.say(Said::Ended(id, End::Terminated, Duration::ZERO)).await;
                }
            }
        }
    }

    /// Says goodbye to an idle lane: its sender is dropped.
    fn drop_lane(&mut self, slot: usize) {
        let place = &mut self.slots[slot];
        if place.sent.is_empty() && matches!(place.lane, LaneState::Open(_)) {
            place.lane = LaneState::None;
            place.epoch += 1;
        }
    }

    async fn close(mut self) {
        if let Some((_, task)) = self.connecting.take() {
            task.abort();
        }
        self.slots.clear();
        if let Some(session) = self.session.take().and_then(Arc::into_inner) {
            session.close().await;
        }
    }
}
