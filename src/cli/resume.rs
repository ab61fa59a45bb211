//! `run --resume` and `plan --resume`.

use super::args::{AfterCleanup, Assume, Format, Resume, Run, Selection};
use super::exit::ExitCode;
use super::main::{Session, extra, tell};
use super::run::{How, ended};
use super::sinks::sinks;
use crate::app::{self, AppError, Confirm, Decide, Loaded, MakeSinks, Ready, RecordPlace, Rest, Resumable, ResumeError};
use crate::event::SettledEnd;
use crate::plan::{self, Carried, CarryOptions};

impl Session<'_> {
    /// Goes on with a recorded run.
    pub(super) fn run_rest(&self, run: &Run) -> Result<ExitCode, AppError> {
        if run.check {
            tell("error: a resumed run can't be a dry run\n\nhint: `roundsman plan --resume` shows what is left\n");
            return Ok(ExitCode::Usage);
        }
        let rest = self.rest(&run.resume, &run.selection)?;
        let _hold = rest.hold()?;
        let Some((loaded, ready, carried)) = self.load_rest(&rest, &run.resume)? else { return Ok(ExitCode::Invalid) };
        let remaining = carried.remaining(&ready.playbook, &ready.inventory);
        // Items are counted by who runs them, and they may be others after a change.
        if remaining.is_nothing() && rest.came_to_its_end() && carried.unchanged {
            tell(&format!("nothing is left of run {}\n", rest.row.id));
            return Ok(ExitCode::Ok);
        }
        let confirm = if run.yes { Confirm::Yes } else { Confirm::Ask };
        let how = How { command: "run", dry: None, user: None, confirm };
        let (options, said, format) = (self.options(), self.stderr_options(), self.cli.common.format);
        let tellers: MakeSinks = Box::new(move |record| sinks(format, options, said, record));
        let mut request = self.request((&ready, &loaded.map), &rest.sources, &run.connecting, how, tellers)?;
        // It goes on in the record that it began in.
        request.record = RecordPlace::File(rest.record.clone());
        request.rest = Some(Rest { of: rest, carried, decide: decide(run.resume.assume) });
        Ok(ended(&app::run_to_end(ready, &loaded.map, request)?))
    }

    /// Shows what is left of a recorded run, from the record alone.
    pub(super) fn plan_of_rest(&self, resume: &Resume, selection: &Selection) -> Result<ExitCode, AppError> {
        let rest = self.rest(resume, selection)?;
        let Some((_, ready, mut carried)) = self.load_rest(&rest, resume)? else { return Ok(ExitCode::Invalid) };
        let remaining = carried.remaining(&ready.playbook, &ready.inventory);
        rest.fill(&mut carried, &ready)?;
        match self.cli.common.format {
            Format::Json => self.print_json(&serde_json::json!(remaining)),
            _ => {
                let began = jiff::Timestamp::from_millisecond(rest.row.started_at).map(|at| at.to_string()).unwrap_or_default();
                self.print(&format!(
                    "what is left of run {}: {}, begun {began}\n\n",
                    rest.row.id,
                    crate::text::visible(&rest.row.playbook)
                ));
                self.print(&remaining.text(self.options().width));
            }
        }
        Ok(ExitCode::Ok)
    }

    fn rest(&self, resume: &Resume, selection: &Selection) -> Result<Resumable, AppError> {
        app::resumable(self.cli.common.db.as_deref(), resume.resume.as_deref(), &extra(&selection.extra))
    }

    /// Loads what a run was made from, compares it with what that was, and finds what is carried over; none where it has mistakes by now, which were told.
    fn load_rest(&self, rest: &Resumable, resume: &Resume) -> Result<Option<(Loaded, Ready, Carried)>, AppError> {
        let mut loaded = app::load(&rest.sources);
        self.show_diagnostics(&loaded.map, &loaded.diagnostics);
        let Some(ready) = loaded.ready.take() else { return Ok(None) };
        let changes = rest.changes(&ready)?;
        if !changes.is_empty() && !resume.accept_changes {
            return Err(ResumeError::Changed { run: rest.row.id.clone(), changes }.into());
        }
        for change in &changes {
            tell(&format!("note: {}\n", crate::text::visible(change)));
        }
        let after_cleanup = match resume.after_cleanup {
            None => plan::AfterCleanup::Ask,
            Some(AfterCleanup::Restart) => plan::AfterCleanup::Restart,
            Some(AfterCleanup::Continue) => plan::AfterCleanup::Continue,
        };
        let mut carried = rest.carry(&ready, CarryOptions { failed: resume.failed, after_cleanup })?;
        carried.unchanged = changes.is_empty();
        Ok(Some((loaded, ready, carried)))
    }
}

/// Settles what does not settle itself: as `--assume` says, else as the user says.
fn decide(assume: Option<Assume>) -> Decide {
    Box::new(move |steps| match assume {
        Some(Assume::Done) => Some((SettledEnd::Done, "--assume")),
        Some(Assume::Rerun) => Some((SettledEnd::Again, "--assume")),
        None => {
            let list: String = steps.iter().map(|step| format!("  {step}\n")).collect();
            match app::ask_now(&format!("how these steps ended is not known:\n{list}do them again?"))? {
                true => Some((SettledEnd::Again, "user")),
                false => (app::ask_now("take them for done?")?).then_some((SettledEnd::Done, "user")),
            }
        }
    })
}
