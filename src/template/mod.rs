//! Templates: compile, what they read, render; and quoting by shell context.

mod engine;
mod error;
mod lookup;

pub use engine::Engine;
pub use error::{Preview, RenderError, Rendered};
pub use lookup::{Lazy, Lookup, Root};
