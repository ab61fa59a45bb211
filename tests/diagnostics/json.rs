//! `check --format json`: the shape that editors and pipelines read, which only grows.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::common::Project;

const FIELDS: [&str; 12] =
    ["code", "severity", "message", "file", "line", "column", "end_line", "end_column", "label", "related", "notes", "hint"];
const RELATED: [&str; 6] = ["file", "line", "column", "end_line", "end_column", "text"];

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Runs `check`; nothing but the list goes out, and nothing else is said.
fn check(project: &Project, words: &[&str], code: i32) -> Vec<Value> {
    let words: Vec<&str> = ["check"].iter().chain(words).chain(&["--format", "json"]).copied().collect();
    let shown = project.run(&words).expect_code(code);
    assert_eq!(shown.stderr, "", "{words:?}");
    let Value::Array(list) = serde_json::from_str(&shown.stdout).unwrap() else { panic!("{}", shown.stdout) };
    for found in &list {
        assert_eq!(keys(found), FIELDS.into(), "{found}");
        for related in found["related"].as_array().unwrap() {
            assert_eq!(keys(related), RELATED.into(), "{related}");
        }
    }
    list
}

#[test]
fn every_field_is_what_the_page_says() {
    let project = Project::new();
    project.file("inventory.yml", "hosts:\n  web1: { vars: { port: 80 } }\n  web2: {}\n");
    project.file("site.yml", "rounds:\n  - name: é\n    hosts: all\n    tasks:\n      - rnu: id\n      - print: \"é {{ port }}\"\n");
    let list = check(&project, &["site.yml", "-i", "inventory.yml"], 3);
    let wanted = json!([
        {
            "code": "E015", "severity": "error", "message": "unknown key `rnu` in a task",
            "file": "site.yml", "line": 5, "column": 9, "end_line": 5, "end_column": 12,
            "label": "", "related": [], "notes": [], "hint": "did you mean `run`?",
        },
        {
            "code": "E110", "severity": "error", "message": "the variable `port` is not defined for web2",
            "file": "site.yml", "line": 6, "column": 22, "end_line": 6, "end_column": 26,
            "label": "",
            "related": [{
                "file": "inventory.yml", "line": 2, "column": 19, "end_line": 2, "end_column": 23, "text": "web1 has it from here",
            }],
            "notes": [], "hint": "give it to every host, or write `port | default(…)`",
        },
    ]);
    assert_eq!(Value::Array(list), wanted);
}

#[test]
fn nothing_wrong_is_an_empty_list() {
    let project = Project::new();
    project.file("site.yml", "rounds:\n  - hosts: localhost\n    tasks:\n      - run: id\n");
    assert_eq!(check(&project, &["site.yml"], 0), [] as [Value; 0]);
}

#[test]
fn warnings_are_told_and_only_denied_when_asked() {
    let project = Project::new();
    project.file("site.yml", "vars: { nothing: 1 }\nrounds:\n  - hosts: localhost\n    tasks:\n      - run: id\n");
    for (words, code) in [(&["site.yml"][..], 0), (&["site.yml", "--deny-warnings"], 3)] {
        let list = check(&project, words, code);
        assert_eq!((list.len(), &list[0]["code"], &list[0]["severity"]), (1, &json!("W101"), &json!("warning")), "{words:?}");
    }
}

#[test]
fn several_playbooks_are_one_list_and_what_they_share_stands_once() {
    let project = Project::new();
    project.file("inventory.yml", "hosts: { web1: { adress: a } }\n");
    for name in ["a.yml", "b.yml"] {
        project.file(name, "rounds:\n  - hosts: all\n    tasks:\n      - rnu: id\n");
    }
    let list = check(&project, &["a.yml", "b.yml", "-i", "inventory.yml"], 3);
    let places: Vec<_> = list.iter().map(|found| (found["file"].as_str().unwrap(), found["line"].as_u64().unwrap())).collect();
    assert_eq!(places, [("a.yml", 4), ("inventory.yml", 1), ("b.yml", 4)]);
}

#[test]
fn mistakes_of_the_command_line_have_places_too() {
    let project = Project::new();
    project.file("site.yml", "rounds:\n  - hosts: localhost\n    tasks:\n      - { run: id, tags: slow }\n");
    let list = check(&project, &["site.yml", "--tags", "slwo"], 3);
    assert_eq!((list.len(), &list[0]["code"], &list[0]["file"]), (1, &json!("E123"), &json!("<--tags>")), "{list:?}");
    assert_eq!(list[0]["hint"], "did you mean `slow`?");
    // A file that is not there has no place in any.
    let list = check(&project, &["none.yml"], 3);
    let first = &list[0];
    assert!(FIELDS[3..8].iter().all(|field| first[field].is_null()), "{first}");
}

#[test]
fn the_page_names_every_field() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with("Diagnostics")).unwrap();
    for field in FIELDS {
        assert!(section.contains(&format!("`{field}`")), "{field}");
    }
    assert!(section.contains(&format!("`{}`", RELATED.join(" "))));
}
