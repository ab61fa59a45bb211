//! `groups:` of an inventory: members, and which group is above which.
//!
//! A group may name groups, as children and in its expression, in any order; so members are found in the order in
//! which groups need each other. Layers follow children only: a child is stronger than its parents.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::connect::{jump_span, read_connect};
use super::expr::{Mode, mentioned, select_list};
use super::name::wrong_name;
use super::vars::layer;
use crate::diag::{Diagnostic, Diagnostics, SourceText, Span};
use crate::model::{ConnectPatch, HostIx, Inventory, Layer, Origin};
use crate::template::Engine;
use crate::text::did_you_mean;
use crate::yaml::{Entry, Fields};

/// A group as its entry says.
#[derive(Debug)]
pub(super) struct GroupDraft<'a> {
    pub(super) name: &'a SourceText,
    hosts: Vec<&'a SourceText>,
    children: Vec<(usize, Span)>,
    pub(super) layer: Option<Arc<Layer>>,
    pub(super) connect: ConnectPatch,
    pub(super) jump: Option<Span>,
    /// How many groups are above it, on the longest way.
    pub(super) depth: usize,
}

/// Reads the `groups:` map; children are bound, members not yet found.
pub(super) fn read<'a>(groups: &'a Entry, base: Option<&Path>, engine: &mut Engine, diagnostics: &mut Diagnostics) -> Vec<GroupDraft<'a>> {
    let mut drafts = Vec::new();
    let mut children: Vec<Vec<&SourceText>> = Vec::new();
    for entry in groups.map(diagnostics).unwrap_or_default() {
        if let Some(wrong) = wrong_name("group", &entry.key.text, entry.key.span) {
            diagnostics.push(wrong);
            continue;
        }
        let mut draft = GroupDraft {
            name: &entry.key,
            hosts: Vec::new(),
            children: Vec::new(),
            layer: None,
            connect: ConnectPatch::default(),
            jump: None,
            depth: 0,
        };
        let mut below = Vec::new();
        if !entry.value.is_null()
            && let Some(fields) = Fields::new(&entry.value, "a group", diagnostics)
        {
            below = draft.fill(fields, base, engine, diagnostics);
        }
        drafts.push(draft);
        children.push(below);
    }
    let indexes = indexes(&drafts);
    for (group, below) in children.into_iter().enumerate() {
        for child in below {
            match indexes.get(&*child.text) {
                Some(index) => drafts[group].children.push((*index, child.span)),
                None => {
                    let found = Diagnostic::error("E213", child.span, format!("no group is called `{}`", child.text));
                    diagnostics.push(found.hint(did_you_mean(&child.text, drafts.iter().map(|draft| &*draft.name.text))));
                }
            }
        }
    }
    drafts
}

impl<'a> GroupDraft<'a> {
    /// Reads a group's keys; gives the names of its children.
    fn fill(
        &mut self,
        mut fields: Fields<'a>,
        base: Option<&Path>,
        engine: &mut Engine,
        diagnostics: &mut Diagnostics,
    ) -> Vec<&'a SourceText> {
        if let Some(hosts) = fields.take("hosts").filter(|entry| !entry.value.is_null()) {
            if hosts.value.as_map().is_some() {
                let found =
                    Diagnostic::error("E016", hosts.value.span, "`hosts` of a group must be a host expression or a list, this is a map");
                diagnostics.push(found.hint("hosts are described under `hosts` at the top; a group only names them".to_owned()));
            } else {
                self.hosts = hosts.texts(diagnostics);
            }
        }
        let below = fields.take("groups").filter(|entry| !entry.value.is_null()).map(|entry| entry.texts(diagnostics));
        if let Some(vars) = fields.take("vars") {
            let origin = Origin::Group(self.name.text.clone());
            self.layer = Some(layer(origin, vars, engine, diagnostics)).filter(|layer| !layer.vars.is_empty()).map(Arc::new);
        }
        if let Some(connect) = fields.take("connect") {
            self.connect = read_connect(connect, base, diagnostics);
            self.jump = jump_span(connect);
        }
        fields.finish(&["hosts", "groups", "vars", "connect"], &[], diagnostics);
        below.unwrap_or_default()
    }
}

/// Finds every group's members and depth. The inventory has its hosts already.
pub(super) fn resolve(drafts: &mut [GroupDraft<'_>], inventory: &mut Inventory, diagnostics: &mut Diagnostics) {
    for draft in drafts.iter() {
        if let Some(host) = inventory.find(&draft.name.text) {
            let found = Diagnostic::error("E212", draft.name.span, format!("`{}` is both a host and a group", draft.name.text));
            let found = found.label("a group here");
            let host = inventory.host(host).span;
            diagnostics.push(match host {
                Some(span) => found.and(span, "a host here"),
                None => found.note("`localhost` always exists"),
            });
        }
        inventory.groups.insert(draft.name.text.clone(), Vec::new());
    }
    let mut groups = indexes(drafts);
    // A name that a host has, too, is a mistake of its own, and means the host.
    groups.retain(|name, _| inventory.find(name).is_none());
    let needs: Vec<Vec<(usize, Span)>> = drafts.iter().map(|draft| needs(draft, &groups)).collect();
    let order = match order(&needs) {
        Ok(order) => order,
        Err(cycle) => {
            diagnostics.push(cycle_found(&cycle, &needs, drafts));
            return;
        }
    };
    for &group in order.iter().rev() {
        for (child, _) in drafts[group].children.clone() {
            drafts[child].depth = drafts[child].depth.max(drafts[group].depth + 1);
        }
    }
    for group in order {
        let draft = &drafts[group];
        let mut members: BTreeSet<HostIx> = select_list(inventory, &draft.hosts, Mode::Hosts, diagnostics).into_iter().collect();
        for (child, _) in &draft.children {
            members.extend(&inventory.groups[&drafts[*child].name.text]);
        }
        inventory.groups[&draft.name.text] = members.into_iter().collect();
    }
}

/// The groups that must be known before this one, each with the word that names it.
fn needs(draft: &GroupDraft<'_>, groups: &HashMap<&str, usize>) -> Vec<(usize, Span)> {
    let mut needs = draft.children.clone();
    for text in &draft.hosts {
        let named: BTreeSet<usize> = mentioned(text).iter().filter_map(|word| groups.get(&**word).copied()).collect();
        needs.extend(named.into_iter().map(|index| (index, text.span)));
    }
    needs
}

/// Where each name stands among the groups.
fn indexes<'a>(drafts: &[GroupDraft<'a>]) -> HashMap<&'a str, usize> {
    drafts.iter().enumerate().map(|(index, draft)| (&*draft.name.text, index)).collect()
}

/// Every group after those it needs, else the groups of one cycle.
fn order(needs: &[Vec<(usize, Span)>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by = vec![Vec::new(); needs.len()];
    for (group, needs) in needs.iter().enumerate() {
        needs.iter().for_each(|(other, _)| needed_by[*other].push(group));
    }
    let mut order: Vec<usize> = (0..needs.len()).filter(|group| missing[*group] == 0).collect();
    let mut at = 0;
    while let Some(&known) = order.get(at) {
        at += 1;
        for &group in &needed_by[known] {
            missing[group] -= 1;
            if missing[group] == 0 {
                order.push(group);
            }
        }
    }
    if order.len() == needs.len() {
        return Ok(order);
    }
    // Whatever is left needs something that is left, so following it must come round.
    let mut path: Vec<usize> = missing.iter().position(|missing| *missing > 0).into_iter().collect();
    while let Some(&last) = path.last() {
        let Some((next, _)) = needs[last].iter().find(|(other, _)| missing[*other] > 0) else { break };
        if let Some(start) = path.iter().position(|group| group == next) {
            return Err(path.split_off(start));
        }
        path.push(*next);
    }
    Err(path)
}

fn cycle_found(cycle: &[usize], needs: &[Vec<(usize, Span)>], drafts: &[GroupDraft<'_>]) -> Diagnostic {
    let edges: Vec<(String, Option<Span>)> = cycle
        .iter()
        .zip(cycle.iter().cycle().skip(1))
        .map(|(group, next)| {
            let span = needs[*group].iter().find(|(other, _)| other == next).map(|(_, span)| *span);
            (format!("`{}` needs `{}`", drafts[*group].name.text, drafts[*next].name.text), span)
        })
        .collect();
    let names: Vec<String> = edges.iter().map(|(words, _)| words.clone()).collect();
    let mut found = Diagnostic::error("E214", edges[0].1, format!("groups go round in a circle: {}", names.join(", ")));
    found = found.label(names[0].clone());
    for (words, span) in edges.into_iter().skip(1) {
        if let Some(span) = span {
            found = found.and(span, words);
        }
    }
    found
}
