//! A hostile host can lie about itself, and nothing else: it fills neither memory nor disk, holds no run up, moves no cursor, speaks for no other.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::Duration;

use common::{Project, hostile, record};

const SITE: &str = r#"
rounds:
  - name: work
    hosts: all
    defaults: { timeout: 4s }
    tasks:
      - { name: one, run: echo one, only_if: "true" }
      - { name: two, run: echo two }
      - { name: seen, wait_for: { command: "true" }, allow_failure: true }
  - name: after
    hosts: good1,good2
    tasks:
      - { name: last, run: echo last }
"#;

/// More than all of it, less than one flood of a few seconds.
const MEMORY: u64 = 220 << 20;

#[test]
fn no_lie_reaches_beyond_its_host() {
    let project = hostile::project(&hostile::QUICK);
    let seen = hostile::run(&project, SITE, Duration::from_secs(90));
    assert!(seen.memory > 0 && seen.memory < MEMORY, "{} MB of memory", seen.memory >> 20);
    // 8 MiB for each stream of each step that floods, and some more for what all have.
    assert!(seen.disk < 80 << 20, "{} MB of disk", seen.disk >> 20);
    assert!(!seen.shown.both().contains("panicked"), "{}", seen.shown.text());
    assert_ne!(seen.shown.code, 0);
    let run = record::only_run(&project.record());
    for good in ["good1", "good2"] {
        for (task, wanted) in [("one", "one\n"), ("two", "two\n"), ("last", "last\n")] {
            assert_eq!(run.stdout(good, task), wanted.as_bytes(), "{good} {task}\n{}", seen.shown.text());
        }
    }
    let outcomes = run.outcomes();
    assert!(outcomes.values().all(|ends| ends.len() == 1), "a step ends once: {outcomes:?}");
    // Forged marks are output; only its own end counts.
    assert_eq!(run.status("forged", "two").as_deref(), Some("changed"));
    assert!(run.stdout("forged", "two").starts_with(b"before\xff\n"));
    for ended in ["stdout", "stderr", "passes", "half", "gone", "order", "silent"] {
        let status = run.status(ended, "one");
        assert!(matches!(status.as_deref(), Some("failed" | "unreachable" | "unknown")), "{ended}: {status:?}\n{}", seen.shown.text());
    }
    for ends in outcomes.values() {
        let reason = ends[0]["reason"].as_str().unwrap_or_default();
        assert!(reason.len() < 20_000, "{} bytes of reason", reason.len());
    }
}

/// Eight kinds of senseless answers for each verb that has some.
#[test]
fn senseless_answers_fail_their_task() {
    let verbs = [
        "stat: /x",
        "glob: '/x/*'",
        "copy: { content: x, dest: /x }",
        "directory: { dest: /x }",
        "line: { dest: /x, line: y }",
        "facts: all",
        // Its channel for files waits for an answer as long as the task may.
        "timeout: 2s, fetch: { src: /x, dest: out/ }",
        "timeout: 2s, unarchive: { src: a.tar, dest: /x }",
    ];
    let project = hostile::project(&["lies"]);
    project.file("a.tar", [0; 2048]);
    let mut site = String::from("rounds:\n  - hosts: lies\n    defaults: { allow_failure: true, timeout: 20s }\n    tasks:\n");
    // Nine of each, so that each meets every answer.
    for (index, verb) in verbs.iter().enumerate() {
        for turn in 0..9 {
            site.push_str(&format!("      - {{ id: t{index}_{turn}, {verb} }}\n"));
        }
    }
    site.push_str("  - hosts: good1\n    tasks: [{ id: last, run: echo last }]\n");
    let seen = hostile::run(&project, &site, Duration::from_secs(100));
    assert!(!seen.shown.both().contains("panicked"), "{}", seen.shown.text());
    assert!(seen.memory < MEMORY && seen.disk < 80 << 20, "{} and {} MB", seen.memory >> 20, seen.disk >> 20);
    let run = record::only_run(&project.record());
    assert_eq!(run.status("good1", "last").as_deref(), Some("changed"), "{}", seen.shown.text());
    let outcomes = run.outcomes();
    assert_eq!(outcomes.len(), 9 * verbs.len() + 1);
    // What was cut is not taken for the whole: a list of paths least of all.
    let cut = outcomes.iter().filter(|((_, _, task), _)| task.starts_with("t1_")).map(|(_, ends)| ends[0]["reason"].as_str());
    assert!(cut.flatten().any(|reason| reason.contains("too long to be judged")), "{}", seen.shown.text());
    assert!(!project.path("out").exists() || std::fs::read_dir(project.path("out")).unwrap().count() == 0, "nothing was brought");
}

/// A file without an end is brought up to what was announced and no further.
#[test]
fn a_file_that_never_ends_fills_no_disk() {
    let project = Project::new();
    // In the host's place for two channels: what is asked first answers with a size, what follows has no end.
    let host = project.file(
        "host.sh",
        "IFS= read -r t; printf '%s\\n' \"$t\"; printf '%s\\n' \"$t\" >&2\n\
         while IFS= read -r l && test \"$l\" != \"$t\"; do case $l in *digest*) asked=1;; esac; done\n\
         if test \"$asked\"; then echo \"$1\"; else exec cat /dev/zero; fi\n",
    );
    let hosts: String = [("ends", "1000000"), ("huge", "9000000000000000000"), ("odd", "much")]
        .iter()
        .map(|(name, size)| format!("  {name}: {{ connect: {{ transport: {{ command: [sh, {}, '{size}'] }} }} }}\n", host.display()))
        .collect();
    project.file("hosts.yml", format!("hosts:\n{hosts}"));
    let seen = hostile::run(
        &project,
        "rounds:\n  - hosts: all\n    tasks: [{ id: it, fetch: { src: /x, dest: out/ } }]\n",
        Duration::from_secs(30),
    );
    let run = record::only_run(&project.record());
    for (host, words) in [("ends", "changed while it was read"), ("huge", "there is room for"), ("odd", "can't be understood")] {
        assert_eq!(run.status(host, "it").as_deref(), Some("failed"), "{}", seen.shown.text());
        assert!(seen.shown.both().contains(words), "{words}\n{}", seen.shown.text());
    }
    let left: Vec<_> = std::fs::read_dir(project.path("out")).map(|found| found.flatten().collect()).unwrap_or_default();
    let files: Vec<_> =
        left.iter().flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten()).map(|file| file.path()).collect();
    assert_eq!(files, Vec::<std::path::PathBuf>::new(), "nothing stays behind");
}
