//! The command line in a project folder of its own.
//!
//! Hermetic: an empty environment but `PATH`, a HOME of its own, 80 columns, no colour, UTC; and the record lies in the
//! project's folder. What a command says comes back as one text, so that a snapshot holds all of it.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::procs;

/// A folder with playbooks and inventories; removed when dropped.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

/// What a command said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The exit code; death by signal N is 128 + N.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Shown {
    /// Exit code and both streams as one text, for snapshots and messages.
    pub(crate) fn text(&self) -> String {
        format!("exit: {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }

    /// Fails the test, with everything said, unless the exit code is this one.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Shown {
        assert_eq!(self.code, code, "expected exit {code}\n{}", self.text());
        self
    }

    /// Both streams.
    pub(crate) fn both(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    fn new(status: ExitStatus, stdout: &[u8], stderr: &[u8]) -> Shown {
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Shown { code, stdout: text(stdout), stderr: text(stderr) }
    }
}

impl Project {
    /// An empty project; its record is `.roundsman/record.db` in it.
    pub(crate) fn new() -> Project {
        let folder = tempfile::Builder::new().prefix("proj").tempdir().expect("a temporary folder");
        std::fs::create_dir_all(folder.path().join(".roundsman")).expect("the record's folder");
        std::fs::create_dir_all(folder.path().join("home")).expect("a home");
        Project { folder, env: Vec::new() }
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("folders");
        std::fs::write(&path, content).expect("a file of the project");
        path
    }

    /// Sets a variable of the environment of every command from here on.
    pub(crate) fn env(&mut self, name: &str, value: &str) -> &mut Project {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the project.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The record.
    pub(crate) fn record(&self) -> PathBuf {
        self.path(".roundsman/record.db")
    }

    /// Runs a command to its end, two minutes at most.
    pub(crate) fn run(&self, arguments: &[&str]) -> Shown {
        self.run_within(Duration::from_secs(120), arguments)
    }

    /// Runs a command to its end; one that takes longer is killed, which is exit 137.
    pub(crate) fn run_within(&self, limit: Duration, arguments: &[&str]) -> Shown {
        let output = assert_cmd::Command::from_std(self.command(arguments)).timeout(limit).output().expect("the command starts");
        Shown::new(output.status, &output.stdout, &output.stderr)
    }

    /// Runs a command of the project's own folder and fails the test unless it ends with 0.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> Shown {
        self.run(arguments).expect_code(0)
    }

    /// Starts a command in a process group of its own and goes on.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        use std::os::unix::process::CommandExt as _;
        let mut command = self.command(arguments);
        // Files, not pipes: whatever outlives the command must not hold the test.
        let streams = tempfile::tempdir().expect("a temporary folder");
        let stream = |name: &str| Stdio::from(std::fs::File::create(streams.path().join(name)).expect("a file for output"));
        command.stdout(stream("stdout")).stderr(stream("stderr")).process_group(0);
        Running { child: command.spawn().expect("the command starts"), streams }
    }

    /// The command, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_roundsman"), arguments)
    }

    /// Another program's command, in the same surroundings.
    pub(crate) fn command_of(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.path("home"));
        command.env("COLUMNS", "80").env("NO_COLOR", "1").env("TZ", "UTC").env("LC_ALL", "C.UTF-8").env("TERM", "dumb");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A command under way; killed when dropped.
pub(crate) struct Running {
    child: Child,
    streams: tempfile::TempDir,
}

impl Running {
    /// Its process id.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process id")
    }

    /// Sends it a signal (to it alone, not to its group).
    pub(crate) fn signal(&self, signal: Signal) {
        procs::signal(self.pid(), signal);
    }

    /// What it said on both streams so far.
    pub(crate) fn so_far(&self) -> String {
        format!("{}{}", self.stream("stdout"), self.stream("stderr"))
    }

    /// Says whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end; one that takes longer fails the test.
    #[track_caller]
    pub(crate) fn wait(mut self, limit: Duration) -> Shown {
        if !procs::wait_until(limit, || !self.is_running()) {
            panic!("still running after {limit:?}\n{}", self.so_far());
        }
        let status = self.child.wait().expect("its status");
        Shown::new(status, self.stream("stdout").as_bytes(), self.stream("stderr").as_bytes())
    }

    fn stream(&self, name: &str) -> String {
        let bytes = std::fs::read(self.streams.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says whether a path is there.
pub(crate) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
