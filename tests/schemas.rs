//! The schemas against `check`: an editor marks nothing that is right, and most of what is wrong.
//!
//! A schema knows forms, `check` knows names and values too. What the schema refuses, `check` refuses; what `check` refuses and
//! the schema can't know stands on a list here, by code.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use roundsman::app::{self, Sources};
use roundsman::diag::{Diagnostics, Severity, SourceMap};
use roundsman::playbook::{action_schema, inventory_schema, playbook_schema};

/// Codes of mistakes in names, order, files and texts, of which no schema knows.
const ONLY_CHECK: &[&str] = &[
    "E108", "E109", "E110", "E111", "E112", "E113", "E114", "E115", "E116", "E117", "E118", "E120", "E121", "E122", "E125", "E126", "E202",
    "E300", "E301", "E302", "E305", "E404",
];

/// Files whose mistake is of a kind that schemas know, but not this one.
const NOT_THIS_ONE: &[(&str, &str)] = &[
    // Whether a host has a place is the inventory's to say.
    ("connect_no_place", "E217"),
    // A schema that tied it to verbs would say of each verb that it has no such key.
    ("durable_verb", "E106"),
    // The mistake stands in another file.
    ("action_type", "E017"),
    ("include_playbook", "E012"),
    ("use_playbook", "E012"),
    ("template_include", "E306"),
    // What stands in a text of another language.
    ("line_match", "E309"),
    ("text_before", "E309"),
    ("validate_nested", "E017"),
    ("validate_quoted", "E017"),
    // What the action or the command line gives is not in the file.
    ("input_missing", "E013"),
    ("use_missing_input", "E013"),
    ("use_unknown_input", "E015"),
    // `defaults` above it may have `retries`.
    ("delay_alone", "E013"),
    // It may stand in a block of the list.
    ("flush_in_finally", "E106"),
    ("notify_in_finally", "E106"),
    // What one key may be depends on the value of another.
    ("become_doas_password", "E106"),
    // The order of handlers.
    ("handler_notifies_above", "E106"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A text as the JSON that an editor's schema checker sees; none where it is no YAML of one document.
fn json_of(text: &str) -> Option<serde_json::Value> {
    let mut map = SourceMap::default();
    let file = map.add("file.yml", None, text);
    let mut diagnostics = Diagnostics::default();
    let node = roundsman::yaml::parse(&map, file, &mut diagnostics)?;
    (!diagnostics.has_errors()).then(|| serde_json::to_value(node.to_value()).unwrap())
}

fn refusals(schema: &Validator, text: &str) -> Vec<String> {
    let json = json_of(text).expect("YAML");
    schema.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn playbooks() -> Validator {
    jsonschema::validator_for(&playbook_schema()).unwrap()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let list = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut list: Vec<PathBuf> = list.filter(|path| path.extension().is_some_and(|end| end == "yml")).collect();
    list.sort();
    assert!(!list.is_empty(), "{folder} has no files");
    list
}

/// The codes of the errors of a playbook.
fn errors(path: &Path) -> Vec<&'static str> {
    let inventory = root().join("tests/corpus/inventory.yml").to_string_lossy().into_owned();
    let checked = app::check(&Sources { inventory: vec![inventory], ..Sources::file(path) });
    checked.diagnostics.iter().filter(|found| found.severity == Severity::Error).map(|found| found.code).collect()
}

#[test]
fn what_the_schema_refuses_check_refuses_and_the_rest_is_on_a_list() {
    let schema = playbooks();
    let (mut wrong, mut refused) = (String::new(), 0);
    let mut unused: BTreeMap<&str, ()> = ONLY_CHECK.iter().map(|code| (*code, ())).collect();
    for path in files("tests/corpus/wrong") {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let codes = errors(&path);
        // Where YAML itself is wrong, an editor says so without a schema.
        if json_of(&text).is_none() {
            assert!(!codes.is_empty(), "{stem}");
            continue;
        }
        let said = refusals(&schema, &text);
        let listed = NOT_THIS_ONE.iter().find(|(file, _)| *file == stem);
        match (said.is_empty(), codes.first()) {
            (true, None) => {}
            (false, None) => wrong.push_str(&format!("{stem}: check takes it, and the schema says {said:?}\n")),
            (false, Some(code)) => {
                refused += 1;
                if listed.is_some() {
                    wrong.push_str(&format!("{stem} ({code}): the schema refuses it; take it off the list\n"));
                }
            }
            (true, Some(code)) if ONLY_CHECK.contains(code) => {
                unused.remove(code);
            }
            (true, Some(code)) if listed.is_some_and(|(_, of)| of == code) => {}
            (true, Some(code)) => wrong.push_str(&format!("{stem} ({code}): the schema takes it\n")),
        }
    }
    assert!(wrong.is_empty(), "{refused} refused\n{wrong}");
    assert!(refused >= 60, "only {refused} files are refused by the schema");
    assert!(unused.is_empty(), "no file shows {:?}", unused.keys());
}

#[test]
fn what_is_right_is_right_for_the_schema() {
    let (playbook, inventory) = (playbooks(), jsonschema::validator_for(&inventory_schema()).unwrap());
    let mut wrong = String::new();
    let mut judge = |schema: &Validator, name: String, text: &str| {
        let said = refusals(schema, text);
        if !said.is_empty() {
            wrong.push_str(&format!("{name}: {said:?}\n"));
        }
    };
    let mut count = 0;
    for path in files("tests/corpus/good").into_iter().chain(files("playbooks")) {
        count += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let schema = if json_of(&text).is_some_and(|json| is_native(&json)) { &inventory } else { &playbook };
        judge(schema, path.display().to_string(), &text);
    }
    judge(&inventory, "inventory.yml".to_owned(), &std::fs::read_to_string(root().join("tests/corpus/inventory.yml")).unwrap());
    let pages = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    for page in pages.chain([root().join("README.md")]).filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(&page).unwrap();
        let mut parts = text.split("\n```");
        parts.next();
        // Every second part is a block, the others stand between them.
        for block in parts.step_by(2) {
            let (info, block) = block.split_once('\n').unwrap();
            let schema = match info.trim() {
                "yaml" => &playbook,
                "yaml inventory" if json_of(block).is_some_and(|json| is_native(&json)) => &inventory,
                _ => continue,
            };
            count += 1;
            judge(schema, format!("{}: {block}", page.display()), block);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 100, "only {count} files and blocks were found");
}

/// Whether an inventory is ours, not one of Ansible's.
fn is_native(json: &serde_json::Value) -> bool {
    let keys = ["vars", "connect", "secrets", "hosts", "groups"];
    json.as_object().is_some_and(|map| map.keys().all(|key| keys.contains(&key.as_str())))
}

#[test]
fn actions_are_told_from_other_files() {
    let schema = jsonschema::validator_for(&action_schema()).unwrap();
    let is_valid =
        |name: &str| refusals(&schema, &std::fs::read_to_string(root().join("tests/corpus/parts").join(name)).unwrap()).is_empty();
    for action in ["deploy.yml", "note.yml", "itself.yml"] {
        assert_eq!(is_valid(action), action != "itself.yml", "{action}");
    }
    for other in ["bad_type.yml", "a_playbook.yml", "more_tasks.yml", "more_rounds.yml"] {
        assert!(!is_valid(other), "{other}");
    }
}
