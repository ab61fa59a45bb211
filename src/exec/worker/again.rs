//! A session that was lost is opened again, and its host asked what became of what was on its way.
//!
//! The first that a new session does is to settle: the old lanes are ended, their journals read. Only then is anything begun.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::{GRACE, Job, LaneState, Note, Said, Sent, Worker};
use crate::exec::settle::Found;
use crate::transport::{BecomeUser, HostJournal, LaneNames, Noted, Refusal, RefusalClass};

/// The wait before the first try; each further one is three times as long, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// How long settling and sweeping may take for one user.
const SETTLING: Duration = Duration::from_secs(60);
const SWEEPING: Duration = Duration::from_secs(5);

/// What was on its way when a session was lost.
#[derive(Default)]
pub(super) struct Lost {
    /// The lost sessions' lanes, and since when each session was open.
    sessions: Vec<(LaneNames, Instant)>,
    /// Whose lanes they were.
    users: Vec<Option<BecomeUser>>,
    /// As which user, and what.
    jobs: Vec<(Option<BecomeUser>, Sent)>,
    /// OpenSSH's own.
    words: String,
}

/// What a host told of one user's lanes.
pub(super) struct Told {
    user: Option<BecomeUser>,
    /// One for each lost session, with whether what is not noted never began.
    journals: Result<Vec<(HostJournal, bool)>, Refusal>,
}

impl Told {
    /// What is known of a job.
    fn of(&self, sent: &Sent) -> Found {
        let Some(tag) = &sent.tag else { return Found::Cut };
        let journals = match &self.journals {
            Ok(journals) => journals,
            Err(refusal) => return Found::Unsure(format!("the host can't be asked what became of it: {refusal}")),
        };
        if journals.iter().any(|(journal, _)| journal.alive) {
            return Found::Unsure("its old shell on the host could not be ended".to_owned());
        }
        match journals.iter().find_map(|(journal, _)| journal.noted.get(tag)) {
            Some(Noted::Ended(code)) => Found::Ended(*code),
            Some(Noted::Guarded { guard, code }) => Found::Guarded { guard: *guard, code: *code },
            Some(Noted::Began) => Found::Cut,
            None if journals.iter().all(|(_, knows_all)| *knows_all) => Found::NotBegun,
            None => Found::Cut,
        }
    }
}

impl Worker {
    /// Waits a moment for the loss of the session to be noticed, and gives OpenSSH's words of it.
    pub(super) async fn loss(&self) -> Option<String> {
        timeout(GRACE, self.session.as_deref()?.lost()).await.ok()
    }

    /// The session is gone. What its lanes had still to say comes first.
    pub(super) async fn lose_now(&mut self, words: String, heard: &mut mpsc::Receiver<Note>) {
        self.hear_out(heard, GRACE).await;
        if self.session.is_some() {
            self.lose(words).await;
        }
    }

    async fn lose(&mut self, words: String) {
        if self.tries >= self.patience {
            return self.part_from(words).await;
        }
        let mut lost = self.lost.take().unwrap_or_default();
        lost.words.clone_from(&words);
        if let Some(session) = self.session.take()
            && let Some(names) = session.lane_names()
        {
            lost.sessions.push((names.clone(), Instant::now() - session.age()));
        }
        lost.users.extend(std::mem::take(&mut self.users));
        let mut returned = Vec::new();
        for slot in &mut self.slots {
            let old = std::mem::take(slot);
            (slot.epoch, slot.user) = (old.epoch + 1, old.user.clone());
            if let LaneState::Bulk(task, _) = &old.lane {
                task.abort();
            }
            self.fallen.extend(old.sent.iter().map(|sent| sent.id));
            lost.jobs.extend(old.sent.into_iter().map(|sent| (old.lane_user.clone(), sent)));
            returned.extend(old.spared);
            returned.extend(old.waiting.iter().map(Job::id));
        }
        self.lost = Some(lost);
        self.say(Said::Lost { message: words, again: true }).await;
        // Who is to go behind what was lost is decided anew when that is known.
        for id in returned {
            self.say(Said::Returned(id)).await;
        }
        self.try_again(None).await;
    }

    /// Says whether a lost session may be opened once more.
    pub(super) fn may_try_again(&self) -> bool {
        self.lost.is_some() && self.tries < self.patience
    }

    /// Opens a lost session again, after a while.
    pub(super) async fn try_again(&mut self, refused: Option<String>) {
        self.tries += 1;
        if let Some(message) = refused {
            self.say(Said::Retrying { attempt: self.tries, message }).await;
        }
        let wait = (FIRST * 3_u32.saturating_pow(self.tries - 1)).min(LONGEST);
        // Hosts that were lost together don't come back together.
        let chance = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
        self.connecting = None;
        self.connect_after(wait.mul_f64(0.5 + chance));
    }

    /// Has the lost sessions' lanes ended and their journals read.
    pub(super) fn settle(&mut self) {
        let (Some(session), Some(lost)) = (self.session.clone(), &self.lost) else { return };
        let (attempt, notes) = (self.attempt, self.notes.clone());
        let mut users: Vec<Option<BecomeUser>> = Vec::new();
        for user in &lost.users {
            if !users.contains(user) {
                users.push(user.clone());
            }
        }
        let sessions = lost.sessions.clone();
        tokio::spawn(async move {
            let mut told = Vec::new();
            for user in users {
                let ask = async {
                    let mut journals = Vec::new();
                    for (names, since) in &sessions {
                        let journal = session.settle(user.as_ref(), names).await?;
                        let knows_all = journal.knows_all(since.elapsed());
                        journals.push((journal, knows_all));
                    }
                    Ok(journals)
                };
                let late = || Refusal { class: RefusalClass::Timeout, message: "it does not answer".to_owned() };
                let journals = timeout(SETTLING, ask).await.unwrap_or_else(|_| Err(late()));
                told.push(Told { user, journals });
            }
            let _ = notes.send(Note::Settled(attempt, told)).await;
        });
    }

    /// The host told what it knows.
    pub(super) async fn settled(&mut self, told: Vec<Told>) -> Option<String> {
        let gone = told.iter().any(|told| matches!(&told.journals, Err(refusal) if refusal.class == RefusalClass::Network));
        if gone && let Some(words) = self.loss().await {
            return Some(words);
        }
        let lost = self.lost.take()?;
        let swept = lost.sessions.iter().flat_map(|(names, _)| lost.users.iter().map(|user| (names.clone(), user.clone())));
        self.left.extend(swept);
        for (user, sent) in lost.jobs {
            let found = told.iter().find(|told| told.user == user).map_or(Found::Cut, |told| told.of(&sent));
            self.say(Said::Found(sent.id, found, lost.words.clone())).await;
        }
        for slot in 0..self.slots.len() {
            self.feed(slot).await;
        }
        None
    }

    /// What was on its way when the session was lost stays unknown.
    pub(super) async fn give_up_lost(&mut self) {
        let Some(lost) = self.lost.take() else { return };
        for (_, sent) in lost.jobs {
            self.say(Said::Unknown(sent.id, lost.words.clone())).await;
        }
    }

    /// A lane of the present session left its journal on the host.
    pub(super) fn leaves_a_journal(&mut self, user: Option<BecomeUser>) {
        if let Some(names) = self.session.as_deref().and_then(|session| session.lane_names()) {
            self.left.push((names.clone(), user));
        }
    }

    /// Removes what earlier lanes left on the host.
    pub(super) async fn sweep(&mut self) {
        let Some(session) = self.session.clone().filter(|_| self.lost.is_none()) else { return };
        let mut done: Vec<(LaneNames, Option<BecomeUser>)> = Vec::new();
        for one in std::mem::take(&mut self.left) {
            if !done.contains(&one) {
                // A file of a few lines that stays behind harms nobody.
                let swept = timeout(SWEEPING, session.sweep(one.1.as_ref(), &one.0)).await;
                tracing::debug!(host = self.target.name, ?swept, "journals of earlier lanes");
                done.push(one);
            }
        }
    }
}
