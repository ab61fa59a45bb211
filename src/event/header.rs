//! The first event: everything that is known before the first connection.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::diag::{Location, Span};
use crate::model::{BlockIx, Home, HostIx, Part, Retry, Round, Section, Value};

/// Everything known before the first connection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunHeader {
    /// [`super::FORMAT`].
    pub format: u32,
    /// The run's id, a UUID of version 7.
    pub run: String,
    /// Roundsman's version.
    pub version: String,
    /// The playbook's id.
    pub playbook_id: String,
    /// The playbook's name.
    pub playbook: String,
    /// `run`, `check` (a dry run) or `exec`.
    pub command: String,
    /// True where it was only found out what a run would do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry: bool,
    /// The arguments as typed, passwords never among them.
    pub argv: Vec<String>,
    /// The controller's host name.
    pub controller: String,
    /// The user there.
    pub user: String,
    /// The working folder there.
    pub cwd: String,
    /// The state of the playbook's git repository, where there is one.
    pub git: Option<GitState>,
    /// Playbook, inventory and every other file that was read.
    pub inputs: Vec<InputFile>,
    /// `-e` variables, masked.
    pub extra: IndexMap<String, Value>,
    /// Every host of the inventory that takes part, by [`HostIx`]; the index is the position.
    pub hosts: Vec<HostEntry>,
    /// The rounds, by [`crate::model::RoundIx`].
    pub rounds: Vec<RoundEntry>,
    /// The plan, in its JSON form.
    pub plan: serde_json::Value,
    /// When it began, RFC 3339 in UTC: `run.started` in templates.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub started: String,
    /// What was typed, so that it can be resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<super::RunSources>,
    /// The run that it goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<super::Resumes>,
}

/// The state of a git working tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitState {
    /// The commit that is checked out.
    pub commit: String,
    /// True where tracked files differ from it.
    pub dirty: bool,
}

/// A file that the run was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// `playbook`, `inventory`, `vars` or `copy`.
    pub role: String,
    /// The path as the user knows it.
    pub name: String,
    /// SHA-256 in hex.
    pub sha256: String,
    /// The text; none for files that are only copied.
    pub text: Option<String>,
}

/// A host's fixed data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostEntry {
    /// Its name.
    pub name: String,
    /// Where it is reached (`deploy@10.0.0.5:22`, `local`).
    pub address: String,
}

/// A round's fixed data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundEntry {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Location,
    /// Its hosts.
    pub hosts: Vec<HostIx>,
    /// Its tasks, by [`crate::model::TaskIx`].
    pub tasks: Vec<TaskEntry>,
    /// Its blocks and actions in use, by [`BlockIx`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<BlockEntry>,
}

impl RoundEntry {
    /// The fixed data of a round of today's playbook.
    pub fn of(round: &Round, place: impl Fn(Span) -> Location) -> RoundEntry {
        let tasks = round.tasks.iter().map(|task| TaskEntry {
            id: task.id.clone(),
            name: task.name.clone(),
            verb: task.verb.key().to_owned(),
            section: match task.flow.home.section {
                Section::Tasks => None,
                Section::Handlers => Some("handlers".to_owned()),
                Section::Finally => Some("finally".to_owned()),
            },
            within: Within::of(task.flow.home),
            retries: retries(task.flow.retry.as_ref()),
            place: place(task.span),
        });
        let blocks = round.blocks.iter().map(|block| BlockEntry {
            id: block.id.clone(),
            name: block.name.clone(),
            within: Within::of(block.home),
            retries: retries(block.retry.as_ref()),
            place: place(block.span),
        });
        RoundEntry {
            id: round.id.clone(),
            name: round.name.clone(),
            place: place(round.span),
            hosts: round.hosts.clone(),
            tasks: tasks.collect(),
            blocks: blocks.collect(),
        }
    }
}

fn retries(retry: Option<&Retry>) -> u32 {
    retry.map_or(0, |retry| retry.retries)
}

/// A block's fixed data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockEntry {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// The block around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// Further attempts after the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// Where it stands.
    pub place: Location,
}

/// A task's fixed data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskEntry {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its verb.
    pub verb: String,
    /// `handlers` or `finally`; none for `tasks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The innermost block around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// Further attempts after the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// Where it stands.
    pub place: Location,
}

/// Where in a block something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Within {
    /// The block.
    pub block: BlockIx,
    /// Its list.
    pub part: BlockPart,
}

impl Within {
    fn of(home: Home) -> Option<Within> {
        let (block, part) = home.block?;
        let part = match part {
            Part::Body => BlockPart::Body,
            Part::Rescue => BlockPart::Rescue,
            Part::Always => BlockPart::Always,
        };
        Some(Within { block, part })
    }
}

/// A list of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockPart {
    /// `block:`, or an action's tasks.
    Body,
    /// `rescue:`.
    Rescue,
    /// `always:`.
    Always,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_task_has_not_is_left_out_and_may_be_missing() {
        let plain = r#"{"id":null,"name":"x","verb":"run","place":{"file":"a.yml","line":1,"column":2}}"#;
        let task: TaskEntry = serde_json::from_str(plain).unwrap();
        assert_eq!((task.within, task.retries, &task.section), (None, 0, &None));
        assert_eq!(serde_json::to_string(&task).unwrap(), plain, "a run of an earlier version gives its own words again");
        let within = Some(Within { block: BlockIx(2), part: BlockPart::Rescue });
        let task = TaskEntry { within, retries: 3, ..task };
        let json = serde_json::to_string(&task).unwrap();
        assert!(json.contains(r#""within":{"block":2,"part":"rescue"},"retries":3"#), "{json}");
        assert_eq!(serde_json::from_str::<TaskEntry>(&json).unwrap(), task);
    }
}
