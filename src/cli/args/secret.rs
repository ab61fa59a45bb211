//! `roundsman secret` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `roundsman secret`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  roundsman secret encrypt secrets.yml -r age1…   to secrets.yml.age
  roundsman secret edit secrets.yml.age
  roundsman secret rekey secrets.yml.age -R team.txt")]
pub struct Secret {
    /// What to do.
    #[command(subcommand)]
    pub command: SecretCommand,
}

/// What to do with an encrypted file.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum SecretCommand {
    /// Encrypt a file, to FILE.age
    Encrypt(Encrypt),
    /// Edit an encrypted file, or a new one, with $VISUAL or $EDITOR
    Edit(Edit),
    /// Encrypt files anew, to other recipients
    Rekey(Rekey),
}

/// To whom a file is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
pub struct RecipientArgs {
    /// Encrypt to this recipient; may be repeated [default: those of the nearest .age-recipients]
    #[arg(short, long, value_name = "RECIPIENT")]
    pub recipient: Vec<String>,
    /// Encrypt to the recipients in this file, one a line; may be repeated
    #[arg(short = 'R', long, value_name = "FILE")]
    pub recipients_file: Vec<PathBuf>,
}

/// `roundsman secret encrypt`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Example:\n  roundsman secret encrypt secrets.yml -r age1…")]
pub struct Encrypt {
    /// The file; it stays as it is
    pub file: PathBuf,
    /// Write to this file [default: FILE.age]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace what is there
    #[arg(long)]
    pub force: bool,
    /// To whom.
    #[command(flatten)]
    pub recipients: RecipientArgs,
}

/// `roundsman secret edit`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Example:\n  roundsman secret edit secrets.yml.age -R team.txt")]
pub struct Edit {
    /// The encrypted file
    pub file: PathBuf,
    /// The file of age identities [default: $ROUNDSMAN_IDENTITY, else ~/.config/roundsman/identity]
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// To whom.
    #[command(flatten)]
    pub recipients: RecipientArgs,
}

/// `roundsman secret rekey`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Example:\n  roundsman secret rekey secrets/*.age -R team.txt")]
pub struct Rekey {
    /// The encrypted files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The file of age identities [default: $ROUNDSMAN_IDENTITY, else ~/.config/roundsman/identity]
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// To whom.
    #[command(flatten)]
    pub recipients: RecipientArgs,
}
