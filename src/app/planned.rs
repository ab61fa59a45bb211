//! `plan`: what would run, as text with colours.

use anstyle::{AnsiColor, Style};

use super::load::Ready;
use super::secrets::redactor_of_plan;
use crate::plan::{Role, plan_text as text, unpainted};

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
