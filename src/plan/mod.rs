//! What would run where, in which order and why.
//!
//! [`build`] makes the static [`Plan`], a graph of rounds and tasks whose edges say why they exist; [`Queue`] counts
//! on it during a run; [`Scope`] is what the templates of one step see, with real results or with pending ones;
//! [`prepare`] renders everything of one step into plain data, [`preview`] the same for people; `show` writes the
//! plan as text and as JSON.
//!
//! Pure and synchronous: no clock, no files, no connection. The same inputs give the same plan, byte for byte.

mod build;
mod circle;
mod graph;
mod links;
mod queue;

pub use build::build;
pub use graph::{Edge, EdgeKind, Node, Plan, RoundWait, TaskWait};
pub use queue::{Effects, Queue};
