//! Variables and the layers they are set in.

use indexmap::IndexMap;

use super::{Template, Value};
use crate::diag::{SourceText, Span};

/// Where a layer of variables comes from, weakest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `vars:` of the playbook.
    Playbook,
    /// A file of the playbook's `vars_files`, by its name as written.
    VarsFile(String),
    /// `vars:` at the top of the inventory.
    Inventory,
    /// `vars:` of a group, by its name.
    Group(String),
    /// `vars:` of a host, by its name.
    Host(String),
    /// `vars:` of a round.
    Round,
    /// `vars:` of a task or a group of tasks.
    Task,
    /// A `set` task.
    Set,
    /// `-e` on the command line.
    CommandLine,
}

/// Variables that were set in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The place.
    pub origin: Origin,
    /// The variables, in the order written.
    pub vars: IndexMap<String, Var>,
}

/// A variable as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Var {
    /// Its value, perhaps a template.
    pub value: VarValue,
    /// Its name in the file; none for the command line.
    pub span: Option<Span>,
}

/// A value that may hold templates, rendered where the variable is used.
#[derive(Debug, Clone, PartialEq)]
pub enum VarValue {
    /// Plain data.
    Plain(Value),
    /// A template of context [`super::Context::Native`].
    Template(Template),
    /// A list with a template somewhere inside.
    List(Vec<VarValue>),
    /// A map with a template somewhere inside.
    Map(IndexMap<String, VarValue>),
    /// A value that can't be used here; nothing is wrong unless something reads it.
    Unusable(Unusable),
}

/// Why a value can't be used, told where it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// What was written.
    pub source: SourceText,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// The place of the trouble inside `source`.
    pub span: Span,
    /// What to write instead.
    pub hint: Option<String>,
}

impl VarValue {
    /// Calls `each` for every template inside.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        match self {
            VarValue::Plain(_) | VarValue::Unusable(_) => {}
            VarValue::Template(template) => each(template),
            VarValue::List(list) => list.iter().for_each(|value| value.for_each_template(each)),
            VarValue::Map(map) => map.values().for_each(|value| value.for_each_template(each)),
        }
    }
}
