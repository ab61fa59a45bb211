//! What can be typed of `plan`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::resume::Resume;
use super::shared::{Connecting, Selection, Tasks};

/// `roundsman plan`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "\
Examples:
  roundsman plan site.yml
  roundsman plan site.yml --limit canary -e release=2.4.1 --format json
  roundsman plan site.yml --format dot | dot -Tsvg > plan.svg
  roundsman plan site.yml -q --html plan.html
  roundsman plan site.yml --probe -o plan.json
  roundsman plan site.yml --since last
  roundsman plan --resume
  roundsman plan diff monday.json tuesday.json")]
pub struct Plan {
    /// What else than to make one.
    #[command(subcommand)]
    pub command: Option<PlanCommand>,
    /// The playbook
    #[arg(required_unless_present = "resume")]
    pub playbook: Option<PathBuf>,
    /// Which recorded run to go on with.
    #[command(flatten)]
    pub resume: Resume,
    /// Show only what is not as it was in a recorded run: its id, as many of its first characters as no other has, or last
    #[arg(long, value_name = "RUN", conflicts_with_all = ["html", "out", "diff"])]
    pub since: Option<String>,
    /// Also write it to FILE as a page for a browser; with -q no text goes to stdout then
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Ask the hosts: guards, probes and what only reads run there, and every step is told as will run, will change, nothing to do
    /// or unknown until another is done
    #[arg(long)]
    pub probe: bool,
    /// Save it to FILE, for `roundsman run FILE`: exactly this is run, or nothing. With -q no text goes to stdout then
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// With --probe: show what would change in files
    #[arg(long, requires = "probe")]
    pub diff: bool,
    /// With --probe: exit 10 where something would change; with --since: where something is not as it was
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Which hosts and variables.
    #[command(flatten)]
    pub selection: Selection,
    /// Which tasks.
    #[command(flatten)]
    pub tasks: Tasks,
    /// How hosts are asked.
    #[command(flatten)]
    pub connecting: Connecting,
}

/// What is done with saved plans.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum PlanCommand {
    /// Compare two saved plans: hosts, tasks and commands that were added, removed or changed
    Diff(PlanDiff),
}

/// `roundsman plan diff`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Example:\n  roundsman plan diff monday.json tuesday.json")]
pub struct PlanDiff {
    /// A saved plan
    pub a: PathBuf,
    /// Another
    pub b: PathBuf,
    /// Exit 10 where they differ
    #[arg(long)]
    pub detailed_exitcode: bool,
}
