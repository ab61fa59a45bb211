//! Lanes as another user, by `sudo`, `doas` or `su`.
//!
//! Nothing is written behind such a program before its prompt or the announcement of the boot that it starts was seen; the password
//! goes once. `prompt` tells a prompt, `refused` reads the programs' words. Knows nothing of what the lane is for: a channel goes
//! in, and comes out authenticated.

mod prompt;
mod refused;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::channel::Channel;
use super::lane_api::{BecomeUser, Refusal, RefusalClass};
use super::random;
use crate::model::BecomeMethod;
use prompt::{Prompt, Seen};

/// How long the program may take between two words of it; PAM delays a wrong password by seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A change of user to come.
pub(super) struct Change {
    method: BecomeMethod,
    user: String,
    password: Option<String>,
    prompt: Prompt,
    announcement: String,
}

impl Change {
    pub(super) fn new(user: &BecomeUser) -> Result<Change, Refusal> {
        // It passes through a login shell of any kind.
        let plain = |c: char| c.is_alphanumeric() || "_-.@#$+".contains(c);
        if user.user.is_empty() || user.user.starts_with('-') || !user.user.chars().all(plain) {
            return Err(refusal(RefusalClass::Lane, format!("`{}` is no name of a user", user.user)));
        }
        let key = random::hex(16).map_err(|error| refusal(RefusalClass::Local, format!("no random bytes: {error}")))?;
        let prompt = match user.method {
            BecomeMethod::Sudo => Prompt::Own(format!("{key}-p")),
            BecomeMethod::Su => Prompt::Pam,
            BecomeMethod::Doas => Prompt::Never,
        };
        let announcement = format!("{key}-r");
        Ok(Change { method: user.method, user: user.user.clone(), password: user.password.clone(), prompt, announcement })
    }

    /// The words in front of the shell and its `-c`.
    pub(super) fn argv(&self) -> Vec<String> {
        // A host's sshd takes over the LANG of ours; the words and su's prompt are known in English only.
        let words: Vec<&str> = match &self.prompt {
            Prompt::Own(prompt) => vec!["env", "LC_ALL=C", "sudo", "-H", "-S", "-p", prompt, "-u", &self.user, "--"],
            // doas asks on /dev/tty only: without a terminal it ends with "Authentication failed", with one (a `local` lane)
            // it would ask behind our back. With `-n` it says "Authentication required" in both cases.
            Prompt::Never => vec!["doas", "-n", "-u", &self.user, "--"],
            // Without `-`, since a profile may print and read. The user stands in front of `-c`, and the shell is `-s`'s: an
            // account may have nologin.
            Prompt::Pam => vec!["env", "LC_ALL=C", "su", "-s"],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// The words between the shell and its `-c`: su takes both for its own.
    pub(super) fn behind_shell(&self) -> Option<&str> {
        (self.method == BecomeMethod::Su).then_some(self.user.as_str())
    }

    /// What the boot does first: it sets the environment right and says that it is there.
    pub(super) fn opening(&self) -> String {
        // su to root leaves USER and LOGNAME the login's, and to anyone the folder of the login's session; sudo and doas don't.
        let environment = match self.method {
            BecomeMethod::Su => "USER=$(id -un); LOGNAME=$USER; export USER LOGNAME; unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS; ",
            BecomeMethod::Sudo | BecomeMethod::Doas => "",
        };
        format!("{environment}echo {} >&2; ", self.announcement)
    }
}

/// Answers the prompt, once, and returns when the boot runs. None where the channel was closed before anything ran on it.
pub(super) async fn authenticate(mut channel: Channel, change: &Change) -> Result<Option<Channel>, Refusal> {
    let name = change.method.word();
    // su of busybox asks on its standard output, every other on standard error.
    let (mut said, mut printed) = (Seen::default(), Seen::default());
    let (mut stderr_open, mut stdout_open) = (true, true);
    let (mut answered, mut spoke) = (false, false);
    let ready = format!("{}\n", change.announcement).into_bytes();
    let (mut from_stderr, mut from_stdout) = (vec![0; 1024], vec![0; 1024]);
    loop {
        if let Some(rest) = said.split_behind(&ready) {
            // What came behind the announcement belongs to the lane.
            let stderr = std::mem::replace(&mut channel.stderr, Box::new(tokio::io::empty()));
            channel.stderr = Box::new(std::io::Cursor::new(rest).chain(stderr));
            return Ok(Some(channel));
        }
        if said.take_prompt(&change.prompt) || printed.take_prompt(&change.prompt) {
            let end = |what: String| Err(refused::refused(change, &said, &printed, &what));
            match (&change.password, answered) {
                (Some(password), false) => {
                    answered = true;
                    let line = format!("{password}\n");
                    if channel.stdin.write_all(line.as_bytes()).await.is_err() || channel.stdin.flush().await.is_err() {
                        return end(format!("{name} ended"));
                    }
                    continue;
                }
                (Some(_), true) => return end(format!("{name} refused the password")),
                (None, _) => return end(format!("{name} asks for a password and there is none")),
            }
        }
        if !stderr_open && !stdout_open {
            if !spoke && matches!(timeout(PATIENCE, &mut channel.exit).await, Ok(None)) {
                return Ok(None);
            }
            let refused_it = answered && change.method == BecomeMethod::Su;
            let what = if refused_it { format!("su refused the password of {}", change.user) } else { format!("{name} ended") };
            return Err(refused::refused(change, &said, &printed, &what));
        }
        let word = timeout(PATIENCE, async {
            tokio::select! {
                read = channel.stderr.read(&mut from_stderr), if stderr_open => (true, read.unwrap_or(0)),
                read = channel.stdout.read(&mut from_stdout), if stdout_open => (false, read.unwrap_or(0)),
            }
        });
        let word = word.await;
        spoke |= matches!(word, Ok((_, 1..)));
        match word {
            Err(_) => return Err(refused::refused(change, &said, &printed, &format!("{name} did not answer"))),
            Ok((true, 0)) => stderr_open = false,
            Ok((false, 0)) => stdout_open = false,
            Ok((true, count)) => said.push(&from_stderr[..count]),
            Ok((false, count)) => printed.push(&from_stdout[..count]),
        }
    }
}

fn refusal(class: RefusalClass, message: String) -> Refusal {
    Refusal { class, message }
}
