//! `run` of a saved plan: everything is compared with what was saved before the first change.

use std::path::Path;

use super::args::{Run, Selection, Tasks};
use super::exit::ExitCode;
use super::main::{Session, tell};
use super::run::{How, dry, ended};
use super::sinks::sinks;
use crate::app::{self, AppError, Confirm, MakeSinks};
use crate::exec::Approvals;
use crate::plan::SavedPlan;

impl Session<'_> {
    /// Runs a saved plan, if nothing that it was made from has changed and the hosts say what they said.
    pub(super) fn run_saved(&self, (saved, path): (&SavedPlan, &Path), run: &Run) -> Result<ExitCode, AppError> {
        if run.selection != Selection::default() || run.tasks != Tasks::default() {
            let path = path.display();
            tell(&format!(
                "error: {path} is a saved plan, which has its hosts, variables and tasks in it\n\nhint: make another with these options: roundsman plan … -o {path}\n"
            ));
            return Ok(ExitCode::Usage);
        }
        let sources = app::sources_of(&saved.sources);
        let loaded = app::load(&sources);
        let errors = loaded.ready.is_none();
        if errors {
            // What was an input has become a mistake, or is gone: that is told where it stands.
            self.show_diagnostics(&loaded.map, &loaded.diagnostics);
        }
        let Some(mut ready) = loaded.ready else { return Ok(stale(path, &["it can't be planned any more".to_owned()])) };
        let told = saved.differs(&app::saved_plan(&ready, &sources)?);
        if !told.is_empty() {
            return Ok(stale(path, &told));
        }
        let confirm = if run.yes { Confirm::Yes } else { Confirm::Ask };
        let how = How {
            command: if run.check { "check" } else { "run" },
            dry: run.check.then(|| dry(run.detailed_exitcode)),
            user: None,
            confirm,
        };
        let (options, said, format) = (self.options(), self.stderr_options(), self.cli.common.format);
        let tellers: MakeSinks = Box::new(move |record| sinks(format, options, said, record));
        let mut request = self.request((&ready, &loaded.map), &sources, &run.connecting, how, tellers)?;
        let files = saved.inputs.iter().filter(|input| input.role == "copy");
        request.expected = files.map(|input| (input.name.clone().into(), input.sha256.clone())).collect();
        if saved.probed && !run.check {
            let asking = How { command: "check", dry: Some(dry(false)), user: None, confirm: Confirm::Yes };
            let asking = self.request_again(&request, asking);
            let (report, answers) = app::probe(&mut ready, &loaded.map, asking)?;
            if !matches!(report.end.exit_code, 0 | 4 | 5) {
                return Ok(ended(&report));
            }
            let told = saved.differs(&app::saved_plan(&ready, &sources)?);
            if !told.is_empty() {
                return Ok(stale(path, &told));
            }
            request.approved = Some(Approvals::of(&answers.steps));
        }
        Ok(ended(&app::run_to_end(ready, &loaded.map, request)?))
    }
}

/// Says what is not as it was when a plan was saved.
fn stale(path: &Path, told: &[String]) -> ExitCode {
    const MOST: usize = 20;
    let mut text = format!("error: the plan {} is stale, and nothing was done\n", path.display());
    for line in told.iter().take(MOST) {
        text.push_str(&format!("  {}\n", crate::text::visible(line)));
    }
    if told.len() > MOST {
        text.push_str(&format!("  and {} more\n", told.len() - MOST));
    }
    tell(&format!("{text}\nhint: look at it anew: roundsman plan … -o {}\n", path.display()));
    ExitCode::Stale
}
