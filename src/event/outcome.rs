//! What became of a step.

use serde::{Deserialize, Serialize};

use super::forecast::{Answer, Difference, Forecast};
use crate::model::Value;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It ran and changed nothing.
    Ok,
    /// It ran and changed something.
    Changed,
    /// It had no need to run: `when`, a guard; or could not, since what it needs failed.
    Skipped,
    /// It failed.
    Failed,
    /// Its host could not be reached, or was lost before it began.
    Unreachable,
    /// It was not started, since the run was given up.
    Cancelled,
    /// It began, and how it ended was never learned.
    Unknown,
    /// In a dry run: what is done before it decides what becomes of it.
    Undecided,
}

impl Status {
    /// Says whether what needs it may go on.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Status::Ok | Status::Changed | Status::Skipped | Status::Undecided)
    }

    /// The word for it, as in the JSON form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Changed => "changed",
            Status::Skipped => "skipped",
            Status::Failed => "failed",
            Status::Unreachable => "unreachable",
            Status::Cancelled => "cancelled",
            Status::Unknown => "unknown",
            Status::Undecided => "undecided",
        }
    }
}

/// One of the two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What is known of a whole output stream, of which the record may hold only parts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OutputInfo {
    /// Its true length in bytes.
    pub bytes: u64,
    /// SHA-256 of all of it, in hex; only where it was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// True where the record holds only head and tail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// What became of a step, with all that its dependents and people need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Why, for people: of a skip (`when`, `unless exited 0`, `` `a` failed ``), of a failure (`exit code 2`,
    /// `timed out after 2s`, an assertion's text).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True for a skip because something it needs failed or was itself so skipped: dependents are skipped too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// True for a failure that `allow_failure` allows: dependents go on, the host is not failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allowed: bool,
    /// The exit code, where there is one; death by signal N is 128 + N.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rc: Option<i32>,
    /// From the begin mark to the end mark.
    #[serde(default)]
    pub duration_ms: u64,
    /// Standard output.
    #[serde(default)]
    pub stdout: OutputInfo,
    /// Standard error.
    #[serde(default)]
    pub stderr: OutputInfo,
    /// What the verb knows beyond text, by name.
    #[serde(default, skip_serializing_if = "indexmap::IndexMap::is_empty")]
    pub outputs: indexmap::IndexMap<String, Value>,
    /// What it made different, or in a dry run would.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// In a dry run: what a run would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// The id of an earlier run in which the step ended so: this one resumes it, and has not done it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<String>,
    /// True for a durable task of which its host can't tell any more how it ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub vanished: bool,
}

impl Outcome {
    /// An outcome of which nothing is known but how the step ended.
    #[must_use]
    pub fn new(status: Status) -> Outcome {
        Outcome {
            status,
            reason: None,
            blocked: false,
            allowed: false,
            rc: None,
            duration_ms: 0,
            stdout: OutputInfo::default(),
            stderr: OutputInfo::default(),
            outputs: indexmap::IndexMap::new(),
            differences: Vec::new(),
            forecast: None,
            carried: None,
            vanished: false,
        }
    }

    /// An outcome of a step that did not run.
    #[must_use]
    pub fn without_run(status: Status, reason: impl Into<String>) -> Outcome {
        Outcome { reason: Some(reason.into()), ..Outcome::new(status) }
    }

    /// Says whether the step was executed in an earlier run, which this one resumes.
    #[must_use]
    pub fn ran_before(&self) -> bool {
        self.carried.is_some() && self.status != Status::Skipped
    }

    /// In a dry run: what a run would do.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        self.forecast.as_ref().map(|forecast| forecast.answer)
    }

    /// Says whether what needs the step may go on.
    #[must_use]
    pub fn lets_dependents_run(&self) -> bool {
        (self.status.is_good() && !self.blocked) || self.allowed
    }

    /// In a dry run: what two hosts, passes or turns say of one step. One that was not answered leaves the whole unanswered.
    #[must_use]
    pub fn joined(self, last: Outcome) -> Outcome {
        if last.is_unanswered() {
            return last;
        }
        if self.is_unanswered() {
            return self;
        }
        let forecast = Forecast::of_all([&self, &last].into_iter().filter_map(|outcome| outcome.forecast.as_ref()));
        let differences = [&self.differences[..], &last.differences[..]].concat();
        let whole = if forecast == self.forecast { self } else { last };
        Outcome { forecast, differences, ..whole }
    }

    /// Says whether its end says nothing of what the step would do: it was cut short, or its host can't be asked.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.forecast.is_none() && matches!(self.status, Status::Cancelled | Status::Unreachable | Status::Unknown)
    }
}
