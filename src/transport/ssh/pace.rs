//! The pace of handshakes: few at once per door, not too many in all.
//!
//! A *door* is an address or a jump host. A server that throws us out halves its door's width, each success widens it by one. Knows
//! nothing of ssh.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// sshd's `MaxStartups` begins to refuse at ten.
const WIDEST: usize = 8;
/// A far host answers late: so many keep a core busy with handshakes at 50 ms there and back.
const PER_CORE: usize = 32;

#[derive(Debug)]
pub(super) struct Pace {
    doors: Mutex<BTreeMap<String, Arc<Door>>>,
    all: Arc<Semaphore>,
}

#[derive(Debug)]
struct Door {
    state: Mutex<DoorState>,
    freed: Notify,
}

#[derive(Debug)]
struct DoorState {
    width: usize,
    inside: usize,
}

/// The right to one handshake; dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct Turn {
    door: Arc<Door>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Pace {
    pub(super) fn new() -> Pace {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Pace { doors: Mutex::default(), all: Arc::new(Semaphore::new(cores * PER_CORE)) }
    }

    /// Waits for a turn; calls `queued` once where it must wait.
    pub(super) async fn turn(&self, door: &str, queued: impl FnOnce()) -> Turn {
        let door = {
            let mut doors = lock(&self.doors);
            let fresh = || Arc::new(Door { state: Mutex::new(DoorState { width: WIDEST, inside: 0 }), freed: Notify::new() });
            Arc::clone(doors.entry(door.to_owned()).or_insert_with(fresh))
        };
        let mut queued = Some(queued);
        loop {
            let freed = door.freed.notified();
            if door.enter() {
                break;
            }
            if let Some(queued) = queued.take() {
                queued();
            }
            freed.await;
        }
        let mut turn = Turn { door, _permit: None };
        turn._permit = Arc::clone(&self.all).try_acquire_owned().ok();
        if turn._permit.is_none() {
            if let Some(queued) = queued.take() {
                queued();
            }
            turn._permit = Arc::clone(&self.all).acquire_owned().await.ok();
        }
        turn
    }
}

impl Door {
    fn enter(&self) -> bool {
        let mut state = lock(&self.state);
        let free = state.inside < state.width;
        state.inside += usize::from(free);
        free
    }
}

impl Turn {
    /// Says how the handshake went.
    pub(super) fn went(&self, throttled: bool) {
        let mut state = lock(&self.door.state);
        state.width = if throttled { (state.width / 2).max(1) } else { (state.width + 1).min(WIDEST) };
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.door.state).inside -= 1;
        self.door.freed.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn eight_at_a_door_and_halved_when_thrown_out() {
        let pace = Pace::new();
        let mut turns = Vec::new();
        for _ in 0..8 {
            turns.push(pace.turn("a", || panic!("no queue yet")).await);
        }
        let mut queued = false;
        assert!(timeout(Duration::from_secs(1), pace.turn("a", || queued = true)).await.is_err());
        assert!(queued);
        assert!(timeout(Duration::from_secs(1), pace.turn("b", || {})).await.is_ok());
        turns[0].went(true);
        turns.truncate(4);
        assert!(timeout(Duration::from_secs(1), pace.turn("a", || {})).await.is_err());
        turns[0].went(false);
        assert!(timeout(Duration::from_secs(1), pace.turn("a", || {})).await.is_ok());
        turns.clear();
    }
}
