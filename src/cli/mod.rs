//! Arguments, exit codes, showing errors.

mod args;
mod exit;

pub use args::{
    Check, Cli, ColorWhen, Command, Common, Connecting, Exec, Extra, Format, History, Hosts, Plan, Run, Schema, SchemaOf, Selection, Show,
    parse,
};
pub use exit::ExitCode;
