//! Arguments of `unlock`. Knows nothing of what is done with them.

use clap::Args;

use super::{Connecting, Selection};

/// `roundsman unlock`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "\
A run of a playbook with `lock_hosts: true` locks its hosts. One that died leaves locks that the next run finds stale
and takes over, so this is for those that are held, or that belong to another user of the host.

Examples:
  roundsman unlock all -i prod.yml --stale
  roundsman unlock web3 -i prod.yml")]
pub struct Unlock {
    /// Which hosts: names, groups, globs, ranges, joined by and, or, not
    pub hosts: String,
    /// Remove them without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Remove only those that nobody holds any more, without asking
    #[arg(long)]
    pub stale: bool,
    /// Log in as this user
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
    /// Which hosts and variables.
    #[command(flatten)]
    pub selection: Selection,
    /// How hosts are worked on.
    #[command(flatten)]
    pub connecting: Connecting,
}
