//! Lanes as another user, by `sudo`.
//!
//! Nothing is written behind sudo before its prompt, which only we know, or the announcement of the boot that it starts was seen.
//! Knows nothing of what the lane is for: a channel goes in, and comes out authenticated.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::channel::Channel;
use super::lane_api::{BecomeUser, Refusal, RefusalClass};
use super::random;
use crate::model::BecomeMethod;

/// How long sudo may take between two words of it; PAM delays a wrong password by seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is kept of sudo's words.
const KEPT: usize = 8192;

/// A change of user to come.
pub(super) struct Sudo {
    user: String,
    password: Option<String>,
    prompt: String,
    announcement: String,
}

impl Sudo {
    pub(super) fn new(user: &BecomeUser) -> Result<Sudo, Refusal> {
        let word = match user.method {
            BecomeMethod::Sudo => None,
            BecomeMethod::Doas => Some("doas"),
            BecomeMethod::Su => Some("su"),
        };
        if let Some(word) = word {
            return Err(refusal(RefusalClass::Lane, format!("become by `{word}` is not supported yet")));
        }
        // It passes through a login shell of any kind.
        let plain = |c: char| c.is_alphanumeric() || "_-.@#$+".contains(c);
        if user.user.is_empty() || user.user.starts_with('-') || !user.user.chars().all(plain) {
            return Err(refusal(RefusalClass::Lane, format!("`{}` is no name of a user", user.user)));
        }
        let key = random::hex(16).map_err(|error| refusal(RefusalClass::Local, format!("no random bytes: {error}")))?;
        Ok(Sudo { user: user.user.clone(), password: user.password.clone(), prompt: format!("{key}-p"), announcement: format!("{key}-r") })
    }

    /// The words in front of the shell, safe for every login shell.
    pub(super) fn argv(&self) -> Vec<String> {
        ["sudo", "-H", "-S", "-p", &self.prompt, "-u", &self.user, "--"].map(str::to_owned).to_vec()
    }

    /// What the boot says first.
    pub(super) fn announcement(&self) -> &str {
        &self.announcement
    }
}

/// Answers sudo's prompt, once, and returns when the boot runs.
pub(super) async fn authenticate(mut channel: Channel, sudo: &Sudo) -> Result<Channel, Refusal> {
    let mut seen: Vec<u8> = Vec::new();
    let mut searched = 0;
    let mut answered = false;
    let ready = format!("{}\n", sudo.announcement).into_bytes();
    let mut buffer = vec![0; 1024];
    loop {
        if let Some(at) = find(&seen[searched..], &ready) {
            // What came behind the announcement belongs to the lane.
            let rest = seen.split_off(searched + at + ready.len());
            let stderr = std::mem::replace(&mut channel.stderr, Box::new(tokio::io::empty()));
            channel.stderr = Box::new(std::io::Cursor::new(rest).chain(stderr));
            return Ok(channel);
        }
        if let Some(at) = find(&seen[searched..], sudo.prompt.as_bytes()) {
            searched += at + sudo.prompt.len();
            match (&sudo.password, answered) {
                (Some(password), false) => {
                    answered = true;
                    let line = format!("{password}\n");
                    if channel.stdin.write_all(line.as_bytes()).await.is_err() || channel.stdin.flush().await.is_err() {
                        return Err(refused(sudo, &seen, "sudo ended"));
                    }
                    continue;
                }
                (Some(_), true) => return Err(refused(sudo, &seen, "sudo refused the password")),
                (None, _) => return Err(refused(sudo, &seen, "sudo asks for a password and there is none")),
            }
        }
        let read = match timeout(PATIENCE, channel.stderr.read(&mut buffer)).await {
            Err(_) => return Err(refused(sudo, &seen, "sudo did not answer")),
            Ok(read) => read.unwrap_or(0),
        };
        if read == 0 {
            let mut out = Vec::new();
            drain(&mut channel.stdout, &mut out).await;
            return Err(if seen.trim_ascii().is_empty() { refused(sudo, &out, "sudo ended") } else { refused(sudo, &seen, "sudo ended") });
        }
        seen.extend_from_slice(&buffer[..read]);
        if seen.len() > KEPT {
            // A flood before the prompt: only the part that may hold the beginning of our words is searched on.
            let excess = seen.len() - KEPT;
            seen.drain(..excess);
            searched = searched.saturating_sub(excess);
        }
    }
}

async fn drain(stream: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) {
    let _ = timeout(Duration::from_millis(200), stream.take(KEPT as u64).read_to_end(into)).await;
}

/// Sudo's own words, our prompt left out, behind what happened in ours.
fn refused(sudo: &Sudo, seen: &[u8], what: &str) -> Refusal {
    let words = String::from_utf8_lossy(seen).replace(&sudo.prompt, "");
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let words = lines.join("; ");
    let lower = words.to_lowercase();
    let (class, message) = if lower.contains("must have a tty") || lower.contains("a terminal is required") && sudo.password.is_some() {
        (
            RefusalClass::Lane,
            format!(
                "sudo wants a terminal there (`requiretty`); lanes have none, so sudoers must say `Defaults:USER !requiretty`: {words}"
            ),
        )
    } else if lower.contains("is not allowed to execute") || lower.contains("not allowed to run") {
        (
            RefusalClass::Auth,
            format!("sudoers does not allow `sh` for {}; a lane needs it, single commands are not enough: {words}", sudo.user),
        )
    } else if lower.contains("not found") || lower.contains("unknown user") {
        (RefusalClass::Lane, words)
    } else if words.is_empty() {
        (RefusalClass::Auth, what.to_owned())
    } else {
        (RefusalClass::Auth, format!("{what}: {words}"))
    };
    refusal(class, message)
}

fn refusal(class: RefusalClass, message: String) -> Refusal {
    Refusal { class, message }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
