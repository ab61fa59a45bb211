//! The schemas: the checked-in files are current, and they accept what the reader accepts.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{action_schema, inventory_schema, playbook_schema};
use crate::diag::{Diagnostics, SourceMap};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A YAML file as the JSON that an editor's schema checker sees.
fn json_of(path: &Path) -> Value {
    let mut map = SourceMap::default();
    let file = map.add("file.yml", None, std::fs::read_to_string(path).unwrap());
    let node = crate::yaml::parse(&map, file, &mut Diagnostics::default()).unwrap();
    serde_json::to_value(node.to_value()).unwrap()
}

#[test]
fn checked_in_schemas_are_current() {
    for (name, schema) in [("playbook", playbook_schema()), ("inventory", inventory_schema()), ("action", action_schema())] {
        let path = root().join(format!("schemas/{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == text,
            "{name}: run UPDATE_SCHEMAS=1 cargo test --lib playbook::schema"
        );
    }
}

/// What an editor shows and completes: every key has words, and shows by an example, a choice or its type what to write.
#[test]
fn every_key_has_words_and_shows_what_to_write() {
    let mut lacking = Vec::new();
    let mut keys = 0;
    for (name, schema) in [("playbook", playbook_schema()), ("action", action_schema()), ("inventory", inventory_schema())] {
        assert!(schema["title"].is_string() && schema["examples"].is_array(), "{name}");
        for (def, whole) in schema["$defs"].as_object().unwrap() {
            if !whole["title"].is_string() || !whole["description"].is_string() {
                lacking.push(format!("{name}: the definition {def}"));
            }
        }
        walk(&schema, &mut |key, property| {
            keys += 1;
            let shows = ["examples", "enum", "anyOf", "$ref", "default", "properties", "minimum", "additionalProperties", "items"];
            let is_shown = shows.iter().any(|word| property.get(word).is_some()) || property["type"] == "boolean";
            let is_described = property["description"].is_string() || property.get("$ref").is_some() && property.get("title").is_none();
            if !is_described || !is_shown && name != "inventory" && property["type"] != "string" {
                lacking.push(format!("{name}: the key {key}: {property}"));
            }
        });
    }
    assert!(keys > 200, "only {keys} keys were found");
    assert!(lacking.is_empty(), "{lacking:#?}");
}

/// Visits the properties of all maps in a schema that are the language's.
fn walk(schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("additionalProperties") {
                for (key, property) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
                    visit(key, property);
                }
            }
            map.iter().filter(|(key, _)| *key != "examples").for_each(|(_, inner)| walk(inner, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

/// The examples that editors offer are right themselves.
#[test]
fn examples_fit_their_own_schemas() {
    let mut count = 0;
    for whole in [playbook_schema(), action_schema(), inventory_schema()] {
        walk(&whole, &mut |key, property| {
            let examples = property.get("examples").and_then(Value::as_array);
            for example in examples.into_iter().flatten() {
                let schema = serde_json::json!({ "$defs": whole["$defs"], "allOf": [property] });
                let errors: Vec<String> =
                    jsonschema::validator_for(&schema).unwrap().iter_errors(example).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{key}: {example}: {errors:?}");
                count += 1;
            }
        });
        let errors = jsonschema::validator_for(&whole).unwrap();
        whole["examples"].as_array().unwrap().iter().for_each(|example| assert!(errors.is_valid(example), "{example}"));
    }
    assert!(count > 100, "only {count} examples");
}

#[test]
fn schemas_accept_good_files() {
    let corpus = root().join("tests/corpus");
    let playbook = jsonschema::validator_for(&playbook_schema()).unwrap();
    for file in std::fs::read_dir(corpus.join("good")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|end| end != "yml") {
            continue;
        }
        let errors: Vec<String> =
            playbook.iter_errors(&json_of(&path)).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
    let inventory = jsonschema::validator_for(&inventory_schema()).unwrap();
    assert!(inventory.is_valid(&json_of(&corpus.join("inventory.yml"))));
    let action = jsonschema::validator_for(&action_schema()).unwrap();
    let valid = |name: &str| action.is_valid(&json_of(&corpus.join("parts").join(name)));
    assert!(valid("deploy.yml") && valid("note.yml"));
    assert!(!valid("bad_type.yml") && !valid("a_playbook.yml") && !valid("more_tasks.yml"));
}

#[test]
fn schemas_refuse_wrong_forms() {
    let playbook = jsonschema::validator_for(&playbook_schema()).unwrap();
    let wrong = [
        "unknown_key_playbook",
        "unknown_key_round",
        "unknown_key_task",
        "backoff_small",
        "batch_zero",
        "block_key_of_tasks",
        "block_with_verb",
        "confirm_list",
        "defaults_key",
        "each_number",
        "fact_section",
        "flush_what",
        "group_retries",
        "group_without_when",
        "include_when",
        "max_failures_word",
        "rescue_alone",
        "unreachable_word",
        "wait_for_port",
        "wait_for_two",
        "later_verb",
        "no_verb",
        "two_verbs",
        "task_is_text",
        "no_rounds",
        "a_list_as_in_ansible",
        "no_hosts",
        "empty_tasks",
        "reserved_variable",
        "variable_with_hyphen",
        "mode_number",
        "copy_two_sources",
        "copy_no_dest",
        "template_src_template",
        "template_no_src",
        "file_state_directory",
        "file_force",
        "file_mode_number",
        "directory_path",
        "link_no_src",
        "link_text",
        "line_no_line",
        "line_ansible",
        "line_two_places",
        "line_at_word",
        "text_no_text",
        "download_no_url",
        "download_checksum",
        "download_sha256_named",
        "download_sha256_short",
        "archive_no_src",
        "archive_zip",
        "unarchive_url",
        "unarchive_strip_text",
        "unarchive_strip_deep",
        "timeout_without_unit",
        "become_true",
        "after_word",
        "env_name",
        "group_with_verb",
        "max_parallel_zero",
        "shell_with_command",
        "secret_in_plain_sight",
    ];
    for name in wrong {
        let path = root().join(format!("tests/corpus/wrong/{name}.yml"));
        assert!(!playbook.is_valid(&json_of(&path)), "{name}");
    }
    let inventory = jsonschema::validator_for(&inventory_schema()).unwrap();
    assert!(!inventory.is_valid(&serde_json::json!({ "host": {} })));
    assert!(!inventory.is_valid(&serde_json::json!({ "connect": { "host_key": "off" } })));
    let transport = |transport: &str| {
        let transport: serde_json::Value = serde_json::from_str(transport).unwrap();
        inventory.is_valid(&serde_json::json!({ "connect": { "transport": transport } }))
    };
    for good in
        [r#""docker""#, r#"{"podman": null}"#, r#"{"lxc": "c1"}"#, r#"{"kubectl": {"pod": "p", "container": "c", "options": ["-q"]}}"#]
    {
        assert!(transport(good), "{good}");
    }
    for wrong in
        [r#""dokcer""#, r#"{"docker": {"namespace": "n"}}"#, r#"{"chroot": "old"}"#, r#"{"lxc": "a", "docker": "b"}"#, r#"{"lxc": "-x"}"#]
    {
        assert!(!transport(wrong), "{wrong}");
    }
}
