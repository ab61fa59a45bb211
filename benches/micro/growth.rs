//! How time and memory grow: `cargo bench --features bench-internals --bench growth`, or `… -- check` for some of it.
//!
//! Every work at 1, 10, 100 and 200 times the hosts and the tasks; fails where the last doubling costs more than
//! [`MOST`] times the instructions (without valgrind, the CPU time), or a command that much more memory.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod big;
mod commands;
mod gauge;
mod work;

use std::process::ExitCode;

use big::Size;
use gauge::{Gauge, gauge};
use work::{Amount, Axis, Work};

/// What twice the hosts or tasks may cost.
const MOST: f64 = 2.1;

/// How often a time that grew too much is taken again: noise only adds.
const AGAIN: usize = 3;

/// What stays the same while hosts grow, and the other way round.
const TASKS: usize = 20;
const HOSTS: usize = 100;

fn main() -> ExitCode {
    // The whole of a check stands among the commands.
    let works: Vec<&Work> = commands::ALL.iter().chain(work::ALL.iter().filter(|work| work.name != "check")).collect();
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == gauge::CHILD).is_some() {
        gauge::child(&works, arguments);
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = arguments.collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("growth is measured by `cargo bench` only");
        return ExitCode::SUCCESS;
    }
    let wanted = |work: &Work| {
        let mut names = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
        names.peek().is_none() || names.any(|name| work.name.contains(name.as_str()))
    };
    let count = gauge::can_count();
    println!(
        "{:<17} {:>6} {:>5} {:>8} {:>14} {:>11} {:>12} {:>9}",
        "work", "hosts", "tasks", "a round", "instructions", "for each", "CPU ms", "peak MiB"
    );
    let mut breaches = Vec::new();
    for work in works.into_iter().filter(|work| wanted(work)) {
        for axis in work.grows_with {
            breaches.extend(growth(work, *axis, count));
        }
    }
    breaches.iter().for_each(|breach| eprintln!("growth: {breach}"));
    if breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints how a work grows, and says what grew too much.
fn growth(work: &Work, axis: Axis, count: bool) -> Vec<String> {
    let sizes = [1, 10, 100, 200].map(|times| size(work, axis, times));
    let mut gauges = sizes.map(|size| {
        let gauge = gauge(work, size, count);
        println!("{}", row(work, size, gauge));
        gauge
    });
    for _ in 0..AGAIN {
        if count || ratio(gauges[3].nanos, gauges[2].nanos) <= MOST {
            break;
        }
        for at in [2, 3] {
            gauges[at].nanos = gauges[at].nanos.min(gauge(work, sizes[at], false).nanos);
        }
    }
    let [.., once, twice] = gauges;
    let instructions = once.instructions.zip(twice.instructions).map(|(once, twice)| ratio(twice, once));
    let (time, memory) = (ratio(twice.nanos, once.nanos), ratio(twice.peak, once.peak));
    let counted = instructions.map_or_else(String::new, |ratio| format!("{ratio:.2} x the instructions, "));
    println!("  twice the {}: {counted}{time:.2} x the time, {memory:.2} x the memory\n", word(axis));
    let is_command = commands::ALL.iter().any(|command| command.name == work.name);
    let judged = [instructions.map_or((time, "time"), |ratio| (ratio, "instructions")), (memory, "memory")];
    let judged = judged.into_iter().filter(|(_, what)| is_command || *what != "memory");
    let breach = |(ratio, what)| format!("{}: twice the {} cost {ratio:.2} x the {what}, more than {MOST}", work.name, word(axis));
    judged.filter(|(ratio, _)| *ratio > MOST).map(breach).collect()
}

fn size(work: &Work, axis: Axis, times: usize) -> Size {
    // The record takes a hundred times as long as the rest, and a tenth of the hosts shows as much.
    let few = if work.name == "store" { 10 } else { 1 };
    let hosts = HOSTS / few;
    match axis {
        Axis::Hosts => Size { hosts: 10 / few * times, tasks: TASKS, a_round: TASKS },
        Axis::Tasks => Size { hosts, tasks: 2 * times, a_round: TASKS },
        Axis::Round => Size { hosts, tasks: 2 * times, a_round: 2 * times },
    }
}

fn word(axis: Axis) -> &'static str {
    match axis {
        Axis::Hosts => "hosts",
        Axis::Tasks => "tasks",
        Axis::Round => "tasks in one round",
    }
}

fn row(work: &Work, size: Size, gauge: Gauge) -> String {
    let (Amount::Things(amount) | Amount::Bytes(amount)) = (work.amount)(size);
    let counted = gauge.instructions.map_or_else(|| "-".to_owned(), |count| count.to_string());
    let each = gauge.instructions.map_or_else(|| "-".to_owned(), |count| format!("{:.1}", ratio(count, amount)));
    let (time, memory) = (gauge.nanos as f64 / 1e6, gauge.peak as f64 / 1024.0);
    format!("{:<17} {:>6} {:>5} {:>8} {counted:>14} {each:>11} {time:>12.3} {memory:>9.1}", work.name, size.hosts, size.tasks, size.a_round)
}

fn ratio(of: u64, to: u64) -> f64 {
    of as f64 / to.max(1) as f64
}
