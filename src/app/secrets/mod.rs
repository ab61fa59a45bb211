//! Secrets: got before a run connects, each once, only those that it needs; and what must never be written down.
//!
//! One file a source. Errors name the secret and where it is declared, never a value; all that fail are told at once.

#[cfg(feature = "age")]
mod age;
#[cfg(not(feature = "age"))]
#[path = "no_age.rs"]
mod age;
mod command;
mod data;
mod env;
mod error;
mod file;
mod fill;
mod redactor;
mod vault;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use self::error::{SecretError, SecretFailures, VaultError, Why};
pub(super) use self::file::at_home;
pub(super) use self::fill::fill;
pub(super) use self::redactor::{redactor, redactor_of_plan};
pub use self::vault::{Recipients, edit_secret, encrypt_secret, rekey_secret};
use super::{AppError, Ready};
use crate::diag::{Diagnostic, Diagnostics, SourceMap};
use crate::event::Redactor;
use crate::model::{Secret, SecretSource, SecretValues};

/// Asks the user without echo.
pub type Ask = Box<dyn Fn(&str) -> std::io::Result<String>>;

/// How secrets are got.
#[derive(Default)]
pub struct SecretSources {
    /// The file of age identities; none is `ROUNDSMAN_IDENTITY`, else the configuration folder's.
    pub identity: Option<PathBuf>,
    /// Asks the user; none where there is nobody to be asked.
    pub ask: Option<Ask>,
}

/// Secrets that were got.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    pub(super) values: SecretValues,
}

/// Gets every secret that a run of what was loaded needs, and warns of those that can't be masked with safety.
///
/// Runs programs, decrypts and asks, and takes as long as these do.
///
/// # Errors
/// Where any can't be got; all of them are named.
pub fn get_secrets(ready: &Ready, map: &SourceMap, sources: &SecretSources) -> Result<(Secrets, Diagnostics), AppError> {
    let mut texts: BTreeMap<&SecretSource, Result<String, Why>> = BTreeMap::new();
    let (mut values, mut failures, mut warnings) = (SecretValues::default(), Vec::new(), Diagnostics::default());
    let needed: Vec<&Secret> = ready.playbook.secrets.values().filter(|secret| secret.used).collect();
    // Whoever is asked should not be asked in vain.
    let (asked, others): (Vec<&Secret>, Vec<&Secret>) =
        needed.into_iter().partition(|secret| matches!(secret.source, SecretSource::Ask(_)));
    for (secrets, asks) in [(others, false), (asked, true)] {
        if asks && !failures.is_empty() {
            break;
        }
        for secret in secrets {
            tracing::debug!(secret = secret.name, "getting");
            let text = texts.entry(&secret.source).or_insert_with(|| text(&secret.source, sources));
            match text.as_ref().map_err(Clone::clone).and_then(|text| data::value(secret, text)) {
                Ok(value) => {
                    let mut weak = false;
                    value.for_each_leaf(&mut |leaf| weak |= Redactor::is_weak(&leaf));
                    if weak {
                        warnings.push(too_short(secret));
                    }
                    values.0.insert(secret.name.clone(), value);
                }
                Err(why) => failures.push(SecretError { name: secret.name.clone(), place: map.location(secret.span), why }),
            }
        }
    }
    if failures.is_empty() {
        return Ok((Secrets { values }, warnings));
    }
    // A program may say of its failure what another secret is.
    let redactor = self::redactor::redactor(ready, &Secrets { values });
    for failure in &mut failures {
        if let Why::Ended { stderr, .. } = &mut failure.why {
            *stderr = redactor.mask(stderr).into_owned();
        }
    }
    Err(SecretFailures(failures).into())
}

fn too_short(secret: &Secret) -> Diagnostic {
    let message = format!("the secret `{}`, or a part of it, is too short to be masked safely", secret.name);
    Diagnostic::warning("W111", secret.span, message).note("what has less than 4 bytes is masked only where it stands alone")
}

fn text(source: &SecretSource, sources: &SecretSources) -> Result<String, Why> {
    let text = match source {
        SecretSource::Env(name) => env::get(name),
        SecretSource::File(path) => file::get(path),
        SecretSource::Command { argv, folder } => command::get(argv, folder),
        SecretSource::Age(path) => age::get(path, sources.identity.as_deref()),
        SecretSource::Ask(prompt) => match &sources.ask {
            Some(ask) => ask(&format!("{prompt}: ")).map_err(|error| Why::Asked(error.to_string())),
            None => Err(Why::NobodyToAsk),
        },
    }?;
    if text.trim().is_empty() { Err(Why::Empty) } else { Ok(text) }
}
