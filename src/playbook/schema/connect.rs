//! The schema of `connect:` maps, the same in inventories and rounds.

use serde_json::{Value, json};

use super::forms::{duration, scalar, strings};
use crate::model::Program;

/// The map form of a preset: its place, or its settings.
fn preset(program: Program, about: &str) -> Value {
    let place = match program {
        Program::Chroot => json!({ "type": "string", "pattern": "^/" }),
        _ => json!({ "type": "string", "pattern": "^[^-]" }),
    };
    let setting = |key: &&'static str| {
        let mut form = match *key {
            "options" => strings(0),
            key if key == program.place_key() => place.clone(),
            _ => json!({ "type": "string", "pattern": "^[^-]" }),
        };
        let (about, example) = about_setting(key);
        form["description"] = json!(about);
        form["examples"] = json!([example]);
        ((*key).to_owned(), form)
    };
    let properties: serde_json::Map<String, Value> = program.keys().iter().map(setting).collect();
    let settings = json!({ "type": ["object", "null"], "additionalProperties": false, "properties": properties });
    json!({
        "description": about,
        "type": "object",
        "additionalProperties": false,
        "required": [program.name()],
        "properties": { program.name(): { "description": about, "anyOf": [place, settings] } },
    })
}

fn about_setting(key: &str) -> (&'static str, Value) {
    match key {
        "container" => ("The container, by name or id.", json!("web1")),
        "pod" => ("The pod.", json!("web-0")),
        "namespace" => ("The namespace of the pod.", json!("production")),
        "context" => ("The context that the program connects with.", json!("staging")),
        "path" => ("The folder that holds the system.", json!("/srv/image")),
        _ => ("Further options of the program, in front of the rest.", json!(["--tls"])),
    }
}

/// A `connect` map.
pub(super) fn connect() -> Value {
    let text = |about: &str| json!({ "type": "string", "minLength": 1, "description": about });
    let described = |mut schema: Value, about: &str| {
        schema["description"] = json!(about);
        schema
    };
    json!({
        "title": "connect",
        "description": "How hosts are reached.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "transport": {
                "description": "What carries the connection.",
                "anyOf": [
                    { "enum": ["ssh", "local", "docker", "podman", "kubectl", "lxc", "chroot"] },
                    {
                        "description": "Any program whose stdin and stdout reach a POSIX shell.",
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["command"],
                        "properties": { "command": {
                            "description": "The program and its arguments.",
                            "type": "array",
                            "items": scalar(),
                            "minItems": 1,
                            "examples": [["docker", "exec", "-i", "web1", "sh"]],
                        } },
                    },
                    preset(Program::Docker, "Runs in a container, by `docker exec`."),
                    preset(Program::Podman, "Runs in a container, by `podman exec`."),
                    preset(Program::Kubectl, "Runs in a pod, by `kubectl exec`."),
                    preset(Program::Lxc, "Runs in an LXD container, by `lxc exec`."),
                    preset(Program::Chroot, "Runs in a folder that holds a system, by `chroot`."),
                ],
                "default": "ssh",
            },
            "address": text("The address; else the host's name."),
            "port": { "type": "integer", "minimum": 1, "maximum": 65535, "description": "The port; else ssh's own choice." },
            "user": text("The login; else ssh's own choice."),
            "identity": text("A private key file, relative to this file."),
            "password": text("Answers ssh's password prompt."),
            "become_password": text("Answers sudo's prompt."),
            "jump": {
                "type": ["string", "null"],
                "description": "The way there: a host of the inventory, an ssh destination, or none.",
                "examples": ["bastion", "ops@bastion.example.net"],
            },
            "ssh_config": text("A configuration file in place of the user's."),
            "ssh_options": described(strings(0), "Options as `ssh -o` takes them."),
            "host_key": { "enum": ["strict", "accept_new"], "default": "strict", "description": "What is done with unknown host keys." },
            "connect_timeout": described(duration(), "How long a connection may take; 10s without it."),
            "keepalive": described(duration(), "How often the connection is tried; 15s without it."),
            "max_sessions": { "type": "integer", "minimum": 1, "default": 4, "description": "The most channels at once." },
            "retries": { "type": "integer", "minimum": 0, "default": 3, "description": "Further attempts after a refusal that may pass." },
            "kex": { "enum": ["default", "fast"], "default": "default", "description": "Which key exchange is offered." },
        },
    })
}
