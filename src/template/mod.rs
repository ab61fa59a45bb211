//! Templates: compile, what they read, render; and quoting by shell context.

mod lookup;

pub use lookup::{Lazy, Lookup, Root};
