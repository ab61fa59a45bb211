//! Ways to end a run early: whatever ends it, nothing of it is left on a host, and no ssh on this machine.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use common::{Lab, Project, cli::Running, procs, record};
use rustix::process::Signal;

/// A number of seconds that no other process sleeps for: it finds the test's own.
fn long_sleep(test: u32) -> String {
    format!("sleep 1000.{}{test:02}", std::process::id())
}

/// A project whose one task sleeps on every host, in a child and a grandchild.
fn sleeper(sleep: &str, timeout: &str) -> Project {
    let project = Project::new();
    let playbook = format!(
        "rounds:\n  - name: work\n    hosts: all\n    tasks:\n      - name: before\n        run: echo before\n      - name: asleep\n        \
         timeout: {timeout}\n        run: |\n          sh -c 'trap \"\" TERM; {sleep}; true' &\n          {sleep}\n      - name: behind\n        \
         run: echo behind\n  - name: later\n    hosts: all\n    tasks:\n      - name: last\n        run: echo last\n"
    );
    project.file("site.yml", playbook);
    project
}

fn start(project: &Project, lab: &Lab, sleep: &str) -> Running {
    let running = project.spawn(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    let asleep = procs::wait_until(Duration::from_secs(30), || procs::matching(sleep).iter().filter(|p| p.command == sleep).count() >= 4);
    assert!(asleep, "both sleeps run on both hosts: {:?}\n{}", procs::matching(sleep), running.so_far());
    running
}

#[track_caller]
fn nothing_left(lab: &Lab, sleep: &str) {
    assert_eq!(procs::wait_gone(sleep, Duration::from_secs(10)), [], "left on the hosts");
    let gone = procs::wait_until(Duration::from_secs(10), || lab.running().is_empty());
    assert!(gone, "left in sessions: {:?}", lab.running());
    let gone = procs::wait_until(Duration::from_secs(10), || lab.clients().is_empty());
    assert!(gone, "ssh left on this machine: {:?}", lab.clients());
}

#[test]
fn a_timeout_ends_all_that_the_task_started() {
    let sleep = long_sleep(1);
    let lab = Lab::start(2);
    let project = sleeper(&sleep, "2s");
    let start = Instant::now();
    let shown = project.run(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]).expect_code(4);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    nothing_left(&lab, &sleep);
    let run = record::only_run(&project.record());
    for host in ["h001", "h002"] {
        assert_eq!(run.status(host, "asleep").as_deref(), Some("failed"), "{}", shown.text());
        assert_eq!(run.status(host, "behind").as_deref(), Some("skipped"));
        let outcome = &run.outcomes()[&(host.to_owned(), "work".to_owned(), "asleep".to_owned())][0];
        assert!(outcome["reason"].as_str().unwrap().contains("timed out"), "{outcome}");
    }
}

#[test]
fn the_session_outlives_a_timeout() {
    let sleep = long_sleep(2);
    let lab = Lab::start(1);
    let project = Project::new();
    let tasks = format!(
        "      - {{ name: asleep, run: {sleep}, timeout: 1s, allow_failure: true }}\n      - {{ name: after, run: echo still here }}\n"
    );
    project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n{tasks}"));
    project.run(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    nothing_left(&lab, &sleep);
    let run = record::only_run(&project.record());
    assert_eq!(run.stdout("h001", "after"), b"still here\n");
    // What ignored TERM goes with its lane, so the next task has a new one.
    assert_eq!((lab.connections(), lab.channels()), (1, 2), "no new connection\n{}", lab.log());
}

#[test]
fn ctrl_c_twice_ends_what_runs() {
    let sleep = long_sleep(3);
    let lab = Lab::start(2);
    let project = sleeper(&sleep, "1h");
    let mut running = start(&project, &lab, &sleep);
    running.signal(Signal::INT);
    // The first asks only: what runs may finish.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(running.is_running(), "the first Ctrl-C waits for running tasks\n{}", running.so_far());
    assert!(!procs::matching(&sleep).is_empty());
    running.signal(Signal::INT);
    let shown = running.wait(Duration::from_secs(20)).expect_code(130);
    nothing_left(&lab, &sleep);
    let run = record::only_run(&project.record());
    for host in ["h001", "h002"] {
        assert_eq!(run.status(host, "before").as_deref(), Some("changed"), "{}", shown.text());
        // Whichever word is used for a task that was ended: not a good one, and not "unknown", since it was seen to end.
        let ended = run.status(host, "asleep");
        assert!(matches!(ended.as_deref(), Some("cancelled" | "failed")), "{ended:?}\n{}", shown.text());
        let behind = run.status(host, "behind");
        assert!(matches!(behind.as_deref(), Some("cancelled" | "skipped")), "{behind:?}\n{}", shown.text());
    }
    assert!(!run.steps("step_began").iter().any(|(_, _, task)| task == "behind" || task == "last"));
    assert_eq!(run.of_kind("interrupted").map(|event| event["stage"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(run.events.last().unwrap()["exit_code"], 130);
}

#[test]
fn terminate_is_143() {
    let sleep = long_sleep(4);
    let lab = Lab::start(2);
    let project = sleeper(&sleep, "1h");
    let running = start(&project, &lab, &sleep);
    running.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    running.signal(Signal::TERM);
    running.wait(Duration::from_secs(20)).expect_code(143);
    nothing_left(&lab, &sleep);
}

#[test]
fn sigkill_leaves_nothing_running() {
    let sleep = long_sleep(5);
    let lab = Lab::start(2);
    let project = sleeper(&sleep, "1h");
    let running = start(&project, &lab, &sleep);
    running.signal(Signal::KILL);
    running.wait(Duration::from_secs(5)).expect_code(137);
    nothing_left(&lab, &sleep);
    let run = record::only_run(&project.record());
    assert!(run.steps("step_began").contains(&("h001".into(), "work".into(), "asleep".into())));
    assert!(!run.steps("step_ended").contains(&("h001".into(), "work".into(), "asleep".into())));
}

#[test]
fn a_lost_link_leaves_nothing_running_and_says_so() {
    let sleep = long_sleep(6);
    let lab = Lab::start(2);
    let project = sleeper(&sleep, "1h");
    let running = start(&project, &lab, &sleep);
    lab.cut();
    let shown = running.wait(Duration::from_secs(60));
    assert!(shown.code == 4 || shown.code == 5, "{}", shown.text());
    nothing_left(&lab, &sleep);
    let run = record::only_run(&project.record());
    for host in ["h001", "h002"] {
        assert_eq!(run.status(host, "asleep").as_deref(), Some("unknown"), "{}", shown.text());
    }
}
