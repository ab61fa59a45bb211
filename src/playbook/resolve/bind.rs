//! Binding: where each name that a template reads comes from, for every host that uses it.
//!
//! Hosts with equal layers are asked once. What a task or block reads of other tasks, variables followed, becomes its
//! `reads`; what a round's `when` reads becomes part of the round's `needs`.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::names::Names;
use super::order::Order;
use super::scope::{RoundScope, SetVar, Use, set_vars};
use super::targets::RoundTargets;
use crate::diag::{Diagnostic, Diagnostics, SourceMap, Span};
use crate::model::{
    After, Block, BlockIx, Frame, FrameIx, Gate, Home, HostIx, Inventory, Part, Playbook, Round, RoundFlow, RoundIx, RoundNeed, RoundNeeds,
    Task, TaskIx, TaskPart, TaskRead, Template, VarValue, Verb,
};

/// The place of what stands in no round.
pub(super) const NO_ROUND: RoundIx = RoundIx(u32::MAX);

/// What binding knows and collects.
pub(super) struct Binder<'a> {
    pub(super) map: &'a SourceMap,
    pub(super) inventory: &'a Inventory,
    pub(super) playbook: &'a Playbook,
    pub(super) round_names: &'a Names<RoundIx>,
    pub(super) targets: &'a [RoundTargets],
    pub(super) round_order: Order,
    pub(super) task_orders: Vec<Order>,
    pub(super) sets: Vec<SetVar<'a>>,
    /// What each group of the playbook reads.
    pub(super) group_reads: Vec<Vec<TaskRead>>,
    /// Places of which a mistake was told already: a variable that many tasks read is wrong once.
    told: BTreeSet<(&'static str, Span)>,
    /// Where the action is used whose templates are looked at.
    used_at: Option<Span>,
    /// Where the template file is used in which one is.
    file_used_at: Option<Span>,
    pub(super) used: Used,
    /// Secrets that templates read, variables followed.
    pub(super) secrets: BTreeSet<String>,
    diagnostics: &'a mut Diagnostics,
    /// Variables that some hosts of a round lack: one mistake, wherever they are read.
    lacking: IndexMap<(String, Vec<HostIx>), Lacking>,
}

/// A variable that some hosts lack, where it was met first, and the further places that read it.
struct Lacking {
    found: Diagnostic,
    also: BTreeSet<Span>,
}

/// The variables that something reads.
#[derive(Debug, Default)]
pub(in crate::playbook) struct Used {
    /// By round, others followed.
    pub(in crate::playbook) rounds: BTreeSet<(RoundIx, String)>,
    /// In layers of tasks and blocks, which are told apart by their addresses.
    pub(in crate::playbook) layers: BTreeSet<(usize, String)>,
    /// Sections of facts that nothing has gathered by then.
    pub(in crate::playbook) facts: super::facts::Wanted,
}

impl Binder<'_> {
    /// Tells of a mistake, once for its place.
    pub(super) fn tell(&mut self, found: Diagnostic) {
        let place = found.primary.as_ref().map(|label| (found.code, label.span));
        if place.is_none_or(|place| self.told.insert(place)) {
            let found = self.with_use(found);
            self.diagnostics.push(found);
        }
    }

    fn with_use(&self, found: Diagnostic) -> Diagnostic {
        let found = match self.file_used_at {
            Some(used) => found.and(used, "the file is used here"),
            None => found,
        };
        match self.used_at {
            Some(used) => found.and(used, "the action is used here"),
            None => found,
        }
    }

    /// Tells at the end of a variable that some hosts lack, once for all places that read it.
    pub(super) fn tell_lacking(&mut self, name: &str, hosts: Vec<HostIx>, read: Span, found: Diagnostic) {
        let found = self.with_use(found);
        let met = self.lacking.entry((name.to_owned(), hosts)).or_insert_with(|| Lacking { found, also: BTreeSet::new() });
        if met.found.primary.as_ref().is_none_or(|label| label.span != read) {
            met.also.insert(read);
        }
    }

    fn tell_of_lacking(&mut self) {
        for Lacking { mut found, also } in std::mem::take(&mut self.lacking).into_values() {
            if let Some(next) = also.first() {
                found = found.and(*next, "read here, too");
                if also.len() > 1 {
                    found = found.note(format!("{} more places read it", also.len()));
                }
            }
            self.diagnostics.push(found);
        }
    }
}

/// Results that the parts of a round read.
#[derive(Default)]
struct Reads {
    round: Vec<TaskRead>,
    tasks: Vec<Vec<TaskRead>>,
    blocks: Vec<Vec<TaskRead>>,
}

/// Binds every template of a playbook; gives the variables that something reads.
pub(super) fn bind(
    playbook: &mut Playbook,
    map: &SourceMap,
    inventory: &Inventory,
    round_names: &Names<RoundIx>,
    targets: &[RoundTargets],
    diagnostics: &mut Diagnostics,
) -> Used {
    let rounds_of_groups: Vec<Round> = playbook.groups.values().map(|group| round_of_group(&group.hosts, group.span)).collect();
    let mut binder = Binder {
        map,
        inventory,
        playbook,
        round_names,
        targets,
        round_order: Order::of_rounds(&playbook.rounds),
        task_orders: playbook.rounds.iter().map(Order::of_round).collect(),
        sets: set_vars(playbook),
        group_reads: Vec::new(),
        told: BTreeSet::new(),
        used_at: None,
        file_used_at: None,
        used: Used::default(),
        secrets: BTreeSet::new(),
        diagnostics,
        lacking: IndexMap::new(),
    };
    binder.groups(&rounds_of_groups);
    let mut found: Vec<Reads> = Vec::with_capacity(playbook.rounds.len());
    for (index, round) in playbook.rounds.iter().enumerate() {
        found.push(binder.round(RoundIx::new(index), round));
    }
    binder.tell_of_lacking();
    let (used, group_reads, secrets) = (binder.used, binder.group_reads, binder.secrets);
    playbook.secrets.values_mut().for_each(|secret| secret.used = secrets.contains(&secret.name));
    for (group, reads) in playbook.groups.values_mut().zip(group_reads) {
        group.reads = reads;
    }
    for (round, reads) in playbook.rounds.iter_mut().zip(found) {
        hand_over(round, reads);
    }
    used
}

fn hand_over(round: &mut Round, found: Reads) {
    for read in &found.round {
        round.needs.add(RoundNeed { round: read.round, span: read.span });
    }
    for (task, reads) in round.tasks.iter_mut().zip(found.tasks) {
        task.reads = reads;
    }
    for (block, reads) in round.blocks.iter_mut().zip(found.blocks) {
        block.reads = reads;
    }
    // The results that `when` reads must be kept as well; the first task stands for the round.
    if let Some(task) = round.tasks.first_mut() {
        for read in found.round {
            if !task.reads.iter().any(|other| (other.round, other.task, other.other_hosts) == (read.round, read.task, read.other_hosts)) {
                task.reads.push(read);
            }
        }
    }
}

/// A round with nothing but hosts, for what stands in none.
fn round_of_group(hosts: &[HostIx], span: Span) -> Round {
    Round {
        id: String::new(),
        name: String::new(),
        span,
        hosts: hosts.to_vec(),
        hosts_text: String::new(),
        hosts_span: None,
        needs: RoundNeeds::default(),
        after: After::Some,
        when: None,
        vars: None,
        connect: None,
        tasks: Vec::new(),
        items: Vec::new(),
        handlers: Vec::new(),
        finally: Vec::new(),
        blocks: Vec::new(),
        frames: vec![Frame::default()],
        max_parallel: None,
        flow: RoundFlow::default(),
    }
}

impl<'a> Binder<'a> {
    fn groups(&mut self, rounds: &'a [Round]) {
        let playbook = self.playbook;
        for (group, round) in playbook.groups.values().zip(rounds) {
            let mut scope = RoundScope::new(NO_ROUND, round, self.inventory);
            let mut of = Use::default();
            self.template(&mut scope, &mut of, &group.when);
            self.group_reads.push(of.reads);
        }
    }

    fn round(&mut self, index: RoundIx, round: &'a Round) -> Reads {
        let mut scope = RoundScope::new(index, round, self.inventory);
        let mut of_round = Use::default();
        for when in round.when.iter().chain(&round.flow.confirm) {
            self.template(&mut scope, &mut of_round, when);
        }
        let mut reads = Reads { round: of_round.reads, ..Reads::default() };
        for (at, task) in round.tasks.iter().enumerate() {
            self.used_at = use_of(round, task.flow.home.frame);
            let mut of = Use::of_task(TaskIx::new(at), task, round);
            self.task(&mut scope, &mut of, task);
            reads.tasks.push(of.reads);
        }
        for (at, block) in round.blocks.iter().enumerate() {
            let of = self.block(&mut scope, BlockIx(u32::try_from(at).unwrap_or(u32::MAX)), block, round);
            reads.blocks.push(of);
        }
        self.used_at = None;
        reads
    }

    fn template(&mut self, scope: &mut RoundScope<'a>, of: &mut Use<'a>, template: &'a Template) {
        for read in &template.reads {
            self.read(scope, of, template, read, None, &mut Vec::new());
        }
    }

    fn value(&mut self, scope: &mut RoundScope<'a>, of: &mut Use<'a>, value: &'a VarValue) {
        let mut templates: Vec<&'a Template> = Vec::new();
        value.for_each_template(&mut |template| templates.push(template));
        templates.into_iter().for_each(|template| self.template(scope, of, template));
    }

    fn task(&mut self, scope: &mut RoundScope<'a>, of: &mut Use<'a>, task: &'a Task) {
        let own = task.flow.each.as_ref().map(|each| each.name.as_str());
        let mut inside = false;
        task.for_each_template(&mut |part, template| {
            // What goes through items is asked first, before there is one.
            if part != TaskPart::Each && !inside {
                inside = true;
                if let Some(own) = own {
                    of.items.insert(0, own);
                }
            }
            of.judge = part == TaskPart::Judge;
            let in_file = matches!(&task.verb, Verb::Template(file) if std::ptr::eq(&file.text, template));
            self.file_used_at = in_file.then_some(task.verb_span);
            self.template(scope, of, template);
        });
        self.file_used_at = None;
        of.judge = false;
    }

    fn block(&mut self, scope: &mut RoundScope<'a>, index: BlockIx, block: &'a Block, round: &'a Round) -> Vec<TaskRead> {
        self.used_at = use_of(round, block.home.frame);
        let mut of = Use::of_block(index, block, round);
        if let Some(each) = &block.each {
            each.for_each_template(&mut |template| self.template(scope, &mut of, template));
            of.items.insert(0, &each.name);
        }
        for when in &block.when {
            self.template(scope, &mut of, when);
        }
        let Some(frame) = block.frame.map(|frame| (frame, &round.frames[frame.index()])) else { return of.reads };
        let (index_of_frame, frame) = frame;
        for input in frame.inputs.values().filter(|input| input.given) {
            self.value(scope, &mut of, &input.value.value);
        }
        self.used_at = Some(block.span);
        for input in frame.inputs.values().filter(|input| !input.given) {
            let mut default = Use { node: of.node, inventory_only: true, ..Use::default() };
            self.value(scope, &mut default, &input.value.value);
        }
        let at_end = Home { frame: index_of_frame, block: Some((index, Part::Body)), ..block.home };
        let mut at_end = Use::at(round.node(Gate::Exit(index)), at_end, round);
        for output in frame.outputs.values() {
            self.value(scope, &mut at_end, output);
        }
        at_end.reads.into_iter().for_each(|read| of.reads(read));
        of.reads
    }
}

/// Where the action of a name space is used.
fn use_of(round: &Round, frame: FrameIx) -> Option<Span> {
    round.frames[frame.index()].block.map(|block| round.blocks[block.index()].span)
}
