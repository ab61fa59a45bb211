//! The keeper: our own executable, started once a run, that starts the masters and outlives us just long enough to end them.
//!
//! Orders come on its standard input, a line of JSON each; what became of them goes out on its standard output. The end of the input
//! is our end, even by SIGKILL: it ends every master then, and itself. Each master could ask the kernel for that signal by itself, but
//! only in a program of ours that then becomes ssh, and to start that costs more than all else that we do for a host. Knows nothing of
//! what ssh is told.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::signal::unix::SignalKind;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::launcher::ROLE;
use super::master::PATIENCE;
use crate::transport::process::{exit_code, pid};

/// What the keeper is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Start a program in a process group of its own.
    Start(Start),
    /// Send TERM to a program's group.
    Terminate(u64),
    /// Send KILL to a program's group.
    Kill(u64),
}

/// A program to start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Start {
    /// Names it in all that is said of it.
    pub(super) id: u64,
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// Set in its environment, or taken out of it.
    pub(super) environment: Vec<(String, Option<String>)>,
    /// Where what it writes to standard error is appended.
    pub(super) log: PathBuf,
}

/// What the keeper says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum News {
    /// It runs, as this process.
    Started(u64, i32),
    /// It can't be started; the system's number for why, and words.
    Refused(u64, Option<i32>, String),
    /// It ended; the exit code, 128 + N after signal N.
    Ended(u64, Option<i32>),
}

/// Serves until the end of the input; then ends what it started.
pub(super) fn keep() -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return ExitCode::FAILURE };
    match runtime.block_on(serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Fails only where it was started without pipes, by hand, say.
async fn serve() -> std::io::Result<()> {
    // `killall roundsman` is for the run, which then ends its masters in order; only the end of the input is for us.
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let _ignored = kinds.map(tokio::signal::unix::signal);
    let (say, mut said) = mpsc::unbounded_channel::<News>();
    let input = pipe::Receiver::from_owned_fd(std::io::stdin().as_fd().try_clone_to_owned()?)?;
    let mut out = pipe::Sender::from_owned_fd(std::io::stdout().as_fd().try_clone_to_owned()?)?;
    let mut orders = BufReader::new(input).lines();
    let mut groups: BTreeMap<u64, Pid> = BTreeMap::new();
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            line = orders.next_line() => {
                let Ok(Some(line)) = line else { break };
                match serde_json::from_str(&line) {
                    Ok(Order::Start(start)) => {
                        let id = start.id;
                        match spawn(&start) {
                            Ok((mut child, pid)) => {
                                groups.insert(id, pid);
                                let _ = say.send(News::Started(id, pid.as_raw_nonzero().get()));
                                let say = say.clone();
                                running.spawn(async move {
                                    let status = child.wait().await;
                                    let _ = say.send(News::Ended(id, status.ok().and_then(exit_code)));
                                    id
                                });
                            }
                            Err(error) => {
                                let _ = say.send(News::Refused(id, error.raw_os_error(), error.to_string()));
                            }
                        }
                    }
                    Ok(Order::Terminate(id)) => signal(&groups, id, Signal::TERM),
                    Ok(Order::Kill(id)) => signal(&groups, id, Signal::KILL),
                    Err(_) => break,
                }
            }
            Some(news) = said.recv() => {
                if let News::Ended(id, _) = &news {
                    groups.remove(id);
                    while running.try_join_next().is_some() {}
                }
                let Ok(mut line) = serde_json::to_vec(&news) else { break };
                line.push(b'\n');
                if out.write_all(&line).await.is_err() {
                    break;
                }
            }
        }
    }
    let ends = PATIENCE.map(|patience| (Signal::TERM, patience)).into_iter().chain([(Signal::KILL, 2000)]);
    for (end, patience) in ends {
        for id in groups.keys() {
            signal(&groups, *id, end);
        }
        let gone = async {
            // Another process may have the number of one that is gone.
            while let Some(Ok(id)) = running.join_next().await {
                groups.remove(&id);
            }
        };
        if timeout(Duration::from_millis(patience), gone).await.is_ok() {
            break;
        }
    }
    Ok(())
}

fn spawn(start: &Start) -> std::io::Result<(Child, Pid)> {
    let mut command = Command::new(&start.program);
    // What it starts in turn may be our program as well, and no keeper.
    command.env_remove(ROLE);
    let child = tokio::process::Command::from(start.complete(command)?).spawn()?;
    let pid = pid(&child).ok_or_else(|| std::io::Error::other("it has ended already"))?;
    Ok((child, pid))
}

impl Start {
    /// Adds to a command that begins as it must what all have: arguments, streams, environment, a group of its own.
    pub(super) fn complete(&self, mut command: Command) -> std::io::Result<Command> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Ok(command)
    }
}

fn signal(groups: &BTreeMap<u64, Pid>, id: u64, signal: Signal) {
    // One that has just ended is no error.
    if let Some(pid) = groups.get(&id) {
        let _ = kill_process_group(*pid, signal);
    }
}
