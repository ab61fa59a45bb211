//! `command`: what a program of this machine prints: sops, pass, a vault's client.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{Why, file};

/// Long enough for somebody to unlock a key in a window of its own.
const LONGEST: Duration = Duration::from_secs(120);

/// Runs a program and takes what it prints.
pub(super) fn get(argv: &[String], folder: &Path) -> Result<String, Why> {
    get_within(argv, folder, LONGEST)
}

fn get_within(argv: &[String], folder: &Path, longest: Duration) -> Result<String, Why> {
    let Some((program, arguments)) = argv.split_first() else { return Err(Why::Empty) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if folder.components().next().is_some() {
        command.current_dir(folder);
    }
    let mut child = command.spawn().map_err(|error| Why::NoStart { program: program.clone(), error: error.to_string() })?;
    let (stdout, stderr) = (gathered(child.stdout.take()), gathered(child.stderr.take()));
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < longest => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                // Whatever becomes of it, nothing is taken from it any more.
                let _ = child.kill();
                let _ = child.wait();
                return Err(Why::TooSlow(longest));
            }
            Err(error) => return Err(Why::NoStart { program: program.clone(), error: error.to_string() }),
        }
    };
    // A process that it left in the background may hold the streams open.
    let rest = longest.saturating_sub(started.elapsed());
    let read = |stream: mpsc::Receiver<Vec<u8>>| stream.recv_timeout(rest).map_err(|_| Why::TooSlow(longest));
    if !status.success() {
        let stderr = read(stderr).unwrap_or_default();
        return Err(Why::Ended { how: status.to_string(), stderr: last_words(&stderr) });
    }
    let stdout = read(stdout)?;
    if stdout.len() as u64 > file::MOST { Err(Why::TooLong) } else { file::text(stdout) }
}

/// Reads a stream beside everything else; no more than a secret may have, but to its end, so that nobody waits for us.
fn gathered(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // A stream that breaks off has ended.
            let _ = stream.by_ref().take(file::MOST + 1).read_to_end(&mut bytes);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
        // The receiver is gone when it was too slow.
        let _ = sender.send(bytes);
    });
    receiver
}

/// The end of what a program says of its failure, uncut: half a secret could not be masked.
fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(text: &str, longest: Duration) -> Result<String, Why> {
        get_within(&["/bin/sh", "-c", text].map(str::to_owned), Path::new("/tmp"), longest)
    }

    #[test]
    fn it_gives_its_output_or_says_why_not() {
        let minute = Duration::from_secs(60);
        assert_eq!(sh("echo s3cret", minute).unwrap(), "s3cret");
        assert_eq!(sh("pwd", minute).unwrap(), "/tmp");
        let Err(Why::Ended { how, stderr }) = sh("echo half; echo 'no such key' >&2; exit 3", minute) else { panic!() };
        assert_eq!((how.as_str(), stderr.as_str()), ("exit status: 3", "no such key"));
        assert!(matches!(sh("sleep 60", Duration::from_millis(50)), Err(Why::TooSlow(_))));
        assert!(matches!(sh("head -c 2000000 /dev/zero", minute), Err(Why::TooLong)));
        assert!(matches!(get(&["/no/such/program".to_owned()], Path::new("")), Err(Why::NoStart { .. })));
        assert!(matches!(sh("(sleep 60 >/dev/null 2>&1 </dev/null &) ; echo x", minute).as_deref(), Ok("x")));
    }
}
