//! The schema of playbooks.

use serde_json::{Value, json};

use super::connect::connect;
use super::forms::{object, scalar, titled};
use crate::model::BecomeMethod;
use crate::playbook::keys::{
    ACTION, ASSERT, BECOME, BLOCK, CHOSEN, COPY, DEFAULTS, EACH, FETCH, GROUP, INCLUDE, INPUT, PLAYBOOK, ROUND, SCRIPT, TASK, USE, VERBS,
    WAIT_FOR,
};

/// The JSON Schema of playbooks.
#[must_use]
pub fn playbook_schema() -> Value {
    let mut playbook = object("A playbook: rounds of tasks on hosts.", &[PLAYBOOK], &["rounds"]);
    playbook["examples"] = json!([{
        "name": "Survey",
        "rounds": [{ "hosts": "all", "tasks": [{ "name": "kernel", "run": "uname -r", "read_only": true }] }],
    }]);
    titled("Roundsman playbook", playbook, defs())
}

/// The JSON Schema of actions.
#[must_use]
pub fn action_schema() -> Value {
    let mut action = object("An action: tasks with inputs, for `use`.", &[ACTION], &["tasks"]);
    action["examples"] = json!([{
        "inputs": { "version": { "type": "string" } },
        "outputs": { "path": "{{ tasks.unpack.stdout }}" },
        "tasks": [{ "name": "unpack", "run": "tar -xzf /tmp/app-{{ inputs.version }}.tgz && pwd" }],
    }]);
    titled("Roundsman action", action, defs())
}

fn defs() -> Value {
    let mut task = object("A task: one verb, and how it runs.", &[TASK, VERBS], &[]);
    let verbs = VERBS.iter().filter(|verb| !verb.later);
    task["oneOf"] = verbs.map(|verb| json!({ "required": [verb.name] })).collect();
    let mut copy = object("Writes a file from a text or a local file.", &[COPY], &["dest"]);
    copy["oneOf"] = json!([{ "required": ["content"] }, { "required": ["src"] }]);
    let mut wait_for = object("What is waited for.", &[WAIT_FOR], &[]);
    wait_for["oneOf"] = ["port", "url", "path", "command"].iter().map(|what| json!({ "required": [what] })).collect();
    let mut r#become = object("Another user.", &[BECOME], &["user"]);
    r#become["properties"]["method"] =
        json!({ "enum": BecomeMethod::ALL.map(BecomeMethod::word), "description": "The program that changes the user." });
    let expressions = json!({ "anyOf": [ scalar(), { "type": "array", "items": scalar(), "minItems": 1 } ] });
    let assert = object("Expressions that must be true.", &[ASSERT], &["that"]);
    json!({
        "rounds_entry": {
            "if": { "required": ["include"] },
            "then": { "$ref": "#/$defs/include" },
            "else": { "$ref": "#/$defs/round" },
        },
        "round": object("A round: tasks on hosts. It starts when every round that it needs has ended on every host.", &[ROUND], &["hosts", "tasks"]),
        "entry": {
            "if": { "required": ["parallel"] },
            "then": { "$ref": "#/$defs/group" },
            "else": {
                "if": { "required": ["block"] },
                "then": { "$ref": "#/$defs/block" },
                "else": {
                    "if": { "required": ["use"] },
                    "then": { "$ref": "#/$defs/use" },
                    "else": {
                        "if": { "required": ["include"] },
                        "then": { "$ref": "#/$defs/include" },
                        "else": { "$ref": "#/$defs/task" },
                    },
                },
            },
        },
        "task": task,
        "group": object("Tasks that start together.", &[GROUP], &["parallel"]),
        "command": {
            "anyOf": [
                { "type": ["string", "number", "boolean"], "description": "Shell text." },
                { "type": "array", "items": scalar(), "minItems": 1, "description": "A program and its arguments, without a shell." },
            ],
        },
        "become": {
            "anyOf": [
                { "type": "string", "minLength": 1, "description": "The user to become, by sudo." },
                { "const": false, "description": "Not as another user, whatever the round says." },
                r#become,
            ],
        },
        "block": object("Tasks that succeed or fail as one.", &[BLOCK], &["block"]),
        "use": object("An action with its inputs.", &[USE], &["use"]),
        "include": object("A file with entries of this list.", &[INCLUDE], &["include"]),
        "input": { "anyOf": [ { "type": "null" }, object("An input with its type.", &[INPUT], &[]) ] },
        "chosen": object("A group whose hosts a result chooses.", &[CHOSEN], &["hosts", "when"]),
        "defaults": { "anyOf": [ { "type": "null" }, object("Settings of tasks.", &[DEFAULTS], &[]) ] },
        "each": { "anyOf": [
            { "type": "string", "description": "An expression that gives a list or a map." },
            { "type": "array", "description": "The items." },
            object("Items with settings.", &[EACH], &["in"]),
            { "type": "object", "description": "The items, each with `key` and `value`.", "not": { "required": ["in"] } },
        ] },
        "script": { "anyOf": [ scalar(), object("A local file that is sent and run.", &[SCRIPT], &["src"]) ] },
        "wait_for": { "anyOf": [ { "type": ["integer", "string"] }, wait_for ] },
        "copy": copy,
        "fetch": object("Brings a file of the host here.", &[FETCH], &["src", "dest"]),
        "assert": { "anyOf": [expressions, assert] },
        "connect": connect(),
    })
}
