//! Several inventories to one.

use super::jump;
use super::names::add_localhost;
use crate::diag::{Diagnostic, Diagnostics};
use crate::model::{HostIx, Inventory};

/// Joins inventories: a host stands in one of them, groups of one name become one group.
///
/// What an inventory says for all its hosts, or for a group, holds for its own hosts alone.
pub fn join(inventories: Vec<Inventory>, diagnostics: &mut Diagnostics) -> Inventory {
    let mut joined = Inventory::default();
    for inventory in inventories {
        let mut moved: Vec<Option<HostIx>> = Vec::new();
        for host in inventory.hosts {
            if let Some(first) = joined.find(&host.name).filter(|_| host.listed) {
                let found = Diagnostic::error("E212", host.span, format!("the host `{}` stands in two inventories", host.name));
                let found = found.hint("a host is described in one of them; groups of one name may stand in several".to_owned());
                let first = joined.host(first).span;
                diagnostics.push(match first {
                    Some(first) => found.label("again").and(first, "first here"),
                    None => found,
                });
            }
            if joined.index.contains_key(&host.name) || !host.listed {
                moved.push(None);
                continue;
            }
            let index = HostIx::new(joined.hosts.len());
            joined.index.insert(host.name.clone(), index);
            joined.hosts.push(host);
            moved.push(Some(index));
        }
        for (name, hosts) in inventory.groups {
            let members = joined.groups.entry(name).or_default();
            members.extend(hosts.iter().filter_map(|host| moved.get(host.index()).copied().flatten()));
        }
    }
    add_localhost(&mut joined);
    jump::bind(&mut joined, &[], diagnostics);
    joined
}
