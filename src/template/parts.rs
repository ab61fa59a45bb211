//! Parts of a preview that wait: what is told of them, and how the rest goes on without them.
//!
//! A part is known by the number of its guard (unparse.rs). One that stands alone is tried and left out on the spot;
//! any other ends the rendering, and engine.rs starts again without it.

use indexmap::IndexMap;
use minijinja::{Error, Value as Jinja};

use super::RenderError;
use super::error::hole;
use super::fault::unwrap;
use super::scope::Rendering;

/// What parts wait for, in the order in which they were met.
pub(super) type Holes = IndexMap<usize, Vec<String>>;

impl Rendering {
    /// The parts that wait.
    pub(super) fn holes(&self) -> Holes {
        self.met().holes.clone()
    }

    /// What a part waits for, if it is known to.
    pub(super) fn hole(&self, guard: usize) -> Option<Vec<String>> {
        self.met().holes.get(&guard).cloned()
    }

    /// Renders a part of a preview; one that waits is a hole from here on, and the rest goes on.
    pub(super) fn part(&self, guard: usize, render: impl FnOnce() -> Result<Jinja, Error>) -> Result<Jinja, Error> {
        if let Some(what) = self.hole(guard) {
            return Ok(hole(&what).into());
        }
        let trouble = self.trouble();
        let error = match render() {
            Ok(text) => return Ok(text),
            Err(error) => error,
        };
        let RenderError::Pending(what) = unwrap(&error, None) else { return Err(error) };
        let text = hole(&what);
        let mut met = self.met();
        met.trouble = trouble;
        met.holes.insert(guard, what);
        Ok(text.into())
    }
}
