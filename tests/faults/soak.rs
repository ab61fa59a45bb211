//! Soak: many rounds in one run and many runs after each other grow nothing: no memory, no open files, no processes, no files left behind.

use std::time::Duration;

use crate::common::{Lab, Project, procs};
use crate::table::Fault;

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault { id: "soak", what: "round after round in one run grows nothing", tries: (30, 2000), run: rounds },
        Fault { id: "soak", what: "run after run leaves nothing behind", tries: (2, 200), run: runs },
    ]
}

/// What a process has at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Gauge {
    kilobytes: usize,
    files: usize,
    threads: usize,
    children: usize,
}

fn gauge(pid: i32) -> Option<Gauge> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    // Only root sees those of a process that keeps its memory private.
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    Some(Gauge { kilobytes: field("VmRSS:")?, files, threads: field("Threads:")?, children: procs::descendants(pid).len() })
}

/// The rounds of one run: each says something, fails and is repeated, sends a file, ends a lane by a timeout.
fn rounds(tries: usize) -> Vec<String> {
    let hosts = 4;
    let lab = Lab::start(hosts);
    let mut project = Project::new();
    let tmp = project.path("tmp");
    std::fs::create_dir_all(&tmp).unwrap();
    project.env("TMPDIR", tmp.to_str().unwrap());
    let mut site = String::from("rounds:\n");
    for round in 0..tries {
        site.push_str(&format!(
            "  - name: r{round}\n    hosts: all\n    tasks:\n      - {{ run: seq 1 2000 }}\n      - {{ run: 'echo {round} >>{here}/rounds', once: true }}\n      \
             - {{ copy: {{ content: '{round} {{{{ host.name }}}}', dest: '{here}/{{{{ host.name }}}}' }} }}\n      - parallel: [{{ run: echo a }}, {{ run: 'exit 3', allow_failure: true }}]\n",
            here = project.path("").display()
        ));
        if round % 20 == 10 {
            site.push_str("      - { run: 'sleep 7', timeout: 100ms, allow_failure: true }\n");
        }
    }
    project.file("site.yml", site);
    let mut running = project.spawn(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    let mut gauges: Vec<Gauge> = Vec::new();
    let done = || std::fs::read_to_string(project.path("rounds")).map(|text| text.lines().count()).unwrap_or(0);
    let ended = procs::wait_until(Duration::from_secs(60 + tries as u64), || {
        // Nothing is judged before all lanes are open.
        if done() >= tries / 4 {
            gauges.extend(gauge(running.pid()));
        }
        !running.is_running()
    });
    assert!(ended, "{}", running.so_far());
    let shown = running.wait(Duration::from_secs(5));
    let mut lost = Vec::new();
    if shown.code != 0 || done() != tries {
        lost.push(format!("{} of {tries} rounds\n{}", done(), shown.text().chars().take(3000).collect::<String>()));
    }
    // The first third against the last: what grows with time is larger there.
    let third = gauges.len() / 3;
    if third > 3 {
        let most = |part: &[Gauge], of: fn(&Gauge) -> usize| part.iter().map(of).max().unwrap_or(0);
        let (early, late) = (&gauges[..third], &gauges[gauges.len() - third..]);
        for (what, of, more) in [
            ("KB of memory", (|gauge| gauge.kilobytes) as fn(&Gauge) -> usize, 12_000),
            ("open files", |gauge| gauge.files, 12),
            ("threads", |gauge| gauge.threads, 4),
            ("processes", |gauge| gauge.children, 12),
        ] {
            let (before, after) = (most(early, of), most(late, of));
            if after > before + more {
                lost.push(format!("{before} {what} at first, {after} at last"));
            }
        }
    }
    lost.extend(left(&lab, &tmp));
    lost
}

fn runs(tries: usize) -> Vec<String> {
    let lab = Lab::start(3);
    let mut project = Project::new();
    let tmp = project.path("tmp");
    std::fs::create_dir_all(&tmp).unwrap();
    project.env("TMPDIR", tmp.to_str().unwrap());
    project.file("big", vec![b'x'; 2_000_000]);
    let here = project.path("").display().to_string();
    project.file(
        "site.yml",
        format!(
            "rounds:\n  - hosts: all\n    tasks:\n      - {{ run: seq 1 100 }}\n      - {{ copy: {{ src: big, dest: '{here}/got-{{{{ host.name }}}}' }} }}\n      \
             - {{ fetch: {{ src: /etc/hostname, dest: fetched/ }} }}\n      - {{ run: 'exit 1', allow_failure: true }}\n"
        ),
    );
    let mut lost = Vec::new();
    for turn in 0..tries {
        let shown = project.run(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
        if shown.code != 0 {
            lost.push(format!("run {turn}: {}", shown.text()));
        }
    }
    lost.extend(left(&lab, &tmp));
    let beside: Vec<String> = std::fs::read_dir(project.path(".roundsman"))
        .unwrap()
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    if beside.iter().any(|name| name.ends_with(".lock") || name.contains("events")) {
        lost.push(format!("beside the record: {beside:?}"));
    }
    lost
}

/// What is left on hosts and in the folder for temporary files.
fn left(lab: &Lab, tmp: &std::path::Path) -> Vec<String> {
    let mut lost = Vec::new();
    if !procs::wait_until(Duration::from_secs(10), || lab.running().is_empty()) {
        lost.push(format!("left running: {:?}", lab.running()));
    }
    let files: Vec<_> = std::fs::read_dir(tmp).unwrap().flatten().map(|file| file.path()).collect();
    if !files.is_empty() {
        lost.push(format!("left behind: {files:?}"));
    }
    lost
}
