//! Inventories of Ansible's are read as Ansible reads them.
//!
//! Every inventory below `tests/inventories` is read twice: by us, and by `ansible-inventory --list` of ansible-core,
//! which tests/setup puts into `target/ansible`. Hosts, groups and every variable must be the same. Templates are compared
//! as written, since neither side renders them.
//!
//! Without ansible-core the comparison is skipped with a word, and fails where `CI` is `true`.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use roundsman::app;
use roundsman::model::{Inventory, VarValue};
use serde_json::{Map, Value, json};

/// An inventory in plain data.
#[derive(Debug, PartialEq)]
struct Read {
    hosts: BTreeMap<String, Map<String, Value>>,
    /// Groups that have hosts.
    groups: BTreeMap<String, BTreeSet<String>>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn corpus(name: &str) -> String {
    root().join("tests/inventories").join(name).display().to_string()
}

/// The program of ansible-core, where there is one.
fn ansible() -> Option<PathBuf> {
    let program = root().join("target/ansible/bin/ansible-inventory");
    if Command::new(&program).arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    let missing = format!("{} is not there: tests/setup installs it (python3 with venv, and ansible-core by pip)", program.display());
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{missing}");
    #[allow(clippy::explicit_write, reason = "the test harness keeps to itself what eprintln! prints")]
    writeln!(std::io::stderr(), "SKIPPED, inventories are NOT COMPARED with Ansible's: {missing}").unwrap();
    None
}

fn value(of: &VarValue) -> Value {
    match of {
        VarValue::Plain(value) => serde_json::to_value(value).unwrap(),
        VarValue::Template(template) => json!(template.source.text),
        VarValue::List(list) => list.iter().map(value).collect(),
        VarValue::Map(map) => map.iter().map(|(key, item)| (key.clone(), value(item))).collect(),
        VarValue::Unusable(why) => json!(why.source.text),
    }
}

fn ours(inventory: &Inventory) -> Read {
    let mut read = Read { hosts: BTreeMap::new(), groups: BTreeMap::new() };
    for host in inventory.all() {
        let host = inventory.host(host);
        let mut vars = Map::new();
        for (name, var) in host.layers.iter().flat_map(|layer| &layer.vars) {
            vars.insert(name.clone(), value(&var.value));
        }
        // Ansible has them, too, and does not list them.
        for magic in ["inventory_hostname", "inventory_hostname_short", "group_names"] {
            assert!(vars.shift_remove(magic).is_some(), "{magic} of {}", host.name);
        }
        read.hosts.insert(host.name.clone(), vars);
    }
    for (group, hosts) in &inventory.groups {
        let hosts: BTreeSet<String> = inventory.names(hosts).into_iter().map(str::to_owned).collect();
        if !hosts.is_empty() {
            read.groups.insert(group.clone(), hosts);
        }
    }
    read
}

/// What is encrypted or unsafe, as the text that was written.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => match (map.get("__ansible_vault").or(map.get("__ansible_unsafe")), map.len()) {
            (Some(text), 1) => text.clone(),
            _ => map.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        },
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

fn theirs(program: &Path, sources: &[String], playbooks: Option<&str>) -> Read {
    let folder = root().join("target/ansible");
    let empty = folder.join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let mut command = Command::new(program);
    command.arg("--list").args(sources.iter().flat_map(|source| ["-i", source])).current_dir(&empty);
    command.args(playbooks.iter().flat_map(|folder| ["--playbook-dir", folder]));
    let variables = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("ANSIBLE_"));
    variables.for_each(|name| _ = command.env_remove(name));
    command.env("ANSIBLE_LOCAL_TEMP", folder.join("tmp")).env("ANSIBLE_HOME", folder.join("home")).env("LC_ALL", "C.UTF-8");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{sources:?}: {}", String::from_utf8_lossy(&output.stderr));
    let list: Map<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    let texts = |of: &Value| -> Vec<String> { of.as_array().into_iter().flatten().map(|item| item.as_str().unwrap().to_owned()).collect() };
    let mut read = Read { hosts: BTreeMap::new(), groups: BTreeMap::new() };
    for name in list.keys().filter(|name| *name != "_meta") {
        let (mut open, mut hosts) = (vec![name.clone()], BTreeSet::new());
        while let Some(group) = open.pop() {
            let Some(group) = list.get(&group) else { continue };
            hosts.extend(texts(&group["hosts"]));
            open.extend(texts(&group["children"]));
        }
        for host in &hosts {
            let vars = plain(&list["_meta"]["hostvars"][host]);
            read.hosts.insert(host.clone(), vars.as_object().cloned().unwrap_or_default());
        }
        if name != "all" && !hosts.is_empty() {
            read.groups.insert(name.clone(), hosts);
        }
    }
    read
}

/// Reads sources by the library; what is said of them must be `said`.
fn load(sources: &[String]) -> (Inventory, String) {
    let (map, diagnostics, found) = app::load_inventory(sources, None);
    let text = diagnostics.to_text(&map);
    let (inventory, _) = found.unwrap_or_else(|| panic!("{sources:?}: {text}"));
    (inventory, text)
}

fn compare(sources: &[&str]) {
    let sources: Vec<String> =
        sources.iter().map(|source| if source.contains(',') { (*source).to_owned() } else { corpus(source) }).collect();
    let (inventory, _) = load(&sources);
    let ours = ours(&inventory);
    assert!(!ours.hosts.is_empty());
    let Some(program) = ansible() else { return };
    same(&ours, &theirs(&program, &sources, None), &sources);
}

fn same(ours: &Read, theirs: &Read, sources: &[String]) {
    assert_eq!(ours.hosts.keys().collect::<Vec<_>>(), theirs.hosts.keys().collect::<Vec<_>>(), "hosts of {sources:?}");
    assert_eq!(ours.groups, theirs.groups, "groups of {sources:?}");
    for (host, vars) in &theirs.hosts {
        let mine = &ours.hosts[host];
        assert_eq!(mine.keys().collect::<BTreeSet<_>>(), vars.keys().collect::<BTreeSet<_>>(), "variables of {host} in {sources:?}");
        for (name, value) in vars {
            assert_eq!(&mine[name], value, "{name} of {host} in {sources:?}");
        }
    }
}

#[test]
fn a_cluster_of_roles() {
    compare(&["cluster/inventory.ini"]);
}

#[test]
fn a_folder_with_files_that_are_no_inventories() {
    compare(&["cluster"]);
    let (_, said) = load(&[corpus("cluster")]);
    assert!(said.contains("this file is no inventory") && said.contains("scheduler+merge.yaml"), "{said}");
}

#[test]
fn a_storage_cluster_in_ini() {
    compare(&["storage/hosts"]);
}

#[test]
fn values_that_are_easily_read_wrongly() {
    compare(&["literals.ini"]);
}

#[test]
fn services_with_folders_of_variables() {
    compare(&["services/hosts"]);
}

#[test]
fn nested_groups_in_yaml() {
    compare(&["yaml/inventory.yml"]);
}

#[test]
fn a_folder_of_files_and_programs() {
    compare(&["several"]);
}

#[test]
fn several_sources_and_names() {
    compare(&["storage/hosts", "several", "cluster/inventory.ini"]);
    compare(&["storage/hosts", "extra1,osd01,"]);
}

#[test]
fn variables_beside_the_playbook_are_stronger() {
    let sources = [corpus("beside/inventory/hosts")];
    let text = "rounds: [{ hosts: all, tasks: [{ run: \"true\" }] }]\n".to_owned();
    let playbook = app::PlaybookSource::Text { name: "play.yml".into(), text, folder: corpus("beside/play").into() };
    let wanted = app::Sources { playbook, inventory: sources.to_vec(), ..app::Sources::file("") };
    let loaded = app::load(&wanted);
    let said = loaded.diagnostics.to_text(&loaded.map);
    let ready = loaded.ready.unwrap_or_else(|| panic!("{said}"));
    let ours = ours(&ready.inventory);
    assert_eq!(ours.hosts["w1"]["own"], "inventory");
    assert_eq!(ours.hosts["w2"]["own"], "play");
    assert_eq!(ours.hosts["w1"]["a"], "play");
    let Some(program) = ansible() else { return };
    same(&ours, &theirs(&program, &sources, Some(&corpus("beside/play"))), &sources);
}
