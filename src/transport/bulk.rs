//! Whole files, each over a channel of its own.
//!
//! The script travels ahead of the bytes on the channel's standard input, since no login shell passes every text unchanged:
//! a token line, the script's lines, the token line again, then the bytes. `read` takes no byte too many. The boot says the token on
//! both output streams before the script, so that what a login shell says is told from the script's own.
//!
//! Behind the bytes the input stays open. Its end before the script's says that the script is given up, or that the controller is gone, and a
//! *supervisor* beside the script ends its process group. So whoever gave it up and then hears its end knows what it did, and that
//! it does no more.
//! Knows nothing of paths or modes: the caller's script says what becomes of the bytes. Memory stays bounded.

use std::future::Future;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::channel::{Channel, Output};
use super::lane_api::{Refusal, RefusalClass};
use super::random;
use crate::text::quote;

/// How a script on a channel of its own ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkEnd {
    /// Its exit code, 128 + N after signal N.
    pub code: i32,
    /// Its standard output (of an upload), at most 64 KiB.
    pub stdout: Vec<u8>,
    /// Its standard error, at most 64 KiB.
    pub stderr: Vec<u8>,
}

impl BulkEnd {
    /// The end of a script that never had its bytes.
    pub(super) fn given_up() -> BulkEnd {
        BulkEnd { code: 128 + 15, stdout: Vec::new(), stderr: Vec::new() }
    }
}

const KEPT: usize = 64 * 1024;
/// The mark in front of it.
const MARK: usize = 33;
/// One read; each of a local file is handed to another thread and back.
const COPY: usize = 128 * 1024;
/// Seconds from TERM to KILL.
const TERM_GRACE: u32 = 5;

/// Writes the boot of a bulk channel: it reads the script and runs it. Without `'`, `!`, `\` and newline, as a lane's.
pub(super) fn boot(opening: &str) -> String {
    format!(
        "{opening}n=$(echo; echo .); n=${{n%.}}; LC_ALL=C; s=; IFS= read -r t || exit 126; echo $t; echo $t >&2; \
         while IFS= read -r l || exit 126; do test \"$l\" = \"$t\" && break; s=\"$s$l$n\"; done; eval \"$s\""
    )
}

/// Bytes for a script, and how many.
#[derive(Debug)]
pub struct Bytes<R> {
    /// Where they are read; what is behind `size` is left.
    pub from: R,
    /// So many; where there are fewer, the script is ended.
    pub size: u64,
}

impl Bytes<tokio::io::Empty> {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Bytes { from: tokio::io::empty(), size: 0 }
    }
}

impl<'a> Bytes<&'a [u8]> {
    /// These.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Bytes { from: bytes, size: bytes.len() as u64 }
    }
}

/// Runs `script` with `bytes` on its standard input. Once `given_up` ends, so does the script, by itself or by a signal; what had not been
/// handed over by then never is, and then its end is not waited for.
pub(super) async fn upload(
    channel: Channel,
    script: &str,
    bytes: Bytes<impl AsyncRead + Send + Unpin>,
    given_up: impl Future<Output = ()> + Send,
) -> Result<BulkEnd, Refusal> {
    let Channel { mut stdin, stdout, stderr, exit, slot: _slot } = channel;
    let token = token()?;
    let head = head(script, &token, bytes.size);
    let feed = async move {
        let mut left = bytes.size;
        let mut bytes = bytes.from.take(bytes.size);
        let mut buffer = vec![0; COPY];
        // A script that ends without reading everything closes the pipe; its exit code says what it thinks of that.
        if stdin.write_all(&head).await.is_err() {
            return Ok(None);
        }
        while left > 0 {
            match bytes.read(&mut buffer).await {
                Ok(0) => {
                    let message = format!("what is to be sent ends {left} bytes too early: did it change meanwhile?");
                    return Err(Refusal { class: RefusalClass::Local, message });
                }
                Ok(count) => {
                    if stdin.write_all(&buffer[..count]).await.is_err() {
                        return Ok(None);
                    }
                    left = left.saturating_sub(count as u64);
                }
                Err(error) => {
                    return Err(Refusal { class: RefusalClass::Local, message: format!("cannot read what is to be sent: {error}") });
                }
            }
        }
        let _ = stdin.flush().await;
        Ok(Some(stdin))
    };
    let drain = async {
        let (stdout, stderr) = tokio::join!(keep(stdout), keep(stderr));
        (stdout, stderr, exit.await)
    };
    tokio::pin!(feed, drain, given_up);
    // A script that ends early must not wait for a reader of ours that is slow.
    let (stdout, stderr, exit) = tokio::select! {
        fed = &mut feed => {
            let stdin = fed?;
            if stdin.is_none() {
                drain.await
            } else {
                tokio::select! {
                    drained = &mut drain => drained,
                    () = &mut given_up => {
                        drop(stdin);
                        drain.await
                    }
                }
            }
        }
        drained = &mut drain => drained,
        () = &mut given_up => return Ok(BulkEnd::given_up()),
    };
    let (stdout, stderr) = (own(stdout, &token), own(stderr, &token));
    Ok(BulkEnd { code: code(exit, &stderr)?, stdout, stderr })
}

/// Runs `script` with an empty standard input and writes its standard output to `sink`. Where this is dropped, the script ends.
pub(super) async fn download(channel: Channel, script: &str, sink: &mut (impl AsyncWrite + Send + Unpin)) -> Result<BulkEnd, Refusal> {
    let Channel { mut stdin, mut stdout, stderr, exit, slot: _slot } = channel;
    let token = token()?;
    let head = head(script, &token, 0);
    let mark = format!("{token}\n").into_bytes();
    let copy = async {
        let _ = stdin.write_all(&head).await;
        let _ = stdin.flush().await;
        let mut buffer = vec![0; COPY];
        // What comes before the mark; none behind it.
        let mut ahead = Some(Vec::new());
        loop {
            let count = stdout.read(&mut buffer).await.unwrap_or(0);
            if count == 0 {
                break;
            }
            match &mut ahead {
                None => sink.write_all(&buffer[..count]).await?,
                Some(seen) => {
                    seen.extend_from_slice(&buffer[..count]);
                    if let Some(at) = find(seen, &mark) {
                        sink.write_all(&seen[at + mark.len()..]).await?;
                        ahead = None;
                    } else {
                        seen.drain(..seen.len().saturating_sub(mark.len()));
                    }
                }
            }
        }
        sink.flush().await
    };
    // A sink that takes no more ends it at once, whatever else the host has to say.
    let (_, stderr) = tokio::try_join!(copy, async { Ok(keep(stderr).await) })
        .map_err(|error: std::io::Error| Refusal { class: RefusalClass::Local, message: format!("cannot write what came: {error}") })?;
    let stderr = own(stderr, &token);
    let exit = exit.await;
    drop(stdin);
    Ok(BulkEnd { code: code(exit, &stderr)?, stdout: Vec::new(), stderr })
}

fn token() -> Result<String, Refusal> {
    random::hex(16).map_err(|error| Refusal { class: RefusalClass::Local, message: format!("no random bytes: {error}") })
}

/// The script with its supervisor, which hands on so many bytes, then waits for the end of the input, and sends the group TERM, later
/// KILL. It says its process id first, by which it is ended with the script; it waits in a program of its own, since mksh keeps a pipe that
/// `exec >` leaves. What shells say of ends goes nowhere: the script has the channel's standard error as 4.
fn head(script: &str, token: &str, size: u64) -> Vec<u8> {
    let script = quote(script);
    format!(
        "{token}
s={script}
trap : TERM
exec 4>&2 2>/dev/null
{{ trap '' TERM; exec /bin/sh -c 'echo $$; head -c {size}; exec /bin/sh -c \"\
while IFS= read -r l; do :; done; kill -TERM 0; sleep {TERM_GRACE}; kill -KILL 0\" >/dev/null' 4>&-; }} | {{ trap : TERM; IFS= read -r w
( trap - TERM; eval \"$s\" ) 2>&4 4>&-
c=$?; kill -KILL \"$w\"; exit $c; }}
{token}
"
    )
    .into_bytes()
}

/// The part behind the boot's mark; all of it where the boot never ran.
fn own(mut output: Vec<u8>, token: &str) -> Vec<u8> {
    let mark = format!("{token}\n");
    if let Some(at) = find(&output, mark.as_bytes()) {
        output.drain(..at + mark.len());
    }
    output
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn code(code: Option<i32>, stderr: &[u8]) -> Result<i32, Refusal> {
    code.ok_or_else(|| {
        let words = String::from_utf8_lossy(stderr).trim().to_owned();
        let message = if words.is_empty() { "the connection was lost".to_owned() } else { words };
        Refusal { class: RefusalClass::Network, message }
    })
}

/// Reads a stream to its end and keeps its first part.
async fn keep(mut stream: Output) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = vec![0; 8192];
    loop {
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => {
                let room = (KEPT + MARK).saturating_sub(kept.len()).min(count);
                kept.extend_from_slice(&buffer[..room]);
            }
            _ => return kept,
        }
    }
}
