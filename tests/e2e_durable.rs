//! Durable tasks: what outlives the controller and the link, is found again, ends in time, and leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::{Lab, Project, procs, record};
use rustix::process::Signal;

fn nap(test: u32) -> String {
    format!("sleep 1100.{}{test:02}", std::process::id())
}

fn start(lab: &Lab, playbook: &str) -> Project {
    let project = Project::new();
    project.file("site.yml", playbook);
    project.file("hosts.yml", std::fs::read(lab.inventory()).unwrap());
    project
}

/// The folders of a run's durable executions, in the order sent.
fn folders(run: &record::RecordedRun, lab: &Lab) -> Vec<PathBuf> {
    let home = lab.home();
    run.of_kind("step_sent").filter_map(|event| event["durable"].as_str()).map(|name| home.join(".roundsman").join(name)).collect()
}

#[track_caller]
fn nothing_left(run: &record::RecordedRun, lab: &Lab) {
    for folder in folders(run, lab) {
        assert!(!folder.exists(), "left: {}", folder.display());
    }
    let gone = procs::wait_until(Duration::from_secs(10), || lab.running().is_empty() && lab.clients().is_empty());
    assert!(gone, "left running: {:?} {:?}", lab.running(), lab.clients());
}

#[test]
fn it_is_a_task_as_any_other_and_leaves_nothing() {
    let lab = Lab::start(2);
    let project = start(
        &lab,
        "rounds:\n  - hosts: all\n    tasks:\n      \
         - { name: large, run: 'head -c 10000000 /dev/zero; echo done >&2', durable: true }\n      \
         - { name: binary, run: 'printf \"\\000\\377\\036 no end\"', durable: true }\n      \
         - { name: args, run: [printf, '%s|', a b, $HOME], durable: true }\n      \
         - { name: script, script: s.sh, stdin: \"in put\", env: { A: \"it's\" }, cwd: /usr, durable: true }\n      \
         - { name: guarded, run: 'echo never', creates: /etc/passwd, durable: true }\n      \
         - block:\n          - { name: items, run: 'echo {{ item }}', each: [x, y] }\n          - { name: copied, copy: { content: a, dest: '{{ f }}' } }\n        durable: true\n      \
         - { name: tried, run: 'test -e {{ f }}.{{ host.name }} || { touch {{ f }}.{{ host.name }}; exit 4; }', retries: 2, delay: 10ms, durable: true }\n      \
         - { name: fails, run: 'echo words >&2; exit 3', durable: true }\nvars: { f: unset }\n",
    );
    project.file("s.sh", "#!/bin/sh\ncat; echo \"$A $PWD\"\n");
    let f = format!("f={}", project.path("file").display());
    let shown = project.run(&["run", "site.yml", "-i", "hosts.yml", "-e", &f]).expect_code(4);
    let run = record::only_run(&project.record());
    for host in ["h001", "h002"] {
        assert_eq!(run.stdout(host, "binary"), b"\0\xff\x1e no end", "{}", shown.text());
        assert_eq!(run.stdout(host, "args"), b"a b|$HOME|");
        assert_eq!(run.stdout(host, "script"), b"in putit's /usr\n");
        assert_eq!(run.stdout(host, "items"), b"x\ny\n");
        let of = |task: &str| run.outcomes().into_iter().find(|((h, _, t), _)| h == host && t == task).unwrap().1.remove(0);
        assert_eq!(of("large")["stdout"]["bytes"], 10_000_000, "{}", of("large"));
        assert_eq!(run.status(host, "guarded").as_deref(), Some("skipped"));
        assert_eq!(run.status(host, "tried").as_deref(), Some("changed"));
        assert_eq!((of("fails")["status"].as_str(), of("fails")["rc"].as_i64()), (Some("failed"), Some(3)));
    }
    let names = folders(&run, &lab);
    assert_eq!(names.len(), 2 * (5 + 2 + 2 + 1), "{names:?}");
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len(), "each execution has its own");
    nothing_left(&run, &lab);
}

#[test]
fn it_goes_on_when_the_controller_is_killed_and_is_found_again() {
    let lab = Lab::start(1);
    let project = start(
        &lab,
        "vars: { count: unset }\nrounds:\n  - hosts: all\n    tasks:\n      - name: long\n        durable: true\n        \
         run: echo run >>{{ count }}; echo one; sleep 3; echo two; echo end >>{{ count }}; exit 5\n",
    );
    let count = project.path("count");
    let text = || std::fs::read_to_string(&count).unwrap_or_default();
    let running = project.spawn(&["run", "site.yml", "-i", "hosts.yml", "-e", &format!("count={}", count.display())]);
    assert!(procs::wait_until(Duration::from_secs(20), || text() == "run\n"), "{}", running.so_far());
    running.signal(Signal::KILL);
    running.wait(Duration::from_secs(10));
    let ended = procs::wait_until(Duration::from_secs(10), || lab.clients().is_empty());
    assert!(ended && text() == "run\n", "it was still running when the link was gone: {:?}", text());
    let run = record::only_run(&project.record());
    let folder = folders(&run, &lab).remove(0);
    assert!(procs::wait_until(Duration::from_secs(20), || folder.join("rc.5").exists()), "it did not go on");
    assert_eq!((text().as_str(), std::fs::read(folder.join("out")).unwrap().as_slice()), ("run\nend\n", &b"one\ntwo\n"[..]));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn its_time_limit_ends_all_of_it() {
    let (lab, sleep) = (Lab::start(1), nap(1));
    let project = start(
        &lab,
        &format!(
            "rounds:\n  - hosts: all\n    tasks:\n      - name: long\n        durable: true\n        timeout: 1s\n        run: |\n          \
             echo last words\n          sh -c 'trap \"\" TERM; {sleep}; true' &\n          {sleep}\n      - run: echo behind\n"
        ),
    );
    let since = Instant::now();
    project.run(&["run", "site.yml", "-i", "hosts.yml"]).expect_code(4);
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
    assert_eq!(procs::wait_gone(&sleep, Duration::from_secs(10)), []);
    let run = record::only_run(&project.record());
    assert_eq!((run.status("h001", "long").as_deref(), run.stdout("h001", "long")), (Some("failed"), b"last words\n".to_vec()));
    nothing_left(&run, &lab);
}

#[test]
fn the_second_interrupt_ends_it() {
    let (lab, sleep) = (Lab::start(1), nap(2));
    let project =
        start(&lab, &format!("rounds:\n  - hosts: all\n    tasks:\n      - {{ name: long, durable: true, run: '{sleep}; true' }}\n"));
    let running = project.spawn(&["run", "site.yml", "-i", "hosts.yml"]);
    let there = || procs::matching(&sleep).iter().any(|process| process.command == sleep);
    assert!(procs::wait_until(Duration::from_secs(20), there), "{}", running.so_far());
    running.signal(Signal::INT);
    std::thread::sleep(Duration::from_secs(1));
    assert!(there(), "the first interrupt waits for it");
    running.signal(Signal::INT);
    running.wait(Duration::from_secs(20)).expect_code(130);
    assert_eq!(procs::wait_gone(&sleep, Duration::from_secs(10)), []);
    let run = record::only_run(&project.record());
    assert_eq!(run.status("h001", "long").as_deref(), Some("cancelled"));
    nothing_left(&run, &lab);
}

#[test]
fn a_process_that_was_killed_has_an_unknown_end() {
    let (lab, sleep) = (Lab::start(1), nap(3));
    let project = start(
        &lab,
        &format!(
            "rounds:\n  - hosts: all\n    tasks:\n      - {{ name: long, durable: true, run: '{sleep}; true' }}\n      - {{ name: behind, run: 'true' }}\n"
        ),
    );
    let running = project.spawn(&["run", "site.yml", "-i", "hosts.yml"]);
    let there = || procs::matching(&sleep).into_iter().find(|process| process.command == sleep);
    assert!(procs::wait_until(Duration::from_secs(20), || there().is_some()), "{}", running.so_far());
    let run = record::only_run(&project.record());
    let folder = folders(&run, &lab).remove(0);
    let pid = std::fs::read_to_string(folder.join("pid")).unwrap();
    let pid: i32 = pid.split(' ').next().unwrap().parse().unwrap();
    // Whoever would write the exit code goes first.
    let started = procs::descendants(pid);
    procs::signal(pid, Signal::KILL);
    for process in started {
        procs::signal(process.pid, Signal::KILL);
    }
    let shown = running.wait(Duration::from_secs(20));
    let run = record::only_run(&project.record());
    let outcome = run.outcomes().into_iter().find(|((.., task), _)| task == "long").unwrap().1.remove(0);
    assert!(outcome["status"] == "unknown" && outcome["reason"].as_str().unwrap().contains("left no exit code"), "{}", shown.text());
    assert_eq!(run.status("h001", "behind").as_deref(), Some("skipped"));
    // Its host can't tell any more: to ask it again would be so for ever, so somebody has to say.
    let shown = project.run(&["run", "--resume"]);
    assert!(shown.code == 6 && shown.text().contains("--assume"), "{}", shown.text());
    let shown = project.run(&["run", "--resume", "--assume", "done"]).expect_code(0);
    assert!(shown.text().contains("behind") && procs::matching(&sleep).is_empty(), "{}", shown.text());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_lane_that_ends_under_it_is_replaced() {
    let lab = Lab::start(1);
    let project = start(
        &lab,
        "vars: { count: unset }\nrounds:\n  - hosts: all\n    tasks:\n      - name: long\n        durable: true\n        \
         run: echo run >>{{ count }}; echo one; sleep 3; echo two\n",
    );
    let count = project.path("count");
    let running = project.spawn(&["run", "site.yml", "-i", "hosts.yml", "-e", &format!("count={}", count.display())]);
    assert!(procs::wait_until(Duration::from_secs(20), || count.exists()), "{}", running.so_far());
    let executor = |process: &procs::Process| process.command.starts_with("/bin/sh -s roundsman-");
    for process in lab.running().into_iter().filter(executor) {
        procs::signal(process.pid, Signal::KILL);
    }
    let shown = running.wait(Duration::from_secs(30)).expect_code(0);
    let run = record::only_run(&project.record());
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "run\n", "{}", shown.text());
    assert!(run.stdout("h001", "long").ends_with(b"one\ntwo\n"), "{:?}", run.stdout("h001", "long"));
    assert!(run.of_kind("step_sent").count() > 1, "its lane was ended");
    nothing_left(&run, &lab);
}

#[test]
fn a_verb_that_has_no_process_can_not_be_durable() {
    let project = Project::new();
    project.file("site.yml", "rounds:\n  - hosts: localhost\n    tasks:\n      - { copy: { content: a, dest: /tmp/a }, durable: true }\n");
    let shown = project.run(&["check", "site.yml"]).expect_code(3);
    assert!(shown.stderr.contains("`copy` can't be durable"), "{}", shown.text());
    project.file("site.yml", "rounds:\n  - hosts: localhost\n    tasks:\n      - { run: 'true', durable: true }\n");
    let shown = project.ok(&["plan", "site.yml"]);
    assert!(shown.stdout.contains("durable"), "{}", shown.text());
}
