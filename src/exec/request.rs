//! From a prepared step to a job for its host.
//!
//! Small things go on the lane in one request; what is larger than [`INLINE`] goes on a channel of its own.

use std::path::Path;
use std::time::Duration;

use super::bulk::{Bulk, Source, Target, Way};
use super::local_files::LocalFiles;
use super::worker::{Job, JobId};
use crate::event::{Outcome, Status};
use crate::model::{Judge, Shell, Task};
use crate::plan::{Body, CopySource, Prepared, PreparedAwaited, PreparedCommand, PreparedGuard};
use crate::resource::{self, Awaiting, Content, CopyPlan, FileContent, Resource, ScriptPlan, SentArchive};
use crate::transport::{GuardCheck, GuardKind, Invocation, OnFailure, Request, ShellProgram};

/// Up to this size a file's bytes travel inside a request.
const INLINE: u64 = 16 * 1024;

/// At most so long may a guard take, or whatever only asks.
const ASKING: Duration = Duration::from_secs(60);

/// How a step travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// On a lane.
    Lane,
    /// On a channel of its own.
    Bulk,
}

/// What a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trip {
    /// It does the step.
    Act,
    /// It asks how things stand, and changes nothing.
    Probe,
}

/// Says how a step travels.
pub(super) fn route(prepared: &Prepared) -> Route {
    let inline = match &prepared.body {
        Body::Fetch { .. } | Body::Unpack { .. } => false,
        Body::Copy { from: CopySource::Content(text) | CopySource::Template { text, .. }, .. } => text.len() as u64 <= INLINE,
        Body::Copy { from: CopySource::Edited { content, .. }, .. } => content.len() as u64 <= INLINE,
        // One that can't be looked at is told of when it is read.
        Body::Copy { from: CopySource::File(path), .. } => std::fs::metadata(path).map_or(true, |file| file.len() <= INLINE),
        _ => true,
    };
    if inline { Route::Lane } else { Route::Bulk }
}

/// A local file that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{path} can't be read: {error}")]
pub(super) struct Unreadable {
    path: String,
    error: std::io::Error,
}

/// Makes the job of a step; one that is `alone` waits for no other's end but may be put behind it.
pub(super) fn job(
    id: JobId,
    task: &Task,
    prepared: &Prepared,
    (route, files): (Route, &mut LocalFiles),
    alone: bool,
) -> Result<Job, Unreadable> {
    if route == Route::Bulk {
        return Ok(Job::Bulk(id, Box::new(bulk(id, prepared, files))));
    }
    let mut stdin = prepared.stdin.as_ref().map(|text| text.clone().into_bytes());
    let command = match &prepared.body {
        Body::Run(command) => invocation(command),
        Body::Read { path } => Invocation::Script(resource::read_script(path)),
        Body::Glob { patterns } => Invocation::Script(resource::glob_script(patterns)),
        Body::Stat { path } => Invocation::Script(resource::stat_script(path)),
        Body::Copy { from, .. } => {
            let bytes = match from {
                CopySource::Content(text) | CopySource::Template { text, .. } => text.clone().into_bytes(),
                CopySource::Edited { content, .. } => content.clone(),
                CopySource::File(path) => read(path, files)?,
            };
            Invocation::Script(target(prepared).small_script(&bytes))
        }
        Body::Declared(declared) => {
            let resource = declared.resource();
            Invocation::Script(resource.apply(&token()).unwrap_or_else(|| resource.probe()))
        }
        Body::Script { src, args, interpreter } => {
            let bytes = read(src, files)?;
            let name = src.file_name().unwrap_or_default().to_string_lossy();
            let token = token();
            let plan =
                ScriptPlan { name: &name, head: &bytes, size: bytes.len(), args, interpreter: interpreter.as_deref(), token: &token };
            if prepared.stdin.is_some() {
                Invocation::Script(plan.carrying(&bytes))
            } else {
                let text = plan.from_stdin();
                stdin = Some(bytes);
                Invocation::Script(text)
            }
        }
        Body::WaitFor { what, absent, interval } => {
            let what = match what {
                PreparedAwaited::Port { host, port } => Awaiting::Port { host, port: *port },
                PreparedAwaited::Url(url) => Awaiting::Url(url),
                PreparedAwaited::Path(path) => Awaiting::Path(path),
                PreparedAwaited::Command(PreparedCommand::Text { text, shell }) => Awaiting::Text(text, shell),
                PreparedAwaited::Command(PreparedCommand::Args(args)) => Awaiting::Args(args),
            };
            Invocation::Script(resource::wait_script(what, *absent, *interval))
        }
        Body::Facts { sections } => Invocation::Script(resource::facts_script(sections)),
        // Neither what goes by itself nor what needs no host comes here.
        Body::Fetch { .. }
        | Body::Unpack { .. }
        | Body::Assert { .. }
        | Body::Set(_)
        | Body::Print(_)
        | Body::Fail(_)
        | Body::Pause(_)
        | Body::Confirm(_)
        | Body::Flush => Invocation::Script(String::new()),
    };
    let on_failure = if goes_on(task) { OnFailure::Continue } else { OnFailure::Hold };
    Ok(Job::Lane(Box::new(Request { stdin, on_failure, alone, ..request(id, prepared, command) })))
}

/// Makes the job that asks what a step would do: its guards, and its probe where it has one.
pub(super) fn probe(id: JobId, prepared: &Prepared, files: &mut LocalFiles) -> Result<Job, Unreadable> {
    let resource = match resource(&prepared.body, files) {
        // Whether it can be read matters only where its guards let it run.
        Err(_) if matches!(prepared.body, Body::Unpack { .. }) && !prepared.guards.is_empty() => None,
        resource => resource?,
    };
    let script = resource.as_ref().map_or_else(|| ":".to_owned(), |resource| resource.probe());
    let request = request(id, prepared, Invocation::Script(script));
    Ok(Job::Lane(Box::new(Request { on_failure: OnFailure::Continue, timeout: guard_limit(prepared), ..request })))
}

/// How long each guard of a step may take, and a job that only asks in all.
pub(super) fn guard_limit(prepared: &Prepared) -> Duration {
    prepared.timeout.min(ASKING)
}

/// What a step declares; none for what is no resource.
pub(super) fn resource(body: &Body, files: &mut LocalFiles) -> Result<Option<Box<dyn Resource>>, Unreadable> {
    let (from, file) = match body {
        Body::Declared(declared) => return Ok(Some(declared.clone().into_resource())),
        Body::Copy { from, file } => (from, file),
        Body::Unpack { src, plan } => {
            let (_, sha256) = measured(src, files)?;
            return Ok(Some(Box::new(SentArchive { plan: plan.clone(), sha256 })));
        }
        _ => return Ok(None),
    };
    let content = match from {
        CopySource::Content(text) | CopySource::Template { text, .. } => Content::Bytes(text.clone().into_bytes()),
        CopySource::Edited { content, .. } => Content::Bytes(content.clone()),
        CopySource::File(path) => {
            let size = std::fs::metadata(path).map_err(|error| Unreadable { path: path.display().to_string(), error })?.len();
            if size <= resource::DIFF_LIMIT as u64 {
                Content::Bytes(read(path, files)?)
            } else {
                let (size, sha256) = measured(path, files)?;
                Content::Known(size, sha256)
            }
        }
    };
    Ok(Some(Box::new(FileContent { plan: CopyPlan { file: file.clone(), token: token(), expect: None }, content })))
}

/// The local file that a step sends as it is.
pub(super) fn sent_file(body: &Body) -> Option<&Path> {
    match body {
        Body::Copy { from: CopySource::File(path), .. } | Body::Unpack { src: path, .. } | Body::Script { src: path, .. } => Some(path),
        _ => None,
    }
}

/// Tries to read a local file, its first byte and no more.
pub(super) fn is_readable(path: &Path) -> Result<(), Unreadable> {
    let tried = std::fs::File::open(path).and_then(|mut file| std::io::Read::read(&mut file, &mut [0]));
    tried.map(drop).map_err(|error| Unreadable { path: path.display().to_string(), error })
}

/// The outcome of a step whose local file can't be read.
pub(super) fn unsent(task: &Task, unreadable: &Unreadable) -> Outcome {
    let mut outcome = Outcome::without_run(Status::Failed, unreadable.to_string());
    outcome.allowed = task.allow_failure;
    outcome
}

/// Says whether a step takes no longer than asking for it, so that what does not need it may be written behind it all the same.
pub(super) fn is_quick(prepared: &Prepared) -> bool {
    prepared.guards.is_empty() && prepared.cwd.is_none() && matches!(&prepared.body, Body::Read { path } if resource::is_at_hand(path))
}

/// Says whether a lane goes on behind a task's failure.
pub(super) fn goes_on(task: &Task) -> bool {
    task.allow_failure || task.failed == Some(Judge::Fixed(false)) || super::units::repeats(task)
}

fn request(id: JobId, prepared: &Prepared, command: Invocation) -> Request {
    Request {
        guards: prepared.guards.iter().map(|one| guard(one, guard_limit(prepared))).collect(),
        cwd: prepared.cwd.clone(),
        env: prepared.env.clone(),
        umask: prepared.umask,
        ..Request::new(id, command, prepared.timeout)
    }
}

fn measured(path: &Path, files: &mut LocalFiles) -> Result<(u64, String), Unreadable> {
    files.get(path).measured_now().map_err(|error| Unreadable { path: path.display().to_string(), error })
}

fn read(path: &Path, files: &mut LocalFiles) -> Result<Vec<u8>, Unreadable> {
    files.get(path).read().map_err(|error| Unreadable { path: path.display().to_string(), error })
}

fn target(prepared: &Prepared) -> CopyPlan {
    let (file, expect) = match &prepared.body {
        Body::Copy { file, from: CopySource::Edited { expect, .. } } => (file.clone(), expect.clone()),
        Body::Copy { file, .. } => (file.clone(), None),
        _ => (resource::FileTarget::default(), None),
    };
    CopyPlan { file, token: token(), expect }
}

/// A part of a temporary file's name that nobody on the host can foresee.
fn token() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn bulk(id: JobId, prepared: &Prepared, files: &mut LocalFiles) -> Bulk {
    let way = match &prepared.body {
        Body::Fetch { src, dest } => Way::Down { src: src.clone(), to: dest.clone() },
        Body::Copy { from: CopySource::Content(text) | CopySource::Template { text, .. }, .. } => {
            Way::Up { target: Target::Copy(target(prepared)), from: Source::Bytes(text.clone().into_bytes()) }
        }
        Body::Copy { from: CopySource::Edited { content, .. }, .. } => {
            Way::Up { target: Target::Copy(target(prepared)), from: Source::Bytes(content.clone()) }
        }
        Body::Copy { from: CopySource::File(path), .. } => {
            Way::Up { target: Target::Copy(target(prepared)), from: Source::File(files.get(path)) }
        }
        Body::Unpack { src, plan } => {
            Way::Up { target: Target::Unarchive { plan: plan.clone(), token: token() }, from: Source::File(files.get(src)) }
        }
        _ => Way::Down { src: String::new(), to: std::path::PathBuf::new() },
    };
    let guards = (!prepared.guards.is_empty()).then(|| Box::new(request(id, prepared, Invocation::Script(String::new()))));
    Bulk { guards, cwd: prepared.cwd.clone(), umask: prepared.umask, way, timeout: prepared.timeout }
}

fn guard(guard: &PreparedGuard, timeout: Duration) -> GuardCheck {
    let exists = |path: &str| {
        let path = crate::text::quote(path);
        // A dangling link is there too.
        Invocation::Script(format!("[ -e {path} ] || [ -L {path} ]"))
    };
    match guard {
        PreparedGuard::Unless(command) => GuardCheck { kind: GuardKind::Unless, command: invocation(command), timeout },
        PreparedGuard::OnlyIf(command) => GuardCheck { kind: GuardKind::OnlyIf, command: invocation(command), timeout },
        PreparedGuard::Creates(path) => GuardCheck { kind: GuardKind::Unless, command: exists(path), timeout },
        PreparedGuard::Removes(path) => GuardCheck { kind: GuardKind::OnlyIf, command: exists(path), timeout },
    }
}

fn invocation(command: &PreparedCommand) -> Invocation {
    match command {
        PreparedCommand::Text { text, shell } => Invocation::Text {
            text: text.clone(),
            shell: match shell {
                Shell::Sh => ShellProgram::Sh,
                Shell::Bash => ShellProgram::Bash,
                Shell::Other(program) => ShellProgram::Other(program.clone()),
            },
        },
        PreparedCommand::Args(args) => Invocation::Args(args.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(timeout: u64) -> Prepared {
        let text = |text: &str| PreparedCommand::Text { text: text.to_owned(), shell: Shell::Sh };
        Prepared {
            on: Vec::new(),
            guards: vec![PreparedGuard::Creates("/x".to_owned()), PreparedGuard::Unless(text("false"))],
            body: Body::Run(text("true")),
            cwd: None,
            env: Vec::new(),
            stdin: None,
            umask: None,
            timeout: Duration::from_secs(timeout),
            r#become: None,
            allow_failure: false,
            pending: Vec::new(),
        }
    }

    #[test]
    fn a_guard_has_a_minute_where_its_task_has_more() {
        for (timeout, limit) in [(3600, 60), (5, 5)] {
            let request = request(1, &prepared(timeout), Invocation::Script(String::new()));
            assert_eq!(request.timeout, Duration::from_secs(timeout));
            let limits: Vec<u64> = request.guards.iter().map(|guard| guard.timeout.as_secs()).collect();
            assert_eq!(limits, [limit, limit]);
            let Ok(Job::Lane(probe)) = probe(1, &prepared(timeout), &mut LocalFiles::default()) else { panic!("a probe is for a lane") };
            assert_eq!(probe.timeout, Duration::from_secs(limit), "guards and probe together");
        }
    }
}
