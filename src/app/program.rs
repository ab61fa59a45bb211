//! Runs an inventory program and takes what it prints.

use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::yaml::MAX_BYTES;

/// How long a program may take.
const LONGEST: Duration = Duration::from_secs(60);

/// How long the last of what a program said may take to arrive once it is over.
const SETTLING: Duration = Duration::from_secs(2);

/// How many lines of its stderr are told.
const MOST_LINES: usize = 8;

/// Why a program is no inventory. `Display` goes on where its name stands.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProgramError {
    /// It can't be started.
    #[error("can't be started: {0}")]
    Start(std::io::Error),
    /// It ended badly.
    #[error("failed: {status}")]
    Failed {
        /// How.
        status: ExitStatus,
        /// What it said.
        stderr: String,
    },
    /// It did not end.
    #[error("did not end within {} s", limit.as_secs_f64())]
    Slow {
        /// How long it had.
        limit: Duration,
        /// What it said.
        stderr: String,
    },
    /// It printed too much.
    #[error("printed more than {} MiB", MAX_BYTES >> 20)]
    Large,
    /// What it printed is no JSON.
    #[error("printed no JSON: {error}")]
    NoJson {
        /// Why not.
        error: serde_json::Error,
        /// What it said.
        stderr: String,
    },
}

impl ProgramError {
    /// The last lines of what the program said.
    pub(super) fn stderr(&self) -> Vec<&str> {
        let (ProgramError::Failed { stderr, .. } | ProgramError::Slow { stderr, .. } | ProgramError::NoJson { stderr, .. }) = self else {
            return Vec::new();
        };
        let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(MOST_LINES)..].to_vec()
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> Option<String> {
        let hint = match self {
            ProgramError::Start(error) if error.kind() == std::io::ErrorKind::NotFound => "the interpreter in its first line is not there",
            ProgramError::NoJson { .. } => "an executable file is run as Ansible does it; for a plain inventory: chmod -x",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// Says whether a file is a program: it may be executed, and starts as scripts or binaries do.
pub(super) fn is_program(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else { return false };
    if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
        return false;
    }
    let mut start = [0; 4];
    let Ok(length) = std::fs::File::open(path).and_then(|mut file| file.read(&mut start)) else { return false };
    start[..length].starts_with(b"#!") || start[..length].starts_with(b"\x7fELF")
}

/// Runs a program and gives its JSON, laid out in lines so that places in it say something.
///
/// # Errors
/// Where it does not start, end well and in time, or print JSON.
pub(super) fn json(path: &Path, arguments: &[&str]) -> Result<String, ProgramError> {
    json_within(LONGEST, path, arguments)
}

fn json_within(limit: Duration, path: &Path, arguments: &[&str]) -> Result<String, ProgramError> {
    let program = if path.components().count() == 1 { Path::new(".").join(path) } else { path.to_owned() };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let until = Instant::now() + limit;
    let mut child = command.spawn().map_err(ProgramError::Start)?;
    let stdout = child.stdout.take().map(read);
    let stderr = child.stderr.take().map(read);
    let printed = stdout.and_then(|stream| whole(&stream, until));
    let status = match printed {
        Some(_) => wait(&mut child, until).map_err(ProgramError::Start)?,
        None => None,
    };
    let (Some(stdout), Some(status)) = (printed, status) else {
        // Its children may hold the streams; the whole group goes.
        if let Some(group) = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap_or(0)) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = child.wait();
        let said = stderr.and_then(|stream| whole(&stream, Instant::now() + SETTLING)).unwrap_or_default();
        return Err(ProgramError::Slow { limit, stderr: String::from_utf8_lossy(&said).into_owned() });
    };
    let stderr = stderr.and_then(|stream| whole(&stream, until.min(Instant::now() + SETTLING))).unwrap_or_default();
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    if !status.success() {
        return Err(ProgramError::Failed { status, stderr });
    }
    if stdout.len() > MAX_BYTES {
        return Err(ProgramError::Large);
    }
    if arguments.first() == Some(&"--host") && stdout.iter().all(u8::is_ascii_whitespace) {
        return Ok(String::new());
    }
    let laid_out = serde_json::from_slice::<serde_json::Value>(&stdout).and_then(|value| serde_json::to_string_pretty(&value));
    laid_out.map(|text| text + "\n").map_err(|error| ProgramError::NoJson { error, stderr })
}

/// Reads a stream to its end on a thread of its own. What is too much is read, too, so that the program can go on, but
/// not kept.
fn read(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = stream.by_ref().take(MAX_BYTES as u64 + 1).read_to_end(&mut kept);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        // Nobody may be left to hear it.
        let _ = sender.send(kept);
    });
    receiver
}

/// All of a stream, where it ends in time.
fn whole(stream: &Receiver<Vec<u8>>, until: Instant) -> Option<Vec<u8>> {
    stream.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
}

/// Waits for a program; `None` where it takes too long.
fn wait(child: &mut Child, until: Instant) -> std::io::Result<Option<ExitStatus>> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > until {
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        for text in ["#!/bin/sh\necho waiting >&2\nsleep 60\n", "#!/bin/sh\necho waiting >&2\nexec >&-\nsleep 60\n"] {
            let (_folder, path) = script(text);
            let begun = Instant::now();
            let error = json_within(Duration::from_millis(500), &path, &["--list"]).unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
            assert_eq!(error.to_string(), "did not end within 0.5 s");
            assert_eq!(error.stderr(), ["waiting"], "{text}");
        }
    }

    #[test]
    fn much_output_is_refused_and_nothing_for_a_host_is_fine() {
        let (_folder, path) = script(&format!("#!/bin/sh\n[ $1 = --host ] && exit 0\nhead -c {} /dev/zero\n", MAX_BYTES + 1));
        assert!(matches!(json(&path, &["--list"]), Err(ProgramError::Large)));
        assert_eq!(json(&path, &["--host", "a"]).unwrap(), "");
    }

    #[test]
    fn json_is_laid_out_as_it_was_meant() {
        let (_folder, path) = script("#!/bin/sh\nprintf '{\"b\":[1.50],\"a\":\"\\\\ud83d\\\\ude00\"}'\n");
        assert_eq!(json(&path, &["--list"]).unwrap(), "{\n  \"b\": [\n    1.5\n  ],\n  \"a\": \"😀\"\n}\n");
    }
}
