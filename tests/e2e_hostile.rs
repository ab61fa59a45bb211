//! A hostile host can lie about itself, and nothing else: it fills neither memory nor disk, holds no run up, moves no cursor, speaks for no other.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::Duration;

use common::{hostile, record};

const SITE: &str = r#"
rounds:
  - name: work
    hosts: all
    defaults: { timeout: 4s }
    tasks:
      - { name: one, run: echo one, only_if: "true" }
      - { name: two, run: echo two }
      - { name: seen, wait_for: { command: "true", timeout: 2s }, allow_failure: true }
  - name: after
    hosts: good1,good2
    tasks:
      - { name: last, run: echo last }
"#;

/// More than all of it, less than one flood of a few seconds.
const MEMORY: u64 = 220 << 20;

#[test]
fn no_lie_reaches_beyond_its_host() {
    let project = hostile::project(&hostile::MODES);
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
    for ended in ["stdout", "stderr", "passes", "half", "gone", "order", "before", "silent"] {
        let status = run.status(ended, "one");
        assert!(matches!(status.as_deref(), Some("failed" | "unreachable" | "unknown")), "{ended}: {status:?}\n{}", seen.shown.text());
    }
    for ends in outcomes.values() {
        let reason = ends[0]["reason"].as_str().unwrap_or_default();
        assert!(reason.len() < 20_000, "{} bytes of reason", reason.len());
    }
}
