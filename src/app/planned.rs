//! `plan`: what would run, as text with colours; and how long that may take, from the record.

use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::load::Ready;
use super::secrets::redactor_of_plan;
use crate::plan::{Known, KnownTask, Role, expected, plan_text as text, unpainted};
use crate::store::{Durations, OpenMode, Store, StoreError, default_path};

/// Durations come from so many of a playbook's last runs.
const RUNS: usize = 10;

/// A plan does not wait longer for a record that another process has locked.
const PATIENCE: Duration = Duration::from_millis(500);

/// Adds how long the plan may take, where the record at `db`, else the project's own of `folder`, has earlier runs.
///
/// # Errors
/// Where there is no record, or it can't be read; the plan is whole without.
pub fn add_expected(ready: &mut Ready, folder: &Path, db: Option<&Path>) -> Result<(), StoreError> {
    let path = db.map_or_else(|| default_path(folder), Path::to_owned);
    let store = Store::open_within(&path, OpenMode::Read, PATIENCE)?;
    let known = known(store.durations(&ready.playbook.id, RUNS)?);
    ready.view.expected = expected(&ready.plan, &ready.playbook, &ready.view, &known);
    Ok(())
}

fn known(found: Durations) -> Known {
    let task =
        |task: crate::store::TaskDurations| ((task.round, task.task, task.nth), KnownTask { median_ms: task.median_ms, hosts: task.hosts });
    Known { runs: found.runs, tasks: found.tasks.into_iter().map(task).collect(), connects: found.connects }
}

/// Writes the plan in `width` columns.
#[must_use]
pub fn plan_text(ready: &Ready, width: usize, colors: bool) -> String {
    let text = if colors { text(&ready.view, width, &paint) } else { text(&ready.view, width, &unpainted) };
    redactor_of_plan(ready).mask(&text).into_owned()
}

/// The plan for programs.
#[must_use]
pub fn plan_json(ready: &Ready) -> serde_json::Value {
    // Every part of a view has a JSON form.
    let mut plan = serde_json::to_value(&ready.view).unwrap_or_default();
    redactor_of_plan(ready).mask_json(&mut plan);
    plan
}

fn paint(role: Role, words: &str) -> String {
    let style = style(role);
    format!("{style}{words}{style:#}")
}

fn style(role: Role) -> Style {
    match role {
        Role::Heading => Style::new().bold(),
        Role::Change => AnsiColor::Yellow.on_default(),
        Role::Read => AnsiColor::Cyan.on_default(),
        Role::Skip | Role::Dim => Style::new().dimmed(),
    }
}
