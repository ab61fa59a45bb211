//! `hosts:` of an inventory: one draft for every name.

use std::path::Path;

use indexmap::IndexMap;

use super::connect::{KEYS, jump_span, read_connect};
use super::name::wrong_name;
use super::ranges::expand;
use super::vars::layer;
use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::model::{ConnectPatch, Layer, Origin};
use crate::template::Engine;
use crate::yaml::{Entry, Fields};

/// A host as its own entry says.
#[derive(Debug)]
pub(super) struct HostDraft {
    pub(super) span: Span,
    pub(super) layer: Option<Layer>,
    pub(super) connect: ConnectPatch,
    pub(super) jump: Option<Span>,
}

/// Reads the `hosts:` map.
pub(super) fn read(hosts: &Entry, base: Option<&Path>, engine: &mut Engine, diagnostics: &mut Diagnostics) -> IndexMap<String, HostDraft> {
    let mut drafts: IndexMap<String, HostDraft> = IndexMap::new();
    if let Some(list) = hosts.value.as_list() {
        let found = Diagnostic::error("E016", hosts.value.span, "`hosts` must be a map, this is a list");
        let first = list.first().and_then(|node| node.as_text()).map_or("web01", |text| &*text.text);
        diagnostics.push(found.hint(format!("write every host with a colon behind it: `{first}:`")));
        return drafts;
    }
    for entry in hosts.map(diagnostics).unwrap_or_default() {
        let names = match expand(&entry.key.text) {
            Ok(names) => names,
            Err(error) => {
                diagnostics.push(Diagnostic::error("E204", entry.key.at(error.range), error.message).hint(error.hint));
                continue;
            }
        };
        if let Some(wrong) = names.iter().find_map(|name| wrong_name("host", name, entry.key.span)) {
            diagnostics.push(wrong);
            continue;
        }
        let body = Body::read(entry, names.len(), base, engine, diagnostics);
        let mut clash: Option<(String, Span)> = None;
        for (nth, name) in names.into_iter().enumerate() {
            if let Some(first) = drafts.get(&name) {
                clash.get_or_insert((name, first.span));
                continue;
            }
            let draft = body.draft(&name, nth, entry.key.span);
            drafts.insert(name, draft);
        }
        if let Some((name, first)) = clash {
            let found = Diagnostic::error("E212", entry.key.span, format!("the host `{name}` stands twice in the inventory"));
            let hint = "a host is written once; what some hosts of a range share belongs into a group".to_owned();
            diagnostics.push(found.label("again").and(first, "first here").hint(hint));
        }
    }
    drafts
}

/// What one entry says for all its names.
struct Body {
    addresses: Vec<String>,
    vars: Option<Layer>,
    connect: ConnectPatch,
    jump: Option<Span>,
}

impl Body {
    fn read(entry: &Entry, count: usize, base: Option<&Path>, engine: &mut Engine, diagnostics: &mut Diagnostics) -> Body {
        let mut body = Body { addresses: Vec::new(), vars: None, connect: ConnectPatch::default(), jump: None };
        if entry.value.is_null() {
            return body;
        }
        let Some(mut fields) = Fields::new(&entry.value, "a host", diagnostics) else { return body };
        if let Some(connect) = fields.take("connect") {
            body.connect = read_connect(connect, base, diagnostics);
            body.jump = jump_span(connect);
        }
        if let Some(address) = fields.take("address") {
            body.addresses = addresses(address, count, diagnostics);
            if let Some(other) = entry.value.get("connect").and_then(|connect| connect.value.get("address")) {
                let found = Diagnostic::error("E217", address.key.span, "the address stands twice");
                diagnostics.push(found.and(other.key.span, "also here").hint("keep one of them".to_owned()));
            }
        }
        if let Some(vars) = fields.take("vars") {
            body.vars = Some(layer(Origin::Host(String::new()), vars, engine, diagnostics)).filter(|layer| !layer.vars.is_empty());
        }
        for misplaced in fields.entries().iter().filter(|entry| KEYS.contains(&&*entry.key.text) && entry.key.text != "address") {
            let key = &misplaced.key;
            let found = Diagnostic::error("E015", key.span, format!("unknown key `{}` in a host", key.text));
            diagnostics.push(found.hint(format!("it belongs into `connect`: `connect: {{ {}: … }}`", key.text)));
        }
        let known: Vec<&str> = ["address", "vars", "connect"].into_iter().chain(KEYS).collect();
        fields.finish(&known, &[], diagnostics);
        body
    }

    fn draft(&self, name: &str, nth: usize, span: Span) -> HostDraft {
        let layer = self.vars.as_ref().map(|layer| Layer { origin: Origin::Host(name.to_owned()), vars: layer.vars.clone() });
        let mut connect = self.connect.clone();
        if let Some(address) = self.addresses.get(nth).or(self.addresses.last()) {
            connect.address = Some(address.clone());
        }
        HostDraft { span, layer, connect, jump: self.jump }
    }
}

/// The addresses of `count` hosts: one for all, or a range with as many.
fn addresses(entry: &Entry, count: usize, diagnostics: &mut Diagnostics) -> Vec<String> {
    let Some(text) = entry.name(diagnostics) else { return Vec::new() };
    let wrong = |message: String| Diagnostic::error("E217", text.span, message);
    if text.text.starts_with('-') {
        diagnostics.push(wrong("`address` can't start with `-`".to_owned()).label("ssh would read an option"));
        return Vec::new();
    }
    if text.text.contains("{{") {
        diagnostics.push(Diagnostic::error("E219", text.span, "templates in `address` are not supported yet"));
        return Vec::new();
    }
    // An IPv6 address in brackets is no range.
    if text.text.contains(':') || !text.text.contains('[') {
        return vec![text.text.trim_matches(['[', ']']).to_owned()];
    }
    match expand(&text.text) {
        Ok(list) if list.len() == count => list,
        Ok(list) => {
            diagnostics.push(wrong(format!("{} for {}", plural(list.len(), "address", "addresses"), plural(count, "host", "hosts"))));
            Vec::new()
        }
        Err(error) => {
            diagnostics.push(Diagnostic::error("E204", text.at(error.range), error.message).hint(error.hint));
            Vec::new()
        }
    }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
