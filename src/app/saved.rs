//! Saved plans: what a plan is made from, gathered; files of plans, written and read.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::load::{ExtraVar, PlaybookSource, Ready, Sources};
use super::planned::{plan_json, replace};
use super::sent::named_by_templates;
use super::{AppError, header};
use crate::event::RunSources;
use crate::exec::LocalFiles;
use crate::plan::{SAVED_FORMAT, SavedHost, SavedInput, SavedPlan};
use crate::text::hex;

/// Why a file is no saved plan that can be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedPlanError {
    /// It is not in the form of one.
    #[error("{path} is no saved plan: {error}", path = path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        error: serde_json::Error,
    },
    /// It is something else.
    #[error("{path} is no saved plan", path = path.display())]
    Other {
        /// The file.
        path: PathBuf,
    },
    /// It was made by a later version.
    #[error("{path} is a saved plan of form {form}, and this roundsman knows up to {SAVED_FORMAT}", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        form: u64,
    },
}

/// Gathers what a plan was made from, with the plan.
///
/// # Errors
/// Where a file that is to be copied can't be read.
pub fn saved_plan(ready: &Ready, sources: &Sources) -> Result<SavedPlan, AppError> {
    let mut inputs: Vec<SavedInput> = Vec::new();
    for input in &ready.inputs {
        inputs.push(SavedInput { role: input.role.clone(), name: input.name.clone(), sha256: input.sha256.clone() });
    }
    let mut files = LocalFiles::default();
    let named: std::collections::BTreeSet<PathBuf> =
        named_by_templates(ready).into_iter().filter(|path| !ready.files.contains(path)).collect();
    for path in ready.files.iter().chain(&named) {
        let sha256 = files.get(path).sha256_now().map_err(|error| AppError::File { path: path.clone(), error })?;
        inputs.push(SavedInput { role: "copy".to_owned(), name: path.display().to_string(), sha256 });
    }
    let taking_part: std::collections::BTreeSet<_> = ready.playbook.rounds.iter().flat_map(|round| round.hosts.iter().copied()).collect();
    let host = |host: crate::model::HostIx| {
        let host = ready.inventory.host(host);
        // Whatever is known of it, in whatever form: it is only compared with itself, by the same version.
        let known = format!("{:?} {:?} {:?}", host.connect, host.groups, host.layers);
        SavedHost { name: host.name.clone(), sha256: hex(&Sha256::digest(known)) }
    };
    let who = header::controller();
    Ok(SavedPlan {
        roundsman_plan: SAVED_FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: jiff::Timestamp::now().to_string(),
        made_by: format!("{}@{}", who.user, who.host),
        sources: typed(sources),
        inputs,
        hosts: taking_part.into_iter().map(host).collect(),
        probed: ready.view.probed.is_some(),
        plan: plan_json(ready),
    })
}

/// What was typed, as it is kept.
#[must_use]
pub fn typed(sources: &Sources) -> RunSources {
    let playbook = match &sources.playbook {
        PlaybookSource::File(path) => path.display().to_string(),
        PlaybookSource::Text { name, .. } => name.clone(),
    };
    let extra = |extra: &ExtraVar| match extra {
        ExtraVar::Pair(name, value) => format!("{name}={value}"),
        ExtraVar::File(path) => format!("@{}", path.display()),
    };
    RunSources {
        playbook,
        inventory: sources.inventory.clone(),
        limit: sources.limit.clone(),
        exclude: sources.exclude.clone(),
        extra: sources.extra.iter().map(extra).collect(),
        tags: sources.tags.clone(),
        skip_tags: sources.skip_tags.clone(),
        start_at: sources.start_at.clone(),
    }
}

/// What to load again.
#[must_use]
pub fn sources_of(saved: &RunSources) -> Sources {
    let extra = |extra: &String| match (extra.strip_prefix('@'), extra.split_once('=')) {
        (Some(file), _) => ExtraVar::File(file.into()),
        (None, Some((name, value))) => ExtraVar::Pair(name.to_owned(), value.to_owned()),
        (None, None) => ExtraVar::Pair(extra.clone(), String::new()),
    };
    Sources {
        playbook: PlaybookSource::File(saved.playbook.clone().into()),
        inventory: saved.inventory.clone(),
        limit: saved.limit.clone(),
        exclude: saved.exclude.clone(),
        extra: saved.extra.iter().map(extra).collect(),
        tags: saved.tags.clone(),
        skip_tags: saved.skip_tags.clone(),
        start_at: saved.start_at.clone(),
        on: None,
    }
}

/// Paths below the working folder as seen from it, so that a plan that was made with them is good in another clone too.
#[must_use]
pub fn from_here(mut sources: Sources) -> Sources {
    let Ok(here) = std::env::current_dir() else { return sources };
    let near = |path: &Path| path.strip_prefix(&here).ok().filter(|rest| !rest.as_os_str().is_empty()).map(Path::to_owned);
    if let PlaybookSource::File(path) = &mut sources.playbook
        && let Some(rest) = near(path)
    {
        *path = rest;
    }
    for inventory in &mut sources.inventory {
        if let Some(rest) = near(Path::new(inventory)) {
            *inventory = rest.display().to_string();
        }
    }
    for extra in &mut sources.extra {
        if let ExtraVar::File(path) = extra
            && let Some(rest) = near(path)
        {
            *path = rest;
        }
    }
    sources
}

/// Writes a plan into a file; one that is there is replaced at once.
///
/// # Errors
/// Where it can't be written.
pub fn write_saved_plan(saved: &SavedPlan, path: &Path) -> Result<(), AppError> {
    // A plan has a JSON form in all its parts.
    let mut text = serde_json::to_string_pretty(saved).unwrap_or_default();
    text.push('\n');
    // Sizes and digests of files that hold secrets are in it.
    replace(path, text.as_bytes(), 0o600).map_err(|error| AppError::Unwritable { path: path.to_owned(), error })
}

/// Says whether a plan could be written into a file, before anything is asked for it.
///
/// # Errors
/// Where its folder is not there, or takes no file.
pub fn can_write(path: &Path) -> Result<(), AppError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let tried =
        if path.exists() { std::fs::OpenOptions::new().append(true).open(path).map(drop) } else { tempfile::tempfile_in(folder).map(drop) };
    tried.map_err(|error| AppError::Unwritable { path: path.to_owned(), error })
}

/// Reads a file that is to be a saved plan.
///
/// # Errors
/// Where it can't be read, or is none that can be used.
pub fn saved_plan_at(path: &Path) -> Result<SavedPlan, AppError> {
    if let Err(error) = std::fs::File::open(path) {
        return Err(AppError::File { path: path.to_owned(), error });
    }
    read_saved_plan(path)?.ok_or_else(|| SavedPlanError::Other { path: path.to_owned() }.into())
}

/// Reads a saved plan; none where a file is something else, a playbook mostly.
///
/// # Errors
/// Where it is one, and can't be used.
pub fn read_saved_plan(path: &Path) -> Result<Option<SavedPlan>, AppError> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    if !text.trim_start().starts_with('{') || !text.contains("\"roundsman_plan\"") {
        return Ok(None);
    }
    let unusable = |error| SavedPlanError::Form { path: path.to_owned(), error };
    let json: serde_json::Value = serde_json::from_str(&text).map_err(unusable)?;
    let form = json.get("roundsman_plan").and_then(serde_json::Value::as_u64).unwrap_or_default();
    if form > u64::from(SAVED_FORMAT) {
        return Err(SavedPlanError::Newer { path: path.to_owned(), form }.into());
    }
    Ok(Some(serde_json::from_value(json).map_err(unusable)?))
}
