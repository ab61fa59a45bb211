//! One ssh master: a foreground child of ours that holds the connection, and the channels on it.
//!
//! The `openssh` crate speaks to it over its control socket. Exit codes of channels come in band from lanes; those of bulk channels from the
//! master. Must not know what runs in a channel. Dropping the last handle ends the master.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssh::{Session, Stdio};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use super::classify::{classify, last_words};
use super::hub::Shared;
use super::started::Started;
use crate::transport::channel::Channel;
use crate::transport::lane_api::{Refusal, RefusalClass};
use crate::transport::process::exit_code;
use crate::transport::random;

/// Between two looks at a control socket to come.
const LOOK: Duration = Duration::from_millis(8);
/// ssh has the same budget as its `ConnectTimeout`, and is to say in its own words that it is over.
const LAST_WORDS: Duration = Duration::from_millis(700);
/// How often a refused channel is asked for again; sshd frees the slots of ended ones late.
const CHANNEL_TRIES: u32 = 7;
/// Milliseconds that a master may take to end on TERM before it is told again: an OpenSSH client (9.2 here) that is about to wait for news does not
/// notice a signal until some come. Each time twice as long, and KILL after the last.
pub(super) const PATIENCE: [u64; 5] = [100, 200, 400, 800, 1600];

/// A server may say so much before anybody is let in; it may say it for as long as it likes, and the file is on our disk.
const MOST_WORDS: u64 = 1024 * 1024;
/// So much of the end of what it said is looked at.
const WORDS: u64 = 64 * 1024;

#[derive(Debug)]
pub(in crate::transport) struct Master {
    session: Arc<Session>,
    pub(super) socket: PathBuf,
    state: watch::Receiver<State>,
    /// Dropping it ends the master.
    stop: Mutex<Option<oneshot::Sender<()>>>,
    _shared: Arc<Shared>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Up,
    Lost(String),
    Closed,
}

impl Master {
    /// Waits until a started master has its session; `budget` counts from the call.
    pub(super) async fn attach(
        mut child: Started,
        socket: PathBuf,
        log: PathBuf,
        budget: Duration,
        shared: Arc<Shared>,
    ) -> Result<Master, Refusal> {
        let session = Session::resume_mux(socket.clone().into_boxed_path(), None);
        let deadline = Instant::now() + budget + LAST_WORDS;
        loop {
            // ssh binds it under another name, listens, and renames it when the session is there.
            if socket.exists() {
                break;
            }
            tokio::select! {
                code = child.wait() => {
                    let otherwise = format!("ssh ended with exit code {} and said nothing", code.unwrap_or(-1));
                    return Err(classify(&read(&log).await, &otherwise));
                }
                () = sleep(LOOK) => {}
            }
            if log.metadata().is_ok_and(|log| log.len() > MOST_WORDS) {
                end(&mut child).await;
                let message = format!("it says more than {MOST_WORDS} bytes before it lets anybody in");
                return Err(Refusal { class: RefusalClass::Banner, message });
            }
            if Instant::now() >= deadline {
                end(&mut child).await;
                let seconds = budget.as_secs_f32();
                let words = last_words(&read(&log).await).map(|words| format!(": {words}")).unwrap_or_default();
                let message = format!("no session within {seconds} s{words}");
                return Err(Refusal { class: RefusalClass::Timeout, message });
            }
        }
        let (stop, stopped) = oneshot::channel();
        let (news, state) = watch::channel(State::Up);
        let socket_file = socket.clone();
        tokio::spawn(async move {
            let state = tokio::select! {
                _ = child.wait() => {
                    let words = last_words(&read(&log).await);
                    State::Lost(words.unwrap_or_else(|| "the connection was lost".to_owned()))
                }
                _ = stopped => {
                    end(&mut child).await;
                    State::Closed
                }
            };
            let _ = std::fs::remove_file(socket_file);
            news.send_replace(state);
        });
        Ok(Master { session: Arc::new(session), socket, state, stop: Mutex::new(Some(stop)), _shared: shared })
    }

    /// True while it has its connection.
    pub(super) fn is_up(&self) -> bool {
        *self.state.borrow() == State::Up
    }

    /// Starts a command on a new channel.
    pub(in crate::transport) async fn channel(&self, command: &str) -> Result<Channel, Refusal> {
        let mut pause = Duration::from_millis(40);
        let mut tries = 0;
        loop {
            let mut remote = Session::to_raw_command(Arc::clone(&self.session), command);
            let started = remote.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().await;
            let error = match started {
                Ok(child) => return channel(child),
                Err(error) => error,
            };
            if !self.is_up()
                && let Some(reason) = self.reason().await
            {
                return Err(Refusal { class: RefusalClass::Network, message: reason });
            }
            tries += 1;
            if tries >= CHANNEL_TRIES {
                return Err(Refusal { class: RefusalClass::Full, message: format!("no further channel: {}", chain(&error)) });
            }
            sleep(pause + Duration::from_millis(random::below(40))).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// Waits for the loss of the connection, without keeping it open.
    pub(in crate::transport) fn lost(&self) -> impl Future<Output = String> + Send + 'static {
        let mut state = self.state.clone();
        async move {
            let lost = state.wait_for(|state| matches!(state, State::Lost(_))).await.ok().map(|state| state.clone());
            match lost {
                Some(State::Lost(reason)) => reason,
                _ => std::future::pending().await,
            }
        }
    }

    /// Why the connection is gone; none while it is there, or when we closed it. Waits a moment, since channels end before their master.
    pub(in crate::transport) async fn reason(&self) -> Option<String> {
        let mut state = self.state.clone();
        let gone = timeout(Duration::from_millis(300), state.wait_for(|state| *state != State::Up)).await.ok()?.ok()?.clone();
        match gone {
            State::Lost(reason) => Some(reason),
            State::Closed => Some("the session was closed".to_owned()),
            State::Up => None,
        }
    }

    /// Ends the connection and its master.
    pub(in crate::transport) async fn close(&self) {
        drop(self.stop.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut state = self.state.clone();
        let _ = state.wait_for(|state| *state != State::Up).await;
    }
}

fn channel(mut child: openssh::Child<Arc<Session>>) -> Result<Channel, Refusal> {
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin().take(), child.stdout().take(), child.stderr().take()) else {
        return Err(Refusal { class: RefusalClass::Lane, message: "a channel without pipes".to_owned() });
    };
    let exit = Box::pin(async move {
        match child.wait().await {
            Ok(status) => exit_code(status),
            // The crate reads 127 as an error of its own.
            Err(openssh::Error::Remote(error)) if error.kind() == std::io::ErrorKind::NotFound => Some(127),
            Err(_) => None,
        }
    });
    Ok(Channel { stdin: Box::new(stdin), stdout: Box::new(stdout), stderr: Box::new(stderr), exit, slot: None })
}

/// Ends a master: TERM to its group, again where it did not hear, then KILL.
async fn end(child: &mut Started) {
    for patience in PATIENCE {
        child.terminate();
        if timeout(Duration::from_millis(patience), child.wait()).await.is_ok() {
            return;
        }
    }
    child.kill();
    child.wait().await;
}

/// Reads the last of what a master said.
async fn read(log: &Path) -> String {
    let last = async || -> std::io::Result<Vec<u8>> {
        let mut file = tokio::fs::File::open(log).await?;
        let length = file.metadata().await?.len();
        file.seek(std::io::SeekFrom::Start(length.saturating_sub(WORDS))).await?;
        let mut bytes = Vec::new();
        file.take(WORDS).read_to_end(&mut bytes).await?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&last().await.unwrap_or_default()).into_owned()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_did_not_hear_is_told_again() {
        let deaf_once = "trap 'trap - TERM; echo heard' TERM; echo ready; while :; do sleep 0.02; done";
        let mut command = tokio::process::Command::new("/bin/sh");
        let mut child = command.args(["-c", deaf_once]).process_group(0).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut out = tokio::io::BufReader::new(child.stdout.take().unwrap());
        tokio::io::AsyncBufReadExt::read_line(&mut out, &mut String::new()).await.unwrap();
        let mut child = Started::Child(Box::new(child));
        let since = Instant::now();
        end(&mut child).await;
        assert_eq!(child.wait().await, Some(128 + 15), "by TERM, not by KILL");
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    }
}
