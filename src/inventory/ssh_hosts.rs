//! The hosts of ssh's own configuration: names behind `Host` that are no patterns.
//!
//! What else the configuration says, ssh itself reads when it connects. Files that are included, the caller finds.

use std::path::Path;

use super::name::wrong_name;
use super::names::{add, add_localhost, host};
use crate::diag::{Diagnostics, FileId, SourceMap, SourceText, Span};
use crate::model::Inventory;

/// A line that names hosts or files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SshLine {
    /// A name behind `Host`.
    Host(SourceText),
    /// A path behind `Include`, perhaps with `*`.
    Include(SourceText),
}

/// Reads what a file of ssh's configuration names, in the order written.
#[must_use]
pub fn ssh_lines(map: &SourceMap, file: FileId) -> Vec<SshLine> {
    let text = &map.file(file).text;
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let words = words(line).into_iter().map(|(start, end)| {
            let span = Span::new(file, at + start..at + end);
            SourceText::verbatim(&line[start..end], span)
        });
        let mut words = words.filter(|word| !word.text.is_empty());
        let keyword = words.next().map(|word| word.text.to_ascii_lowercase()).unwrap_or_default();
        match keyword.as_str() {
            "host" => lines.extend(words.filter(|word| !word.text.contains(['*', '?', '!'])).map(SshLine::Host)),
            "include" => lines.extend(words.map(SshLine::Include)),
            _ => {}
        }
        at += line.len();
    }
    lines
}

/// Where the words of a line stand, without their quotes; a `=` behind the keyword is a blank.
fn words(line: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let blank = rest.find(|c: char| !(c.is_whitespace() || (c == '=' && words.len() == 1))).unwrap_or(rest.len());
        at += blank;
        let rest = &line[at..];
        if rest.is_empty() || rest.starts_with('#') {
            break;
        }
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.trim_end().len());
            words.push((at + 1, at + 1 + end));
            at += (end + 2).min(rest.len());
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || (c == '=' && words.is_empty())).unwrap_or(rest.len());
        words.push((at, at + end));
        at += end;
    }
    words
}

/// Makes an inventory of names; each is reached by itself, through `config` where that is not the user's own.
#[must_use]
pub fn from_ssh(names: &[SourceText], config: Option<&Path>, diagnostics: &mut Diagnostics) -> Inventory {
    let mut inventory = Inventory::default();
    for name in names {
        if inventory.index.contains_key(&name.text) {
            continue;
        }
        if let Some(wrong) = wrong_name("host", &name.text, name.span) {
            diagnostics.push(crate::diag::Diagnostic { severity: crate::diag::Severity::Warning, code: "W206", ..wrong }.label("left out"));
            continue;
        }
        let mut host = host(&name.text, Some(name.span), true);
        host.connect.ssh_config = config.map(Path::to_owned);
        add(&mut inventory, host);
    }
    add_localhost(&mut inventory);
    inventory
}
