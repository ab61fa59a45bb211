//! From a plan to its view: every step rendered as far as it can be, once for each class of hosts.
//!
//! Knows how tasks and blocks are rendered and what is told of failures; the shape of what comes out is `view`'s.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use indexmap::IndexMap;

use super::alike::Alike;
use super::batches;
use super::classes::{CheckClasses, Class, TaskClasses, block_class};
use super::graph::{Edge, EdgeKind, Plan};
use super::radius;
use super::view::{
    BatchView, BlockSteps, BlockView, BlockWhat, Counts, FORMAT, HomeView, PlanView, RepeatView, RoundView, StepsView, TaskView, WaitView,
    Waited,
};
use super::world::World;
use crate::diag::{Diagnostic, Diagnostics, SourceMap, Span};
use crate::model::{
    After, BlockIx, Each, EachItems, Gate, Home, HostIx, Judge, Part, Retry, RoundIx, Section, Shell, StepId, Task, TaskIx, Template,
};
use crate::template::{Engine, RenderError};

/// Renders a plan. What can't be rendered on some host is told as a diagnostic, once for all its hosts.
///
/// `world` answers with [`super::NothingYet`].
#[must_use]
pub fn view(plan: &Plan, world: &Arc<World>, engine: &Engine, map: &SourceMap, diagnostics: &mut Diagnostics) -> PlanView {
    let playbook = world.playbook();
    let mut counts = Counts::default();
    let mut hosts: BTreeSet<HostIx> = BTreeSet::new();
    let viewer = Viewer { plan, world, engine, map, told: RefCell::default(), alike: None };
    let rounds: Vec<RoundView> = (0..playbook.rounds.len())
        .map(|round| {
            hosts.extend(plan.hosts(RoundIx::new(round)));
            viewer.round(RoundIx::new(round), &mut counts, diagnostics)
        })
        .collect();
    counts.hosts = hosts.len();
    counts.may_change = rounds.iter().filter_map(|round| round.changes.as_ref()).map(|changes| changes.steps).sum();
    PlanView {
        format: FORMAT,
        playbook_id: playbook.id.clone(),
        playbook: playbook.name.clone(),
        lock_hosts: playbook.lock_hosts,
        rounds,
        counts,
        expected: None,
        probed: None,
    }
}

/// Renders all of a plan for its mistakes alone, and keeps nothing of it: as [`view`], in little memory.
pub fn examine(plan: &Plan, world: &Arc<World>, engine: &Engine, map: &SourceMap, diagnostics: &mut Diagnostics) {
    let viewer = Viewer { plan, world, engine, map, told: RefCell::default(), alike: Some(Alike::new(world)) };
    for (index, round) in world.playbook().rounds.iter().enumerate() {
        let ix = RoundIx::new(index);
        for block in (0..round.blocks.len()).filter_map(|block| u32::try_from(block).ok()) {
            let _ = viewer.block(ix, BlockIx(block), diagnostics);
        }
        for task in 0..round.tasks.len() {
            let _ = viewer.task(ix, TaskIx::new(task), &mut Counts::default(), diagnostics);
        }
    }
}

/// Where a task fails in so many ways, one for each host perhaps, no further host is asked.
pub(super) const MOST_FAILURES: usize = 5;

pub(super) struct Viewer<'a> {
    plan: &'a Plan,
    pub(super) world: &'a Arc<World>,
    pub(super) engine: &'a Engine,
    map: &'a SourceMap,
    /// For a check, in which nothing is shown: which hosts are alike.
    alike: Option<Alike>,
    /// What was told of a block: its tasks would only say it again.
    told: RefCell<BTreeSet<(String, Option<Span>)>>,
}

/// Message, place, hint and item of a failure.
type Told = (String, Option<Span>, Option<String>, Option<String>);

/// Why something can't be rendered, and for which item.
pub(super) struct Failure {
    pub(super) error: RenderError,
    pub(super) item: Option<String>,
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Failure {
        Failure { error, item: None }
    }
}

impl Viewer<'_> {
    fn round(&self, ix: RoundIx, counts: &mut Counts, diagnostics: &mut Diagnostics) -> RoundView {
        let playbook = self.world.playbook();
        let (round, hosts) = (playbook.round(ix), self.plan.hosts(ix));
        let waits = self
            .plan
            .round_waits(ix)
            .into_iter()
            .map(|wait| self.wait(playbook.round(wait.round).id.clone(), Waited::Round(wait.round.index()), wait.edge));
        let waits = waits.collect();
        let groups = round.flow.chosen.iter().flat_map(|chosen| &chosen.groups).filter_map(|group| playbook.groups.get_index(*group));
        let chosen_by: BTreeSet<String> =
            groups.flat_map(|(_, group)| &group.reads).map(|read| self.world.step_name(read.round, read.task)).collect();
        let batches = if round.flow.batch.is_empty() { Vec::new() } else { batches::named(&round.flow.batch, hosts) };
        let limit = round.flow.max_failures.map(|limit| limit.of(hosts.len()));
        let blocks = (0..round.blocks.len()).filter_map(|block| u32::try_from(block).ok());
        let mut view = RoundView {
            left_out: Vec::new(),
            id: round.id.clone(),
            name: round.name.clone(),
            place: self.map.location(round.span),
            hosts: self.names(hosts),
            waits,
            after: match round.after {
                After::Some => "some",
                After::All => "all",
                After::Always => "always",
            },
            when: round.when.as_ref().map(written),
            max_failures: limit.or((!batches.is_empty()).then_some(0)),
            batches: batches.into_iter().map(|(percent, hosts)| BatchView { hosts: self.names(&hosts), percent }).collect(),
            pause_ms: Some(millis(round.flow.pause)).filter(|pause| *pause > 0),
            max_wait_ms: round.flow.max_wait.map(millis),
            skip_unreachable: round.flow.skip_unreachable,
            confirm: round.flow.confirm.as_ref().map(written),
            chosen_by: chosen_by.into_iter().collect(),
            blocks: blocks.map(|block| self.block(ix, BlockIx(block), diagnostics)).collect(),
            tasks: (0..round.tasks.len()).map(|task| self.task(ix, TaskIx::new(task), counts, diagnostics)).collect(),
            changes: None,
        };
        view.changes = radius::changes(&view);
        view
    }

    fn task(&self, round: RoundIx, ix: TaskIx, counts: &mut Counts, diagnostics: &mut Diagnostics) -> TaskView {
        let playbook = self.world.playbook();
        let task = playbook.task(round, ix);
        let flow = &task.flow;
        let read_only = task.only_reads();
        let hosts = self.plan.hosts(round);
        let groups = match &flow.left_out {
            Some(_) => IndexMap::new(),
            None => {
                let step = |host| StepId { round, task: ix, host };
                let named = (format!("task `{}`", task.name), task.span);
                let what = |host| self.what(task, step(host));
                match &self.alike {
                    Some(alike) => {
                        let classes = CheckClasses::new(self.world, alike, round, ix);
                        self.by_class(hosts, named, diagnostics, |host| classes.class(host), what)
                    }
                    None => {
                        let classes = TaskClasses::new(self.world, round, ix);
                        self.by_class(hosts, named, diagnostics, |host| classes.class(host), what)
                    }
                }
            }
        };
        let count = |hosts: usize| if task.once { hosts.min(1) } else { hosts };
        if flow.left_out.is_some() {
            counts.steps += count(hosts.len());
            counts.skipped += count(hosts.len());
        }
        for (what, hosts) in &groups {
            let steps = count(hosts.len());
            counts.steps += steps;
            if what.skipped_by.is_some() {
                counts.skipped += steps;
            } else {
                counts.known_later += if what.known_after.is_empty() { 0 } else { steps };
            }
        }
        TaskView {
            forecasts: Vec::new(),
            id: task.id.clone(),
            name: task.name.clone(),
            verb: task.verb.key(),
            place: self.map.location(task.span),
            waits: self.waits(round, ix),
            read_only,
            allow_failure: task.allow_failure,
            once: task.once,
            timeout_ms: millis(task.timeout),
            when: task.when.iter().map(written).collect(),
            home: home(flow.home),
            repeat: repeat(flow.each.as_ref(), flow.retry.as_ref()),
            notify: flow.notify.iter().map(|notify| id_or_name(playbook.task(round, notify.handler))).collect(),
            lock: flow.lock.clone(),
            throttle: flow.throttle,
            sensitive: flow.sensitive,
            durable: flow.durable,
            tags: flow.tags.clone(),
            left_out: flow.left_out.clone(),
            shell: match &task.shell {
                Shell::Sh => None,
                Shell::Bash => Some("bash".to_owned()),
                Shell::Other(program) => Some(program.clone()),
            },
            // That a task which only reads changes nothing needs no words.
            changed: task.changed.as_ref().filter(|judge| !read_only || **judge != Judge::Fixed(false)).map(judged),
            failed: task.failed.as_ref().map(judged),
            steps: groups.into_iter().map(|(what, hosts)| StepsView { hosts: self.names(&hosts), what }).collect(),
        }
    }

    fn block(&self, round: RoundIx, ix: BlockIx, diagnostics: &mut Diagnostics) -> BlockView {
        let entry = self.world.playbook().round(round);
        let block = &entry.blocks[ix.index()];
        let class = |host| block_class(self.world, round, ix, host);
        let noun = if block.frame.is_some() { "action" } else { "block" };
        let named = (format!("{noun} `{}`", block.name), block.span);
        let groups = self.by_class(self.plan.hosts(round), named, diagnostics, class, |host| self.block_what(round, ix, host));
        let told = groups.into_iter().filter(|(what, _)| *what != BlockWhat::default());
        let steps = told.map(|(what, hosts)| BlockSteps { hosts: self.names(&hosts), what });
        BlockView {
            id: block.id.clone(),
            name: block.name.clone(),
            place: self.map.location(block.span),
            home: home(block.home),
            action: block.frame.map(|frame| entry.frames[frame.index()].name.clone()),
            waits: self.waits(round, entry.node(Gate::Enter(ix))),
            when: block.when.iter().map(written).collect(),
            repeat: repeat(block.each.as_ref(), block.retry.as_ref()),
            allow_failure: block.allow_failure,
            steps: steps.collect(),
        }
    }

    /// Renders something for every class of hosts, and tells what can't be.
    fn by_class<W: Eq + Hash>(
        &self,
        hosts: &[HostIx],
        (named, span): (String, Span),
        diagnostics: &mut Diagnostics,
        class: impl Fn(HostIx) -> Option<Class>,
        what: impl Fn(HostIx) -> Result<W, Failure>,
    ) -> IndexMap<W, Vec<HostIx>> {
        let mut groups: IndexMap<W, Vec<HostIx>> = IndexMap::new();
        let mut known: HashMap<Class, usize> = HashMap::new();
        let mut failures: IndexMap<Told, Vec<HostIx>> = IndexMap::new();
        for host in hosts {
            let class = class(*host);
            if let Some(group) = class.as_ref().and_then(|class| known.get(class)) {
                groups[*group].push(*host);
                continue;
            }
            match what(*host) {
                Ok(what) => {
                    let entry = groups.entry(what);
                    if let Some(class) = class {
                        known.insert(class, entry.index());
                    }
                    entry.or_default().push(*host);
                }
                Err(Failure { error: RenderError::Failed { message, span, hint }, item }) => {
                    failures.entry((message, span, hint, item)).or_default().push(*host);
                    if failures.len() == MOST_FAILURES {
                        break;
                    }
                }
                Err(Failure { error: RenderError::Pending(_), .. }) => {}
            }
        }
        if failures.is_empty() {
            return groups;
        }
        let told = self.told.borrow().clone();
        for ((message, at, hint, item), hosts) in failures {
            if at.is_some() && told.contains(&(message.clone(), at)) {
                continue;
            }
            let on = crate::text::fold_names(&self.names(&hosts));
            let item = item.map_or_else(String::new, |item| format!(", item `{item}`"));
            diagnostics.push(Diagnostic::error("E404", at.unwrap_or(span), format!("{named} on {on}{item}: {message}")).hint(hint));
            self.told.borrow_mut().insert((message, at));
        }
        groups
    }

    pub(super) fn names(&self, hosts: &[HostIx]) -> Vec<String> {
        self.world.inventory().names(hosts).into_iter().map(str::to_owned).collect()
    }

    fn waits(&self, round: RoundIx, node: TaskIx) -> Vec<WaitView> {
        let waits = self.plan.task_waits(round, node).into_iter();
        let known = waits.filter_map(|wait| Some((self.waited(round, wait.task, wait.edge.kind)?, wait.edge)));
        known.map(|((on, at), edge)| self.wait(on, at, edge)).collect()
    }

    /// What is waited for, as people know it; none for gates that only stand for a place.
    fn waited(&self, round: RoundIx, node: TaskIx, kind: EdgeKind) -> Option<(String, Waited)> {
        let round = self.world.playbook().round(round);
        match round.gate(node) {
            None => Some((id_or_name(&round.tasks[node.index()]), Waited::Task(node.index()))),
            Some(Gate::Exit(block)) if matches!(kind, EdgeKind::Order | EdgeKind::Needs | EdgeKind::Data) => {
                let entry = &round.blocks[block.index()];
                Some((entry.id.clone().unwrap_or_else(|| entry.name.clone()), Waited::Block(block.index())))
            }
            Some(_) => None,
        }
    }

    fn wait(&self, on: String, at: Waited, edge: Edge) -> WaitView {
        WaitView { on, why: edge.kind.word(), place: edge.place.map(|place| self.map.location(place)), at }
    }
}

fn id_or_name(task: &Task) -> String {
    task.id.clone().unwrap_or_else(|| task.name.clone())
}

fn written(template: &Template) -> String {
    template.source.text.trim().to_owned()
}

fn judged(judge: &Judge) -> String {
    match judge {
        Judge::Fixed(flag) => flag.to_string(),
        Judge::Expression(template) => written(template),
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn home(home: Home) -> HomeView {
    HomeView {
        section: match home.section {
            Section::Tasks => None,
            Section::Handlers => Some("handlers"),
            Section::Finally => Some("finally"),
        },
        block: home.block.map(|(block, _)| block.index()),
        part: home.block.and_then(|(_, part)| match part {
            Part::Body => None,
            Part::Rescue => Some("rescue"),
            Part::Always => Some("always"),
        }),
    }
}

fn repeat(each: Option<&Each>, retry: Option<&Retry>) -> RepeatView {
    RepeatView {
        each: each.map(|each| match &each.items {
            EachItems::Expression(template) => written(template),
            EachItems::Written(value) => super::item::as_written(value),
        }),
        r#as: each.map(|each| each.name.clone()).filter(|name| name != "item"),
        each_parallel: each.map(|each| each.parallel).filter(|parallel| *parallel != 1),
        retries: retry.map(|retry| retry.retries),
        delay_ms: retry.map(|retry| millis(retry.delay)).filter(|delay| *delay > 0),
        backoff: retry.map(|retry| retry.backoff).filter(|backoff| *backoff > 1.0),
        until: retry.and_then(|retry| retry.until.as_ref()).map(written),
    }
}
