//! Hosts and groups as the inventory resolved them.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Connect, HostIx, Layer, Secret, Var};
use crate::diag::Span;

/// A host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its name in the inventory.
    pub name: String,
    /// How it is reached.
    pub connect: Connect,
    /// Names of its groups, in the order written, `all` left out.
    pub groups: Vec<String>,
    /// Its variables, weakest layer first: inventory, groups from far to near, the host itself. Shared between hosts,
    /// so that equal layers are the same pointer.
    pub layers: Vec<Arc<Layer>>,
    /// Where it is written; none for `localhost` and names from the command line.
    pub span: Option<Span>,
    /// True where `all` means it too: every host that the inventory lists. False for the `localhost` that always exists.
    pub listed: bool,
}

impl Host {
    /// Finds a variable in the strongest layer that has it.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&Var> {
        self.layers.iter().rev().find_map(|layer| layer.vars.get(name))
    }
}

/// Every host and group, in the order written. `localhost` is always there.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The hosts.
    pub hosts: Vec<Host>,
    /// The groups with their hosts, those of child groups included, each host once in inventory order.
    pub groups: IndexMap<String, Vec<HostIx>>,
    /// Host names to indices.
    pub index: IndexMap<String, HostIx>,
    /// `secrets:`, in the order written.
    pub secrets: IndexMap<String, Secret>,
}

impl Inventory {
    /// The host of an index of this inventory.
    ///
    /// # Panics
    /// For an index of another inventory.
    #[must_use]
    pub fn host(&self, host: HostIx) -> &Host {
        &self.hosts[host.index()]
    }

    /// Finds a host by name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<HostIx> {
        self.index.get(name).copied()
    }

    /// The hosts that `all` means.
    pub fn all(&self) -> impl Iterator<Item = HostIx> + '_ {
        self.hosts.iter().enumerate().filter(|(_, host)| host.listed).map(|(index, _)| HostIx::new(index))
    }

    /// The names of some hosts.
    #[must_use]
    pub fn names(&self, hosts: &[HostIx]) -> Vec<&str> {
        hosts.iter().map(|host| self.host(*host).name.as_str()).collect()
    }
}
