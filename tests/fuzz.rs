//! Runs every fuzz target on mutations of a corpus, the same each time: none panics, and none takes long.
//!
//! `ROUNDSMAN_FUZZ=N` tries N mutations of each target, and `ROUNDSMAN_FUZZ_SEED=N` others.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "fuzz/targets.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Whoever takes longer for a few kilobytes does something quadratic, or worse.
const LIMIT: Duration = Duration::from_secs(5);
const LARGEST: usize = 8 * 1024;

const WORDS: [&str; 40] = [
    "{{ x }}",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "'",
    "\"",
    "\\",
    "\n",
    "\t",
    "  ",
    ": ",
    "- ",
    "&a ",
    "*a",
    "<<: *a",
    "!!binary ",
    "|\n",
    ">-\n",
    "[",
    "]",
    "{",
    "}",
    "\u{0}",
    "\u{feff}",
    "\u{85}",
    "é",
    "[1-99999999999]",
    "[01:10]",
    " and not ",
    "18446744073709551616",
    "-1",
    "1e999",
    "null",
    "$(",
    "<<EOF\n",
    "| default(x)",
    "for y in range(9)",
    "...\n---\n",
];

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }
}

fn mutated(seed: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + 1 + dice.below(40)).min(bytes.len());
        match dice.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < end => drop(bytes.drain(at..end)),
            2 if at < end => {
                let part = bytes[at..end].to_vec();
                let times = 1 + dice.below(60);
                bytes.splice(at..at, part.repeat(times));
            }
            3 => drop(bytes.splice(at..at, other.iter().skip(dice.below(other.len())).take(200).copied())),
            4 => bytes.truncate(at),
            _ => drop(bytes.splice(at..at, WORDS[dice.below(WORDS.len())].bytes())),
        }
        bytes.truncate(LARGEST);
    }
    bytes
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let read = |folder: &str, ends: &[&str]| -> Vec<Vec<u8>> {
        let mut paths: Vec<_> = std::fs::read_dir(targets::corpus().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let fits = |path: &std::path::Path| path.extension().is_some_and(|end| ends.iter().any(|wanted| end == *wanted));
        paths.into_iter().filter(|path| fits(path)).map(|path| std::fs::read(path).unwrap()).collect()
    };
    let texts = |list: &[&str]| list.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    match name {
        "playbook" => [read("good", &["yml"]), read("wrong", &["yml"])].concat(),
        "inventory" => {
            let mut all = texts(&[
                "[web]\nweb[01:10] ansible_host=10.0.0.1 x='a b'\n[web:vars]\nport=80\n[all:children]\nweb\n",
                "all:\n  hosts:\n    a: { ansible_host: x }\n  children:\n    web: { hosts: { 'b[1:3]': {} }, vars: { p: 1 } }\n",
            ]);
            all.extend(read("", &["yml"]));
            all
        }
        "host_expression" => {
            texts(&["web[01-10] and not spare", "all,!db1", "(web or db) and ~^w.*1$", "web*,localhost", "web & !canary", "web[0]"])
        }
        "template" => {
            let mut all = texts(&[
                "{{ x | default('y') | upper }} {{ l | join(',') }} {{ n + 1 }}",
                "cat <<EOF\n{{ x }}\nEOF\nprintf %s \"$(echo {{ x }})\" '{{ x }}' {{ l }}\n",
                "{% for y in l if y %}{{ loop.index }}{{ y }}{% else %}-{% endfor %}{% if n is defined and n > 3 %}a{% endif %}",
                "{{ l[0:2] ~ x.split(' ')[0] | regex_replace('(a)', '\\\\1') }}",
                "case {{ x }} in a|b) echo $((1 + {{ n }}));; *) [ -n {{ x }} ] && echo ${v:-d};; esac # {{ x }}\n",
                "{{ range(0, 1000) | map('string') | list | length }}{% set a = 'x' * 10 %}{{ a }}",
            ]);
            all.extend(read("good", &["j2"]));
            all
        }
        "saved_plan" => texts(&[
            r#"{"roundsman_plan":1,"sources":{"playbook":"a.yml","inventory":[],"extra":[],"tags":[],"skip_tags":[]},"inputs":[],"hosts":[],"plan":{}}"#,
            "{\"roundsman_plan\": 99999999999999999999}",
        ]),
        "answers" => texts(&[
            "stat 81a4/12/1700000000/0/7/root/UNKNOWN\n",
            "ls drwxrws--T+ 2 1000 50 4096 Nov 22 05:00 /x y\n",
            "absent\n",
            "a\0b\0\0c\0\0",
            "12 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
            include_str!("../src/resource/facts/probe.sh"),
        ]),
        _ => texts(&[
            "\u{1e}T R\n\u{1e}T R\n\u{1e}T B 1\n\u{1e}T B 1\nhello\u{1e}T E 1 0\n\u{1e}T E 1 0\n\u{1e}T S 2\n\u{1e}T G 3 0 0\n\u{1e}T P 3 0\n",
        ]),
    }
}

fn attack(name: &str, target: targets::Target, times: usize) {
    let seed = std::env::var("ROUNDSMAN_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let times = std::env::var("ROUNDSMAN_FUZZ").ok().and_then(|times| times.parse().ok()).unwrap_or(times);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed);
    let seeds = seeds(name);
    let mut wrong = Vec::new();
    for number in 0..times {
        let bytes = match seeds.get(number) {
            Some(seed) => seed.clone(),
            None => {
                let (one, other) = (dice.below(seeds.len()), dice.below(seeds.len()));
                mutated(&seeds[one], &seeds[other], &mut dice)
            }
        };
        let since = Instant::now();
        let fine = catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_ok();
        if !fine || since.elapsed() > LIMIT {
            let what = if fine { "takes too long" } else { "panics" };
            wrong.push(format!("{name} {what} ({:?}) on mutation {number}: {:?}", since.elapsed(), String::from_utf8_lossy(&bytes)));
            if wrong.len() > 3 {
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn playbooks() {
    attack("playbook", targets::playbook, 600);
}

#[test]
fn inventories() {
    attack("inventory", targets::hosts, 1000);
}

#[test]
fn host_expressions() {
    attack("host_expression", targets::host_expression, 1500);
}

#[test]
fn templates() {
    attack("template", targets::template, 2500);
}

#[test]
fn saved_plans() {
    attack("saved_plan", targets::saved_plan, 3000);
}

#[test]
fn answers_of_hosts() {
    attack("answers", targets::answers, 4000);
}

#[cfg(feature = "bench-internals")]
#[test]
fn lanes() {
    attack("lane", targets::lane, 20_000);
}

/// The attack sees what is wrong.
#[test]
fn a_panic_is_found() {
    fn fragile(bytes: &[u8]) {
        assert!(!bytes.windows(2).any(|two| two == b"{{"), "as an example");
    }
    assert!(catch_unwind(|| attack("template", fragile, 20)).is_err());
}
