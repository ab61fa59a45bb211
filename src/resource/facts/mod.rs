//! `facts`: what a host says of itself.
//!
//! One script for any choice of sections, which needs POSIX `sh` and asks `/proc` and the usual tools; where a source is
//! missing there is none, never a failure. The script prints what it found as it is (`os ID=debian`), the reader makes
//! typed values of it. Knows nothing of where facts are kept.

mod network;
mod parse;
mod storage;

use indexmap::IndexMap;

use crate::model::Value;

/// The sections, in the order of the language's list.
pub const FACT_SECTIONS: [&str; 13] = [
    "hostname",
    "fqdn",
    "os",
    "kernel",
    "arch",
    "cpus",
    "memory",
    "disks",
    "addresses",
    "init",
    "package_manager",
    "users",
    "virtualization",
];

/// The fields of a section; empty where it is one value, a list, or a map of names that the host knows.
#[must_use]
pub fn fact_fields(section: &str) -> &'static [&'static str] {
    match section {
        "os" => &["id", "name", "version", "family"],
        "memory" => &["total", "available", "swap"],
        _ => &[],
    }
}

/// What finds facts, a function for each section.
const PROBE: &str = include_str!("probe.sh");

/// Prints what [`read_facts`] reads.
#[must_use]
pub fn facts_script(sections: &[String]) -> String {
    let mut script = PROBE.to_owned();
    for section in FACT_SECTIONS.iter().filter(|section| sections.iter().any(|wanted| wanted == *section)) {
        script.push_str(&format!("f_{section}\n"));
    }
    // A section without an answer is no failure.
    script.push_str(":\n");
    script
}

/// Reads what the script printed: each of the sections, none where the host does not say.
#[must_use]
pub fn read_facts(stdout: &str, sections: &[String]) -> IndexMap<String, Value> {
    let said = parse::Said::read(stdout);
    let wanted = FACT_SECTIONS.iter().filter(|section| sections.iter().any(|wanted| wanted == *section));
    wanted.map(|section| ((*section).to_owned(), parse::section(section, &said))).collect()
}

/// Writes facts for people, a line for each section.
#[must_use]
pub fn facts_shown(facts: &IndexMap<String, Value>) -> String {
    let line = |(name, value): (&String, &Value)| match value {
        Value::Text(text) => format!("{name}: {text}\n"),
        Value::Map(map) if map.len() > 8 => format!("{name}: {}\n", crate::text::plural(map.len(), "entry")),
        other => format!("{name}: {}\n", serde_json::to_string(other).unwrap_or_default()),
    };
    facts.iter().map(line).collect()
}
