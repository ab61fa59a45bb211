//! What a run leaves behind, and what the commands say about it, on this machine alone.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::process::Stdio;
use std::time::Duration;

use common::{Project, record};

const LOGIN: &str = r#"Zebra"9\stripe"#;
const SUDO: &str = "it's Giraffe8neck";

/// An inventory with passwords that YAML has to escape.
const INVENTORY: &str = r#"
connect: { transport: local, password: "Zebra\"9\\stripe", become_password: 'it''s Giraffe8neck' }
hosts: { localhost: {}, other: {} }
"#;

const SITE: &str = "
name: Site
vars: { said: unset }
rounds:
  - name: one
    hosts: localhost
    tasks:
      - { name: tell, run: \"printf '%s\\\\n' {{ said }}\" }
      - { name: keep, copy: { src: page.html, dest: /dev/null }, when: false }
      - { name: wrong, run: 'seq 1 30 >&2; exit 3' }
";

fn project() -> Project {
    let project = Project::new();
    project.file("plays/site.yml", SITE);
    project.file("plays/page.html", "a page\n");
    project.file("hosts.yml", INVENTORY);
    project
}

/// Everything that a folder's files hold.
fn all_bytes(folder: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_file());
    files.flat_map(|entry| std::fs::read(entry.path()).unwrap()).collect()
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn passwords_of_the_inventory_are_nowhere() {
    let project = project();
    let said = format!("said={}", serde_json::Value::from(LOGIN));
    let sudo = format!("said={}", serde_json::Value::from(SUDO));
    let mut seen = Vec::new();
    for (extra, format) in [(&said, "jsonl"), (&sudo, "text")] {
        let arguments = ["run", "plays/site.yml", "-i", "hosts.yml", "-e", extra, "--format", format, "-v", "--log", "log.txt"];
        let shown = project.run(&arguments).expect_code(4);
        assert!(shown.stdout.contains("«masked»"), "{}", shown.text());
        seen.extend(shown.both().into_bytes());
        for format in ["text", "json"] {
            let plan = project.ok(&["plan", "plays/site.yml", "-i", "hosts.yml", "-e", extra, "--format", format]);
            seen.extend(plan.both().into_bytes());
        }
    }
    let command = format!("printf %s {}", roundsman::text::quote(SUDO));
    seen.extend(project.ok(&["exec", "localhost", "-i", "hosts.yml", "--", &command]).both().into_bytes());
    for arguments in [&["history"][..], &["show"], &["show", "--format", "json"], &["show", "--host", "localhost"]] {
        seen.extend(project.ok(arguments).both().into_bytes());
    }
    seen.extend(std::fs::read(project.path("log.txt")).unwrap());
    seen.extend(all_bytes(&project.path(".roundsman")));
    for part in ["Zebra", "stripe", "Giraffe", "8neck"] {
        assert!(!holds(&seen, part), "{part} got out");
    }
    // The search would have found what is there.
    assert!(holds(&seen, "become_password") && holds(&seen, "step_ended"));
}

#[test]
fn the_log_tells_every_event_with_its_time() {
    let project = project();
    project.run(&["run", "plays/site.yml", "--log", "log.txt"]).expect_code(4);
    let log = std::fs::read_to_string(project.path("log.txt")).unwrap();
    for word in ["run_started", "step_sent", "step_began", "step_output", "step_ended", "run_ended"] {
        assert!(log.lines().any(|line| line.starts_with("20") && line.contains(word)), "{word} in\n{log}");
    }
}

#[test]
fn copied_files_are_inputs_by_their_digest() {
    let project = project();
    project.file("plays/site.yml", SITE.replace("exit 3", "true"));
    project.ok(&["run", "plays/site.yml"]);
    let run = record::only_run(&project.record());
    let inputs = run.events[0]["inputs"].as_array().unwrap();
    let copied = inputs.iter().find(|input| input["role"] == "copy").expect("an input that is copied");
    assert!(copied["name"].as_str().unwrap().ends_with("page.html"), "{copied}");
    // printf 'a page\n' | sha256sum
    assert_eq!(copied["sha256"], "c6b4252942d0b2ac503024b93753e896b5df3755fe9417abf5f017303f74121c");
    assert!(copied["text"].is_null(), "{copied}");
}

#[test]
fn one_record_from_every_folder_of_a_project() {
    let project = project();
    project.run(&["run", "plays/site.yml"]).expect_code(4);
    assert!(project.record().exists() && !project.path("plays/.roundsman").exists());
    let from = |folder: &str, words: &[&str]| {
        let output = project.command(words).current_dir(project.path(folder)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(from("plays", &["history"]).contains("Site"));
    assert!(from("plays", &["show"]).contains("one/tell"));
    // Not found from elsewhere, a hint says where it is.
    let record = project.record();
    let shown = from("plays", &["show", "--db", record.to_str().unwrap()]);
    assert!(shown.contains("--task one/wrong") && !shown.contains("--db"), "the usual place needs no --db:\n{shown}");
    std::fs::copy(&record, project.path("copy.db")).unwrap();
    let shown = project.ok(&["show", "--db", "copy.db"]).stdout;
    assert!(shown.contains("--task one/wrong --db copy.db"), "{shown}");
}

#[test]
fn a_record_beside_a_playbook_is_pointed_at() {
    let project = project();
    std::fs::remove_dir(project.path(".roundsman")).unwrap();
    project.run(&["run", "plays/site.yml"]).expect_code(4);
    let shown = project.run(&["history"]).expect_code(1);
    assert!(shown.stderr.contains("--db plays/.roundsman/record.db"), "{}", shown.text());
    project.ok(&["history", "--db", "plays/.roundsman/record.db"]);
}

#[test]
fn a_reader_that_goes_away_ends_nothing() {
    let project = project();
    for format in ["text", "jsonl"] {
        let mut child =
            project.command(&["run", "plays/site.yml", "--format", format]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(4));
    }
    for run in record::runs(&project.record()) {
        assert_eq!(run.of_kind("run_ended").count(), 1);
        assert_eq!(run.status("localhost", "wrong").as_deref(), Some("failed"));
    }
}

#[test]
fn data_that_cannot_be_written_is_told() {
    let project = project();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = project.command(&["plan", "plays/site.yml", "--format", "json"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output can't be written"), "{output:?}");
}

#[test]
fn json_lines_are_alone_on_stdout_and_all_of_the_run() {
    let project = project();
    let shown = project.run_within(Duration::from_secs(60), &["run", "plays/site.yml", "--format", "jsonl", "-v"]).expect_code(4);
    let told: Vec<serde_json::Value> = shown.stdout.lines().map(|line| serde_json::from_str(line).expect("only events")).collect();
    let again = project.ok(&["show", "--format", "jsonl"]);
    let recorded: Vec<serde_json::Value> = again.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told, recorded, "what was told is what the record gives again");
    assert_eq!(told[0]["format"], roundsman::event::FORMAT);
}

#[test]
fn every_event_is_documented() {
    let source = include_str!("../src/event/run.rs");
    let words: Vec<&str> = source
        .lines()
        .filter(|line| line.contains("RunEvent::"))
        .filter_map(|line| line.split("=> \"").nth(1)?.split('"').next())
        .collect();
    assert!(words.len() >= 16, "{words:?}");
    let page = include_str!("../docs/events.md");
    for word in words {
        assert!(page.contains(&format!("\n| `{word}` |")), "docs/events.md does not tell of {word}");
    }
    assert!(page.contains(&format!("version {}", roundsman::event::FORMAT)));
}

#[test]
fn a_run_without_a_record_leaves_none() {
    let project = Project::new();
    project.file("site.yml", "rounds: [{ name: r, hosts: localhost, tasks: [{ name: t, run: echo hello }] }]\n");
    let shown = project.ok(&["run", "site.yml", "--without-record", "--db", "other.db"]);
    assert!(shown.both().contains("1 changed") && !shown.both().contains("recorded"), "{}", shown.text());
    assert!(!project.record().exists() && !project.path("other.db").exists());
    let shown = project.ok(&["exec", "localhost", "--without-record", "--format", "jsonl", "--", "uname"]);
    assert!(shown.stdout.contains("step_ended"), "{}", shown.text());
    assert!(!project.record().exists());
}

const SLOW: &str = "
name: Slow
rounds:
  - name: work
    hosts: localhost,other
    tasks:
      - { name: quick, run: 'true' }
      - { name: build, run: sleep SECONDS }
      - { name: ship, run: sleep 0.4 }
      - { name: never, run: echo, when: run.user == '' }
";

#[test]
fn a_plan_tells_how_long_earlier_runs_took() {
    let project = project();
    project.file("plays/slow.yml", SLOW.replace("SECONDS", "0.7"));
    let plan = ["plan", "plays/slow.yml", "-i", "hosts.yml"];
    let json = |project: &Project| -> serde_json::Value {
        let shown = project.ok(&["plan", "plays/slow.yml", "-i", "hosts.yml", "--format", "json"]);
        serde_json::from_str(&shown.stdout).unwrap()
    };
    let before = project.ok(&plan);
    assert!(!before.stdout.contains("earlier run"), "{}", before.text());
    assert_eq!(json(&project).get("expected"), None);
    for _ in 0..2 {
        project.ok(&["run", "plays/slow.yml", "-i", "hosts.yml"]);
    }
    let after = project.ok(&plan);
    let (same, told) = after.stdout.split_at(before.stdout.len());
    assert_eq!(same, before.stdout, "what was there stays");
    assert!(told.starts_with("about ") && told.contains("s, from 2 earlier runs: work/build ("), "{}", after.text());
    assert!(told.contains("→ work/ship ("), "{}", after.text());
    let expected = &json(&project)["expected"];
    let whole = expected["duration_ms"].as_u64().unwrap();
    assert!((1_100..60_000).contains(&whole), "{expected}");
    assert_eq!((expected["runs"].as_u64(), expected["tasks"].as_u64(), expected["unknown_tasks"].as_u64()), (Some(2), Some(3), Some(0)));
    assert_eq!(expected["rounds"][0]["id"], "work");
    let path = expected["path"].as_array().unwrap();
    assert_eq!(path.iter().map(|step| step["duration_ms"].as_u64().unwrap()).sum::<u64>(), whole);
    let limited = project.ok(&["plan", "plays/slow.yml", "-i", "hosts.yml", "--start-at", "never", "--db", ".roundsman/record.db"]);
    assert!(!limited.stdout.contains("earlier run"), "nothing is left to take time\n{}", limited.text());
}

#[test]
fn a_plan_goes_without_a_record_that_it_cannot_read() {
    let project = project();
    project.file("plays/slow.yml", SLOW.replace("SECONDS", "0").replace("sleep 0.4", "'true'"));
    let plan = |more: &[&str]| project.ok(&[&["plan", "plays/slow.yml", "-i", "hosts.yml"], more].concat());
    std::fs::remove_dir(project.path(".roundsman")).unwrap();
    let missing = plan(&["-v"]);
    assert!(missing.stderr.contains("note: no durations of earlier runs: there is no record at "), "{}", missing.text());
    assert!(!project.path(".roundsman").exists() && !project.path("plays/.roundsman").exists(), "a plan makes nothing");
    std::fs::create_dir(project.path(".roundsman")).unwrap();
    project.ok(&["run", "plays/slow.yml", "-i", "hosts.yml"]);
    assert!(plan(&[]).stdout.contains("less than 1s, from 1 earlier run\n"));

    let record = rusqlite::Connection::open(project.record()).unwrap();
    record.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let locked = plan(&["-v"]);
    record.execute_batch("COMMIT").unwrap();
    drop(record);
    let bytes = std::fs::read(project.record()).unwrap();
    let record = rusqlite::Connection::open(project.record()).unwrap();
    record.pragma_update(None, "user_version", 99).unwrap();
    drop(record);
    let newer = plan(&["-v"]);
    std::fs::write(project.record(), [&bytes[..4096], &vec![0xff; bytes.len() - 4096]].concat()).unwrap();
    let damaged = plan(&["-v"]);
    std::fs::write(project.record(), "no record").unwrap();
    let foreign = plan(&["-v"]);
    for (shown, why) in [(&locked, "is locked"), (&newer, "by a newer roundsman"), (&damaged, "is damaged"), (&foreign, "is not a record")]
    {
        assert!(shown.stderr.contains("note: no durations of earlier runs: ") && shown.stderr.contains(why), "{}", shown.text());
        assert_eq!(shown.stdout, missing.stdout, "{why}");
    }
    assert_eq!(plan(&[]).stderr, "", "nobody asked");
}
