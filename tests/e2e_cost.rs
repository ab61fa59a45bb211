//! What a run costs in round trips and in time on the host, beside plain ssh in the same test.
//!
//! Times on a shared machine prove little, so round trips are counted where they pass, and times only compared with
//! times of the same minute, with room.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use common::{Lab, Project, Relay, record};

/// One measurement at a time: two at once would measure each other.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn tasks(count: usize, run: &str) -> String {
    let tasks: String = (1..=count).map(|task| format!("      - {{ name: t{task}, run: {run} }}\n")).collect();
    format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n{tasks}")
}

#[test]
fn twenty_tasks_cost_no_more_round_trips_than_one() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let lab = Lab::start(1);
    let relay = Relay::to_lab(&lab, Duration::from_millis(25));
    let project = Project::new();
    project.file("inventory.yml", lab.inventory_text(relay.port()));
    project.file("one.yml", tasks(1, "uname -n"));
    project.file("twenty.yml", tasks(20, "uname -n"));
    let measure = |playbook: &str| {
        let (turns, start) = (relay.turns(), Instant::now());
        project.ok(&["run", playbook, "-i", "inventory.yml"]);
        (relay.turns() - turns, start.elapsed())
    };
    measure("one.yml");
    let (mut one, mut twenty): (Vec<_>, Vec<_>) = (0..3).map(|_| (measure("one.yml"), measure("twenty.yml"))).unzip();
    one.sort();
    twenty.sort();
    assert!(twenty[1].0 <= one[1].0, "turns: one task {one:?}, twenty tasks {twenty:?}");
    // Each waiting for the one before would take 19 × 50 ms more.
    let more = twenty[1].1.saturating_sub(one[1].1);
    assert!(more < Duration::from_millis(500), "one task {one:?}, twenty tasks {twenty:?}");
    for run in record::runs(&project.record()) {
        assert!(run.outcomes().values().all(|outcomes| outcomes[0]["status"] == "changed"));
    }
}

#[test]
fn a_thousand_tasks_against_a_loop_in_one_ssh() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let lab = Lab::start(1);
    let project = Project::new();
    project.file("site.yml", tasks(1000, "uname -n"));
    project.file("none.yml", tasks(1, "uname -n"));
    let inventory = lab.inventory();
    let run = |playbook: &str| {
        let start = Instant::now();
        project.ok(&["run", playbook, "-i", inventory.to_str().unwrap(), "-q"]);
        start.elapsed()
    };
    let shell = |script: &str| {
        let start = Instant::now();
        assert!(lab.ssh(1, lab.port(), script).output().unwrap().status.success());
        start.elapsed()
    };
    // What connecting costs is taken off both sides.
    let mut ratios: Vec<f64> = (0..3)
        .map(|_| {
            let ours = run("site.yml").saturating_sub(run("none.yml"));
            let floor = shell("i=0; while [ $i -lt 1000 ]; do (uname -n); i=$((i+1)); done").saturating_sub(shell("uname -n"));
            ours.as_secs_f64() / floor.as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    eprintln!("a thousand tasks against a loop in one ssh: {ratios:.2?}");
    // Without optimisation the checks and the record weigh more than the lane.
    let limit = if cfg!(debug_assertions) { 10.0 } else { 3.0 };
    assert!(ratios[1] <= limit, "{ratios:.2?} times a plain loop");
    let run = record::runs(&project.record()).into_iter().next().unwrap();
    assert_eq!(run.steps("step_ended").len(), 1000);
}

#[test]
fn few_open_files_slow_a_run_and_fail_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let lab = Lab::start(12);
    let project = Project::new();
    let parallel = "      - parallel: [{ run: uname }, { run: sleep 0.3 }, { run: sleep 0.3 }]\n";
    let round = |name: &str| format!("  - name: {name}\n    hosts: all\n    tasks:\n{parallel}      - {{ run: uname -n }}\n");
    project.file("site.yml", format!("rounds:\n{}{}", round("one"), round("two")));
    let program = env!("CARGO_BIN_EXE_roundsman");
    // Room for five lanes.
    let script = format!("ulimit -n 120; exec {program} run site.yml -i {}", lab.inventory().display());
    let shown = project.command_of("sh", &["-c", &script]).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
    assert!(shown.status.success(), "{stdout}\n{stderr}");
    assert!(stderr.contains("note: open files are limited to 120 (`ulimit -Hn`), so at most 5 of 12 hosts"), "{stderr}");
    let run = record::runs(&project.record()).into_iter().next().unwrap();
    assert_eq!(run.steps("step_ended").len(), 12 * 8);
    assert!(run.outcomes().values().all(|outcomes| outcomes[0]["status"] == "changed"));
    // Each host was left and connected anew for the second round, at least those that had to wait for it.
    assert!(lab.connections() > 12, "{}", lab.connections());
}
