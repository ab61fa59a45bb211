//! Arguments, exit codes, showing errors.

mod args;
mod exit;
mod log;
mod main;

pub use args::{
    Check, Cli, ColorWhen, Command, Common, Connecting, Exec, Extra, Format, History, Hosts, Plan, Run, Schema, SchemaOf, Selection, Show,
    parse,
};
pub use exit::ExitCode;
pub use main::main;
