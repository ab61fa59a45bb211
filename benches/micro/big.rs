//! Big playbooks in temporary folders, of any number of hosts and tasks: what `benches/make-big` writes.
//!
//! Must not know what is measured on them. A size comes in, the paths of a playbook and its inventory go out.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How big.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size {
    /// Hosts; every round is for all.
    pub(crate) hosts: usize,
    /// Tasks of the whole playbook.
    pub(crate) tasks: usize,
    /// Tasks of one round, in tens.
    pub(crate) a_round: usize,
}

impl Size {
    /// How many steps that is: every task on every host.
    pub(crate) fn steps(self) -> u64 {
        (self.hosts * self.tasks) as u64
    }
}

/// A folder with a playbook.
#[derive(Debug)]
pub(crate) struct Big {
    /// As it was asked for.
    pub(crate) size: Size,
    folder: tempfile::TempDir,
}

impl Big {
    /// Writes one.
    pub(crate) fn new(size: Size) -> Big {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/make-big");
        let numbers = [size.hosts, size.tasks].map(|number| number.to_string());
        let made = Command::new(program).args(numbers).arg(folder.path()).arg(size.a_round.to_string()).status();
        assert!(made.expect("benches/make-big, which needs python3").success(), "benches/make-big failed");
        Big { size, folder }
    }

    /// The playbook; it names its inventory.
    pub(crate) fn playbook(&self) -> PathBuf {
        self.folder.path().join("roundsman/site.yml")
    }

    /// The inventory.
    pub(crate) fn inventory(&self) -> PathBuf {
        self.folder.path().join("roundsman/inventory.yml")
    }
}
