//! Starts masters: by the keeper, or by a thread where the program is none that can be one.
//!
//! What ssh is told comes in, a [`Started`] goes out. The keeper itself starts with the first master.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc as blocking;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use super::keeper::{News, Order, Start};
use super::launcher::{Around, KEEPER, Launcher, ROLE};
use super::started::{Ended, Kept, Started};

/// Starts masters.
#[derive(Debug)]
pub(super) struct Starter {
    launcher: Launcher,
    count: AtomicU64,
    keeper: Mutex<Option<Keeper>>,
    thread: Mutex<Option<Thread>>,
}

impl Starter {
    pub(super) fn new(launcher: Launcher) -> Starter {
        Starter { launcher, count: AtomicU64::new(0), keeper: Mutex::default(), thread: Mutex::default() }
    }

    /// The executable for `SSH_ASKPASS`.
    pub(super) fn askpass(&self) -> Option<&Path> {
        self.launcher.askpass()
    }

    /// Starts a program so that it ends with us.
    pub(super) async fn start(
        &self,
        program: &Path,
        arguments: Vec<String>,
        environment: Vec<(String, Option<String>)>,
        log: &Path,
    ) -> std::io::Result<Started> {
        let id = self.count.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(program = %program.display(), ?arguments, "starting");
        let start = Start { id, program: program.to_owned(), arguments, environment, log: log.to_owned() };
        match &self.launcher {
            Launcher::Own(helper) => self.start_by_keeper(helper, start).await,
            Launcher::Around(around) => self.start_by_thread(around, &start).await,
        }
    }

    async fn start_by_keeper(&self, helper: &Path, start: Start) -> std::io::Result<Started> {
        let started = {
            let mut keeper = self.keeper.lock().await;
            let keeper = match &mut *keeper {
                // One that was killed has taken its masters along; the next master starts another.
                Some(keeper) if !keeper.wishes.is_closed() => keeper,
                gone => gone.insert(Keeper::start(helper)?),
            };
            keeper.start_program(start)
        };
        started.await
    }

    async fn start_by_thread(&self, around: &Around, start: &Start) -> std::io::Result<Started> {
        let command = start.complete(around.command(&start.program))?;
        let child = {
            let mut thread = self.thread.lock().await;
            let thread = match &mut *thread {
                Some(thread) => thread,
                none => none.insert(Thread::new()?),
            };
            thread.start(command)
        };
        Ok(Started::Child(Box::new(child.await?)))
    }

    /// Lets the keeper go; every master must have ended.
    pub(super) async fn close(&self) {
        if let Some(keeper) = self.keeper.lock().await.take() {
            let _ = keeper.wishes.send(Wish::Close);
            let _ = keeper.over.await;
        }
        self.thread.lock().await.take();
    }
}

/// The keeper as we see it: wishes go to the task that speaks with it.
#[derive(Debug)]
struct Keeper {
    wishes: mpsc::UnboundedSender<Wish>,
    over: oneshot::Receiver<()>,
}

/// What the task that speaks with the keeper is asked for.
#[derive(Debug)]
pub(super) enum Wish {
    /// A program is to start; its end is told to the first channel, and whether it started to the second.
    Start(Start, watch::Sender<Option<Ended>>, oneshot::Sender<std::io::Result<()>>),
    /// Something for the keeper.
    Order(Order),
    /// The keeper may go.
    Close,
}

impl Keeper {
    fn start(helper: &Path) -> std::io::Result<Keeper> {
        let mut command = Command::new(helper);
        // A group of its own: a Ctrl-C at the terminal is for us, who then end the masters in order.
        command.env(ROLE, KEEPER).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let child = command.spawn()?;
        let (wishes, inbox) = mpsc::unbounded_channel();
        let (sender, over) = oneshot::channel();
        tokio::spawn(async move {
            Talk::default().speak(child, inbox).await;
            let _ = sender.send(());
        });
        Ok(Keeper { wishes, over })
    }

    fn start_program(&self, start: Start) -> impl Future<Output = std::io::Result<Started>> + use<> {
        let (news, ended) = watch::channel(None);
        let (answer, started) = oneshot::channel();
        // Made now, so that it is ended where nobody waits for it any longer.
        let kept = Kept { id: start.id, ended, wishes: self.wishes.clone() };
        let _ = self.wishes.send(Wish::Start(start, news, answer));
        async move {
            started.await.unwrap_or_else(|_| Err(std::io::Error::other("the keeper of the masters is gone")))?;
            Ok(Started::Kept(kept))
        }
    }
}

/// What the task that speaks with the keeper knows: its programs, by their ids.
#[derive(Default)]
struct Talk(BTreeMap<u64, Program>);

struct Program {
    end: watch::Sender<Option<Ended>>,
    /// Who waits for its start.
    starter: Option<oneshot::Sender<std::io::Result<()>>>,
    pid: Option<Pid>,
}

impl Talk {
    async fn speak(mut self, mut child: Child, mut inbox: mpsc::UnboundedReceiver<Wish>) {
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return };
        let mut news = BufReader::new(output).lines();
        loop {
            let order = tokio::select! {
                wish = inbox.recv() => match wish {
                    Some(Wish::Start(start, end, starter)) => {
                        self.0.insert(start.id, Program { end, starter: Some(starter), pid: None });
                        Order::Start(start)
                    }
                    Some(Wish::Order(order)) => order,
                    Some(Wish::Close) | None => break,
                },
                line = news.next_line() => match line {
                    Ok(Some(line)) => {
                        self.hear(&line);
                        continue;
                    }
                    _ => break,
                },
            };
            let Ok(mut line) = serde_json::to_vec(&order) else { break };
            line.push(b'\n');
            if input.write_all(&line).await.is_err() {
                break;
            }
        }
        inbox.close();
        drop(input);
        // Killed, it could not end them.
        if !child.wait().await.is_ok_and(|status| status.success()) {
            for pid in self.0.values().filter_map(|program| program.pid) {
                let _ = kill_process_group(pid, Signal::TERM);
            }
        }
    }

    fn hear(&mut self, line: &str) {
        match serde_json::from_str(line) {
            Ok(News::Started(id, pid)) => {
                let Some(program) = self.0.get_mut(&id) else { return };
                program.pid = Pid::from_raw(pid);
                if let Some(starter) = program.starter.take() {
                    let _ = starter.send(Ok(()));
                }
            }
            Ok(News::Refused(id, number, words)) => {
                let error = number.map_or_else(|| std::io::Error::other(words), std::io::Error::from_raw_os_error);
                if let Some(starter) = self.0.remove(&id).and_then(|program| program.starter) {
                    let _ = starter.send(Err(error));
                }
            }
            Ok(News::Ended(id, code)) => {
                if let Some(program) = self.0.remove(&id) {
                    program.end.send_replace(Some(code));
                }
            }
            Err(error) => tracing::error!(%error, line, "the keeper said what it never says"),
        }
    }
}

/// The thread that starts every master whose launcher asks the kernel for a signal at our end: that signal follows the thread.
#[derive(Debug)]
struct Thread {
    orders: blocking::Sender<ToStart>,
}

type ToStart = (std::process::Command, Handle, oneshot::Sender<std::io::Result<Child>>);

impl Thread {
    fn new() -> std::io::Result<Thread> {
        let (orders, inbox) = blocking::channel::<ToStart>();
        std::thread::Builder::new().name("ssh-masters".to_owned()).spawn(move || {
            for (command, runtime, answer) in inbox {
                let _entered = runtime.enter();
                let mut command = Command::from(command);
                let _ = answer.send(command.kill_on_drop(true).spawn());
            }
        })?;
        Ok(Thread { orders })
    }

    fn start(&self, command: std::process::Command) -> impl Future<Output = std::io::Result<Child>> + use<> {
        let (answer, child) = oneshot::channel();
        let _ = self.orders.send((command, Handle::current(), answer));
        async move { child.await.unwrap_or_else(|_| Err(std::io::Error::other("the thread that starts ssh is gone"))) }
    }
}
