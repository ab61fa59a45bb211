//! What runs on this machine, from `/proc`.
//!
//! Hosts of the lab are this machine, so what a task left running shows here. Processes are found by a text that only
//! the test's own commands contain, never by a program's name.

use std::time::{Duration, Instant};

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) pid: i32,
    /// Its parent's id.
    pub(crate) parent: i32,
    /// Its arguments, joined by blanks.
    pub(crate) command: String,
}

/// Every process that can be seen, zombies left out.
pub(crate) fn all() -> Vec<Process> {
    let mut processes = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc is readable").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may end while we look.
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // The program's name stands in parentheses and may hold blanks and parentheses.
        let Some(after) = stat.rfind(')').map(|at| &stat[at + 1..]) else { continue };
        let mut fields = after.split_whitespace();
        let state = fields.next().unwrap_or("Z");
        let parent = fields.next().and_then(|field| field.parse().ok()).unwrap_or(0);
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if !matches!(state, "Z" | "X") {
            let command = String::from_utf8_lossy(&command).replace('\0', " ").trim_end().to_owned();
            processes.push(Process { pid, parent, command });
        }
    }
    processes
}

/// Processes whose arguments hold the text.
pub(crate) fn matching(text: &str) -> Vec<Process> {
    let own = i32::try_from(std::process::id()).expect("a process id");
    all().into_iter().filter(|process| process.pid != own && process.command.contains(text)).collect()
}

/// All that descend from a process, itself left out.
pub(crate) fn descendants(ancestor: i32) -> Vec<Process> {
    let processes = all();
    let mut family = vec![ancestor];
    let mut found: Vec<Process> = Vec::new();
    let mut grown = true;
    while grown {
        grown = false;
        for process in &processes {
            if family.contains(&process.parent) && !family.contains(&process.pid) {
                family.push(process.pid);
                found.push(process.clone());
                grown = true;
            }
        }
    }
    found
}

/// Waits until nothing matches; gives what still does when the time is up.
pub(crate) fn wait_gone(text: &str, limit: Duration) -> Vec<Process> {
    let start = Instant::now();
    loop {
        let left = matching(text);
        if left.is_empty() || start.elapsed() > limit {
            return left;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until a condition holds; false when the time is up.
pub(crate) fn wait_until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Sends a signal to one process of the test's own; one that is gone is no error.
pub(crate) fn signal(pid: i32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
    let _ = rustix::process::kill_process(pid, signal);
}
