//! Host expressions of rounds, narrowed by `--limit` and `-x`.

use super::Lower;
use crate::diag::SourceText;
use crate::inventory::{Mode, bind_jump, select, select_list};
use crate::model::{ConnectPatch, HostIx};
use crate::playbook::options::Options;

impl Lower<'_> {
    /// The hosts that the command line leaves; none where it says nothing.
    pub(super) fn limits(&mut self, options: &Options) -> Option<Vec<HostIx>> {
        let limit = options.limit.as_ref().map(|limit| select(self.inventory, limit, Mode::Limit, self.diagnostics));
        let Some(exclude) = &options.exclude else { return limit };
        let excluded = select(self.inventory, exclude, Mode::Hosts, self.diagnostics);
        let every = || (0..self.inventory.hosts.len()).map(HostIx::new).collect();
        let left = limit.unwrap_or_else(every);
        Some(left.into_iter().filter(|host| !excluded.contains(host)).collect())
    }

    pub(super) fn hosts(&mut self, texts: &[SourceText]) -> Vec<HostIx> {
        if texts.is_empty() {
            return Vec::new();
        }
        let texts: Vec<&SourceText> = texts.iter().collect();
        let hosts = select_list(self.inventory, &texts, Mode::Hosts, self.diagnostics);
        let left: Option<std::collections::BTreeSet<&HostIx>> = self.limit.as_ref().map(|limit| limit.iter().collect());
        hosts.into_iter().filter(|host| left.as_ref().is_none_or(|left| left.contains(host))).collect()
    }

    /// A round's `connect`, with a jump host of the inventory by its name.
    pub(super) fn connect(&self, connect: Option<&ConnectPatch>) -> Option<ConnectPatch> {
        let mut connect = connect?.clone();
        bind_jump(self.inventory, &mut connect);
        Some(connect)
    }
}
