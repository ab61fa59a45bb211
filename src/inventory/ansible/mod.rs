//! Ansible's inventories: INI, YAML, what a program prints, and the `group_vars` and `host_vars` beside them.
//!
//! [`Ansible`] takes one source after the other, as its caller finds and reads them, and is then an
//! [`crate::model::Inventory`] with Ansible's own precedence. What each source may say, and what its words mean, follows
//! ansible-core; `tests/inventory_ansible.rs` compares the two. Which files there are, and how programs are run, the room
//! does not know.
//!
//! Data passes through as: texts → drafts of hosts and groups, their variables as nodes with places → layers, templates
//! compiled → for each host its connection, out of variables such as `ansible_host`.

mod connect;
mod draft;
mod files;
mod finish;
mod groups;
mod ini;
mod literal;
mod pattern;
mod program;
mod settings;
mod sources;
mod ssh_args;
mod values;
mod words;

#[cfg(test)]
mod tests;

pub use draft::Ansible;
pub use files::{Entity, Plane};
pub(super) use groups::looks_like_groups;
pub(super) use ini::header;
pub use program::Meta;
