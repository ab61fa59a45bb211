//! Lanes over real shells on this machine. Here is what opens them and hears what they say.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use tokio::time::timeout;

use crate::model::Connect;
use crate::transport::lane_api::*;
use crate::transport::session::{Backend, Session};

mod bulk;
mod durable;
mod ends;
mod journal;
mod login;
mod order;
mod requests;
mod streams;

const SHELLS: &[&str] = &["/bin/sh", "dash", "bash --posix", "bash", "busybox sh", "mksh"];

fn shells() -> Vec<&'static str> {
    let there = |shell: &&&str| {
        let program = shell.split(' ').next().unwrap();
        Command::new("sh").args(["-c", &format!("command -v {program} >/dev/null")]).status().unwrap().success()
    };
    SHELLS.iter().filter(there).copied().collect()
}

fn session(shell: &str) -> Session {
    let target = Target { name: "here".to_owned(), connect: Connect::new("here"), jump: None };
    Session::with_shell(Backend::Process(Vec::new()), &target, None, shell, None)
}

async fn lane(shell: &str) -> Lane {
    session(shell).open_lane(None).await.unwrap()
}

fn request(id: u64, command: Invocation) -> Request {
    Request { on_failure: OnFailure::Stop, ..Request::new(id, command, Duration::from_secs(30)) }
}

fn sh(text: &str) -> Invocation {
    Invocation::Text { text: text.to_owned(), shell: ShellProgram::Sh }
}

fn run(lane: &Lane, request: Request) {
    lane.commands.send(LaneCommand::Run(Box::new(request))).unwrap();
}

/// What is known of a request.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Seen {
    began: bool,
    out: Vec<u8>,
    err: Vec<u8>,
    end: Option<End>,
    skipped: Option<SkipCause>,
}

#[derive(Debug, Default)]
struct All {
    requests: std::collections::BTreeMap<u64, Seen>,
    order: Vec<u64>,
    stray: Vec<u8>,
    ready: bool,
    closed: Option<Option<String>>,
}

impl All {
    fn of(&self, id: u64) -> &Seen {
        &self.requests[&id]
    }
    fn out(&self, id: u64) -> String {
        String::from_utf8_lossy(&self.of(id).out).into_owned()
    }
    fn exited(&self, id: u64) -> i32 {
        match &self.of(id).end {
            Some(End::Exited(code)) => *code,
            other => panic!("{id}: {other:?} {:?}", self.of(id)),
        }
    }
    fn take(&mut self, report: LaneReport) {
        match report {
            LaneReport::Ready => {
                assert!(!self.ready && self.requests.is_empty(), "ready comes first");
                self.ready = true;
            }
            LaneReport::Began { id } => {
                self.requests.entry(id).or_default().began = true;
                self.order.push(id);
            }
            LaneReport::Output { id, stream, data } => {
                assert!(data.len() <= 65536 && !data.is_empty());
                let seen = self.requests.get_mut(&id).unwrap();
                assert!(seen.began && seen.end.is_none());
                if stream == OutputStream::Stdout { seen.out.extend(data) } else { seen.err.extend(data) }
            }
            LaneReport::Ended { id, end, .. } => {
                let seen = self.requests.get_mut(&id).unwrap();
                assert!(seen.end.is_none());
                seen.end = Some(end);
            }
            LaneReport::Skipped { id, cause } => {
                let seen = self.requests.entry(id).or_default();
                assert!(!seen.began && seen.skipped.is_none(), "{id}");
                seen.skipped = Some(cause);
            }
            LaneReport::Stray { data, .. } => self.stray.extend(data),
            LaneReport::Closed { reason, .. } => self.closed = Some(reason),
        }
    }
    fn settled(&self, id: u64) -> bool {
        self.requests.get(&id).is_some_and(|seen| seen.end.is_some() || seen.skipped.is_some())
    }
}

async fn hear(lane: &mut Lane, all: &mut All, until: impl Fn(&All) -> bool) {
    let work = async {
        while !until(all) {
            match lane.reports.recv().await {
                Some(report) => all.take(report),
                None => break,
            }
        }
    };
    let heard = timeout(Duration::from_secs(30), work).await;
    assert!(heard.is_ok(), "the lane went silent: {all:?}");
    assert!(until(all), "the lane closed: {all:?}");
}

/// Says goodbye and hears everything to the end.
async fn finish(lane: Lane) -> All {
    let Lane { commands, mut reports } = lane;
    drop(commands);
    let mut all = All::default();
    let work = async {
        while let Some(report) = reports.recv().await {
            all.take(report);
        }
    };
    timeout(Duration::from_secs(30), work).await.expect("the lane did not end");
    all
}

async fn run_all(shell: &str, requests: impl IntoIterator<Item = Request>) -> All {
    let lane = lane(shell).await;
    for request in requests {
        run(&lane, request);
    }
    let all = finish(lane).await;
    assert_eq!(all.closed, Some(None), "{shell}: {all:?}");
    all
}

/// Processes whose command line has `marker`.
fn alive(marker: &str) -> bool {
    !pids(marker).is_empty()
}

fn pids(marker: &str) -> Vec<Pid> {
    let found = Command::new("pgrep").args(["-f", "--", marker]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().filter_map(|line| Pid::from_raw(line.parse().unwrap())).collect()
}

async fn gone(marker: &str) {
    let since = Instant::now();
    while alive(marker) {
        assert!(since.elapsed() < Duration::from_secs(8), "{marker} lives on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn there(marker: &str) {
    let since = Instant::now();
    while !alive(marker) {
        assert!(since.elapsed() < Duration::from_secs(8), "{marker} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A number of seconds that no other process sleeps.
fn nap() -> String {
    format!("{}.{}", 7000 + std::process::id() % 1000, crate::transport::random::below(1_000_000_000))
}
