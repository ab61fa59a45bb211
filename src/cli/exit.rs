//! Exit codes and which of several is told.
//!
//! Knows only numbers; what happened is turned into codes by the caller.

use crate::report::exit_meaning;

/// An exit code of roundsman.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// All well.
    Ok = 0,
    /// A fault of roundsman or of its machine.
    Internal = 1,
    /// Wrong use of the command line.
    Usage = 2,
    /// Invalid playbook, inventory or plan.
    Invalid = 3,
    /// Finished, some tasks failed.
    Failed = 4,
    /// Finished, some hosts unreachable.
    Unreachable = 5,
    /// Stopped by `max_failures` or a refused confirmation.
    Stopped = 6,
    /// A saved plan is stale.
    Stale = 7,
    /// The record is incomplete.
    RecordIncomplete = 8,
    /// A dry run found something to change; told only where it was asked for.
    Drift = 10,
    /// Interrupted by SIGINT.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl ExitCode {
    /// Every code, the one that is told first where several hold.
    ///
    /// Usage errors are found before anything else can be, so where 2 stands does not matter; it follows 1.
    pub const PRECEDENCE: [ExitCode; 12] = [
        ExitCode::Interrupted,
        ExitCode::Terminated,
        ExitCode::Internal,
        ExitCode::Usage,
        ExitCode::RecordIncomplete,
        ExitCode::Stale,
        ExitCode::Invalid,
        ExitCode::Stopped,
        ExitCode::Failed,
        ExitCode::Unreachable,
        ExitCode::Drift,
        ExitCode::Ok,
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The code of a number; none for a number that is not ours.
    #[must_use]
    pub fn from_code(code: u8) -> Option<ExitCode> {
        ExitCode::PRECEDENCE.into_iter().find(|exit| exit.code() == code)
    }

    /// What it means, in words; none for [`ExitCode::Ok`].
    #[must_use]
    pub fn meaning(self) -> Option<&'static str> {
        exit_meaning(self.code())
    }

    /// The one of two that is told.
    #[must_use]
    pub fn or(self, other: ExitCode) -> ExitCode {
        if self.rank() <= other.rank() { self } else { other }
    }

    /// The one of many that is told; [`ExitCode::Ok`] of none.
    #[must_use]
    pub fn of(codes: impl IntoIterator<Item = ExitCode>) -> ExitCode {
        codes.into_iter().fold(ExitCode::Ok, ExitCode::or)
    }

    fn rank(self) -> usize {
        ExitCode::PRECEDENCE.iter().position(|exit| *exit == self).unwrap_or(usize::MAX)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(exit: ExitCode) -> std::process::ExitCode {
        std::process::ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_precedence() {
        // "Where several hold, the first of 130/143, 1, 8, 7, 3, 6, 4, 5."
        let documented = [130, 1, 8, 7, 3, 6, 4, 5, 10, 0];
        for (at, first) in documented.iter().enumerate() {
            for later in &documented[at..] {
                let (a, b) = (ExitCode::from_code(*first).unwrap(), ExitCode::from_code(*later).unwrap());
                assert_eq!(a.or(b).code(), *first, "{first} and {later}");
                assert_eq!(b.or(a).code(), *first, "{later} and {first}");
            }
        }
        assert_eq!(ExitCode::of([ExitCode::Unreachable, ExitCode::Terminated, ExitCode::Internal]).code(), 143);
        assert_eq!(ExitCode::of([]), ExitCode::Ok);
    }

    #[test]
    fn every_code_has_its_place_and_its_words() {
        for code in [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 130, 143] {
            let exit = ExitCode::from_code(code).expect("a code of ours");
            assert_eq!(exit.code(), code);
            assert_eq!(exit.meaning().is_none(), code == 0, "{code}");
        }
        assert_eq!(ExitCode::from_code(9), None);
    }
}
