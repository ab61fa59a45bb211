//! What to hand out next.
//!
//! A host's steps are looked at in their order. One whose needs are over is evaluated and handed to a free slot of the
//! host it runs on. One whose needs are on their way can be **written ahead**: when all of them are in one slot, in
//! which only exit codes decide, and its own text needs none of their results. A `print` between them holds nothing up.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::dispatcher::Dispatcher;
use super::request::{self, Route, Trip};
use super::state::{Effect, Link, Phase, Seat, SlotState};
use super::steps::unreachable;
use super::worker::{JobId, ToWorker};
use crate::event::{Outcome, Status};
use crate::model::{Gate, HostIx, Judge, Round, RoundIx, Section, StepId, Task, TaskIx, Verb};
use crate::plan::{self, Prepared, StepResult};
use crate::template::RenderError;
use crate::transport::BecomeUser;

/// A slot of a seat.
pub(super) type Place = (Seat, usize);

/// A step, and which of its units where it repeats.
pub(super) type UnitId = (StepId, Option<usize>);

/// How long a step waits behind work that it does not need before it is given a lane of its own.
const PATIENCE: Duration = Duration::from_millis(100);

/// Where the needs of a step stand.
pub(super) enum Needs {
    /// Over.
    Met,
    /// All on their way in this slot, and no other judge than their exit codes.
    Ahead(Place),
    /// Neither.
    Open,
}

/// Says whether a host may have a further slot; one that the server refused tells that it may not.
fn may_grow(slots: &[SlotState], most: usize) -> bool {
    slots.len() < most && !slots.iter().any(|slot| slot.full)
}

impl Dispatcher {
    /// Looks again at every host that something changed for.
    pub(super) fn advance_dirty(&mut self) {
        let mut sends = Vec::new();
        while let Some((round, host)) = self.dirty.shift_remove_index(0) {
            if self.rounds[round.index()].admitted.contains(&host) {
                self.advance(round, host, &mut sends);
            }
        }
        self.send_when_recorded(sends);
    }

    /// Lets jobs leave for their hosts once the record knows of them.
    pub(super) fn send_when_recorded(&mut self, sends: Vec<JobId>) {
        if !sends.is_empty() {
            self.recorder.then(Effect::Send(sends));
        }
    }

    fn advance(&mut self, round: RoundIx, host: HostIx, sends: &mut Vec<JobId>) {
        let playbook = Arc::clone(&self.fixed.playbook);
        let round_plan = playbook.round(round);
        let steps: Vec<StepId> = self.queue.unfinished(round, host).collect();
        // By node: whether it stays where it is for this turn, and with it all that waits for it.
        let mut stays = vec![false; round_plan.node_count()];
        for step in steps {
            let at = step.task.index();
            stays[at] = self.fixed.plan.node_waits(round, step.task).iter().any(|(need, _)| stays[need.index()]);
            // Who runs a `once` task is asked long before its turn.
            if !stays[at] || round_plan.tasks.get(at).is_some_and(|task| task.once) {
                stays[at] |= self.look_at(step, round_plan, sends);
            }
            stays[at] = stays[at] || !(self.phases.contains_key(&step) || self.queue.is_over(step) || self.is_transparent(step));
        }
    }

    /// Does what a step is ready for; true where its needs hold it, and with it all that waits for it.
    fn look_at(&mut self, step: StepId, round: &Round, sends: &mut Vec<JobId>) -> bool {
        // An earlier step of this turn may have ended this one.
        if !self.may_move(step) || self.queue.is_over(step) {
            return false;
        }
        if let Some(gate) = round.gate(step.task) {
            if self.queue.is_released(step) {
                self.gate(step, gate);
                // What it lets through is seen in the next look.
                self.dirty.insert((step.round, step.host));
            }
            return false;
        }
        let task = &round.tasks[step.task.index()];
        if self.stops(step) || (task.flow.home.section == Section::Handlers && !self.is_current_handler(step)) {
            return false;
        }
        if self.waits_for_owed(step, task) {
            return true;
        }
        if task.once && !self.is_once_turn(step) {
            return false;
        }
        match self.needs(step, 0) {
            Needs::Met => self.begin(step, task, sends),
            Needs::Ahead(place) => self.write_ahead(step, task, place, sends),
            Needs::Open => return true,
        }
        false
    }

    /// Says whether a step is not on its way, or has units that may be.
    fn may_move(&self, step: StepId) -> bool {
        match self.phases.get(&step) {
            None => true,
            Some(Phase::Busy) => self.repeats.get(&step).is_some_and(|repeat| !repeat.ready.is_empty()),
            Some(Phase::Flying(_) | Phase::Judged) => false,
        }
    }

    pub(super) fn needs(&self, step: StepId, depth: usize) -> Needs {
        let mut place = None;
        for need in self.queue.unfinished_needs(step).collect::<Vec<TaskIx>>() {
            let need = StepId { task: need, ..step };
            let found = match self.phases.get(&need) {
                Some(Phase::Flying(id)) => match self.jobs.get(id) {
                    Some(job) if job.lane_judged && !job.recalled => Some((job.seat, job.slot)),
                    _ => return Needs::Open,
                },
                Some(Phase::Judged | Phase::Busy) => return Needs::Open,
                // What can't fail need not be waited for by what stands behind it.
                None if depth < 16 && self.is_transparent(need) => match self.needs(need, depth + 1) {
                    Needs::Met => None,
                    Needs::Ahead(place) => Some(place),
                    Needs::Open => return Needs::Open,
                },
                None => return Needs::Open,
            };
            match (place, found) {
                (Some(one), Some(other)) if one != other => return Needs::Open,
                (None, Some(_)) => place = found,
                _ => {}
            }
        }
        match place {
            Some(place) => Needs::Ahead(place),
            None if self.queue.unfinished_needs(step).next().is_none() => Needs::Met,
            None => Needs::Open,
        }
    }

    /// Says whether a node lets through whatever it waits for: what only prints, the beginning of a plain block.
    fn is_transparent(&self, node: StepId) -> bool {
        let round = self.fixed.playbook.round(node.round);
        match round.gate(node.task) {
            None => {
                let task = &round.tasks[node.task.index()];
                // What reads a result may have nothing to print, which is a failure.
                matches!(task.verb, Verb::Print(_)) && task.reads.is_empty() && task.when.is_empty() && !super::units::repeats(task)
            }
            Some(Gate::Enter(block)) => {
                let block = &round.blocks[block.index()];
                block.when.is_empty() && block.each.is_none()
            }
            Some(_) => false,
        }
    }

    /// What a step needs of its host that is on its way, be it through what only prints.
    pub(super) fn stands_behind(&self, step: StepId) -> BTreeSet<StepId> {
        let (mut found, mut look) = (BTreeSet::new(), vec![step]);
        while let Some(step) = look.pop() {
            let needs = self.queue.unfinished_needs(step).map(|task| StepId { task, ..step });
            look.extend(needs.filter(|need| found.insert(*need) && !self.phases.contains_key(need)));
        }
        found
    }

    /// The execution of a step that was written ahead of a failure which its exit code did not tell, and has begun; one that has not is
    /// taken back.
    pub(super) fn begun_behind(&mut self, step: StepId, failure: &Outcome) -> Option<u32> {
        let Some(Phase::Flying(id)) = self.phases.get(&step) else { return None };
        let job = self.jobs.get(id).filter(|_| failure.status == Status::Failed && failure.rc == Some(0))?;
        let (seat, slot, begun) = (job.seat, job.slot, job.began.is_some().then_some(job.attempt));
        if begun.is_none()
            && let Some(worker) = &self.hosts[seat.index()].worker
        {
            let _ = worker.send(ToWorker::WithdrawSlot(slot));
            self.recall(seat, slot);
        }
        begun
    }

    /// The jobs on their way that a step needs.
    pub(super) fn flying_before(&self, step: StepId) -> Vec<JobId> {
        let flying = |need: &StepId| match self.phases.get(need) {
            Some(Phase::Flying(id)) => Some(*id),
            _ => None,
        };
        self.stands_behind(step).iter().filter_map(flying).collect()
    }

    /// Hands a unit to a free slot of the first host it is to run on; where there is none, it waits for one.
    pub(super) fn place(&mut self, of: UnitId, mut targets: VecDeque<HostIx>, prepared: Arc<Prepared>, sends: &mut Vec<JobId>) {
        let (step, unit) = of;
        let some_ran = targets.len() < prepared.on.len();
        let Some(on) = targets.pop_front() else {
            return self.unit_ended(of, Outcome::without_run(Status::Skipped, "`on` names no host"), None, false);
        };
        let seat = self.seats.of(step.round, on);
        if let Link::Gone(reason) = &self.hosts[seat.index()].link {
            let outcome = unreachable(&self.fixed.inventory.host(on).name, reason);
            return self.unit_ended(of, outcome, None, some_ran);
        }
        let user = self.become_user(&prepared, seat);
        let route = self.route(step, self.fixed.playbook.task(step.round, step.task), &prepared);
        let Some(slot) = self.choose_slot(seat, user.as_ref(), route, self.max_sessions(seat)) else {
            self.hosts[seat.index()].starved.insert((step.round, step.host));
            if some_ran {
                targets.push_front(on);
                self.under_way.insert(of, targets);
            }
            if let Some(unit) = unit
                && let Some(repeat) = self.repeats.get_mut(&step)
            {
                repeat.ready.push_back(unit);
            }
            return;
        };
        let slots = &mut self.hosts[seat.index()].slots;
        if slot == slots.len() {
            slots.push(SlotState::default());
        }
        slots[slot].user = user;
        self.fly(of, prepared, route, (on, (seat, slot)), targets, sends);
    }

    /// The slot that a step which waits for nothing is put on: an idle lane; else behind one that is busy, since most steps
    /// take less time than a lane takes to open ([`Dispatcher::spread`] helps those that have to wait); else a new one.
    /// None where all are busy for another user or with a file.
    fn choose_slot(&self, seat: Seat, user: Option<&BecomeUser>, route: Route, most: usize) -> Option<usize> {
        let slots = &self.hosts[seat.index()].slots;
        let mine = |slot: &SlotState| slot.user.as_ref() == user && !slot.full;
        let find = |wanted: &dyn Fn(&SlotState) -> bool| slots.iter().position(wanted);
        let shared = |patient: bool| {
            let fits = |slot: &SlotState| mine(slot) && !slot.bulk && (!patient || !self.is_held_up(slot));
            let least =
                slots.iter().enumerate().filter(|(_, slot)| route == Route::Lane && fits(slot)).min_by_key(|(_, slot)| slot.jobs.len());
            least.map(|(index, _)| index)
        };
        find(&|slot| slot.jobs.is_empty() && mine(slot))
            .or_else(|| shared(true))
            .or_else(|| may_grow(slots, most).then_some(slots.len()))
            .or_else(|| find(&|slot| slot.jobs.is_empty() && !slot.full))
            .or_else(|| shared(false))
    }

    /// Says whether what runs on a slot has been running for longer than others should wait behind it.
    fn is_held_up(&self, slot: &SlotState) -> bool {
        let first = slot.jobs.front().and_then(|id| self.jobs.get(id));
        first.and_then(|job| job.began).is_some_and(|(_, began)| began.elapsed() >= PATIENCE)
    }

    /// Takes back what has waited long enough behind work that it does not need, where the host has a lane for it.
    pub(super) fn spread(&mut self) {
        let mut recalled = Vec::new();
        for (index, host) in (0_u32..).zip(&self.hosts) {
            let Some(worker) = host.worker.as_ref().filter(|_| host.link == Link::Up) else { continue };
            let room =
                may_grow(&host.slots, self.max_sessions(Seat(index))) || host.slots.iter().any(|slot| slot.jobs.is_empty() && !slot.full);
            for (slot_index, slot) in host.slots.iter().enumerate().filter(|(_, slot)| room && !slot.bulk && self.is_held_up(slot)) {
                let waits = |id: &JobId| self.jobs.get(id).is_some_and(|job| !job.orphan && matches!(self.needs(job.step, 0), Needs::Met));
                if slot.jobs.iter().skip(1).any(waits) {
                    // What only waited for its turn is placed anew; what belongs behind the running step is written again.
                    let _ = worker.send(ToWorker::WithdrawSlot(slot_index));
                    recalled.push((Seat(index), slot_index));
                }
            }
        }
        for (seat, slot) in recalled {
            self.recall(seat, slot);
        }
    }

    /// Says whether a task's own judgement reads what is on its way.
    fn judges_by_what_is_not_over(&self, step: StepId, task: &Task) -> bool {
        let scope = || self.fixed.world.scope_with_result(step, Arc::new(StepResult::without_run(Status::Ok)));
        let waits = |judge: &Judge| {
            matches!(judge, Judge::Expression(_))
                && matches!(plan::judge(judge, &self.fixed.engine, &scope()), Err(RenderError::Pending(_)))
        };
        [&task.failed, &task.changed].into_iter().flatten().any(waits)
    }

    fn route(&self, step: StepId, task: &Task, prepared: &Prepared) -> Route {
        if self.trip(step, task, prepared) == Trip::Probe { Route::Lane } else { request::route(prepared) }
    }

    /// Runs a unit on the next of several hosts.
    pub(super) fn fly_on(&mut self, of: UnitId, prepared: Arc<Prepared>, targets: VecDeque<HostIx>) {
        if self.stops(of.0) {
            // Where there is no room for it now, nobody would look at it again.
            let outcome = self.left_outcome(of.0);
            return self.unit_ended(of, outcome, None, true);
        }
        if of.1.is_none() {
            self.phases.remove(&of.0);
        }
        let mut sends = Vec::new();
        self.place(of, targets, prepared, &mut sends);
        self.send_when_recorded(sends);
    }

    fn write_ahead(&mut self, step: StepId, task: &Task, (seat, slot): Place, sends: &mut Vec<JobId>) {
        let flow = &task.flow;
        let restrained =
            self.is_dry() || flow.lock.is_some() || flow.throttle.is_some() || flow.left_out.is_some() || super::units::repeats(task);
        if task.verb.is_control() || restrained || self.is_carried(step) || self.hosts[seat.index()].slots[slot].bulk {
            return;
        }
        let scope = self.fixed.world.scope(step);
        // Whatever can't be said yet is said when the needs are over.
        if !matches!(plan::holds(&task.when, &self.fixed.engine, &scope), Ok(None)) {
            return;
        }
        if self.not_approved(step, task).is_some() || self.judges_by_what_is_not_over(step, task) {
            return;
        }
        let Ok(prepared) = plan::prepare(task, step.host, &self.fixed.inventory, &self.fixed.engine, &scope) else { return };
        let route = self.route(step, task, &prepared);
        let [on] = prepared.on[..] else { return };
        let elsewhere = self.seats.of(step.round, on) != seat;
        if elsewhere || route == Route::Bulk || self.become_user(&prepared, seat) != self.hosts[seat.index()].slots[slot].user {
            return;
        }
        self.fly((step, None), Arc::new(prepared), route, (on, (seat, slot)), VecDeque::new(), sends);
    }

    pub(super) fn become_user(&self, prepared: &Prepared, seat: Seat) -> Option<BecomeUser> {
        let wanted = prepared.r#become.as_ref()?;
        let password = wanted.password.clone().or_else(|| self.become_password(seat));
        Some(BecomeUser { method: wanted.method, user: wanted.user.clone(), password })
    }

    /// The outcome of a step whose templates failed.
    pub(super) fn cannot(&self, task: &Task, what: &str, error: &RenderError) -> Outcome {
        let mut outcome = Outcome::without_run(Status::Failed, format!("{what}: {error}"));
        outcome.allowed = task.allow_failure;
        outcome
    }
}
