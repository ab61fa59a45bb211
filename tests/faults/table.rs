//! Runs faults one after the other and prints their table.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

/// A fault, and how to try whether it is survived.
pub(crate) struct Fault {
    /// The promise that it belongs to: `R1` to `R10`.
    pub(crate) id: &'static str,
    /// The fault in a few words.
    pub(crate) what: &'static str,
    /// How often it is tried: in a quick turn, and in a full one.
    pub(crate) tries: (usize, usize),
    /// Tries it so often. Panics, or gives what was lost of each try that was not survived. [`Skip`] as a panic's payload leaves it out.
    pub(crate) run: fn(usize) -> Vec<String>,
}

/// Why a fault can't be tried here: `std::panic::panic_any(Skip(reason))`.
pub(crate) struct Skip(pub(crate) String);

/// Leaves a fault out, with the reason.
#[allow(dead_code, reason = "only where a machine lacks something")]
pub(crate) fn skip(reason: impl Into<String>) -> ! {
    std::panic::panic_any(Skip(reason.into()))
}

/// Tries the faults that the arguments choose.
pub(crate) fn run(faults: Vec<Fault>) -> ExitCode {
    let asked = std::env::var("ROUNDSMAN_FAULTS").unwrap_or_default();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let list = std::env::args().any(|argument| argument == "--list");
    let chosen = faults.into_iter().filter(|fault| {
        wanted.is_empty() || wanted.iter().any(|wanted| fault.id.eq_ignore_ascii_case(wanted) || fault.what.contains(wanted.as_str()))
    });
    if !list {
        println!("{:<4} {:<60} {:>7} {:>9} {:>8}", "", "fault", "tries", "survived", "seconds");
    }
    let mut lost = Vec::new();
    for fault in chosen {
        if list {
            println!("{} {}: test", fault.id, fault.what);
            continue;
        }
        let tries = if asked == "full" { fault.tries.1 } else { asked.parse().unwrap_or(fault.tries.0) };
        let since = Instant::now();
        let (survived, why) = match catch_unwind(AssertUnwindSafe(|| (fault.run)(tries))) {
            Ok(lost) => (tries.saturating_sub(lost.len()).to_string(), lost),
            Err(panic) => match panic.downcast::<Skip>() {
                Ok(skip) => (format!("skipped: {}", skip.0), Vec::new()),
                Err(panic) => {
                    let words =
                        panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                    ("?".to_owned(), vec![words.unwrap_or_else(|| "it panicked".to_owned())])
                }
            },
        };
        println!("{:<4} {:<60} {tries:>7} {survived:>9} {:>8.1}", fault.id, fault.what, since.elapsed().as_secs_f64());
        lost.extend(why.into_iter().map(|why| format!("{} {}: {why}", fault.id, fault.what)));
    }
    for line in &lost {
        println!("\nnot survived: {line}");
    }
    if lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
