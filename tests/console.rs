//! What the book shows of a command is what the command says.
//!
//! Blocks of docs/ and README.md that say `console` have commands behind `$ ` and below each what it prints, errors too.
//! Each page is one project: its blocks with `file=NAME` are the files, and docs/howto/README.md's; its commands run in the order written, by `sh`,
//! with the built binary in PATH. Hosts are those of the page's inventories, so these must be reached by `transport: local`.
//!
//! Durations, times and ids of runs may differ: both sides are compared with those taken out. So may the order of what
//! stands between `·`. A line `...` stands for any
//! lines, `...` at the end of a line for its rest.
//!
//! `UPDATE_DOCS=1 cargo test --test console` writes what was said into the pages, but for blocks with `...`.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::process::{Command, Stdio};
use std::sync::LazyLock;

use common::Project;
use common::book::{Block, blocks_of, name, pages, project_of};
use regex::Regex;

/// A command and what is shown of it.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    command: String,
    shown: String,
}

fn entries(block: &Block) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), entries.last_mut()) {
            (Some(command), _) => entries.push(Entry { command: command.to_owned(), shown: String::new() }),
            (None, Some(entry)) => {
                entry.shown.push_str(line);
                entry.shown.push('\n');
            }
            (None, None) => panic!("line {}: a block begins with a command behind `$ `", block.line),
        }
    }
    entries
}

/// Takes out what differs from run to run.
fn settled(text: &str) -> String {
    static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let rule = |pattern: &str, by: &'static str| (Regex::new(pattern).unwrap(), by);
        vec![
            rule(r"(?m)^(?:less than 1s|about [0-9.hms]+)(, from \d+ earlier runs?)(?::[^\n]*(?:\n  [^\n]*)*)?$", "DURATION$1"),
            rule(r"\b[0-9a-f]{8}(-[0-9a-f]{4}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?)?\b", "RUN"),
            rule(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?Z?)?", "TIME"),
            rule(r" by [^\n]*?, took", " by USER, took"),
            rule(r"(attempt \d+ of \d+ in )[0-9.]+m?s\b", "${1}DURATION"),
            rule(r"(, +|took |  )[0-9]+(\.[0-9]+)?(ms|s)\b", "${1}DURATION"),
            rule(r"(?m) · [0-9]+(\.[0-9]+)?(ms|s)$", ""),
            rule(r" +", " "),
            rule(r" \n", "\n"),
        ]
    });
    let text = RULES.iter().fold(text.to_owned(), |text, (pattern, by)| pattern.replace_all(&text, *by).into_owned());
    // Of many hosts what ended first stands first in a line.
    text.lines().map(in_order).collect()
}

/// A line with its parts in order.
fn in_order(line: &str) -> String {
    let mut parts: Vec<&str> = line.split(" · ").collect();
    parts[1..].sort_unstable();
    format!("{}\n", parts.join(" · "))
}

/// Says whether what was said is what is shown.
fn agrees(shown: &str, said: &str) -> bool {
    let (shown, said) = (settled(shown), settled(said));
    let pattern: String = shown
        .lines()
        .map(|line| match line.strip_suffix("...") {
            Some("") => "(?:[^\n]*\n)*?".to_owned(),
            Some(start) => format!("{}[^\n]*\n", regex::escape(start)),
            None => format!("{}\n", regex::escape(line)),
        })
        .collect();
    Regex::new(&format!("^(?:{pattern})$")).unwrap().is_match(&said)
}

/// Runs a line of shell as a reader would, both streams together.
fn say(project: &Project, command: &str) -> String {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_roundsman")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .current_dir(project.path("."))
        .stdin(Stdio::null())
        .env_clear()
        .envs([("PATH", path.as_str()), ("COLUMNS", "80"), ("TZ", "UTC"), ("LC_ALL", "C.UTF-8"), ("TERM", "dumb")])
        .env("HOME", project.path("home"))
        .output()
        .unwrap();
    let mut said = String::from_utf8(output.stdout).unwrap();
    if !said.is_empty() && !said.ends_with('\n') {
        said.push('\n');
    }
    said
}

#[test]
fn the_judge_tells_right_from_wrong() {
    let said = "round a · 2 hosts\nrun 01a20283-bf4c recorded · 1.3s\n";
    assert!(agrees("round a · 2 hosts\nrun 01a2ffff-0000 recorded · 0.1s\n", said));
    assert!(agrees("round a ...\n...\n", said));
    assert!(agrees("...\nrun ...\n", said));
    assert!(!agrees("round b · 2 hosts\n...\n", said));
    assert!(!agrees("round a · 2 hosts\n", said));
    assert!(!agrees("", said));
    assert!(!agrees("pause 2s\n", "pause 3s\n"));
    assert!(agrees("less than 1s, from 1 earlier run\nx\n", "about 1.2s, from 1 earlier run: a/b (1s, h)\n  → a/c (0.2s)\nx\n"));
    assert!(!agrees("less than 1s, from 1 earlier run\n", "less than 1s, from 2 earlier runs\n"));
    assert!(agrees("a · 1 ok: x · 1 failed: y\n", "a · 1 failed: y · 1 ok: x\n"));
    assert!(!agrees("a · 1 ok: x · 1 failed: y\n", "a · 1 failed: x · 1 ok: y\n"));
    let block = |text: &str| Block { kind: "console".into(), file: None, line: 1, text: text.into() };
    assert_eq!(
        entries(&block("$ a\nb\n\n$ c\n")),
        [Entry { command: "a".into(), shown: "b\n\n".into() }, Entry { command: "c".into(), shown: String::new() },]
    );
}

#[test]
fn what_the_book_shows_is_what_is_said() {
    let (mut commands, mut wrong) = (0, String::new());
    for page in pages() {
        let found = blocks_of(&page);
        let project = project_of(&found);
        let mut text = std::fs::read_to_string(&page).unwrap();
        for block in found.iter().filter(|block| block.kind == "console") {
            let mut anew = String::new();
            for entry in entries(block) {
                commands += 1;
                let said = say(&project, &entry.command);
                if !agrees(&entry.shown, &said) {
                    wrong.push_str(&format!("{}:{}\n$ {}\n--- said\n{said}\n", name(&page), block.line, entry.command));
                }
                let kept = if entry.shown.contains("...") || agrees(&entry.shown, &said) { entry.shown } else { said };
                anew.push_str(&format!("$ {}\n{kept}", entry.command));
            }
            text = text.replacen(&format!("```console\n{}```", block.text), &format!("```console\n{anew}```"), 1);
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&page, text).unwrap();
        }
    }
    assert!(commands > 10, "only {commands} commands were found");
    assert!(wrong.is_empty(), "{wrong}");
}
