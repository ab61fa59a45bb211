//! From the words typed to an exit code.
//!
//! Turns arguments into requests for `app`, shows what comes back, and decides the exit code. Data goes to stdout,
//! everything said about it to stderr.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use super::args::{self, Cli, Command, Extra, Format, SchemaOf, Selection, Tasks};
use super::exit::ExitCode;
use super::run::{How, dry};
use super::sinks::db_word;
use super::{explain, explain_host, log, secret};
use crate::app::{self, Adhoc, AppError, Checked, Confirm, ExtraVar, PlaybookSource, ResumeError, Sources};
use crate::diag::{Colors, Diagnostics, Severity, SourceMap, render_json, render_text};
use crate::report::{self, HostRow, Options, StepFilter, Surroundings};
use crate::text::plural;
use crate::{plan, playbook};

/// Runs the command line given in `words`, the program's own name first.
#[must_use]
pub fn main(words: impl IntoIterator<Item = OsString>) -> std::process::ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    let cli = match args::parse(words.clone()) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed stdout is nobody to tell of.
            let _ = error.print();
            return std::process::ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if let Err(error) = log::start(&cli.common) {
        return complain(&error).into();
    }
    let argv = words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let session = Session { cli: &cli, argv, unwritten: RefCell::new(None) };
    let exit = session.command().unwrap_or_else(|error| complain(&error));
    match session.unwritten.into_inner() {
        Some(error) => exit.or(complain(&AppError::Machine { what: "standard output can't be written", error })),
        None => exit,
    }
    .into()
}

fn complain(error: &AppError) -> ExitCode {
    let mut text = format!("error: {error}\n");
    if let Some(hint) = error.hint() {
        text.push_str(&format!("\nhint: {hint}\n"));
    }
    tell(&text);
    match error {
        AppError::SavedPlan(_) | AppError::Resume(ResumeError::Lost { .. }) => ExitCode::Invalid,
        AppError::Resume(ResumeError::Changed { .. }) => ExitCode::Stale,
        AppError::Resume(ResumeError::Unknown { .. } | ResumeError::Cleaned { .. }) => ExitCode::Stopped,
        AppError::Resume(_) => ExitCode::Usage,
        _ => ExitCode::Internal,
    }
}

pub(super) fn tell(text: &str) {
    // Nobody is left to hear that stderr is closed.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

pub(super) struct Session<'a> {
    pub(super) cli: &'a Cli,
    pub(super) argv: Vec<String>,
    /// Why data did not reach stdout.
    unwritten: RefCell<Option<std::io::Error>>,
}

impl Session<'_> {
    fn command(&self) -> Result<ExitCode, AppError> {
        match &self.cli.command {
            Command::Check(check) => Ok(self.check(check)),
            Command::Plan(plan) => self.plan(plan),
            Command::Run(run) => {
                if run.resume.resume.is_some() {
                    return self.run_rest(run);
                }
                // Without a run to resume clap asks for it.
                let Some(playbook) = &run.playbook else { return Ok(ExitCode::Usage) };
                if let Some(saved) = app::read_saved_plan(playbook)? {
                    return self.run_saved((&saved, playbook), run);
                }
                let sources = sources(PlaybookSource::File(playbook.clone()), &run.selection, &run.tasks);
                let dry = run.check.then(|| dry(run.detailed_exitcode));
                let confirm = if run.yes { Confirm::Yes } else { Confirm::Ask };
                self.run(&sources, &run.connecting, How { command: if run.check { "check" } else { "run" }, dry, user: None, confirm })
            }
            Command::Test(test) => self.test(test),
            Command::Exec(exec) => {
                let folder = PathBuf::from(".");
                let (hosts, command) = (exec.hosts.clone(), exec.command.clone());
                let adhoc = Adhoc { hosts, command, become_user: exec.become_user.clone(), timeout: exec.timeout, folder };
                let sources = sources(app::adhoc_source(&adhoc), &exec.selection, &Tasks::default());
                let how = How { command: "exec", dry: None, user: exec.user.clone(), confirm: Confirm::Ask };
                self.run(&sources, &exec.connecting, how)
            }
            Command::Hosts(hosts) => Ok(self.hosts(hosts)),
            Command::Unlock(unlock) => self.unlock(unlock),
            Command::History(history) => self.history(history),
            Command::Show(show) => self.show(show),
            Command::Secret(typed) => {
                let said = secret::command(&typed.command)?;
                if !self.cli.common.quiet {
                    tell(&said);
                }
                Ok(ExitCode::Ok)
            }
            Command::Schema(schema) => {
                let schema = match schema.of {
                    SchemaOf::Playbook => playbook::playbook_schema(),
                    SchemaOf::Inventory => playbook::inventory_schema(),
                    SchemaOf::Action => playbook::action_schema(),
                    SchemaOf::Plan => plan::plan_schema(),
                };
                self.print_json(&schema);
                Ok(ExitCode::Ok)
            }
            Command::Explain(explain) => Ok(self.explain(explain)),
        }
    }

    fn explain(&self, explain: &args::Explain) -> ExitCode {
        if let Some(host) = &explain.host {
            return self.explain_host(host, explain);
        }
        let said = match &explain.code {
            Some(Some(code)) => explain::one(code),
            _ => Ok(explain::all()),
        };
        match said {
            Ok(said) if self.cli.common.format == Format::Json => self.print_json(&said.json),
            Ok(said) => self.print(&said.text),
            Err(unknown) => {
                tell(&format!("error: {unknown}\n\nhint: {}\n", unknown.hint()));
                return ExitCode::Usage;
            }
        }
        ExitCode::Ok
    }

    fn explain_host(&self, host: &str, explain: &args::Explain) -> ExitCode {
        let playbook = explain.playbook.clone().map_or_else(app::no_playbook, PlaybookSource::File);
        let sources = sources(playbook, &explain.selection, &Tasks::default());
        let question = app::Question { host: host.to_owned(), variable: explain.variable.clone(), sources };
        let found = app::explain(&question);
        match found.answer {
            None => {
                self.show_diagnostics(&found.map, &found.diagnostics);
                return ExitCode::Invalid;
            }
            Some(Err(unknown)) => {
                let hint = unknown.hint.as_ref().map_or_else(String::new, |hint| format!("\nhint: {hint}\n"));
                tell(&format!("error: {unknown}\n{hint}"));
                return ExitCode::Usage;
            }
            Some(Ok(variables)) if self.cli.common.format == Format::Json => {
                self.print_json(&serde_json::json!({ "host": host, "variables": variables }));
            }
            Some(Ok(variables)) => self.print(&explain_host::text(&variables)),
        }
        ExitCode::Ok
    }

    fn check(&self, check: &args::Check) -> ExitCode {
        let rest = sources(PlaybookSource::File(PathBuf::new()), &check.selection, &check.tasks);
        let all = app::check_each(&check.playbooks, &rest);
        let bad = |one: &Checked| one.playbook.is_none() || (check.deny_warnings && one.diagnostics.count(Severity::Warning) > 0);
        let exit = if all.iter().any(bad) { ExitCode::Invalid } else { ExitCode::Ok };
        if self.cli.common.format == Format::Json {
            let found = all.iter().flat_map(|checked| match render_json(&checked.map, &checked.diagnostics) {
                serde_json::Value::Array(list) => list,
                other => vec![other],
            });
            // Playbooks share inventories and actions, and so mistakes.
            let mut told = std::collections::BTreeSet::new();
            let found = found.filter(|one| told.insert(one.to_string()));
            self.print_json(&serde_json::Value::Array(found.collect()));
            return exit;
        }
        for (path, checked) in check.playbooks.iter().zip(&all) {
            self.render_diagnostics(&checked.map, &checked.diagnostics);
            if let Some(playbook) = checked.playbook.as_ref().filter(|_| !self.cli.common.quiet) {
                let tasks = playbook.rounds.iter().map(|round| round.tasks.len()).sum();
                let hosts: std::collections::BTreeSet<_> = playbook.rounds.iter().flat_map(|round| &round.hosts).collect();
                let counts = [plural(playbook.rounds.len(), "round"), plural(tasks, "task"), plural(hosts.len(), "host")];
                self.print(&format!("{}: ok ({})\n", path.display(), counts.join(", ")));
            }
        }
        self.say_where_more_is(all.iter().map(|checked| &checked.diagnostics));
        exit
    }

    fn hosts(&self, hosts: &args::Hosts) -> ExitCode {
        let (map, diagnostics, chosen) = app::load_inventory(&hosts.selection.inventory, hosts.expr.as_deref());
        self.show_diagnostics(&map, &diagnostics);
        let Some((inventory, chosen)) = chosen else { return ExitCode::Invalid };
        if self.cli.common.format == Format::Json {
            self.print_json(&serde_json::json!(crate::inventory::describe(&inventory, &chosen)));
            return ExitCode::Ok;
        }
        let rows: Vec<HostRow> = chosen
            .iter()
            .map(|host| {
                let host = inventory.host(*host);
                HostRow { name: host.name.clone(), address: app::address(&host.connect), groups: host.groups.clone() }
            })
            .collect();
        self.print(&report::hosts(&rows, &self.options()));
        ExitCode::Ok
    }

    fn history(&self, history: &args::History) -> Result<ExitCode, AppError> {
        let store = app::open_record(self.cli.common.db.as_deref())?;
        let rows = app::history(&store, history.number.get())?;
        match self.cli.common.format {
            Format::Text | Format::Dot | Format::Mermaid => {
                self.print(&report::history(&rows, &self.options(), &jiff::tz::TimeZone::system()))
            }
            Format::Json => self.print_json(&serde_json::json!(rows)),
            Format::Jsonl => rows.iter().for_each(|row| self.print(&format!("{}\n", serde_json::json!(row)))),
        }
        Ok(ExitCode::Ok)
    }

    fn show(&self, show: &args::Show) -> Result<ExitCode, AppError> {
        let store = app::open_record(self.cli.common.db.as_deref())?;
        let past = app::find_run(&store, show.run.as_deref())?;
        let mut options = self.options();
        options.db = db_word(&past.record);
        if self.cli.common.format == Format::Jsonl {
            past.events.iter().for_each(|event| self.print(&format!("{}\n", serde_json::json!(event))));
            return Ok(ExitCode::Ok);
        }
        let filter = StepFilter { host: show.host.clone(), task: show.task.clone() };
        let whole = filter == StepFilter::default();
        let zone = jiff::tz::TimeZone::system();
        let shown = match self.cli.common.format {
            Format::Json if whole => Ok(serde_json::json!(past.events).to_string() + "\n"),
            Format::Json => report::step_details(&past.events, &filter).map(|steps| serde_json::json!(steps).to_string() + "\n"),
            _ if whole => report::show_run(&past.events, &options, &zone),
            _ => report::show_steps(&past.events, &filter, &options, &zone),
        };
        match shown {
            Ok(text) => self.print(&text),
            Err(error) => {
                let hint = error.hint().map(|hint| format!("\nhint: {hint}\n")).unwrap_or_default();
                tell(&format!("error: {error}\n{hint}"));
                return Ok(ExitCode::Usage);
            }
        }
        Ok(ExitCode::Ok)
    }

    pub(super) fn show_diagnostics(&self, map: &SourceMap, diagnostics: &Diagnostics) {
        self.render_diagnostics(map, diagnostics);
        self.say_where_more_is([diagnostics]);
    }

    /// Names the command that explains the first error, where there is one.
    fn say_where_more_is<'a>(&self, all: impl IntoIterator<Item = &'a Diagnostics>) {
        let first = |list: &Diagnostics| list.sorted().into_iter().find(|found| found.severity == Severity::Error).map(|found| found.code);
        if let Some(code) = all.into_iter().find_map(first).filter(|_| !self.cli.common.quiet) {
            tell(&format!("for more, roundsman explain --code {code}\n"));
        }
    }

    fn render_diagnostics(&self, map: &SourceMap, diagnostics: &Diagnostics) {
        let colors = self.stderr_options().colors;
        let mut text = render_text(map, diagnostics, if colors { Colors::Always } else { Colors::Never });
        let counts = [(Severity::Error, "error"), (Severity::Warning, "warning")];
        let counts = counts.map(|(severity, word)| (diagnostics.count(severity), word)).into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, word)| plural(count, word)).collect();
        if !counts.is_empty() {
            text.push_str(&format!("\n{}\n", counts.join(", ")));
        }
        tell(&text);
    }

    pub(super) fn options(&self) -> Options {
        self.options_of(std::io::stdout().is_terminal(), report::stdout_size)
    }

    pub(super) fn stderr_options(&self) -> Options {
        self.options_of(std::io::stderr().is_terminal(), report::stderr_size)
    }

    fn options_of(&self, terminal: bool, size: report::Size) -> Options {
        let around = Surroundings { terminal, color: self.cli.common.color.forced(), size: terminal.then_some(size) };
        let mut options = Options::detect(self.cli.common.verbosity(), around, env);
        // The log's lines would be drawn over.
        options.live &= !log::is_on_stderr(&self.cli.common);
        options
    }

    pub(super) fn print_json(&self, value: &serde_json::Value) {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        self.print(&(text + "\n"));
    }

    pub(super) fn print(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
            // A reader that went away (`| head`) has read enough.
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            self.unwritten.borrow_mut().get_or_insert(error);
        }
    }
}

pub(super) fn sources(playbook: PlaybookSource, selection: &Selection, tasks: &Tasks) -> Sources {
    Sources {
        playbook,
        inventory: selection.inventory.clone(),
        limit: selection.limit.clone(),
        on: None,
        exclude: selection.exclude.clone(),
        extra: extra(&selection.extra),
        tags: tasks.tags.clone(),
        skip_tags: tasks.skip_tags.clone(),
        start_at: tasks.start_at.clone(),
    }
}

/// `-e`, as the loader takes it.
pub(super) fn extra(typed: &[Extra]) -> Vec<ExtraVar> {
    let var = |extra: &Extra| match extra {
        Extra::Pair(name, value) => ExtraVar::Pair(name.clone(), value.clone()),
        Extra::File(path) => ExtraVar::File(path.clone()),
    };
    typed.iter().map(var).collect()
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
