//! A started program: its end, and the way to hasten it.
//!
//! It is a child of the keeper, or of ours where there is no keeper. Knows nothing of ssh.

use rustix::process::{Signal, kill_process_group};
use tokio::process::Child;
use tokio::sync::{mpsc, watch};

use super::keeper::Order;
use super::starter::Wish;
use crate::transport::process::{exit_code, pid};

/// A program that runs, or ran. Dropped before its end, it is ended.
#[derive(Debug)]
pub(super) enum Started {
    /// Our own child.
    Child(Box<Child>),
    /// The keeper's.
    Kept(Kept),
}

/// A program of the keeper's.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: u64,
    pub(super) ended: watch::Receiver<Option<Ended>>,
    pub(super) wishes: mpsc::UnboundedSender<Wish>,
}

/// How it ended: the exit code, 128 + N after signal N; none where that was lost.
pub(super) type Ended = Option<i32>;

impl Started {
    /// Waits for its end; gives the exit code, 128 + N after signal N. May be called again.
    pub(super) async fn wait(&mut self) -> Ended {
        match self {
            Started::Child(child) => child.wait().await.ok().and_then(exit_code),
            Started::Kept(kept) => kept.ended.wait_for(Option::is_some).await.ok().and_then(|ended| *ended).flatten(),
        }
    }

    /// Sends TERM to its group.
    pub(super) fn terminate(&self) {
        match self {
            Started::Child(child) => signal(child, Signal::TERM),
            Started::Kept(kept) => kept.order(Order::Terminate(kept.id)),
        }
    }

    /// Sends KILL to its group.
    pub(super) fn kill(&self) {
        match self {
            Started::Child(child) => signal(child, Signal::KILL),
            Started::Kept(kept) => kept.order(Order::Kill(kept.id)),
        }
    }
}

impl Kept {
    fn order(&self, order: Order) {
        // A keeper that is gone has ended it.
        let _ = self.wishes.send(Wish::Order(order));
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.ended.borrow().is_none() {
            self.order(Order::Kill(self.id));
        }
    }
}

fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = pid(child) {
        let _ = kill_process_group(pid, signal);
    }
}
