//! Passwords for ssh, asked by it through our own executable.
//!
//! ssh starts `SSH_ASKPASS` with its prompt. That process, which is us again, sends the key of its master and the prompt over a socket in our
//! private folder; here they meet the password. So no password stands in an argument, a file or the environment. Only password prompts
//! are answered, each key once.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

pub(super) const SOCKET: &str = "ROUNDSMAN_ASKPASS_SOCKET";
pub(super) const KEY: &str = "ROUNDSMAN_ASKPASS_KEY";

/// No question is longer.
const LONGEST: u64 = 4096;

type Answers = Arc<Mutex<BTreeMap<String, String>>>;

/// Answers the askpass processes of all masters.
#[derive(Debug)]
pub(super) struct AskpassServer {
    pub(super) socket: PathBuf,
    answers: Answers,
    task: JoinHandle<()>,
}

impl AskpassServer {
    pub(super) fn start(folder: &Path) -> io::Result<AskpassServer> {
        let socket = folder.join("ask");
        let listener = UnixListener::bind(&socket)?;
        let answers = Answers::default();
        let shared = Arc::clone(&answers);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let _ = answer(stream, &shared).await;
                });
            }
        });
        Ok(AskpassServer { socket, answers, task })
    }

    /// Keeps a password until it was asked for under `key`, or [`AskpassServer::forget`].
    pub(super) fn expect(&self, key: &str, password: &str) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), password.to_owned());
    }

    pub(super) fn forget(&self, key: &str) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl Drop for AskpassServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(stream: tokio::net::UnixStream, answers: &Answers) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = tokio::io::BufReader::new(reader.take(LONGEST));
    let (mut key, mut prompt) = (String::new(), String::new());
    reader.read_line(&mut key).await?;
    reader.read_to_string(&mut prompt).await?;
    if is_password_prompt(&prompt) {
        let password = answers.lock().unwrap_or_else(PoisonError::into_inner).remove(key.trim_end());
        if let Some(password) = password {
            writer.write_all(format!("{password}\n").as_bytes()).await?;
        }
    }
    writer.shutdown().await
}

fn is_password_prompt(prompt: &str) -> bool {
    let prompt = prompt.to_lowercase();
    prompt.contains("password") && !prompt.contains("passphrase") && !prompt.contains("(yes/no")
}

/// What the askpass process does: it passes ssh's prompt on and prints the answer.
pub(super) fn ask() -> ExitCode {
    match try_ask() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

fn try_ask() -> io::Result<bool> {
    let lacking = |_| io::Error::other("no askpass environment");
    let mut stream = UnixStream::connect(std::env::var(SOCKET).map_err(lacking)?)?;
    let key = std::env::var(KEY).map_err(lacking)?;
    let prompt = std::env::args_os().nth(1).unwrap_or_default();
    stream.write_all(format!("{key}\n{}", prompt.to_string_lossy()).as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut answer)?;
    io::stdout().write_all(answer.as_bytes())?;
    Ok(!answer.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_password_prompts() {
        assert!(is_password_prompt("ops@web1's password: ") && is_password_prompt("(ops@web1) Password: "));
        assert!(!is_password_prompt("Enter passphrase for key '/home/x/password.key': "));
        assert!(!is_password_prompt("Are you sure you want to continue connecting (yes/no/[fingerprint])? password"));
    }

    #[tokio::test]
    async fn a_key_is_answered_once() {
        let folder = tempfile::tempdir().unwrap();
        let server = AskpassServer::start(folder.path()).unwrap();
        server.expect("k1", "hush");
        let socket = server.socket.clone();
        let ask = move |key: &str| {
            let mut stream = UnixStream::connect(&socket).unwrap();
            stream.write_all(format!("{key}\nops@web1's password: ").as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        let answers = tokio::task::spawn_blocking(move || [ask("other"), ask("k1"), ask("k1")]).await.unwrap();
        assert_eq!(answers, ["", "hush\n", ""]);
    }
}
