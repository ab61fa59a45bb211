//! What a worker does on its lanes: opens them, writes jobs to them, says what they report.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Job, LaneState, Note, Said, Sent, Worker, bulk, endings};
use crate::transport::{End, Lane, LaneCommand, LaneReport, Refusal, RefusalClass, SkipCause};

impl Worker {
    /// Writes what waits on a slot, opening its lane first where there is none.
    pub(super) async fn feed(&mut self, slot: usize) {
        // Nothing is begun while what runs from before is not known.
        let Some(session) = self.session.clone().filter(|_| self.lost.is_none()) else { return };
        let place = &mut self.slots[slot];
        let strange = place.lane_user != place.user && !place.waiting.is_empty();
        if strange && matches!(place.lane, LaneState::Opening) {
            place.lane = LaneState::None;
            place.epoch += 1;
        }
        if strange || matches!(place.waiting.front(), Some(Job::Bulk(..))) {
            self.drop_lane(slot);
        }
        let notes = self.notes.clone();
        let place = &mut self.slots[slot];
        match place.waiting.front() {
            None => return,
            Some(Job::Bulk(..)) => {
                if !place.sent.is_empty() || matches!(place.lane, LaneState::Opening | LaneState::Closing | LaneState::Bulk(..)) {
                    return;
                }
                place.epoch += 1;
                let Some(Job::Bulk(id, work)) = place.waiting.pop_front() else { return };
                place.sent.push_back(Sent { id, tag: None });
                place.lane_user.clone_from(&place.user);
                let (epoch, user) = (place.epoch, place.user.clone());
                let given_up = Arc::new(Notify::new());
                let heard = Arc::clone(&given_up);
                let task = tokio::spawn(async move {
                    let since = Instant::now();
                    let result = bulk::carry(&session, user.as_ref(), *work, &heard).await;
                    let _ = notes.send(Note::BulkEnded(slot, epoch, id, result, since.elapsed())).await;
                });
                place.lane = LaneState::Bulk(task.abort_handle(), given_up);
                self.say(Said::Began(id)).await;
                return;
            }
            Some(Job::Lane(_)) => {}
        }
        match &place.lane {
            LaneState::None => {
                place.epoch += 1;
                (place.ready, place.notes) = (false, false);
                place.lane = LaneState::Opening;
                place.lane_user.clone_from(&place.user);
                let (epoch, user) = (place.epoch, place.user.clone());
                if !self.users.contains(&user) {
                    self.left.extend(self.before.iter().map(|names| (names.clone(), user.clone())));
                    self.users.push(user.clone());
                }
                tokio::spawn(async move {
                    let result = session.open_lane(user.as_ref()).await;
                    let _ = notes.send(Note::Opened(slot, epoch, result)).await;
                });
            }
            LaneState::Open(commands) if place.lane_user == place.user => {
                while let Some(Job::Lane(_)) = place.waiting.front() {
                    let Some(Job::Lane(request)) = place.waiting.pop_front() else { break };
                    place.sent.push_back(Sent { id: request.id, tag: request.tag.clone() });
                    place.notes |= request.tag.is_some();
                    // A lane that is gone says so in its last report, which answers these too.
                    let _ = commands.send(LaneCommand::Run(request));
                }
            }
            LaneState::Open(_) | LaneState::Opening | LaneState::Closing | LaneState::Bulk(..) => {}
        }
    }

    pub(super) async fn opened(&mut self, slot: usize, epoch: u64, result: Result<Lane, Refusal>) -> Option<String> {
        if self.slots[slot].epoch != epoch {
            return None;
        }
        if matches!(&result, Err(refusal) if refusal.class == RefusalClass::Network)
            && let Some(words) = self.loss().await
        {
            return Some(words);
        }
        match result {
            Ok(lane) => {
                let notes = self.notes.clone();
                tokio::spawn(endings::pass_on(lane.reports, move |report| {
                    let notes = notes.clone();
                    async move { notes.send(Note::Report(slot, epoch, report)).await.is_ok() }
                }));
                self.slots[slot].lane = LaneState::Open(lane.commands);
                self.feed(slot).await;
            }
            Err(refusal) if refusal.class == RefusalClass::Full && self.has_another(slot) => {
                self.slots[slot].lane = LaneState::None;
                tracing::info!(host = self.target.name, slot, %refusal, "it makes do with the lanes that it has");
                self.say(Said::Full(slot)).await;
                for job in std::mem::take(&mut self.slots[slot].waiting) {
                    self.say(Said::Returned(job.id())).await;
                }
            }
            Err(refusal) => {
                self.slots[slot].lane = LaneState::None;
                for job in std::mem::take(&mut self.slots[slot].waiting) {
                    self.say(Said::Refused(job.id(), refusal.clone())).await;
                }
            }
        }
        None
    }

    pub(super) async fn report(&mut self, slot: usize, report: LaneReport) -> Option<String> {
        match report {
            LaneReport::Ready => self.slots[slot].ready = true,
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
                self.slots[slot].fruitless = 0;
                self.tries = 0;
                if matches!(end, End::TimedOut { .. } | End::Terminated) {
                    self.slots[slot].lane = LaneState::Closing;
                }
                self.slots[slot].sent.retain(|sent| sent.id != id);
                self.say(Said::Ended(id, end, duration)).await;
                self.feed(slot).await;
            }
            LaneReport::Skipped { id, cause } => {
                self.slots[slot].sent.retain(|sent| sent.id != id);
                if cause == SkipCause::Withdrawn && !self.slots[slot].withdrawn {
                    // Sent again at once, it would meet the next such lane, for ever: a login that only ever runs its own command.
                    self.slots[slot].spared.push(id);
                    return None;
                }
                self.say(Said::Returned(id)).await;
                self.feed(slot).await;
            }
            LaneReport::Closed { reason, heard } => return self.lane_closed(slot, reason, heard).await,
        }
        None
    }
}
