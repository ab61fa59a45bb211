//! The plan as data for people and programs: what each task would do on which hosts, and what it waits for.
//!
//! Plain data: `viewer` makes it, `text` lays it out. Hosts for which a step is the same stand together. Its serde form
//! is public: fields are added, and [`FORMAT`] grows when one changes its meaning.

use serde::Serialize;

use super::critical::Expected;
use super::foreseen::{ForecastView, LeftOutView, ProbedView};
use crate::diag::Location;

/// The version of the plan's JSON form.
pub const FORMAT: u32 = 1;

/// A plan, rendered as far as it can be before the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanView {
    /// [`FORMAT`].
    pub format: u32,
    /// The playbook's id.
    pub playbook_id: String,
    /// The playbook's name.
    pub playbook: String,
    /// True where its hosts are locked for one run at a time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lock_hosts: bool,
    /// The rounds, in the order written.
    pub rounds: Vec<RoundView>,
    /// Over all rounds.
    pub counts: Counts,
    /// How long it may take, where earlier runs tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// What a dry run found, where one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probed: Option<ProbedView>,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Hosts that take part in any round.
    pub hosts: usize,
    /// Steps: a task on a host, a `once` task counted once.
    pub steps: usize,
    /// Steps that may change something.
    pub may_change: usize,
    /// Steps that `when` leaves out, as is known already.
    pub skipped: usize,
    /// Steps of which some part is known only later.
    pub known_later: usize,
}

/// A round.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Location,
    /// Its hosts.
    pub hosts: Vec<String>,
    /// What it waits for.
    pub waits: Vec<WaitView>,
    /// What it asks of what it waits for: `some`, `all`, `always`.
    pub after: &'static str,
    /// Its condition, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Its batches, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub batches: Vec<BatchView>,
    /// Between batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_ms: Option<u64>,
    /// How many hosts may fail; none where there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_failures: Option<usize>,
    /// How long its hosts, or those of a batch, may take; none where there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait_ms: Option<u64>,
    /// True where hosts that can't be reached are no failures.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub skip_unreachable: bool,
    /// Asked before it starts, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
    /// The results that choose among its hosts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chosen_by: Vec<String>,
    /// Its tasks, those of blocks, handlers and `finally` included, in the order written.
    pub tasks: Vec<TaskView>,
    /// Its blocks and actions in use, in the order written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<BlockView>,
    /// What it may change; none where it only reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<ChangesView>,
    /// Hosts that a dry run found to take no part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutView>,
}

/// What a round may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangesView {
    /// Steps that may change something.
    pub steps: usize,
    /// The hosts that they run on.
    pub hosts: Vec<String>,
    /// The users that they become.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserView>,
}

/// A user that changing steps become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserView {
    /// Its name.
    pub user: String,
    /// Steps that become it and may change something.
    pub steps: usize,
    /// The hosts that they run on.
    pub hosts: Vec<String>,
}

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchView {
    /// Its hosts.
    pub hosts: Vec<String>,
    /// The percentage that gave its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
}

/// Where a task or block stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct HomeView {
    /// `handlers` or `finally`; none for `tasks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<&'static str>,
    /// The block around it, by its place in [`RoundView::blocks`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<usize>,
    /// `rescue` or `always` of that; none for its tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<&'static str>,
}

/// What repeats a task or block.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RepeatView {
    /// What it goes through, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// The item's name, where that is not `item`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#as: Option<String>,
    /// The most items at once, where that is not 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub each_parallel: Option<usize>,
    /// Further attempts after the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// The wait before the second attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// By how much that grows, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<f64>,
    /// What must hold of an attempt, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A block or an action in use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlockView {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Location,
    /// In which list.
    #[serde(flatten)]
    pub home: HomeView,
    /// The action that it uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What it waits for, as a whole.
    pub waits: Vec<WaitView>,
    /// Its conditions, as written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<String>,
    /// How often it runs.
    #[serde(flatten)]
    pub repeat: RepeatView,
    /// True where its failure stops nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_failure: bool,
    /// What is known of it, equal hosts together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<BlockSteps>,
}

/// A block on hosts for which it is the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlockSteps {
    /// The round's hosts.
    pub hosts: Vec<String>,
    /// What is known there.
    #[serde(flatten)]
    pub what: BlockWhat,
}

/// What is known of a block.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct BlockWhat {
    /// The condition, as written, that is known not to hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_by: Option<String>,
    /// The inputs of an action, rendered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<(String, String)>,
    /// Its items in a few words, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<String>>,
    /// Steps after which the rest is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_after: Vec<String>,
}

/// Something that is waited for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitView {
    /// The id (or name, without one) of the round or task.
    pub on: String,
    /// `order`, `needs` or `data`.
    pub why: &'static str,
    /// The word that says so; none for the order written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Location>,
    /// The same as `on`, by its number.
    #[serde(skip)]
    pub at: Waited,
}

/// What is waited for, by its place in a view: names need not be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waited {
    /// One of [`PlanView::rounds`].
    Round(usize),
    /// One of the [`RoundView::tasks`] of the same round.
    Task(usize),
    /// One of the [`RoundView::blocks`] of the same round.
    Block(usize),
}

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskView {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its verb.
    pub verb: &'static str,
    /// Where it stands.
    pub place: Location,
    /// What it waits for in its round, on its own host.
    pub waits: Vec<WaitView>,
    /// True where it changes nothing: by its verb, or by the author's promise.
    pub read_only: bool,
    /// True where its failure stops nothing.
    pub allow_failure: bool,
    /// True where it runs on one host for all.
    pub once: bool,
    /// Its time limit.
    pub timeout_ms: u64,
    /// Its conditions, as written.
    pub when: Vec<String>,
    /// In which list it stands.
    #[serde(flatten)]
    pub home: HomeView,
    /// How often it runs.
    #[serde(flatten)]
    pub repeat: RepeatView,
    /// The handlers that it notifies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<String>,
    /// The lock that it takes on its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// The most hosts that do it at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<usize>,
    /// True where its output is kept out of screen and record.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// True where it outlives the link to its host.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub durable: bool,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Why the command line leaves it out; nothing else is known of it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Its shell, where that is not the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// When it counts as changed, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
    /// When it counts as failed, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// What it does, equal hosts together.
    pub steps: Vec<StepsView>,
    /// What a run would do with it, as a dry run found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forecasts: Vec<ForecastView>,
}

/// A task on hosts for which it is the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepsView {
    /// The round's hosts.
    pub hosts: Vec<String>,
    /// What it does there.
    #[serde(flatten)]
    pub what: What,
}

/// What a step does, in words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct What {
    /// The condition, as written, that is known not to hold: the step is skipped, and nothing else is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_by: Option<String>,
    /// The command as a person would type it; of one that runs for items, `‹item›` stands for each.
    pub command: String,
    /// Where it runs for items that are known: each of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<ItemWhat>>,
    /// Its guards: `unless nginx -v`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<String>,
    /// The hosts that it runs on, where `on` says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
    /// The user that it becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub become_user: Option<String>,
    /// By which program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub become_method: Option<&'static str>,
    /// Its folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Its environment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// Its standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Its file creation mask, in octal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub umask: Option<String>,
    /// The text that it writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Steps after which the rest is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_after: Vec<String>,
}

/// What a step does for one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct ItemWhat {
    /// The item in a few words; those of blocks around it come before, with ` / `.
    pub item: String,
    /// The command as a person would type it.
    pub command: String,
    /// The condition, as written, that is known not to hold for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_by: Option<String>,
}

#[cfg(test)]
mod tests;
