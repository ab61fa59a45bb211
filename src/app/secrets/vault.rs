//! `roundsman secret`: encrypted files made, edited and encrypted anew.
//!
//! A plain text lies on disk only while an editor has it, in a folder of its own that only the user can read.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{VaultError, Why, age, file};
use crate::app::AppError;

/// To whom a file is encrypted.
#[derive(Debug, Clone, Default)]
pub struct Recipients {
    /// `-r`.
    pub named: Vec<String>,
    /// `-R`: files of them, one a line.
    pub files: Vec<PathBuf>,
}

/// The file of recipients that is looked for beside a file and above.
const BESIDE: &str = ".age-recipients";

impl Recipients {
    /// Everybody that is named; else who the nearest `.age-recipients` names.
    fn of(&self, path: &Path) -> Result<Vec<String>, VaultError> {
        let mut all = self.named.clone();
        for list in &self.files {
            all.extend(lines(list)?);
        }
        if all.is_empty() {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            if let Some(list) = path.ancestors().skip(1).map(|folder| folder.join(BESIDE)).find(|list| list.is_file()) {
                all.extend(lines(&list)?);
            }
        }
        if all.is_empty() { Err(VaultError::NoRecipients(path.display().to_string())) } else { Ok(all) }
    }
}

fn lines(list: &Path) -> Result<Vec<String>, VaultError> {
    let text = file::get(list)?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}

/// Encrypts a file into another.
///
/// # Errors
/// Where one can't be read or written, or there is no recipient; a file that is there is replaced only with `force`.
pub fn encrypt_secret(from: &Path, to: &Path, recipients: &Recipients, force: bool) -> Result<(), AppError> {
    if !force && to.symlink_metadata().is_ok() {
        return Err(VaultError::Exists(to.display().to_string()).into());
    }
    let plain = file::bytes(from).map_err(VaultError::from)?;
    let encrypted = age::encrypt(&plain, &recipients.of(to)?)?;
    Ok(write(to, &encrypted)?)
}

/// Decrypts files and encrypts each to the recipients given; gives none up before all could be decrypted.
///
/// # Errors
/// Where one can't be read, decrypted or written.
pub fn rekey_secret(paths: &[PathBuf], recipients: &Recipients, identity: Option<&Path>) -> Result<(), AppError> {
    let mut ready = Vec::new();
    for path in paths {
        let plain = age::decrypt(path, identity).map_err(VaultError::from)?;
        ready.push((path, age::encrypt(&plain, &recipients.of(path)?)?));
    }
    for (path, encrypted) in ready {
        write(path, &encrypted)?;
    }
    Ok(())
}

/// Lets the user edit an encrypted file, or a new one; says whether it was changed.
///
/// # Errors
/// Where it can't be read, decrypted or written, or the editor fails; nothing is changed then.
pub fn edit_secret(path: &Path, recipients: &Recipients, identity: Option<&Path>, editor: &str) -> Result<bool, AppError> {
    // Whoever edits for an hour should not hear then that there is nobody to encrypt it to.
    let recipients = recipients.of(path)?;
    let before = if path.exists() { age::decrypt(path, identity).map_err(VaultError::from)? } else { Vec::new() };
    age::encrypt(&before, &recipients)?;
    let after = edited(path, &before, editor)?;
    if after == before {
        return Ok(false);
    }
    write(path, &age::encrypt(&after, &recipients)?)?;
    Ok(true)
}

fn edited(path: &Path, before: &[u8], editor: &str) -> Result<Vec<u8>, AppError> {
    // In memory, where the system has such a place.
    let private = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
    let private = private.or_else(|| Some(PathBuf::from("/dev/shm")).filter(|folder| folder.is_dir())).unwrap_or_else(std::env::temp_dir);
    let cannot = |path: &Path, error| VaultError::Write { path: path.display().to_string(), error };
    let folder = tempfile::Builder::new().prefix("roundsman").tempdir_in(&private).map_err(|error| cannot(&private, error))?;
    // Its own name without `.age` says to the editor what it is.
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let plain = folder.path().join(name.strip_suffix(".age").filter(|name| !name.is_empty()).unwrap_or(&name));
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&plain).map_err(|error| cannot(&plain, error))?;
    file.write_all(before).map_err(|error| cannot(&plain, error))?;
    drop(file);
    // Ctrl-C is the editor's: the text must not stay behind because we went first.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| AppError::Machine { what: "the runtime can't be started", error })?;
    let entered = runtime.enter();
    let held = crate::app::interrupts()?;
    // An editor may be several words, as `code --wait`.
    let ended = Command::new("/bin/sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(&plain).status();
    drop((held, entered));
    let failed = |how: String| VaultError::Editor { editor: editor.to_owned(), how };
    let status = ended.map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        return Err(failed(status.to_string()).into());
    }
    Ok(std::fs::read(&plain)
        .map_err(|error| VaultError::from(Why::File { path: plain.display().to_string(), error: error.to_string() }))?)
}

/// Writes a file that only the user can read, all of it or nothing.
fn write(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || {
        let mut file = tempfile::Builder::new().prefix(".roundsman").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        std::fs::File::open(folder)?.sync_all()
    };
    written().map_err(|error| VaultError::Write { path: path.display().to_string(), error })
}
