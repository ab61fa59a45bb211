//! The resolved vocabulary: what a playbook and an inventory mean once every name is bound and every default is in.
//!
//! Plain data, built once by `inventory` and `playbook`, read by everything after. It knows places in files (for
//! messages) and nothing of YAML, minijinja, SSH or SQLite. Templates stand here as text with what they read; the
//! compiled form is the `template` room's.

mod connect;
mod host;
mod ids;
mod playbook;
mod preset;
mod scope;
mod task;
mod template;
mod value;
mod verb;

pub use connect::{Connect, ConnectPatch, HostKey, Jump, Kex, Transport};
pub use host::{Host, Inventory};
pub use ids::{HostIx, RoundIx, StepId, TaskIx};
pub use playbook::{After, Playbook, Round, RoundNeed};
pub use preset::{Preset, Program};
pub use scope::{Layer, Origin, Var, VarValue};
pub use task::{Become, BecomeMethod, Group, Guard, Item, Judge, Need, Needs, OnHost, Shell, Task, TaskRead};
pub use template::{Context, Read, Template, TemplateId};
pub use value::Value;
pub use verb::{Assert, Command, CopyFile, CopyFrom, Fail, Fetch, Glob, Print, ReadFile, Run, Set, Stat, Verb};
