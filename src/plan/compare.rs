//! Two plans in their public form, compared: rounds and tasks, hosts and commands that came, went or changed, answers of hosts.
//!
//! Knows the JSON form and nothing else, so that a plan of an earlier version, or one in the record, can be compared too. Hosts for which a
//! change is the same stand together.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::Difference;
use crate::text::{fold_names, one_line};

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Changed {
    /// A task is there for hosts for which it was not: what it does.
    Added {
        /// `patch/upgrade`.
        task: String,
        /// The hosts.
        hosts: Vec<String>,
        /// What it does there.
        now: String,
    },
    /// A task is not there any more for hosts for which it was: what it did.
    Removed {
        /// `patch/upgrade`.
        task: String,
        /// The hosts.
        hosts: Vec<String>,
        /// What it did there.
        was: String,
    },
    /// A task does something else.
    Command {
        /// `patch/upgrade`.
        task: String,
        /// The hosts.
        hosts: Vec<String>,
        /// What of it: `command`, `guards`, `content` and so on, as in the JSON form, each as it was and as it is.
        parts: Vec<(String, String, String)>,
    },
    /// Hosts answer otherwise.
    Answer {
        /// `patch/upgrade`.
        task: String,
        /// The hosts.
        hosts: Vec<String>,
        /// What they said.
        was: String,
        /// What they say.
        now: String,
    },
    /// A round or task is otherwise in something that is the same for all hosts.
    Setting {
        /// `patch`, `patch/upgrade`.
        what: String,
        /// The key, as in the JSON form.
        key: String,
    },
}

impl Changed {
    /// Its sign: `+` what came, `-` what went, `~` what is otherwise.
    #[must_use]
    pub fn mark(&self) -> char {
        match self {
            Changed::Added { .. } => '+',
            Changed::Removed { .. } => '-',
            Changed::Command { .. } | Changed::Answer { .. } | Changed::Setting { .. } => '~',
        }
    }

    /// It in one line.
    #[must_use]
    pub fn words(&self) -> String {
        let on = |hosts: &[String]| if hosts.is_empty() { String::new() } else { format!(" on {}", fold_names(hosts)) };
        match self {
            Changed::Added { task, hosts, now } => format!("{task}{} is added: {}", on(hosts), cut(now)),
            Changed::Removed { task, hosts, was } => format!("{task}{} is removed: {}", on(hosts), cut(was)),
            Changed::Command { task, hosts, parts } => {
                let part = |(key, was, now): &(String, String, String)| {
                    let key = if key == "command" { String::new() } else { format!("{key} ") };
                    format!("{key}was: {}; is: {}", cut(was), cut(now))
                };
                format!("{task}{} {}", on(hosts), parts.iter().map(part).collect::<Vec<_>>().join("; "))
            }
            Changed::Answer { task, hosts, was, now } => format!("{task}{} said: {}; says: {}", on(hosts), cut(was), cut(now)),
            Changed::Setting { what, key } => format!("{what} has another `{key}`"),
        }
    }
}

fn cut(text: &str) -> String {
    one_line(text, 200)
}

#[derive(Debug, Default, Deserialize)]
struct View {
    #[serde(default)]
    rounds: Vec<Round>,
}

#[derive(Debug, Deserialize)]
struct Round {
    id: String,
    #[serde(default)]
    tasks: Vec<Task>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Task {
    id: Option<String>,
    name: String,
    #[serde(default)]
    steps: Vec<Steps>,
    #[serde(default)]
    forecasts: Vec<Steps>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Steps {
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(flatten)]
    what: serde_json::Map<String, Value>,
}

/// Keys that say where something is written, or what is asked of earlier runs or hosts, not what is done.
const ASIDE: [&str; 6] = ["place", "waits", "hosts", "changes", "left_out", "blocks"];

/// Compares two plans.
#[must_use]
pub fn compare(was: &Value, now: &Value) -> Vec<Changed> {
    let read = |value: &Value| View::deserialize(value).unwrap_or_default();
    let (was, now) = (tasks(read(was)), tasks(read(now)));
    let mut found = Vec::new();
    let names: indexmap::IndexSet<&String> = was.keys().chain(now.keys()).collect();
    let nothing = Flat::default();
    let asked = |plan: &IndexMap<String, Flat>| plan.values().any(|flat| !flat.answers.is_empty());
    let both_asked = asked(&was) && asked(&now);
    for name in names {
        let (before, after) = (was.get(name).unwrap_or(&nothing), now.get(name).unwrap_or(&nothing));
        if was.contains_key(name) && now.contains_key(name) {
            let keys: std::collections::BTreeSet<&String> = before.settings.keys().chain(after.settings.keys()).collect();
            let other = keys.into_iter().filter(|key| before.settings.get(*key) != after.settings.get(*key));
            found.extend(other.map(|key| Changed::Setting { what: name.clone(), key: key.clone() }));
        }
        hosts(name, (before, after), both_asked, &mut found);
    }
    found
}

/// A round or task, by host.
#[derive(Debug, Default)]
struct Flat {
    settings: BTreeMap<String, Value>,
    steps: IndexMap<String, BTreeMap<String, String>>,
    answers: IndexMap<String, String>,
}

fn tasks(view: View) -> IndexMap<String, Flat> {
    let mut all: IndexMap<String, Flat> = IndexMap::new();
    for round in view.rounds {
        let settings = |rest: serde_json::Map<String, Value>| rest.into_iter().filter(|(key, _)| !ASIDE.contains(&key.as_str())).collect();
        let own = Flat { settings: settings(round.rest), ..Flat::default() };
        all.insert(round.id.clone(), own);
        for task in round.tasks {
            let key = task.id.unwrap_or(task.name);
            let mut name = format!("{}/{key}", round.id);
            // Names need not be unique where nothing refers to them.
            let mut nth = 1;
            while all.contains_key(&name) {
                nth += 1;
                name = format!("{}/{key} ({nth})", round.id);
            }
            let flat = Flat { settings: settings(task.rest), steps: by_host(&task.steps, said), answers: by_host(&task.forecasts, answer) };
            all.insert(name, flat);
        }
    }
    all
}

fn by_host<T>(steps: &[Steps], words: impl Fn(&serde_json::Map<String, Value>) -> T) -> IndexMap<String, T> {
    steps.iter().flat_map(|steps| steps.hosts.iter().map(|host| (host.clone(), words(&steps.what)))).collect()
}

/// What is known of a step, key by key.
fn said(what: &serde_json::Map<String, Value>) -> BTreeMap<String, String> {
    what.iter().map(|(key, value)| (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
}

/// A step in one line, its command first.
fn in_words(said: &BTreeMap<String, String>) -> String {
    let rest = said.iter().filter(|(key, _)| *key != "command").map(|(key, value)| format!("{key} {value}"));
    said.get("command").cloned().into_iter().filter(|command| !command.is_empty()).chain(rest).collect::<Vec<_>>().join(", ")
}

fn parts(was: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<(String, String, String)> {
    let keys: std::collections::BTreeSet<&String> = was.keys().chain(now.keys()).collect();
    let text = |said: &BTreeMap<String, String>, key: &String| said.get(key).cloned().unwrap_or_else(|| "none".to_owned());
    keys.into_iter().filter(|key| was.get(*key) != now.get(*key)).map(|key| (key.clone(), text(was, key), text(now, key))).collect()
}

fn answer(what: &serde_json::Map<String, Value>) -> String {
    let text = |key: &str| what.get(key).and_then(Value::as_str);
    let mut words = text("answer").unwrap_or_default().to_owned();
    if let Some(until) = what.get("until").and_then(Value::as_array) {
        let until: Vec<&str> = until.iter().filter_map(Value::as_str).collect();
        words.push_str(&format!(" until {}", until.join(", ")));
    }
    if let Some(now) = text("now") {
        words.push_str(&format!("; as things are: {now}"));
    }
    if let Some(differences) = what.get("differences").and_then(|list| Vec::<Difference>::deserialize(list).ok()) {
        let told = |one: &Difference| match (&one.from, &one.to) {
            // Which content is said by its digest.
            (_, Some(to)) if one.what == "content" => format!("{} to {to}", one.words()),
            _ => one.words(),
        };
        words.push_str(&format!(": {}", differences.iter().map(told).collect::<Vec<_>>().join(", ")));
    }
    if let Some(reason) = text("reason") {
        words.push_str(&format!(" ({reason})"));
    }
    words
}

/// What was and what is, for hosts for which both are the same.
type Groups<T> = IndexMap<(Option<T>, Option<T>), Vec<String>>;

fn grouped<T: Clone + Eq + std::hash::Hash>(was: &IndexMap<String, T>, now: &IndexMap<String, T>) -> Groups<T> {
    let mut groups: Groups<T> = IndexMap::new();
    let names: indexmap::IndexSet<&String> = was.keys().chain(now.keys()).collect();
    for host in names {
        let pair = (was.get(host).cloned(), now.get(host).cloned());
        if pair.0 != pair.1 {
            groups.entry(pair).or_default().push(host.clone());
        }
    }
    groups
}

fn hosts(task: &str, (was, now): (&Flat, &Flat), both_asked: bool, found: &mut Vec<Changed>) {
    for (pair, hosts) in grouped(&was.steps, &now.steps) {
        let task = task.to_owned();
        found.extend(match pair {
            (None, Some(now)) => Some(Changed::Added { task, hosts, now: in_words(&now) }),
            (Some(was), None) => Some(Changed::Removed { task, hosts, was: in_words(&was) }),
            (Some(was), Some(now)) => Some(Changed::Command { task, hosts, parts: parts(&was, &now) }),
            (None, None) => None,
        });
    }
    // Of a task that came or went nothing more is to be said.
    if !both_asked || was.steps.is_empty() || now.steps.is_empty() {
        return;
    }
    for ((was, now), hosts) in grouped(&was.answers, &now.answers) {
        let none = || "nothing was said".to_owned();
        found.push(Changed::Answer { task: task.to_owned(), hosts, was: was.unwrap_or_else(none), now: now.unwrap_or_else(none) });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(steps: Value, timeout: u64, answers: Value) -> Value {
        json!({ "rounds": [{ "id": "patch", "hosts": ["a"], "after": "some",
            "tasks": [{ "id": null, "name": "up", "place": { "line": timeout }, "timeout_ms": timeout, "steps": steps, "forecasts": answers }] }] })
    }

    #[test]
    fn hosts_with_equal_changes_stand_together() {
        let was = plan(json!([{ "hosts": ["web1", "web2", "web3"], "command": "x 1" }, { "hosts": ["db"], "command": "y" }]), 1, json!([]));
        let now = plan(
            json!([{ "hosts": ["web1", "web2", "web4"], "command": "x 2", "guards": ["unless z"] }, { "hosts": ["db"], "command": "y" }]),
            1,
            json!([]),
        );
        let words: Vec<String> = compare(&was, &now).iter().map(Changed::words).collect();
        let told = [
            "patch/up on web[1-2] was: x 1; is: x 2; guards was: none; is: [\"unless z\"]",
            "patch/up on web3 is removed: x 1",
            "patch/up on web4 is added: x 2, guards [\"unless z\"]",
        ];
        assert_eq!(words, told);
        assert_eq!(compare(&was, &was), Vec::new());
    }

    #[test]
    fn settings_and_answers_are_told_and_places_are_not() {
        let steps = json!([{ "hosts": ["a"], "command": "x" }]);
        let was = plan(steps.clone(), 1, json!([{ "hosts": ["a"], "answer": "nothing" }]));
        let now = plan(steps, 2, json!([{ "hosts": ["a"], "answer": "runs", "reason": "z" }]));
        let words: Vec<String> = compare(&was, &now).iter().map(Changed::words).collect();
        assert_eq!(words, ["patch/up has another `timeout_ms`", "patch/up on a said: nothing; says: runs (z)"]);
    }

    #[test]
    fn a_round_that_is_gone_is_told_by_its_tasks() {
        let was = plan(json!([{ "hosts": ["a"], "command": "x" }]), 1, json!([]));
        let words: Vec<String> = compare(&was, &json!({ "rounds": [] })).iter().map(Changed::words).collect();
        assert_eq!(words, ["patch/up on a is removed: x"]);
    }
}
