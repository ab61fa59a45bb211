//! The program as the helper of ssh masters: launcher and askpass.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_roundsman");

#[test]
fn a_launched_program_dies_with_the_thread_that_started_it() {
    let (started, pid) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let child = Command::new(PROGRAM)
            .args(["sleep", "600"])
            .env("ROUNDSMAN_HELPER", "launch")
            .env("ROUNDSMAN_PARENT", std::process::id().to_string())
            .spawn()
            .unwrap();
        started.send(child).unwrap();
        let _ = released.recv();
    });
    let mut child = pid.recv().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "it runs while the thread lives");
    drop(release);
    thread.join().unwrap();
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if since.elapsed() > Duration::from_secs(5) {
            child.kill().unwrap();
            panic!("it outlived the thread");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_launcher_whose_parent_is_another_starts_nothing() {
    let status =
        Command::new(PROGRAM).args(["echo", "no"]).env("ROUNDSMAN_HELPER", "launch").env("ROUNDSMAN_PARENT", "1").output().unwrap();
    assert_eq!((status.status.code(), status.stdout.as_slice()), (Some(3), b"".as_slice()));
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
