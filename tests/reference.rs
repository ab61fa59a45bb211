//! The reference is whole and true: docs/reference.md is made of the schemas, which are made of the tables of keys, so it
//! has every key and no other; what it calls not there yet is refused in those words; docs/verbs.md has every verb, and
//! docs/commands.md every exit code and every option.
//!
//! `UPDATE_DOCS=1 cargo test --test reference` makes the page anew.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::Project;
use common::book::root;
use roundsman::cli::ExitCode;
use serde_json::Value;

/// The sections of the page: heading, schema, the place of the map in it, what is said above the table.
const SECTIONS: &[(&str, &str, &str, &str)] = &[
    ("Playbook", "playbook", "", "A file for `check`, `plan` and `run`."),
    ("Round", "playbook", "/$defs/round", "An entry of `rounds`. [Playbooks](playbooks.md) says how rounds wait for each other."),
    (
        "Task",
        "playbook",
        "/$defs/task",
        "An entry of `tasks`, `handlers`, `finally`, and of the lists in groups and blocks: exactly one [verb](#verbs), and any of these.",
    ),
    ("Verbs", "playbook", "/$defs/task", "Exactly one in a task. [Verbs](verbs.md) says what each does and gives back."),
    ("parallel", "playbook", "/$defs/group", "A list of tasks that start together, in place of a task."),
    ("block", "playbook", "/$defs/block", "Tasks that succeed or fail as one, in place of a task: [Roll back](howto/roll-back.md)."),
    ("use", "playbook", "/$defs/use", "An action, in place of a task: [Write a thing once](howto/reuse.md)."),
    ("include", "playbook", "/$defs/include", "A file with a list, in place of a task or of a round."),
    (
        "each",
        "playbook",
        "/$defs/each/anyOf/2",
        "`each` may be a list, a map (its items have `key` and `value`), an expression, or a map of these settings.",
    ),
    (
        "become",
        "playbook",
        "/$defs/become/anyOf/2",
        "`become: root` is short for `become: { user: root }`; `become: false` takes back what stands further out.",
    ),
    (
        "defaults",
        "playbook",
        "/$defs/defaults/anyOf/1",
        "Settings for all tasks of a playbook or a round; what stands nearer to a task is stronger.",
    ),
    (
        "A chosen group",
        "playbook",
        "/$defs/chosen",
        "An entry of a playbook's `groups`: [Choose hosts by what a run finds](howto/choose-hosts.md).",
    ),
    ("An input", "playbook", "/$defs/input/anyOf/1", "An entry of `inputs`, of a playbook or an action."),
    (
        "A secret",
        "playbook",
        "/properties/secrets/additionalProperties",
        "An entry of `secrets`: exactly one source. [Secrets](secrets.md) has the rest.",
    ),
    ("copy", "playbook", "/$defs/copy", "`content` or `src`."),
    ("template", "playbook", "/$defs/template", ""),
    ("file", "playbook", "/$defs/file/anyOf/1", "The path alone may stand for the map."),
    ("directory", "playbook", "/$defs/directory/anyOf/1", "The path alone may stand for the map."),
    ("link", "playbook", "/$defs/link", "`src` is needed unless `state` is `absent`."),
    (
        "line",
        "playbook",
        "/$defs/line",
        "`line` is needed; with `state: absent`, `line` or `match`. At most one of `after`, `before` and `at`.",
    ),
    ("text", "playbook", "/$defs/text", "`text` is needed unless `state` is `absent`. At most one of `after`, `before` and `at`."),
    ("download", "playbook", "/$defs/download", ""),
    ("archive", "playbook", "/$defs/archive", ""),
    ("unarchive", "playbook", "/$defs/unarchive", ""),
    ("fetch", "playbook", "/$defs/fetch", ""),
    ("script", "playbook", "/$defs/script/anyOf/1", "The file alone may stand for the map."),
    (
        "wait_for",
        "playbook",
        "/$defs/wait_for/anyOf/2",
        "Exactly one of `port`, `url`, `path` and `command`. A number alone is a port, an absolute path alone a path.",
    ),
    ("assert", "playbook", "/$defs/assert/anyOf/1", "Expressions alone may stand for the map."),
    ("Action", "action", "", "A file for `use`. It sees its inputs, the host, facts and the inventory's variables."),
    ("Inventory", "inventory", "", "A file for `-i` and `inventory`. [Inventory](inventory.md) has the rest."),
    ("A host", "inventory", "/$defs/host", "An entry of `hosts`: a name, or a range such as `web[01-40]`."),
    ("A group", "inventory", "/$defs/group", "An entry of `groups`."),
    ("connect", "inventory", "/$defs/connect", "How a host is reached: [Inventory](inventory.md#connect)."),
];

/// What holds without a key, where the schema does not say it. A key that is not there fails the test.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("Playbook", "id", "from the name"),
    ("Playbook", "inventory", "this machine alone"),
    ("Playbook", "max_parallel", "no limit"),
    ("Playbook", "lock_hosts", "`false`"),
    ("Round", "id", "from the name"),
    ("Round", "needs", "all above"),
    ("Round", "when", "true"),
    ("Round", "max_parallel", "no limit"),
    ("Round", "max_failures", "`0` with `batch`, else no limit"),
    ("Round", "max_wait", "no limit"),
    ("Round", "batch", "all at once"),
    ("Round", "pause", "`0s`"),
    ("Round", "confirm", "`false`"),
    ("Round", "read_only", "`false`"),
    ("Round", "become", "the login's own"),
    ("Task", "id", "from the name"),
    ("Task", "name", "from the verb"),
    ("Task", "needs", "all above"),
    ("Task", "when", "true"),
    ("Task", "on", "the round's host"),
    ("Task", "once", "`false`"),
    ("Task", "become", "the round's"),
    ("Task", "stdin", "`/dev/null`"),
    ("Task", "shell", "`sh`"),
    ("Task", "timeout", "`1h`"),
    ("Task", "changed", "what the verb knows"),
    ("Task", "failed", "what the verb knows; `run`: `result.rc != 0`"),
    ("Task", "read_only", "`false`"),
    ("Task", "allow_failure", "`false`"),
    ("Task", "as", "`item`"),
    ("Task", "retries", "`0`; with `until` `3`"),
    ("Task", "delay", "`1s`"),
    ("Task", "backoff", "`1`"),
    ("Task", "throttle", "no limit"),
    ("Task", "sensitive", "`false`"),
    ("Task", "durable", "`false`"),
    ("parallel", "needs", "all above"),
    ("block", "needs", "all above"),
    ("block", "retries", "`0`"),
    ("block", "delay", "`1s`"),
    ("block", "backoff", "`1`"),
    ("block", "as", "`item`"),
    ("block", "allow_failure", "`false`"),
    ("use", "needs", "all above"),
    ("use", "retries", "`0`"),
    ("use", "delay", "`1s`"),
    ("use", "backoff", "`1`"),
    ("use", "as", "`item`"),
    ("use", "allow_failure", "`false`"),
    ("each", "as", "`item`"),
    ("each", "parallel", "`1`"),
    ("become", "method", "`sudo`"),
    ("An input", "type", "any value"),
    ("An input", "required", "`true` without a `default`"),
    ("copy", "mode", "what is there; a new file obeys the umask"),
    ("copy", "owner", "what is there"),
    ("copy", "group", "what is there"),
    ("copy", "backup", "`false`"),
    ("template", "mode", "what is there; a new file obeys the umask"),
    ("template", "owner", "what is there"),
    ("template", "group", "what is there"),
    ("template", "backup", "`false`"),
    ("file", "mode", "what is there; a new file obeys the umask"),
    ("file", "owner", "what is there"),
    ("file", "group", "what is there"),
    ("file", "force", "`false`"),
    ("directory", "mode", "what is there; a new folder obeys the umask"),
    ("directory", "owner", "what is there"),
    ("directory", "group", "what is there"),
    ("directory", "force", "`false`"),
    ("line", "mode", "what is there; a new file obeys the umask"),
    ("line", "owner", "what is there"),
    ("line", "group", "what is there"),
    ("line", "backup", "`false`"),
    ("line", "create", "`false`"),
    ("text", "mode", "what is there; a new file obeys the umask"),
    ("text", "owner", "what is there"),
    ("text", "group", "what is there"),
    ("text", "backup", "`false`"),
    ("text", "create", "`false`"),
    ("download", "mode", "what is there; a new file obeys the umask"),
    ("download", "owner", "what is there"),
    ("download", "group", "what is there"),
    ("download", "backup", "`false`"),
    ("download", "force", "`false`"),
    ("download", "sha256", "any bytes"),
    ("archive", "mode", "what is there; a new file obeys the umask"),
    ("archive", "owner", "what is there"),
    ("archive", "group", "what is there"),
    ("archive", "backup", "`false`"),
    ("unarchive", "mode", "what is there; a new folder obeys the umask"),
    ("unarchive", "owner", "as `tar` does it"),
    ("unarchive", "group", "as `tar` does it"),
    ("unarchive", "remote", "`false`"),
    ("unarchive", "strip", "`0`"),
    ("link", "force", "`false`"),
    ("line", "match", "the line itself"),
    ("text", "name", "the task's id, else `roundsman`"),
    ("text", "comment", "`#`"),
    ("script", "interpreter", "the file's first line, else `/bin/sh`"),
    ("wait_for", "host", "`127.0.0.1`"),
    ("wait_for", "interval", "`1s`"),
    ("connect", "address", "the host's name"),
    ("connect", "port", "ssh's own"),
    ("connect", "user", "ssh's own"),
    ("connect", "identity", "ssh's own"),
    ("connect", "jump", "ssh's own"),
    ("connect", "ssh_config", "`~/.ssh/config`"),
    ("connect", "connect_timeout", "`10s`"),
    ("connect", "keepalive", "`15s`"),
    ("A host", "address", "the name"),
];

/// Keys whose text is an expression; the schema can't tell.
const EXPRESSIONS: &[&str] = &["when", "until"];

/// What the text of a key is, where the schema can't tell.
const TEXTS: &[(&str, &str)] = &[
    ("hosts", "[hosts](inventory.md#host-expressions)"),
    ("needs", "name"),
    ("notify", "handler"),
    ("tags", "word"),
    ("on", "host"),
    ("mode", "mode"),
    ("umask", "mode"),
    ("creates", "path"),
    ("removes", "path"),
    ("cwd", "path"),
    ("read", "path"),
    ("stat", "path"),
    ("glob", "pattern"),
    ("src", "path"),
    ("dest", "path"),
    ("file", "path"),
    ("include", "path"),
    ("use", "path"),
    ("validate", "shell text"),
    ("sha256", "64 hex digits"),
    ("match", "regular expression"),
    ("after", "regular expression"),
    ("before", "regular expression"),
    ("identity", "path"),
    ("inventory", "path"),
    ("vars_files", "path"),
];

fn schema(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join(format!("schemas/{name}.schema.json"))).unwrap()).unwrap()
}

fn is_words(value: &Value) -> bool {
    value["type"] == serde_json::json!(["string", "number", "boolean"])
}

/// The type of a key's value in words. A form that it does not know fails the test.
fn words(key: &str, value: &Value) -> String {
    if EXPRESSIONS.contains(&key) {
        return "expression".to_owned();
    }
    if let Some(to) = value["$ref"].as_str() {
        return match to.trim_start_matches("#/$defs/") {
            "command" => "shell text or a list".to_owned(),
            "each" | "each_in_turn" => "list, map, expression or [settings](#each)".to_owned(),
            "become" => "user, [map](#become) or `false`".to_owned(),
            "script" | "file" | "directory" => format!("path or [map]({to})", to = to.replace("/$defs/", "")),
            "wait_for" => "port, path or [map](#wait_for)".to_owned(),
            "assert" => "expression, list or [map](#assert)".to_owned(),
            "host" | "group" => "map".to_owned(),
            name => format!("[map](#{name})"),
        };
    }
    if let Some(words) = value["enum"].as_array() {
        return words.iter().map(|word| format!("`{}`", word.as_str().unwrap())).collect::<Vec<_>>().join(", ");
    }
    if value["pattern"].as_str().is_some_and(|pattern| pattern.contains("ms|s|m")) {
        return "duration".to_owned();
    }
    if let Some(forms) = value["anyOf"].as_array() {
        let forms: Vec<String> = forms.iter().filter(|form| form["type"] != "null").map(|form| words("", form)).collect();
        let plain: Vec<&str> = forms.iter().map(String::as_str).collect();
        return match plain[..] {
            ["number from 1 or text", ..] => "count, percentage, hosts, or a list of them",
            ["number from 1", "text"] if key == "port" => "number or template",
            ["number from 1", "text"] => "number from 1 or text",
            ["number from 0", "text"] => "count or percentage",
            ["`sh`, `bash`", _] => "`sh`, `bash` or a path",
            ["map", ..] if key == "facts" => "nothing, a section, or a list of them",
            [_, "text like `choice[…]`"] => "`string`, `int`, `number`, `bool`, `list`, `map`, `duration`, `path`, `choice[a, b]`",
            [one] => one,
            [one, "list"] if key == "that" => return format!("expression or a list of {}", if one == "text" { "them" } else { one }),
            [one, "list"] => return format!("{one} or list"),
            _ if key == "transport" => "a name or a map, see [Inventory](inventory.md#connect)",
            _ => return forms.join(" or "),
        }
        .to_owned();
    }
    if is_words(value) {
        return "text".to_owned();
    }
    match &value["type"] {
        Value::String(kind) => match kind.as_str() {
            "string" if key == "id" || key == "as" => "id",
            "string" if value["pattern"].as_str().is_some_and(|pattern| pattern.contains("choice")) => "text like `choice[…]`",
            "string" => "text",
            "boolean" => "bool",
            "integer" if value["minimum"] == 0 => "number from 0",
            "integer" => "number from 1",
            "number" => "number from 1",
            "array" if key == "rounds" => "list of [rounds](#round)",
            "array" if value["items"]["$ref"] == "#/$defs/entry" => "list of [tasks](#task)",
            "array" => "list",
            "object" => "map",
            other => panic!("`{key}` has a type without words: {other}"),
        }
        .to_owned(),
        Value::Array(kinds) => {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str().unwrap()).filter(|kind| *kind != "null").collect();
            match kinds[..] {
                ["object"] => "map",
                ["boolean", "string"] if key == "confirm" => "question or `true`",
                ["string", "boolean"] if key == "ask" => "text, or nothing",
                ["string", "number"] => "text",
                ["boolean", "string"] => "bool or expression",
                ["string"] => "text",
                ["integer", "string"] => "number or text",
                _ => panic!("`{key}` has types without words: {kinds:?}"),
            }
            .to_owned()
        }
        Value::Null => "any value".to_owned(),
        other => panic!("`{key}` has a type without words: {other}"),
    }
}

/// The verbs: what a task must have one of.
fn verbs(task: &Value) -> BTreeSet<String> {
    task["oneOf"].as_array().unwrap().iter().map(|one| one["required"][0].as_str().unwrap().to_owned()).collect()
}

/// Keys and verbs that the tables mark as not there yet, with the table of each.
fn later() -> BTreeMap<String, Vec<String>> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for file in ["keys.rs", "keys/flow.rs"] {
        for line in std::fs::read_to_string(root().join("src/playbook").join(file)).unwrap().lines() {
            if let Some(rest) = line.strip_prefix("pub(crate) const ") {
                table = rest.split(':').next().unwrap().to_owned();
            } else if let Some(rest) = line.trim().strip_prefix("later(\"") {
                tables.entry(table.clone()).or_default().push(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
    tables
}

fn page() -> String {
    let mut page = String::from(
        "# Reference: every key\n\n<!-- Made from the tables of keys by `UPDATE_DOCS=1 cargo test --test reference`. -->\n\n\
         Every key of a playbook, an action and an inventory, with the type of its value, what holds without it, and what it is\n\
         for. Any other key is an error, with a suggestion. **Bold** keys must be there.\n\n\
         | type | is | for example |\n|---|---|---|\n\
         | text | text; a template where the page of the key says so | `\"{{ dir }}/app\"` |\n\
         | id | a letter or `_`, then letters, digits and `_` | `upgrade_nginx` |\n\
         | expression | [Jinja](templates.md#expressions) without braces that gives a bool | `tasks.kernel.rc == 0` |\n\
         | regular expression | of [these](https://docs.rs/regex/latest/regex/#syntax), for a line | `^Port ` |\n\
         | shell text | text for the host's `sh`; values are [quoted for their place](templates.md#shell-text) | `echo {{ name }}` |\n\
         | list, of a command | a program and its arguments, without a shell | `[systemctl, reload, nginx]` |\n\
         | path | of a file or a folder; here, relative to the file that names it | `files/app.conf` |\n\
         | hosts | a [host expression](inventory.md#host-expressions) | `web and not spare` |\n\
         | duration | numbers with `ms`, `s`, `m`, `h`, `d` | `1h30m` |\n\
         | percentage | of the round's hosts; `batch` rounds up, limits down | `25%` |\n\
         | mode | octal digits, in quotes | `\"0644\"` |\n",
    );
    let mut unused: BTreeSet<_> = DEFAULTS.iter().map(|(section, key, _)| (*section, *key)).collect();
    for (heading, of, place, about) in SECTIONS {
        let schema = schema(of);
        let map = schema.pointer(place).unwrap_or_else(|| panic!("the schema {of} has no {place}"));
        page.push_str(&format!("\n## {heading}\n\n"));
        if !about.is_empty() {
            page.push_str(&format!("{about}\n\n"));
        }
        page.push_str("| key | type | without it | for |\n|---|---|---|---|\n");
        let verbs = if map["oneOf"].is_array() && *place == "/$defs/task" { verbs(map) } else { BTreeSet::new() };
        let required: Vec<&str> =
            map["required"].as_array().map(|keys| keys.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
        for (key, value) in map["properties"].as_object().unwrap_or_else(|| panic!("{heading}: {place} is no map")) {
            if !verbs.is_empty() && verbs.contains(key) != (*heading == "Verbs") {
                continue;
            }
            unused.retain(|(section, name)| section != heading || name != key);
            let said =
                DEFAULTS.iter().find(|(section, name, _)| section == heading && name == key).map(|(_, _, default)| (*default).to_owned());
            let default = said.or_else(|| value["default"].as_str().map(|word| format!("`{word}`")));
            let default = default.or_else(|| value["default"].as_i64().map(|number| format!("`{number}`"))).unwrap_or_default();
            let about =
                value["description"].as_str().unwrap_or("How to get there; what stands nearer to a host is stronger.").replace('|', "\\|");
            // The column before it has it.
            let about = match about.rsplit_once("; ") {
                Some((first, last)) if !default.is_empty() && last.ends_with("without it.") => format!("{first}."),
                _ => about,
            };
            let shown = match (required.contains(&key.as_str()), *heading) {
                (true, _) => format!("**`{key}`**"),
                (false, "Verbs") => format!("[`{key}`](verbs.md#{key})"),
                _ => format!("`{key}`"),
            };
            let kind = words(key, value);
            let text = TEXTS.iter().find(|(name, _)| name == key).filter(|_| kind.starts_with("text"));
            let kind = text.map_or_else(|| kind.clone(), |(_, of)| kind.replacen("text", of, 1));
            page.push_str(&format!("| {shown} | {kind} | {default} | {about} |\n"));
        }
    }
    assert!(unused.is_empty(), "defaults of keys that are not there: {unused:?}");
    page.push_str("\n## Not there yet\n\nThe language has these words, and this version refuses them as *not supported yet* (E014):\n\n");
    for (table, keys) in later() {
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        page.push_str(&format!("- {}: {}\n", place_of(&table), keys.join(", ")));
    }
    page
}

/// A table of keys in words.
fn place_of(table: &str) -> &str {
    match table {
        "PLAYBOOK" => "of a playbook",
        "ROUND" => "of a round",
        "TASK" => "of a task",
        "VERBS" => "verbs",
        "COPY" => "of `copy`",
        other => panic!("the table {other} has no words"),
    }
}

#[test]
fn the_reference_is_made_of_the_tables_of_keys() {
    let path = root().join("docs/reference.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/reference.md is not what the tables say; UPDATE_DOCS=1 makes it anew");
}

/// Maps of the schemas that the page leaves out would be keys nobody reads about.
#[test]
fn no_map_of_the_schemas_is_left_out() {
    fn maps(value: &Value, at: &str, found: &mut Vec<String>) {
        if value.get("additionalProperties") == Some(&Value::Bool(false)) && value["properties"].is_object() {
            found.push(at.to_owned());
        }
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| maps(value, &format!("{at}/{key}"), found)),
            Value::Array(list) => list.iter().enumerate().for_each(|(index, value)| maps(value, &format!("{at}/{index}"), found)),
            _ => {}
        }
    }
    for name in ["playbook", "action", "inventory"] {
        let mut found = Vec::new();
        maps(&schema(name), "", &mut found);
        found.retain(|place| {
            let shared = SECTIONS.iter().any(|(_, _, known, _)| !known.is_empty() && known == place);
            let own = SECTIONS.iter().any(|(_, of, known, _)| *of == name && known == place);
            // Of a block's `each` everything is said but `parallel`, which it does not have.
            let less = place.contains("/each_in_turn/");
            // Transports of containers have a table of their own in docs/hosts.md; secrets of an inventory are those of a playbook.
            !(own || shared || less || place.contains("/transport/") || place.ends_with("/secrets/additionalProperties"))
        });
        assert!(found.is_empty(), "docs/reference.md has no section for {found:?} of {name}");
    }
}

#[test]
fn what_is_not_there_yet_is_refused_in_those_words() {
    let project = Project::new();
    let mut tried = 0;
    for (table, keys) in later() {
        for key in keys {
            let (playbook, round, task) = match table.as_str() {
                "PLAYBOOK" => (format!("{key}: x\n"), String::new(), "run: id".to_owned()),
                "ROUND" => (String::new(), format!("    {key}: x\n"), "run: id".to_owned()),
                "TASK" => (String::new(), String::new(), format!("run: id, {key}: x")),
                "VERBS" => (String::new(), String::new(), format!("{key}: x")),
                _ => (String::new(), String::new(), format!("copy: {{ content: x, dest: /x, {key}: x }}")),
            };
            project.file("a.yml", format!("{playbook}rounds:\n  - hosts: localhost\n{round}    tasks:\n      - {{ {task} }}\n"));
            let shown = project.run(&["check", "a.yml"]).expect_code(3);
            assert!(shown.stderr.contains("E014"), "{table} {key}\n{}", shown.text());
            tried += 1;
        }
    }
    assert!(tried > 0, "nothing is marked as later: drop the section from the page, and this test");
}

#[test]
fn the_page_of_verbs_has_every_verb() {
    let text = std::fs::read_to_string(root().join("docs/verbs.md")).unwrap();
    let headings: BTreeSet<String> = text.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect();
    let verbs = verbs(&schema("playbook")["$defs"]["task"]);
    let missing: Vec<_> = verbs.difference(&headings).collect();
    assert!(missing.is_empty(), "docs/verbs.md has no section for {missing:?}");
    for verb in &verbs {
        assert!(text.contains(&format!("\n| [`{verb}`](#{verb}) |")), "the table of docs/verbs.md does not have `{verb}`");
    }
}

#[test]
fn the_page_of_commands_has_every_exit_code_and_every_option() {
    let text = std::fs::read_to_string(root().join("docs/commands.md")).unwrap();
    let section = text.split("## Exit codes").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let told: BTreeSet<u8> = rows.flat_map(|codes| codes.split(", ")).filter_map(|code| code.parse().ok()).collect();
    let known: BTreeSet<u8> = ExitCode::PRECEDENCE.iter().map(|exit| exit.code()).collect();
    assert_eq!(told, known, "the exit codes of docs/commands.md are not those of the program");

    let project = Project::new();
    let commands = |of: &str| -> Vec<String> {
        let help = project.ok(&[of, "--help"].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>()).stdout;
        let list = help.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default().to_owned();
        list.lines()
            .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
            .filter(|name| !name.is_empty())
            .filter(|name| *name != "help")
            .map(str::to_owned)
            .collect()
    };
    let top = commands("");
    assert!(top.len() > 5, "{top:?}");
    let mut missing = Vec::new();
    for command in top {
        if !text.contains(&format!("`roundsman {command}")) {
            missing.push(command.clone());
        }
        let help = project.ok(&[&command, "--help"]).stdout;
        for line in help.lines() {
            let option = line.trim_start().split([' ', '[', '=', ',', '.']).find(|word| word.starts_with("--"));
            let starts = line.trim_start().starts_with('-') && line.starts_with(' ');
            if let (true, Some(option)) = (starts, option) {
                let short = line.trim_start().get(..2).filter(|short| !short.starts_with("--"));
                let told = [Some(option), short]
                    .into_iter()
                    .flatten()
                    .any(|name| [format!("`{name}"), format!(" {name}")].iter().any(|word| text.contains(word)));
                if !told && option != "--help" {
                    missing.push(format!("{command} {option}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "docs/commands.md does not have {missing:?}");
}
