//! The command line as it is typed.
//!
//! Only what can be known from the words themselves is checked here: files are opened, hosts looked up and playbooks
//! read by the caller. [`parse`] gives [`Cli`]; what is wrong is clap's error, which prints itself and exits 2.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub use self::plan::{Plan, PlanCommand, PlanDiff};
pub use self::resume::{AfterCleanup, Assume, Resume};
pub use self::secret::{Edit, Encrypt, RecipientArgs, Rekey, Secret, SecretCommand};
use self::shared::duration;
pub use self::shared::{Connecting, Extra, Selection, Tasks};
pub(crate) use self::unlock::Unlock;
pub use super::explain::Explain;
use crate::report::Verbosity;

mod plan;
mod resume;
mod secret;
mod shared;
mod unlock;

/// Everything typed.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(
    name = "roundsman",
    version,
    about = "Runs playbooks: rounds of tasks on many hosts over SSH, every outcome recorded",
    after_help = TOP_EXAMPLES,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

const TOP_EXAMPLES: &str = "\
Examples:
  roundsman check playbooks/hello.yml             find mistakes without connecting
  roundsman plan playbooks/hello.yml              what would run where, in which order
  roundsman plan playbooks/hello.yml --probe      what would change, as the hosts say
  roundsman run playbooks/hello.yml -i hosts.yml  do it
  roundsman exec 'web and not spare' -i hosts.yml -- uptime
  roundsman show                                  the last run again, from the record

Exit codes:
  0 all well                      4 finished, some tasks failed
  1 a fault of roundsman          5 finished, some hosts unreachable
    or of this machine            6 stopped by max_failures or confirm
  2 wrong use                     7 a saved plan is stale
  3 invalid playbook, inventory   8 the record is incomplete
    or plan                       10 a run would change something
                                  130, 143 interrupted";

/// Options of every command.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// The record [default: .roundsman/record.db at the project's root]
    #[arg(long, global = true, value_name = "FILE", env = "ROUNDSMAN_DB", hide_env_values = true)]
    pub db: Option<PathBuf>,
    /// What goes to stdout: text, json (one document) or jsonl (a line for each event), of a plan also dot or mermaid (a graph); words for people then go to stderr
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Format::Text, hide_possible_values = true)]
    pub format: Format,
    /// Colours: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorWhen::Auto, hide_possible_values = true)]
    pub color: ColorWhen,
    /// Show every step and its output
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Show only failures and the last line
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Write a debug log to a file
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Answer from a script instead of real hosts
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    pub fake: Option<PathBuf>,
}

impl Common {
    /// How much is shown.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        }
    }
}

/// The form of the data on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// One JSON object a line, as things happen
    Jsonl,
    /// A graph for Graphviz
    Dot,
    /// A graph for Mermaid
    Mermaid,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorWhen {
    /// The wish, none for auto.
    #[must_use]
    pub fn forced(self) -> Option<bool> {
        match self {
            ColorWhen::Auto => None,
            ColorWhen::Always => Some(true),
            ColorWhen::Never => Some(false),
        }
    }
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Find every mistake in playbooks that can be known without a connection
    Check(Check),
    /// Show what would run where, in which order and why; with --probe, what it would change
    Plan(Plan),
    /// Run a playbook and record it
    Run(Run),
    /// Run a playbook twice on throw-away hosts, and report what changes something twice
    Test(Test),
    /// Run one command on many hosts, equal outputs folded, recorded like a run
    Exec(Exec),
    /// Show the locks that runs left on hosts, and remove them after asking
    Unlock(Unlock),
    /// Show the hosts of the inventory, or those an expression chooses
    Hosts(Hosts),
    /// List recorded runs, the latest first
    History(History),
    /// Show a recorded run, or single steps of it with all their output
    Show(Show),
    /// Encrypt, edit and re-encrypt files of secrets
    Secret(Secret),
    /// Print a JSON Schema, for editors and other programs
    Schema(Schema),
    /// Say what an error or a warning means, with a wrong and a right example
    Explain(Explain),
}

/// `roundsman check`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Examples:\n  roundsman check site.yml\n  roundsman check playbooks/*.yml --deny-warnings --format json")]
pub struct Check {
    /// The playbooks
    #[arg(required = true, value_name = "PLAYBOOK")]
    pub playbooks: Vec<PathBuf>,
    /// Exit 3 for warnings too
    #[arg(long)]
    pub deny_warnings: bool,
    /// Which hosts and variables.
    #[command(flatten)]
    pub selection: Selection,
    /// Which tasks.
    #[command(flatten)]
    pub tasks: Tasks,
}

/// `roundsman run`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  roundsman run playbooks/hello.yml
  roundsman run site.yml -i prod.yml --limit 'web and not spare' -e release=2.4.1
  roundsman run site.yml -i web1,web2 -K
  roundsman run site.yml --tags config,certs --yes
  roundsman run site.yml --check --detailed-exitcode
  roundsman run plan.json
  roundsman run --resume
  roundsman run --resume 019a8c2e --failed
  roundsman run site.yml --format jsonl > events.jsonl

Ctrl-C once: nothing new starts, what runs may finish. Twice: what runs is ended.
Three times: leave at once.")]
pub struct Run {
    /// The playbook, or a plan that `plan -o` saved
    #[arg(required_unless_present = "resume")]
    pub playbook: Option<PathBuf>,
    /// Which recorded run to go on with.
    #[command(flatten)]
    pub resume: Resume,
    /// Find out what a run would do, and change nothing on the hosts
    #[arg(long)]
    pub check: bool,
    /// With --check: exit 10 where something would change
    #[arg(long, requires = "check")]
    pub detailed_exitcode: bool,
    /// Answer yes to whatever `confirm` asks
    #[arg(short, long)]
    pub yes: bool,
    /// Which hosts and variables.
    #[command(flatten)]
    pub selection: Selection,
    /// Which tasks.
    #[command(flatten)]
    pub tasks: Tasks,
    /// How hosts are worked on.
    #[command(flatten)]
    pub connecting: Connecting,
}

/// `roundsman test`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "\
Without --on each host is played by a sandbox of this machine: a folder as its root, with this machine's programs
read-only, a copy of /etc, no network and no services. Nothing of this machine is changed.

Examples:
  roundsman test site.yml -i prod.yml
  roundsman test site.yml -i prod.yml --tags config --keep
  roundsman test site.yml -i staging.yml --on 'canary and not db'

Exit code 4: a task changed something in the second run too, or a run failed.")]
pub struct Test {
    /// The playbook
    pub playbook: PathBuf,
    /// On these hosts of the inventory, for real, in place of sandboxes
    #[arg(long, value_name = "HOSTS", conflicts_with = "limit")]
    pub on: Option<String>,
    /// Keep the sandboxes and say where they are
    #[arg(long, conflicts_with = "on")]
    pub keep: bool,
    /// Answer yes to whatever `confirm` asks
    #[arg(short, long)]
    pub yes: bool,
    /// Which hosts and variables.
    #[command(flatten)]
    pub selection: Selection,
    /// Which tasks.
    #[command(flatten)]
    pub tasks: Tasks,
    /// How hosts are worked on.
    #[command(flatten)]
    pub connecting: Connecting,
}

/// `roundsman exec`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "\
Several words are a program and its arguments, no shell reads them; one word is shell text:
  roundsman exec web -i prod.yml -- systemctl is-active nginx
  roundsman exec 'all,!db1' -i prod.yml -- 'uptime; df -h /'
  roundsman exec all -i web1,web2 --become -K -- apt-get update")]
pub struct Exec {
    /// Which hosts: names, groups, globs, ranges, joined by and, or, not
    pub hosts: String,
    /// The command, after --
    #[arg(last = true, required = true, value_name = "CMD")]
    pub command: Vec<String>,
    /// Log in as this user
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
    /// Run it as another user with sudo
    #[arg(short, long = "become", value_name = "USER", num_args = 0..=1, require_equals = true, default_missing_value = "root")]
    pub become_user: Option<String>,
    /// End it on a host after so long (30s, 10m) [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Which hosts and variables.
    #[command(flatten)]
    pub selection: Selection,
    /// How hosts are worked on.
    #[command(flatten)]
    pub connecting: Connecting,
}

/// `roundsman hosts`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Examples:\n  roundsman hosts -i prod.yml\n  roundsman hosts 'web[01-10] and not canary' -i prod.yml --format json")]
pub struct Hosts {
    /// Which hosts [default: all]
    pub expr: Option<String>,
    /// Which hosts and variables.
    #[command(flatten)]
    pub selection: Selection,
}

/// `roundsman history`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Examples:\n  roundsman history\n  roundsman history -n 100 --format json")]
pub struct History {
    /// At most so many runs
    #[arg(short = 'n', long, value_name = "N", default_value = "20")]
    pub number: NonZeroUsize,
}

/// `roundsman show`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  roundsman show                                     the last run
  roundsman show 019a8c2e --task patch/upgrade       one task on every host, equal outputs folded
  roundsman show 019a8c2e --host web7 --task upgrade everything about one step")]
pub struct Show {
    /// The run's id or its first characters [default: the last run]
    pub run: Option<String>,
    /// Only this host, with all output of its steps
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Only this task (its id, its name, or ROUND/TASK), with all output
    #[arg(long, value_name = "TASK")]
    pub task: Option<String>,
}

/// `roundsman schema`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Example:\n  roundsman schema playbook > playbook.schema.json")]
pub struct Schema {
    /// Of what
    #[arg(value_enum)]
    pub of: SchemaOf,
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// A playbook
    Playbook,
    /// An inventory
    Inventory,
    /// An action, for `use`
    Action,
    /// A plan that `plan -o` saved
    Plan,
}

/// Reads the command line, the program's own name first.
///
/// # Errors
/// Wrong use, and also `--help` and `--version`: clap's error prints itself to the right stream and knows its exit code.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let cli = Cli::try_parse_from(words)?;
    // Where a playbook is named, which `--resume` excludes, clap does not ask for it.
    if let Command::Run(Run { resume, .. }) | Command::Plan(Plan { resume, .. }) = &cli.command
        && resume.resume.is_none()
        && *resume != Resume::default()
    {
        let message = "--failed, --accept-changes, --assume and --after-cleanup are for --resume";
        return Err(Cli::command().error(ErrorKind::MissingRequiredArgument, message));
    }
    let (command, formats): (&str, &[Format]) = match cli.command {
        Command::Check(_) => ("check", &[Format::Text, Format::Json]),
        Command::Plan(_) => ("plan", &[Format::Text, Format::Json, Format::Dot, Format::Mermaid]),
        Command::Run(_) => ("run", &[Format::Text, Format::Jsonl]),
        Command::Test(_) => ("test", &[Format::Text, Format::Json]),
        Command::Exec(_) => ("exec", &[Format::Text, Format::Jsonl]),
        Command::Unlock(_) => ("unlock", &[Format::Text]),
        Command::Hosts(_) => ("hosts", &[Format::Text, Format::Json]),
        Command::History(_) => ("history", &[Format::Text, Format::Json, Format::Jsonl]),
        Command::Show(_) => ("show", &[Format::Text, Format::Json, Format::Jsonl]),
        Command::Secret(_) => ("secret", &[Format::Text]),
        // A schema is JSON whatever is asked.
        Command::Schema(_) => ("schema", &[Format::Text, Format::Json]),
        Command::Explain(_) => ("explain", &[Format::Text, Format::Json]),
    };
    if formats.contains(&cli.common.format) {
        return Ok(cli);
    }
    let word = |format: &Format| format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let known: Vec<String> = formats.iter().map(word).collect();
    let message = format!("`{command}` has no format `{}`; it has {}", word(&cli.common.format), known.join(", "));
    Err(Cli::command().error(ErrorKind::InvalidValue, message))
}

#[cfg(test)]
mod tests;
