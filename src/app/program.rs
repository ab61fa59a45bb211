//! Runs an inventory program and takes what it prints.

use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::yaml::MAX_BYTES;

/// How long a program may take.
const LONGEST: Duration = Duration::from_secs(60);

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
        status: std::process::ExitStatus,
        /// What it said.
        stderr: String,
    },
    /// It did not end.
    #[error("did not end within {} s", LONGEST.as_secs())]
    Slow {
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
        let (ProgramError::Failed { stderr, .. } | ProgramError::Slow { stderr } | ProgramError::NoJson { stderr, .. }) = self else {
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
    let program = if path.components().count() == 1 { Path::new(".").join(path) } else { path.to_owned() };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(ProgramError::Start)?;
    let stdout = child.stdout.take().map(|stream| std::thread::spawn(move || read(stream)));
    let stderr = child.stderr.take().map(|stream| std::thread::spawn(move || read(stream)));
    let status = wait(&mut child);
    let said = |reader: Option<std::thread::JoinHandle<Vec<u8>>>| reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    let Some(status) = status.map_err(ProgramError::Start)? else {
        return Err(ProgramError::Slow { stderr: String::from_utf8_lossy(&said(stderr)).into_owned() });
    };
    let (stdout, stderr) = (said(stdout), String::from_utf8_lossy(&said(stderr)).into_owned());
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

/// Reads a stream to its end; what is too much is read, too, so that the program can go on, but not kept.
fn read(mut stream: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let _ = stream.by_ref().take(MAX_BYTES as u64 + 1).read_to_end(&mut kept);
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
    kept
}

/// Waits for a program; `None` where it takes too long and was ended.
fn wait(child: &mut Child) -> std::io::Result<Option<std::process::ExitStatus>> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() > LONGEST {
            // Its children hold the streams; the whole group goes.
            if let Some(group) = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap_or(0)) {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
