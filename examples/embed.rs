//! A program that embeds Roundsman: it loads a playbook, runs it, and counts what happened.
//!
//! `cargo run --example embed -- playbooks/survey.yml`
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use roundsman::app::{Confirm, Passwords, RecordPlace, run_to_end};
use roundsman::event::Status;
use roundsman::{Event, EventSink, RunEvent, RunRequest, Sources, helper_main, load};

/// Prints a line for every step that ended.
struct Lines;

impl EventSink for Lines {
    fn event(&mut self, event: &Event) {
        if let RunEvent::StepEnded { step, outcome, .. } = &event.kind {
            println!("host {} round {} task {}: {}", step.host.0, step.round.0, step.task.0, outcome.status.word());
            if outcome.status == Status::Failed {
                println!("  {}", outcome.reason.as_deref().unwrap_or("no reason given"));
            }
        }
    }
}

fn main() -> ExitCode {
    // ssh calls this very program to start its masters and to answer prompts.
    if let Some(exit) = helper_main() {
        return exit;
    }
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: embed PLAYBOOK");
        return ExitCode::from(2);
    };
    let sources = Sources::file(path);
    let loaded = load(&sources);
    eprint!("{}", loaded.diagnostics.to_text(&loaded.map));
    let Some(ready) = loaded.ready else { return ExitCode::from(3) };
    let request = RunRequest {
        command: "run".to_owned(),
        argv: Vec::new(),
        folder: sources.playbook.folder(),
        dry: None,
        expected: std::collections::HashMap::new(),
        approved: None,
        sources: None,
        rest: None,
        record: RecordPlace::Project,
        max_parallel: None,
        user: None,
        passwords: Passwords::default(),
        secrets: None,
        fake: None,
        helper: None,
        confirm: Confirm::default(),
        sinks: Box::new(|_record| vec![Box::new(Lines)]),
    };
    match run_to_end(ready, &loaded.map, request) {
        Ok(report) => ExitCode::from(report.end.exit_code),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
