//! `ansible_ssh_common_args` and its like: options of ssh's command line, to those of `connect`.

use std::path::PathBuf;
use std::time::Duration;

use super::words::words;
use crate::diag::{SourceText, Span};
use crate::model::{ConnectPatch, HostKey, Jump};

/// What the arguments come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SshArgs {
    pub(super) connect: ConnectPatch,
    /// Words that mean nothing here.
    pub(super) unknown: Vec<String>,
    /// True where host keys were to go unchecked.
    pub(super) unchecked: bool,
}

/// Options of one connection for many commands; sessions are ours to keep.
const OURS: [&str; 3] = ["controlmaster", "controlpath", "controlpersist"];

/// Reads arguments; `None` where a quote is open.
pub(super) fn ssh_args(text: &str, span: Span) -> Option<SshArgs> {
    let source = SourceText { text: text.to_owned(), span, marks: vec![(0, span.start)] };
    let words: Vec<String> = words(&source).ok()?.into_iter().map(|word| word.text).collect();
    let mut found = SshArgs::default();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-').and_then(|rest| rest.chars().next()) else {
            found.unknown.push(word);
            continue;
        };
        if !"oJFiplLRDWbcEeIkmOQSw".contains(flag) {
            word[1..].chars().for_each(|flag| found.flag(flag));
            continue;
        }
        let value = if word.len() > 2 { Some(word[2..].to_owned()) } else { words.next() };
        match value {
            Some(value) if !value.is_empty() => found.valued(flag, &value),
            _ => found.unknown.push(word),
        }
    }
    Some(found)
}

impl SshArgs {
    fn option(&mut self, option: String) {
        self.connect.ssh_options.get_or_insert_default().push(option);
    }

    fn flag(&mut self, flag: char) {
        match flag {
            'C' => self.option("Compression=yes".to_owned()),
            'A' => self.option("ForwardAgent=yes".to_owned()),
            'a' => self.option("ForwardAgent=no".to_owned()),
            '4' => self.option("AddressFamily=inet".to_owned()),
            '6' => self.option("AddressFamily=inet6".to_owned()),
            // Words for people, and terminals: a lane has neither.
            'q' | 'v' | 't' | 'T' | 'x' => {}
            other => self.unknown.push(format!("-{other}")),
        }
    }

    fn valued(&mut self, flag: char, value: &str) {
        match flag {
            'o' => self.set(value),
            'J' => self.connect.jump = Some(jump(value)),
            'F' => self.connect.ssh_config = Some(PathBuf::from(value)),
            'i' => self.connect.identity = Some(PathBuf::from(value)),
            'l' => self.connect.user = Some(value.to_owned()),
            'p' if value.parse::<u16>().is_ok_and(|port| port > 0) => self.connect.port = value.parse().ok(),
            other => self.unknown.push(format!("-{other} {value}")),
        }
    }

    fn set(&mut self, option: &str) {
        let (key, value) = match option.split_once(['=', ' ', '\t']) {
            Some((key, value)) => (key.trim(), value.trim()),
            None => (option, ""),
        };
        if value.is_empty() {
            self.unknown.push(format!("-o {option}"));
            return;
        }
        match key.to_ascii_lowercase().as_str() {
            "proxyjump" => self.connect.jump = Some(jump(value)),
            "stricthostkeychecking" => match value.to_ascii_lowercase().as_str() {
                "no" | "off" | "false" => {
                    self.unchecked = true;
                    self.connect.host_key = Some(HostKey::AcceptNew);
                }
                "accept-new" => self.connect.host_key = Some(HostKey::AcceptNew),
                "yes" | "true" => self.connect.host_key = Some(HostKey::Strict),
                _ => {}
            },
            "connecttimeout" if value.parse::<u64>().is_ok_and(|seconds| seconds > 0) => {
                self.connect.connect_timeout = value.parse().ok().map(Duration::from_secs);
            }
            key if OURS.contains(&key) => {}
            _ => self.option(format!("{key}={value}")),
        }
    }
}

fn jump(value: &str) -> Jump {
    if value.eq_ignore_ascii_case("none") { Jump::None } else { Jump::Destination(value.to_owned()) }
}
