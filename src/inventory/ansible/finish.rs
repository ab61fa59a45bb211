//! The drafts to an inventory: who is in which group, which variables are stronger, how each host is reached.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::connect::connect;
use super::draft::{ALL, Ansible, GroupDraft, UNGROUPED, Vars};
use super::files::{Entity, Plane};
use super::values::layer;
use crate::diag::{Diagnostic, Diagnostics, SourceMap};
use crate::inventory::name::wrong_name;
use crate::inventory::transport::check_place;
use crate::inventory::{jump, names};
use crate::model::{HostIx, Inventory, Layer, Origin};
use crate::template::Engine;

impl Ansible {
    /// Makes the inventory.
    ///
    /// Layers follow Ansible: variables of the inventory itself, `all` first, then groups by depth, priority and name;
    /// `group_vars/all` beside the inventory, then beside the playbook; the other groups' files in the same way; last the
    /// host's own, in the inventory, beside it, and beside the playbook.
    pub fn finish(mut self, map: &SourceMap, engine: &mut Engine, diagnostics: &mut Diagnostics) -> Inventory {
        self.settle_groups();
        let parents = self.parents();
        let depths = depths(&self.groups, &parents);
        let mut inventory = Inventory::default();
        let hosts = std::mem::take(&mut self.hosts);
        for (name, draft) in &hosts {
            names::add(&mut inventory, names::host(name, draft.span, true));
        }
        names::add_localhost(&mut inventory);
        self.members(&parents, &mut inventory, diagnostics);

        let layers = GroupLayers::new(&self, engine, diagnostics);
        for (name, draft) in &hosts {
            let Some(index) = inventory.find(name) else { continue };
            let host = &mut inventory.hosts[index.index()];
            let mut groups: Vec<&str> = host.groups.iter().map(String::as_str).collect();
            groups.sort_by_key(|group| (depths.get(*group).copied(), self.groups.get(*group).map(|draft| draft.priority), *group));
            host.layers = layers.of_host(&groups);
            let mut own = |vars: &Vars, host: &mut crate::model::Host| {
                if !vars.is_empty() {
                    let layer = layer(Origin::Host(name.clone()), vars, engine, diagnostics);
                    host.layers.extend(Some(Arc::new(layer)).filter(|layer| !layer.vars.is_empty()));
                }
            };
            own(&draft.vars, host);
            for plane in [Plane::Inventory, Plane::Playbook] {
                own(&self.vars_of(&Entity::Host(name.clone()), plane), host);
            }
            host.connect.apply(&draft.connect);
        }
        for host in inventory.hosts.iter_mut().filter(|host| host.listed) {
            let folder = host.span.and_then(|span| map.file(span.file).path.as_deref()).and_then(Path::parent);
            connect(host, folder, engine, diagnostics);
            check_place(host, diagnostics);
        }
        jump::bind(&mut inventory, &[], diagnostics);
        inventory
    }

    /// Sees to it that every host is in `all`, and in `ungrouped` exactly where it is in no other group.
    fn settle_groups(&mut self) {
        self.group(ALL, None);
        self.group(UNGROUPED, None);
        let grouped = |groups: &IndexMap<String, GroupDraft>| -> BTreeSet<String> {
            let others = groups.iter().filter(|(name, _)| *name != ALL && *name != UNGROUPED);
            others.flat_map(|(_, group)| group.hosts.iter().cloned()).collect()
        };
        let grouped = grouped(&self.groups);
        let alone: IndexSet<String> = self.hosts.keys().filter(|host| !grouped.contains(*host)).cloned().collect();
        self.group(UNGROUPED, None).hosts = alone;
    }

    /// The groups directly above each group; those without one are below `all`.
    fn parents(&self) -> IndexMap<String, Vec<String>> {
        let mut parents: IndexMap<String, Vec<String>> = self.groups.keys().map(|name| (name.clone(), Vec::new())).collect();
        for (name, group) in &self.groups {
            for child in &group.children {
                parents.entry(child.clone()).or_default().push(name.clone());
            }
        }
        for (name, above) in &mut parents {
            if name != ALL && above.is_empty() {
                above.push(ALL.to_owned());
            }
        }
        parents
    }

    /// Puts every host into its groups and those above them.
    fn members(&self, parents: &IndexMap<String, Vec<String>>, inventory: &mut Inventory, diagnostics: &mut Diagnostics) {
        let mut members: IndexMap<&str, BTreeSet<HostIx>> = IndexMap::new();
        for name in self.groups.keys().filter(|name| *name != ALL) {
            members.entry(name).or_default();
        }
        for (name, group) in &self.groups {
            let hosts: Vec<HostIx> = group.hosts.iter().filter_map(|host| inventory.find(host)).collect();
            if hosts.is_empty() {
                continue;
            }
            let mut open = vec![name.as_str()];
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            while let Some(at) = open.pop() {
                if at == ALL || !seen.insert(at) {
                    continue;
                }
                members.entry(at).or_default().extend(&hosts);
                open.extend(parents.get(at).into_iter().flatten().map(String::as_str));
            }
        }
        for (name, hosts) in members {
            let span = self.groups.get(name).and_then(|group| group.span);
            if let Some(span) = span.filter(|_| inventory.index.contains_key(name)) {
                let found = Diagnostic::warning("W206", span, format!("`{name}` is both a host and a group"));
                diagnostics.push(found.label("a group here").note("where it stands in a host expression, it means the host"));
            } else if let Some(wrong) = span.and_then(|span| wrong_name("group", name, span)) {
                let found = Diagnostic { severity: crate::diag::Severity::Warning, code: "W206", ..wrong };
                diagnostics.push(found.note("its hosts can be chosen by their names and other groups"));
            }
            for host in &hosts {
                inventory.hosts[host.index()].groups.push(name.to_owned());
            }
            inventory.groups.insert(name.to_owned(), hosts.into_iter().collect());
        }
    }

    /// What the files of an entity on one plane say, later files over earlier ones.
    fn vars_of(&self, entity: &Entity, plane: Plane) -> Vars {
        let mut vars = Vars::new();
        for file in self.files.iter().filter(|file| file.plane == plane && file.entity == *entity) {
            for (name, given) in &file.vars {
                vars.insert(name.clone(), given.clone());
            }
        }
        vars
    }
}

/// How far each group is below `all`, on the longest way.
fn depths(groups: &IndexMap<String, GroupDraft>, parents: &IndexMap<String, Vec<String>>) -> IndexMap<String, usize> {
    let mut known: IndexMap<String, usize> = IndexMap::new();
    for name in groups.keys() {
        let mut open = vec![name.as_str()];
        // Circles were refused when they were written, so every group is known in the end.
        while let Some(&at) = open.last() {
            let above = parents.get(at).map(Vec::as_slice).unwrap_or_default();
            let unknown: Vec<&str> = above.iter().map(String::as_str).filter(|parent| !known.contains_key(*parent)).collect();
            if unknown.is_empty() {
                let depth = above.iter().filter_map(|parent| known.get(parent)).max().map_or(0, |depth| depth + 1);
                known.insert(at.to_owned(), depth);
                open.pop();
            } else {
                open.extend(unknown);
            }
        }
    }
    known
}

/// The layers that hosts share.
struct GroupLayers {
    magic: Option<Arc<Layer>>,
    inline: IndexMap<String, Arc<Layer>>,
    files: [IndexMap<String, Arc<Layer>>; 2],
}

impl GroupLayers {
    fn new(of: &Ansible, engine: &mut Engine, diagnostics: &mut Diagnostics) -> GroupLayers {
        let mut layers = GroupLayers { magic: None, inline: IndexMap::new(), files: [IndexMap::new(), IndexMap::new()] };
        if !of.magic.is_empty() {
            layers.magic = Some(Arc::new(layer(Origin::Inventory, &of.magic, engine, diagnostics)));
        }
        let mut add = |to: &mut IndexMap<String, Arc<Layer>>, name: &str, vars: &Vars| {
            if vars.is_empty() {
                return;
            }
            let origin = if name == ALL { Origin::Inventory } else { Origin::Group(name.to_owned()) };
            let layer = layer(origin, vars, engine, diagnostics);
            if !layer.vars.is_empty() {
                to.insert(name.to_owned(), Arc::new(layer));
            }
        };
        for (name, group) in &of.groups {
            add(&mut layers.inline, name, &group.vars);
            for (plane, to) in [Plane::Inventory, Plane::Playbook].into_iter().zip(&mut layers.files) {
                add(to, name, &of.vars_of(&Entity::Group(name.clone()), plane));
            }
        }
        layers
    }

    /// The layers of a host in these groups, weakest first.
    fn of_host(&self, groups: &[&str]) -> Vec<Arc<Layer>> {
        let [inventory, playbook] = &self.files;
        let mut layers: Vec<Arc<Layer>> = Vec::new();
        layers.extend(self.magic.clone());
        layers.extend(self.inline.get(ALL).cloned());
        layers.extend(groups.iter().filter_map(|group| self.inline.get(*group).cloned()));
        for plane in [inventory, playbook] {
            layers.extend(plane.get(ALL).cloned());
        }
        for plane in [inventory, playbook] {
            layers.extend(groups.iter().filter_map(|group| plane.get(*group).cloned()));
        }
        layers
    }
}
