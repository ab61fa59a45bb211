//! `connect:` maps, of inventories and of rounds.

use std::path::{Path, PathBuf};

use super::secrets::secret_ref;
use super::transport::{read_transport, refuse_user};
use crate::diag::{Diagnostic, Diagnostics, SourceText, Span};
use crate::model::{ConnectPatch, HostKey, Jump, Kex, SecretRef};
use crate::yaml::{Entry, Fields};

/// Every key of a `connect:` map.
pub(super) const KEYS: [&str; 16] = [
    "transport",
    "address",
    "port",
    "user",
    "identity",
    "password",
    "become_password",
    "jump",
    "ssh_config",
    "ssh_options",
    "host_key",
    "connect_timeout",
    "keepalive",
    "max_sessions",
    "retries",
    "kex",
];

/// Reads a `connect:` map; relative paths are relative to `base`, the folder of the file that names them.
///
/// `jump` is a destination here, even where it is a host of the inventory: [`super::bind_jump`] makes it one.
pub fn read_connect(entry: &Entry, base: Option<&Path>, diagnostics: &mut Diagnostics) -> ConnectPatch {
    let mut patch = ConnectPatch::default();
    if entry.value.is_null() {
        return patch;
    }
    let Some(mut fields) = Fields::new(&entry.value, "`connect`", diagnostics) else { return patch };
    let text = |fields: &mut Fields<'_>, key: &str, diagnostics: &mut Diagnostics| {
        fields.take(key).and_then(|entry| plain(entry, diagnostics)).map(|text| text.text.clone())
    };
    patch.address = text(&mut fields, "address", diagnostics);
    patch.user = text(&mut fields, "user", diagnostics);
    (patch.password, patch.password_secret) = password(&mut fields, "password", diagnostics);
    (patch.become_password, patch.become_password_secret) = password(&mut fields, "become_password", diagnostics);
    patch.identity = text(&mut fields, "identity", diagnostics).map(|path| beside(base, &path));
    patch.ssh_config = text(&mut fields, "ssh_config", diagnostics).map(|path| beside(base, &path));
    for key in ["address", "user"] {
        if let Some(text) = fields.take(key).and_then(|entry| entry.value.as_text()).filter(|text| text.text.starts_with('-')) {
            diagnostics
                .push(Diagnostic::error("E217", text.span, format!("`{key}` can't start with `-`")).label("ssh would read an option"));
        }
    }
    patch.transport = fields.take("transport").and_then(|entry| read_transport(entry, diagnostics));
    refuse_user(&patch, fields.take("user"), diagnostics);
    patch.port = fields.take("port").and_then(|entry| port(entry, diagnostics));
    patch.jump = fields.take("jump").and_then(|entry| jump(entry, diagnostics));
    patch.ssh_options = fields.take("ssh_options").map(|entry| ssh_options(entry, diagnostics));
    let keys = [("strict", HostKey::Strict), ("accept_new", HostKey::AcceptNew)];
    patch.host_key = fields.take("host_key").and_then(|entry| entry.choice(&keys, diagnostics));
    patch.kex = fields.take("kex").and_then(|entry| entry.choice(&[("default", Kex::Default), ("fast", Kex::Fast)], diagnostics));
    patch.connect_timeout = fields.take("connect_timeout").and_then(|entry| positive(entry, diagnostics));
    patch.keepalive = fields.take("keepalive").and_then(|entry| positive(entry, diagnostics));
    patch.max_sessions = fields.take("max_sessions").and_then(|entry| entry.count(1, diagnostics));
    patch.retries =
        fields.take("retries").and_then(|entry| entry.count(0, diagnostics)).map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    fields.finish(&KEYS, &[], diagnostics);
    patch
}

/// Reads a password: as it is, or a secret's name in braces.
fn password(fields: &mut Fields<'_>, key: &str, diagnostics: &mut Diagnostics) -> (Option<String>, Option<SecretRef>) {
    let Some(entry) = fields.take(key) else { return (None, None) };
    if let Some(secret) = entry.value.as_text().and_then(secret_ref) {
        return (None, Some(secret));
    }
    let Some(text) = entry.name(diagnostics) else { return (None, None) };
    if let Some(at) = text.text.find("{{").or_else(|| text.text.find("{%")) {
        let found = Diagnostic::error("E219", text.at(at..text.text.len()), format!("`{key}` takes no template but a secret"));
        diagnostics.push(found.hint(format!("write `{key}: \"{{{{ secrets.NAME }}}}\"`")));
        return (None, None);
    }
    (Some(text.text.clone()), None)
}

/// The place of the word behind `jump`, where one is given.
pub(super) fn jump_span(connect: &Entry) -> Option<Span> {
    connect.value.get("jump").map(|entry| entry.value.span)
}

/// A text that holds no template and is not empty.
pub(super) fn plain<'a>(entry: &'a Entry, diagnostics: &mut Diagnostics) -> Option<&'a SourceText> {
    let text = entry.name(diagnostics)?;
    without_template(text, &entry.what(), diagnostics).then_some(text)
}

pub(super) fn without_template(text: &SourceText, what: &str, diagnostics: &mut Diagnostics) -> bool {
    let Some(at) = text.text.find("{{").or_else(|| text.text.find("{%")) else { return true };
    let found = Diagnostic::error("E219", text.at(at..text.text.len()), format!("templates in {what} are not supported yet"));
    diagnostics.push(found);
    false
}

fn beside(base: Option<&Path>, path: &str) -> PathBuf {
    // ssh itself knows `~` and `%d`.
    match base {
        Some(base) if !path.starts_with(['~', '%']) => base.join(path),
        _ => PathBuf::from(path),
    }
}

fn positive(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<std::time::Duration> {
    let duration = entry.duration(diagnostics)?;
    if duration.is_zero() {
        diagnostics.push(Diagnostic::error("E217", entry.value.span, format!("{} must be longer than nothing", entry.what())));
        return None;
    }
    Some(duration)
}

fn port(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<u16> {
    let number = entry.int(diagnostics)?;
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    if port.is_none() {
        diagnostics.push(Diagnostic::error("E217", entry.value.span, format!("{number} is no port: they run from 1 to 65535")));
    }
    port
}

fn jump(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Jump> {
    if entry.value.raw.is_some() && entry.value.is_null() {
        return Some(Jump::None);
    }
    let text = plain(entry, diagnostics)?;
    if text.text.starts_with('-') {
        diagnostics.push(Diagnostic::error("E217", text.span, "`jump` can't start with `-`").label("ssh would read an option"));
        return None;
    }
    Some(if text.text == "none" { Jump::None } else { Jump::Destination(text.text.clone()) })
}

fn ssh_options(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut options = Vec::new();
    for option in entry.texts(diagnostics) {
        let words = option.text.to_ascii_lowercase();
        let (key, value) = words.split_once(['=', ' ']).unwrap_or((&words, ""));
        if key.trim() == "stricthostkeychecking" && ["no", "off"].contains(&value.trim()) {
            let found = Diagnostic::error("E217", option.span, "host keys are always verified");
            diagnostics.push(found.hint("`host_key: accept_new` accepts hosts that are not known yet".to_owned()));
        } else if value.trim().is_empty() {
            let found = Diagnostic::error("E217", option.span, format!("`{}` is no option", option.text));
            diagnostics.push(found.hint("write it as ssh -o takes it: `Compression=yes`".to_owned()));
        } else if without_template(option, "`ssh_options`", diagnostics) {
            options.push(option.text.clone());
        }
    }
    options
}
