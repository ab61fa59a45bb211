//! One task per host, the only owner of that host's session and lanes.
//!
//! It connects when the first job comes, opens a lane per slot when a job is put there, writes jobs to lanes in the
//! order given, and says what became of each, by job id. It knows nothing of playbooks: what a failure means, what runs
//! next, and what is recorded is the dispatcher's. Every job that it was given is answered exactly once, by
//! [`Said::Ended`], [`Said::Returned`], [`Said::Refused`], [`Said::Died`], [`Said::Unknown`] or [`Said::Found`].
//!
//! A session that is lost is opened again (`again`): what was on its way is answered when its host has told what became of it.

mod again;
mod endings;
mod lanes;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::bulk;
use super::host_lock::HostLock;
use super::state::Seat;
use crate::transport::{BecomeUser, End, Hub, Lane, LaneCommand, LaneNames, LaneReport, OutputStream, Progress, Refusal, Session, Target};

pub(super) use super::words::{FromWorker, Job, JobId, Said, ToWorker};

/// How long a lane's end is taken for the sign of a lost session that has yet to be noticed.
const GRACE: Duration = Duration::from_millis(500);

/// How long a connection must have been idle before it makes room for another host's: its next job may be on its way.
const IDLE: Duration = Duration::from_millis(100);

enum Note {
    Connected(u64, Result<Session, Refusal>),
    Opened(usize, u64, Result<Lane, Refusal>),
    Report(usize, u64, LaneReport),
    BulkEnded(usize, u64, JobId, bulk::BulkResult, Duration),
    Settled(u64, Vec<again::Told>),
}

#[derive(Default)]
struct Slot {
    /// Whose jobs wait here.
    user: Option<BecomeUser>,
    /// Whose lane it is.
    lane_user: Option<BecomeUser>,
    /// Counts the lanes of this slot, so that late words of an old one are not taken for the new one's.
    epoch: u64,
    lane: LaneState,
    /// Not yet written.
    waiting: VecDeque<Job>,
    /// Written and not ended, in order; the first may have begun.
    sent: VecDeque<Sent>,
    /// Given back by a lane that ends before them, though nobody asked it to; what becomes of them is known when it has ended.
    spared: Vec<JobId>,
    /// The lane was asked to give back what it has not begun.
    withdrawn: bool,
    began: bool,
    /// The lane said that it is there.
    ready: bool,
    /// The lane was sent something that it notes in its journal.
    notes: bool,
    /// Lanes in a row that ended without an end of anything.
    fruitless: u32,
}

/// What was handed to a lane or a channel.
struct Sent {
    id: JobId,
    /// What the lane's journal calls it.
    tag: Option<String>,
}

#[derive(Default)]
enum LaneState {
    #[default]
    None,
    Opening,
    Open(mpsc::UnboundedSender<LaneCommand>),
    /// It ends with a job that was ended.
    Closing,
    Bulk(tokio::task::AbortHandle, Arc<Notify>),
}

struct Worker {
    seat: Seat,
    target: Arc<Target>,
    hub: Hub,
    /// Taken with each connection, let go with it.
    lock: Option<Arc<HostLock>>,
    said: mpsc::Sender<FromWorker>,
    notes: mpsc::Sender<Note>,
    session: Option<Arc<Session>>,
    connecting: Option<(Instant, tokio::task::AbortHandle)>,
    /// Counts the attempts to connect, so that one that was given up is not taken for a later one.
    attempt: u64,
    slots: Vec<Slot>,
    over: bool,
    /// How often a lost session may be opened again.
    patience: u32,
    /// How often it was since something last ended.
    tries: u32,
    /// Jobs that were answered, or will be, with anything but a good end: before the dispatcher hears of one, it may put behind it what
    /// needs it.
    fallen: BTreeSet<JobId>,
    /// The users of the present session's lanes.
    users: Vec<Option<BecomeUser>>,
    /// What was on its way when the session was lost.
    lost: Option<again::Lost>,
    /// Journals of lanes that did not remove their own.
    left: Vec<(LaneNames, Option<BecomeUser>)>,
    /// The lanes of the runs that this one goes on with.
    before: Vec<LaneNames>,
}

/// Runs until `commands` closes; then says goodbye to its lanes and closes the session.
pub(super) async fn work(
    seat: Seat,
    target: Arc<Target>,
    hub: Hub,
    lock: Option<Arc<HostLock>>,
    mut commands: mpsc::UnboundedReceiver<ToWorker>,
    (said, patience): (mpsc::Sender<FromWorker>, u32),
    runs: &[String],
) {
    let (notes, mut heard) = mpsc::channel(64);
    let before = runs.iter().map(|run| LaneNames::of_run(run, &target.name)).collect();
    let mut worker = Worker {
        seat,
        target,
        hub,
        lock,
        said,
        notes,
        session: None,
        connecting: None,
        attempt: 0,
        slots: Vec::new(),
        over: false,
        patience,
        tries: 0,
        fallen: BTreeSet::new(),
        users: Vec::new(),
        lost: None,
        left: Vec::new(),
        before,
    };
    loop {
        let session = worker.session.clone();
        let lost = async move {
            match session {
                Some(session) => session.lost().await,
                None => std::future::pending().await,
            }
        };
        let (hub, idle) = (worker.hub.clone(), worker.is_idle());
        let crowded = async move {
            if !idle {
                std::future::pending::<()>().await;
            }
            let wanted = hub.crowded().await;
            tokio::time::sleep(IDLE).await;
            wanted
        };
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => worker.obey(command).await,
                None => break,
            },
            Some(note) = heard.recv() => {
                if let Some(words) = worker.hear(note).await {
                    worker.lose_now(words, &mut heard).await;
                }
            }
            wanted = crowded => {
                wanted.granted();
                worker.leave(&mut heard, false).await;
            }
            words = lost => worker.lose_now(words, &mut heard).await,
        }
    }
    worker.part(&mut heard).await;
}

impl Worker {
    /// Says whether there is a connection and nothing to do on it.
    fn is_idle(&self) -> bool {
        let idle = |slot: &Slot| slot.waiting.is_empty() && slot.sent.is_empty() && slot.spared.is_empty();
        self.session.is_some()
            && self.lost.is_none()
            && self.slots.iter().all(|slot| idle(slot) && matches!(slot.lane, LaneState::None | LaneState::Open(_)))
    }

    async fn say(&mut self, said: Said) {
        if !matches!(said, Said::Ended(_, End::Exited(0) | End::Guarded { .. }, _)) {
            self.fallen.extend(said.answers());
        }
        // The dispatcher is gone only when the run is over.
        let _ = self.said.send((self.seat, said)).await;
    }

    async fn obey(&mut self, command: ToWorker) {
        match command {
            ToWorker::Run { slot, user, job, behind } => {
                if self.over || behind.iter().any(|id| self.fallen.contains(id)) {
                    return self.say(Said::Returned(job.id())).await;
                }
                while self.slots.len() <= slot {
                    self.slots.push(Slot::default());
                }
                self.slots[slot].user = user;
                self.slots[slot].waiting.push_back(job);
                if self.session.is_none() { self.connect() } else { self.feed(slot).await }
            }
            ToWorker::Withdraw => self.withdraw().await,
            ToWorker::WithdrawSlot(slot) => self.withdraw_slot(slot).await,
            ToWorker::Resume(slot, id) => {
                if let Some(LaneState::Open(commands)) = self.slots.get(slot).map(|slot| &slot.lane) {
                    let _ = commands.send(LaneCommand::Resume(id));
                }
            }
            ToWorker::End(slot, ids) => self.end_jobs(slot, &ids).await,
            ToWorker::Terminate => {
                self.patience = 0;
                self.give_up_lost().await;
                self.withdraw().await;
                for slot in &mut self.slots {
                    match &slot.lane {
                        LaneState::Open(commands) if !slot.sent.is_empty() => {
                            let _ = commands.send(LaneCommand::Terminate);
                            slot.lane = LaneState::Closing;
                        }
                        LaneState::Bulk(_, given_up) => given_up.notify_one(),
                        _ => {}
                    }
                }
            }
        }
    }

    fn connect(&mut self) {
        self.connect_after(Duration::ZERO);
    }

    fn connect_after(&mut self, wait: Duration) {
        if self.connecting.is_some() {
            return;
        }
        self.attempt += 1;
        let attempt = self.attempt;
        let (hub, target, notes, said, seat) = (self.hub.clone(), self.target.clone(), self.notes.clone(), self.said.clone(), self.seat);
        let (lock, told) = (self.lock.clone(), self.said.clone());
        let task = tokio::spawn(async move {
            let progress = move |progress: Progress| {
                let news = match progress {
                    Progress::Queued => return,
                    Progress::Connecting => Said::Connecting,
                    Progress::Retrying { attempt, message, .. } => Said::Retrying { attempt, message },
                };
                // Only news: a full channel may lose it.
                let _ = said.try_send((seat, news));
            };
            tokio::time::sleep(wait).await;
            let mut result = hub.connect(&target, progress).await;
            if let Some(lock) = lock {
                let (locked, note) = lock.hold(result, &target.name).await;
                result = locked;
                if let Some(note) = note {
                    let _ = told.send((seat, Said::Note(note))).await;
                }
            }
            let _ = notes.send(Note::Connected(attempt, result)).await;
        });
        self.connecting = Some((Instant::now(), task.abort_handle()));
    }

    /// Gives OpenSSH's words where the session turns out to be lost.
    async fn hear(&mut self, note: Note) -> Option<String> {
        match note {
            // Given up meanwhile, and maybe another on its way.
            Note::Connected(attempt, _) if attempt != self.attempt || self.connecting.is_none() => {}
            Note::Connected(_, Ok(session)) => {
                let took = self.connecting.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
                self.session = Some(Arc::new(session));
                self.say(Said::Connected { took }).await;
                if self.lost.is_some() {
                    self.settle();
                    return None;
                }
                for slot in 0..self.slots.len() {
                    self.feed(slot).await;
                }
            }
            Note::Connected(_, Err(refusal)) if self.may_try_again() => self.try_again(Some(refusal.message)).await,
            Note::Connected(_, Err(refusal)) => {
                self.connecting = None;
                self.over = true;
                self.give_up_lost().await;
                // First the news, so that what comes back is not taken for something to send again.
                self.say(Said::Unreachable(refusal)).await;
                for slot in 0..self.slots.len() {
                    for job in std::mem::take(&mut self.slots[slot].waiting) {
                        self.say(Said::Returned(job.id())).await;
                    }
                }
            }
            Note::Settled(attempt, told) if attempt == self.attempt => return self.settled(told).await,
            Note::Settled(..) => {}
            Note::Opened(slot, epoch, result) => return self.opened(slot, epoch, result).await,
            Note::Report(slot, epoch, report) => {
                if self.slots[slot].epoch == epoch {
                    return self.report(slot, report).await;
                }
            }
            Note::BulkEnded(slot, epoch, id, result, took) => {
                if self.slots[slot].epoch != epoch {
                    return None;
                }
                if result.trouble == bulk::Trouble::Link
                    && let Some(words) = self.loss().await
                {
                    return Some(words);
                }
                self.slots[slot].sent.clear();
                self.slots[slot].lane = LaneState::None;
                if result.trouble == bulk::Trouble::Full && self.has_another(slot) {
                    self.say(Said::Full(slot)).await;
                    let waiting = std::mem::take(&mut self.slots[slot].waiting);
                    for id in std::iter::once(id).chain(waiting.iter().map(Job::id)) {
                        self.say(Said::Returned(id)).await;
                    }
                    return None;
                }
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
        None
    }
}
