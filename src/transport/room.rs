//! How many connections this machine lets a run have at once, and who waits for one.
//!
//! The user's limits of open files and processes are counted in lanes: a connection comes with one, each further lane takes another.
//! Who finds no room waits; who holds a connection that does nothing is asked for it. Knows nothing of hosts.

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Open files that a lane takes at most: three pipes and the master's socket, and as many for a file on its way.
const FILES: u64 = 10;
/// Open files and processes that a run needs besides.
const BESIDES: u64 = 64;
/// Room for so many lanes a host is more than there is use for: `max_sessions`, jump hosts and delegation included.
const PLENTY: u64 = 16;

/// What the user may have of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open files of a process, as far as the user may raise that limit; none is no limit.
    pub open_files: Option<u64>,
    /// Processes that the user may start besides those there are, at least; none is no limit.
    pub processes: Option<u64>,
}

impl Limits {
    /// Asks the system, and raises this process's limit of open files as far as the user may. For how many processes there is
    /// room is looked into only where it might be too few for so many hosts.
    #[must_use]
    pub fn raised(hosts: usize) -> Limits {
        let files = getrlimit(Resource::Nofile);
        // Where it is refused, what there was is what there is.
        let raised = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum }).is_ok();
        let open_files = if raised { files.maximum } else { files.current };
        // Root is not held to it.
        let most = getrlimit(Resource::Nproc).current.filter(|_| !geteuid().is_root());
        let processes = most.map(|most| {
            // To count one's own takes a look at every process; to count everybody's, a line.
            let at_least = all_processes().map_or(0, |all| most.saturating_sub(all));
            if at_least >= BESIDES + PLENTY * hosts as u64 { at_least } else { most.saturating_sub(own_processes()) }
        });
        Limits { open_files, processes }
    }

    /// How many connections with a lane each there may be at once; at least one.
    #[must_use]
    pub fn lanes(&self) -> usize {
        let files = self.open_files.map(|files| files.saturating_sub(BESIDES) / FILES);
        let processes = self.processes.map(|processes| processes.saturating_sub(BESIDES));
        let least =
            files.into_iter().chain(processes).min().map_or(Semaphore::MAX_PERMITS, |least| usize::try_from(least).unwrap_or(usize::MAX));
        least.clamp(1, Semaphore::MAX_PERMITS)
    }
}

/// Processes and threads of this machine: `0.20 0.18 0.12 1/80 11206`, the number behind the slash.
fn all_processes() -> Option<u64> {
    let line = std::fs::read_to_string("/proc/loadavg").ok()?;
    // Where it is made up, as some containers do, it says none.
    line.split(' ').nth(3)?.split_once('/')?.1.parse().ok().filter(|all| *all > 0)
}

/// Processes and threads of this user, which is what the limit counts.
fn own_processes() -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let own = geteuid().as_raw();
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0 };
    let tasks = processes.flatten().filter(|entry| entry.file_name().as_encoded_bytes().first().is_some_and(u8::is_ascii_digit));
    let tasks = tasks.filter(|entry| entry.metadata().is_ok_and(|process| process.uid() == own));
    tasks.map(|entry| std::fs::read_dir(entry.path().join("task")).map_or(1, |tasks| tasks.count() as u64)).sum()
}

/// The room of a run.
#[derive(Debug)]
pub(super) struct Room {
    free: Arc<Semaphore>,
    /// One permit for each who waits.
    wanted: Arc<Semaphore>,
}

/// Room for one lane, until dropped.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<Room>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// Room for a further lane, if there is some now.
    pub(super) fn more(&self) -> Option<Place> {
        self.room.try_enter()
    }
}

/// Somebody's wish for room; dropped, it is heard by another, kept with [`Wanted::granted`] by none.
#[derive(Debug)]
pub struct Wanted(OwnedSemaphorePermit);

impl Wanted {
    /// Room will be made.
    pub fn granted(self) {
        self.0.forget();
    }
}

impl Room {
    pub(super) fn new(lanes: usize) -> Room {
        Room { free: Arc::new(Semaphore::new(lanes)), wanted: Arc::new(Semaphore::new(0)) }
    }

    /// Waits for room for a connection; calls `queued` once where it must wait.
    pub(super) async fn enter(self: &Arc<Room>, queued: impl FnOnce()) -> Place {
        if let Some(place) = self.try_enter() {
            return place;
        }
        queued();
        self.wanted.add_permits(1);
        Place { room: Arc::clone(self), _permit: acquire(&self.free).await }
    }

    fn try_enter(self: &Arc<Room>) -> Option<Place> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        Some(Place { room: Arc::clone(self), _permit: permit })
    }

    /// Waits until somebody wants room.
    pub(super) async fn wanted(&self) -> Wanted {
        Wanted(acquire(&self.wanted).await)
    }
}

async fn acquire(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    match Arc::clone(semaphore).acquire_owned().await {
        Ok(permit) => permit,
        // It is never closed.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[test]
    fn limits_are_counted_in_lanes() {
        let lanes = |open_files, processes| Limits { open_files, processes }.lanes();
        assert_eq!(lanes(Some(1024), None), 96);
        assert_eq!(lanes(Some(1024), Some(100)), 36);
        assert_eq!(lanes(Some(20), Some(3)), 1, "one at a time is the least");
        assert_eq!(lanes(None, None), Semaphore::MAX_PERMITS);
    }

    #[test]
    fn the_limit_of_open_files_is_raised() {
        let limits = Limits::raised(1);
        assert_eq!(getrlimit(Resource::Nofile).current, limits.open_files);
        assert!(own_processes() > 1 && all_processes().unwrap() > 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_holds_room_hears_of_who_wants_it() {
        let room = Arc::new(Room::new(1));
        let first = room.enter(|| panic!("there is room")).await;
        assert!(first.more().is_none());
        assert!(timeout(Duration::from_secs(1), room.wanted()).await.is_err(), "nobody wants any");
        let queued = std::cell::Cell::new(false);
        let second = room.enter(|| queued.set(true));
        tokio::pin!(second);
        assert!(timeout(Duration::from_secs(1), &mut second).await.is_err());
        // A wish that was not granted is there for the next who listens.
        drop(room.wanted().await);
        room.wanted().await.granted();
        assert!(timeout(Duration::from_secs(1), room.wanted()).await.is_err());
        drop(first);
        assert!(timeout(Duration::from_secs(1), second).await.is_ok());
        assert!(queued.get());
    }
}
