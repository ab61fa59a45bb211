//! `run --resume` and `plan --resume`: what a recorded run has left, from the record alone.

mod error;
mod hosts;

use std::path::{Path, PathBuf};

use super::AppError;
use super::load::{ExtraVar, PlaybookSource, Ready, Sources};
use super::past::open_record;
use super::saved::{saved_plan, sources_of};
use crate::event::{Cleaned, MASK, PastRun, RunHeader, Settled, SettledEnd, Stream};
use crate::exec::Owed;
use crate::model::{HostIx, RoundIx, StepId, TaskIx};
use crate::plan::{Carried, CarryOptions, ControllerInfo, SavedInput, SavedPlan, UnknownStep};
use crate::store::{Hold, RunFilter, RunRow, RunState, Store, StoreError};
use crate::text::fold_names;
use crate::transport::Hub;

pub use error::ResumeError;

/// A run that can be resumed.
#[derive(Debug)]
pub struct Resumable {
    /// The run.
    pub row: RunRow,
    /// It and those that it goes on with, the oldest first.
    pub runs: Vec<PastRun>,
    /// What it was made from.
    pub sources: Sources,
    /// The record.
    pub record: PathBuf,
    store: Store,
}

/// What is left of a run, to be gone on with.
pub struct Rest {
    /// The run.
    pub of: Resumable,
    /// What is carried over of it.
    pub carried: Carried,
    /// Says how steps end whose end nobody knows.
    pub decide: Decide,
}

/// Given steps for people, says how they end and who says so; none leaves the run alone.
pub type Decide = Box<dyn FnOnce(&[String]) -> Option<(SettledEnd, &'static str)> + Send>;

impl Rest {
    /// Settles what is not known, by the hosts' journals, by the tasks themselves, by whoever decides; and reads what is
    /// still to be read.
    ///
    /// # Errors
    /// Where something stays unknown, or is not in the record.
    pub(super) async fn settle(self, ready: &Ready, hub: &Hub, controller: &ControllerInfo) -> Result<Carried, AppError> {
        let Rest { of, mut carried, decide } = self;
        let silent = of.ask_hosts(&mut carried, ready, hub, controller).await;
        let unknown = of.settle_themselves(&mut carried, ready);
        if !unknown.is_empty() {
            let mut steps = of.unknown_words(&unknown, ready);
            steps.extend(silent);
            let Some((end, by)) = decide(&steps) else { return Err(ResumeError::Unknown { steps }.into()) };
            of.settle(&mut carried, ready, &unknown, end, by);
        }
        of.fill(&mut carried, ready)?;
        Ok(carried)
    }
}

/// Finds the run to resume: the last one of a playbook, where none is named.
///
/// # Errors
/// Where there is none, or it can't be resumed; in words that name the reason.
pub fn resumable(db: Option<&Path>, which: Option<&str>, extra: &[ExtraVar]) -> Result<Resumable, AppError> {
    let store = open_record(db)?;
    let row = match which {
        Some(which) if which != "last" => store.find(which)?,
        _ => last_of_a_playbook(&store)?,
    };
    let run = row.id.clone();
    let what = match row.command.as_str() {
        "run" => None,
        "check" => Some("a dry run"),
        _ => Some("a command of `exec`"),
    };
    if let Some(what) = what {
        return Err(ResumeError::NotOne { run, what }.into());
    }
    if row.state == RunState::Running {
        return Err(ResumeError::Running { run }.into());
    }
    if let Some(later) = store.resumed_by(&row)? {
        return Err(ResumeError::Resumed { run, by: later.id }.into());
    }
    let runs = store.chain(&row)?;
    let header = runs.last().and_then(|run| run.header.as_ref());
    let Some(sources) = header.and_then(|header| typed_again(header, extra).transpose()).transpose()? else {
        return Err(ResumeError::NoSources { run }.into());
    };
    Ok(Resumable { row, runs, sources, record: store.path().to_owned(), store })
}

fn last_of_a_playbook(store: &Store) -> Result<RunRow, AppError> {
    let filter = RunFilter { command: Some("run".to_owned()), limit: Some(1), ..RunFilter::default() };
    store.runs(&filter)?.pop().ok_or_else(|| ResumeError::None.into())
}

/// What was typed, its paths as seen from here; what is typed now wins.
fn typed_again(header: &RunHeader, extra: &[ExtraVar]) -> Result<Option<Sources>, ResumeError> {
    let Some(typed) = &header.sources else { return Ok(None) };
    let mut sources = sources_of(typed);
    let there = Path::new(&header.cwd);
    let from_here = |path: &Path| if path.is_absolute() || is_here(there) { path.to_owned() } else { there.join(path) };
    if let PlaybookSource::File(path) = &mut sources.playbook {
        *path = from_here(path);
    }
    for inventory in &mut sources.inventory {
        let path = there.join(&*inventory);
        if path.exists() {
            *inventory = from_here(Path::new(&*inventory)).display().to_string();
        }
    }
    for var in &mut sources.extra {
        if let ExtraVar::File(path) = var {
            *path = from_here(path);
        }
    }
    let given = |name: &str| extra.iter().any(|var| matches!(var, ExtraVar::Pair(given, _) if given == name));
    sources.extra.retain(|var| !matches!(var, ExtraVar::Pair(name, _) if given(name)));
    for var in &sources.extra {
        if let ExtraVar::Pair(name, value) = var
            && value.contains(MASK)
        {
            return Err(ResumeError::Masked { name: name.clone() });
        }
    }
    sources.extra.extend(extra.iter().cloned());
    Ok(Some(sources))
}

fn is_here(folder: &Path) -> bool {
    std::env::current_dir().is_ok_and(|here| here == folder)
}

impl Resumable {
    /// What of its playbook, inventory and files is not as it was.
    ///
    /// # Errors
    /// Where a file that is to be copied can't be read.
    pub fn changes(&self, ready: &Ready) -> Result<Vec<String>, AppError> {
        let Some(header) = self.runs.last().and_then(|run| run.header.as_ref()) else { return Ok(Vec::new()) };
        let mut now = saved_plan(ready, &self.sources)?;
        let inputs: Vec<SavedInput> = header
            .inputs
            .iter()
            .map(|input| SavedInput {
                role: input.role.clone(),
                name: self.as_seen_here(header, &input.name),
                sha256: input.sha256.clone(),
            })
            .collect();
        // Files that only a template names are known once it is rendered; the run's header has none of them.
        now.inputs.retain(|input| input.role != "copy" || inputs.iter().any(|was| was.name == input.name));
        let was = SavedPlan { version: now.version.clone(), inputs, plan: header.plan.clone(), probed: false, ..now.clone() };
        now.probed = false;
        Ok(was.differs(&now))
    }

    fn as_seen_here(&self, header: &RunHeader, name: &str) -> String {
        let there = Path::new(&header.cwd);
        let path = Path::new(name);
        if path.is_absolute() || is_here(there) || !there.join(path).exists() {
            name.to_owned()
        } else {
            there.join(path).display().to_string()
        }
    }

    /// What is carried over, by today's playbook; with results as far as they are read.
    ///
    /// # Errors
    /// Where the record can't be read, or lacks what is to be read.
    pub fn carry(&self, ready: &Ready, options: CarryOptions) -> Result<Carried, AppError> {
        let carried = Carried::of(&self.runs, &ready.playbook, &ready.inventory, options);
        if options.after_cleanup == crate::plan::AfterCleanup::Ask && !carried.cleaned.is_empty() {
            return Err(ResumeError::Cleaned { places: self.cleaned(&carried, ready) }.into());
        }
        Ok(carried)
    }

    /// Lets be done again what settles itself by that, and gives what does not.
    #[must_use]
    pub fn settle_themselves(&self, carried: &mut Carried, ready: &Ready) -> Vec<UnknownStep> {
        let (again, unknown): (Vec<_>, Vec<_>) = carried.unknown(&ready.playbook).into_iter().partition(|unknown| unknown.again);
        self.settle(carried, ready, &again, SettledEnd::Again, "its task");
        unknown
    }

    /// Takes in how executions ended, or that they are to be done again.
    pub fn settle(&self, carried: &mut Carried, ready: &Ready, unknown: &[UnknownStep], end: SettledEnd, by: &str) {
        for unknown in unknown {
            let settled = self.settled(unknown, end, by);
            carried.settle((unknown.step, unknown.from), &settled, &ready.playbook);
        }
    }

    /// Reads from the record what is still to be read of what is carried over.
    ///
    /// # Errors
    /// Where the record can't be read, or lacks it.
    pub fn fill(&self, carried: &mut Carried, ready: &Ready) -> Result<(), AppError> {
        let number = |run: &PastRun| run.header.as_ref().map(|header| self.store.find(&header.run).map(|row| row.number)).transpose();
        let numbers = self.runs.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        for wanted in carried.wanted(&ready.plan, &ready.playbook) {
            let Some(number) = numbers.get(wanted.from.run).copied().flatten() else { continue };
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            for piece in self.store.outputs(number, wanted.from.step)?.into_iter().filter(|piece| piece.attempt == wanted.from.attempt) {
                let into = if piece.stream == Stream::Stdout { &mut stdout } else { &mut stderr };
                into.extend(piece.data.bytes());
            }
            carried.fill(wanted, &stdout, &stderr);
        }
        let lost = carried.without_results(&ready.plan, &ready.playbook);
        if lost.is_empty() {
            return Ok(());
        }
        let name = |step| step_name(ready, step);
        let results = lost.iter().map(|lost| format!("{}: {}; {} reads it", name(lost.step), lost.why, name(lost.reader)));
        Err(ResumeError::Lost { results: results.collect() }.into())
    }

    fn settled(&self, unknown: &UnknownStep, end: SettledEnd, by: &str) -> Settled {
        let header = self.runs.get(unknown.from.run).and_then(|run| run.header.as_ref());
        let run = header.map(|header| header.run.clone()).unwrap_or_default();
        Settled { run, step: unknown.from.step, attempt: unknown.from.attempt, end, by: by.to_owned() }
    }

    /// Steps whose end is unknown, for people: equal tasks together.
    #[must_use]
    pub fn unknown_words(&self, unknown: &[UnknownStep], ready: &Ready) -> Vec<String> {
        let mut tasks: indexmap::IndexMap<(RoundIx, TaskIx), Vec<HostIx>> = indexmap::IndexMap::new();
        for unknown in unknown {
            tasks.entry((unknown.step.round, unknown.step.task)).or_default().push(unknown.step.host);
        }
        let words = tasks.into_iter().map(|((round, task), hosts)| {
            let names: Vec<&str> = hosts.iter().map(|host| ready.inventory.host(*host).name.as_str()).collect();
            let step = StepId { round, task, host: hosts[0] };
            format!("{} on {}", task_name(ready, step), fold_names(&names))
        });
        words.collect()
    }

    /// Keeps the run from being resumed by another at the same time.
    ///
    /// # Errors
    /// Where it goes on, or another resumes it.
    pub fn hold(&self) -> Result<Hold, AppError> {
        let held = self.store.hold(&self.row).map_err(|error| match error {
            StoreError::Held { run } => AppError::from(ResumeError::Running { run }),
            error => error.into(),
        })?;
        // Another may have gone on with it just before.
        match self.store.resumed_by(&self.row)? {
            Some(later) => Err(ResumeError::Resumed { run: self.row.id.clone(), by: later.id }.into()),
            None => Ok(held),
        }
    }

    /// Says whether the run came to an end of its own, so that what the record does not show was not to be done.
    #[must_use]
    pub fn came_to_its_end(&self) -> bool {
        let end = self.runs.last().and_then(|run| run.end.as_ref());
        end.is_some_and(|end| !matches!(&*end.status, "interrupted" | "error"))
    }

    fn cleaned(&self, carried: &Carried, ready: &Ready) -> Vec<String> {
        let mut places: indexmap::IndexMap<String, Vec<&str>> = indexmap::IndexMap::new();
        for cleaned in &carried.cleaned {
            let (what, host) = match cleaned {
                Cleaned::Round(round, host) => (ready.playbook.round(*round).id.clone(), host),
                Cleaned::Block(round, block, host) => {
                    let round = ready.playbook.round(*round);
                    (format!("{}/{}", round.id, round.blocks[block.index()].name), host)
                }
            };
            places.entry(what).or_default().push(&ready.inventory.host(*host).name);
        }
        places.into_iter().map(|(what, hosts)| format!("{what} on {}", fold_names(&hosts))).collect()
    }
}

/// The handlers that earlier runs of a playbook left pending, where today's playbook still has them.
pub(super) fn owed(ready: &Ready, store: &Store) -> Result<Vec<Owed>, StoreError> {
    let pending = store.pending(&ready.playbook.id)?;
    let find = |pending: crate::store::PendingHandler| {
        let round = ready.playbook.rounds.iter().position(|round| round.id == pending.round)?;
        let tasks = &ready.playbook.rounds[round].tasks;
        let is_it = |handler: &&TaskIx| tasks[handler.index()].id.as_ref().unwrap_or(&tasks[handler.index()].name) == &pending.handler;
        let handler = ready.playbook.rounds[round].handlers.iter().find(is_it)?;
        let host = ready.inventory.hosts.iter().position(|host| host.name == pending.host)?;
        Some(Owed { round: RoundIx::new(round), host: HostIx::new(host), handler: *handler, run: pending.run })
    };
    Ok(pending.into_iter().filter_map(find).collect())
}

fn step_name(ready: &Ready, step: StepId) -> String {
    format!("{} on {}", task_name(ready, step), ready.inventory.host(step.host).name)
}

fn task_name(ready: &Ready, step: StepId) -> String {
    let round = ready.playbook.round(step.round);
    format!("{}/{}", round.id, round.tasks[step.task.index()].name)
}
