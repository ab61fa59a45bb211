//! How runs hang together: what was typed for one, and the run that it goes on with.

use serde::{Deserialize, Serialize};

use crate::model::StepId;

/// What was typed; paths as seen from the folder that it was typed in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSources {
    /// The playbook.
    pub playbook: String,
    /// `-i`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inventory: Vec<String>,
    /// `--limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// `-x`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<String>,
    /// `-e`: `KEY=VALUE` or `@FILE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<String>,
    /// `--tags`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// `--skip-tags`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip_tags: Vec<String>,
    /// `--start-at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<String>,
}

/// The run that a run goes on with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Resumes {
    /// Its id.
    pub run: String,
    /// The id of the run that all this began with, `run.id` in templates.
    pub first: String,
    /// When that one began, RFC 3339 in UTC: `run.started` in templates.
    pub started: String,
    /// True where its failures were to be done again too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// True where rounds and blocks that were cleaned up were to begin anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restart: bool,
    /// What was found out of steps whose end the record lacked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Settled>,
}

/// How an execution ended whose end the record lacked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The run that it belongs to.
    pub run: String,
    /// Its step, by that run's numbers.
    pub step: StepId,
    /// Its number.
    pub attempt: u32,
    /// What is known of it.
    pub end: SettledEnd,
    /// Who said so: `journal` (the host's own), `--assume`, `user`.
    pub by: String,
}

/// What is known of an execution whose end the record lacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledEnd {
    /// It ended with this code.
    Exited(i32),
    /// A guard found nothing to do.
    Guarded,
    /// It is taken for done.
    Done,
    /// It never began.
    NotBegun,
    /// It may have begun, and is to be done again.
    Again,
}
