//! Framing: requests written to a lane, and its streams of marks and output read back, with no shell between them.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use roundsman::transport::bench::Framing;
use roundsman::transport::{GuardCheck, GuardKind, Invocation, LaneReport, OnFailure, OutputStream, Request, ShellProgram};

use super::{Amount, Axis, Prepared, Work, tasks};
use crate::big::{Big, Size};

pub(super) const REQUESTS: Work = Work { name: "framing/requests", grows_with: &[Axis::Tasks], amount: tasks, prepare: requests };

pub(super) const OUTPUT: Work = Work { name: "framing/output", grows_with: &[Axis::Tasks], amount: bytes, prepare: output };

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// What one read of a channel gives at most.
const READ: usize = 64 * 1024 - 256;

/// Output of a request that says much.
const MUCH: usize = 256 * 1024;

fn bytes(size: Size) -> Amount {
    Amount::Bytes((size.tasks * MUCH) as u64)
}

/// One lane with as many requests as there are tasks, each with a line of output.
fn requests(big: &Big) -> Prepared {
    prepared(big, "web01 is up\n")
}

/// As many, each with [`MUCH`] output.
fn output(big: &Big) -> Prepared {
    let line = "2026-01-01T00:00:00Z web01 app[4711]: GET /index.html 200 0.012\n";
    prepared(big, &line.repeat(MUCH / line.len()))
}

fn prepared(big: &Big, said: &str) -> Prepared {
    let count = big.size.tasks as u64;
    let ready = format!("\x1e{TOKEN} R\n");
    let answers: Vec<[String; 2]> = (0..count).map(|id| answer(id, said)).collect();
    let input = move || (0..count).map(request).collect::<Vec<Request>>();
    Prepared::with(input, move |requests: Vec<Request>| {
        let now = Instant::now();
        let mut framing = Framing::new(TOKEN);
        let mut wire = framing.wire(now).len();
        requests.into_iter().for_each(|request| framing.run(request));
        let mut ended = 0;
        for stream in [OutputStream::Stdout, OutputStream::Stderr] {
            framing.hear(stream, ready.as_bytes(), now).for_each(drop);
        }
        for [stdout, stderr] in &answers {
            wire += framing.wire(now).len();
            for (stream, text) in [(OutputStream::Stdout, stdout), (OutputStream::Stderr, stderr)] {
                for bytes in text.as_bytes().chunks(READ) {
                    ended += framing.hear(stream, bytes, now).filter(|report| matches!(report, LaneReport::Ended { .. })).count() as u64;
                }
            }
        }
        assert_eq!(ended, count, "every request was written and heard of");
        wire
    })
}

/// What a host says of a request on both streams.
fn answer(id: u64, said: &str) -> [String; 2] {
    let mut stdout = format!("\x1e{TOKEN} B {id}\n");
    let mut stderr = stdout.clone();
    stdout.push_str(said);
    for text in [&mut stdout, &mut stderr] {
        writeln!(text, "\x1e{TOKEN} E {id} 0").expect("a text takes all");
    }
    [stdout, stderr]
}

fn request(id: u64) -> Request {
    let command = |text: &str| Invocation::Text { text: text.to_owned(), shell: ShellProgram::Sh };
    Request {
        id,
        guards: vec![GuardCheck {
            kind: GuardKind::Unless,
            command: command("test -e /srv/2.4.1"),
            timeout: std::time::Duration::from_secs(60),
        }],
        command: command("fetch 'http://east.example.net:8000/2.4.1' t8"),
        stdin: None,
        cwd: Some("/srv/app".to_owned()),
        env: vec![("RELEASE".to_owned(), "2.4.1 it's".to_owned())],
        umask: None,
        on_failure: OnFailure::Stop,
        timeout: Duration::from_secs(3600),
        alone: false,
        durable: None,
        tag: None,
    }
}
