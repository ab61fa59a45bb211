//! `run` and `exec`, and what of them `plan --probe` shares: how hosts are reached, passwords, secrets.

use std::collections::HashMap;

use super::args::Connecting;
use super::exit::ExitCode;
use super::main::{Session, tell};
use super::secret;
use super::sinks::sinks;
use crate::app::{self, AppError, Confirm, MakeSinks, Ready, RecordPlace, RunRequest, Sources};
use crate::diag::SourceMap;
use crate::exec::{DryRun, RunReport};

/// What is done with a playbook on its hosts.
pub(super) struct How<'a> {
    pub(super) command: &'a str,
    pub(super) dry: Option<DryRun>,
    pub(super) user: Option<String>,
    pub(super) confirm: Confirm,
}

impl Session<'_> {
    pub(super) fn run(&self, sources: &Sources, connecting: &Connecting, how: How<'_>) -> Result<ExitCode, AppError> {
        let loaded = app::load(sources);
        // What is typed once is not a file to be improved.
        if how.command != "exec" || loaded.ready.is_none() {
            self.show_diagnostics(&loaded.map, &loaded.diagnostics);
        }
        let Some(ready) = loaded.ready else { return Ok(ExitCode::Invalid) };
        let (options, said, format) = (self.options(), self.stderr_options(), self.cli.common.format);
        let tellers: MakeSinks = Box::new(move |record| sinks(format, options, said, record));
        let request = self.request((&ready, &loaded.map), sources, connecting, how, tellers)?;
        let report = app::run_to_end(ready, &loaded.map, request)?;
        Ok(ended(&report))
    }

    /// Where a run is recorded.
    pub(super) fn record_place(&self, connecting: &Connecting) -> RecordPlace {
        match &self.cli.common.db {
            _ if connecting.without_record => RecordPlace::Nowhere,
            Some(path) => RecordPlace::File(path.clone()),
            None => RecordPlace::Project,
        }
    }

    /// What asking the hosts needs, for a run that is about to be.
    pub(super) fn request_again(&self, run: &RunRequest, how: How<'_>) -> RunRequest {
        RunRequest {
            command: how.command.to_owned(),
            argv: self.argv.clone(),
            folder: run.folder.clone(),
            dry: how.dry,
            expected: HashMap::new(),
            approved: None,
            sources: None,
            rest: None,
            record: RecordPlace::Nowhere,
            max_parallel: run.max_parallel,
            user: how.user,
            passwords: run.passwords.clone(),
            secrets: run.secrets.clone(),
            fake: run.fake.clone(),
            helper: None,
            confirm: how.confirm,
            sinks: Box::new(|_| Vec::new()),
        }
    }

    /// What a run needs beyond its playbook; asks for passwords and gets secrets.
    pub(super) fn request(
        &self,
        (ready, map): (&Ready, &SourceMap),
        sources: &Sources,
        connecting: &Connecting,
        how: How<'_>,
        sinks: MakeSinks,
    ) -> Result<RunRequest, AppError> {
        let passwords = secret::passwords(connecting)?;
        let (secrets, warnings) = app::get_secrets(ready, map, &secret::sources(connecting))?;
        self.show_diagnostics(map, &warnings);
        if let Some(note) = app::too_few_for(ready) {
            tell(&format!("note: {note}\n\n"));
        }
        Ok(RunRequest {
            command: how.command.to_owned(),
            argv: self.argv.clone(),
            folder: sources.playbook.folder(),
            dry: how.dry,
            expected: HashMap::new(),
            approved: None,
            sources: Some(app::typed(sources)).filter(|_| how.command != "exec"),
            rest: None,
            record: self.record_place(connecting),
            max_parallel: connecting.max_parallel.map(std::num::NonZeroUsize::get),
            user: how.user,
            passwords,
            secrets: Some(secrets),
            fake: self.cli.common.fake.clone(),
            helper: None,
            confirm: how.confirm,
            sinks,
        })
    }
}

/// Tells of a record that is not whole; the exit code of a run.
pub(super) fn ended(report: &RunReport) -> ExitCode {
    let code = ExitCode::from_code(report.end.exit_code).unwrap_or(ExitCode::Internal);
    if let Err(error) = &report.record {
        let hint = error.hint();
        tell(&format!("error: {error}\n\nhint: {hint}\n"));
        // Events that came after the last one told may be what the record lacks.
        return code.or(ExitCode::RecordIncomplete);
    }
    code
}

/// How a dry run ends where something would change.
pub(super) fn dry(detailed: bool) -> DryRun {
    DryRun { drift_code: if detailed { ExitCode::Drift.code() } else { ExitCode::Ok.code() } }
}
