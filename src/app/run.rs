//! `run`: the record is opened, then the hosts are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::header::{self, Who};
use super::load::Ready;
use super::resume::Rest;
use super::secrets::{self, SecretSources, Secrets, get_secrets};
use super::{AppError, Confirm, limits, machine};
use crate::diag::SourceMap;
use crate::event::{EventSink, InputFile, NoJournal, RunSources};
use crate::exec::{self, Approvals, DryRun, LocalFiles, RunInputs, RunReport};
use crate::plan::ControllerInfo;
use crate::store::{OpenMode, Store, Writer, default_path};

/// Passwords that were asked for; they win over the inventory's.
#[derive(Clone, Default)]
pub struct Passwords {
    /// For ssh.
    pub login: Option<String>,
    /// For sudo.
    pub r#become: Option<String>,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Passwords(login: {}, become: {})", self.login.is_some(), self.r#become.is_some())
    }
}

/// Makes those who tell people, given the record's path where there is a record.
pub type MakeSinks = Box<dyn FnOnce(Option<&Path>) -> Vec<Box<dyn EventSink>> + Send>;

/// Where a run is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RecordPlace {
    /// In the project's own record.
    #[default]
    Project,
    /// In this file.
    File(PathBuf),
    /// Nowhere: it can be neither looked at again nor resumed.
    Nowhere,
}

/// How to run what was loaded.
pub struct RunRequest {
    /// `run`, `check` or `exec`.
    pub command: String,
    /// The arguments as typed.
    pub argv: Vec<String>,
    /// The folder of the playbook.
    pub folder: PathBuf,
    /// True to find out what would be done, and to change nothing.
    pub dry: Option<DryRun>,
    /// The SHA-256 that local files must have, by a saved plan.
    pub expected: std::collections::HashMap<PathBuf, String>,
    /// What a saved plan allows each step to do; none: whatever the playbook says.
    pub approved: Option<Approvals>,
    /// What was typed, for the record; none: the run can't be resumed.
    pub sources: Option<RunSources>,
    /// The run that it goes on with, and what is carried over.
    pub rest: Option<Rest>,
    /// The record.
    pub record: RecordPlace,
    /// `--max-parallel`.
    pub max_parallel: Option<usize>,
    /// The login for every host.
    pub user: Option<String>,
    /// Passwords that were asked for.
    pub passwords: Passwords,
    /// Secrets, where they were got already; none: they are got first, and nobody can be asked.
    pub secrets: Option<Secrets>,
    /// A scripted fake in place of real hosts.
    pub fake: Option<PathBuf>,
    /// The executable that calls [`crate::transport::helper_main`] first; none is the running one.
    pub helper: Option<PathBuf>,
    /// Who answers what `confirm` asks.
    pub confirm: Confirm,
    /// Makes those who tell people, given the record's path where there is a record.
    pub sinks: MakeSinks,
}

/// Runs what was loaded, and records it. Interrupts come from `interrupts`, one wish each.
///
/// # Errors
/// Where secrets can't be got, the record can't be opened or connections can't be made at all; nothing has happened then.
pub async fn run(
    mut ready: Ready,
    map: &SourceMap,
    mut request: RunRequest,
    interrupts: tokio::sync::mpsc::Receiver<exec::Interrupt>,
) -> Result<RunReport, AppError> {
    let secrets = settle(&mut ready, map, &mut request)?;
    if let Some(most) = request.max_parallel {
        let playbook = Arc::make_mut(&mut ready.playbook);
        playbook.max_parallel = Some(playbook.max_parallel.map_or(most, |own| own.min(most)));
    }
    let redactor = secrets::redactor(&ready, &secrets);
    let mut files = LocalFiles::expecting(request.expected);
    for path in std::mem::take(&mut ready.files) {
        let sha256 = files.get(&path).sha256().await.map_err(|error| AppError::File { path: path.clone(), error })?;
        ready.inputs.push(InputFile { role: "copy".to_owned(), name: path.display().to_string(), sha256, text: None });
    }
    let path = match request.record {
        RecordPlace::Project => Some(default_path(&request.folder)),
        RecordPlace::File(path) => Some(path),
        RecordPlace::Nowhere => None,
    };
    tracing::debug!(record = ?path, "opening the record");
    let store = path.as_deref().map(|path| Store::open(path, OpenMode::Write)).transpose()?;
    let owed = match (&store, &request.rest) {
        // One that goes on with another finds there what that owes.
        (Some(store), None) if request.command == "run" && request.dry.is_none() => super::resume::owed(&ready, store)?,
        _ => Vec::new(),
    };
    let controller = ControllerInfo { secrets: Some(secrets.values), ..header::controller() };
    let hub = machine::hub(request.fake.as_deref(), request.helper, Some(limits::lanes(&ready)))?;
    let carried = match request.rest {
        Some(rest) => Some(rest.settle(&ready, &hub, &controller).await?),
        None => None,
    };
    let run = uuid::Uuid::now_v7().to_string();
    let who = Who {
        run,
        command: &request.command,
        dry: request.dry.is_some(),
        argv: &request.argv,
        controller: &controller,
        sources: request.sources,
        resumes: carried.as_ref().map(|carried| carried.resumes.clone()),
    };
    let header = header::header(&ready, map, who, &request.folder);
    let writer = store.map(|store| store.writer(&header)).transpose()?;
    let inputs = RunInputs {
        playbook: ready.playbook,
        inventory: ready.inventory,
        plan: ready.plan,
        engine: ready.engine,
        hub: hub.clone(),
        files,
        journal: match &writer {
            Some(writer) => Box::new(writer.handle()),
            None => Box::new(NoJournal),
        },
        sinks: (request.sinks)(path.as_deref()),
        redactor,
        header,
        controller,
        clock: Box::new(|| jiff::Timestamp::now().as_millisecond()),
        interrupts,
        dry: request.dry,
        approved: request.approved,
        carried,
        owed,
        asker: Some(request.confirm.start()),
    };
    let mut report = exec::run(inputs).await;
    hub.close().await;
    let finished = tokio::task::spawn_blocking(move || writer.map_or(Ok(()), Writer::finish)).await;
    if let (Ok(()), Ok(Err(error))) = (&report.record, finished) {
        report.record = Err(error);
    }
    Ok(report)
}

/// Gets the secrets where that was not done, and puts into the inventory what the command line says of connections.
pub(super) fn settle(ready: &mut Ready, map: &SourceMap, request: &mut RunRequest) -> Result<Secrets, AppError> {
    let secrets = match request.secrets.take() {
        Some(secrets) => secrets,
        None => get_secrets(ready, map, &SecretSources::default())?.0,
    };
    secrets::fill(ready, map, &secrets)?;
    for host in &mut Arc::make_mut(&mut ready.inventory).hosts {
        let connect = &mut host.connect;
        if let Some(user) = &request.user {
            connect.user = Some(user.clone());
        }
        if let Some(password) = &request.passwords.login {
            connect.password = Some(password.clone());
        }
        if let Some(password) = &request.passwords.r#become {
            connect.become_password = Some(password.clone());
        }
    }
    Ok(secrets)
}

/// Runs what was loaded to its end, on a runtime of its own, with the process's signals as wishes to stop.
///
/// # Errors
/// As [`run`]; and where the machinery can't be started.
pub fn run_to_end(ready: Ready, map: &SourceMap, request: RunRequest) -> Result<RunReport, AppError> {
    let runtime = machine::runtime()?;
    let report = runtime.block_on(async { run(ready, map, request, super::interrupts()?).await });
    // What is left in the background has nothing more to say.
    runtime.shutdown_background();
    report
}
