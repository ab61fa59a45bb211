//! The schema of each form of value, and of a map from a table of keys.

use serde_json::{Map, Value, json};

use super::examples::examples;
use crate::inventory::RESERVED;
use crate::playbook::keys::{Form, Key};
use crate::resource::FACT_SECTIONS;

/// Keys whose text can't be a template.
const PLAIN: [&str; 4] = ["lock", "include", "use", "src"];

const NAME: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// The schema of a form; maps and lists of the language are references into `$defs`.
pub(super) fn form(key: &Key) -> Value {
    let facts: Vec<&str> = std::iter::once("all").chain(FACT_SECTIONS).collect();
    match key.form {
        Form::Text if PLAIN.contains(&key.name) => plain(),
        Form::Text => json!({ "type": "string", "minLength": 1 }),
        Form::Id if key.name == "as" => json!({ "type": "string", "pattern": NAME, "not": { "enum": RESERVED } }),
        Form::Id => json!({ "type": "string", "pattern": NAME }),
        Form::Template if key.name == "validate" => json!({ "type": "string", "pattern": "%s" }),
        Form::Template | Form::Expression => scalar(),
        // What YAML 1.1 took for a bool is text.
        Form::Judge => json!({
            "type": ["boolean", "string"],
            "not": { "type": "string", "pattern": "^([Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff])$" },
        }),
        Form::Bool => json!({ "type": "boolean" }),
        Form::Count => json!({ "type": "integer", "minimum": 1 }),
        Form::Duration if key.name == "timeout" => {
            let mut duration = duration();
            duration["not"] = json!({ "pattern": r"^\s*(0+(\.0*)?(ms|s|m|h|d))+\s*$" });
            duration
        }
        Form::Duration => duration(),
        Form::Mode => {
            let examples = if key.name == "umask" { ["022", "027"] } else { ["0644", "0755"] };
            json!({ "type": "string", "pattern": r"^(0?[0-7]{1,4}|[^{]*\{\{.*)$", "examples": examples })
        }
        Form::Shell => json!({ "anyOf": [ { "enum": ["sh", "bash"] }, { "type": "string", "pattern": "^/" } ] }),
        Form::Vars => vars(),
        Form::Env => json!({ "type": ["object", "null"], "propertyNames": { "pattern": NAME }, "additionalProperties": scalar() }),
        Form::Secrets => super::secrets::secrets(),
        Form::Needs => strings(0),
        Form::After => json!({ "enum": ["some", "all", "always"], "default": "some" }),
        Form::Hosts => {
            let mut hosts = json!({ "anyOf": [ plain(), { "type": "array", "items": plain(), "minItems": 1 } ] });
            hosts["examples"] = json!(["all", "web and not spare", "web[01-20]", "localhost"]);
            hosts
        }
        Form::On => strings(1),
        Form::Become => json!({ "$ref": "#/$defs/become" }),
        Form::Connect => json!({ "$ref": "#/$defs/connect" }),
        Form::Command => json!({ "$ref": "#/$defs/command" }),
        Form::Texts => json!({ "anyOf": [ scalar(), { "type": "array", "items": scalar(), "minItems": 1 } ] }),
        Form::Rounds => json!({ "type": "array", "items": { "$ref": "#/$defs/rounds_entry" }, "minItems": 1 }),
        Form::Tasks => json!({ "type": "array", "items": { "$ref": "#/$defs/entry" }, "minItems": 1 }),
        Form::Verb => json!({ "$ref": format!("#/$defs/{}", key.name) }),
        Form::Each => json!({ "$ref": "#/$defs/each" }),
        Form::Attempts => json!({ "type": "integer", "minimum": 0 }),
        Form::Factor => json!({ "type": "number", "minimum": 1 }),
        Form::Names if key.name == "tags" => {
            let tag = json!({ "type": "string", "pattern": "^[^,]+$" });
            json!({ "anyOf": [ tag, { "type": "array", "items": tag, "minItems": 1 } ] })
        }
        Form::Names => strings(1),
        Form::Batch => json!({ "anyOf": [ batch(), { "type": "array", "items": batch(), "minItems": 1 } ] }),
        Form::Limit => json!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^\\s*[0-9]+\\s*%?\\s*$", "examples": ["10%"] },
        ] }),
        Form::OnDisconnect => json!({ "enum": ["fail", "rerun"], "default": "fail" }),
        Form::Unreachable => json!({ "enum": ["fail", "skip"], "default": "fail" }),
        Form::Confirm => json!({ "type": ["boolean", "string"] }),
        Form::Groups => json!({ "type": ["object", "null"], "additionalProperties": { "$ref": "#/$defs/chosen" } }),
        Form::Inputs => json!({
            "type": ["object", "null"],
            "propertyNames": { "pattern": NAME },
            "additionalProperties": { "$ref": "#/$defs/input" },
        }),
        Form::Values => json!({ "type": ["object", "null"] }),
        Form::Defaults => json!({ "$ref": "#/$defs/defaults" }),
        Form::Kind => json!({ "anyOf": [
            { "enum": ["string", "int", "number", "bool", "list", "map", "duration", "path"] },
            { "type": "string", "pattern": r"^choice\[.+\]$" },
        ] }),
        Form::Any => json!({}),
        Form::Port => json!({ "anyOf": [ { "type": "integer", "minimum": 1, "maximum": 65535 }, { "type": "string" } ] }),
        Form::State => json!({ "enum": ["present", "absent"], "default": "present" }),
        Form::Edge => json!({ "enum": ["begin", "end"], "default": "end" }),
        Form::Flush => json!({ "enum": ["handlers"] }),
        Form::Facts => json!({ "anyOf": [
            { "type": ["null", "object"], "maxProperties": 0 },
            { "enum": facts },
            { "type": "array", "items": { "enum": facts } },
        ] }),
    }
}

/// An entry of `batch`.
fn batch() -> Value {
    json!({ "anyOf": [ { "type": "integer", "minimum": 1 }, {
        "type": "string",
        "examples": ["25%", "canary"],
        "not": { "pattern": r"^\s*0+\s*%?\s*$" },
    } ] })
}

/// Text, or a number or bool that is taken as it is written.
pub(super) fn scalar() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// One text or a list of them.
pub(super) fn strings(least: usize) -> Value {
    json!({ "anyOf": [ { "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": least } ] })
}

/// A duration with its unit.
pub(super) fn duration() -> Value {
    json!({ "type": "string", "pattern": r"^\s*([0-9]+(\.[0-9]*)?(ms|s|m|h|d))+\s*$", "examples": ["30s", "10m", "1h30m"] })
}

/// Text that is known before anything is rendered.
fn plain() -> Value {
    json!({ "type": "string", "minLength": 1, "not": { "pattern": r"\{\{" } })
}

/// A map of variables: any values, under names that templates can read.
pub(super) fn vars() -> Value {
    json!({ "type": ["object", "null"], "propertyNames": { "pattern": NAME, "not": { "enum": RESERVED } } })
}

/// A map whose keys are those of some tables.
pub(super) fn object(title: &str, about: &str, tables: &[&[Key]], required: &[&str]) -> Value {
    let mut properties = Map::new();
    for key in tables.iter().flat_map(|table| table.iter()).filter(|key| !key.later) {
        let mut schema = form(key);
        schema["title"] = json!(key.name);
        schema["description"] = json!(key.about);
        // `parallel` is a list of tasks, and a count in `each`.
        if let (None, Some(examples)) = (schema.get("examples"), examples(key).filter(|_| key.form != Form::Count)) {
            schema["examples"] = examples;
        }
        properties.insert(key.name.to_owned(), schema);
    }
    json!({
        "title": title,
        "description": about,
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

/// The head of a schema file.
pub(super) fn titled(title: &str, mut schema: Value, defs: Value) -> Value {
    let mut whole = Map::new();
    whole.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    whole.insert("title".to_owned(), json!(title));
    if let Some(map) = schema.as_object_mut() {
        whole.append(map);
    }
    whole.insert("$defs".to_owned(), defs);
    Value::Object(whole)
}
