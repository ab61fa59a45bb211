//! Whose inventory a file is, by its content.

use super::ansible::{header, looks_like_groups};
use crate::diag::{Diagnostics, FileId, SourceMap, Span};
use crate::yaml::{NodeValue, parse_ansible};

/// Whose inventory a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ours: YAML with `vars`, `connect`, `hosts` and `groups`.
    Native,
    /// Ansible's, INI or YAML.
    Ansible,
    /// The configuration of one of Ansible's inventory plugins, with the place of the word `plugin`.
    Plugin(Span),
    /// A map that is no inventory, with the place of its first key.
    Other(Span),
}

/// Finds out whose inventory a file is. What is neither sound YAML nor looks like INI counts as ours, so that its
/// mistakes are told in our words.
#[must_use]
pub fn kind(map: &SourceMap, file: FileId) -> Kind {
    let source = map.file(file);
    if header(&source.text).is_some() {
        return Kind::Ansible;
    }
    if plainly_native(&source.text) {
        return Kind::Native;
    }
    let extension = source.path.as_deref().and_then(|path| path.extension()).and_then(|extension| extension.to_str());
    let is_yaml = extension.is_some_and(|extension| ["yml", "yaml", "json"].contains(&extension));
    let lines_of_hosts = || if !is_yaml && looks_like_hosts(&source.text) { Kind::Ansible } else { Kind::Native };
    let Some(node) = parse_ansible(map, file, &mut Diagnostics::default()) else { return lines_of_hosts() };
    let Some(entries) = node.as_map() else {
        return if matches!(node.value, NodeValue::Text(_)) { lines_of_hosts() } else { Kind::Native };
    };
    if looks_like_groups(&node) {
        return Kind::Ansible;
    }
    if entries.iter().any(|entry| NATIVE.contains(&&*entry.key.text)) {
        return Kind::Native;
    }
    if let Some(plugin) = node.get("plugin") {
        return Kind::Plugin(plugin.key.span);
    }
    entries.first().map_or(Kind::Native, |entry| Kind::Other(entry.key.span))
}

/// What stands at the top of an inventory of ours.
const NATIVE: [&str; 5] = ["vars", "connect", "hosts", "groups", "secrets"];

/// Says whether no line but those of our own keys begins at the margin, which saves a large inventory a parse.
fn plainly_native(text: &str) -> bool {
    let mut keys = 0;
    text.lines().all(|line| match line.as_bytes().first() {
        None | Some(b' ' | b'\r' | b'#') => true,
        Some(b'-') => line == "---" || keys > 0,
        Some(_) => {
            keys += 1;
            line.split_once(':').is_some_and(|(key, value)| NATIVE.contains(&key) && value.chars().next().is_none_or(char::is_whitespace))
        }
    }) && keys > 0
}

/// Says whether the first line that says something names a host, perhaps with variables.
fn looks_like_hosts(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    first.is_some_and(|line| {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        !name.ends_with(':')
            && !name.starts_with(['-', '{', '[', '"', '\''])
            && words.next().is_none_or(|word| word.contains('=') || word.starts_with('#'))
    })
}
