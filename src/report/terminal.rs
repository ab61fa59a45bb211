//! The size of the terminal behind a standard stream, for [`super::Options::size`].

use std::os::fd::AsFd;

/// Columns and rows of the terminal that stdout is; none where it is none.
#[must_use]
pub fn stdout_size() -> Option<(u16, u16)> {
    size(std::io::stdout())
}

/// Columns and rows of the terminal that stderr is; none where it is none.
#[must_use]
pub fn stderr_size() -> Option<(u16, u16)> {
    size(std::io::stderr())
}

fn size(stream: impl AsFd) -> Option<(u16, u16)> {
    // A terminal that does not know its size says 0 by 0.
    rustix::termios::tcgetwinsize(stream).ok().map(|size| (size.ws_col, size.ws_row)).filter(|(columns, rows)| *columns > 0 && *rows > 0)
}
