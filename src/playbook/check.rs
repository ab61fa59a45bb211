//! Checks of the whole file, once everything is bound: what is allowed but probably not meant.
//!
//! Warnings only, and few: each must be right almost always.

mod flow;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::codes;
use super::options::Options;
use super::resolve::Used;
use crate::diag::{Diagnostic, Diagnostics};
use crate::model::{Command, Context, Inventory, Playbook, RoundIx, Template, Verb};
use crate::text::did_you_mean;

/// Warns of what is probably not meant; `used` are the variables that each round reads.
pub(super) fn check(playbook: &Playbook, inventory: &Inventory, used: &Used, options: &Options, diagnostics: &mut Diagnostics) {
    for round in &playbook.rounds {
        // With `--limit` a round without hosts is what was asked for.
        if round.hosts.is_empty() && options.limit.is_none() && options.exclude.is_none() && !diagnostics.has_errors() {
            let place = round.hosts_span.unwrap_or(round.span);
            diagnostics.push(Diagnostic::warning(codes::NO_HOSTS, place, format!("the round `{}` has no hosts", round.name)));
        }
        for task in &round.tasks {
            if let Verb::Run(run) = &task.verb
                && let Command::Text(text) = &run.command
            {
                background(text, diagnostics);
            }
        }
    }
    // Where something could not be bound, what it reads is not known.
    if !diagnostics.has_errors() {
        unused(playbook, used, diagnostics);
        playbook.rounds.iter().for_each(|round| flow::check(playbook, inventory, round, diagnostics));
    }
}

fn unused(playbook: &Playbook, used: &Used, diagnostics: &mut Diagnostics) {
    let anywhere: BTreeSet<&str> = used.rounds.iter().map(|(_, name)| name.as_str()).collect();
    // A file of variables may serve several playbooks.
    let own = playbook.vars_files.first().unwrap_or(&playbook.vars);
    for (name, var) in &own.vars {
        if !anywhere.contains(name.as_str()) {
            diagnostics.push(Diagnostic::warning(codes::UNUSED, var.span, format!("nothing reads the variable `{name}`")));
        }
    }
    for (index, round) in playbook.rounds.iter().enumerate() {
        for (name, var) in round.vars.iter().flat_map(|layer| &layer.vars) {
            // What an included file is given need not be read in each of its rounds.
            let elsewhere = playbook.rounds.iter().enumerate().any(|(other, round)| {
                let same = round.vars.as_ref().and_then(|layer| layer.vars.get(name)).is_some_and(|other| other.span == var.span);
                same && used.rounds.contains(&(RoundIx::new(other), name.clone()))
            });
            if !elsewhere && !used.rounds.contains(&(RoundIx::new(index), name.clone())) {
                let message = format!("nothing in the round reads the variable `{name}`");
                diagnostics.push(Diagnostic::warning(codes::UNUSED, var.span, message));
            }
        }
    }
    let tasks = playbook.rounds.iter().flat_map(|round| &round.tasks).flat_map(|task| &task.layers);
    let blocks = playbook.rounds.iter().flat_map(|round| &round.blocks).flat_map(|block| &block.layers);
    for layer in tasks.chain(blocks) {
        for (name, var) in &layer.vars {
            if !used.layers.contains(&(Arc::as_ptr(layer).addr(), name.clone())) {
                diagnostics.push(Diagnostic::warning(codes::UNUSED, var.span, format!("nothing here reads the variable `{name}`")));
            }
        }
    }
    for (name, var) in &playbook.extra.vars {
        if !anywhere.contains(name.as_str()) {
            let found = Diagnostic::warning(codes::UNUSED, var.span, format!("nothing reads the variable `{name}` of `-e`"));
            diagnostics.push(found.hint(did_you_mean(name, anywhere.iter().copied().chain(playbook.inputs.keys().map(String::as_str)))));
        }
    }
}

/// Warns of a background process whose output goes to the task's own streams.
fn background(template: &Template, diagnostics: &mut Diagnostics) {
    if template.context != Context::Shell {
        return;
    }
    let text = &template.source.text;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim_end();
        let single = code.ends_with('&') && !code.ends_with("&&") && !code.ends_with(">&");
        if single && !code.contains('>') && !code.trim_start().starts_with('#') {
            let place = template.source.at(at + code.len() - 1..at + code.len());
            let found = Diagnostic::warning(codes::BACKGROUND, place, "this process keeps the task's output open");
            diagnostics.push(found.hint("redirect it: >/dev/null 2>&1 &".to_owned()));
        }
        at += line.len();
    }
}
