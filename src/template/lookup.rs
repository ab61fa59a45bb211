//! How templates see the world: names looked up only when they are read.

use std::fmt::Debug;
use std::sync::Arc;

use super::RenderError;
use crate::model::{Value, VarValue};

/// What a name gives.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// There is no such name.
    Missing,
    /// Data.
    Value(Value),
    /// Nothing of its own, for which this stands; `default` and `is defined` take it for missing.
    Absent(Value),
    /// A variable as written: its templates are rendered in the scope they are used in, cycles are an error.
    Variable(Arc<VarValue>),
    /// A variable of another host, as written: its templates are rendered in that host's scope.
    Foreign(Arc<VarValue>, Root),
    /// A value that is made of others.
    Made(Arc<dyn Make>),
    /// Something with parts that are looked up in turn (`rounds`, `hosts`, `tasks`).
    Lazy(Arc<dyn Lazy>),
    /// Known only later: after the step that this names (`survey/kernel`).
    Pending(String),
}

/// A map whose entries are looked up when they are read.
pub trait Lazy: Debug + Send + Sync {
    /// The entry of a name.
    fn get(&self, name: &str) -> Lookup;

    /// All names, in a fixed order: for loops, for suggestions.
    fn names(&self) -> Vec<String>;

    /// True where it counts as the list of its names, which alone are written, compared and converted.
    fn is_list(&self) -> bool {
        false
    }
}

/// A value that is made when it is read, of others that it can have rendered.
pub trait Make: Debug + Send + Sync {
    /// Makes it.
    ///
    /// # Errors
    /// Those of what it renders, or its own.
    fn make(&self, render: &Renderer<'_>) -> Result<Value, RenderError>;
}

/// Renders a value in a scope of the caller's choice.
pub type Renderer<'a> = dyn Fn(&VarValue, &Root) -> Result<Value, RenderError> + 'a;

/// The scope of one rendering: the roots.
pub type Root = Arc<dyn Lazy>;
