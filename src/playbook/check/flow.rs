//! Warnings about what flows: tasks that never run, handlers that nothing notifies, names that hide others, checks that
//! come too early.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::model::{
    Awaited, Command, Each, EachItems, FrameIx, Inventory, Item, Layer, Needs, Playbook, Round, Section, Task, TaskIx, Template, Value,
    Var, VarValue, Verb,
};
use crate::playbook::codes;

/// Warns of what a round's flow probably does not mean.
pub(super) fn check(playbook: &Playbook, inventory: &Inventory, round: &Round, diagnostics: &mut Diagnostics) {
    for task in &round.tasks {
        never(&task.when, task.verb_span, "the task", diagnostics);
    }
    for block in &round.blocks {
        never(&block.when, block.span, "the block", diagnostics);
    }
    for list in [&round.items, &round.finally] {
        after_fail(round, list, diagnostics);
    }
    not_notified(round, diagnostics);
    pending(round, diagnostics);
    let of_tasks = round.tasks.iter().map(|task| (task.flow.each.as_ref(), &task.layers, task.flow.home.frame));
    let of_blocks = round.blocks.iter().map(|block| (block.each.as_ref(), &block.layers, block.home.frame));
    for (each, layers, frame) in of_tasks.chain(of_blocks) {
        let Some(each) = each else { continue };
        let seen = Seen { playbook, inventory, round, layers, outside: frame == FrameIx::ROUND };
        shadowed(each, &seen, diagnostics);
        over_text(each, &seen, diagnostics);
    }
}

/// A condition that is written as false.
fn never(when: &[Template], place: Span, what: &str, diagnostics: &mut Diagnostics) {
    let is_false = |template: &&Template| {
        let text = template.source.text.trim();
        let inside = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).unwrap_or(text);
        matches!(inside.trim(), "false" | "False")
    };
    if let Some(when) = when.iter().find(is_false) {
        let found = Diagnostic::warning(codes::UNREACHABLE, when.source.span, format!("{what} never runs"));
        diagnostics.push(found.and(place, "this").hint("leave it out, or give it the tag `never` and ask for it with `--tags`".to_owned()));
    }
}

/// What stands below a `fail` without a condition.
fn after_fail(round: &Round, items: &[Item], diagnostics: &mut Diagnostics) {
    let mut failed: Option<TaskIx> = None;
    let mut told = false;
    for item in items {
        let (needs, place) = match item {
            Item::Task(task, needs) => (needs, round.tasks[task.index()].span),
            Item::Parallel(group) => (&group.needs, group.span),
            Item::Block(block) => (&block.needs, round.blocks[block.block.index()].span),
        };
        if let Some(fail) = failed.filter(|fail| !told && waits_for(needs, *fail)) {
            told = true;
            let found = Diagnostic::warning(codes::UNREACHABLE, place, "nothing from here on runs");
            let found = found.and(round.tasks[fail.index()].verb_span, "this always fails");
            diagnostics.push(found.hint("give the `fail` a `when`".to_owned()));
        }
        match item {
            Item::Task(task, _) if always_fails(&round.tasks[task.index()]) => failed = failed.or(Some(*task)),
            Item::Block(block) => {
                [&block.body, &block.rescue, &block.always].into_iter().for_each(|list| after_fail(round, list, diagnostics))
            }
            _ => {}
        }
    }
}

fn waits_for(needs: &Needs, task: TaskIx) -> bool {
    match needs {
        Needs::Above => true,
        Needs::These(list) => list.iter().any(|need| need.tasks.contains(&task)),
    }
}

fn always_fails(task: &Task) -> bool {
    matches!(task.verb, Verb::Fail(_))
        && task.when.is_empty()
        && task.guards.is_empty()
        && task.flow.each.is_none()
        && task.failed.is_none()
        && !task.allow_failure
        && !task.flow.tags.iter().any(|tag| tag == "never")
}

fn not_notified(round: &Round, diagnostics: &mut Diagnostics) {
    let notified: BTreeSet<TaskIx> = round.tasks.iter().flat_map(|task| &task.flow.notify).map(|notify| notify.handler).collect();
    for handler in round.handlers.iter().filter(|handler| !notified.contains(handler)) {
        let handler = &round.tasks[handler.index()];
        let found = Diagnostic::warning(codes::NOT_NOTIFIED, handler.span, format!("nothing notifies the handler `{}`", handler.name));
        let hint = match &handler.id {
            Some(id) => format!("write `notify: {id}` at the tasks after which it is to run"),
            None => "give it an `id:`, and write `notify` at the tasks after which it is to run".to_owned(),
        };
        diagnostics.push(found.hint(hint));
    }
}

/// A look at a service while the handler that restarts it is still pending.
fn pending(round: &Round, diagnostics: &mut Diagnostics) {
    let mut waiting: Vec<(&Task, Span, &Task)> = Vec::new();
    for task in round.tasks.iter().filter(|task| task.flow.home.section == Section::Tasks) {
        if matches!(task.verb, Verb::Flush) {
            waiting.clear();
        }
        if let Some(looked) = looks(task) {
            let concerns = |handler: &Task| match &looked {
                Looked::Unit(unit) => shell_words(&handler.verb).iter().any(|word| word.trim_end_matches(".service") == unit),
                Looked::Anything => true,
            };
            if let Some(at) = waiting.iter().position(|(_, _, handler)| concerns(handler)) {
                let (_, notify, handler) = waiting[at];
                let message = format!("this looks at a service before the handler `{}` has run", handler.name);
                let found = Diagnostic::warning(codes::PENDING_HANDLER, task.span, message);
                let found = found.and(notify, "notified here, and runs after all tasks");
                diagnostics.push(found.hint("write `- flush: handlers` above this task".to_owned()));
                waiting.clear();
            }
        }
        for notify in &task.flow.notify {
            let handler = &round.tasks[notify.handler.index()];
            if restarts(handler) {
                waiting.push((task, notify.span, handler));
            }
        }
    }
}

enum Looked {
    Unit(String),
    Anything,
}

/// What a task looks at, where it is the health of a service.
fn looks(task: &Task) -> Option<Looked> {
    match &task.verb {
        Verb::WaitFor(wait) if !wait.absent && matches!(wait.what, Awaited::Port { .. } | Awaited::Url(_)) => Some(Looked::Anything),
        Verb::Run(_) => {
            let words = shell_words(&task.verb);
            let has = |word: &str| words.iter().any(|other| other == word);
            if has("systemctl") && (has("is-active") || has("status")) {
                return words.last().map(|unit| Looked::Unit(unit.trim_end_matches(".service").to_owned()));
            }
            let program = words.iter().find(|word| !word.contains('='))?;
            (program == "curl" && words.iter().any(|word| word.contains("localhost") || word.contains("127.0.0.1")))
                .then_some(Looked::Anything)
        }
        _ => None,
    }
}

fn restarts(handler: &Task) -> bool {
    let words = shell_words(&handler.verb);
    words.iter().any(|word| word == "systemctl" || word == "service" || word == "rc-service")
        && words.iter().any(|word| word == "restart" || word == "reload" || word == "reload-or-restart")
}

fn shell_words(verb: &Verb) -> Vec<String> {
    let Verb::Run(run) = verb else { return Vec::new() };
    match &run.command {
        Command::Text(text) => text.source.text.split_whitespace().map(str::to_owned).collect(),
        Command::List(list) => list.iter().map(|word| word.source.text.clone()).collect(),
    }
}

/// The variables that an `each` sees.
struct Seen<'a> {
    playbook: &'a Playbook,
    inventory: &'a Inventory,
    round: &'a Round,
    layers: &'a [Arc<Layer>],
    /// False in an action.
    outside: bool,
}

impl<'a> Seen<'a> {
    fn var(&self, name: &str) -> Option<&'a Var> {
        let own = self.layers.iter().rev().find_map(|layer| layer.vars.get(name));
        let of_round = || self.round.vars.as_ref().filter(|_| self.outside)?.vars.get(name);
        let of_hosts = || self.round.hosts.iter().find_map(|host| self.inventory.host(*host).var(name));
        own.or_else(of_round).or_else(of_hosts).or_else(|| self.playbook.vars.vars.get(name).filter(|_| self.outside))
    }
}

fn shadowed(each: &Each, seen: &Seen<'_>, diagnostics: &mut Diagnostics) {
    let Some(var) = seen.var(&each.name) else { return };
    let found = Diagnostic::warning(codes::SHADOWED, each.span, format!("the item `{0}` hides the variable `{0}`", each.name));
    let found = match var.span {
        Some(span) => found.and(span, "the variable"),
        None => found,
    };
    diagnostics.push(found.hint("choose another name for `as`".to_owned()));
}

fn over_text(each: &Each, seen: &Seen<'_>, diagnostics: &mut Diagnostics) {
    let EachItems::Expression(template) = &each.items else { return };
    let text = template.source.text.trim();
    let inside = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).unwrap_or(text).trim();
    let warn =
        |what: &str| Diagnostic::warning(codes::EACH_TEXT, template.source.span, format!("`each` can't go through text, and {what}"));
    let quoted = |quote: char| {
        inside.len() > 1 && inside.starts_with(quote) && inside.find(quote) == Some(0) && inside[1..].find(quote) == Some(inside.len() - 2)
    };
    if quoted('"') || quoted('\'') {
        diagnostics.push(warn("this is text").hint("write a list: [a, b]".to_owned()));
        return;
    }
    let var = seen.var(inside);
    if let Some(Var { value: VarValue::Plain(Value::Text(_)), span }) = var {
        let found = warn(&format!("`{inside}` is text"));
        let found = match span {
            Some(span) => found.and(*span, "set here"),
            None => found,
        };
        diagnostics.push(found.hint(format!("make it a list, or write `{inside}.split(\",\")`")));
    }
}
