//! How long a lane's machine waits: for a request's end, for a guard's answer, for the beginning of what is next.
//!
//! Instants come in, the lane's end or a new deadline come out; has no clock and never waits.

use std::time::{Duration, Instant};

use super::{Current, End, Machine};
use crate::text::format_duration;

impl Machine {
    /// When [`Machine::pump`] must be called again at the latest.
    pub(in crate::transport::lane) fn deadline(&self) -> Option<Instant> {
        match (&self.closing, self.killed) {
            (_, true) => None,
            (Some(closing), _) => Some(closing.kill_at),
            (None, _) => self.current.as_ref().and_then(|current| current.limit().0).or_else(|| self.begins_by()),
        }
    }

    /// When what is next must have begun: a host that takes requests and begins none would hold the run up for ever.
    fn begins_by(&self) -> Option<Instant> {
        let (id, since) = self.awaited?;
        let next = self.written.front().filter(|next| next.request.id == id)?;
        since.checked_add(next.request.timeout)
    }

    /// Ends a lane that is not what it should be.
    pub(super) fn breach(&mut self, words: String) {
        self.breach.get_or_insert(words);
        self.kill();
    }

    /// Why it was ended, where the host gave the reason.
    pub(in crate::transport::lane) fn breached(&self) -> Option<&str> {
        self.breach.as_deref()
    }

    pub(super) fn watch(&mut self, now: Instant) {
        if self.killed {
            return;
        }
        let next = self.written.front().filter(|_| self.current.is_none() && self.is_ready()).map(|next| next.request.id);
        if self.awaited.map(|(id, _)| id) != next {
            self.awaited = next.map(|id| (id, now));
        }
        if self.closing.is_none() && self.current.is_none() && self.begins_by().is_some_and(|at| now >= at) {
            let waited = self.awaited.map_or(Duration::ZERO, |(_, since)| now.duration_since(since));
            self.breach(format!("it began nothing of what it was sent within {}", format_duration(waited)));
            return;
        }
        if self.closing.is_none()
            && let Some(current) = &self.current
            && let (Some(deadline), guard) = current.limit()
            && now >= deadline
        {
            let id = current.id;
            self.begin_closing(Some(id), End::TimedOut { guard }, now);
        }
        let Some(closing) = &self.closing else { return };
        if self.current.is_none() && self.written.is_empty() {
            self.kill();
        } else if now >= closing.kill_at {
            if self.current.is_some() {
                self.end_current(now);
            }
            self.kill();
        }
    }
}

impl Current {
    /// When its time is up, and the guard whose time that is.
    fn limit(&self) -> (Option<Instant>, Option<usize>) {
        let guard = self.asking.and_then(|(index, since)| Some((index, since.checked_add(*self.guards.get(index)?)?)));
        match guard {
            Some((index, at)) if self.deadline.is_none_or(|deadline| at <= deadline) => (Some(at), Some(index)),
            _ => (self.deadline, None),
        }
    }

    /// Says whether this guard is the one that has yet to answer: what a host says of any other is not believed.
    pub(super) fn asks(&self, index: usize) -> bool {
        self.asking.is_some_and(|(asked, _)| asked == index)
    }

    /// A guard lets it go on.
    pub(super) fn passed(&mut self, index: usize, now: Instant) {
        self.asking = (index + 1 < self.guards.len()).then_some((index + 1, now));
    }
}
