//! The program: ssh's helper when ssh calls it, else the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    roundsman::cli::keep_memory_private();
    roundsman::transport::helper_main().unwrap_or_else(|| roundsman::cli::main(std::env::args_os()))
}
