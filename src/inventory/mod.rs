//! Inventories and host expressions.
//!
//! [`load`] reads a native inventory file, [`from_names`] a list of names from the command line; both give a
//! [`crate::model::Inventory`] in which every host knows its groups, its layers of variables and how it is reached.
//! [`select`] says which hosts an expression means. The room opens no files and no connections; variables that hold
//! templates are compiled here and rendered elsewhere.
//!
//! Data passes through as: nodes with places (`yaml`) → hosts by name, then groups in the order they need each other,
//! then each host's layers and connection. Every mistake is told at its place, and the rest is read all the same.

mod connect;
mod describe;
mod expr;
mod groups;
mod hosts;
mod jump;
mod load;
mod name;
mod names;
mod ranges;
mod transport;
mod vars;

#[cfg(test)]
mod tests;

pub use connect::read_connect;
pub use describe::{HostRow, describe};
pub use expr::{Mode, select, select_list};
pub use jump::bind_jump;
pub use load::load;
pub use names::{from_names, localhost_only};
pub use vars::{RESERVED, layer, var_value};
