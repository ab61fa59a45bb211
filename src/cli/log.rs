//! The debug log: timestamped, in a file, or on stderr when asked twice for more words.

use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use super::args::Common;
use crate::app::AppError;

/// Starts the log that `--log` or `-vv` ask for; ROUNDSMAN_LOG chooses what goes in.
pub(super) fn start(common: &Common) -> Result<(), AppError> {
    let filter = EnvFilter::try_from_env("ROUNDSMAN_LOG").unwrap_or_else(|_| EnvFilter::new("roundsman=debug"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    if let Some(path) = &common.log {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|error| AppError::File { path: path.clone(), error })?;
        builder.with_writer(Mutex::new(file)).init();
    } else if is_on_stderr(common) {
        builder.with_writer(std::io::stderr).init();
    }
    Ok(())
}

/// Says whether the log goes where people look.
pub(super) fn is_on_stderr(common: &Common) -> bool {
    common.log.is_none() && common.verbose > 1
}
