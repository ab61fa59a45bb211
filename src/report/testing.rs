//! Runs that never were, event by event, and streams that remember or break; for the tests of this room.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::diag::Location;
use crate::event::{Data, Event, HostEntry, Outcome, OutputInfo, RoundEntry, RunEnd, RunEvent, RunHeader, Status, Stream, TaskEntry};
use crate::model::{HostIx, RoundIx, StepId, TaskIx};
use crate::text::snake_id;

/// The first event's time: 2026-11-22 05:00:00 UTC.
pub(super) const START: i64 = 1_795_323_600_000;

/// A run under construction; each event comes a millisecond after the one before.
pub(super) struct Feed {
    events: Vec<Event>,
    header: RunHeader,
    begun: Vec<bool>,
    now: i64,
}

impl Feed {
    /// A run of rounds with tasks on all hosts; a task `print: x` has the verb print, others run.
    pub(super) fn new(playbook: &str, hosts: &[&str], rounds: &[(&str, &[&str])]) -> Feed {
        Feed::with(playbook, "run", hosts, rounds)
    }

    pub(super) fn exec(command: &str, hosts: &[&str]) -> Feed {
        Feed::with(command, "exec", hosts, &[("exec", &[command])])
    }

    pub(super) fn with(playbook: &str, command: &str, hosts: &[&str], rounds: &[(&str, &[&str])]) -> Feed {
        let all: Vec<HostIx> = (0..hosts.len()).map(HostIx::new).collect();
        let mut line = 3;
        let mut place = || {
            line += 3;
            Location { file: "playbooks/site.yml".into(), line, column: 9 }
        };
        let rounds: Vec<RoundEntry> = rounds
            .iter()
            .map(|(name, tasks)| RoundEntry {
                id: (*name).to_owned(),
                name: (*name).to_owned(),
                place: place(),
                hosts: all.clone(),
                tasks: tasks.iter().map(|task| task_entry(task, place())).collect(),
                blocks: Vec::new(),
            })
            .collect();
        let hosts = hosts.iter().enumerate();
        let header = RunHeader {
            format: crate::event::FORMAT,
            run: "019a8c2e-71b3-7abc-8def-0123456789ab".into(),
            version: "0.1.0".into(),
            playbook_id: snake_id(playbook).unwrap_or_default(),
            playbook: playbook.to_owned(),
            command: command.to_owned(),
            argv: vec!["roundsman".into(), "run".into(), "playbooks/site.yml".into()],
            controller: "desk".into(),
            user: "ann".into(),
            cwd: "/home/ann/site".into(),
            hosts: hosts.map(|(n, name)| HostEntry { name: (*name).to_owned(), address: format!("deploy@10.0.0.{}:22", n + 1) }).collect(),
            rounds,
            ..RunHeader::default()
        };
        let begun = vec![false; header.rounds.len()];
        let mut feed = Feed { events: Vec::new(), header: header.clone(), begun, now: START };
        feed.push(RunEvent::RunStarted(Box::new(header)));
        feed
    }

    /// Changes what is known before the run.
    pub(super) fn header(mut self, edit: impl FnOnce(&mut RunHeader)) -> Feed {
        edit(&mut self.header);
        self.events[0].kind = RunEvent::RunStarted(Box::new(self.header.clone()));
        self
    }

    pub(super) fn push(&mut self, kind: RunEvent) {
        self.events.push(Event { seq: self.events.len() as u64, at: self.now, kind });
        self.now += 1;
    }

    pub(super) fn wait(mut self, ms: i64) -> Feed {
        self.now += ms;
        self
    }

    pub(super) fn event(mut self, kind: RunEvent) -> Feed {
        self.push(kind);
        self
    }

    /// Begins a round on all its hosts.
    pub(super) fn begin(mut self, round: usize) -> Feed {
        self.ensure(round);
        self
    }

    /// Says that a round's first event was given by hand.
    pub(super) fn started(mut self, round: usize) -> Feed {
        self.begun[round] = true;
        self
    }

    fn ensure(&mut self, round: usize) {
        if !std::mem::replace(&mut self.begun[round], true) {
            let hosts = self.header.rounds[round].hosts.clone();
            self.push(RunEvent::RoundStarted { round: RoundIx::new(round), hosts });
        }
    }

    pub(super) fn over(self, round: usize) -> Feed {
        self.event(RunEvent::RoundEnded { round: RoundIx::new(round) })
    }

    pub(super) fn connected(self, host: usize) -> Feed {
        let host = HostIx::new(host);
        self.event(RunEvent::HostConnecting { host }).event(RunEvent::HostConnected { host, duration_ms: 105 })
    }

    pub(super) fn unreachable(self, host: usize, class: &str, message: &str) -> Feed {
        let host = HostIx::new(host);
        self.event(RunEvent::HostUnreachable { host, class: class.into(), message: message.into() })
    }

    /// Sends a step and lets it begin.
    pub(super) fn start(mut self, round: usize, task: usize, host: usize) -> Feed {
        self.ensure(round);
        let step = step(round, task, host);
        let command = format!("do {}", self.header.rounds[round].tasks[task].name);
        self.push(RunEvent::StepSent { step, attempt: 1, on: None, command, item: None, durable: None });
        self.push(RunEvent::StepBegan { step, attempt: 1 });
        self
    }

    pub(super) fn output(mut self, round: usize, task: usize, host: usize, stream: Stream, text: &str) -> Feed {
        let step = step(round, task, host);
        self.push(RunEvent::StepOutput { step, attempt: 1, stream, offset: 0, data: Data::Text(text.to_owned()) });
        self
    }

    pub(super) fn finish(mut self, round: usize, task: usize, host: usize, outcome: Outcome) -> Feed {
        self.ensure(round);
        self.push(RunEvent::StepEnded { step: step(round, task, host), attempt: 1, outcome });
        self
    }

    pub(super) fn ok(self, round: usize, task: usize, host: usize, stdout: &str) -> Feed {
        self.whole(round, task, host, (stdout, ""), ran(Status::Ok, Some(0)))
    }

    pub(super) fn changed(self, round: usize, task: usize, host: usize) -> Feed {
        self.whole(round, task, host, ("", ""), ran(Status::Changed, Some(0)))
    }

    pub(super) fn failed(self, round: usize, task: usize, host: usize, rc: i32, stderr: &str) -> Feed {
        let outcome = Outcome { reason: Some(format!("exit code {rc}")), ..ran(Status::Failed, Some(rc)) };
        self.whole(round, task, host, ("", stderr), outcome)
    }

    pub(super) fn without_run(self, round: usize, task: usize, host: usize, status: Status, reason: &str) -> Feed {
        self.finish(round, task, host, Outcome::without_run(status, reason))
    }

    /// A step from beginning to end.
    pub(super) fn whole(self, round: usize, task: usize, host: usize, (stdout, stderr): (&str, &str), outcome: Outcome) -> Feed {
        let mut feed = self.start(round, task, host);
        for (stream, text) in [(Stream::Stdout, stdout), (Stream::Stderr, stderr)] {
            if !text.is_empty() {
                feed = feed.output(round, task, host, stream, text);
            }
        }
        let info = |text: &str| OutputInfo { bytes: text.len() as u64, ..OutputInfo::default() };
        feed.finish(round, task, host, Outcome { stdout: info(stdout), stderr: info(stderr), ..outcome })
    }

    pub(super) fn end(self, exit_code: u8) -> Feed {
        let status = match exit_code {
            0 => "ok",
            4 => "failed",
            5 => "unreachable",
            6 => "stopped",
            130 | 143 => "interrupted",
            _ => "error",
        };
        let duration_ms = u64::try_from(self.now - START).unwrap_or(0);
        self.event(RunEvent::RunEnded(RunEnd { status: status.into(), exit_code, duration_ms }))
    }

    pub(super) fn events(self) -> Vec<Event> {
        self.events
    }
}

fn task_entry(name: &str, place: Location) -> TaskEntry {
    let (verb, name) = name.split_once(": ").filter(|(verb, _)| *verb == "print").unwrap_or(("run", name));
    TaskEntry { id: snake_id(name), name: name.to_owned(), verb: verb.to_owned(), section: None, within: None, retries: 0, place }
}

pub(super) fn step(round: usize, task: usize, host: usize) -> StepId {
    StepId { round: RoundIx::new(round), task: TaskIx::new(task), host: HostIx::new(host) }
}

/// An outcome of a step that ran.
pub(super) fn ran(status: Status, rc: Option<i32>) -> Outcome {
    Outcome { rc, duration_ms: 120, ..Outcome::new(status) }
}

/// Names `web001` … of as many hosts.
pub(super) fn webs(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("web{number:03}")).collect()
}

/// A stream whose text the test reads.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(super) fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(self.clone())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A pipe that nobody reads.
#[derive(Clone, Default)]
pub(super) struct Broken(Arc<AtomicUsize>);

impl Broken {
    pub(super) fn attempts(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
}

/// Half a minute of 200 hosts, to look at.
pub(super) fn long_run() -> Feed {
    let names = webs(200);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let tasks: &[&str] = &["kernel", "Upgrade nginx", "config", "print: say"];
    let mut feed = Feed::new("Patch the web tier", &names, &[("survey", tasks), ("patch", tasks)]).begin(0);
    for host in 0..200 {
        feed = feed.event(RunEvent::HostConnecting { host: HostIx::new(host) }).wait(if host % 4 == 0 { 40 } else { 0 });
        if host >= 8 && host % 25 != 0 {
            feed = feed.event(RunEvent::HostConnected { host: HostIx::new(host - 8), duration_ms: 105 });
            feed = feed.ok(0, 0, host - 8, "6.1\n").start(0, 1, host - 8);
        } else if host >= 8 {
            let message = format!("ssh: connect to host 10.0.0.{} port 22: Connection refused", host - 7);
            feed = feed.unreachable(host - 8, "refused", &message);
            for task in 0..4 {
                feed = feed.without_run(0, task, host - 8, Status::Unreachable, "unreachable");
            }
        }
    }
    for host in 192..200 {
        feed = feed.connected(host).ok(0, 0, host, "6.1\n").start(0, 1, host);
    }
    let gone = |host: usize| host < 192 && (host + 8).is_multiple_of(25);
    for host in (0..200).filter(|host| !gone(*host)) {
        let outcome = ran(Status::Changed, Some(0));
        feed = match host % 40 {
            3 => {
                let outcome = Outcome { reason: Some("exit code 100".into()), ..ran(Status::Failed, Some(100)) };
                feed.output(0, 1, host, Stream::Stderr, "E: Could not get lock /var/lib/dpkg/lock-frontend\n").finish(0, 1, host, outcome)
            }
            _ => feed.finish(0, 1, host, outcome),
        };
        feed = feed.wait(50).start(0, 2, host);
    }
    for host in (0..200).filter(|host| !gone(*host)) {
        feed = feed.wait(30).finish(0, 2, host, ran(Status::Ok, Some(0))).ok(0, 3, host, "hello\n");
    }
    feed = feed.over(0).event(RunEvent::Interrupted { stage: 1, signal: "INT".into() }).wait(2000);
    feed.end(130)
}
