//! Measures one work at one size, each time in a process of its own.
//!
//! The parent asks ([`gauge`]), the child does ([`child`]): this very program with other arguments, natively for time and
//! memory, under valgrind for a count of instructions, which no noise changes. Must not know what is too much.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::big::{Big, Size};
use crate::work::Work;

/// The argument that makes this program the child.
pub(crate) const CHILD: &str = "child";

/// What a child is to do with its work: take its time, only do it, or leave it at what it needs to begin. A program under
/// valgrind can't read the clock of its process.
const TIME: &str = "time";
const DO: &str = "do";
const NOTHING: &str = "nothing";

/// Children of which the quickest counts.
const CHILDREN: usize = 3;

/// Short work is done again and again for so long, since what it needs takes longer to make than the work takes.
const LONG_ENOUGH: u64 = 10_000_000;
/// But not more often.
const OFTEN_ENOUGH: u64 = 500;

/// What one doing took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gauge {
    /// Instructions of all threads; none without valgrind.
    pub(crate) instructions: Option<u64>,
    /// CPU time of all threads in nanoseconds, the least of several.
    pub(crate) nanos: u64,
    /// The most memory that the process had, in KiB, what the work needs to begin included; 0 where the system does not say.
    pub(crate) peak: u64,
}

/// Measures a work at a size.
pub(crate) fn gauge(work: &Work, size: Size, count: bool) -> Gauge {
    let (mut nanos, mut peak) = native(work, size, 1);
    let times = (LONG_ENOUGH / nanos.max(1)).clamp(1, OFTEN_ENOUGH);
    for _ in 1..CHILDREN {
        let (again, memory) = native(work, size, times);
        nanos = nanos.min(again);
        peak = peak.min(memory);
    }
    let instructions = count.then(|| {
        let counted = |does: &str| counted(work, size, times, does);
        counted(DO).saturating_sub(counted(NOTHING)) / times
    });
    Gauge { instructions, nanos, peak }
}

/// Says whether instructions can be counted here.
pub(crate) fn can_count() -> bool {
    let asked = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Gives time and memory.
fn native(work: &Work, size: Size, times: u64) -> (u64, u64) {
    let program = std::env::current_exe().expect("this program");
    let said = heard(Command::new(program), work, size, times, TIME);
    let said = said.lines().last().and_then(|line| line.split_once(' ')).expect("two numbers");
    (said.0.parse().expect("nanoseconds"), said.1.parse().expect("KiB"))
}

fn counted(work: &Work, size: Size, times: u64, does: &str) -> u64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe().expect("this program"));
    let said = heard(valgrind, work, size, times, does);
    let count = said.lines().find_map(|line| line.split_once("Collected :")).expect("callgrind's count");
    count.1.trim().parse().expect("a number")
}

/// Runs a child, and gives what it says on standard error.
fn heard(mut command: Command, work: &Work, size: Size, times: u64, does: &str) -> String {
    let numbers = [size.hosts as u64, size.tasks as u64, size.a_round as u64, times].map(|number| number.to_string());
    let output = command.args([CHILD, work.name]).args(numbers).arg(does).stdout(Stdio::null()).output().expect("a process");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{} at {size:?}:\n{said}", work.name);
    said
}

/// Does what the parent asked for, and says what it took.
pub(crate) fn child(works: &[&Work], mut arguments: impl Iterator<Item = String>) {
    let name = arguments.next().expect("a name");
    let mut number = || arguments.next().and_then(|text| text.parse().ok()).expect("a number");
    let (hosts, tasks, a_round, times) = (number(), number(), number(), number());
    let does = arguments.next().unwrap_or_default();
    let work = works.iter().find(|work| work.name == name).expect("a work of this name");
    let big = Big::new(Size { hosts, tasks, a_round });
    let prepared = (work.prepare)(&big);
    let mut least = u64::MAX;
    for _ in 0..times {
        let once = prepared.fresh();
        match does.as_str() {
            TIME => {
                let begun = cpu();
                let made = once();
                least = least.min(cpu() - begun);
                drop(made);
            }
            NOTHING => drop(once),
            _ => drop(once()),
        }
    }
    eprintln!("{least} {}", peak());
}

fn cpu() -> u64 {
    let now = Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).expect("a time that is not negative");
    u64::try_from(now.as_nanos()).expect("less than centuries")
}

/// The most memory that this process had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
