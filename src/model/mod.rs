//! The resolved vocabulary: what a playbook and an inventory mean once every name is bound and every default is in.
//!
//! Plain data, built once by `inventory` and `playbook`, read by everything after. It knows places in files (for
//! messages) and nothing of YAML, minijinja, SSH or SQLite. Templates stand here as text with what they read; the
//! compiled form is the `template` room's.

mod archives;
mod connect;
mod flow;
mod host;
mod ids;
mod playbook;
mod preset;
mod scope;
mod secret;
mod task;
mod template;
mod value;
mod verb;
mod walk;
mod written;

pub use archives::{Archive, ArchiveSource, Download, Unarchive};
pub use connect::{Connect, ConnectPatch, HostKey, Jump, Kex, Transport};
pub use flow::{
    BatchSize, Block, BlockIx, Chosen, ChosenGroup, Each, EachItems, Flow, Frame, FrameIx, Gate, Home, Input, InputKind, Limit, Notify,
    Part, Retry, RoundFlow, Section,
};
pub use host::{Host, Inventory};
pub use ids::{HostIx, RoundIx, StepId, TaskIx};
pub use playbook::{After, OnDisconnect, Playbook, Round, RoundNeed, RoundNeeds};
pub use preset::{Preset, Program};
pub use scope::{Layer, Origin, Unusable, Var, VarValue};
pub use secret::{SUDO_SECRET, Secret, SecretRef, SecretSource, SecretValues};
pub use task::{Become, BecomeMethod, BlockItem, Group, Guard, Item, Judge, Need, Needs, OnHost, Shell, Task, TaskRead};
pub use template::{Context, Read, Template, TemplateId};
pub use value::Value;
pub use verb::{
    Assert, Awaited, Command, Confirm, Facts, Fail, Fetch, Glob, Pause, Print, ReadFile, Run, Script, Set, Stat, Verb, WaitFor,
};
pub use walk::TaskPart;
pub use written::{
    CopyFile, CopyFrom, EditedFile, FileRights, LineInFile, PathState, PlaceInFile, TemplateFile, TextInFile, WantedState, WrittenFile,
};
