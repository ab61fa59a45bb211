//! Options that several commands share: which hosts, variables and tasks, and how hosts are worked on.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::text::{is_id, parse_duration};

/// Which hosts and variables.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
#[command(next_help_heading = "Hosts and variables")]
pub struct Selection {
    /// An inventory file, folder or program, names with commas ("web1,web2", "web1,"), or `ssh:` for the hosts of ssh's
    /// configuration; may be repeated; overrides the playbook's own
    #[arg(short, long, value_name = "FILE|NAMES")]
    pub inventory: Vec<String>,
    /// Only these hosts, of those the playbook names ("web[01-10]", "web and not spare", "!db1")
    #[arg(long, value_name = "EXPR")]
    pub limit: Option<String>,
    /// Without these hosts
    #[arg(short = 'x', long, value_name = "EXPR")]
    pub exclude: Option<String>,
    /// Set a variable, the value read as YAML (-e 'ports=[80, 443]'), or all of a YAML file (-e @FILE); may be repeated
    #[arg(short = 'e', long = "extra", value_name = "KEY=VALUE|@FILE", value_parser = extra)]
    pub extra: Vec<Extra>,
}

/// Which tasks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
#[command(next_help_heading = "Tasks")]
pub struct Tasks {
    /// Only tasks with one of these tags; the others count as done. May be repeated
    #[arg(long, value_name = "TAG,TAG", value_delimiter = ',', value_parser = word)]
    pub tags: Vec<String>,
    /// No task with one of these tags; they count as done. May be repeated
    #[arg(long, value_name = "TAG,TAG", value_delimiter = ',', value_parser = word)]
    pub skip_tags: Vec<String>,
    /// Begin with this task (its id, its name, or ROUND/TASK); those before it count as done
    #[arg(long, value_name = "TASK", value_parser = word)]
    pub start_at: Option<String>,
}

/// A `-e`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extra {
    /// A variable's name and its value as typed.
    Pair(String, String),
    /// A file of variables.
    File(PathBuf),
}

/// How hosts are worked on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
#[command(next_help_heading = "Connections")]
pub struct Connecting {
    /// At most so many hosts at work at once [default: no limit]
    #[arg(long, value_name = "N")]
    pub max_parallel: Option<NonZeroUsize>,
    /// Ask for the SSH password, without echo
    #[arg(short = 'k', long)]
    pub ask_pass: bool,
    /// Ask for the password that sudo, doas or su wants, without echo
    #[arg(short = 'K', long)]
    pub ask_become_pass: bool,
    /// The file of age identities for secrets [default: $ROUNDSMAN_IDENTITY, else ~/.config/roundsman/identity]
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// Keep no record of this run: it can be neither looked at again nor resumed
    #[arg(long, help_heading = "Common options")]
    pub without_record: bool,
}

/// What is wrong with a word.
#[derive(Debug, thiserror::Error)]
pub(super) enum WordError {
    #[error("a name is missing")]
    NoWord,
    #[error("expected KEY=VALUE or @FILE")]
    NoPair,
    #[error("`{0}` can't be a variable's name: letters, digits and _ only, no digit first")]
    BadName(String),
    #[error("expected a duration such as 500ms, 30s, 10m or 2h")]
    BadDuration,
}

fn extra(text: &str) -> Result<Extra, WordError> {
    match (text.strip_prefix('@'), text.split_once('=')) {
        (Some(file), _) if !file.is_empty() => Ok(Extra::File(file.into())),
        (None, Some((key, value))) if is_id(key) => Ok(Extra::Pair(key.to_owned(), value.to_owned())),
        (None, Some((key, _))) => Err(WordError::BadName(key.to_owned())),
        _ => Err(WordError::NoPair),
    }
}

fn word(text: &str) -> Result<String, WordError> {
    let word = text.trim();
    if word.is_empty() { Err(WordError::NoWord) } else { Ok(word.to_owned()) }
}

pub(super) fn duration(text: &str) -> Result<Duration, WordError> {
    parse_duration(text).filter(|duration| !duration.is_zero()).ok_or(WordError::BadDuration)
}
