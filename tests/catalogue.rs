//! The catalogue of codes is whole and true: every code that the sources use is explained, every one that is explained
//! is used, each wrong file gives just its code, and each right one nothing.
//!
//! `docs/errors.md` is made of it: `UPDATE_DOCS=1 cargo test --test catalogue`.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use roundsman::app::{self, Sources};
use roundsman::diag::{Diagnostics, EXAMPLE_INVENTORY, Example, File, SourceMap, explanations};

/// Codes that no single file shows; each entry of the catalogue says why.
const NOT_SHOWN: &[&str] = &["E007", "E122", "E123", "E221", "E402", "E403", "W111"];

/// Codes between quotes in the code of a file, its inline tests left out.
fn codes_in(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().as_bytes();
    let is_code = |six: &&[u8]| matches!(six, [b'"', b'E' | b'W', digits @ .., b'"'] if digits.iter().all(u8::is_ascii_digit));
    code.windows(6).filter(is_code).map(|six| String::from_utf8_lossy(&six[1..5]).into_owned()).collect()
}

fn used(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "catalogue" && name != "tests" {
            used(&path, codes);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            codes.extend(codes_in(&std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn codes_are_found_in_code_and_not_in_tests() {
    let text = "f('\"', \"E001\", \"an E002 in words\");\n#[cfg(test)]\nmod tests { \"E003\" }\n";
    assert_eq!(codes_in(text), ["E001"]);
}

#[test]
fn every_code_is_explained_and_every_explained_code_is_used() {
    let mut used_codes = BTreeSet::new();
    used(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src"), &mut used_codes);
    assert!(used_codes.len() > 50, "only {} codes were found", used_codes.len());
    let explained: BTreeSet<String> = explanations().map(|explanation| explanation.code.to_owned()).collect();
    let missing: Vec<_> = used_codes.difference(&explained).collect();
    let idle: Vec<_> = explained.difference(&used_codes).collect();
    assert!(missing.is_empty(), "src/diag/catalogue does not explain {missing:?}");
    assert!(idle.is_empty(), "src/diag/catalogue explains {idle:?}, which nothing uses");
}

/// Loads a file as the program does.
fn load(folder: &Path, file: File) -> (SourceMap, Diagnostics) {
    let (inventory, path) = (folder.join("inventory.yml"), folder.join("file.yml"));
    std::fs::write(&inventory, EXAMPLE_INVENTORY).unwrap();
    std::fs::write(&path, file.source()).unwrap();
    let word = |path: &Path| path.to_string_lossy().into_owned();
    match file {
        File::Playbook(_) => {
            let loaded = app::load(&Sources { inventory: vec![word(&inventory)], ..Sources::file(path) });
            assert_eq!(loaded.ready.is_none(), loaded.diagnostics.has_errors());
            (loaded.map, loaded.diagnostics)
        }
        File::Inventory(_) => {
            let (map, diagnostics, _) = app::load_inventory(&[word(&path)], None);
            (map, diagnostics)
        }
    }
}

#[test]
fn every_wrong_file_gives_its_code_and_every_right_one_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut failures = String::new();
    for explanation in explanations() {
        let Example::Files { wrong, right } = explanation.example else {
            assert!(NOT_SHOWN.contains(&explanation.code), "{} shows no file", explanation.code);
            continue;
        };
        assert!(!NOT_SHOWN.contains(&explanation.code), "{} shows a file", explanation.code);
        assert_eq!(wrong.kind(), right.kind(), "{}", explanation.code);
        for (which, file, wanted) in [("wrong", wrong, Some(explanation)), ("right", right, None)] {
            let (map, diagnostics) = load(folder.path(), file);
            let found: Vec<_> = diagnostics.iter().map(|found| (found.code, found.severity)).collect();
            if found != Vec::from_iter(wanted.map(|wanted| (wanted.code, wanted.severity()))) {
                failures.push_str(&format!("{}, the {which} file:\n{}\n", explanation.code, diagnostics.to_text(&map)));
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Writes the page of the book.
fn page() -> String {
    let mut list: Vec<_> = explanations().collect();
    list.sort_unstable_by_key(|explanation| explanation.code);
    let mut page = String::from(
        "# Errors and warnings\n\n<!-- Made from src/diag/catalogue by `UPDATE_DOCS=1 cargo test --test catalogue`. -->\n\n\
         Every diagnostic shows its code in brackets. `roundsman explain --code E110` says what this page says; codes never\n\
         change their meaning. `E` codes are errors: the file can't be used. `W` codes are warnings: it can, but probably\n\
         does not do what was meant; `check --deny-warnings` refuses them too.\n\n\
         The playbooks below are written for this inventory:\n\n",
    );
    page.push_str(&format!("```yaml inventory\n{EXAMPLE_INVENTORY}```\n\n| code | means |\n|---|---|\n"));
    for explanation in &list {
        let code = explanation.code;
        page.push_str(&format!("| [{code}](#{}) | {} |\n", code.to_lowercase(), explanation.title));
    }
    for explanation in &list {
        page.push_str(&format!("\n## {}\n\n**{}.** {}\n", explanation.code, capital(explanation.title), explanation.text));
        match explanation.example {
            Example::Files { wrong, right } => {
                let kind = match right.kind() {
                    _ if right.shown().starts_with('[') => "text",
                    "inventory" => "yaml inventory",
                    _ => "yaml",
                };
                page.push_str(&format!("\nWrong:\n\n```text\n{}```\n\nRight:\n\n```{kind}\n{}```\n", wrong.shown(), right.shown()));
            }
            Example::None { why } => page.push_str(&format!("\n{why}\n")),
        }
    }
    page
}

/// A title as a sentence; a name in backticks stays as it is.
fn capital(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[test]
fn the_page_of_the_book_is_made_of_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/errors.md is not what the catalogue says; UPDATE_DOCS=1 makes it anew");
}
