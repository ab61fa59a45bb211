//! What every code means, for `explain --code` and the book: why it is refused, and a wrong and a right file.
//!
//! Plain data and a look-up; knows nothing of how the files are read. A test holds it against the codes that the sources
//! use, and checks every file. One file here for each kind of mistake.

mod ansible;
mod flow;
mod hosts;
mod inventory;
mod names;
mod plan;
mod secrets;
mod shell;
mod tasks;
mod templates;
mod values;
mod yaml;

use super::Severity;

/// The inventory that the examples' playbooks are written for.
pub const EXAMPLE_INVENTORY: &str = r#"hosts:
  web[01-04]: {}
  db1: { vars: { role: primary } }
groups:
  web: { hosts: "web[01-04]", vars: { http_port: 8080 } }
"#;

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// The code: `E110`, `W004`.
    pub code: &'static str,
    /// What is wrong, in a few words, lower case.
    pub title: &'static str,
    /// One paragraph: what is wrong, why it is refused, what to do.
    pub text: &'static str,
    /// How it looks.
    pub example: Example,
}

/// How a mistake looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Example {
    /// A file that gives just this diagnostic, and one that gives none.
    Files {
        /// The wrong one.
        wrong: File,
        /// The right one.
        right: File,
    },
    /// No single file shows it.
    None {
        /// The reason, one sentence.
        why: &'static str,
    },
}

/// A whole file; characters that can't be seen are written as `⇥` (tab), `␍` (carriage return) and `‹BOM›`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// A playbook for [`EXAMPLE_INVENTORY`].
    Playbook(&'static str),
    /// An inventory.
    Inventory(&'static str),
}

impl File {
    /// `playbook` or `inventory`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            File::Playbook(_) => "playbook",
            File::Inventory(_) => "inventory",
        }
    }

    /// The text with signs for what can't be seen.
    #[must_use]
    pub fn shown(self) -> &'static str {
        let (File::Playbook(text) | File::Inventory(text)) = self;
        text.strip_prefix('\n').unwrap_or(text)
    }

    /// The text as it would stand in the file.
    #[must_use]
    pub fn source(self) -> String {
        self.shown().replace('⇥', "\t").replace('␍', "\r").replace("‹BOM›", "\u{feff}")
    }
}

impl Explanation {
    /// Error or warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        if self.code.starts_with('W') { Severity::Warning } else { Severity::Error }
    }
}

/// Gives all explanations, kind by kind, errors before warnings.
pub fn explanations() -> impl Iterator<Item = &'static Explanation> {
    [
        yaml::CODES,
        values::CODES,
        tasks::CODES,
        flow::CODES,
        names::CODES,
        secrets::CODES,
        hosts::CODES,
        inventory::CODES,
        ansible::CODES,
        templates::CODES,
        shell::CODES,
        plan::CODES,
    ]
    .into_iter()
    .flatten()
}

/// Finds what a code means, written in capitals or not.
#[must_use]
pub fn explanation(code: &str) -> Option<&'static Explanation> {
    explanations().find(|explanation| explanation.code.eq_ignore_ascii_case(code))
}

/// The codes nearest to one that does not exist, at most three: of its letter, by their numbers.
#[must_use]
pub fn near_codes(code: &str) -> Vec<&'static str> {
    let digits = code.trim_start_matches(|sign: char| sign.is_ascii_alphabetic());
    let letter = code[..code.len() - digits.len()].to_ascii_uppercase();
    let Ok(number) = digits.parse::<u32>() else { return Vec::new() };
    let of_letter = explanations().filter(|explanation| explanation.code.starts_with(letter.as_str()));
    let mut near: Vec<(u32, &str)> = of_letter
        .map(|explanation| (explanation.code[1..].parse().map_or(u32::MAX, |known| number.abs_diff(known)), explanation.code))
        .collect();
    near.sort_unstable();
    near.truncate(3);
    near.into_iter().map(|(_, code)| code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_once_and_are_found() {
        let codes: std::collections::BTreeSet<&str> = explanations().map(|explanation| explanation.code).collect();
        assert_eq!(codes.len(), explanations().count());
        assert_eq!(explanation("e110").map(|found| found.code), Some("E110"));
        assert_eq!(explanation("E999"), None);
    }

    #[test]
    fn near_codes_have_near_numbers() {
        assert_eq!(near_codes("E112x"), Vec::<&str>::new());
        assert_eq!(near_codes("W003"), ["W002", "W004", "W001"]);
        assert_eq!(near_codes("w310"), ["W310", "W311", "W312"]);
        assert_eq!(near_codes("4"), ["E004", "W004", "E003"]);
        assert_eq!(near_codes("Z4"), Vec::<&str>::new());
    }

    #[test]
    fn signs_stand_for_what_can_not_be_seen() {
        assert_eq!(File::Playbook("\n‹BOM›a␍\n⇥b\n").source(), "\u{feff}a\r\n\tb\n");
    }
}
