//! `plan`: what would run, as text with colours, for programs, as graphs, and as a page in a file; and how long that may take, from the record.
//!
//! What must not be written is masked before a form escapes or cuts it: no form's signs hide a secret from the redactor.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::error::AppError;
use super::load::Ready;
use super::secrets::redactor_of_plan;
use crate::plan::{self, Known, KnownTask, PlanView, Role, expected, unpainted};
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
pub fn plan_text(ready: &Ready, width: usize, colors: bool, diffs: bool) -> String {
    let write = if diffs { plan::plan_text_with_diffs } else { plan::plan_text };
    write(&masked(ready), width, if colors { &paint } else { &unpainted })
}

/// The plan for programs.
#[must_use]
pub fn plan_json(ready: &Ready) -> serde_json::Value {
    // Every part of a view has a JSON form.
    let mut plan = serde_json::to_value(&ready.view).unwrap_or_default();
    redactor_of_plan(ready).mask_json(&mut plan);
    plan
}

/// The plan in the language of Graphviz.
#[must_use]
pub fn plan_dot(ready: &Ready) -> String {
    plan::dot(&masked(ready))
}

/// The plan in the language of Mermaid.
#[must_use]
pub fn plan_mermaid(ready: &Ready) -> String {
    plan::mermaid(&masked(ready))
}

/// Writes the plan as a page: a file there is replaced at once, anything else written into.
///
/// # Errors
/// The file can't be written.
pub fn write_plan_page(ready: &Ready, path: &Path) -> Result<(), AppError> {
    let page = plan::page(&masked(ready));
    replace(path, page.as_bytes(), 0o666).map_err(|error| AppError::Unwritable { path: path.to_owned(), error })
}

fn masked(ready: &Ready) -> PlanView {
    let redactor = redactor_of_plan(ready);
    let mut view = ready.view.clone();
    view.change_text(&|text| *text = redactor.mask(text).into_owned());
    view
}

/// Writes a file at once, with the mode of the one that is there, else `mode` less what the umask takes away.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let known = std::fs::metadata(path).ok();
    if known.as_ref().is_some_and(|known| !known.is_file()) {
        // A device or a pipe must not become a file.
        return std::fs::write(path, bytes);
    }
    // What a link leads to is replaced, not the link.
    let path = if known.is_some() { path.canonicalize()? } else { path.to_owned() };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = known.map_or(mode, |known| known.permissions().mode() & 0o777);
    let mut builder = tempfile::Builder::new();
    let mut file = builder.prefix(".roundsman").permissions(std::fs::Permissions::from_mode(mode)).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
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
        Role::Unknown => AnsiColor::Blue.on_default(),
        Role::Trouble => AnsiColor::Red.on_default().bold(),
        Role::Added => AnsiColor::Green.on_default(),
        Role::Removed => AnsiColor::Red.on_default(),
    }
}
