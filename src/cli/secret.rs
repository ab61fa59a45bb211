//! `roundsman secret`, and the terminal that secrets are asked for at.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use super::args::{self, Connecting, SecretCommand};
use crate::app::{self, AppError, Passwords, Recipients, SecretSources};

/// How secrets are got for a run from the command line.
pub(super) fn sources(connecting: &Connecting) -> SecretSources {
    let terminal = std::io::stdin().is_terminal();
    let ask = |prompt: &str| rpassword::prompt_password(prompt);
    SecretSources { identity: connecting.identity.clone(), ask: terminal.then(|| Box::new(ask) as app::Ask) }
}

/// Asks for the passwords that are wanted, at the terminal.
pub(super) fn passwords(connecting: &Connecting) -> Result<Passwords, AppError> {
    let ask = |wanted: bool, prompt: &str| {
        let asked = wanted.then(|| rpassword::prompt_password(prompt)).transpose();
        asked.map_err(|error| AppError::Machine { what: "the password can't be asked for", error })
    };
    Ok(Passwords { login: ask(connecting.ask_pass, "SSH password: ")?, r#become: ask(connecting.ask_become_pass, "become password: ")? })
}

/// Carries out a command; gives what is to be said of it.
pub(super) fn command(command: &SecretCommand) -> Result<String, AppError> {
    match command {
        SecretCommand::Encrypt(encrypt) => {
            let to = encrypt.output.clone().unwrap_or_else(|| with_age(&encrypt.file));
            app::encrypt_secret(&encrypt.file, &to, &recipients(&encrypt.recipients), encrypt.force)?;
            Ok(format!("{} is encrypted; {} is still there as it was\n", to.display(), encrypt.file.display()))
        }
        SecretCommand::Edit(edit) => {
            let name = |name: &str| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty());
            let editor = name("VISUAL").or_else(|| name("EDITOR")).unwrap_or_else(|| "vi".to_owned());
            let changed = app::edit_secret(&edit.file, &recipients(&edit.recipients), edit.identity.as_deref(), &editor)?;
            Ok(format!("{} {}\n", edit.file.display(), if changed { "is changed" } else { "is as it was" }))
        }
        SecretCommand::Rekey(rekey) => {
            app::rekey_secret(&rekey.files, &recipients(&rekey.recipients), rekey.identity.as_deref())?;
            Ok(rekey.files.iter().map(|file| format!("{} is encrypted anew\n", file.display())).collect())
        }
    }
}

fn recipients(typed: &args::RecipientArgs) -> Recipients {
    Recipients { named: typed.recipient.clone(), files: typed.recipients_file.clone() }
}

fn with_age(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".age");
    name.into()
}
