//! The ways to hosts: one each, and a further one where a round connects otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::dispatcher::Dispatcher;
use super::state::{HostState, Link, Seat};
use super::worker::{self, ToWorker};
use crate::model::{Connect, HostIx, Inventory, Jump, Playbook, RoundIx};
use crate::transport::Target;

/// Which seats there are. The first are the hosts' own, in their order.
#[derive(Debug, Default)]
pub(super) struct Seats {
    /// Seats beyond the hosts' own: the host, and how it is reached there.
    more: Vec<(HostIx, Connect)>,
    own: usize,
    /// By round, and host in it; none for rounds that connect as the inventory says.
    rounds: Vec<Option<BTreeMap<HostIx, Seat>>>,
}

impl Seats {
    pub(super) fn new(playbook: &Playbook, inventory: &Inventory) -> Seats {
        let mut seats = Seats { own: inventory.hosts.len(), ..Seats::default() };
        for round in &playbook.rounds {
            let map = round.connect.as_ref().map(|patch| {
                let mut map = BTreeMap::new();
                for host in &round.hosts {
                    let mut connect = inventory.host(*host).connect.clone();
                    connect.apply(patch);
                    map.insert(*host, seats.further(*host, connect));
                }
                map
            });
            seats.rounds.push(map);
        }
        seats
    }

    fn further(&mut self, host: HostIx, connect: Connect) -> Seat {
        let known = self.more.iter().position(|(other, same)| *other == host && *same == connect);
        let index = known.unwrap_or_else(|| {
            self.more.push((host, connect));
            self.more.len() - 1
        });
        number(self.own + index)
    }

    pub(super) fn count(&self) -> usize {
        self.own + self.more.len()
    }

    /// The seat on which a round's own host, or one it delegates to, is reached.
    pub(super) fn of(&self, round: RoundIx, host: HostIx) -> Seat {
        let patched = self.rounds[round.index()].as_ref().and_then(|map| map.get(&host));
        patched.copied().unwrap_or_else(|| number(host.index()))
    }

    pub(super) fn host(&self, seat: Seat) -> HostIx {
        match seat.index().checked_sub(self.own) {
            None => HostIx::new(seat.index()),
            Some(more) => self.more[more].0,
        }
    }

    /// How a seat's host is reached; none for its own seat, where it is reached as the inventory says.
    fn connect(&self, seat: Seat) -> Option<&Connect> {
        Some(&self.more[seat.index().checked_sub(self.own)?].1)
    }
}

fn number(index: usize) -> Seat {
    Seat(u32::try_from(index).unwrap_or(u32::MAX))
}

impl Dispatcher {
    pub(super) fn seat(&self, round: RoundIx, host: HostIx) -> &HostState {
        &self.hosts[self.seats.of(round, host).index()]
    }

    /// Says whether a host can't be reached any more in the way that a round reaches it.
    pub(super) fn is_gone(&self, round: RoundIx, host: HostIx) -> bool {
        matches!(self.seat(round, host).link, Link::Gone(_))
    }

    /// How a seat's host is reached.
    fn connect_of(&self, seat: Seat) -> &Connect {
        self.seats.connect(seat).unwrap_or_else(|| &self.fixed.inventory.host(self.seats.host(seat)).connect)
    }

    pub(super) fn max_sessions(&self, seat: Seat) -> usize {
        self.connect_of(seat).max_sessions.max(1)
    }

    pub(super) fn become_password(&self, seat: Seat) -> Option<String> {
        self.connect_of(seat).become_password.clone()
    }

    /// The seat's worker, started at its first job.
    pub(super) fn worker(&mut self, seat: Seat) -> mpsc::UnboundedSender<ToWorker> {
        let host = self.seats.host(seat);
        if let Some(worker) = &self.hosts[seat.index()].worker {
            return worker.clone();
        }
        let (commands, obeyed) = mpsc::unbounded_channel();
        let target = target(&self.fixed.inventory, host, self.connect_of(seat).clone(), 0);
        // A dry run has nothing to lose.
        let patience = if self.is_dry() { 0 } else { target.connect.retries };
        let (hub, lock) = (self.fixed.hub.clone(), self.fixed.lock.clone());
        let runs = self.resumed.as_ref().map(|resumed| resumed.runs().to_vec()).unwrap_or_default();
        let said = (self.said.clone(), patience);
        self.workers.spawn(async move { worker::work(seat, Arc::new(target), hub, lock, obeyed, said, &runs).await });
        self.hosts[seat.index()].worker = Some(commands.clone());
        commands
    }
}

/// A host as the transport needs it, reached as the inventory says.
#[must_use]
pub fn host_target(inventory: &Inventory, host: HostIx) -> Target {
    target(inventory, host, inventory.host(host).connect.clone(), 0)
}

/// A host as the transport needs it, its jump host resolved.
fn target(inventory: &Inventory, host: HostIx, connect: Connect, depth: usize) -> Target {
    let jump = match &connect.jump {
        // A ring of jump hosts is the inventory's to refuse; the depth only keeps this from following one.
        Some(Jump::Host(name)) if depth < 8 => {
            let jump = inventory.find(name);
            jump.map(|jump| Box::new(target(inventory, jump, inventory.host(jump).connect.clone(), depth + 1)))
        }
        _ => None,
    };
    Target { name: inventory.host(host).name.clone(), connect, jump }
}
