//! JSON Schemas for editors, made from the tables of keys that the reader uses.
//!
//! Keys that are not supported yet are left out, so that an editor marks them. A schema says less than
//! `roundsman check`: it knows forms, not names. The files in `schemas/` are these values as text; a test compares
//! them, and `UPDATE_SCHEMAS=1 cargo test --lib playbook::schema` writes them anew.

mod archives;
mod connect;
mod examples;
mod forms;
mod inventory;
mod playbook;
mod secrets;
mod written;

#[cfg(test)]
mod tests;

pub use inventory::inventory_schema;
pub use playbook::{action_schema, playbook_schema};
