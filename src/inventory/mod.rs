//! Inventories and host expressions.
//!
//! [`load`] reads an inventory file, [`from_names`] a list of names from the command line, [`Ansible`] whatever Ansible
//! reads, [`from_ssh`] the names in ssh's configuration; all give a [`crate::model::Inventory`] in which every host knows its groups, its layers of variables and how it is reached.
//! [`select`] says which hosts an expression means. The room opens no files and no connections; variables that hold
//! templates are compiled here and rendered elsewhere.
//!
//! Data passes through as: nodes with places (`yaml`) → hosts by name, then groups in the order they need each other,
//! then each host's layers and connection. Every mistake is told at its place, and the rest is read all the same.

mod ansible;
mod connect;
mod describe;
mod expr;
mod groups;
mod hosts;
mod join;
mod jump;
mod kind;
mod load;
mod name;
mod names;
mod ranges;
mod secrets;
mod ssh_hosts;
mod transport;
mod vars;

#[cfg(test)]
mod tests;

pub use ansible::{Ansible, Entity, Meta, Plane};
pub use connect::read_connect;
pub use describe::{HostRow, describe};
pub use expr::{Mode, select, select_list};
pub use join::join;
pub use jump::bind_jump;
pub use kind::{Kind, kind};
pub use load::{load, plugin};
pub use names::{from_names, localhost_only};
pub use secrets::{SOURCES, read_secrets};
pub use ssh_hosts::{SshLine, from_ssh, ssh_lines};
pub use transport::check_address;
pub use vars::{RESERVED, layer, var_value};
