//! The command line: words in, an exit code out.
//!
//! `args` is what can be typed, `main` carries it out through `app`, `exit` knows the codes, `explain` tells what diagnostics
//! mean, `log` is the debug log. Knows
//! nothing of how things are done.

mod args;
mod exit;
mod explain;
mod explain_host;
mod log;
mod main;

pub use args::{
    Check, Cli, ColorWhen, Command, Common, Connecting, Exec, Explain, Extra, Format, History, Hosts, Plan, Run, Schema, SchemaOf,
    Selection, Show, parse,
};
pub use exit::ExitCode;
pub use main::main;
