//! Wrong playbooks, one mistake each, with the whole text that a user would see; and good ones, which give none.
//!
//! After a change of words: `UPDATE_CORPUS=1 cargo test --test playbook_corpus`, then read the differences.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use roundsman::diag::{Diagnostics, Severity, SourceMap};
use roundsman::playbook::{Options, Resolved, read, resolve};
use roundsman::template::Engine;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Checks a playbook with the inventory of the corpus.
fn check(path: &Path) -> (Option<Resolved>, Diagnostics, String) {
    let mut map = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let mut engine = Engine::new();
    let mut add = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        map.add(name, Some(path), std::fs::read_to_string(path).unwrap())
    };
    let inventory = add(&corpus().join("inventory.yml"));
    let file = add(path);
    let inventory = roundsman::inventory::load(&map, inventory, &mut engine, &mut diagnostics).expect("an inventory");
    let mut syntax = read(&map, file, &mut diagnostics);
    while let Some(syntax) = syntax.as_mut().filter(|syntax| !syntax.wanted(&map).is_empty()) {
        for wanted in syntax.wanted(&map) {
            let name = wanted.path.file_name().unwrap().to_string_lossy().into_owned();
            let file = map.add(name, Some(&wanted.path), std::fs::read_to_string(&wanted.path).unwrap());
            syntax.give(wanted, Some(file), &map, &mut diagnostics);
        }
    }
    let resolved = syntax.and_then(|syntax| resolve(&syntax, &map, &inventory, &mut engine, &Options::default(), &mut diagnostics));
    let text = diagnostics.to_text(&map);
    (resolved, diagnostics, text)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let list = std::fs::read_dir(corpus().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut list: Vec<PathBuf> = list.filter(|path| path.extension().is_some_and(|end| end == "yml")).collect();
    list.sort();
    list
}

/// Files that are allowed but get a warning.
const WARNED: &[&str] = &[
    "after_a_fail",
    "background",
    "check_before_handler",
    "cut_short",
    "each_over_text",
    "echo_comment",
    "empty_group",
    "item_hides",
    "never_runs",
    "not_notified",
    "secret_argument",
    "unused_secret",
    "unused_task_variable",
    "unused_variable",
];

#[test]
fn wrong_playbooks_say_what_is_wrong() {
    let update = std::env::var_os("UPDATE_CORPUS").is_some();
    let files = files("wrong");
    assert!(files.len() >= 120, "{} files", files.len());
    let mut failures = String::new();
    for path in files {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (resolved, diagnostics, text) = check(&path);
        let count = (diagnostics.count(Severity::Error), diagnostics.count(Severity::Warning));
        let wanted = if stem == "several" {
            count.0 >= 8 && resolved.is_none()
        } else if WARNED.contains(&stem.as_str()) {
            count == (0, 1) && resolved.is_some()
        } else {
            count == (1, 0) && resolved.is_none()
        };
        if !wanted {
            let _ = writeln!(failures, "{stem}: {} errors, {} warnings, resolved: {}\n{text}", count.0, count.1, resolved.is_some());
        }
        let snapshot = path.with_extension("txt");
        if update {
            std::fs::write(&snapshot, &text).unwrap();
        } else if std::fs::read_to_string(&snapshot).unwrap_or_default() != text {
            let _ = writeln!(failures, "{stem}: not as in its .txt:\n{text}");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn good_playbooks_give_no_word() {
    for path in files("good") {
        let (resolved, _, text) = check(&path);
        assert_eq!(text, "", "{}", path.display());
        assert!(resolved.is_some(), "{}", path.display());
    }
}

/// The whole example of the language's page: what this version leaves out is told as such, and nothing else is wrong.
#[test]
fn keys_left_out_are_not_supported_yet() {
    for path in files("later") {
        let (resolved, diagnostics, text) = check(&path);
        assert!(resolved.is_none());
        assert!(diagnostics.count(Severity::Error) >= 1, "{text}");
        assert!(diagnostics.iter().all(|diagnostic| diagnostic.code == "E014"), "{text}");
    }
}
