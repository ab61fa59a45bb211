//! Runs against the scripted fake, with paused time: races, faults and interrupts, told by their events.

mod bench;
mod faults;
mod flow;
mod interrupts;
mod property;
