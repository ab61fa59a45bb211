//! The schema of saved plans against plans that were really saved, with and without asking the hosts.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::Project;
use jsonschema::Validator;
use roundsman::plan::plan_schema;
use serde_json::{Value, json};

const HOSTS: &str = "\
connect: { transport: local }
hosts:
  web1: {}
  web2: {}
  gone: { address: 127.0.0.1, connect: { transport: ssh, port: 1, retries: 0, connect_timeout: 5s } }
groups: { web: { hosts: [web1, web2] } }
";

/// A playbook that uses as much of the form as one can.
const SITE: &str = "\
name: Site
inventory: hosts.yml
vars: { names: [a, b] }
secrets: { pw: { env: PW } }
groups:
  found: { hosts: web, when: rounds.survey.tasks.seen.rc == 0 }
rounds:
  - name: survey
    hosts: [web, gone]
    unreachable: skip
    tasks:
      - { name: seen, run: \"true\", read_only: true }
  - name: not this one
    hosts: web
    needs: []
    when: host.name == \"web1\"
    tasks:
      - { run: \"true\", read_only: true }
  - name: chosen
    hosts: found
    tasks:
      - { run: \"true\", read_only: true }
  - name: work
    hosts: web
    after: always
    confirm: Go on?
    batch: [1, 50%]
    pause: 10ms
    max_failures: 1
    max_wait: 30m
    cwd: HERE
    tasks:
      - { name: config, copy: { content: \"x\\n\", dest: \"{{ host.name }}.conf\" }, notify: reload, lock: config, throttle: 1, tags: [config] }
      - { name: made, run: \"touch {{ item }}\", each: \"{{ names }}\", as: item, creates: \"{{ item }}\", retries: 2, delay: 10ms, backoff: 2 }
      - { name: told, run: \"cat > told\", stdin: \"{{ secrets.pw }}\", env: { A: b }, umask: \"022\", changed: result.rc == 0, failed: false, when: tasks.made.stdout == \"\" }
      - { name: later, run: \"true\", creates: later }
      - { name: elsewhere, run: \"true\", on: web1, once: true, sensitive: true, durable: true, allow_failure: true }
      - { name: left out, run: \"true\", tags: [never] }
      - { name: not, run: \"true\", when: host.name == \"web2\" }
      - name: tried
        when: tasks.seen.rc == 0
        each: [1, 2]
        block:
          - { name: seen again, run: \"false\", read_only: true, until: result.rc == 0, retries: 1, delay: 1ms }
        rescue:
          - { name: undone, run: \"true\" }
      - { name: action, use: action.yml, with: { what: x } }
      - { name: fails, assert: \"1 == 2\" }
      - { name: blocked, run: \"true\" }
    handlers:
      - { name: reload, run: \"true\" }
    finally:
      - { name: last, run: \"true\", shell: bash }
";

/// What can't be asked everywhere.
const OTHER: &str = "\
name: Other
inventory: hosts.yml
rounds:
  - hosts: web
    tasks:
      - { name: other, run: \"echo {{ n }}\", become: root, each: { in: [1, 2], as: n, parallel: 2 } }
";

const ACTION: &str = "inputs: { what: { type: string } }\ntasks: [ { name: say, run: \"echo {{ inputs.what }}\" } ]\n";

fn project() -> Project {
    let mut project = Project::new();
    let site = SITE.replace("tasks.seen.rc == 0\n        each", "rounds.survey.tasks.seen.rc == 0\n        each");
    project.file("site.yml", site.replace("HERE", &project.path(".").display().to_string()));
    project.file("other.yml", OTHER);
    project.file("hosts.yml", HOSTS);
    project.file("action.yml", ACTION);
    project.file("web1.conf", "y\n");
    project.env("PW", "a secret word");
    project
}

/// Saves a plan, and reads it.
fn saved(project: &Project, playbook: &str, options: &[&str], code: i32) -> Value {
    let words = [&["plan", playbook, "-o", "saved.json", "-q"], options].concat();
    project.run(&words).expect_code(code);
    serde_json::from_str(&std::fs::read_to_string(project.path("saved.json")).unwrap()).unwrap()
}

fn refusals(schema: &Validator, json: &Value) -> Vec<String> {
    schema.iter_errors(json).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// A schema that takes no field that it does not name.
fn closed(mut schema: Value) -> Value {
    fn close(schema: &mut Value) {
        if schema.get("properties").is_some() {
            schema["additionalProperties"] = json!(false);
        }
        match schema {
            Value::Object(map) => map.values_mut().for_each(close),
            Value::Array(list) => list.iter_mut().for_each(close),
            _ => {}
        }
    }
    schema.as_object_mut().unwrap().remove("allOf");
    close(&mut schema);
    schema
}

/// The names of all fields in a schema.
fn properties(schema: &Value, found: &mut std::collections::BTreeSet<String>) {
    if let Some(Value::Object(fields)) = schema.get("properties") {
        found.extend(fields.keys().cloned());
    }
    match schema {
        Value::Object(map) => map.values().for_each(|value| properties(value, found)),
        Value::Array(list) => list.iter().for_each(|value| properties(value, found)),
        _ => {}
    }
}

/// The words of all keys in a document.
fn keys(json: &Value, found: &mut std::collections::BTreeSet<String>) {
    match json {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            found.insert(key.clone());
            keys(value, found);
        }),
        Value::Array(list) => list.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

/// Where an answer stands in a plan of [`SITE`].
const FORECAST: &str = "/plan/rounds/3/tasks/0/forecasts/0";

/// Makes a right plan a wrong one.
type Break = fn(&mut Value);

#[test]
fn what_is_saved_is_what_the_schema_says() {
    let project = project();
    let schema = jsonschema::validator_for(&plan_schema()).unwrap();
    let whole = jsonschema::validator_for(&closed(plan_schema())).unwrap();
    let typed =
        ["--limit", "all,gone", "-x", "gone", "-e", "names=[a]", "--tags", "config", "--skip-tags", "never", "--start-at", "work/config"];
    let mut used = std::collections::BTreeSet::new();
    let mut look_at = |playbook: &str, options: &[&str], code: i32| {
        let plan = saved(&project, playbook, options, code);
        assert_eq!(plan["probed"], options.contains(&"--probe"));
        assert_eq!(refusals(&schema, &plan), Vec::<String>::new(), "{options:?}");
        assert_eq!(refusals(&whole, &plan), Vec::<String>::new(), "{options:?}: the schema lacks fields");
        keys(&plan, &mut used);
    };
    look_at("site.yml", &[], 0);
    look_at("site.yml", &["--probe"], 4);
    look_at("site.yml", &typed, 0);
    look_at("other.yml", &["-i", "hosts.yml"], 0);
    project.run(&["run", "site.yml", "--yes"]).expect_code(6);
    look_at("site.yml", &[], 0);
    // Else the test would have looked at little.
    let mut known = std::collections::BTreeSet::new();
    properties(&plan_schema(), &mut known);
    assert!(known.len() > 90, "{known:?}");
    let lacking: Vec<&String> = known.difference(&used).collect();
    assert!(lacking.is_empty(), "no plan of this test has {lacking:?}");
}

#[test]
fn what_plan_prints_is_a_part_of_it() {
    let project = project();
    let mut part = plan_schema();
    part["$ref"] = json!("#/$defs/plan");
    for word in ["type", "additionalProperties", "required", "properties", "allOf"] {
        part.as_object_mut().unwrap().remove(word);
    }
    let schema = jsonschema::validator_for(&part).unwrap();
    let printed = project.ok(&["plan", "site.yml", "--format", "json"]).stdout;
    let mut plan: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(refusals(&schema, &plan), Vec::<String>::new());
    plan["rounds"][0]["tasks"][0]["place"]["line"] = json!("three");
    assert_eq!(refusals(&schema, &plan).len(), 1);
    let told = project.ok(&["schema", "plan"]).stdout;
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), plan_schema());
}

#[test]
fn what_is_broken_is_refused() {
    let project = project();
    let schema = jsonschema::validator_for(&plan_schema()).unwrap();
    let right = saved(&project, "site.yml", &["--probe"], 4);
    assert!(right.pointer(FORECAST).is_some(), "{right}");
    let breaks: [(&str, Break); 9] = [
        ("another form", |plan| plan["roundsman_plan"] = json!(2)),
        ("no plan", |plan| drop(plan.as_object_mut().unwrap().remove("plan"))),
        ("an unknown key", |plan| plan["plam"] = json!(1)),
        ("an unknown option", |plan| plan["sources"]["verbose"] = json!(true)),
        ("no digest", |plan| plan["inputs"][0]["sha256"] = json!("abc")),
        ("asked, without an answer", |plan| drop(plan["plan"].as_object_mut().unwrap().remove("probed"))),
        ("answers of nobody", |plan| plan["probed"] = json!(false)),
        ("an unknown answer", |plan| plan.pointer_mut(FORECAST).unwrap()["answer"] = json!("maybe")),
        ("an answer of no host", |plan| drop(plan.pointer_mut(FORECAST).unwrap().as_object_mut().unwrap().remove("hosts"))),
    ];
    for (name, break_it) in breaks {
        let mut plan = right.clone();
        break_it(&mut plan);
        assert!(!refusals(&schema, &plan).is_empty(), "{name}");
    }
    // The program refuses what stands around the plan in the same way.
    for (name, break_it) in &breaks[..4] {
        let mut plan = right.clone();
        break_it(&mut plan);
        project.file("broken.json", plan.to_string());
        let shown = project.run(&["run", "broken.json"]).expect_code(3);
        assert!(shown.stderr.contains("saved plan"), "{name}\n{}", shown.text());
    }
}
