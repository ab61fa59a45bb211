//! Hosts in plain data, for the `hosts` command.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{HostIx, Inventory, Jump};

/// One host, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRow {
    /// Its name.
    pub name: String,
    /// Where it is reached.
    pub address: String,
    /// The port; none where ssh decides.
    pub port: Option<u16>,
    /// The login; none where ssh decides.
    pub user: Option<String>,
    /// `ssh`, `local`, `command`, or the name of a preset: `docker`.
    pub transport: String,
    /// The way there, where one is given.
    pub jump: Option<String>,
    /// Its groups, in the order written.
    pub groups: Vec<String>,
    /// How many variables it has.
    pub vars: usize,
}

/// Describes some hosts of an inventory, in the order given.
#[must_use]
pub fn describe(inventory: &Inventory, hosts: &[HostIx]) -> Vec<HostRow> {
    let row = |host: &HostIx| {
        let host = inventory.host(*host);
        let vars: BTreeSet<&String> = host.layers.iter().flat_map(|layer| layer.vars.keys()).collect();
        let jump = match &host.connect.jump {
            Some(Jump::Host(name) | Jump::Destination(name)) => Some(name.clone()),
            Some(Jump::None) | None => None,
        };
        HostRow {
            name: host.name.clone(),
            address: host.connect.address.clone(),
            port: host.connect.port,
            user: host.connect.user.clone(),
            transport: host.connect.transport.name().to_owned(),
            jump,
            groups: host.groups.clone(),
            vars: vars.len(),
        }
    };
    hosts.iter().map(row).collect()
}
