//! `roundsman test`: two runs, and what the second changed.
//!
//! The words typed go in, an exit code comes out. Sandboxes and runs are `app`'s; what is said of them is `report`'s.

use super::args::{Format, Test};
use super::exit::ExitCode;
use super::main::{Session, sources, tell};
use super::run::ended;
use super::secret;
use super::sinks::sinks;
use crate::app::{self, AppError, Confirm, Passwords, PlaybookSource, RunRequest, Sandboxes, Tested};
use crate::report;

const SANDBOX_HAS: &str = "\nhint: a sandbox has this machine's programs, read-only, and a copy of its /etc, but no network, no services and \
                           no other files; `--on HOSTS` tests on real hosts\n";

impl Session<'_> {
    pub(super) fn test(&self, test: &Test) -> Result<ExitCode, AppError> {
        let mut sources = sources(PlaybookSource::File(test.playbook.clone()), &test.selection, &test.tasks);
        sources.on.clone_from(&test.on);
        let loaded = app::load(&sources);
        self.show_diagnostics(&loaded.map, &loaded.diagnostics);
        let Some(mut ready) = loaded.ready else { return Ok(ExitCode::Invalid) };
        if app::hosts_of(&ready) == 0 {
            tell("error: no host takes part, so nothing would be tested\n");
            return Ok(ExitCode::Usage);
        }
        let real = test.on.is_some() || self.cli.common.fake.is_some();
        let passwords = if real { secret::passwords(&test.connecting)? } else { Passwords::default() };
        let (secrets, warnings) = app::get_secrets(&ready, &loaded.map, &secret::sources(&test.connecting))?;
        self.show_diagnostics(&loaded.map, &warnings);
        if let Some(note) = app::too_few_for(&ready) {
            tell(&format!("note: {note}\n\n"));
        }
        let sandboxes = if real { None } else { Some(Sandboxes::new()?) };
        if let Some(sandboxes) = &sandboxes {
            sandboxes.house(&mut ready);
        }
        let json = self.cli.common.format == Format::Json;
        let request = |pass: u8| {
            let (options, said) = (self.options(), self.stderr_options());
            self.head(if pass == 1 { "First run" } else { "\nSecond run" });
            RunRequest {
                command: "test".to_owned(),
                argv: self.argv.clone(),
                folder: sources.playbook.folder(),
                dry: None,
                expected: std::collections::HashMap::new(),
                approved: None,
                sources: None,
                rest: None,
                record: self.record_place(&test.connecting),
                max_parallel: test.connecting.max_parallel.map(std::num::NonZeroUsize::get),
                user: None,
                passwords: passwords.clone(),
                secrets: Some(secrets.clone()),
                fake: self.cli.common.fake.clone(),
                helper: None,
                confirm: if test.yes { Confirm::Yes } else { Confirm::Ask },
                sinks: Box::new(move |record| {
                    if json {
                        return vec![report::console(said, Box::new(std::io::stderr()))];
                    }
                    sinks(Format::Text, options, said, record)
                }),
            }
        };
        let tested = app::test(ready, &loaded.map, request)?;
        let runs = ExitCode::of([&tested.first].into_iter().chain(&tested.second).map(|passed| ended(&passed.report)));
        let exit = if tested.changed.is_empty() { runs } else { runs.or(ExitCode::Failed) };
        let kept = sandboxes.filter(|_| test.keep).map(|sandboxes| sandboxes.keep().display().to_string());
        let text = self.verdict(&tested, runs, real);
        if json {
            tell(&text);
            let runs: Vec<&str> = [&tested.first].into_iter().chain(&tested.second).map(|passed| passed.run.as_str()).collect();
            self.print_json(&serde_json::json!({
                "runs": runs, "exit_code": exit.code(), "changed": tested.changed, "kept": kept,
            }));
        } else {
            self.print(&text);
        }
        if let Some(kept) = &kept {
            tell(&format!("the sandboxes are kept in {kept}\n"));
        }
        Ok(exit)
    }

    /// A line between the reports of two runs.
    fn head(&self, words: &str) {
        match self.cli.common.format {
            _ if self.cli.common.quiet => {}
            Format::Json => tell(&format!("{words}\n")),
            _ => self.print(&format!("{words}\n")),
        }
    }

    fn verdict(&self, tested: &Tested, runs: ExitCode, real: bool) -> String {
        let options = if self.cli.common.format == Format::Json { self.stderr_options() } else { self.options() };
        let mut text = String::new();
        if !tested.changed.is_empty() {
            text.push_str(&format!("\n{}", report::changed_twice(&tested.changed, &options)));
        }
        match &tested.second {
            None => {
                let what = runs.meaning().map_or_else(String::new, |meaning| format!(" ({meaning})"));
                text.push_str(&format!("\nthe first run failed{what}: there was no second\n"));
                text.push_str(if real { "" } else { SANDBOX_HAS });
            }
            Some(_) if runs != ExitCode::Ok => text.push_str("\nthe second run failed where the first did not\n"),
            Some(_) if tested.changed.is_empty() && !self.cli.common.quiet => text.push_str("\nthe second run changed nothing\n"),
            Some(_) => {}
        }
        text
    }
}
