//! Whole files, each over a channel of its own.
//!
//! The script travels ahead of the bytes on the channel's standard input, since no login shell passes every text unchanged:
//! a token line, the script's lines, the token line again, then the bytes. `read` takes no byte too many. The boot says the token on
//! both output streams before the script, so that what a login shell says is told from the script's own.
//!
//! Behind the bytes the input stays open until the script's end, which a mark on standard error says: a program between may wait for the
//! end of what it hands on. An end of the input before that says that the script is given up, or that the controller is gone, and a
//! *supervisor* beside the script ends its process group. So whoever gave it up and then hears its end knows what it did, and that
//! it does no more.
//! Knows nothing of paths or modes: the caller's script says what becomes of the bytes. Memory stays bounded.

use std::future::Future;
use std::io::Cursor;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::oneshot;

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
/// The code in the mark of the end, and its newline.
const CODE: usize = 4;
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
    /// Where they are read, from the beginning; what is behind `size` is left.
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

impl<'a> Bytes<Cursor<&'a [u8]>> {
    /// These.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Bytes { from: Cursor::new(bytes), size: bytes.len() as u64 }
    }
}

/// Runs `script` with `bytes` on its standard input. Once `given_up` ends, so does the script, by itself or by a signal; what had not been
/// handed over by then never is, and then its end is not waited for. None where the channel was closed before anything ran on it.
pub(super) async fn upload(
    channel: Channel,
    script: &str,
    bytes: Bytes<impl AsyncRead + Send + Unpin>,
    given_up: impl Future<Output = ()> + Send,
) -> Result<Option<BulkEnd>, Refusal> {
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
    let (over, mut is_over) = oneshot::channel();
    let drain = async {
        let (stdout, stderr) = tokio::join!(keep(stdout), heard(stderr, &token, over));
        (stdout, stderr, exit.await)
    };
    tokio::pin!(drain, given_up);
    let mut feed = Box::pin(feed);
    // A script that ends early must not wait for a reader of ours that is slow.
    let fed = tokio::select! {
        fed = &mut feed => fed?,
        _ = &mut is_over => None,
        drained = &mut drain => return ended(drained, &token),
        () = &mut given_up => return Ok(Some(BulkEnd::given_up())),
    };
    drop(feed);
    if let Some(stdin) = fed {
        tokio::select! {
            drained = &mut drain => return ended(drained, &token),
            _ = is_over => {}
            () = given_up => {}
        }
        drop(stdin);
    }
    ended(drain.await, &token)
}

/// Runs `script` with an empty standard input and writes its standard output to `sink`. Where this is dropped, the script ends. None where
/// the channel was closed before anything ran on it.
pub(super) async fn download(
    channel: Channel,
    script: &str,
    sink: &mut (impl AsyncWrite + Send + Unpin),
) -> Result<Option<BulkEnd>, Refusal> {
    let Channel { mut stdin, mut stdout, stderr, exit, slot: _slot } = channel;
    let token = token()?;
    let head = head(script, &token, 0);
    let mark = format!("{token}\n").into_bytes();
    let (over, is_over) = oneshot::channel();
    let feed = async {
        let _ = stdin.write_all(&head).await;
        let _ = stdin.flush().await;
        let _ = is_over.await;
        drop(stdin);
        Ok(())
    };
    let copy = async {
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
        sink.flush().await?;
        Ok(ahead.is_none_or(|seen| !seen.is_empty()))
    };
    // A sink that takes no more ends it at once, whatever else the host has to say.
    let (spoke, (), stderr) = tokio::try_join!(copy, feed, async { Ok(heard(stderr, &token, over).await) })
        .map_err(|error: std::io::Error| Refusal { class: RefusalClass::Local, message: format!("cannot write what came: {error}") })?;
    match exit.await {
        None if !spoke && stderr.kept.is_empty() => Ok(None),
        exit => end((Vec::new(), stderr, exit), &token).map(Some),
    }
}

/// How an upload's channel ended; none where it ended before anything ran on it: a boot's first act is to say the token on both streams.
fn ended((stdout, stderr, exit): (Vec<u8>, Heard, Option<i32>), token: &str) -> Result<Option<BulkEnd>, Refusal> {
    if exit.is_none() && stdout.is_empty() && stderr.kept.is_empty() {
        return Ok(None);
    }
    end((stdout, stderr, exit), token).map(Some)
}

/// What a channel said and how it ended. The code that the script's end was said with is right where a program between has another.
fn end((stdout, stderr, exit): (Vec<u8>, Heard, Option<i32>), token: &str) -> Result<BulkEnd, Refusal> {
    let (stdout, said) = (own(stdout, token), own(stderr.kept, token));
    let Some(exit) = exit else {
        let words = String::from_utf8_lossy(&said).trim().to_owned();
        let message = if words.is_empty() { "the connection was lost".to_owned() } else { words };
        return Err(Refusal { class: RefusalClass::Network, message });
    };
    Ok(BulkEnd { code: stderr.code.unwrap_or(exit), stdout, stderr: said })
}

fn token() -> Result<String, Refusal> {
    random::hex(16).map_err(|error| Refusal { class: RefusalClass::Local, message: format!("no random bytes: {error}") })
}

/// The script with its supervisor, which hands on so many bytes, then waits for the end of the input, and sends the group TERM, later
/// KILL. It says its process id first, by which it is ended with the script; it waits in a program of its own, since mksh keeps a pipe that
/// `exec >` leaves. Once it is gone the script's end is said, with its code. What shells say of ends goes nowhere: the channel's standard
/// error is 4.
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
c=$?; kill -KILL \"$w\"; echo \"{token} $c\" >&4; exit $c; }}
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

/// Reads a stream to its end and keeps its first part.
async fn keep(mut stream: Output) -> Vec<u8> {
    let (mut kept, mut buffer) = (Vec::new(), vec![0; 8192]);
    while let Some(count) = some(stream.read(&mut buffer).await) {
        add(&mut kept, &buffer[..count]);
    }
    kept
}

/// A channel's standard error.
struct Heard {
    /// Its first part, without the mark of the script's end.
    kept: Vec<u8>,
    /// The code that the mark says.
    code: Option<i32>,
}

/// Reads standard error to its end, and drops `over` when the script's end is said, at the latest with the stream's.
async fn heard(mut stream: Output, token: &str, over: oneshot::Sender<()>) -> Heard {
    let (mut kept, mut buffer) = (Vec::new(), vec![0; 8192]);
    let mark = format!("{token} ").into_bytes();
    let (mut code, mut over) = (None, Some(over));
    // What may be the mark's beginning.
    let mut held = Vec::new();
    while let Some(count) = some(stream.read(&mut buffer).await) {
        held.extend_from_slice(&buffer[..count]);
        let mut plain = held.len();
        if code.is_none() {
            // Not the whole of a mark and its code.
            plain = plain.saturating_sub(mark.len() + CODE);
            if let Some(at) = find(&held, &mark) {
                plain = at;
                let behind = at + mark.len();
                match held[behind..].iter().take(CODE).position(|byte| *byte == b'\n') {
                    Some(length) => {
                        code = std::str::from_utf8(&held[behind..behind + length]).ok().and_then(|code| code.parse().ok());
                        held.drain(at..=behind + length);
                        plain = held.len();
                        drop(over.take());
                    }
                    // No mark of ours, and not to be held for ever.
                    None if held.len() >= behind + CODE => plain = held.len(),
                    None => {}
                }
            }
        }
        add(&mut kept, &held[..plain]);
        held.drain(..plain);
    }
    add(&mut kept, &held);
    Heard { kept, code }
}

fn some(read: std::io::Result<usize>) -> Option<usize> {
    read.ok().filter(|count| *count > 0)
}

fn add(kept: &mut Vec<u8>, bytes: &[u8]) {
    let room = (KEPT + MARK).saturating_sub(kept.len()).min(bytes.len());
    kept.extend_from_slice(&bytes[..room]);
}
