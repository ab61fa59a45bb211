//! The faults that a run must survive, as a table: fault, tries, survived.
//!
//! `cargo test --test faults` tries each fault a few times; `ROUNDSMAN_FAULTS=full` as often as is promised, which takes a
//! long while, `ROUNDSMAN_FAULTS=12` twelve times. Arguments choose faults by a part of their id or words: `cargo test --test faults -- R3`. It ends with an error where
//! any try was not survived, and says what was lost.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "a test that is a program")]

#[path = "../common/mod.rs"]
mod common;

mod again;
mod net;
mod r1;
mod r2;
mod r3;
mod r4;
mod r6;
#[path = "../fuzz/targets.rs"]
mod targets;

mod r10;
mod r5;
mod r7;
mod r8;
mod r9;
mod soak;
mod table;

use table::Fault;

/// Every fault, by what is promised for it.
fn faults() -> Vec<Fault> {
    let lists = [
        r1::faults(),
        r2::faults(),
        again::faults(),
        r3::faults(),
        r4::faults(),
        r5::faults(),
        r6::faults(),
        r7::faults(),
        r8::faults(),
        r9::faults(),
        r10::faults(),
        soak::faults(),
    ];
    lists.into_iter().flatten().collect()
}

/// By id or words: what loads the machine or measures times, so that another fault beside it would disturb it or be disturbed.
const ALONE: [&str; 4] = ["(20 hosts x 30 tasks)", "three bad hosts", "MaxStartups", "each in its own way"];

fn main() -> std::process::ExitCode {
    table::run(faults(), |fault| ALONE.iter().any(|alone| fault.id == *alone || fault.what.contains(alone)))
}
