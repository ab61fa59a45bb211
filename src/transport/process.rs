//! Channels that are child processes on this machine: the transports `local` and `command`.
//!
//! Knows nothing of lanes. An argument list goes in, a channel comes out.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};

use rustix::process::Pid;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use super::channel::Channel;
use super::lane_api::{Refusal, RefusalClass};

/// Starts a program in a process group of its own, so that a lane's `kill 0` stays inside it and Ctrl-C outside.
pub(super) fn spawn(argv: &[String]) -> Result<Channel, Refusal> {
    let refusal = |message: String| Refusal { class: RefusalClass::Lane, message };
    let Some((program, arguments)) = argv.split_first() else {
        return Err(refusal("an empty command".to_owned()));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| refusal(format!("{program}: {error}")))?;
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
        return Err(refusal(format!("{program}: no pipes")));
    };
    let (sender, exit) = oneshot::channel();
    tokio::spawn(async move {
        let status = child.wait().await;
        let _ = sender.send(status.ok().and_then(exit_code));
    });
    let exit = Box::pin(async move { exit.await.ok().flatten() });
    Ok(Channel { stdin: Box::new(stdin), stdout: Box::new(stdout), stderr: Box::new(stderr), exit, slot: None })
}

/// A child's process id; none once its end was heard.
pub(super) fn pid(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

/// The exit code as a shell would tell it: 128 + N after signal N.
pub(super) fn exit_code(status: ExitStatus) -> Option<i32> {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal))
}
