//! How lanes and sessions end: by themselves, by loss, because they were asked to, at the run's end.
//!
//! Whatever was given to a lane that is no more is answered here, once.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Job, JobId, LaneState, Note, Said, Sent, Slot, Worker};
use crate::exec::settle::Found;
use crate::transport::{Heard, LaneCommand, LaneReport, Refusal, RefusalClass};

/// How long lanes may take to leave in good order, so that what a task left running on purpose is left alone.
const PARTING: Duration = Duration::from_secs(2);
/// After so many lanes in a row that ended without having done anything, no further one is opened for the same work.
const FRUITLESS: u32 = 3;

/// Passes a lane's reports on as long as `to` takes them. The last is always that it is closed, even of a lane whose owner is no more.
pub(super) async fn pass_on<F: Future<Output = bool>>(mut reports: mpsc::Receiver<LaneReport>, to: impl Fn(LaneReport) -> F) {
    let mut closed = false;
    while let Some(report) = reports.recv().await {
        closed = matches!(report, LaneReport::Closed { .. });
        if !to(report).await {
            return;
        }
    }
    if !closed {
        let reason = Some("the lane was lost on this machine: an error of ours".to_owned());
        to(LaneReport::Closed { reason, heard: Heard::Part }).await;
    }
}

impl Worker {
    pub(super) async fn lane_closed(&mut self, slot: usize, reason: Option<String>, heard: Heard) -> Option<String> {
        let place = &mut self.slots[slot];
        let by_us = matches!(place.lane, LaneState::Closing);
        place.lane = LaneState::None;
        place.epoch += 1;
        place.withdrawn = false;
        let noted = std::mem::take(&mut place.notes).then(|| place.lane_user.clone());
        let idle = place.sent.is_empty() && place.spared.is_empty();
        if !idle && let Some(words) = self.loss().await {
            return Some(words);
        }
        if let Some(user) = noted {
            self.leaves_a_journal(user);
        }
        let place = &mut self.slots[slot];
        let began = std::mem::take(&mut place.began);
        let reason = reason.unwrap_or_else(|| "its shell ended".to_owned());
        let spared = std::mem::take(&mut place.spared);
        if heard != Heard::Part && !began && !by_us && !idle {
            place.fruitless += 1;
            if (!place.ready && heard == Heard::All) || place.fruitless >= FRUITLESS {
                let refusal = Refusal { class: RefusalClass::Lane, message: format!("no shell for tasks: {reason}") };
                let sent = std::mem::take(&mut place.sent);
                let waiting = std::mem::take(&mut place.waiting);
                for id in sent.into_iter().map(|sent| sent.id).chain(spared).chain(waiting.iter().map(Job::id)) {
                    self.say(Said::Refused(id, refusal.clone())).await;
                }
                return None;
            }
        }
        for (index, Sent { id, .. }) in std::mem::take(&mut place.sent).into_iter().enumerate() {
            let said = match heard {
                _ if index == 0 && began => Said::Died(id, reason.clone()),
                Heard::Part => Said::Found(id, Found::Cut, reason.clone()),
                // The lane was read to its end, so a step without a begin mark never began.
                Heard::All | Heard::Nothing => Said::Returned(id),
            };
            self.say(said).await;
        }
        for id in spared {
            self.say(Said::Returned(id)).await;
        }
        self.feed(slot).await;
        None
    }

    /// A session is lost for good.
    pub(super) async fn part_from(&mut self, words: String) {
        self.session = None;
        self.over = true;
        self.give_up_lost().await;
        let mut returned = Vec::new();
        for index in 0..self.slots.len() {
            let slot = std::mem::take(&mut self.slots[index]);
            self.slots[index].epoch = slot.epoch + 1;
            if let LaneState::Bulk(task, _) = &slot.lane {
                task.abort();
            }
            for Sent { id, .. } in slot.sent {
                self.say(Said::Unknown(id, words.clone())).await;
            }
            returned.extend(slot.spared);
            returned.extend(slot.waiting.iter().map(Job::id));
        }
        self.say(Said::Lost { message: words, again: false }).await;
        for id in returned {
            self.say(Said::Returned(id)).await;
        }
    }

    pub(super) async fn withdraw(&mut self) {
        // What was on its way when a session was lost may have begun, and that must be known.
        if self.lost.is_none()
            && let Some((_, task)) = self.connecting.take()
        {
            task.abort();
        }
        for index in 0..self.slots.len() {
            self.withdraw_slot(index).await;
        }
    }

    pub(super) async fn withdraw_slot(&mut self, slot: usize) {
        let Some(place) = self.slots.get_mut(slot) else { return };
        if let LaneState::Open(commands) = &place.lane {
            place.withdrawn = true;
            let _ = commands.send(LaneCommand::Withdraw);
        }
        for job in std::mem::take(&mut place.waiting) {
            self.say(Said::Returned(job.id())).await;
        }
    }

    /// Ends jobs of a slot: the one that runs by TERM and KILL, the others by giving them back.
    pub(super) async fn end_jobs(&mut self, slot: usize, ids: &[JobId]) {
        let Some(place) = self.slots.get_mut(slot) else { return };
        let (gone, kept): (VecDeque<Job>, VecDeque<Job>) =
            std::mem::take(&mut place.waiting).into_iter().partition(|job| ids.contains(&job.id()));
        place.waiting = kept;
        let sent = place.sent.iter().any(|sent| ids.contains(&sent.id));
        let first = place.sent.front().is_some_and(|sent| ids.contains(&sent.id));
        match &place.lane {
            LaneState::Open(commands) if first => {
                let _ = commands.send(LaneCommand::Terminate);
                place.lane = LaneState::Closing;
            }
            LaneState::Open(commands) if sent => {
                place.withdrawn = true;
                let _ = commands.send(LaneCommand::Withdraw);
            }
            LaneState::Bulk(_, given_up) if first => given_up.notify_one(),
            _ => {}
        }
        for job in gone {
            self.say(Said::Returned(job.id())).await;
        }
        self.feed(slot).await;
    }

    /// Says goodbye to an idle lane: its sender is dropped.
    pub(super) fn drop_lane(&mut self, slot: usize) {
        let place = &mut self.slots[slot];
        if place.sent.is_empty() && matches!(place.lane, LaneState::Open(_)) {
            place.lane = LaneState::None;
            place.epoch += 1;
            // What it noted may not be recorded yet.
            if std::mem::take(&mut place.notes) {
                let user = place.lane_user.clone();
                self.leaves_a_journal(user);
            }
        }
    }

    /// Says whether another slot has a channel of the session.
    pub(super) fn has_another(&self, slot: usize) -> bool {
        self.slots.iter().enumerate().any(|(index, other)| index != slot && !matches!(other.lane, LaneState::None))
    }

    /// Hears what is still on its way until every lane has ended, for a while.
    pub(super) async fn hear_out(&mut self, heard: &mut mpsc::Receiver<Note>, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.slots.iter().any(|slot| matches!(slot.lane, LaneState::Open(_) | LaneState::Closing)) {
            match tokio::time::timeout_at(deadline, heard.recv()).await {
                Ok(Some(note)) => drop(self.hear(note).await),
                Ok(None) | Err(_) => break,
            }
        }
    }

    pub(super) async fn part(mut self, heard: &mut mpsc::Receiver<Note>) {
        if let Some((_, task)) = self.connecting.take() {
            task.abort();
        }
        self.leave(heard, true).await;
    }

    /// Says goodbye to the lanes and closes the connection; the next job opens another. At the run's end all is recorded, and the
    /// host need not remember anything.
    pub(super) async fn leave(&mut self, heard: &mut mpsc::Receiver<Note>, at_the_end: bool) {
        let names = self.session.as_deref().and_then(|session| session.lane_names()).cloned();
        let mut left = Vec::new();
        for slot in &mut self.slots {
            if let LaneState::Open(commands) = &slot.lane {
                if std::mem::take(&mut slot.notes) {
                    if at_the_end {
                        let _ = commands.send(LaneCommand::Forget);
                        // Those of the session's earlier lanes go with it.
                        self.left.retain(|(session, user)| Some(session) != names.as_ref() || *user != slot.lane_user);
                    } else {
                        left.push(slot.lane_user.clone());
                    }
                }
                // Its sender is dropped: goodbye.
                slot.lane = LaneState::Closing;
            }
        }
        left.into_iter().for_each(|user| self.leaves_a_journal(user));
        self.hear_out(heard, PARTING).await;
        if at_the_end {
            self.sweep().await;
        }
        for slot in &mut self.slots {
            let epoch = slot.epoch + 1;
            *slot = Slot { user: slot.user.take(), epoch, ..Slot::default() };
        }
        if let (Some(lock), Some(session)) = (&self.lock, &self.session) {
            // Behind the lanes' end, which leaves a channel for it.
            lock.release(session).await;
        }
        if let Some(session) = self.session.take().and_then(Arc::into_inner) {
            session.close().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn heard(said: Vec<LaneReport>) -> Vec<LaneReport> {
        let (lane, reports) = mpsc::channel(8);
        for report in said {
            lane.send(report).await.unwrap();
        }
        drop(lane);
        let (sender, mut heard) = mpsc::unbounded_channel();
        pass_on(reports, |report| std::future::ready(sender.send(report).is_ok())).await;
        drop(sender);
        let mut all = Vec::new();
        while let Some(report) = heard.recv().await {
            all.push(report);
        }
        all
    }

    #[tokio::test]
    async fn a_lane_that_is_gone_without_a_word_is_closed() {
        let closed = LaneReport::Closed { reason: None, heard: Heard::All };
        assert_eq!(heard(vec![LaneReport::Ready, closed.clone()]).await, [LaneReport::Ready, closed]);
        let all = heard(vec![LaneReport::Began { id: 1 }]).await;
        assert!(matches!(&all[..], [_, LaneReport::Closed { reason: Some(words), .. }] if words.contains("an error of ours")), "{all:?}");
    }
}
