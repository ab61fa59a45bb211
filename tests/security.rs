//! Every test that docs/security.md names exists, where the page says that it does.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::book::root;

/// The names of files and of tests in them that a text holds: `` `FILE.rs`: `test`, `test` ``.
fn named(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut file: Option<&str> = None;
        for word in line.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                file = Some(word);
            } else if let Some(file) = file
                && word.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_')
            {
                found.push((file.to_owned(), word.to_owned()));
            }
        }
    }
    found
}

/// Says what of that is not there.
fn missing(text: &str) -> Vec<String> {
    let gone = |(file, name): &(String, String)| {
        let source = std::fs::read_to_string(root().join(file)).unwrap_or_default();
        !source.contains(&format!("fn {name}("))
    };
    named(text).into_iter().filter(gone).map(|(file, name)| format!("{file} has no `{name}`")).collect()
}

#[test]
fn every_promise_has_its_test() {
    let page = std::fs::read_to_string(root().join("docs/security.md")).unwrap();
    assert!(named(&page).len() > 35, "{:?}", named(&page));
    assert_eq!(missing(&page), Vec::<String>::new());
}

#[test]
fn a_test_that_is_not_there_is_found() {
    let text = "| a | `tests/security.rs`: `no_such_test`, `every_promise_has_its_test` |\n`src/gone.rs`: `any`\n";
    assert_eq!(missing(text), ["tests/security.rs has no `no_such_test`", "src/gone.rs has no `any`"]);
}
