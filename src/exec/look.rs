//! A dry run: what a run would do with each step, found by what is read-only alone.
//!
//! The run goes its usual way, and each step is asked in its turn; only guards, probes and what merely reads reach a host. A step that
//! would act is **foreseen**: its result is pending for whoever reads it, and what it may change makes unknown every later answer on that
//! host that may hang on it (`reach`). Nothing is ever taken for skipped or false because it is not known.

mod answers;
mod probed;
mod reach;
mod sent;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use super::DryRun;
use super::advance::UnitId;
use super::blocks::BlockId;
use super::dispatcher::Dispatcher;
use super::request::{self, Trip};
use super::state::Seat;
use super::worker::JobId;
use crate::event::{Answer, Forecast, Outcome, Status};
use crate::model::{Gate, HostIx, Judge, Playbook, RoundIx, Section, StepId, Task, TaskIx, Verb};
use crate::plan::{self, Body, Plan, Prepared, StepOrder};
use crate::template::RenderError;
use crate::transport::BecomeUser;
use answers::Foretold;
pub(super) use probed::answer_of;
use reach::{Change, Reach};

/// What a dry run knows beyond a run.
pub(super) struct Look {
    drift_code: u8,
    /// A run would change something.
    drifts: bool,
    order: StepOrder,
    /// What steps may change, by the host that they run on.
    changes: HashMap<HostIx, Vec<Change>>,
    /// Hosts of which it is not known whether they take part in a round: the steps that decide.
    undecided: HashMap<(RoundIx, HostIx), Vec<String>>,
    /// Blocks of which it is not known whether they are entered, or with which items.
    blocks: HashMap<BlockId, Vec<String>>,
    /// Handlers that may be notified, by the steps that decide.
    maybe: HashMap<(RoundIx, HostIx), BTreeMap<TaskIx, Vec<String>>>,
    /// Steps and ends of blocks whose results are pending; whether they change something, where that is known.
    foreseen: HashMap<StepId, Option<bool>>,
    /// Of units that run on several hosts: what the hosts before said.
    so_far: HashMap<UnitId, Outcome>,
    /// The names of all that is foreseen, as templates that wait for it tell them.
    names: HashSet<String>,
    /// Hosts on which something of a round may begin, by what decides the first of it.
    may_begin: HashMap<(RoundIx, HostIx), Vec<String>>,
    /// Where something ran, and as whom.
    at_home: Vec<(Seat, Option<BecomeUser>)>,
    /// Local files that a `fetch` writes, by its name.
    fetched: HashMap<PathBuf, (StepId, String)>,
}

impl Look {
    pub(super) fn new(dry: DryRun, plan: &Plan, playbook: &Playbook) -> Look {
        Look {
            drift_code: dry.drift_code,
            drifts: false,
            order: StepOrder::new(plan, playbook),
            changes: HashMap::new(),
            undecided: HashMap::new(),
            blocks: HashMap::new(),
            maybe: HashMap::new(),
            foreseen: HashMap::new(),
            so_far: HashMap::new(),
            names: HashSet::new(),
            may_begin: HashMap::new(),
            at_home: Vec::new(),
            fetched: HashMap::new(),
        }
    }

    /// The exit code where a run would change something; none where it would not.
    pub(super) fn drift(&self) -> Option<u8> {
        self.drifts.then_some(self.drift_code)
    }

    /// Whether a step's result is pending, and if so whether it changes something.
    pub(super) fn foreseen(&self, step: StepId) -> Option<Option<bool>> {
        self.foreseen.get(&step).copied()
    }

    /// A step, or an item of it, was not done.
    pub(super) fn foresee(&mut self, step: StepId, changed: Option<bool>) {
        let known = self.foreseen.entry(step).or_insert(Some(false));
        *known = match (*known, changed) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
    }
}

impl Dispatcher {
    /// Says whether nothing is to be changed.
    pub(super) fn is_dry(&self) -> bool {
        self.look.is_some()
    }

    /// How a step travels, and what for.
    pub(super) fn trip(&self, step: StepId, task: &Task, prepared: &Prepared) -> Trip {
        let is_edit = matches!(&prepared.body, Body::Declared(declared) if declared.is_edit());
        if (self.is_dry() && !task.only_reads()) || is_edit || self.asks_leave(step, task, prepared) { Trip::Probe } else { Trip::Act }
    }

    /// Finds out what a run would do with a unit.
    pub(super) fn look_into(&mut self, of: UnitId, task: &Task, sends: &mut Vec<JobId>) {
        let (step, _) = of;
        let scope = self.unit_scope(of, None);
        let holds = plan::holds(&task.when, &self.fixed.engine, &scope);
        if let Ok(Some(_)) = holds {
            return self.unit_ended(of, Outcome::without_run(Status::Skipped, "when"), None, false);
        }
        if let Some(until) = self.until_decided(step, task) {
            return self.not_known(of, task, until);
        }
        match holds {
            Ok(_) => {}
            Err(RenderError::Pending(until)) if self.waits_for_foreseen(&until) => return self.not_known(of, task, until),
            Err(error) => return self.unit_ended(of, self.cannot(task, "its `when` can't be answered", &error), None, false),
        }
        let prepared = match plan::prepare(task, step.host, &self.fixed.inventory, &self.fixed.engine, &scope) {
            Ok(prepared) => std::sync::Arc::new(prepared),
            Err(RenderError::Pending(until)) if self.waits_for_foreseen(&until) => return self.not_rendered(of, task, until),
            Err(error) => return self.unit_ended(of, self.cannot(task, "it can't be prepared", &error), None, false),
        };
        if task.verb.is_control() {
            return match &prepared.body {
                // Nobody waits, nobody is asked.
                Body::Pause(_) | Body::Confirm(_) => self.control_over(of, Outcome::new(Status::Ok)),
                _ => self.control(of, &prepared),
            };
        }
        if self.lacks_its_file(of, task, &prepared) {
            return;
        }
        if task.only_reads() {
            let waits = task.flow.retry.is_some() || matches!(task.verb, Verb::WaitFor(_) | Verb::Fetch(_));
            if waits || !self.decided_by(step, task, &prepared).is_empty() {
                self.fetches(step, &prepared.body);
                return self.foretold(of, task, Forecast::new(Answer::Reads).into(), Some(&prepared));
            }
        } else if !asks(&prepared) && self.needs_no_look(step, &prepared) {
            return self.foretold(of, task, Forecast::new(Answer::Runs).into(), Some(&prepared));
        }
        let targets = self.under_way.remove(&of).unwrap_or_else(|| prepared.on.iter().copied().collect());
        self.place(of, targets, prepared, sends);
    }

    /// What must be known before it is known whether a step has its turn at all.
    fn until_decided(&self, step: StepId, task: &Task) -> Option<Vec<String>> {
        let look = self.look.as_ref()?;
        let key = (step.round, step.host);
        let handler = (task.flow.home.section == Section::Handlers).then(|| look.maybe.get(&key)?.get(&step.task)).flatten();
        let round = self.fixed.playbook.round(step.round);
        let block = || round.around(task.flow.home).find_map(|(block, _)| look.blocks.get(&(step.round, block, step.host)));
        let finally = || look.may_begin.get(&key).filter(|_| task.flow.home.section == Section::Finally && !self.begun.contains(&key));
        look.undecided.get(&key).or(handler).or_else(block).or_else(finally).cloned()
    }

    /// Some of a unit's text waits for a result.
    fn not_rendered(&mut self, of: UnitId, task: &Task, until: Vec<String>) {
        let told = match &task.verb {
            Verb::Print(_) | Verb::Set(_) => Forecast::new(Answer::Reads),
            // Its guards are asked, whatever they say.
            _ if task.verb.is_resource() || !task.guards.is_empty() => Forecast::unknown(until, None),
            _ if task.verb.is_control() => return self.not_known(of, task, until),
            _ if task.only_reads() => Forecast::new(Answer::Reads),
            _ => Forecast::new(Answer::Runs),
        };
        self.foretold(of, task, told.into(), None);
    }

    /// It is not known whether a unit has its turn.
    pub(super) fn not_known(&mut self, of: UnitId, task: &Task, until: Vec<String>) {
        let told = Foretold { begins: false, ..Forecast::unknown(until, None).into() };
        self.foretold(of, task, told, None);
    }

    /// Says whether something that was not done in this dry run is among what is waited for; else a run would wait in vain too.
    pub(super) fn waits_for_foreseen(&self, until: &[String]) -> bool {
        self.look.as_ref().is_some_and(|look| until.iter().any(|name| look.names.contains(name)))
    }

    /// Says whether nothing can be found out of a command: its hosts are reached, and it has no folder that could be missing.
    fn needs_no_look(&self, step: StepId, prepared: &Prepared) -> bool {
        match &prepared.cwd {
            None => self.is_at_home(step, prepared),
            // One that may yet be made is not missed.
            Some(folder) => self.may_be_made(step, prepared, folder),
        }
    }

    /// Says whether something ran on all hosts of a step before, as the user that it runs as.
    fn is_at_home(&self, step: StepId, prepared: &Prepared) -> bool {
        let Some(look) = &self.look else { return true };
        prepared.on.iter().all(|on| {
            let seat = self.seats.of(step.round, *on);
            look.at_home.contains(&(seat, self.become_user(prepared, seat)))
        })
    }

    /// Something ran in a slot: its host is reached, as its user.
    pub(super) fn came_home(&mut self, seat: Seat, slot: usize) {
        let user = self.hosts[seat.index()].slots.get(slot).and_then(|slot| slot.user.clone());
        if let Some(look) = &mut self.look
            && !look.at_home.contains(&(seat, user.clone()))
        {
            look.at_home.push((seat, user));
        }
    }

    /// Says whether anything of a round may begin on a host.
    pub(super) fn may_begin_there(&self, round: RoundIx, host: HostIx) -> bool {
        self.look.as_ref().is_some_and(|look| look.may_begin.contains_key(&(round, host)))
    }

    /// A step's result is known after all: it fails.
    pub(super) fn known_to_fail(&mut self, step: StepId) {
        if let Some(look) = &mut self.look {
            look.foreseen.remove(&step);
        }
    }

    /// Notes that a step, or the end of a block, is not known, under its name.
    fn foresee(&mut self, step: StepId, changed: Option<bool>) {
        let name = self.fixed.world.step_name(step.round, step.task);
        if let Some(look) = &mut self.look {
            look.names.insert(name);
            look.foresee(step, changed);
        }
    }

    /// In a dry run a step that changes something notifies for sure, one that is not known perhaps.
    pub(super) fn foresee_notices(&mut self, step: StepId) {
        let Some(look) = &mut self.look else { return };
        let key = (step.round, step.host);
        let round = self.fixed.playbook.round(step.round);
        let handlers: Vec<TaskIx> = round.tasks[step.task.index()].flow.notify.iter().map(|notify| notify.handler).collect();
        if look.foreseen.get(&step) == Some(&None) {
            let name = self.fixed.world.step_name(step.round, step.task);
            let notified = self.notified.entry(key).or_default();
            for handler in handlers {
                let Some(at) = round.handlers.iter().position(|other| *other == handler) else { continue };
                let maybe = look.maybe.entry(key).or_default();
                if maybe.contains_key(&handler) || notified.insert(at) {
                    maybe.entry(handler).or_default().push(name.clone());
                }
            }
            return;
        }
        if let Some(maybe) = look.maybe.get_mut(&key) {
            handlers.iter().for_each(|handler| drop(maybe.remove(handler)));
        }
        self.notify(step);
    }

    /// A handler's turn is over: what it was notified by is done with.
    pub(super) fn forget_notices(&mut self, step: StepId) {
        if let Some(maybe) = self.look.as_mut().and_then(|look| look.maybe.get_mut(&(step.round, step.host))) {
            maybe.remove(&step.task);
        }
    }

    /// What is not known of a step is not known of the blocks around it.
    pub(super) fn foresee_blocks(&mut self, step: StepId) {
        let Some(changed) = self.look.as_ref().and_then(|look| look.foreseen(step)) else { return };
        let playbook = std::sync::Arc::clone(&self.fixed.playbook);
        let round = playbook.round(step.round);
        for (block, _) in round.around(round.home(step.task)) {
            self.foresee(StepId { task: round.node(Gate::Exit(block)), ..step }, changed);
        }
    }

    /// It is not known whether a block is entered, or with which items.
    pub(super) fn block_undecided(&mut self, block: BlockId, until: Vec<String>) {
        if let Some(look) = &mut self.look {
            look.blocks.insert(block, until);
        }
    }

    /// A block begins again: what was not known of a node inside, or of whether it is entered, is asked anew.
    pub(super) fn forget_pass(&mut self, node: StepId, (round, block, host): BlockId) {
        let gate = self.fixed.playbook.round(round).gate(node.task);
        let Some(look) = &mut self.look else { return };
        if let Some(Gate::Enter(entered)) = gate {
            look.blocks.remove(&(round, entered, host));
        }
        // What a block leaves is over all its passes.
        if gate != Some(Gate::Exit(block)) {
            look.foreseen.remove(&node);
        }
    }

    /// It is not known whether a host takes part in a round.
    pub(super) fn host_undecided(&mut self, round: RoundIx, host: HostIx, until: Vec<String>) {
        if let Some(look) = &mut self.look {
            look.undecided.insert((round, host), until);
        }
    }

    /// What one host would do for all is as pending for another as for itself.
    pub(super) fn foresee_other(&mut self, done: StepId, other: StepId) {
        if let Some(changed) = self.look.as_ref().and_then(|look| look.foreseen(done)) {
            self.foresee(other, changed);
        }
    }

    /// What a block leaves to be read hangs on what was not done.
    pub(super) fn foresee_end(&mut self, exit: StepId, changed: bool) {
        if self.is_dry() {
            self.foresee(exit, Some(changed));
        }
    }

    /// Takes up what a file is to hold, as a resource.
    pub(super) fn resource(&mut self, body: &Body) -> Result<Option<Box<dyn crate::resource::Resource>>, request::Unreadable> {
        request::resource(body, &mut self.local_files)
    }

    fn reach_of(&mut self, prepared: &Prepared) -> Reach {
        match self.resource(&prepared.body) {
            Ok(Some(resource)) => Reach::of(&resource.touches(), prepared.cwd.as_deref()),
            _ => Reach::Anything,
        }
    }
}

/// Says whether there is something to ask a host of what a step would do.
fn asks(prepared: &Prepared) -> bool {
    !prepared.guards.is_empty() || matches!(prepared.body, Body::Copy { .. } | Body::Unpack { .. } | Body::Declared(_))
}

/// Whether a step that is done changes something, as far as its task says.
fn changes(task: &Task, answer: Answer) -> Option<bool> {
    match (&task.changed, answer) {
        (_, Answer::Nothing) | (Some(Judge::Fixed(false)), _) | (None, Answer::Reads) => Some(false),
        (Some(Judge::Expression(_)), _) | (_, Answer::Unknown | Answer::Fails) => None,
        (None | Some(Judge::Fixed(true)), _) => Some(true),
    }
}
