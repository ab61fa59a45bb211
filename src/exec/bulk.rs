//! Files that are too large for a lane, on a channel of their own.
//!
//! Knows scripts and local paths, not what a playbook wanted with them. A file that the host has already is not sent.
//! What is given up is asked to end on the host, and its end is heard: from then on nothing there changes because of it.

mod guards;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Notify, watch};

use super::local_files::{LocalFile, measure, measure_file};
use crate::resource::{CopyPlan, RemoteFile, UnarchivePlan, fetch_check_script, fetch_script};
use crate::text::quote;
use crate::transport::{BecomeUser, BulkEnd, Bytes, End, Refusal, RefusalClass, Request, Session};

/// How long the host may take to end what was given up; there it is TERM, five seconds later KILL. A link that is gone is known sooner.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file's way to or from a host.
#[derive(Debug)]
pub(super) struct Bulk {
    /// Asked first, on a lane: a request whose own command does nothing.
    pub(super) guards: Option<Box<Request>>,
    /// The folder that its paths start from.
    pub(super) cwd: Option<String>,
    /// The file creation mask.
    pub(super) umask: Option<u32>,
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
        /// What is made of it.
        target: Target,
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

/// What a host makes of the bytes that it gets.
#[derive(Debug)]
pub(super) enum Target {
    /// A file.
    Copy(CopyPlan),
    /// What they are an archive of.
    Unarchive {
        /// Where it is unpacked, and how.
        plan: UnarchivePlan,
        /// A part of a temporary file's name that nobody can guess.
        token: String,
    },
}

impl Target {
    /// Says `send` where the bytes must be sent.
    fn check_script(&self, size: u64, sha256: &str) -> String {
        match self {
            Target::Copy(plan) => plan.check_script(size, sha256),
            Target::Unarchive { plan, .. } => plan.check_script(size, sha256),
        }
    }

    /// Reads them from its standard input.
    fn upload_script(&self, size: u64, sha256: &str) -> String {
        match self {
            Target::Copy(plan) => plan.upload_script(size),
            Target::Unarchive { plan, token } => plan.upload_script(size, sha256, token),
        }
    }
}

/// Where bytes come from.
#[derive(Debug)]
pub(super) enum Source {
    /// A file here.
    File(Arc<LocalFile>),
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
    /// What kept it from being carried, where the file had no part in that.
    pub(super) trouble: Trouble,
}

/// What a session has to do with an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing.
    None,
    /// The link seems to be gone.
    Link,
    /// There was no channel.
    Full,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("{path}: {error}")]
    Local { path: String, error: std::io::Error },
    #[error("{path} changed while it was read")]
    Moved { path: String },
    #[error("the host said what can't be understood of {path}")]
    Unclear { path: String },
    #[error("{path} has {size} bytes, and there is room for {room} in {folder}")]
    Room { path: String, size: u64, room: u64, folder: String },
    #[error("it was given up")]
    Over,
}

fn local(path: &Path) -> impl FnOnce(std::io::Error) -> Failure + '_ {
    |error| Failure::Local { path: path.display().to_string(), error }
}

/// Carries a file until its timeout, or until `given_up`.
pub(super) async fn carry(session: &Session, user: Option<&BecomeUser>, bulk: Bulk, given_up: &Notify) -> BulkResult {
    let timeout = bulk.timeout;
    let result = |end, stderr, trouble| BulkResult { end, stdout: Vec::new(), stderr, trouble };
    let over = watch::Sender::new(false);
    let way = Carrier { session, user, over: over.subscribe() };
    let carried = way.carry(bulk);
    tokio::pin!(carried);
    let (carried, why) = tokio::select! {
        carried = &mut carried => (carried, None),
        () = tokio::time::sleep(timeout) => (end(&over, carried).await, Some(End::TimedOut { guard: None })),
        () = given_up.notified() => (end(&over, carried).await, Some(End::Terminated)),
    };
    match (carried, why) {
        // It may have been done before it heard.
        (Ok(Carried { result, done }), why) if done || why.is_none() => result,
        (Err(failure), why) => {
            let trouble = match &failure {
                Failure::Refused(refusal) if refusal.class == RefusalClass::Network => Trouble::Link,
                Failure::Refused(refusal) if refusal.class == RefusalClass::Full => Trouble::Full,
                _ => Trouble::None,
            };
            match why {
                None => result(End::Exited(255), failure.to_string().into_bytes(), trouble),
                Some(why) => result(why, Vec::new(), if trouble == Trouble::Link { trouble } else { Trouble::None }),
            }
        }
        (Ok(_), why) => result(why.unwrap_or(End::Terminated), Vec::new(), Trouble::None),
    }
}

/// Says that it is over, and waits for what became of it.
async fn end(over: &watch::Sender<bool>, carried: impl Future<Output = Result<Carried, Failure>>) -> Result<Carried, Failure> {
    over.send_replace(true);
    tokio::time::timeout(PATIENCE, carried).await.unwrap_or(Err(Failure::Over))
}

/// How it went, and whether the host has nothing left to do.
struct Carried {
    result: BulkResult,
    done: bool,
}

impl Carried {
    fn new(end: End, stdout: Vec<u8>, stderr: Vec<u8>) -> Carried {
        let done = end == End::Exited(0);
        Carried { result: BulkResult { end, stdout, stderr, trouble: Trouble::None }, done }
    }
}

/// A way to a host, until it is over.
struct Carrier<'a> {
    session: &'a Session,
    user: Option<&'a BecomeUser>,
    over: watch::Receiver<bool>,
}

impl Carrier<'_> {
    fn over(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut over = self.over.clone();
        async move {
            if over.wait_for(|over| *over).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Does what changes nothing on the host: where it is over, it is dropped, which ends it there.
    async fn unless_over<T, E: Into<Failure>>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, Failure> {
        tokio::select! {
            done = work => done.map_err(Into::into),
            () = self.over() => Err(Failure::Over),
        }
    }

    /// Runs a script; one that is given up is heard to its end.
    async fn run(&self, script: &str, bytes: Bytes<impl AsyncRead + AsyncSeek + Send + Unpin>) -> Result<BulkEnd, Failure> {
        Ok(self.session.upload(self.user, script, bytes, self.over()).await?)
    }

    async fn carry(&self, bulk: Bulk) -> Result<Carried, Failure> {
        if let Some(guards) = bulk.guards {
            let (end, stderr) = self.unless_over(guards::ask(self.session, self.user, &guards)).await?;
            if end != End::Exited(0) {
                return Ok(Carried::new(end, Vec::new(), stderr));
            }
        }
        let prelude = prelude(bulk.cwd.as_deref(), bulk.umask);
        let end = match bulk.way {
            Way::Up { target, from } => self.up(&prelude, &target, from).await?,
            Way::Down { src, to } => self.unless_over(self.down(&prelude, &src, to)).await?,
        };
        Ok(Carried::new(End::Exited(end.code), end.stdout, end.stderr))
    }

    async fn up(&self, prelude: &str, target: &Target, from: Source) -> Result<BulkEnd, Failure> {
        let (size, sha256) = self.unless_over(known(&from)).await?;
        let checked = self.run(&(prelude.to_owned() + &target.check_script(size, &sha256)), Bytes::none()).await?;
        if checked.code != 0 || !checked.stdout.starts_with(b"send") {
            return Ok(checked);
        }
        if *self.over.borrow() {
            return Err(Failure::Over);
        }
        // A log, say, that grew meanwhile goes as it was when it was measured.
        let script = prelude.to_owned() + &target.upload_script(size, &sha256);
        match &from {
            Source::File(file) => {
                let from = File::open(&file.path).await.map_err(local(&file.path))?;
                self.run(&script, Bytes { from, size }).await
            }
            Source::Bytes(bytes) => self.run(&script, Bytes::of(bytes)).await,
        }
    }

    async fn down(&self, prelude: &str, src: &str, to: PathBuf) -> Result<BulkEnd, Failure> {
        let mut checked = self.run(&(prelude.to_owned() + &fetch_check_script(src)), Bytes::none()).await?;
        if checked.code != 0 {
            return Ok(checked);
        }
        let Some(there) = RemoteFile::parse(&String::from_utf8_lossy(&checked.stdout)) else {
            return Err(Failure::Unclear { path: src.to_owned() });
        };
        checked.stdout.clear();
        if let Some(there) = &there.sha256
            && let Ok((_, here)) = measure_file(&to).await
            && *there == here
        {
            return Ok(checked);
        }
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), PathBuf::from);
        tokio::fs::create_dir_all(&folder).await.map_err(local(&folder))?;
        let room = room(&folder).map_err(local(&folder))?;
        if there.size > room {
            return Err(Failure::Room { path: src.to_owned(), size: there.size, room, folder: folder.display().to_string() });
        }
        // Beside its target, so that the rename is one step and an interrupted download never looks like a file.
        let part = tempfile::Builder::new()
            .prefix(".roundsman-")
            .permissions(std::fs::Permissions::from_mode(0o666))
            .tempfile_in(&folder)
            .map_err(local(&folder))?;
        let file = File::from_std(part.reopen().map_err(local(part.path()))?);
        let mut file = Bounded { file, left: there.size, overrun: false };
        let end = self.session.download(self.user, &(prelude.to_owned() + &fetch_script(src)), &mut file).await;
        if file.overrun {
            return Err(Failure::Moved { path: src.to_owned() });
        }
        let (end, mut file) = (end?, file.file);
        if end.code != 0 {
            return Ok(end);
        }
        file.flush().await.map_err(local(&to))?;
        file.sync_all().await.map_err(local(&to))?;
        let (size, sha256) = measure_file(part.path()).await.map_err(local(part.path()))?;
        // A file that grew while it was read is not what anybody asked for.
        if there.size != size || there.sha256.is_some_and(|there| there != sha256) {
            return Err(Failure::Moved { path: src.to_owned() });
        }
        part.persist(&to).map_err(|error| Failure::Local { path: to.display().to_string(), error: error.error })?;
        Ok(end)
    }
}

/// What a script on a channel of its own needs to be as one on a lane.
fn prelude(folder: Option<&str>, umask: Option<u32>) -> String {
    let umask = umask.map_or_else(String::new, |umask| format!("umask {umask:04o} || exit\n"));
    let folder =
        folder.map_or_else(String::new, |folder| format!("CDPATH= cd -- {} || exit\n", quote(if folder == "-" { "./-" } else { folder })));
    umask + &folder
}

/// The size of what is to be sent, and its digest.
async fn known(from: &Source) -> Result<(u64, String), Failure> {
    match from {
        Source::File(file) => {
            let measured = file.measured().await.map_err(local(&file.path))?.clone();
            file.check(&measured.1).map_err(local(&file.path))?;
            Ok(measured)
        }
        Source::Bytes(bytes) => measure(&mut &bytes[..]).await.map_err(local(Path::new("the text"))),
    }
}

/// A file that takes no more than was announced: a host that goes on for ever fills no disk.
struct Bounded {
    file: File,
    left: u64,
    overrun: bool,
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        if bytes.len() as u64 > self.left {
            self.overrun = true;
            return Poll::Ready(Err(std::io::Error::other("more than was announced")));
        }
        let written = Pin::new(&mut self.file).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.left -= count as u64;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.file).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.file).poll_shutdown(context)
    }
}

/// How many bytes its filesystem has left for us.
fn room(folder: &Path) -> std::io::Result<u64> {
    let there = rustix::fs::statvfs(folder)?;
    Ok(there.f_bavail.saturating_mul(there.f_frsize))
}
