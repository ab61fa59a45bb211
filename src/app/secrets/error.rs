//! Why secrets can't be got or kept. No message holds a value.

use std::fmt;
use std::time::Duration;

use crate::diag::Location;
use crate::text::{format_duration, plural};

/// Why a secret can't be got.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The environment lacks it.
    #[error("the environment has no variable {0}")]
    NoVariable(String),
    /// It is no UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
    /// It has nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is larger than any secret.
    #[error("it is longer than 1 MiB")]
    TooLong,
    /// A file can't be read.
    #[error("{path} can't be read: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: String,
    },
    /// There is no terminal.
    #[error("it must be asked for, and there is no terminal to ask at")]
    NobodyToAsk,
    /// The terminal gave no answer.
    #[error("it can't be asked for: {0}")]
    Asked(String),
    /// The program does not run.
    #[error("{program} can't be run: {error}")]
    NoStart {
        /// Its name.
        program: String,
        /// Why.
        error: String,
    },
    /// The program failed.
    #[error("its command ended with {how}{}", said(stderr))]
    Ended {
        /// Its exit status.
        how: String,
        /// The end of its standard error.
        stderr: String,
    },
    /// The program took too long.
    #[error("its command took longer than {}", format_duration(*.0))]
    TooSlow(Duration),
    /// It is no YAML.
    #[error("it can't be read as YAML, for what stands in line {line}")]
    NoData {
        /// The line.
        line: u32,
    },
    /// The data lacks the key.
    #[error("it has no `{key}`{}", near.as_ref().map(|near| format!("; {near}")).unwrap_or_default())]
    NoKey {
        /// The key, dotted.
        key: String,
        /// A key that is nearly it.
        near: Option<String>,
    },
    /// A password must be text, and this part of it is none.
    #[error("`{0}` is no text that could be a password")]
    NoPassword(String),
    /// There is no identity.
    #[error("there is no age identity: {0} does not exist")]
    NoIdentity(String),
    /// The identity can't be used.
    #[error("the age identity can't be used: {0}")]
    BadIdentity(String),
    /// It can't be decrypted.
    #[error("{path} can't be decrypted: {error}")]
    Age {
        /// The file.
        path: String,
        /// Why.
        error: String,
    },
    /// The feature is left out.
    #[error("this roundsman was built without the feature `age`")]
    NoAge,
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!(": {}", crate::text::one_line(stderr, 400)) }
}

/// A secret that can't be got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretError {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Location,
    /// Why.
    pub why: Why,
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { file, line, column } = &self.place;
        write!(f, "the secret `{}` ({file}:{line}:{column}): {}", self.name, self.why)
    }
}

/// All secrets that can't be got; never none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct SecretFailures(pub Vec<SecretError>);

fn lines(failures: &[SecretError]) -> String {
    match failures {
        [only] => only.to_string(),
        many => {
            let lines: Vec<String> = many.iter().map(|failure| format!("  {failure}")).collect();
            format!("{} can't be got:\n{}", plural(many.len(), "secret"), lines.join("\n"))
        }
    }
}

impl SecretFailures {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let is = |wanted: fn(&Why) -> bool| self.0.iter().any(|failure| wanted(&failure.why));
        if is(|why| matches!(why, Why::NoIdentity(_))) {
            Some("name the identity by `--identity FILE` or ROUNDSMAN_IDENTITY".to_owned())
        } else if is(|why| matches!(why, Why::NobodyToAsk)) {
            Some("where nobody can be asked, take it from `env`, `file`, `command` or `age`".to_owned())
        } else {
            None
        }
    }
}

/// Why an encrypted file can't be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It can't be read or decrypted, or the feature is left out.
    #[error(transparent)]
    Why(#[from] Why),
    /// It is there already.
    #[error("{0} exists already")]
    Exists(String),
    /// A recipient is none.
    #[error("`{0}` is no age recipient")]
    NoRecipient(String),
    /// Nobody could decrypt it.
    #[error("there is nobody to encrypt {0} to")]
    NoRecipients(String),
    /// It can't be written.
    #[error("{path} can't be written: {error}")]
    Write {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The editor can't be run, or failed.
    #[error("the editor {editor}: {how}")]
    Editor {
        /// As the environment names it.
        editor: String,
        /// What became of it.
        how: String,
    },
}

impl VaultError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            VaultError::Why(Why::NoIdentity(_)) => "name the identity by `--identity FILE` or ROUNDSMAN_IDENTITY".to_owned(),
            VaultError::Exists(_) => "`roundsman secret edit` changes it; `--force` replaces it".to_owned(),
            VaultError::NoRecipient(_) => "a recipient begins with age1; age-keygen prints it as the public key".to_owned(),
            VaultError::NoRecipients(_) => {
                "name recipients by `-r age1…` or `-R FILE`, or keep them in a file .age-recipients beside it or above".to_owned()
            }
            VaultError::Editor { .. } => "nothing was changed; EDITOR names the editor".to_owned(),
            VaultError::Why(_) | VaultError::Write { .. } => return None,
        })
    }
}
