//! Jump hosts: a destination that is a host of the inventory is that host.

use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::model::{ConnectPatch, Inventory, Jump};
use crate::text::nearest;

/// Binds every host's `jump`; `written` are the words in the file, for those that are probably typing mistakes.
pub(super) fn bind(inventory: &mut Inventory, written: &[(Span, Jump)], diagnostics: &mut Diagnostics) {
    for (span, jump) in written {
        let Jump::Destination(name) = jump else { continue };
        if inventory.index.contains_key(name) || name.contains(['@', '.', ':', ',']) {
            continue;
        }
        if let Some(near) = nearest(name, inventory.index.keys().map(String::as_str)) {
            let found = Diagnostic::warning("W202", *span, format!("`{name}` is no host of the inventory, so ssh will look it up"));
            diagnostics.push(found.hint(format!("did you mean `{near}`?")));
        }
    }
    for host in &mut inventory.hosts {
        let Some(Jump::Destination(name)) = &host.connect.jump else { continue };
        if *name == host.name {
            // Set for a whole group, the jump host among them: it is reached directly.
            host.connect.jump = Some(Jump::None);
        } else if inventory.index.contains_key(name) {
            host.connect.jump = Some(Jump::Host(name.clone()));
        }
    }
    circles(inventory, diagnostics);
}

/// Makes the destination of a `connect:` that stands outside the inventory a host, where the inventory has one of that name.
pub fn bind_jump(inventory: &Inventory, connect: &mut ConnectPatch) {
    if let Some(Jump::Destination(name)) = &connect.jump
        && inventory.index.contains_key(name)
    {
        connect.jump = Some(Jump::Host(name.clone()));
    }
}

fn circles(inventory: &Inventory, diagnostics: &mut Diagnostics) {
    let mut told = std::collections::BTreeSet::new();
    for host in &inventory.hosts {
        let mut path = vec![host.name.as_str()];
        let mut at = host;
        while let Some(Jump::Host(next)) = &at.connect.jump {
            let Some(found) = inventory.find(next) else { break };
            if let Some(start) = path.iter().position(|name| name == next) {
                let mut circle = path.split_off(start);
                let message = format!("jump hosts go round in a circle: {}, {next}", circle.join(", "));
                circle.sort_unstable();
                if told.insert(circle.concat()) {
                    diagnostics.push(Diagnostic::error("E218", inventory.host(found).span, message));
                }
                break;
            }
            path.push(next);
            at = inventory.host(found);
        }
    }
}
