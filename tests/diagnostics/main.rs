//! Diagnostics as an author meets them: the exact place, the code, the hint; in big files and in every way of writing YAML.
//!
//! A text marks each place where something must be told with `⟦…⟧`, and the test says in the same order what. Everything
//! is loaded as the program does it: `check` with an inventory.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../common/mod.rs"]
mod common;

mod big;
mod files;
mod json;
mod operators;
mod places;
mod traps;

use std::path::Path;

use roundsman::app::{self, Sources};

/// What every test's hosts are.
const INVENTORY: &str = r#"vars: { ntp: 10.0.0.1 }
hosts:
  web[01-05]: {}
  db1: { vars: { role: primary } }
  lb1: {}
groups:
  web: { hosts: "web[01-05]", vars: { http_port: 8080 } }
  web-prod: { hosts: "web[01-02]" }
  canary: { hosts: web01 }
"#;

/// Line and column, from 1; columns count characters.
type Place = (usize, usize);

/// One mistake as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    code: String,
    place: Place,
    /// The marked characters.
    under: String,
    message: String,
    hint: String,
    notes: Vec<String>,
    /// The places shown beside it, each with its words.
    related: Vec<(Place, String)>,
}

/// A text whose marks are taken out, and where they stood: the place, and the text between them.
fn unmarked(text: &str) -> (String, Vec<(Place, String)>) {
    let (mut plain, mut places) = (String::new(), Vec::new());
    let (mut line, mut column) = (1, 1);
    let mut open: Option<(Place, usize)> = None;
    for c in text.chars() {
        match c {
            '⟦' => open = Some(((line, column), plain.len())),
            '⟧' => {
                let (place, from) = open.take().unwrap();
                places.push((place, plain[from..].to_owned()));
            }
            _ => {
                plain.push(c);
                (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
        }
    }
    assert!(open.is_none(), "a mark is not closed");
    (plain, places)
}

/// Checks a playbook in `folder` with an inventory there.
fn check_in(folder: &Path, inventory: &str, playbook: &str) -> Vec<Told> {
    let (hosts, file) = (folder.join("inventory.yml"), folder.join("site.yml"));
    std::fs::write(&hosts, inventory).unwrap();
    std::fs::write(&file, playbook).unwrap();
    let sources = Sources { inventory: vec![hosts.to_string_lossy().into_owned()], ..Sources::file(&file) };
    let checked = app::check(&sources);
    assert_eq!(checked.playbook.is_none(), checked.diagnostics.has_errors());
    let place = |span| {
        let location = checked.map.location(span);
        (location.line as usize, location.column as usize)
    };
    let sorted = checked.diagnostics.sorted();
    let told = sorted.iter().map(|found| {
        let span = found.primary.as_ref().unwrap().span;
        Told {
            code: found.code.to_owned(),
            place: place(span),
            under: checked.map.text(span).to_owned(),
            message: found.message.clone(),
            hint: found.hint.clone().unwrap_or_default(),
            notes: found.notes.clone(),
            related: found.secondary.iter().map(|label| (place(label.span), label.text.clone())).collect(),
        }
    });
    told.collect()
}

fn check(playbook: &str) -> Vec<Told> {
    let folder = tempfile::tempdir().unwrap();
    check_in(folder.path(), INVENTORY, playbook)
}

/// Checks a marked playbook: at each mark just one mistake, in the order of the text, of this code and with a hint that
/// holds these words.
fn expect(text: &str, wanted: &[(&str, &str)]) {
    let (plain, places) = unmarked(text);
    assert_eq!(places.len(), wanted.len(), "marks and mistakes\n{text}");
    let told = check(&plain);
    let found: Vec<_> = told.iter().map(|told| (told.code.as_str(), told.place, told.under.as_str())).collect();
    let expected: Vec<_> = wanted.iter().zip(&places).map(|((code, _), (place, under))| (*code, *place, under.as_str())).collect();
    assert_eq!(found, expected, "\n{plain}\n{told:#?}");
    for ((_, hint), told) in wanted.iter().zip(&told) {
        assert!(told.hint.contains(hint), "wanted {hint:?}\n{told:#?}");
    }
}

/// A task list in a round.
fn tasks(tasks: &str) -> String {
    format!("rounds:\n  - name: work\n    hosts: web\n    tasks:\n{tasks}")
}
