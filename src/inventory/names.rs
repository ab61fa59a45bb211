//! Inventories without a file: names from the command line, and the `localhost` that always exists.

use super::name::wrong_name;
use super::ranges::expand;
use crate::diag::{Diagnostic, Diagnostics, SourceText, Span};
use crate::model::{Connect, Host, HostIx, Inventory, Transport};

/// This machine.
pub(super) const LOCALHOST: &str = "localhost";

/// The inventory of a run without one.
#[must_use]
pub fn localhost_only() -> Inventory {
    let mut inventory = Inventory::default();
    add_localhost(&mut inventory);
    inventory
}

/// Reads a list of names as `-i` takes it: `web1,web2`, `web[01-10]`, `deploy@web1:2222`, `[fe80::1]:22`.
///
/// A name stands for itself; login and port go into its connection. Names with mistakes are told and left out.
pub fn from_names(list: &SourceText, diagnostics: &mut Diagnostics) -> Inventory {
    let mut inventory = Inventory::default();
    for (part, span) in parts(list) {
        let Some(target) = target(&part, span, diagnostics) else { continue };
        let names = match expand(&target.name) {
            _ if target.literal => vec![target.name.clone()],
            Ok(names) => names,
            Err(error) => {
                diagnostics.push(Diagnostic::error("E204", span, error.message).hint(error.hint));
                continue;
            }
        };
        if let Some(wrong) = names.iter().find_map(|name| wrong_name("host", name, span)) {
            diagnostics.push(wrong);
            continue;
        }
        for name in names {
            if inventory.index.contains_key(&name) {
                diagnostics.push(Diagnostic::error("E212", span, format!("the host `{name}` stands twice in the list")));
                break;
            }
            let mut host = host(&name, None, true);
            host.connect.user.clone_from(&target.user);
            host.connect.port = target.port;
            add(&mut inventory, host);
        }
    }
    add_localhost(&mut inventory);
    inventory
}

/// A host with nothing said about it.
pub(super) fn host(name: &str, span: Option<Span>, listed: bool) -> Host {
    let mut connect = Connect::new(name);
    if name == LOCALHOST {
        connect.transport = Transport::Local;
    }
    Host { name: name.to_owned(), connect, groups: Vec::new(), layers: Vec::new(), span, listed }
}

/// Appends a host.
pub(super) fn add(inventory: &mut Inventory, host: Host) {
    inventory.index.insert(host.name.clone(), HostIx::new(inventory.hosts.len()));
    inventory.hosts.push(host);
}

/// Appends the `localhost` that always exists, unless it is listed.
pub(super) fn add_localhost(inventory: &mut Inventory) {
    if inventory.find(LOCALHOST).is_none() {
        add(inventory, host(LOCALHOST, None, false));
    }
}

/// The parts between commas that stand outside brackets, blanks trimmed, empty ones left out.
fn parts(list: &SourceText) -> Vec<(String, Span)> {
    let text = &*list.text;
    let mut ends: Vec<usize> = Vec::new();
    let mut inside = false;
    for (at, c) in text.char_indices() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            ',' if !inside => ends.push(at),
            _ => {}
        }
    }
    ends.push(text.len());
    let mut parts = Vec::new();
    let mut from = 0;
    for end in ends {
        let part = text[from..end].trim();
        let start = from + (text[from..end].len() - text[from..end].trim_start().len());
        if !part.is_empty() {
            parts.push((part.to_owned(), list.at(start..start + part.len())));
        }
        from = end + 1;
    }
    parts
}

struct Target {
    name: String,
    user: Option<String>,
    port: Option<u16>,
    /// True for an address in brackets, which is no range.
    literal: bool,
}

fn target(part: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<Target> {
    let (user, rest) = match part.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, part),
    };
    if user.is_some_and(|user| user.is_empty() || user.starts_with('-')) {
        diagnostics.push(Diagnostic::error("E217", span, format!("`{part}` has no sound login before its `@`")));
        return None;
    }
    let user = user.map(str::to_owned);
    if let Some((address, behind)) =
        rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).filter(|(address, _)| address.contains(':'))
    {
        let port = match behind.strip_prefix(':') {
            Some(port) => Some(port_number(port, span, diagnostics)?),
            None => None,
        };
        return Some(Target { name: address.to_owned(), user, port, literal: true });
    }
    // More than one colon is an IPv6 address without a port.
    let (name, port) = match rest.split_once(':') {
        Some((name, port)) if !port.contains(':') && !name.is_empty() => (name, Some(port_number(port, span, diagnostics)?)),
        _ => (rest, None),
    };
    Some(Target { name: name.to_owned(), user, port, literal: false })
}

fn port_number(text: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<u16> {
    let port = text.parse::<u16>().ok().filter(|port| *port > 0);
    if port.is_none() {
        diagnostics.push(Diagnostic::error("E217", span, format!("`{text}` is no port: they run from 1 to 65535")));
    }
    port
}
