//! Scripts on channels of their own, and what is left of those that are given up.

use std::future::pending;
use std::time::{Duration, Instant};

use super::{session, shells};
use crate::model::Connect;
use crate::transport::channel::Channel;
use crate::transport::lane_api::Target;
use crate::transport::session::{Backend, Session};
use crate::transport::{BulkEnd, Bytes, Heard, LaneCommand, LaneReport, RefusalClass, bulk, lane};

fn running(text: &str) -> bool {
    let is = |entry: std::io::Result<std::fs::DirEntry>| {
        let command = std::fs::read(entry.unwrap().path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).replace('\0', " ").starts_with(text)
    };
    std::fs::read_dir("/proc").unwrap().any(is)
}

async fn until(wanted: impl Fn() -> bool) -> bool {
    let since = Instant::now();
    while !wanted() {
        if since.elapsed() > Duration::from_secs(10) {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

#[tokio::test]
async fn a_script_has_its_bytes_and_its_own_end() {
    for shell in shells() {
        let bytes: Vec<u8> = (0..300_001_u32).map(|at| (at % 251) as u8).collect();
        let script = "trap 'echo bye' 0; wc -c; cat; echo '!' >&2; n=\"it's\"; echo $n; exit 7";
        let end = session(shell).upload(None, script, Bytes::of(&bytes), pending()).await.unwrap();
        let stdout = String::from_utf8_lossy(&end.stdout);
        assert_eq!((end.code, stdout.trim(), end.stderr.as_slice()), (7, "300001\nit's\nbye", b"!\n".as_slice()), "{shell}");
        let end = session(shell).upload(None, "kill -KILL $(/bin/sh -c 'echo $PPID')", Bytes::none(), pending()).await.unwrap();
        assert_eq!(end.code, 137, "{shell}");
    }
}

#[tokio::test]
async fn a_script_that_is_given_up_ends_with_all_that_it_started() {
    for (index, shell) in shells().into_iter().enumerate() {
        let nap = format!("sleep 60.{}{index}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let mark = crate::text::quote(&folder.path().join("mark").display().to_string());
        let script =
            format!("cat >/dev/null; trap 'echo tidy; exit 143' TERM; ( trap '' HUP; {nap}; : ) & {nap}; touch {mark}; echo changed");
        let given_up = async {
            assert!(until(|| running(&nap)).await, "{shell}");
        };
        let since = Instant::now();
        let end = session(shell).upload(None, &script, Bytes::of(b"bytes"), given_up).await.unwrap();
        assert!(since.elapsed() < Duration::from_secs(5), "{shell}: {:?}", since.elapsed());
        assert_eq!((end.code, end.stdout.as_slice()), (143, b"tidy\n".as_slice()), "{shell}: it tidies up, and that is its end");
        assert!(!running(&nap) && !folder.path().join("mark").exists(), "{shell}");
    }
}

#[tokio::test]
async fn a_script_that_will_not_hear_is_killed() {
    let shell = "/bin/sh";
    let nap = format!("sleep 61.{}", std::process::id());
    let script = format!("trap '' TERM; while :; do {nap}; done");
    let given_up = async {
        assert!(until(|| running(&nap)).await);
    };
    let end = session(shell).upload(None, &script, Bytes::none(), given_up).await.unwrap();
    assert_eq!(end.code, 137);
    assert!(until(|| !running(&nap)).await);
}

#[tokio::test]
async fn a_download_that_is_dropped_ends_there() {
    let nap = format!("sleep 62.{}", std::process::id());
    let mut sink = Vec::new();
    let session = session("/bin/sh");
    let script = format!("echo begun; {nap}; echo more");
    tokio::select! {
        end = session.download(None, &script, &mut sink) => panic!("{end:?}"),
        there = until(|| running(&nap)) => assert!(there),
    }
    assert!(until(|| !running(&nap)).await);
}

#[tokio::test]
async fn bytes_that_end_too_early_are_no_file() {
    let bytes = Bytes { size: 9, ..Bytes::of(b"short") };
    let refusal = session("/bin/sh").upload(None, "cat; sleep 9", bytes, pending()).await.unwrap_err();
    assert!(refusal.message.contains("4 bytes too early"), "{refusal:?}");
}

/// A channel that a server closed before anything ran on it: it says nothing, and there is no exit code.
fn unused() -> Channel {
    let (stdin, _) = tokio::io::duplex(64);
    let exit = Box::pin(async { None });
    Channel { stdin: Box::new(stdin), stdout: Box::new(tokio::io::empty()), stderr: Box::new(tokio::io::empty()), exit, slot: None }
}

#[tokio::test]
async fn a_channel_that_was_closed_before_anything_ran_on_it_is_told_from_a_lost_one() {
    assert_eq!(bulk::upload(unused(), "cat", Bytes::of(&[7; 1 << 20]), pending()).await.unwrap(), None);
    let mut sink = Vec::new();
    assert_eq!(bulk::download(unused(), "echo x", &mut sink).await.unwrap(), None);
    for spoken in [b"motd\n".as_slice(), b"x"] {
        for on_stdout in [true, false] {
            let mut channel = unused();
            let stream = if on_stdout { &mut channel.stdout } else { &mut channel.stderr };
            *stream = Box::new(spoken);
            let refusal = bulk::upload(channel, "cat", Bytes::of(b"y"), pending()).await.unwrap_err();
            assert_eq!(refusal.class, RefusalClass::Network);
            let mut channel = unused();
            let stream = if on_stdout { &mut channel.stdout } else { &mut channel.stderr };
            *stream = Box::new(spoken);
            assert_eq!(bulk::download(channel, "echo x", &mut sink).await.unwrap_err().class, RefusalClass::Network);
        }
    }
    let mut channel = unused();
    channel.exit = Box::pin(async { Some(1) });
    assert_eq!(bulk::upload(channel, "cat", Bytes::none(), pending()).await.unwrap().unwrap().code, 1, "a login shell that is `false`");
    assert!(sink.is_empty());
}

#[tokio::test]
async fn a_lane_on_such_a_channel_says_so() {
    for code in [None, Some(1)] {
        let mut channel = unused();
        channel.exit = Box::pin(async move { code });
        let mut lane =
            lane::start(channel, "0".repeat(32), None, Box::new(|_| Box::pin(async { None })), Box::new(|| Box::pin(async { None })));
        let _ = lane.commands.send(LaneCommand::Withdraw);
        let report = lane.reports.recv().await;
        assert!(matches!(&report, Some(LaneReport::Closed { heard, .. }) if (*heard == Heard::Nothing) == code.is_none()), "{report:?}");
    }
}

/// A session whose channels go through a program that ends with its input, and has no exit code of theirs.
fn behind_a_pipe(shell: &str) -> Session {
    let target = Target { name: "here".to_owned(), connect: Connect::new("here"), jump: None };
    let argv = ["sh", "-c", "{ cat; sleep 0.1; } | \"$@\" | cat; exit 3", "-"].map(str::to_owned).to_vec();
    Session::with_shell(Backend::Process(argv), &target, None, shell, None)
}

#[tokio::test]
async fn a_program_between_that_waits_for_its_inputs_end_ends() {
    for shell in shells() {
        let session = behind_a_pipe(shell);
        let script = "cat; printf err >&2; exit 9";
        let end = timeout(session.upload(None, script, Bytes::of(b"bytes"), pending()), shell).await;
        let said = |code, stdout: &[u8], stderr: &[u8]| BulkEnd { code, stdout: stdout.to_vec(), stderr: stderr.to_vec() };
        assert_eq!(end.unwrap(), said(9, b"bytes", b"err"), "{shell}");
        let bytes = vec![0; 3_000_000];
        let end = timeout(session.upload(None, "echo enough", Bytes::of(&bytes), pending()), shell).await;
        assert_eq!(end.unwrap(), said(0, b"enough\n", b""), "{shell}: it reads nothing");
        let mut sink = Vec::new();
        let end = timeout(session.download(None, "head -c 200000 /dev/zero; echo; echo err >&2; exit 4", &mut sink), shell).await;
        assert_eq!(end.unwrap(), said(4, b"", b"err\n"), "{shell}");
        assert!(sink.len() == 200_001 && sink.ends_with(b"\0\n"), "{shell}");
    }
}

async fn timeout<T>(work: impl Future<Output = T>, shell: &str) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.unwrap_or_else(|_| panic!("{shell}: it never ends"))
}

#[tokio::test]
async fn words_before_and_behind_a_scripts_end_are_whole() {
    for shell in shells() {
        let script = "( sleep 0.3; printf late >&2 ) & head -c 100000 /dev/zero | tr '\\0' e >&2; printf last >&2; exit 5";
        let end = session(shell).upload(None, script, Bytes::none(), pending()).await.unwrap();
        assert_eq!((end.code, end.stderr.len()), (5, 65536), "{shell}: the first part is kept");
        assert!(end.stderr.iter().all(|byte| *byte == b'e'), "{shell}");
        let script = "( sleep 0.3; printf late >&2 ) & printf last >&2; exit 6";
        let end = session(shell).upload(None, script, Bytes::none(), pending()).await.unwrap();
        assert_eq!((end.code, String::from_utf8_lossy(&end.stderr).as_ref()), (6, "lastlate"), "{shell}");
    }
}
