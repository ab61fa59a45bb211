//! A native inventory file to an inventory.

use std::path::Path;
use std::sync::Arc;

use super::connect::{jump_span, read_connect};
use super::groups::{self, GroupDraft};
use super::hosts::{self, HostDraft};
use super::names::{add_localhost, localhost_only};
use super::vars::layer;
use super::{jump, names, transport};
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span};
use crate::model::{ConnectPatch, Host, HostIx, Inventory, Jump, Layer, Origin, Transport};
use crate::template::Engine;
use crate::yaml::{Fields, parse};

/// Reads an inventory file that `map` holds; `None` where it is no sound YAML.
///
/// With other mistakes, which `diagnostics` say, the rest of the inventory is given, so that a check can go on.
/// An empty file is an inventory with nothing but `localhost`.
pub fn load(map: &SourceMap, file: FileId, engine: &mut Engine, diagnostics: &mut Diagnostics) -> Option<Inventory> {
    if let Some(header) = ini_header(&map.file(file).text) {
        let found =
            Diagnostic::error("E219", Span::new(file, header), "this looks like an Ansible inventory (INI), which is not supported yet");
        diagnostics.push(found.hint(NATIVE.to_owned()));
        return None;
    }
    let node = parse(map, file, diagnostics)?;
    if node.is_null() {
        return Some(localhost_only());
    }
    let base = map.file(file).path.as_deref().and_then(Path::parent);
    let mut fields = Fields::new(&node, "an inventory", diagnostics)?;
    let mut top = Top::default();
    if let Some(vars) = fields.take("vars") {
        top.layer = Some(Arc::new(layer(Origin::Inventory, vars, engine, diagnostics))).filter(|layer| !layer.vars.is_empty());
    }
    let mut written = Vec::new();
    if let Some(connect) = fields.take("connect") {
        top.connect = read_connect(connect, base, diagnostics);
        note_jump(&mut written, jump_span(connect), &top.connect);
    }
    let drafts = fields.take("hosts").map(|entry| hosts::read(entry, base, engine, diagnostics)).unwrap_or_default();
    let mut groups = fields.take("groups").map(|entry| groups::read(entry, base, engine, diagnostics)).unwrap_or_default();
    if let Some(all) = fields.take("all") {
        let found = Diagnostic::error("E219", all.key.span, "this looks like an Ansible inventory, which is not supported yet");
        diagnostics.push(found.hint(NATIVE.to_owned()));
    }
    fields.finish(&["vars", "connect", "hosts", "groups"], &["secrets"], diagnostics);

    let mut inventory = Inventory::default();
    for (name, draft) in &drafts {
        note_jump(&mut written, draft.jump, &draft.connect);
        names::add(&mut inventory, names::host(name, Some(draft.span), true));
    }
    add_localhost(&mut inventory);
    groups::resolve(&mut groups, &mut inventory, diagnostics);
    for group in &groups {
        note_jump(&mut written, group.jump, &group.connect);
    }
    assemble(&mut inventory, &top, &groups, &drafts);
    jump::bind(&mut inventory, &written, diagnostics);
    inventory.hosts.iter().for_each(|host| transport::check_place(host, diagnostics));
    Some(inventory)
}

const NATIVE: &str = "at the top of an inventory stand `vars`, `connect`, `hosts` and `groups`";

/// The place of a first line like `[web]` or `[web:vars]`.
fn ini_header(text: &str) -> Option<std::ops::Range<usize>> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let word = line.trim();
        if word.is_empty() || word.starts_with(['#', ';']) {
            at += line.len();
            continue;
        }
        let name = word.strip_prefix('[')?.strip_suffix(']')?;
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "._-:".contains(c));
        return plain.then(|| at..at + word.len());
    }
    None
}

/// What the top of the file says for all hosts.
#[derive(Default)]
struct Top {
    layer: Option<Arc<Layer>>,
    connect: ConnectPatch,
}

fn note_jump(written: &mut Vec<(Span, Jump)>, span: Option<Span>, connect: &ConnectPatch) {
    written.extend(span.zip(connect.jump.clone()));
}

/// Gives every host its groups, its layers and its connection.
fn assemble(inventory: &mut Inventory, top: &Top, groups: &[GroupDraft<'_>], drafts: &indexmap::IndexMap<String, HostDraft>) {
    let mut memberships: Vec<Vec<usize>> = vec![Vec::new(); inventory.hosts.len()];
    for (index, group) in groups.iter().enumerate() {
        for member in inventory.groups.get(&group.name.text).into_iter().flatten() {
            memberships[HostIx::index(*member)].push(index);
        }
    }
    for (host, mut member) in inventory.hosts.iter_mut().zip(memberships) {
        host.groups = member.iter().map(|group| groups[*group].name.text.clone()).collect();
        // Stable: of the same depth, the one written later is stronger.
        member.sort_by_key(|group| groups[*group].depth);
        let draft = drafts.get(&host.name);
        host.layers.extend(top.layer.clone());
        host.layers.extend(member.iter().filter_map(|group| groups[*group].layer.clone()));
        host.layers.extend(draft.and_then(|draft| draft.layer.clone()).map(Arc::new));
        connect(host, top, member.iter().map(|group| &groups[*group].connect), draft);
    }
}

fn connect<'a>(host: &mut Host, top: &Top, groups: impl Iterator<Item = &'a ConnectPatch>, draft: Option<&HostDraft>) {
    let address = host.connect.address.clone();
    host.connect.apply(&top.connect);
    groups.for_each(|patch| host.connect.apply(patch));
    if host.name == names::LOCALHOST {
        // Only its own entry can make it anything but this machine.
        host.connect.transport = Transport::Local;
        host.connect.jump = None;
        host.connect.address = address;
    }
    if let Some(draft) = draft {
        host.connect.apply(&draft.connect);
    }
}
