//! Tries faults and prints their table.
//!
//! In a quick turn several are tried at once, since most of them wait most of the time; those that load a machine or measure
//! times come before them, one after the other, as all do in a full turn.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

/// How many faults a quick turn tries at once.
const AT_ONCE: usize = 4;

thread_local! {
    static NOTES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Has a line printed below the fault that is being tried.
pub(crate) fn note(line: impl Into<String>) {
    NOTES.with_borrow_mut(|notes| notes.push(line.into()));
}

/// Says how far a fault that takes long has come.
pub(crate) fn progress(line: &str) {
    eprintln!("     {line}");
}

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

/// Tries the faults that the arguments choose; `alone` says which of them are tried with no other beside them.
pub(crate) fn run(faults: Vec<Fault>, alone: fn(&Fault) -> bool) -> ExitCode {
    let asked = std::env::var("ROUNDSMAN_FAULTS").unwrap_or_default();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let chosen = faults.into_iter().filter(|fault| {
        wanted.is_empty() || wanted.iter().any(|wanted| fault.id.eq_ignore_ascii_case(wanted) || fault.what.contains(wanted.as_str()))
    });
    let (single, others): (Vec<Fault>, Vec<Fault>) = chosen.partition(|fault| !asked.is_empty() || alone(fault));
    if std::env::args().any(|argument| argument == "--list") {
        single.iter().chain(&others).for_each(|fault| println!("{} {}: test", fault.id, fault.what));
        return ExitCode::SUCCESS;
    }
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.payload().is::<Skip>() {
            usual(panic);
        }
    }));
    println!("{:<4} {:<76} {:>7} {:>9} {:>8}", "", "fault", "tries", "survived", "seconds");
    let lost = Mutex::new(Vec::new());
    let tell = |fault: &Fault| {
        let (row, why) = tried(fault, if asked == "full" { fault.tries.1 } else { asked.parse().unwrap_or(fault.tries.0) });
        println!("{row}");
        lost.lock().unwrap().extend(why);
    };
    single.iter().for_each(tell);
    let next = Mutex::new(others.iter());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(others.len()) {
            scope.spawn(|| {
                loop {
                    let Some(fault) = next.lock().unwrap().next() else { break };
                    tell(fault);
                }
            });
        }
    });
    let lost = lost.into_inner().unwrap();
    for line in &lost {
        println!("\nnot survived: {line}");
    }
    if lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tries a fault; its row with its notes, and what was lost.
fn tried(fault: &Fault, tries: usize) -> (String, Vec<String>) {
    let since = Instant::now();
    let (survived, why) = match catch_unwind(AssertUnwindSafe(|| (fault.run)(tries))) {
        Ok(lost) => (tries.saturating_sub(lost.len()).to_string(), lost),
        Err(panic) => match panic.downcast::<Skip>() {
            Ok(skip) => (format!("skipped: {}", skip.0), Vec::new()),
            Err(panic) => {
                let words = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                ("?".to_owned(), vec![words.unwrap_or_else(|| "it panicked".to_owned())])
            }
        },
    };
    let mut row = format!("{:<4} {:<76} {tries:>7} {survived:>9} {:>8.1}", fault.id, fault.what, since.elapsed().as_secs_f64());
    for note in NOTES.take() {
        row.push_str(&format!("\n     {note}"));
    }
    (row, why.into_iter().map(|why| format!("{} {}: {why}", fault.id, fault.what)).collect())
}
