//! Whole files, each over a channel of its own.
//!
//! The script travels ahead of the bytes on the channel's standard input, since no login shell passes every text unchanged:
//! a token line, the script's lines, the token line again, then the bytes. `read` takes no byte too many.
//! Knows nothing of paths or modes: the caller's script says what becomes of the bytes. Memory stays bounded.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::channel::{Channel, Output};
use super::lane_api::{Refusal, RefusalClass};
use super::random;

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

const KEPT: usize = 64 * 1024;
const COPY: usize = 64 * 1024;

/// Writes the boot of a bulk channel: it reads the script and runs it. Without `'`, `!`, `\` and newline, as a lane's.
pub(super) fn boot(announce: Option<&str>) -> String {
    let announce = announce.map(|line| format!("echo {line} >&2; ")).unwrap_or_default();
    format!(
        "{announce}n=$(echo; echo .); n=${{n%.}}; LC_ALL=C; s=; IFS= read -r t || exit 126; \
         while IFS= read -r l || exit 126; do test \"$l\" = \"$t\" && break; s=\"$s$l$n\"; done; eval \"$s\""
    )
}

/// Runs `script` with `bytes` on its standard input.
pub(super) async fn upload(channel: Channel, script: &str, bytes: impl AsyncRead + Send + Unpin) -> Result<BulkEnd, Refusal> {
    let Channel { mut stdin, stdout, stderr, exit, slot: _slot } = channel;
    let head = head(script)?;
    let feed = async move {
        let mut bytes = bytes;
        let mut buffer = vec![0; COPY];
        // A script that ends without reading everything closes the pipe; its exit code says what it thinks of that.
        if stdin.write_all(&head).await.is_err() {
            return Ok(());
        }
        loop {
            match bytes.read(&mut buffer).await {
                Ok(0) => break,
                Ok(count) => {
                    if stdin.write_all(&buffer[..count]).await.is_err() {
                        break;
                    }
                }
                Err(error) => {
                    return Err(Refusal { class: RefusalClass::Local, message: format!("cannot read what is to be sent: {error}") });
                }
            }
        }
        let _ = stdin.shutdown().await;
        Ok(())
    };
    let drain = async { tokio::join!(keep(stdout), keep(stderr), exit) };
    tokio::pin!(feed, drain);
    // A script that ends early must not wait for a reader of ours that is slow.
    let (stdout, stderr, exit) = tokio::select! {
        fed = &mut feed => {
            fed?;
            drain.await
        }
        drained = &mut drain => drained,
    };
    Ok(BulkEnd { code: code(exit.ok().flatten(), &stderr)?, stdout, stderr })
}

/// Runs `script` with an empty standard input and writes its standard output to `sink`.
pub(super) async fn download(channel: Channel, script: &str, sink: &mut (impl AsyncWrite + Send + Unpin)) -> Result<BulkEnd, Refusal> {
    let Channel { mut stdin, mut stdout, stderr, exit, slot: _slot } = channel;
    let head = head(script)?;
    let copy = async move {
        let _ = stdin.write_all(&head).await;
        let _ = stdin.shutdown().await;
        drop(stdin);
        let mut buffer = vec![0; COPY];
        loop {
            let count = stdout.read(&mut buffer).await.unwrap_or(0);
            if count == 0 {
                break;
            }
            sink.write_all(&buffer[..count]).await?;
        }
        sink.flush().await
    };
    let (copied, stderr, exit) = tokio::join!(copy, keep(stderr), exit);
    copied.map_err(|error: std::io::Error| Refusal { class: RefusalClass::Local, message: format!("cannot write what came: {error}") })?;
    Ok(BulkEnd { code: code(exit.ok().flatten(), &stderr)?, stdout: Vec::new(), stderr })
}

fn head(script: &str) -> Result<Vec<u8>, Refusal> {
    let token = random::hex(16).map_err(|error| Refusal { class: RefusalClass::Local, message: format!("no random bytes: {error}") })?;
    Ok(format!("{token}\n{script}\n{token}\n").into_bytes())
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
                let room = KEPT.saturating_sub(kept.len()).min(count);
                kept.extend_from_slice(&buffer[..room]);
            }
            _ => return kept,
        }
    }
}
