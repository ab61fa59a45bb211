//! `plan`: what would run, in every form; with `--probe` as the hosts say it.

use super::args::{Format, Plan};
use super::exit::ExitCode;
use super::main::{Session, sources, tell};
use super::run::{How, dry, ended};
use crate::app::{self, AppError, Confirm, PlaybookSource};

impl Session<'_> {
    pub(super) fn plan(&self, plan: &Plan) -> Result<ExitCode, AppError> {
        let sources = app::from_here(sources(PlaybookSource::File(plan.playbook.clone()), &plan.selection, &plan.tasks));
        let loaded = app::load(&sources);
        self.show_diagnostics(&loaded.map, &loaded.diagnostics);
        let Some(mut ready) = loaded.ready else { return Ok(ExitCode::Invalid) };
        if let Err(why) = app::add_expected(&mut ready, &sources.playbook.folder(), self.cli.common.db.as_deref())
            && self.cli.common.verbose > 0
        {
            tell(&format!("note: no durations of earlier runs: {why}\n"));
        }
        let mut exit = ExitCode::Ok;
        if plan.probe {
            let how = How { command: "check", dry: Some(dry(plan.detailed_exitcode)), user: None, confirm: Confirm::Yes };
            let request = self.request((&ready, &loaded.map), &sources, &plan.connecting, how, Box::new(|_| Vec::new()))?;
            exit = ended(&app::probe(&mut ready, &loaded.map, request)?.0);
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
}
