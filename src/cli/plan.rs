//! `plan`: what would run, in every form; with `--probe` as the hosts say it.

use super::args::{Format, Plan, PlanCommand};
use super::exit::ExitCode;
use super::main::{Session, sources, tell};
use super::run::{How, dry, ended};
use crate::app::{self, AppError, Confirm, PlaybookSource};
use crate::plan::{Changed, compare};

impl Session<'_> {
    pub(super) fn plan(&self, plan: &Plan) -> Result<ExitCode, AppError> {
        if let Some(PlanCommand::Diff(diff)) = &plan.command {
            let (was, now) = (app::saved_plan_at(&diff.a)?, app::saved_plan_at(&diff.b)?);
            return Ok(self.changes(&compare(&was.plan, &now.plan), diff.detailed_exitcode));
        }
        if plan.resume.resume.is_some() {
            return self.plan_of_rest(&plan.resume, &plan.selection);
        }
        // Without another command clap asks for it.
        let Some(playbook) = &plan.playbook else { return Ok(ExitCode::Usage) };
        let sources = app::from_here(sources(PlaybookSource::File(playbook.clone()), &plan.selection, &plan.tasks));
        let loaded = app::load(&sources);
        self.show_diagnostics(&loaded.map, &loaded.diagnostics);
        let Some(mut ready) = loaded.ready else { return Ok(ExitCode::Invalid) };
        if let Err(why) = app::add_expected(&mut ready, &sources.playbook.folder(), self.cli.common.db.as_deref())
            && self.cli.common.verbose > 0
        {
            tell(&format!("note: no durations of earlier runs: {why}\n"));
        }
        for path in plan.out.iter().chain(&plan.html) {
            app::can_write(path)?;
        }
        let mut exit = ExitCode::Ok;
        if plan.probe {
            let how = How { command: "check", dry: Some(dry(plan.detailed_exitcode)), user: None, confirm: Confirm::Yes };
            let request = self.request((&ready, &loaded.map), &sources, &plan.connecting, how, Box::new(|_| Vec::new()))?;
            exit = ended(&app::probe(&mut ready, &loaded.map, request)?.0);
        }
        if let Some(run) = &plan.since {
            let store = app::open_record(self.cli.common.db.as_deref())?;
            let was = app::plan_of(&app::find_run(&store, Some(run))?);
            return Ok(exit.or(self.changes(&compare(&was, &app::plan_json(&ready)), plan.detailed_exitcode)));
        }
        if let Some(path) = &plan.html {
            app::write_plan_page(&ready, path)?;
        }
        if let Some(path) = &plan.out {
            app::write_saved_plan(&app::saved_plan(&ready, &sources)?, path)?;
        }
        match self.cli.common.format {
            Format::Json => self.print_json(&app::plan_json(&ready)),
            Format::Dot => self.print(&app::plan_dot(&ready)),
            Format::Mermaid => self.print(&app::plan_mermaid(&ready)),
            Format::Text | Format::Jsonl if (plan.html.is_some() || plan.out.is_some()) && self.cli.common.quiet => {}
            Format::Text | Format::Jsonl => {
                let options = self.options();
                self.print(&app::plan_text(&ready, options.width, options.colors, plan.diff));
            }
        }
        Ok(exit)
    }

    /// Shows what differs between two plans.
    fn changes(&self, changes: &[Changed], detailed: bool) -> ExitCode {
        match self.cli.common.format {
            Format::Json => self.print_json(&serde_json::json!(changes)),
            _ if changes.is_empty() => self.print("nothing has changed\n"),
            _ => {
                let lines = changes.iter().map(|changed| format!("{} {}\n", changed.mark(), crate::text::visible(&changed.words())));
                self.print(&lines.collect::<String>());
            }
        }
        if detailed && !changes.is_empty() { ExitCode::Drift } else { ExitCode::Ok }
    }
}
