//! From the end of a job to the outcome of its step.

use super::request::guard_limit;
use crate::event::{Difference, Outcome, OutputInfo, Status};
use crate::model::{Judge, Task, Value, Verb};
use crate::plan::{self, Body, Prepared, PreparedGuard, StepResult};
use crate::resource::{self, Applied, FileStat};
use crate::template::{Engine, Root};
use crate::text::format_duration;
use crate::transport::{End, Vanished};

/// In characters: a host's words may be part of it.
const LONGEST_REASON: usize = 4000;

/// A job that is over.
pub(super) struct Ended<'a> {
    pub(super) end: &'a End,
    /// What it printed, where that was kept.
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    pub(super) stdout_info: OutputInfo,
    pub(super) stderr_info: OutputInfo,
    pub(super) duration_ms: u64,
    /// UTC ms.
    pub(super) began: Option<i64>,
}

/// Says whether a task's exit code alone says if it failed, so that its lane can stop by itself.
pub(super) fn by_exit_code(task: &Task) -> bool {
    let failed = match &task.failed {
        None => true,
        Some(Judge::Fixed(failed)) => !failed,
        Some(Judge::Expression(_)) => false,
    };
    // A `changed` that can't be answered is a failure too.
    failed && !matches!(task.changed, Some(Judge::Expression(_)))
}

/// Says whether a task's standard output is its script's answer to us, and nothing for people.
pub(super) fn is_protocol(task: &Task) -> bool {
    matches!(task.verb, Verb::Glob(_) | Verb::Stat(_) | Verb::Facts(_)) || task.verb.is_resource()
}

/// Judges a job by its end, its verb, and the task's own `failed` and `changed`.
pub(super) fn judge(
    task: &Task,
    prepared: &Prepared,
    engine: &Engine,
    ended: Ended<'_>,
    scope: &dyn Fn(&StepResult) -> Root,
) -> (Outcome, StepResult) {
    let mut outcome =
        Outcome { duration_ms: ended.duration_ms, stdout: ended.stdout_info, stderr: ended.stderr_info, ..Outcome::new(Status::Ok) };
    let cut = outcome.stdout.cut;
    let mut result = StepResult {
        stderr: into_text(ended.stderr),
        started: ended.began.and_then(rfc3339),
        duration: std::time::Duration::from_millis(ended.duration_ms).as_secs_f64(),
        attempts: 1,
        ..StepResult::without_run(Status::Ok)
    };
    match ended.end {
        End::Guarded { guard, code } => {
            outcome.status = Status::Skipped;
            // The task itself did not run, which is what `| default(..)` asks.
            result.attempts = 0;
            outcome.reason = Some(prepared.guards.get(*guard).map_or_else(|| "a guard".to_owned(), |guard| guard_reason(guard, *code)));
        }
        End::TimedOut { guard: Some(index) } => {
            outcome.status = Status::Failed;
            outcome.reason = Some(slow_guard(task, prepared, *index));
        }
        End::TimedOut { guard: None } => {
            outcome.status = Status::Failed;
            let seen = seen(&prepared.body, &result.stderr).map_or_else(String::new, |seen| format!("; last seen: {seen}"));
            outcome.reason = Some(format!("timed out after {}{seen}", format_duration(prepared.timeout)));
        }
        End::Terminated => {
            outcome.status = Status::Cancelled;
            outcome.reason = Some("ended because the run was interrupted".to_owned());
        }
        End::Vanished(what) => {
            (outcome.status, outcome.vanished) = (Status::Unknown, true);
            outcome.reason = Some(vanished(*what).to_owned());
        }
        End::Exited(code) => {
            outcome.rc = Some(*code);
            result.rc = Some(*code);
            let verdict = verdict(&prepared.body, *code, &ended.stdout, task.read_only);
            outcome.status = verdict.status;
            outcome.reason = match seen(&prepared.body, &result.stderr) {
                Some(seen) if *code != 0 => Some(seen.to_owned()),
                _ => verdict.reason,
            };
            result.outputs = verdict.outputs;
            outcome.differences = verdict.differences;
            result.stdout = match verdict.stdout {
                Some(text) => text,
                None if is_protocol(task) => String::new(),
                None => into_text(ended.stdout),
            };
            result.status = outcome.status;
            result.changed = outcome.status == Status::Changed;
            if cut && (task.judges_by_output() || is_protocol(task)) {
                outcome.status = Status::Failed;
                outcome.reason = Some("its output is too long to be judged".to_owned());
            } else {
                judge_by_task(task, engine, &mut outcome, &result, scope);
            }
        }
    }
    outcome.reason = outcome.reason.map(|reason| crate::text::shortened(&reason, LONGEST_REASON));
    outcome.allowed = outcome.status == Status::Failed && task.allow_failure;
    outcome.outputs.clone_from(&result.outputs);
    result.status = outcome.status;
    result.changed = outcome.status == Status::Changed;
    (outcome, result)
}

/// Judges by the task's own `failed` and `changed`, over what its verb says.
pub(super) fn judge_by_task(task: &Task, engine: &Engine, outcome: &mut Outcome, result: &StepResult, scope: &dyn Fn(&StepResult) -> Root) {
    if task.failed.is_none() && task.changed.is_none() {
        return;
    }
    let scope = scope(result);
    let ask = |judge: &Option<Judge>| judge.as_ref().map(|judge| plan::judge(judge, engine, &scope)).transpose();
    match (ask(&task.failed), ask(&task.changed)) {
        (Err(error), _) => {
            outcome.status = Status::Failed;
            outcome.reason = Some(format!("its `failed` can't be answered: {error}"));
        }
        (Ok(Some(true)), _) if outcome.status != Status::Failed => {
            outcome.status = Status::Failed;
            outcome.reason = Some(match &task.failed {
                Some(Judge::Expression(template)) => format!("`failed: {}` is true", template.source.text.trim()),
                _ => "`failed` is true".to_owned(),
            });
        }
        (Ok(None | Some(true)), _) if outcome.status == Status::Failed => {}
        (_, Err(error)) => {
            outcome.status = Status::Failed;
            outcome.reason = Some(format!("its `changed` can't be answered: {error}"));
        }
        (Ok(failed), Ok(changed)) => {
            if failed == Some(false) && outcome.status == Status::Failed {
                // What the verb says of a success: only `run`, `script` and `copy` may have changed something.
                let writes = !task.read_only && matches!(task.verb, Verb::Run(_) | Verb::Script(_));
                outcome.status = if writes { Status::Changed } else { Status::Ok };
                outcome.reason = None;
            }
            match changed {
                Some(true) => outcome.status = Status::Changed,
                Some(false) => outcome.status = Status::Ok,
                None => {}
            }
        }
    }
}

struct Verdict {
    status: Status,
    reason: Option<String>,
    outputs: indexmap::IndexMap<String, Value>,
    /// What `stdout` is for templates, where that is not what the script printed.
    stdout: Option<String>,
    differences: Vec<Difference>,
}

impl Verdict {
    fn new(status: Status) -> Verdict {
        Verdict { status, reason: None, outputs: indexmap::IndexMap::new(), stdout: None, differences: Vec::new() }
    }

    fn applied(&mut self, applied: Applied) {
        self.status = if applied.changed { Status::Changed } else { Status::Ok };
        (self.outputs, self.differences) = (applied.outputs, applied.differences);
    }
}

fn verdict(body: &Body, code: i32, stdout: &[u8], read_only: bool) -> Verdict {
    let failed = |reason: String| Verdict { reason: Some(reason), ..Verdict::new(Status::Failed) };
    if code != 0 {
        return failed(exit_words(code));
    }
    let mut verdict = Verdict::new(Status::Ok);
    match body {
        Body::Run(_) | Body::Script { .. } if !read_only => verdict.status = Status::Changed,
        Body::Glob { .. } => {
            let paths = resource::glob_paths(stdout);
            verdict.stdout = Some(paths.iter().map(|path| format!("{path}\n")).collect());
            verdict.outputs.insert("paths".to_owned(), paths.into_iter().collect());
        }
        Body::Stat { .. } => match FileStat::parse(&String::from_utf8_lossy(stdout)) {
            Some(stat) => {
                verdict.outputs = FileStat::outputs(stat.as_ref());
                verdict.stdout = Some(FileStat::shown(stat.as_ref()));
            }
            None => return failed("the host's `stat` said what can't be understood".to_owned()),
        },
        Body::Facts { sections } => {
            verdict.outputs = resource::read_facts(&String::from_utf8_lossy(stdout), sections);
            verdict.stdout = Some(resource::facts_shown(&verdict.outputs));
        }
        Body::Copy { .. } | Body::Unpack { .. } => match resource::copied(&String::from_utf8_lossy(stdout)) {
            Ok(applied) => verdict.applied(applied),
            Err(unfit) => return failed(unfit.to_string()),
        },
        Body::Declared(declared) => match declared.resource().applied(stdout) {
            Ok(applied) => verdict.applied(applied),
            Err(unfit) => return failed(unfit.to_string()),
        },
        _ => {}
    }
    verdict
}

/// What a `wait_for` saw last.
fn seen<'a>(body: &Body, stderr: &'a str) -> Option<&'a str> {
    matches!(body, Body::WaitFor { .. }).then(|| resource::last_seen(stderr)).flatten()
}

fn vanished(what: Vanished) -> &'static str {
    match what {
        Vanished::Process => "its process is gone and left no exit code: it was killed, or its host restarted",
        Vanished::Folder => "it had begun, and nothing of it is left on its host: how it ended can't be known",
    }
}

fn exit_words(code: i32) -> String {
    match code {
        126 => "exit code 126: found, but not executable".to_owned(),
        127 => "exit code 127: command not found".to_owned(),
        129..=192 => format!("exit code {code}: ended by signal {}", code - 128),
        _ => format!("exit code {code}"),
    }
}

fn guard_reason(guard: &PreparedGuard, code: i32) -> String {
    match guard {
        PreparedGuard::Unless(_) => "unless exited 0".to_owned(),
        PreparedGuard::OnlyIf(_) => format!("only_if exited {code}"),
        PreparedGuard::Creates(path) => format!("{path} exists"),
        PreparedGuard::Removes(path) => format!("{path} does not exist"),
    }
}

fn slow_guard(task: &Task, prepared: &Prepared, index: usize) -> String {
    let shown = match prepared.guards.get(index) {
        Some(guard) if !task.flow.sensitive => format!(" `{}`", guard.command_line()),
        _ => String::new(),
    };
    format!("its guard{shown} took longer than {}", format_duration(guard_limit(prepared)))
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

pub(super) fn rfc3339(at: i64) -> Option<String> {
    jiff::Timestamp::from_millisecond(at).ok().map(|time| time.to_string())
}
