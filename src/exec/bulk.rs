//! Files that are too large for a lane, on a channel of their own.
//!
//! Knows scripts and local paths, not what a playbook wanted with them. A file that the host has already is not sent.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::output::hex;
use crate::resource::{CopyPlan, RemoteFile, fetch_check_script, fetch_script};
use crate::text::{quote, quote_all};
use crate::transport::{BecomeUser, BulkEnd, End, GuardCheck, GuardKind, Invocation, Refusal, Session, ShellProgram};

/// A file's way to or from a host.
#[derive(Debug)]
pub(super) struct Bulk {
    /// Asked first.
    pub(super) guards: Vec<GuardCheck>,
    /// The folder that they are asked in.
    pub(super) cwd: Option<String>,
    /// Which way.
    pub(super) way: Way,
    /// For all of it.
    pub(super) timeout: Duration,
}

/// Which way a file goes.
#[derive(Debug)]
pub(super) enum Way {
    /// There.
    Up {
        /// The file there.
        target: CopyPlan,
        /// The bytes.
        from: Source,
    },
    /// Here.
    Down {
        /// The file there.
        src: String,
        /// Where it goes; its folder is made.
        to: PathBuf,
    },
}

/// Where bytes come from.
#[derive(Debug)]
pub(super) enum Source {
    /// A file here.
    File(PathBuf),
    /// A rendered text.
    Bytes(Vec<u8>),
}

/// How it went.
#[derive(Debug)]
pub(super) struct BulkResult {
    /// As a lane would say it.
    pub(super) end: End,
    /// What the scripts printed, a downloaded file's bytes not among it.
    pub(super) stdout: Vec<u8>,
    /// What they complained of.
    pub(super) stderr: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("{path}: {error}")]
    Local { path: String, error: std::io::Error },
    #[error("{path} changed while it was read")]
    Moved { path: String },
}

fn local(path: &Path) -> impl FnOnce(std::io::Error) -> Trouble + '_ {
    |error| Trouble::Local { path: path.display().to_string(), error }
}

/// Carries a file; never longer than its timeout.
pub(super) async fn carry(session: &Session, user: Option<&BecomeUser>, bulk: Bulk) -> BulkResult {
    let timeout = bulk.timeout;
    match tokio::time::timeout(timeout, carry_at_leisure(session, user, bulk)).await {
        Ok(Ok(result)) => result,
        Ok(Err(trouble)) => BulkResult { end: End::Exited(255), stdout: Vec::new(), stderr: trouble.to_string().into_bytes() },
        Err(_) => BulkResult { end: End::TimedOut, stdout: Vec::new(), stderr: Vec::new() },
    }
}

async fn carry_at_leisure(session: &Session, user: Option<&BecomeUser>, bulk: Bulk) -> Result<BulkResult, Trouble> {
    for (index, guard) in bulk.guards.iter().enumerate() {
        let text = format!("{}{}", cd(bulk.cwd.as_deref()), script_of(&guard.command));
        let code = session.upload(user, &text, tokio::io::empty()).await?.code;
        if (code == 0) == (guard.kind == GuardKind::Unless) {
            return Ok(BulkResult { end: End::Guarded { guard: index, code }, stdout: Vec::new(), stderr: Vec::new() });
        }
    }
    let end = match bulk.way {
        Way::Up { target, from } => up(session, user, &target, from).await?,
        Way::Down { src, to } => down(session, user, &src, to).await?,
    };
    Ok(BulkResult { end: End::Exited(end.code), stdout: end.stdout, stderr: end.stderr })
}

fn cd(folder: Option<&str>) -> String {
    folder.map_or_else(String::new, |folder| format!("CDPATH= cd -- {} || exit\n", quote(folder)))
}

fn script_of(command: &Invocation) -> String {
    match command {
        Invocation::Script(text) => text.clone(),
        Invocation::Args(args) => quote_all(args),
        Invocation::Text { text, shell: ShellProgram::Sh } => format!("set -e\n{text}"),
        Invocation::Text { text, shell: ShellProgram::Bash } => format!("exec bash -eo pipefail -c {}", quote(text)),
        Invocation::Text { text, shell: ShellProgram::Other(program) } => format!("exec {} -c {}", quote(program), quote(text)),
    }
}

async fn up(session: &Session, user: Option<&BecomeUser>, target: &CopyPlan, from: Source) -> Result<BulkEnd, Trouble> {
    let (size, sha256) = measure(&from).await?;
    let checked = session.upload(user, &target.check_script(size, &sha256), tokio::io::empty()).await?;
    if checked.code != 0 || !checked.stdout.starts_with(b"send") {
        return Ok(checked);
    }
    Ok(session.upload(user, &target.upload_script(size), open(&from).await?).await?)
}

async fn open(from: &Source) -> Result<Pin<Box<dyn AsyncRead + Send + '_>>, Trouble> {
    Ok(match from {
        Source::File(path) => Box::pin(File::open(path).await.map_err(local(path))?),
        Source::Bytes(bytes) => Box::pin(&bytes[..]),
    })
}

async fn measure(from: &Source) -> Result<(u64, String), Trouble> {
    let path = match from {
        Source::File(path) => path.as_path(),
        Source::Bytes(_) => Path::new("the text"),
    };
    let mut bytes = open(from).await?;
    let (mut digest, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let length = bytes.read(&mut buffer).await.map_err(local(path))?;
        if length == 0 {
            return Ok((size, hex(&digest.finalize())));
        }
        digest.update(&buffer[..length]);
        size += length as u64;
    }
}

async fn down(session: &Session, user: Option<&BecomeUser>, src: &str, to: PathBuf) -> Result<BulkEnd, Trouble> {
    let mut checked = session.upload(user, &fetch_check_script(src), tokio::io::empty()).await?;
    if checked.code != 0 {
        return Ok(checked);
    }
    let there = RemoteFile::parse(&String::from_utf8_lossy(&checked.stdout));
    checked.stdout.clear();
    if let Some(RemoteFile { sha256: Some(there), .. }) = &there
        && let Ok((_, here)) = measure(&Source::File(to.clone())).await
        && *there == here
    {
        return Ok(checked);
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), PathBuf::from);
    tokio::fs::create_dir_all(&folder).await.map_err(local(&folder))?;
    // Beside its target, so that the rename is one step and an interrupted download never looks like a file.
    let part = tempfile::Builder::new()
        .prefix(".roundsman-")
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(&folder)
        .map_err(local(&folder))?;
    let mut file = File::from_std(part.reopen().map_err(local(part.path()))?);
    let end = session.download(user, &fetch_script(src), &mut file).await?;
    if end.code != 0 {
        return Ok(end);
    }
    file.flush().await.map_err(local(&to))?;
    file.sync_all().await.map_err(local(&to))?;
    let (size, sha256) = measure(&Source::File(part.path().to_owned())).await?;
    // A file that grew while it was read is not what anybody asked for.
    if there.is_some_and(|there| there.size != size || there.sha256.is_some_and(|there| there != sha256)) {
        return Err(Trouble::Moved { path: src.to_owned() });
    }
    part.persist(&to).map_err(|error| Trouble::Local { path: to.display().to_string(), error: error.error })?;
    Ok(end)
}
