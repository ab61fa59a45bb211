//! Indices: cheap names of hosts, rounds and tasks inside one run.

use serde::{Deserialize, Serialize};

/// A host, by its place in [`super::Inventory::hosts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostIx(pub u32);

/// A round, by its place in [`super::Playbook::rounds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoundIx(pub u32);

/// A task, by its place in [`super::Round::tasks`] of its round; numbers after the last task are its gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskIx(pub u32);

macro_rules! index {
    ($name:ident) => {
        impl $name {
            /// As an index into its list.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// From an index into its list.
            ///
            /// # Panics
            /// Beyond 2³² entries.
            #[must_use]
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("fewer than 2^32 entries"))
            }
        }
    };
}
index!(HostIx);
index!(RoundIx);
index!(TaskIx);

/// One task on one host of its round: the unit that is sent, recorded and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StepId {
    /// The round.
    pub round: RoundIx,
    /// The task in it.
    pub task: TaskIx,
    /// The round's host (for a delegated task not the one it runs on).
    pub host: HostIx,
}
