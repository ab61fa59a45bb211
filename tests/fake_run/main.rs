//! Runs against the scripted fake, with paused time: races, faults and interrupts, told by their events.

mod actions;
mod batches;
mod bench;
mod blocks;
mod carried;
mod corners;
mod faults;
mod flow;
mod handlers;
mod interrupts;
mod laws;
mod limits;
mod lost;
mod property;
mod repeat;
mod resume;
mod storm;
mod variables;
mod waits;
