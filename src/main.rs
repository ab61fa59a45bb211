//! The `roundsman` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = roundsman::transport::helper_main() {
        return code;
    }
    ExitCode::SUCCESS
}
