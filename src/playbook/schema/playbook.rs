//! The schema of playbooks.

use serde_json::{Value, json};

use super::connect::connect;
use super::forms::{object, scalar, titled};
use crate::model::BecomeMethod;
use crate::playbook::keys::{
    ACTION, ASSERT, BECOME, BLOCK, CHOSEN, DEFAULTS, EACH, FETCH, GROUP, INCLUDE, INPUT, Key, PLAYBOOK, ROUND, SCRIPT, TASK, USE, VERBS,
    WAIT_FOR,
};

/// The JSON Schema of playbooks.
#[must_use]
pub fn playbook_schema() -> Value {
    let mut playbook = object("Playbook", "A playbook: rounds of tasks on hosts.", &[PLAYBOOK], &["rounds"]);
    playbook["examples"] = json!([{
        "name": "Survey",
        "rounds": [{ "hosts": "all", "tasks": [{ "name": "kernel", "run": "uname -r", "read_only": true }] }],
    }]);
    titled("Roundsman playbook", playbook, defs())
}

/// The JSON Schema of actions.
#[must_use]
pub fn action_schema() -> Value {
    let mut action = object("Action", "An action: tasks with inputs, for `use`.", &[ACTION], &["tasks"]);
    action["examples"] = json!([{
        "inputs": { "version": { "type": "string" } },
        "outputs": { "path": "{{ tasks.unpack.stdout }}" },
        "tasks": [{ "name": "unpack", "run": "tar -xzf /tmp/app-{{ inputs.version }}.tgz && pwd" }],
    }]);
    titled("Roundsman action", action, defs())
}

/// What `each` may be; its settings have these keys.
fn each(keys: &[Key]) -> Value {
    json!({
        "title": "each",
        "description": "What is gone through: a list, a map or an expression.",
        "anyOf": [
            { "type": "string", "description": "An expression that gives a list or a map." },
            { "type": "array", "description": "The items." },
            object("each", "Items with settings.", &[keys], &["in"]),
            { "type": "object", "description": "The items, each with `key` and `value`.", "not": { "required": ["in"] } },
        ],
    })
}

fn defs() -> Value {
    let mut task = object("Task", "A task: one verb, and how it runs.", &[TASK, VERBS], &[]);
    let verbs = VERBS.iter().filter(|verb| !verb.later);
    task["oneOf"] = verbs.map(|verb| json!({ "required": [verb.name] })).collect();
    let each_of_as = json!({ "as": ["each"] });
    task["dependentRequired"] = each_of_as.clone();
    task["not"] = json!({
        "required": ["read_only", "changed"],
        "properties": { "read_only": { "const": true }, "changed": { "not": { "const": false } } },
    });
    let [block, r#use] = [
        object("Block", "Tasks that succeed or fail as one.", &[BLOCK], &["block"]),
        object("use", "An action with its inputs.", &[USE], &["use"]),
    ]
    .map(|mut several| {
        several["dependentRequired"] = each_of_as.clone();
        several["properties"]["each"]["examples"] = json!([["a", "b"], "groups.web"]);
        several["properties"]["each"]["$ref"] = json!("#/$defs/each_in_turn");
        several
    });
    let mut round = object(
        "Round",
        "A round: tasks on hosts. It starts when every round that it needs has ended on every host.",
        &[ROUND],
        &["hosts", "tasks"],
    );
    round["dependentRequired"] = json!({ "pause": ["batch"] });
    round["properties"]["handlers"]["items"] = json!({ "$ref": "#/$defs/handler" });
    let in_turn: Vec<_> = EACH.iter().filter(|key| key.name != "parallel").copied().collect();
    let mut wait_for = object("wait_for", "What is waited for.", &[WAIT_FOR], &[]);
    wait_for["oneOf"] = ["port", "url", "path", "command"].iter().map(|what| json!({ "required": [what] })).collect();
    let mut r#become = object("become", "Another user.", &[BECOME], &["user"]);
    r#become["properties"]["method"] =
        json!({ "enum": BecomeMethod::ALL.map(BecomeMethod::word), "description": "The program that changes the user." });
    let expressions = json!({ "anyOf": [ scalar(), { "type": "array", "items": scalar(), "minItems": 1 } ] });
    let [copy, template, file, directory, link, line, text] = super::written::verbs();
    let [download, archive, unarchive] = super::archives::verbs();
    let assert = object("assert", "Expressions that must be true.", &[ASSERT], &["that"]);
    json!({
        "rounds_entry": {
            "title": "Entry of rounds",
            "description": "A round, or a file with rounds.",
            "if": { "required": ["include"] },
            "then": { "$ref": "#/$defs/include" },
            "else": { "$ref": "#/$defs/round" },
        },
        "round": round,
        "entry": {
            "title": "Entry of tasks",
            "description": "A task, a group, a block, an action in use, or a file with tasks.",
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
        "group": object("Group", "Tasks that start together.", &[GROUP], &["parallel"]),
        "command": {
            "title": "Command",
            "description": "Shell text, or a list of arguments.",
            "anyOf": [
                { "type": ["string", "number", "boolean"], "description": "Shell text." },
                {
                    "type": "array",
                    "description": "A program and its arguments, without a shell.",
                    // `[ -f /x ]` is a list to YAML, and no program has blanks in its name.
                    "prefixItems": [{
                        "type": ["string", "number", "boolean"],
                        "not": { "type": "string", "pattern": "\\s", "not": { "pattern": r"\{\{" } },
                    }],
                    "items": scalar(),
                    "minItems": 1,
                },
            ],
        },
        "become": {
            "title": "become",
            "description": "As whom it runs.",
            "anyOf": [
                {
                    "type": "string",
                    "minLength": 1,
                    "not": { "enum": ["yes", "no", "on", "off"] },
                    "description": "The user to become, by sudo.",
                },
                { "const": false, "description": "Not as another user, whatever the round says." },
                r#become,
            ],
        },
        "block": block,
        "use": r#use,
        "handler": {
            "title": "Handler",
            "description": "A task that runs where something notified it.",
            "if": { "required": ["include"] },
            "then": { "$ref": "#/$defs/include" },
            "else": { "$ref": "#/$defs/task", "properties": { "needs": false } },
        },
        "include": object("include", "A file with entries of this list.", &[INCLUDE], &["include"]),
        "input": { "title": "Input", "description": "An input with its type.", "anyOf": [ { "type": "null" }, object("Input", "An input with its type.", &[INPUT], &[]) ] },
        "chosen": object("Group of the playbook", "A group whose hosts a result chooses.", &[CHOSEN], &["hosts", "when"]),
        "defaults": { "title": "defaults", "description": "Settings of tasks.", "anyOf": [ { "type": "null" }, object("defaults", "Settings of tasks.", &[DEFAULTS], &[]) ] },
        "each": each(EACH),
        "each_in_turn": each(&in_turn),
        "script": { "title": "script", "description": "A local file that is sent and run.", "anyOf": [ scalar(), object("script", "A local file that is sent and run.", &[SCRIPT], &["src"]) ] },
        "wait_for": { "title": "wait_for", "description": "What is waited for.", "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 65535, "description": "A port." },
            { "type": "string", "pattern": "://|^/", "description": "A URL or a path." },
            wait_for,
        ] },
        "copy": copy,
        "template": template,
        "file": file,
        "directory": directory,
        "link": link,
        "line": line,
        "text": text,
        "download": download,
        "archive": archive,
        "unarchive": unarchive,
        "fetch": object("fetch", "Brings a file of the host here.", &[FETCH], &["src", "dest"]),
        "assert": { "title": "assert", "description": "Expressions that must be true.", "anyOf": [expressions, assert] },
        "connect": connect(),
    })
}
