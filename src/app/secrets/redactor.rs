//! What must never be written down: secrets, and the passwords of an inventory.

use crate::app::Ready;
use crate::event::Redactor;
use crate::model::{Playbook, SecretSource};

use super::Secrets;

/// Masks every secret of a run, and every password that its inventory and its rounds hold.
pub(in crate::app) fn redactor(ready: &Ready, secrets: &Secrets) -> Redactor {
    let mut hidden = passwords(ready);
    hidden.extend(of_environment(&ready.playbook));
    secrets.values.0.values().for_each(|value| value.for_each_leaf(&mut |leaf| hidden.push(leaf)));
    Redactor::new(hidden)
}

/// Masks what of that is known without getting anything.
pub(in crate::app) fn redactor_of_plan(ready: &Ready) -> Redactor {
    redactor(ready, &Secrets::default())
}

fn passwords(ready: &Ready) -> Vec<String> {
    let hosts = ready.inventory.hosts.iter().flat_map(|host| [&host.connect.password, &host.connect.become_password]);
    let rounds = ready.playbook.rounds.iter().filter_map(|round| round.connect.as_ref());
    hosts.chain(rounds.flat_map(|patch| [&patch.password, &patch.become_password])).flatten().cloned().collect()
}

/// Values of the environment that are secrets, got or not: `controller.env` shows them as well.
fn of_environment(playbook: &Playbook) -> impl Iterator<Item = String> {
    playbook.secrets.values().filter_map(|secret| match &secret.source {
        SecretSource::Env(name) => std::env::var(name).ok(),
        _ => None,
    })
}
