//! Host expressions of rounds, narrowed by `--limit` and `-x`.

use std::collections::BTreeSet;

use super::Lower;
use crate::diag::{SourceText, Span};
use crate::inventory::{Mode, bind_jump, check_address, select, select_list};
use crate::model::{ConnectPatch, HostIx};
use crate::playbook::options::Options;

impl Lower<'_> {
    /// The hosts that the command line leaves; none where it says nothing.
    pub(super) fn limits(&mut self, options: &Options) -> Option<BTreeSet<HostIx>> {
        let limit = options.limit.as_ref().map(|limit| select(self.inventory, limit, Mode::Limit, self.diagnostics));
        let Some(exclude) = &options.exclude else { return limit.map(|limit| limit.into_iter().collect()) };
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
        let inventory = self.with_groups.as_ref().unwrap_or(self.inventory);
        let hosts = select_list(inventory, &texts, Mode::Hosts, self.diagnostics);
        hosts.into_iter().filter(|host| self.is_left(*host)).collect()
    }

    /// Says whether the command line leaves a host.
    pub(super) fn is_left(&self, host: HostIx) -> bool {
        self.limit.as_ref().is_none_or(|limit| limit.contains(&host))
    }

    /// The playbook's `connect` with a round's on top, and a jump host of the inventory by its name.
    pub(super) fn connect(&self, playbook: Option<&ConnectPatch>, round: Option<&ConnectPatch>) -> Option<ConnectPatch> {
        let mut connect = match (playbook, round) {
            (Some(below), Some(above)) => on_top(below, above),
            (below, above) => above.or(below)?.clone(),
        };
        bind_jump(self.inventory, &mut connect);
        Some(connect)
    }

    /// Checks what a round's own `connect` makes of its hosts' connections; one host's mistake speaks for all.
    pub(super) fn check_places(&mut self, patch: &ConnectPatch, hosts: &[HostIx], span: Span) {
        for host in hosts {
            let host = self.inventory.host(*host);
            let mut connect = host.connect.clone();
            connect.apply(patch);
            if !check_address(&connect, &host.name, span, self.diagnostics) {
                return;
            }
        }
    }
}

fn on_top(below: &ConnectPatch, above: &ConnectPatch) -> ConnectPatch {
    macro_rules! either {
        ($($field:ident),*) => { ConnectPatch { $($field: above.$field.clone().or_else(|| below.$field.clone()),)* } };
    }
    either!(
        transport,
        address,
        port,
        user,
        identity,
        password,
        become_password,
        jump,
        ssh_config,
        ssh_options,
        host_key,
        connect_timeout,
        keepalive,
        max_sessions,
        retries,
        kex,
        password_secret,
        become_password_secret
    )
}
