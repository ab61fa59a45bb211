//! An inventory file to an inventory: a native one here, Ansible's by its own reader.

use std::path::Path;
use std::sync::Arc;

use super::ansible::Ansible;
use super::connect::{jump_span, read_connect};
use super::groups::{self, GroupDraft};
use super::hosts::{self, HostDraft};
use super::kind::{Kind, kind};
use super::names::{add_localhost, localhost_only};
use super::secrets::read_secrets;
use super::vars::layer;
use super::{jump, names, transport};
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span};
use crate::model::{ConnectPatch, Host, HostIx, Inventory, Jump, Layer, Origin, Transport};
use crate::template::Engine;
use crate::yaml::{Fields, parse};

/// Reads an inventory file that `map` holds, ours or Ansible's; `None` where it is no sound YAML.
///
/// With other mistakes, which `diagnostics` say, the rest of the inventory is given, so that a check can go on.
/// An empty file is an inventory with nothing but `localhost`.
pub fn load(map: &SourceMap, file: FileId, engine: &mut Engine, diagnostics: &mut Diagnostics) -> Option<Inventory> {
    match kind(map, file) {
        Kind::Native | Kind::Other(_) => {}
        Kind::Plugin(span) => {
            diagnostics.push(plugin(span));
            return None;
        }
        Kind::Ansible => {
            let mut ansible = Ansible::default();
            ansible.read(map, file, diagnostics);
            return Some(ansible.finish(map, engine, diagnostics));
        }
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
        let found = Diagnostic::error("E015", all.key.span, "unknown key `all` in an inventory").label("a group of Ansible's");
        diagnostics.push(found.hint(NATIVE.to_owned()));
    }
    let secrets = fields.take("secrets").map(|entry| read_secrets(entry, base, diagnostics)).unwrap_or_default();
    fields.finish(&["vars", "connect", "secrets", "hosts", "groups"], &[], diagnostics);

    let mut inventory = Inventory { secrets, ..Inventory::default() };
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

/// Says that a file configures one of Ansible's inventory plugins; `span` is the place of the word `plugin`.
#[must_use]
pub fn plugin(span: Span) -> Diagnostic {
    let found = Diagnostic::error("E222", span, "this configures an inventory plugin of Ansible, which only Ansible can run");
    found.hint("a program that runs `ansible-inventory -i FILE --list` is an inventory, too".to_owned())
}

const NATIVE: &str = "at the top of an inventory stand `vars`, `connect`, `secrets`, `hosts` and `groups`";

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
