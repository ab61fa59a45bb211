//! Dry runs: what they say of each step, and what they keep to themselves.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use common::Project;

/// A project with one playbook on this machine, in which `DIR` is a folder with a file `old`.
fn project(tasks: &str) -> Project {
    let project = Project::new();
    std::fs::create_dir(project.path("there")).unwrap();
    project.file("there/old", "word=before\n");
    let tasks = tasks.replace("DIR", &project.path("there").display().to_string());
    project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: localhost\n    tasks:\n{tasks}"));
    project
}

#[test]
fn what_is_sensitive_is_not_in_the_differences() {
    let project = project("      - { name: put, copy: { src: wanted, dest: DIR/old }, sensitive: true }\n");
    project.file("wanted", "word=after\n");
    for format in ["text", "json"] {
        let shown = project.ok(&["plan", "site.yml", "--probe", "--diff", "--format", format]);
        assert!(shown.stdout.contains("change"), "{}", shown.text());
        assert!(!shown.stdout.contains("word="), "{}", shown.text());
    }
    let shown = project.ok(&["run", "site.yml", "--check", "--format", "jsonl"]);
    assert!(!shown.stdout.contains("word="), "{}", shown.text());
}

#[test]
fn a_block_is_tried_once() {
    let tasks = "      - name: tried\n        retries: 3\n        delay: 10m\n        block:\n          - copy: { content: x, dest: DIR/none/file }\n";
    let project = project(tasks);
    let began = Instant::now();
    project.run(&["plan", "site.yml", "--probe"]).expect_code(4);
    assert!(began.elapsed() < Duration::from_secs(60), "it waited for another try");
}

#[test]
fn a_block_with_items_is_foretold_over_all_its_passes() {
    let tasks = "      - name: filled
        each: [new, old]
        block:
          - { name: put, copy: { content: \"word=before\\n\", dest: \"DIR/{{ item }}\" } }
          - { name: follow, run: \"true\", when: tasks.put.changed }
      - { name: last, print: x, when: not tasks.put.changed }
      - { name: all, print: x, when: tasks.filled.changed }
";
    let project = project(tasks);
    let shown = project.ok(&["plan", "site.yml", "--probe", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let tasks = plan["rounds"][0]["tasks"].as_array().unwrap();
    let answers: Vec<&str> = tasks.iter().map(|task| task["forecasts"][0]["answer"].as_str().unwrap()).collect();
    assert_eq!(answers, ["changes", "runs", "reads", "reads"], "{}", shown.text());
}

/// What a plan says of the first round's tasks on its first host.
fn forecasts(shown: &common::cli::Shown) -> Vec<serde_json::Value> {
    let plan: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap_or_else(|error| panic!("{error}: {}", shown.text()));
    plan["rounds"][0]["tasks"].as_array().unwrap().iter().map(|task| task["forecasts"][0].clone()).collect()
}

#[test]
fn a_guard_that_takes_too_long_is_named() {
    let project = project("      - { name: stuck, run: \"true\", unless: sleep 200, timeout: 1s }\n");
    let words = "its guard `unless sleep 200` took longer than 1s";
    let shown = project.run(&["plan", "site.yml", "--probe", "--format", "json"]).expect_code(4);
    assert_eq!((&forecasts(&shown)[0]["answer"], &forecasts(&shown)[0]["reason"]), (&"fails".into(), &words.into()), "{}", shown.text());
    let shown = project.run(&["run", "site.yml"]).expect_code(4);
    assert!(shown.text().contains(words), "{}", shown.text());
}

#[test]
fn a_guard_that_kills_its_lane_holds_nothing_up() {
    let project = project("      - { name: killer, run: \"true\", unless: \"kill -9 $$\" }\n");
    for args in [&["run", "site.yml"][..], &["plan", "site.yml", "--probe"]] {
        let shown = project.spawn(args).wait(Duration::from_secs(20)).expect_code(4);
        assert!(shown.text().contains("its shell ended with it"), "{}", shown.text());
    }
}
