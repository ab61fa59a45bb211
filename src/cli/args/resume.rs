//! What can be typed of resuming a run.

use clap::{Args, ValueEnum};

/// Which recorded run to go on with, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
#[command(next_help_heading = "Resuming")]
pub struct Resume {
    /// Go on with a recorded run: what ended well stays, what is left is done, pending handlers run. Its id, as many of its
    /// first characters as no other has, or last [default: the last run of a playbook]
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "last", conflicts_with_all = ["playbook", "inventory", "limit", "exclude", "tags", "skip_tags", "start_at"])]
    pub resume: Option<String>,
    /// With --resume: do failures again too
    #[arg(long, requires = "resume")]
    pub failed: bool,
    /// With --resume: go on although playbook, inventory or files have changed since
    #[arg(long, requires = "resume")]
    pub accept_changes: bool,
    /// With --resume: take steps whose end nobody knows for done, or do them again (rerun)
    #[arg(long, value_enum, value_name = "WHAT", requires = "resume", hide_possible_values = true)]
    pub assume: Option<Assume>,
    /// With --resume: where `finally`, `rescue` or `always` have run although work is left, begin that round or block anew
    /// (restart), or leave what ended well (continue)
    #[arg(long, value_enum, value_name = "HOW", requires = "resume", hide_possible_values = true)]
    pub after_cleanup: Option<AfterCleanup>,
}

/// What is taken for what nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Assume {
    /// They are done
    Done,
    /// They are to be done again
    Rerun,
}

/// How to go on behind what was cleaned up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AfterCleanup {
    /// The round or block begins anew
    Restart,
    /// What ended well stays
    Continue,
}
