//! Templates: compile, what they read, render; and quoting by shell context.

mod analyze;
mod calls;
mod compare;
mod engine;
mod environment;
mod error;
mod expressions;
mod fault;
mod filters;
mod host_filters;
mod host_paths;
mod known;
mod lookup;
mod names;
mod parse;
mod parts;
mod place;
mod scope;
mod shell;
mod text;
mod types;
mod unparse;
mod yaml_text;

pub use engine::Engine;
pub use error::{Preview, RenderError, Rendered, has_hole, hole, secret_wait, waits_for_secret};
pub use host_filters::HOST_PATH;
pub use lookup::{Lazy, Lookup, Make, Renderer, Root};

#[cfg(test)]
mod tests;
