//! The schema of `secrets:` maps, the same in inventories and playbooks.

use serde_json::{Value, json};

use super::forms::scalar;
use crate::inventory::SOURCES;

/// A `secrets` map.
pub(super) fn secrets() -> Value {
    let text = |about: &str| json!({ "type": "string", "minLength": 1, "description": about });
    let source = |name: &&str| json!({ "required": [name] });
    json!({
        "type": ["object", "null"],
        "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
        "additionalProperties": {
            "description": "Where one secret comes from.",
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "env": text("A variable of roundsman's own environment."),
                "file": text("A file of this machine, relative to this file."),
                "command": {
                    "description": "What a program of this machine prints: shell text, or a list of arguments without a shell.",
                    "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "array", "items": scalar(), "minItems": 1 }],
                },
                "age": text("A file of this machine that is encrypted with age, relative to this file."),
                "ask": {
                    "type": ["string", "boolean", "null"],
                    "description": "Asked for before the run, without echo, after this prompt.",
                    "examples": ["Password of sudo"],
                },
                "key": {
                    "type": ["string", "number"],
                    "description": "The part of a YAML or JSON text that it is: db.password.",
                    "examples": ["db.password"],
                },
                "format": { "enum": ["text", "yaml"], "description": "How it is read; files ending in .yml, .yaml and .json are yaml (before .age, too)." },
            },
            "oneOf": SOURCES.iter().map(source).collect::<Value>(),
        },
    })
}
