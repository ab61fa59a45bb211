//! A process that writes is killed: nothing that it was told of is lost.
//!
//! The test program starts itself, with one test's name, as the process to kill.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;
use crate::store::{RunState, StepFilter, StepStatus};

const PATH: &str = "ROUNDSMAN_TEST_RECORD";
const RUN: &str = "ROUNDSMAN_TEST_RUN";
const STEPS: &str = "ROUNDSMAN_TEST_STEPS";

/// The events of the child's run, known to both.
fn event(run: &str, seq: u64) -> Event {
    let number = u32::try_from(seq / 4).unwrap();
    let kind = match seq {
        0 => RunEvent::RunStarted(Box::new(header(run))),
        _ => match seq % 4 {
            1 => sent(step(number, 0), "true"),
            2 => RunEvent::StepBegan { step: step(number, 0), attempt: 1 },
            3 => output(step(number, 0), Stream::Stdout, 0, format!("line {seq}\n").as_bytes()),
            _ => ended(step(number - 1, 0), Status::Ok, 0, seq),
        },
    };
    Event { seq, at: seq as i64, kind }
}

/// A child that does not outlive its test.
pub(super) struct Kept(pub(super) Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn child(path: &Path, run: &str, steps: u64) -> Kept {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::kill::the_child", "--nocapture", "--test-threads=1"])
        .env(PATH, path)
        .env(RUN, run)
        .env(STEPS, steps.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    Kept(child)
}

/// Does nothing unless it is told to be the process that writes.
#[test]
fn the_child() {
    let (Ok(path), Ok(run), Ok(steps)) = (std::env::var(PATH), std::env::var(RUN), std::env::var(STEPS)) else { return };
    let writer = write(Path::new(&path)).writer(&header(&run)).unwrap();
    let last = 4 * steps.parse::<u64>().unwrap();
    let mut outstanding = std::collections::VecDeque::new();
    for seq in 0..=last {
        let (sender, receiver) = channel();
        writer.append(
            vec![event(&run, seq)],
            Box::new(move |result| {
                result.unwrap();
                println!("done {seq}");
                sender.send(()).unwrap();
            }),
        );
        outstanding.push_back(receiver);
        if outstanding.len() > 8 {
            outstanding.pop_front().unwrap().recv().unwrap();
        }
    }
    outstanding.drain(..).for_each(|answer| answer.recv().unwrap());
    let end = Event { seq: last + 1, at: 1, kind: run_ended("ok", 0) };
    append(&writer, vec![end]).recv().unwrap().unwrap();
    writer.finish().unwrap();
}

#[test]
fn what_was_done_outlives_a_sigkill() {
    for pause in [0_u64, 1, 2, 3, 5, 8, 13, 21, 34, 55] {
        let (_folder, path) = record();
        let mut child = child(&path, "0192-dead", 1_000_000);
        // The first line begins with the test's name.
        let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
        let mut told = lines.map_while(Result::ok).filter_map(|line| line.split_once("done ")?.1.parse::<u64>().ok());
        assert_eq!(told.next(), Some(0));
        assert_eq!(only(&read(&path)).state, RunState::Running);
        std::thread::sleep(Duration::from_millis(pause));
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        let last = told.last().unwrap_or(0);

        let store = read(&path);
        store.check().unwrap();
        let run = only(&store);
        assert_eq!(run.state, RunState::Abandoned);
        let events = store.events(run.number).unwrap();
        assert!(events.len() as u64 > last, "{last} was told, {} are there", events.len());
        for (seq, found) in events.iter().enumerate() {
            assert_eq!(*found, event("0192-dead", seq as u64));
        }
        let unknown = store.steps(&run, &StepFilter::default()).unwrap();
        let unknown = unknown.iter().filter(|row| row.status == StepStatus::Ended(Status::Unknown)).count();
        let open = usize::from(!(events.len() - 1).is_multiple_of(4));
        assert_eq!(unknown, open, "a step without an end is unknown");
        assert_eq!(run.counts.get(&Status::Unknown).copied().unwrap_or(0), open);

        // The record goes on, and so might the run: its lock is free.
        crate::store::lock::RunLock::take(&path, "0192-dead").unwrap();
        let next = header("0192-next");
        put(&path, &next, numbered(9, [RunEvent::RunStarted(Box::new(next.clone())), run_ended("ok", 0)]));
        assert_eq!(read(&path).find("last").unwrap().id, "0192-next");
    }
}
