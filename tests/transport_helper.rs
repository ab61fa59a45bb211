//! The program as the helper of ssh masters: keeper and askpass.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_roundsman");

/// A keeper, as a run starts it.
struct Keeper(Child, BufReader<ChildStdout>);

impl Keeper {
    fn start() -> Keeper {
        let mut child =
            Command::new(PROGRAM).env("ROUNDSMAN_HELPER", "keeper").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let news = BufReader::new(child.stdout.take().unwrap());
        Keeper(child, news)
    }

    fn order(&mut self, order: serde_json::Value) {
        writeln!(self.0.stdin.as_mut().unwrap(), "{order}").unwrap();
    }

    fn news(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn start_program(&mut self, id: u64, words: &[&str], log: &Path) {
        let (program, arguments) = words.split_first().unwrap();
        let environment = json!([["SAID", "by a keeper"], ["HOME", null]]);
        self.order(json!({"Start": {"id": id, "program": program, "arguments": arguments, "environment": environment, "log": log}}));
    }
}

fn is_there(pid: i64) -> bool {
    // What has ended and waits for init to hear of it is gone as well.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn goes(pid: i64) -> bool {
    let since = Instant::now();
    while is_there(pid) && since.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
    !is_there(pid)
}

#[test]
fn a_keeper_starts_programs_and_tells_their_ends() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut keeper = Keeper::start();
    keeper.start_program(7, &["/bin/sh", "-c", "echo \"$SAID${HOME-, homeless}$ROUNDSMAN_HELPER\" >&2; exit 3"], &log);
    assert!(keeper.news()["Started"][1].as_i64().unwrap() > 0);
    assert_eq!(keeper.news(), json!({"Ended": [7, 3]}));
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "by a keeper, homeless\n");
    keeper.start_program(8, &["/no/such/program"], &log);
    let news = keeper.news();
    assert_eq!((&news["Refused"][0], &news["Refused"][1]), (&json!(8), &json!(2)), "{news}");
    // It is the run that a signal is for.
    let pid = rustix::process::Pid::from_raw(i32::try_from(keeper.0.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    for (id, order, code) in [(9, "Terminate", 128 + 15), (10, "Kill", 128 + 9)] {
        keeper.start_program(id, &["/bin/sleep", "600"], &log);
        assert_eq!(keeper.news()["Started"][0], id);
        keeper.order(json!({order: id}));
        assert_eq!(keeper.news(), json!({"Ended": [id, code]}));
    }
    drop(keeper.0.stdin.take());
    assert!(keeper.0.wait().unwrap().success());
}

#[test]
fn what_a_keeper_started_ends_with_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut keeper = Keeper::start();
    keeper.start_program(1, &["/bin/sleep", "600"], &log);
    keeper.start_program(2, &["/bin/sh", "-c", "trap '' TERM; echo ready >&2; sleep 600; sleep 600"], &log);
    let pids: Vec<i64> = (0..2).map(|_| keeper.news()["Started"][1].as_i64().unwrap()).collect();
    let since = Instant::now();
    while !std::fs::read_to_string(&log).unwrap_or_default().contains("ready") {
        assert!(since.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(keeper.0.stdin.take());
    assert!(keeper.0.wait().unwrap().success());
    assert!(goes(pids[0]) && goes(pids[1]), "{pids:?}");
}

#[test]
fn without_pipes_there_is_nothing_to_keep() {
    let mut keeper = Command::new(PROGRAM).env("ROUNDSMAN_HELPER", "keeper").stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    assert_eq!(keeper.wait().unwrap().code(), Some(1));
}

#[test]
fn askpass_passes_the_prompt_on_and_prints_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("ask");
    let listener = UnixListener::bind(&socket).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        reader.read_line(&mut question).unwrap();
        reader.read_to_string(&mut question).unwrap();
        stream.write_all(b"hush\n").unwrap();
        question
    });
    let output = Command::new(PROGRAM)
        .arg("ops@web1's password: ")
        .env("ROUNDSMAN_HELPER", "askpass")
        .env("ROUNDSMAN_ASKPASS_SOCKET", &socket)
        .env("ROUNDSMAN_ASKPASS_KEY", "k")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), b"hush\n".as_slice()));
    assert_eq!(server.join().unwrap(), "k\nops@web1's password: ");
}
