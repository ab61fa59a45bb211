//! Every character arrives, in every place, in real shells; and what has no safe place is refused. Here is what runs scripts.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

use crate::model::{Context, Value};
use crate::template::Rendered;
use crate::template::tests::Bench;

mod arrival;
mod attacks;
mod forms;

/// The same cases each time, so that a change is judged by itself alone; `PROPTEST_RNG_SEED=N PROPTEST_CASES=N` tries others.
fn settled(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    let rng_seed = if asked.rng_seed == RngSeed::Random { RngSeed::Fixed(2) } else { asked.rng_seed };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { cases };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..asked }
}

const SHELLS: [&[&str]; 4] = [&["dash"], &["bash"], &["busybox", "sh"], &["mksh"]];

/// Runs a script from a file and gives its output.
fn run(shell: &[&str], script: &str) -> Vec<u8> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(script.as_bytes()).unwrap();
    let out = Command::new("timeout")
        .arg(Duration::from_secs(60).as_secs().to_string())
        .args(shell)
        .arg(file.path())
        .stdin(Stdio::null())
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/")
        .output()
        .unwrap();
    assert!(out.stderr.is_empty(), "{shell:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

/// Values that break naive quoting, and the delimiters that the tests use.
const NASTY: [&str; 34] = [
    "",
    " ",
    "a b",
    "'",
    "\"",
    "\\",
    "\\\\",
    "$",
    "$HOME",
    "${HOME}",
    "$(echo pwned)",
    "`echo pwned`",
    "*",
    "/*",
    "~",
    "~root",
    "-n",
    "#",
    "a#b",
    ";",
    "&",
    "|",
    "EOF",
    "x\nEOF\ny",
    "EOF\n",
    "\nEOF",
    "\t\tEOF\n",
    "E OF",
    "if",
    "2",
    "a\\\nb",
    "!",
    "'\"'\"'",
    "EOF)\nEOF_1",
];

fn shell_text(bench: &mut Bench, text: &str) -> String {
    match bench.render(text, Context::Shell) {
        Ok(Rendered::Value(Value::Text(text))) => text,
        other => panic!("{text}: {other:?}"),
    }
}
