//! A lane's owner: moves bytes between its channel and its machine, and watches the time.
//!
//! One task a lane. While the reader of the reports is slow it stops reading the channel, yet still hears commands and keeps
//! deadlines. Must not know what requests are for; [`machine`](super::machine) decides everything.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::machine::Machine;
use crate::transport::channel::{Channel, Input};
use crate::transport::lane_api::{Heard, LaneCommand, LaneReport, OutputStream, SkipCause};

/// Reports that wait here before the channel is no longer read.
const WAITING: usize = 16;
/// After the shell's end, how long its streams may stay silent before they are given up: a daemon may hold them.
const SILENCE: Duration = Duration::from_millis(250);
/// After our goodbye or KILL, how long the channel may take to end.
const PARTING: Duration = Duration::from_secs(5);
/// How long a login shell may take until the lane is ready.
const READY: Duration = Duration::from_secs(60);
/// One read, at first and where much comes: most tasks print a line, and there are as many lanes as hosts.
const FIRST_READ: usize = 4 * 1024;
const READ: usize = 64 * 1024 - 256;

/// Puts a large standard input into a private file on the host and gives its path.
pub(in crate::transport) type Uploader = Box<dyn Fn(Vec<u8>) -> Upload + Send>;
/// An upload under way.
pub(in crate::transport) type Upload = Pin<Box<dyn Future<Output = Option<String>> + Send>>;
/// Asks the session why it was lost, where it was.
pub(in crate::transport) type Reason = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Option<String>> + Send>> + Send>;

pub(super) struct Actor {
    pub(super) machine: Machine,
    pub(super) channel: Channel,
    pub(super) commands: mpsc::UnboundedReceiver<LaneCommand>,
    pub(super) reports: mpsc::Sender<LaneReport>,
    pub(super) uploader: Uploader,
    pub(super) reason: Reason,
    /// Anything came on the channel.
    pub(super) heard: bool,
}

/// What ended the loop.
struct Over {
    code: Option<i32>,
    exited: bool,
    /// We asked for it.
    parted: bool,
    /// It was never ready in time.
    silent: bool,
    /// Both streams were read to their end.
    whole: bool,
}

impl Actor {
    pub(super) async fn run(mut self) {
        let over = self.serve().await;
        let orderly = self.machine.said_goodbye() && self.machine.is_idle();
        let never_began = !self.machine.is_ready() && over.exited && over.code.is_some();
        let heard = match over {
            // A daemon may hold the streams; what the shell said came before its exit code.
            Over { whole: false, exited: false, .. } => Heard::Part,
            Over { exited: true, code: None, .. } if !self.heard => Heard::Nothing,
            _ => Heard::All,
        };
        self.machine.settle(never_began);
        let reason = if orderly && !self.machine.killed { None } else { Some(self.why(&over).await) };
        // A slot is free before its owner hears that it is.
        let Actor { machine, channel, reports, mut commands, .. } = self;
        drop(channel);
        for report in machine.reports {
            if reports.send(report).await.is_err() {
                return;
            }
        }
        commands.close();
        while let Some(command) = commands.recv().await {
            if let LaneCommand::Run(request) = command {
                let _ = reports.send(LaneReport::Skipped { id: request.id, cause: SkipCause::Withdrawn }).await;
            }
        }
        let _ = reports.send(LaneReport::Closed { reason, heard }).await;
    }

    async fn why(&mut self, over: &Over) -> String {
        if self.machine.is_closing() {
            return "the lane ended with its request".to_owned();
        }
        if let Some(breach) = self.machine.breached() {
            return format!("{breach}: no shell of ours does that");
        }
        if over.silent {
            return format!("its login shell gave no sign of life within {} s: does a start file of it wait?", READY.as_secs());
        }
        if self.machine.killed && over.parted {
            return "the lane was ended".to_owned();
        }
        let reason = std::mem::replace(&mut self.reason, Box::new(|| Box::pin(async { None })));
        if let Some(reason) = reason().await {
            return reason;
        }
        let noise = self.machine.noise();
        match over.code {
            _ if !self.machine.is_ready() && !noise.is_empty() => noise,
            Some(code) => format!("the shell ended with exit code {code}"),
            None if over.exited && !self.heard => "its channel was closed without a word or an exit code".to_owned(),
            None if over.exited => "the shell was ended".to_owned(),
            None => "the connection was lost".to_owned(),
        }
    }

    async fn serve(&mut self) -> Over {
        let reports = self.reports.clone();
        let mut stdin: Option<Input> = Some(std::mem::replace(&mut self.channel.stdin, Box::new(tokio::io::sink())));
        let mut open = [true; 2];
        let mut buffers = [vec![0; FIRST_READ], vec![0; FIRST_READ]];
        let [out_buffer, err_buffer] = &mut buffers;
        let mut over = Over { code: None, exited: false, parted: false, silent: false, whole: false };
        let ready_by = Instant::now() + READY;
        let mut listening = true;
        let mut wanted = true;
        let mut give_up: Option<Instant> = None;
        let mut quiet_at: Option<Instant> = None;
        let mut upload: Option<(u64, Upload)> = None;
        let mut sending: Vec<u8> = Vec::new();
        let mut sent = 0;
        loop {
            self.machine.pump(Instant::now().into_std());
            if upload.is_none()
                && let Some((id, bytes)) = self.machine.wants_upload()
            {
                upload = Some((id, (self.uploader)(bytes)));
            }
            if !self.machine.is_ready() && !self.machine.killed && Instant::now() >= ready_by {
                over.silent = true;
                self.machine.kill();
            }
            if self.machine.killed && !over.parted {
                over.parted = true;
                give_up = Some(Instant::now() + if self.machine.is_ready() { PARTING } else { SILENCE });
                if self.machine.cut || sent < sending.len() {
                    stdin = None;
                }
            }
            if sent == sending.len() {
                sending.clear();
                sent = 0;
                std::mem::swap(&mut sending, &mut self.machine.wire);
            }
            if stdin.is_none() {
                sending.clear();
                sent = 0;
            }
            if sending.is_empty() && (over.parted || self.machine.said_goodbye()) && stdin.is_some() {
                stdin = None;
                over.parted = true;
                give_up = Some(Instant::now() + PARTING);
            }
            over.whole = open == [false; 2];
            if over.whole && (over.exited || quiet_at.is_some_and(|at| Instant::now() >= at)) {
                return over;
            }
            if over.whole && quiet_at.is_none() {
                // The exit code is a moment behind.
                quiet_at = Some(Instant::now() + SILENCE);
            }
            let patience = self.machine.reports.len() < WAITING;
            let ready_by = (!self.machine.is_ready() && !self.machine.killed).then_some(ready_by);
            let deadline = [self.machine.deadline().map(Instant::from_std), give_up, quiet_at, ready_by].into_iter().flatten().min();
            tokio::select! {
                biased;
                command = self.commands.recv(), if listening => match command {
                    Some(command) => self.obey(command),
                    None => {
                        listening = false;
                        self.machine.goodbye();
                    }
                },
                permit = reports.reserve(), if wanted && !self.machine.reports.is_empty() => {
                    match permit {
                        Ok(permit) => {
                            if let Some(report) = self.machine.reports.pop_front() {
                                permit.send(report);
                            }
                        }
                        Err(_) => wanted = self.abandoned(),
                    }
                }
                () = reports.closed(), if wanted => wanted = self.abandoned(),
                written = write(&mut stdin, &sending[sent..]), if stdin.is_some() && sent < sending.len() => match written {
                    Ok(count) => sent += count,
                    Err(_) => stdin = None,
                },
                read = self.channel.stdout.read(out_buffer), if open[0] && patience && self.machine.wants(OutputStream::Stdout) => {
                    open[0] = self.took(OutputStream::Stdout, out_buffer, read);
                    quiet_at = quiet_at.map(|_| Instant::now() + SILENCE);
                }
                read = self.channel.stderr.read(err_buffer), if open[1] && patience && self.machine.wants(OutputStream::Stderr) => {
                    open[1] = self.took(OutputStream::Stderr, err_buffer, read);
                    quiet_at = quiet_at.map(|_| Instant::now() + SILENCE);
                }
                code = &mut self.channel.exit, if !over.exited && (self.machine.is_ready() || open == [false; 2]) => {
                    over.exited = true;
                    over.code = code;
                    quiet_at = Some(Instant::now() + SILENCE);
                }
                path = uploaded(&mut upload), if upload.is_some() => {
                    if let Some((id, _)) = upload.take() {
                        self.machine.uploaded(id, path);
                    }
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    let now = Instant::now();
                    let silent = quiet_at.is_some_and(|at| now >= at) && patience;
                    if silent || give_up.is_some_and(|at| now >= at) {
                        return over;
                    }
                    if !patience {
                        quiet_at = quiet_at.map(|_| now + SILENCE);
                    }
                }
            }
            if !wanted {
                self.machine.reports.clear();
            }
        }
    }

    fn obey(&mut self, command: LaneCommand) {
        match command {
            LaneCommand::Run(request) => self.machine.run(request),
            LaneCommand::Resume(id) => self.machine.resume(id),
            LaneCommand::Withdraw => self.machine.withdraw(),
            LaneCommand::Terminate => self.machine.terminate(Instant::now().into_std()),
            LaneCommand::Kill => self.machine.kill(),
            LaneCommand::Forget => self.machine.forget(),
        }
    }

    /// Nobody hears the reports any more: what runs would be unknown, so it ends.
    fn abandoned(&mut self) -> bool {
        if self.machine.is_idle() {
            self.machine.goodbye();
        } else if !self.machine.killed {
            self.machine.kill();
        }
        false
    }

    /// Takes what was read; false at the stream's end.
    fn took(&mut self, stream: OutputStream, buffer: &mut Vec<u8>, read: std::io::Result<usize>) -> bool {
        let now = Instant::now().into_std();
        match read {
            Ok(count) if count > 0 => {
                self.heard = true;
                self.machine.feed(stream, &buffer[..count], now);
                if count == buffer.len() {
                    buffer.resize(READ, 0);
                }
                true
            }
            _ => {
                self.machine.end_of(stream, now);
                false
            }
        }
    }
}

async fn write(stdin: &mut Option<Input>, bytes: &[u8]) -> std::io::Result<usize> {
    match stdin {
        Some(stdin) => stdin.write(bytes).await,
        None => std::future::pending().await,
    }
}

async fn uploaded(upload: &mut Option<(u64, Upload)>) -> Option<String> {
    match upload {
        Some((_, upload)) => upload.await,
        None => std::future::pending().await,
    }
}
