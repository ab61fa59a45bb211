//! A lane of the fake: the rules of a real one, answers from the script.
//!
//! One request at a time; each may wait as its answer says. Knows nothing of bytes on a wire.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::script::Answer;
use super::session::{FakeSession, Gone};
use crate::transport::channel::Slot;
use crate::transport::lane_api::{End, GuardKind, Heard, Invocation, LaneCommand, LaneReport, OnFailure, OutputStream, Request, SkipCause};

pub(super) struct FakeLane {
    session: FakeSession,
    commands: mpsc::UnboundedReceiver<LaneCommand>,
    reports: mpsc::Sender<LaneReport>,
    /// With the reason for which one that is already written will be passed over.
    queue: VecDeque<(Box<Request>, Option<SkipCause>)>,
    on_hold: Option<u64>,
    /// Nobody hears it to its end.
    given_up: Option<String>,
}

struct Running {
    request: Box<Request>,
    answer: Answer,
    since: Instant,
    /// When it ends by itself.
    done: Option<Instant>,
    deadline: Option<Instant>,
}

/// The reports' reader is gone.
struct Deaf;

impl FakeLane {
    pub(super) fn new(session: FakeSession, commands: mpsc::UnboundedReceiver<LaneCommand>, reports: mpsc::Sender<LaneReport>) -> FakeLane {
        FakeLane { session, commands, reports, queue: VecDeque::new(), on_hold: None, given_up: None }
    }

    /// It is closed before anything runs on it; what was sent to it is answered by that.
    pub(super) async fn close(self, slot: Slot) {
        drop((slot, self.commands));
        let reason = Some("its channel was closed without a word or an exit code".to_owned());
        let _ = self.reports.send(LaneReport::Closed { reason, heard: Heard::Nothing }).await;
    }

    pub(super) async fn run(mut self, slot: Slot) {
        let served = self.serve().await;
        drop(slot);
        if let Ok(reason) = served {
            let heard = if self.given_up.is_some() { Heard::Part } else { Heard::All };
            let _ = self.skip_queue(SkipCause::Withdrawn).await;
            self.commands.close();
            while let Some(command) = self.commands.recv().await {
                if let LaneCommand::Run(request) = command {
                    let _ = self.say(LaneReport::Skipped { id: request.id, cause: SkipCause::Withdrawn }).await;
                }
            }
            let _ = self.say(LaneReport::Closed { reason, heard }).await;
        }
    }

    /// Serves until the lane ends; gives the reason.
    async fn serve(&mut self) -> Result<Option<String>, Deaf> {
        self.say(LaneReport::Ready).await?;
        let mut gone = self.session.gone.subscribe();
        let reports = self.reports.clone();
        let mut running: Option<Running> = None;
        let mut listening = true;
        loop {
            if let Some(Gone::Lost(reason)) = &*gone.borrow() {
                return Ok(Some(reason.clone()));
            }
            if *gone.borrow() == Some(Gone::Closed) {
                return Ok(Some("the session is closed".to_owned()));
            }
            if running.is_none() {
                match self.queue.pop_front() {
                    Some((request, None)) => running = self.begin(request).await?,
                    Some((request, Some(cause))) => self.say(LaneReport::Skipped { id: request.id, cause }).await?,
                    None if !listening => return Ok(None),
                    None => {}
                }
            }
            let (done, deadline) = running.as_ref().map_or((None, None), |running| (running.done, running.deadline));
            if running.is_none() && !self.queue.is_empty() {
                continue;
            }
            tokio::select! {
                biased;
                command = self.commands.recv(), if listening => match command {
                    None => listening = false,
                    Some(LaneCommand::Run(request)) if self.on_hold.is_some() => {
                        self.say(LaneReport::Skipped { id: request.id, cause: SkipCause::Stopped }).await?;
                    }
                    Some(LaneCommand::Run(request)) => {
                        if request.alone && (running.is_some() || !self.queue.is_empty()) {
                            self.log("hold back");
                        }
                        self.queue.push_back((request, None));
                    }
                    Some(LaneCommand::Resume(id)) => {
                        self.log("resume");
                        self.on_hold = self.on_hold.filter(|holder| *holder != id);
                    }
                    Some(LaneCommand::Withdraw) => {
                        self.log("withdraw");
                        self.withdraw(running.is_some()).await?;
                    }
                    Some(LaneCommand::Terminate) => {
                        self.log("terminate");
                        if let Some(running) = running.take() {
                            return self.ended_by_us(running, End::Terminated).await;
                        }
                    }
                    Some(LaneCommand::Forget) => {}
                    Some(LaneCommand::Kill) => {
                        self.log("kill");
                        return Ok(Some("the lane was ended".to_owned()));
                    }
                },
                () = reports.closed() => return Err(Deaf),
                _ = gone.changed() => {}
                () = at(done) => {
                    if let Some(running) = running.take() {
                        self.end(running).await?;
                    }
                    if self.given_up.is_some() {
                        return Ok(self.given_up.clone());
                    }
                }
                () = at(deadline) => {
                    if let Some(running) = running.take() {
                        return self.ended_by_us(running, End::TimedOut { guard: None }).await;
                    }
                }
            }
        }
    }

    async fn begin(&mut self, request: Box<Request>) -> Result<Option<Running>, Deaf> {
        let since = Instant::now();
        let text = text(&request.command);
        self.log(&format!("run {text}"));
        if !self.session.script.is_mute(&self.session.host, &text) {
            self.say(LaneReport::Began { id: request.id }).await?;
        }
        for (guard, check) in request.guards.iter().enumerate() {
            let usual = if check.kind == GuardKind::Unless { 1 } else { 0 };
            let answer = self.session.script.answer(&self.session.host, &self::text(&check.command));
            let code = answer.map_or(usual, |answer| answer.code);
            if (check.kind == GuardKind::Unless) == (code == 0) {
                let end = End::Guarded { guard, code };
                self.say(LaneReport::Ended { id: request.id, end, duration: Duration::ZERO }).await?;
                return Ok(None);
            }
        }
        let answer = self.session.script.answer(&self.session.host, &text).unwrap_or_default();
        let done = if answer.hang { None } else { since.checked_add(answer.delay) };
        let deadline = since.checked_add(request.timeout);
        Ok(Some(Running { request, answer, since, done, deadline }))
    }

    async fn end(&mut self, running: Running) -> Result<(), Deaf> {
        let Running { request, answer, since, .. } = running;
        if let Some(reason) = &answer.lose {
            self.session.lose(reason);
            return Ok(());
        }
        if answer.give_up.is_some() {
            self.given_up = answer.give_up;
            return Ok(());
        }
        for (stream, bytes) in [(OutputStream::Stdout, &answer.stdout), (OutputStream::Stderr, &answer.stderr)] {
            for data in bytes.chunks(64 * 1024) {
                self.say(LaneReport::Output { id: request.id, stream, data: data.to_vec() }).await?;
            }
        }
        self.say(LaneReport::Ended { id: request.id, end: End::Exited(answer.code), duration: since.elapsed() }).await?;
        if answer.code != 0 && request.on_failure != OnFailure::Continue {
            if request.on_failure == OnFailure::Hold {
                self.on_hold = Some(request.id);
            }
            self.skip_queue(SkipCause::Stopped).await?;
        }
        Ok(())
    }

    async fn ended_by_us(&mut self, running: Running, end: End) -> Result<Option<String>, Deaf> {
        self.say(LaneReport::Ended { id: running.request.id, end, duration: running.since.elapsed() }).await?;
        self.skip_queue(SkipCause::Stopped).await?;
        Ok(Some("the lane ended with its request".to_owned()))
    }

    /// What a real lane holds comes back at once; what it has written, only when its shell passes over it.
    async fn withdraw(&mut self, busy: bool) -> Result<(), Deaf> {
        let alone = self.queue.iter().position(|(request, _)| request.alone);
        let written = if busy { alone.unwrap_or(self.queue.len()) } else { 0 };
        let held = self.queue.split_off(written);
        for (_, fate) in &mut self.queue {
            fate.get_or_insert(SkipCause::Withdrawn);
        }
        for (request, _) in held {
            self.say(LaneReport::Skipped { id: request.id, cause: SkipCause::Withdrawn }).await?;
        }
        Ok(())
    }

    async fn skip_queue(&mut self, cause: SkipCause) -> Result<(), Deaf> {
        for (request, _) in std::mem::take(&mut self.queue) {
            self.say(LaneReport::Skipped { id: request.id, cause }).await?;
        }
        Ok(())
    }

    async fn say(&self, report: LaneReport) -> Result<(), Deaf> {
        self.reports.send(report).await.map_err(|_| Deaf)
    }

    fn log(&self, what: &str) {
        self.session.log.write(&self.session.host, what);
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// A command as its rules see it.
fn text(invocation: &Invocation) -> String {
    match invocation {
        Invocation::Text { text, .. } | Invocation::Script(text) => text.clone(),
        Invocation::Args(words) => words.join(" "),
    }
}
