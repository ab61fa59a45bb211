//! Small pure functions on text: quoting for a POSIX shell, durations, names, folding, suggestions.
//!
//! Knows nothing of playbooks, hosts or errors; every other room may use it.
//! Strings come in, strings and numbers go out.

mod duration;
mod escape;
mod fold;
mod hex;
mod ident;
mod quote;
mod suggest;

pub use duration::{format_duration, parse_duration};
pub use escape::{last_reason, one_line, shortened, visible};
pub use fold::{fold_names, natural_cmp};
pub use hex::hex;
pub use ident::{is_id, snake_id};
pub use quote::{escaped, quote, quote_all};
pub use suggest::{did_you_mean, nearest};

/// Writes a count with its noun: `1 host`, `3 hosts`.
#[must_use]
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
