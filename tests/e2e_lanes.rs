//! Hosts that make lanes difficult: few channels, no shell, a shell that dies, what a task leaves running on purpose.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use common::lab::LabOptions;
use common::{Lab, Project, procs, record};
use rustix::process::Signal;

#[test]
fn a_server_with_one_channel_does_all_the_same() {
    let project = Project::new();
    project.file(
        "site.yml",
        "rounds:\n  - name: r\n    hosts: all\n    tasks:\n      - parallel: [{ run: sleep 0.9 }, { run: sleep 1.1 }, { name: file, copy: { content: \
         \"{{ 'x' * 40000 }}\", dest: \"{{ to }}\" } }]\nvars: { to: unset }\n",
    );
    let lab = Lab::with(&LabOptions { max_sessions: 1, ..LabOptions::default() });
    let to = project.path("there");
    let shown = project.run(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap(), "-e", &format!("to={}", to.display())]);
    let shown = shown.expect_code(0);
    assert!(shown.both().contains("3 changed"), "{}", shown.text());
    assert_eq!(std::fs::metadata(to).unwrap().len(), 40_000);
}

#[test]
fn parallel_members_run_side_by_side_on_one_connection() {
    let project = Project::new();
    project.file(
        "site.yml",
        "rounds:\n  - name: r\n    hosts: all\n    tasks:\n      - run: 'true'\n      - parallel: [{ run: sleep 6.1 }, { run: sleep 6.2 }, { run: sleep 6.3 }]\n",
    );
    let lab = Lab::start(1);
    let since = Instant::now();
    project.ok(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    assert!(since.elapsed() < Duration::from_secs(12), "three of six seconds took {:?}", since.elapsed());
    assert_eq!(lab.connections(), 1);
}

#[test]
fn a_host_without_a_shell_is_told_once() {
    let project = Project::new();
    project.file("site.yml", "rounds:\n  - name: r\n    hosts: all\n    tasks: [{ run: one, allow_failure: true }, { run: two }]\n");
    project.file("hosts.yml", "hosts: { a: { connect: { transport: { command: [sh, -c, 'echo no shell here >&2; exit 1', x] } } } }\n");
    let shown = project.run_within(Duration::from_secs(30), &["run", "site.yml", "-i", "hosts.yml"]).expect_code(4);
    assert!(shown.both().contains("no shell here"), "{}", shown.text());
}

#[test]
fn a_program_between_carries_a_whole_run() {
    let mut project = Project::new();
    // In docker's place: notes how it was called, then is the container.
    let bin = project.file(
        "bin/docker",
        "#!/bin/sh\necho \"$1 $2 $3 $4 $5\" >>\"$CALLS\"\n[ \"$1 $2 $3 $4 $5\" = 'exec -i -u app box1' ] || exit 64\nshift 5\nexec \"$@\"\n",
    );
    std::fs::set_permissions(&bin, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
    let calls = project.path("calls").display().to_string();
    project.env("PATH", &path).env("CALLS", &calls);
    let dest = project.path("made");
    project.file(
        "site.yml",
        format!("rounds:\n  - name: r\n    hosts: all\n    tasks:\n      - {{ name: words, run: [printf, '[%s]', \"a b\", \"c'd\"] }}\n      - {{ name: made, copy: {{ content: hello, dest: {} }} }}\n      - {{ name: again, read: {} }}\n", dest.display(), dest.display()),
    );
    project.file(
        "hosts.yml",
        "connect: { user: app }\nhosts:\n  box1: { connect: { transport: docker } }\n  plain: { connect: { transport: { command: [sh, -c, 'exec \"$@\"', '-'] } } }\n",
    );
    for host in ["box1", "plain"] {
        project.ok(&["run", "site.yml", "-i", "hosts.yml", "--limit", host]);
        let run = record::runs(&project.record()).pop().unwrap();
        assert_eq!(run.stdout(host, "words"), b"[a b][c'd]");
        assert_eq!(run.stdout(host, "again"), b"hello");
    }
    assert_eq!(std::fs::read_to_string(project.path("calls")).unwrap().lines().next(), Some("exec -i -u app box1"));
    assert!(project.ok(&["hosts", "-i", "hosts.yml"]).both().contains("docker:box1"));
}

#[test]
fn what_is_left_running_on_purpose_outlives_the_run() {
    let project = Project::new();
    let nap = format!("7{}.5", std::process::id());
    project.file("site.yml", format!("rounds:\n  - name: r\n    hosts: all\n    tasks:\n      - run: 'sleep {nap} >/dev/null 2>&1 &'\n"));
    let lab = Lab::start(1);
    project.ok(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    std::thread::sleep(Duration::from_millis(500));
    let left = procs::matching(&format!("sleep {nap}"));
    left.iter().for_each(|process| procs::signal(process.pid, Signal::TERM));
    assert_eq!(left.len(), 1, "{left:?}");
}
