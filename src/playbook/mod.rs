//! Playbooks: from YAML to the model, every mistake found at once and shown where it is.
//!
//! Stages: [`read()`] (nodes to a syntax tree: what was written) and [`resolve()`] (syntax tree, inventory and
//! template engine to [`crate::model::Playbook`]), which ends with checks of the whole file. Knows nothing of
//! connections, graphs or the run, and touches no file: files that a playbook includes or uses are asked for
//! ([`Syntax::wanted`]) and given, and what must exist on this machine is listed in [`Resolved::files_needed`], both for
//! `app` to look at.
//!
//! The tables in `keys` are the one source of what the language's keys are; the JSON Schemas are made from them.

mod check;
mod codes;
mod inputs;
mod keys;
mod options;
mod read;
mod resolve;
mod schema;
mod syntax;

#[cfg(test)]
mod tests;

pub use inputs::input_mistake;
pub use options::{FileNeed, Options, Resolved};
pub use read::read;
pub use resolve::resolve;
pub use schema::{inventory_schema, playbook_schema};
pub use syntax::{Role, Syntax, Wanted};
