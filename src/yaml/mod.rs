//! YAML text to typed values, each with its place.
//!
//! Two readers share the work: serde_yaml says what every value is, one pass of parser events says where it stands;
//! [`parse`] joins them into a tree of [`Node`]s. [`Fields`] and the readers on [`Node`] take that tree apart and
//! collect every mistake on the way. The room knows nothing of playbooks and inventories: which keys there are, and
//! what they mean, its callers say.
//!
//! Text in a [`Node`] is a [`crate::diag::SourceText`], so that a place inside a quoted or folded text still has its
//! place in the file.

mod fields;
mod marks;
mod node;
mod outline;
mod parse;
mod read;
mod traps;
mod typed;
mod yaml11;

#[cfg(test)]
mod tests;

pub use fields::Fields;
pub use node::{Entry, Node, NodeValue, Style};
pub use parse::{MAX_BYTES, parse, parse_ansible};
pub use traps::{cut_comment, lost_digits};
