//! `facts`: which sections are read, and which task gathers them.
//!
//! A round whose templates read what nothing has gathered by then gets a first task that gathers it, with all that the
//! rounds behind it read, so that a host is asked once. Which rounds those are is known only when everything is bound;
//! the playbook is then resolved again, with these tasks in it.

use std::collections::{BTreeMap, BTreeSet};

use super::bind::{Binder, NO_ROUND};
use super::order::Order;
use super::scope::{Link, RoundScope, Use};
use crate::diag::{Diagnostic, SourceText};
use crate::model::{HostIx, Playbook, Read, RoundIx, TaskIx, TaskRead, Verb};
use crate::playbook::{codes, syntax};
use crate::resource::{FACT_SECTIONS, fact_fields};

/// Sections that rounds read and nothing has gathered by then.
pub(in crate::playbook) type Wanted = BTreeMap<RoundIx, BTreeSet<&'static str>>;

/// Sections that a first task of a round gathers.
pub(super) type Gathering = BTreeMap<usize, Vec<String>>;

impl<'a> Binder<'a> {
    /// `facts.S`, or `facts` as a whole.
    pub(super) fn facts(&mut self, scope: &RoundScope<'a>, of: &mut Use<'a>, read: &Read, chain: &[Link]) {
        let sections: Vec<&'static str> = match read.path.get(1) {
            None => FACT_SECTIONS.to_vec(),
            Some(name) => match FACT_SECTIONS.iter().find(|section| *section == name) {
                Some(section) => vec![section],
                None => {
                    if !super::builtin::METHODS.contains(&name.as_str()) {
                        self.unknown_field(read, name, &FACT_SECTIONS);
                        return;
                    }
                    FACT_SECTIONS.to_vec()
                }
            },
        };
        if let ([section], Some(field)) = (&sections[..], read.path.get(2)) {
            let fields = fact_fields(section);
            if !fields.is_empty() && !fields.contains(&field.as_str()) && !super::builtin::METHODS.contains(&field.as_str()) {
                self.unknown_field(read, field, fields);
                return;
            }
        }
        if scope.index == NO_ROUND {
            let found = Diagnostic::error(codes::NOT_HERE, read.span, "`facts` has no value here");
            self.tell(found.hint("gather them by a `facts` task, and read its result: `rounds.R.tasks.NAME.outputs`".to_owned()));
            return;
        }
        for section in sections {
            self.section(scope, of, section, read, chain);
        }
    }

    fn section(&mut self, scope: &RoundScope<'a>, of: &mut Use<'a>, section: &'static str, read: &Read, chain: &[Link]) {
        let mut lacking: BTreeSet<HostIx> = scope.round.hosts.iter().copied().collect();
        let mut here = false;
        for (round, task) in gatherers(self.playbook, section) {
            if round == scope.index {
                let Some(node) = of.node.filter(|node| *node != task) else { continue };
                if self.task_orders[round.index()].waits(task.index(), node.index()) {
                    continue;
                }
                here = true;
            } else if self.round_order.waits(scope.index.index(), round.index()) {
                for host in &self.playbook.round(round).hosts {
                    lacking.remove(host);
                }
            } else {
                continue;
            }
            of.reads(TaskRead { round, task, other_hosts: false, span: read.span });
        }
        if here || lacking.is_empty() {
            return;
        }
        if of.node.is_some() {
            self.used.facts.entry(scope.index).or_default().insert(section);
            return;
        }
        let found = Diagnostic::error(codes::TOO_EARLY, read.span, "no facts are known when the round is asked for");
        let found = match chain.first() {
            Some(link) => found.and(link.span, format!("read for `{}`, which is used here", link.name)),
            None => found,
        };
        self.tell(found.hint(format!("put `- facts: [{section}]` into a round before it, for the same hosts")));
    }
}

/// The tasks that gather a section, in the order written.
fn gatherers<'p>(playbook: &'p Playbook, section: &str) -> impl Iterator<Item = (RoundIx, TaskIx)> + use<'p> {
    let section = section.to_owned();
    playbook.rounds.iter().enumerate().flat_map(move |(index, round)| {
        let section = section.clone();
        let gathers = move |(task_index, task): (usize, &crate::model::Task)| match &task.verb {
            Verb::Facts(facts) if facts.sections.contains(&section) && task.on.is_empty() => {
                Some((RoundIx::new(index), TaskIx::new(task_index)))
            }
            _ => None,
        };
        round.tasks.iter().enumerate().filter_map(gathers)
    })
}

/// Decides which rounds gather what.
pub(super) fn gathering(playbook: &Playbook, wanted: &Wanted) -> Gathering {
    let order = Order::of_rounds(&playbook.rounds);
    let mut gathering: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for (round, sections) in wanted {
        let hosts: BTreeSet<HostIx> = playbook.round(*round).hosts.iter().copied().collect();
        let known = |section: &str| {
            let before = gathering.iter().filter(|(other, has)| has.contains(section) && order.waits(round.index(), **other));
            let asked: BTreeSet<HostIx> = before.flat_map(|(other, _)| playbook.rounds[*other].hosts.iter().copied()).collect();
            hosts.is_subset(&asked)
        };
        if sections.iter().all(|section| known(section)) {
            continue;
        }
        let behind = wanted.iter().filter(|(other, _)| order.waits(other.index(), round.index()));
        let of_others = behind.flat_map(|(_, sections)| sections.iter().copied());
        let all: BTreeSet<&str> = sections.iter().copied().chain(of_others).collect();
        gathering.insert(round.index(), all);
    }
    let in_order = |sections: BTreeSet<&str>| {
        FACT_SECTIONS.iter().filter(|section| sections.contains(**section)).map(|section| (*section).to_owned()).collect()
    };
    gathering.into_iter().map(|(round, sections)| (round, in_order(sections))).collect()
}

/// A round with a first task that gathers facts, whatever tags are asked for and wherever its tasks work.
pub(super) fn with_task(round: &syntax::Round, sections: &[String]) -> syntax::Round {
    let text = |text: &str| SourceText::verbatim(text, round.span);
    let task = syntax::Task {
        span: round.span,
        common: syntax::Common::default(),
        on: Vec::new(),
        once: false,
        cwd: Some(text("/")),
        stdin: None,
        umask: None,
        shell: None,
        timeout: Some(std::time::Duration::from_secs(60)),
        changed: None,
        failed: None,
        read_only: None,
        guards: Vec::new(),
        allow_failure: None,
        flow: syntax::Flow { tags: vec![text("always")], ..syntax::Flow::default() },
        verb_key: ("facts", round.span),
        verb: syntax::Verb::Facts { sections: sections.to_vec(), again: false },
    };
    let mut round = round.clone();
    round.entries.insert(0, syntax::Entry::Task(Box::new(task)));
    round
}
