//! What must never be written down: the passwords of an inventory.

use crate::event::Redactor;
use crate::model::Inventory;

/// Masks every password that the inventory holds.
pub(super) fn redactor(inventory: &Inventory) -> Redactor {
    let secrets = inventory.hosts.iter().flat_map(|host| [&host.connect.password, &host.connect.become_password]);
    Redactor::new(secrets.flatten().cloned())
}
