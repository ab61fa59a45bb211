//! The command line: words in, an exit code out.
//!
//! `args` is what can be typed, `main` carries it out through `app` (`plan`, `run` and `test` in files of their own), `exit` knows the codes,
//! `explain` tells what diagnostics mean, `secret` does encrypted files, `log` is the debug log, `guard` keeps memory private. Knows nothing of how things are done.

mod args;
mod exit;
mod explain;
mod explain_host;
mod guard;
mod log;
mod main;
mod plan;
mod planfile;
mod resume;
mod run;
mod secret;
mod sinks;
mod test;
mod unlock;

pub use args::{
    AfterCleanup, Assume, Check, Cli, ColorWhen, Command, Common, Connecting, Edit, Encrypt, Exec, Explain, Extra, Format, History, Hosts,
    Plan, PlanCommand, PlanDiff, RecipientArgs, Rekey, Resume, Run, Schema, SchemaOf, Secret, SecretCommand, Selection, Show, Tasks, Test,
    parse,
};
pub use exit::ExitCode;
pub use guard::keep_memory_private;
pub use main::main;
