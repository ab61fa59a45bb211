//! Sets of hosts that keep the order written.

use indexmap::IndexSet;

use crate::model::HostIx;

/// Some hosts, or all but some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Set {
    Only(IndexSet<HostIx>),
    AllBut(IndexSet<HostIx>),
}

impl Set {
    pub(super) fn not(self) -> Set {
        match self {
            Set::Only(hosts) => Set::AllBut(hosts),
            Set::AllBut(hosts) => Set::Only(hosts),
        }
    }

    pub(super) fn or(self, other: Set) -> Set {
        match (self, other) {
            (Set::Only(mut a), Set::Only(b)) => {
                a.extend(b);
                Set::Only(a)
            }
            (Set::Only(some), Set::AllBut(but)) | (Set::AllBut(but), Set::Only(some)) => Set::AllBut(without(but, &some)),
            (Set::AllBut(a), Set::AllBut(b)) => Set::AllBut(both(a, &b)),
        }
    }

    /// What is in both, in the order of the first that has one.
    pub(super) fn and(self, other: Set) -> Set {
        match (self, other) {
            (Set::Only(a), Set::Only(b)) => Set::Only(both(a, &b)),
            (Set::Only(some), Set::AllBut(but)) | (Set::AllBut(but), Set::Only(some)) => Set::Only(without(some, &but)),
            (Set::AllBut(mut a), Set::AllBut(b)) => {
                a.extend(b);
                Set::AllBut(a)
            }
        }
    }
}

fn without(mut hosts: IndexSet<HostIx>, others: &IndexSet<HostIx>) -> IndexSet<HostIx> {
    hosts.retain(|host| !others.contains(host));
    hosts
}

fn both(mut hosts: IndexSet<HostIx>, others: &IndexSet<HostIx>) -> IndexSet<HostIx> {
    hosts.retain(|host| others.contains(host));
    hosts
}
