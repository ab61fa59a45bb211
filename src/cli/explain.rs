//! `explain`: what an error or a warning means.
//!
//! Knows the catalogue of codes and how its entries look as text and as JSON; prints nothing itself.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::args::Selection;
use crate::diag::{Example, Explanation, File, explanation, explanations, near_codes};

/// The widest line of a paragraph.
const WIDTH: usize = 80;

/// `roundsman explain`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  roundsman explain web1 http_port -i hosts.yml   where its value comes from, and what it overrode
  roundsman explain web1 --playbook site.yml      all variables of a host, those of a playbook too
  roundsman explain --code E110                   what an error means, with a wrong and a right playbook
  roundsman explain --code                        all codes")]
pub struct Explain {
    /// The host whose variables are explained
    #[arg(required_unless_present = "code", conflicts_with = "code")]
    pub host: Option<String>,
    /// Only this variable
    pub variable: Option<String>,
    /// The playbook whose variables count too, and whose inventory is taken where `-i` names none
    #[arg(long, value_name = "FILE", requires = "host")]
    pub playbook: Option<PathBuf>,
    /// The code that a diagnostic shows in brackets; without one, all codes are listed
    #[arg(long, value_name = "CODE")]
    pub code: Option<Option<String>>,
    /// Which hosts and variables.
    #[command(flatten)]
    pub selection: Selection,
}

/// What is said, in both forms.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) json: Value,
}

/// A code that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("there is no code `{0}`")]
pub(super) struct UnknownCode(String);

impl UnknownCode {
    /// What to type instead.
    pub(super) fn hint(&self) -> String {
        match near_codes(&self.0)[..] {
            [] => "`roundsman explain --code` lists all codes".to_owned(),
            [only] => format!("did you mean `{only}`?"),
            [ref rest @ .., last] => {
                let rest: Vec<String> = rest.iter().map(|code| format!("`{code}`")).collect();
                format!("near it are {} and `{last}`; `roundsman explain --code` lists all codes", rest.join(", "))
            }
        }
    }
}

/// Explains one code.
pub(super) fn one(code: &str) -> Result<Said, UnknownCode> {
    let found = explanation(code).ok_or_else(|| UnknownCode(code.to_owned()))?;
    Ok(Said { text: text(found), json: to_json(found) })
}

/// Lists all codes.
pub(super) fn all() -> Said {
    let mut list: Vec<&Explanation> = explanations().collect();
    list.sort_unstable_by_key(|explanation| explanation.code);
    let text = list.iter().map(|explanation| format!("{}  {}\n", explanation.code, explanation.title)).collect();
    Said { text, json: list.into_iter().map(to_json).collect() }
}

fn text(explanation: &Explanation) -> String {
    let mut text = format!("{}: {}\n\n{}\n", explanation.code, explanation.title, wrapped(explanation.text));
    match explanation.example {
        Example::Files { wrong, right } => {
            for (heading, file) in [("Wrong", wrong), ("Right", right)] {
                text.push_str(&format!("\n{heading}:\n\n"));
                file.shown().lines().for_each(|line| text.push_str(&format!("  {line}\n")));
            }
        }
        Example::None { why } => text.push_str(&format!("\n{}\n", wrapped(why))),
    }
    text
}

fn to_json(explanation: &Explanation) -> Value {
    let file = |file: File| json!({ "kind": file.kind(), "text": file.source() });
    let (wrong, right) = match explanation.example {
        Example::Files { wrong, right } => (file(wrong), file(right)),
        Example::None { .. } => (Value::Null, Value::Null),
    };
    json!({
        "code": explanation.code, "severity": explanation.severity(), "title": explanation.title, "text": explanation.text,
        "wrong": wrong, "right": right,
    })
}

/// Breaks a paragraph between words.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            lines.push('\n');
            column = 0;
        }
        if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_explained_in_lines_that_fit() {
        let said = one("e202").expect("a code");
        insta::assert_snapshot!(said.text, @r"
        E202: a name that is no host and no group

        The expression names something that the inventory does not have. A name that is
        misspelt would silently leave hosts out, so it is an error; an empty group is
        not. The hint names the nearest known one.

        Wrong:

          rounds:
            - hosts: wbe
              tasks:
                - run: uptime

        Right:

          rounds:
            - hosts: web
              tasks:
                - run: uptime
        ");
        assert_eq!(said.json["severity"], "error");
        assert_eq!(said.json["wrong"]["kind"], "playbook");
        for explanation in explanations() {
            assert!(text(explanation).lines().all(|line| line.chars().count() <= 100), "{}", explanation.code);
        }
    }

    #[test]
    fn an_unknown_code_gets_near_ones() {
        let hint = |code: &str| one(code).err().map(|unknown| unknown.hint()).unwrap_or_default();
        assert_eq!(hint("E102"), "near it are `E105`, `E106` and `E107`; `roundsman explain --code` lists all codes");
        assert_eq!(hint("hosts"), "`roundsman explain --code` lists all codes");
    }

    #[test]
    fn all_codes_are_listed_in_order() {
        let said = all();
        assert!(said.text.starts_with("E001  the file can't be read, or is not YAML\nE002  "));
        assert_eq!(said.text.lines().count(), explanations().count());
        assert_eq!(said.json.as_array().map(Vec::len), Some(explanations().count()));
    }
}
