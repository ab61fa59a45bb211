//! The schema of native inventories.

use serde_json::{Value, json};

use super::connect::connect;
use super::forms::{strings, titled, vars};

/// The JSON Schema of inventories.
#[must_use]
pub fn inventory_schema() -> Value {
    let inventory = json!({
        "description": "Hosts, groups and their variables.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "vars": described(vars(), "Variables of every host."),
            "connect": { "$ref": "#/$defs/connect" },
            "secrets": described(super::secrets::secrets(), "Where secrets come from; a playbook's own win."),
            "hosts": {
                "description": "Every host by its name; ranges such as web[01-40] stand for many.",
                "type": ["object", "null"],
                "additionalProperties": { "$ref": "#/$defs/host" },
            },
            "groups": {
                "description": "Groups by their names.",
                "type": ["object", "null"],
                "additionalProperties": { "$ref": "#/$defs/group" },
            },
        },
        "examples": [{ "hosts": { "web[01-03]": {} }, "groups": { "web": { "hosts": "web[01-03]" } } }],
    });
    titled("Roundsman inventory", inventory, defs())
}

fn described(mut schema: Value, about: &str) -> Value {
    schema["description"] = json!(about);
    schema
}

fn defs() -> Value {
    let group_hosts = json!({ "anyOf": [ { "type": "null" }, strings(0) ] });
    json!({
        "host": {
            "title": "Host",
            "description": "A host, or the hosts of a range.",
            "type": ["object", "null"],
            "additionalProperties": false,
            "properties": {
                "address": { "type": "string", "minLength": 1, "description": "The address; else the name. A range has one for each host." },
                "vars": described(vars(), "Variables of the host."),
                "connect": { "$ref": "#/$defs/connect" },
            },
        },
        "group": {
            "title": "Group",
            "description": "A group of hosts.",
            "type": ["object", "null"],
            "additionalProperties": false,
            "properties": {
                "hosts": described(group_hosts.clone(), "Its hosts: a host expression or a list of them."),
                "groups": described(group_hosts, "Groups whose hosts belong to it, too."),
                "vars": described(vars(), "Variables of its hosts."),
                "connect": { "$ref": "#/$defs/connect" },
            },
        },
        "connect": connect(),
    })
}
