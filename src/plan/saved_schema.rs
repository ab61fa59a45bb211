//! The JSON Schema of saved plans, and so of what `plan --format json` prints.
//!
//! Says the shape of the form that is written now. What stands around the plan is closed, as it is for the reader; the plan itself is open,
//! because fields are added to it. The file in `schemas/` is this value as text; a test compares them, and
//! `UPDATE_SCHEMAS=1 cargo test --lib plan::saved_schema` writes it anew.

use serde_json::{Value, json};

use super::saved::SAVED_FORMAT;
use super::view::FORMAT;

/// The JSON Schema of saved plans.
#[must_use]
pub fn plan_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Roundsman saved plan",
        "description": "What `roundsman plan -o FILE` writes and `roundsman run FILE` takes. The plan itself, as `roundsman plan --format json` prints it, is `#/$defs/plan`.",
        "type": "object",
        "additionalProperties": false,
        "required": ["roundsman_plan", "version", "made_at", "made_by", "sources", "inputs", "hosts", "probed", "plan"],
        "properties": {
            "roundsman_plan": { "description": "The version of this form.", "const": SAVED_FORMAT },
            "version": text("The version of roundsman that made it."),
            "made_at": { "description": "When, in UTC.", "type": "string", "format": "date-time" },
            "made_by": { "description": "By whom, and on which machine.", "type": "string", "examples": ["ann@desk"] },
            "sources": sources(),
            "inputs": list("Every file and program that it was made from.", closed(
                "A file, or a program by what it printed.",
                &["role", "name", "sha256"],
                json!({
                    "role": { "description": "What it is for.", "type": "string", "examples": ["playbook", "inventory", "vars", "template", "copy"] },
                    "name": text("Its path, as seen from the working folder."),
                    "sha256": digest("The SHA-256 of what it holds, or printed."),
                }),
            )),
            "hosts": list("Every host that takes part.", closed(
                "A host as the inventory resolves it.",
                &["name", "sha256"],
                json!({
                    "name": text("Its name."),
                    "sha256": digest("The SHA-256 of how it is reached, its groups and its variables."),
                }),
            )),
            "probed": flag("True where the hosts were asked."),
            "plan": { "$ref": "#/$defs/plan" },
        },
        "allOf": [{
            "if": { "properties": { "probed": { "const": true } } },
            "then": { "properties": { "plan": { "required": ["probed"] } } },
            "else": { "properties": { "plan": { "not": { "required": ["probed"] } } } },
        }],
        "$defs": {
            "plan": plan(),
            "round": round(),
            "task": task(),
            "block": block(),
            "steps": steps(),
            "forecast": forecast(),
            "difference": difference(),
            "place": place(),
            "wait": wait(),
            "left_out": left_out(),
        },
    })
}

fn sources() -> Value {
    closed(
        "What was typed; paths below the working folder are as seen from it.",
        &["playbook"],
        json!({
            "playbook": text("The playbook."),
            "inventory": texts("Each `-i`."),
            "limit": text("`--limit`."),
            "exclude": text("`--exclude`."),
            "extra": texts("Each `-e`: `NAME=VALUE` or `@FILE`."),
            "tags": texts("`--tags`."),
            "skip_tags": texts("`--skip-tags`."),
            "start_at": text("`--start-at`."),
        }),
    )
}

fn plan() -> Value {
    let part =
        json!({ "round": text("The round."), "task": text("The task."), "host": text("The host."), "duration_ms": count("How long.") });
    open(
        "A plan, rendered as far as it can be before the run.",
        &["format", "playbook_id", "playbook", "rounds", "counts"],
        json!({
            "format": { "description": "The version of the plan's form.", "const": FORMAT },
            "playbook_id": text("The playbook's id."),
            "playbook": text("The playbook's name."),
            "rounds": list("The rounds, in the order written.", reference("round")),
            "counts": open("How much there is to do.", &["hosts", "steps", "may_change", "skipped", "known_later"], json!({
                "hosts": count("Hosts that take part in any round."),
                "steps": count("Steps: a task on a host, a `once` task counted once."),
                "may_change": count("Steps that may change something."),
                "skipped": count("Steps that `when` leaves out, as is known already."),
                "known_later": count("Steps of which some part is known only later."),
            })),
            "expected": open("How long it may take, from earlier runs.", &["duration_ms", "runs", "tasks", "unknown_tasks", "rounds", "path"], json!({
                "duration_ms": count("From beginning to end."),
                "runs": count("From so many earlier runs."),
                "tasks": count("Tasks that are to run."),
                "unknown_tasks": count("Those of them that no earlier run tells of; they count as 0."),
                "rounds": list("The rounds, in the order written.", open("A round.", &["id", "duration_ms"], json!({
                    "id": text("Its id."), "duration_ms": count("From its beginning to its end."),
                }))),
                "path": list("What decides the end, in order.", open("A step, a connection or a pause.", &["round", "duration_ms"], part)),
            })),
            "probed": open("What the hosts said, over all rounds.", &["answers"], json!({
                "answers": {
                    "description": "Steps by answer.",
                    "type": "object",
                    "propertyNames": answer(),
                    "additionalProperties": { "type": "integer", "minimum": 1 },
                },
                "unreachable": list("Hosts that could not be reached.", reference("left_out")),
            })),
        }),
    )
}

fn round() -> Value {
    open(
        "A round.",
        &["id", "name", "place", "hosts", "waits", "after", "tasks"],
        json!({
            "id": text("Its id."),
            "name": text("Its name."),
            "place": reference("place"),
            "hosts": texts("Its hosts."),
            "waits": list("What it waits for.", reference("wait")),
            "after": { "description": "What it asks of what it waits for.", "enum": ["some", "all", "always"] },
            "when": text("Its condition, as written."),
            "batches": list("Its batches.", open("A batch.", &["hosts"], json!({
                "hosts": texts("Its hosts."), "percent": count("The percentage that gave its size."),
            }))),
            "pause_ms": count("The wait between batches."),
            "max_failures": count("How many hosts may fail."),
            "max_wait_ms": count("How long its hosts, or those of a batch, may take."),
            "skip_unreachable": flag("True where hosts that can't be reached are no failures."),
            "confirm": text("What is asked before it starts, as written."),
            "chosen_by": texts("The results that choose among its hosts."),
            "tasks": list("Its tasks, those of blocks, handlers and `finally` included, in the order written.", reference("task")),
            "blocks": list("Its blocks and actions in use, in the order written.", reference("block")),
            "changes": open("What it may change.", &["steps", "hosts"], json!({
                "steps": count("Steps that may change something."),
                "hosts": texts("The hosts that they run on."),
                "users": list("The users that they become.", open("A user.", &["user", "steps", "hosts"], json!({
                    "user": text("Its name."),
                    "steps": count("Steps that become it and may change something."),
                    "hosts": texts("The hosts that they run on."),
                }))),
            })),
            "left_out": list("Hosts that a dry run found to take no part.", reference("left_out")),
        }),
    )
}

/// Where a task or block stands, and how often it runs.
fn shared() -> Value {
    json!({
        "section": { "description": "The list that it stands in, where that is not `tasks`.", "enum": ["handlers", "finally"] },
        "block": count("The block around it, by its place in the round's `blocks`."),
        "part": { "description": "The part of that block, where that is not its tasks.", "enum": ["rescue", "always"] },
        "each": text("What it goes through, as written."),
        "as": text("The item's name, where that is not `item`."),
        "each_parallel": count("The most items at once."),
        "retries": count("Further attempts after the first."),
        "delay_ms": count("The wait before the second attempt."),
        "backoff": { "description": "By how much that grows.", "type": "number" },
        "until": text("What must hold of an attempt, as written."),
    })
}

fn task() -> Value {
    let mut properties = json!({
        "id": { "description": "Its id; null where its name gives none.", "type": ["string", "null"] },
        "name": text("Its name."),
        "verb": text("Its verb."),
        "place": reference("place"),
        "waits": list("What it waits for in its round, on its own host.", reference("wait")),
        "read_only": flag("True where it changes nothing."),
        "allow_failure": flag("True where its failure stops nothing."),
        "once": flag("True where it runs on one host for all."),
        "timeout_ms": count("Its time limit."),
        "when": texts("Its conditions, as written."),
        "notify": texts("The handlers that it notifies."),
        "lock": text("The lock that it takes on its host."),
        "throttle": count("The most hosts that do it at once."),
        "sensitive": flag("True where its output is kept out of screen and record."),
        "durable": flag("True where it outlives the link to its host."),
        "tags": texts("Its tags."),
        "left_out": text("Why the command line leaves it out."),
        "shell": text("Its shell, where that is not the usual one."),
        "changed": text("When it counts as changed, as written."),
        "failed": text("When it counts as failed, as written."),
        "steps": list("What it does, equal hosts together.", reference("steps")),
        "forecasts": list("What a run would do with it, equal hosts together.", reference("forecast")),
    });
    join(&mut properties, shared());
    let required = ["id", "name", "verb", "place", "waits", "read_only", "allow_failure", "once", "timeout_ms", "when", "steps"];
    open("A task.", &required, properties)
}

fn block() -> Value {
    let mut properties = json!({
        "id": { "description": "Its id; null where its name gives none.", "type": ["string", "null"] },
        "name": text("Its name."),
        "place": reference("place"),
        "action": text("The action that it uses."),
        "waits": list("What it waits for, as a whole.", reference("wait")),
        "when": texts("Its conditions, as written."),
        "allow_failure": flag("True where its failure stops nothing."),
        "steps": list("What is known of it, equal hosts together.", open("A block on hosts for which it is the same.", &["hosts"], json!({
            "hosts": texts("The round's hosts."),
            "skipped_by": text("The condition, as written, that is known not to hold."),
            "inputs": pairs("The inputs of an action."),
            "items": texts("Its items in a few words."),
            "known_after": texts("Steps after which the rest is known."),
        }))),
    });
    join(&mut properties, shared());
    open("A block, or an action in use.", &["id", "name", "place", "waits"], properties)
}

fn steps() -> Value {
    open(
        "A task on hosts for which it is the same.",
        &["hosts", "command"],
        json!({
            "hosts": texts("The round's hosts."),
            "skipped_by": text("The condition, as written, that is known not to hold."),
            "command": text("What it does as a person would type it; what is known only later stands as `‹after survey/kernel›`."),
            "items": list("The items that it runs for.", open("An item.", &["item", "command"], json!({
                "item": text("It in a few words."),
                "command": text("What is done for it."),
                "skipped_by": text("The condition, as written, that is known not to hold for it."),
            }))),
            "guards": texts("Its guards."),
            "on": texts("The hosts that it runs on, where `on` says so."),
            "become_user": text("The user that it becomes."),
            "become_method": text("By which program."),
            "cwd": text("Its folder."),
            "env": pairs("Its environment."),
            "stdin": text("Its standard input."),
            "umask": text("Its file creation mask, in octal."),
            "content": text("The text that it writes."),
            "known_after": texts("Steps after which the rest is known."),
        }),
    )
}

fn forecast() -> Value {
    open(
        "What a run would do with a task, on hosts for which that is the same.",
        &["hosts", "answer"],
        json!({
            "hosts": texts("The round's hosts."),
            "answer": answer(),
            "until": texts("Of an unknown one: the steps whose effects decide."),
            "now": {
                "description": "Of an unknown one that could be asked all the same: the answer as things are.",
                "enum": ["nothing", "reads", "changes", "runs", "unknown", "fails"],
            },
            "reason": text("Why, for people."),
            "differences": list("What is not as it is to be.", reference("difference")),
        }),
    )
}

fn answer() -> Value {
    json!({
        "description": "`nothing` to do, only `reads`, `changes` what is told, `runs`, `unknown` until another is done, `fails`, `blocked` by a failure before it, `unreachable`.",
        "enum": ["nothing", "reads", "changes", "runs", "unknown", "fails", "blocked", "unreachable"],
    })
}

fn difference() -> Value {
    open(
        "One thing that is not as it is to be.",
        &["what"],
        json!({
            "what": { "description": "What of it.", "type": "string", "examples": ["state", "mode", "owner", "group", "target", "content"] },
            "from": text("As it is; not there where it is nothing. Of content, its size and the beginning of its SHA-256."),
            "to": text("As it is to be; not there where it is to be nothing. Of content, its size and the beginning of its SHA-256."),
            "diff": text("Of content, where both are text of moderate size: a unified diff."),
        }),
    )
}

fn place() -> Value {
    let properties =
        json!({ "file": text("The file."), "line": count("The line, from 1."), "column": count("The column in characters, from 1.") });
    open("A place in a file.", &["file", "line", "column"], properties)
}

fn wait() -> Value {
    open(
        "Something that is waited for.",
        &["on", "why"],
        json!({
            "on": text("The round, task or block."),
            "why": { "description": "`order`: it stands below; `data`: it reads the result.", "enum": ["order", "needs", "data", "notify"] },
            "place": reference("place"),
        }),
    )
}

fn left_out() -> Value {
    open(
        "Hosts that take no part in a round, or can't be reached, for one reason.",
        &["hosts", "reason"],
        json!({ "hosts": texts("The hosts."), "reason": text("Why.") }),
    )
}

fn open(about: &str, required: &[&str], properties: Value) -> Value {
    json!({ "description": about, "type": "object", "required": required, "properties": properties })
}

fn closed(about: &str, required: &[&str], properties: Value) -> Value {
    let mut object = open(about, required, properties);
    object["additionalProperties"] = json!(false);
    object
}

fn join(properties: &mut Value, more: Value) {
    if let (Some(all), Value::Object(more)) = (properties.as_object_mut(), more) {
        all.extend(more);
    }
}

fn list(about: &str, items: Value) -> Value {
    json!({ "description": about, "type": "array", "items": items })
}

fn texts(about: &str) -> Value {
    list(about, json!({ "type": "string" }))
}

fn pairs(about: &str) -> Value {
    list(
        about,
        json!({ "description": "A name and its value.", "type": "array", "items": { "type": "string" }, "minItems": 2, "maxItems": 2 }),
    )
}

fn text(about: &str) -> Value {
    json!({ "description": about, "type": "string" })
}

fn digest(about: &str) -> Value {
    json!({ "description": about, "type": "string", "pattern": "^[0-9a-f]{64}$" })
}

fn count(about: &str) -> Value {
    json!({ "description": about, "type": "integer", "minimum": 0 })
}

fn flag(about: &str) -> Value {
    json!({ "description": about, "type": "boolean" })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_schema_is_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/plan.schema.json");
        let text = serde_json::to_string_pretty(&plan_schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(there == text, "run UPDATE_SCHEMAS=1 cargo test --lib plan::saved_schema");
    }
}
