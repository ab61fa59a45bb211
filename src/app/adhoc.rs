//! `exec`: one command on many hosts, written as the playbook that it is.

use std::path::PathBuf;
use std::time::Duration;

use super::PlaybookSource;

/// An ad-hoc command.
#[derive(Debug, Clone)]
pub struct Adhoc {
    /// The host expression.
    pub hosts: String,
    /// One word is shell text, several are an argument list.
    pub command: Vec<String>,
    /// The user to become.
    pub become_user: Option<String>,
    /// Its timeout.
    pub timeout: Option<Duration>,
    /// The folder that files are relative to.
    pub folder: PathBuf,
}

/// Writes an ad-hoc command as a playbook, so that it is checked, planned, run and recorded like any other.
#[must_use]
pub fn adhoc_source(adhoc: &Adhoc) -> PlaybookSource {
    // A JSON string is a YAML string too, whatever is in it.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (name, run) = match &adhoc.command[..] {
        [text] => (text.clone(), quoted(text)),
        words => (crate::text::quote_all(words), format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))),
    };
    let mut text = format!("name: {}\nid: exec\nrounds:\n  - id: exec\n    hosts: {}\n", quoted(&name), quoted(&adhoc.hosts));
    if let Some(user) = &adhoc.become_user {
        text.push_str(&format!("    become: {}\n", quoted(user)));
    }
    text.push_str(&format!("    tasks:\n      - id: command\n        name: {}\n        run: {run}\n", quoted(&name)));
    if let Some(timeout) = adhoc.timeout {
        text.push_str(&format!("        timeout: {}ms\n", timeout.as_millis()));
    }
    PlaybookSource::Text { name: "<exec>".to_owned(), text, folder: adhoc.folder.clone() }
}
