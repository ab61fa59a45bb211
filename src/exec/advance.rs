//! What to hand out next.
//!
//! A host's steps are looked at in their order. One whose needs are over is evaluated and handed to a free slot of the
//! host it runs on. One whose needs are on their way can be **written ahead**: when all of them are in one slot, in
//! which only exit codes decide, and its own text needs none of their results. A `print` between them holds nothing up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::dispatcher::{Dispatcher, captures};
use super::request::{self, Route};
use super::state::{Effect, JobState, Link, Phase, SlotState};
use super::steps::unreachable;
use super::worker::{JobId, ToWorker};
use crate::event::{Outcome, RunEvent, Status};
use crate::model::{HostIx, RoundIx, StepId, Task, TaskIx, Verb};
use crate::plan::{self, Prepared};
use crate::template::RenderError;
use crate::transport::BecomeUser;

/// A slot of a host.
type Place = (HostIx, usize);

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
            if self.rounds[round.index()].admitted.contains(&host) && !self.stopping(round) {
                self.advance(round, host, &mut sends);
            }
        }
        if !sends.is_empty() {
            self.recorder.then(Effect::Send(sends));
        }
    }

    fn advance(&mut self, round: RoundIx, host: HostIx, sends: &mut Vec<JobId>) {
        let steps: Vec<StepId> = self.queue.unfinished(round, host).filter(|step| !self.phases.contains_key(step)).collect();
        for step in steps {
            // An earlier step of this turn may have ended this one.
            if self.phases.contains_key(&step) {
                continue;
            }
            let playbook = Arc::clone(&self.fixed.playbook);
            let task = playbook.task(step.round, step.task);
            if task.once && self.once_runner(step) != Some(host) {
                continue;
            }
            match self.needs(step, 0) {
                Needs::Met => self.begin(step, task, sends),
                Needs::Ahead(place) => self.write_ahead(step, task, place, sends),
                Needs::Open => {}
            }
        }
    }

    pub(super) fn needs(&self, step: StepId, depth: usize) -> Needs {
        let mut place = None;
        for need in self.queue.unfinished_needs(step).collect::<Vec<TaskIx>>() {
            let need = StepId { task: need, ..step };
            let found = match self.phases.get(&need) {
                Some(Phase::Flying(id)) => match self.jobs.get(id) {
                    Some(job) if job.lane_judged && !job.recalled => Some((job.on, job.slot)),
                    _ => return Needs::Open,
                },
                Some(Phase::Judged) => return Needs::Open,
                // What only prints can't fail, so what stands behind it need not wait for it.
                None if depth < 16 && matches!(self.fixed.playbook.task(step.round, need.task).verb, Verb::Print(_)) => {
                    match self.needs(need, depth + 1) {
                        Needs::Met => None,
                        Needs::Ahead(place) => Some(place),
                        Needs::Open => return Needs::Open,
                    }
                }
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

    /// Says whether a step needs another of its host, be it through what only prints.
    fn stands_behind(&self, step: StepId, other: StepId, depth: usize) -> bool {
        let mut needs = self.queue.unfinished_needs(step).map(|task| StepId { task, ..step });
        needs.any(|need| need == other || (depth < 16 && !self.phases.contains_key(&need) && self.stands_behind(need, other, depth + 1)))
    }

    /// Begins a step that waits for nothing any more.
    fn begin(&mut self, step: StepId, task: &Task, sends: &mut Vec<JobId>) {
        let scope = self.fixed.world.scope(step);
        match plan::holds(&task.when, &self.fixed.engine, &scope) {
            Ok(None) => {}
            Ok(Some(_)) => return self.judged(step, 0, Outcome::without_run(Status::Skipped, "when"), None),
            Err(error) => return self.judged(step, 0, self.cannot(task, "its `when` can't be answered", &error), None),
        }
        let prepared = match plan::prepare(task, step.host, &self.fixed.inventory, &self.fixed.engine, &scope) {
            Ok(prepared) => Arc::new(prepared),
            Err(error) => return self.judged(step, 0, self.cannot(task, "it can't be prepared", &error), None),
        };
        if task.verb.is_control() {
            return self.control(step, &prepared);
        }
        let targets = self.under_way.remove(&step).unwrap_or_else(|| prepared.on.iter().copied().collect());
        self.place(step, targets, prepared, sends);
    }

    /// Hands a step to a free slot of the first host it is to run on; where there is none, it waits for one.
    fn place(&mut self, step: StepId, mut targets: VecDeque<HostIx>, prepared: Arc<Prepared>, sends: &mut Vec<JobId>) {
        let Some(on) = targets.pop_front() else {
            return self.judged(step, 0, Outcome::without_run(Status::Skipped, "`on` names no host"), None);
        };
        let inventory = Arc::clone(&self.fixed.inventory);
        if let Link::Gone(reason) = &self.hosts[on.index()].link {
            let outcome = unreachable(&inventory.host(on).name, reason);
            return self.judged(step, 0, outcome, None);
        }
        let user = self.become_user(&prepared, on);
        let route = request::route(&prepared);
        let most = inventory.host(on).connect.max_sessions.max(1);
        let Some(slot) = self.choose_slot(on, user.as_ref(), route, most) else {
            self.hosts[on.index()].starved.insert((step.round, step.host));
            targets.push_front(on);
            self.under_way.insert(step, targets);
            return;
        };
        let slots = &mut self.hosts[on.index()].slots;
        if slot == slots.len() {
            slots.push(SlotState::default());
        }
        slots[slot].user = user;
        self.fly(step, prepared, route, (on, slot), targets, sends);
    }

    /// The slot that a step which waits for nothing is put on: an idle lane; else behind one that is busy, since most steps
    /// take less time than a lane takes to open ([`Dispatcher::spread`] helps those that have to wait); else a new one.
    /// None where all are busy for another user or with a file.
    fn choose_slot(&self, on: HostIx, user: Option<&BecomeUser>, route: Route, most: usize) -> Option<usize> {
        let slots = &self.hosts[on.index()].slots;
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
        for (host_index, host) in self.hosts.iter().enumerate() {
            let Some(worker) = host.worker.as_ref().filter(|_| host.link == Link::Up) else { continue };
            let most = self.fixed.inventory.host(HostIx::new(host_index)).connect.max_sessions.max(1);
            let room = may_grow(&host.slots, most) || host.slots.iter().any(|slot| slot.jobs.is_empty() && !slot.full);
            for (index, slot) in host.slots.iter().enumerate().filter(|(_, slot)| room && !slot.bulk && self.is_held_up(slot)) {
                let waits = |id: &JobId| self.jobs.get(id).is_some_and(|job| !job.orphan && matches!(self.needs(job.step, 0), Needs::Met));
                if slot.jobs.iter().skip(1).any(waits) {
                    // What only waited for its turn is placed anew; what belongs behind the running step is written again.
                    let _ = worker.send(ToWorker::WithdrawSlot(index));
                    recalled.push((HostIx::new(host_index), index));
                }
            }
        }
        for (host, slot) in recalled {
            self.recall(host, slot);
        }
    }

    /// Runs a step on the next of several hosts.
    pub(super) fn fly_on(&mut self, step: StepId, prepared: Arc<Prepared>, targets: VecDeque<HostIx>) {
        let mut sends = Vec::new();
        self.place(step, targets, prepared, &mut sends);
        if !sends.is_empty() {
            self.recorder.then(Effect::Send(sends));
        }
    }

    fn write_ahead(&mut self, step: StepId, task: &Task, (on, slot): Place, sends: &mut Vec<JobId>) {
        if task.verb.is_control() || self.hosts[on.index()].slots[slot].bulk {
            return;
        }
        let scope = self.fixed.world.scope(step);
        // Whatever can't be said yet is said when the needs are over.
        if !matches!(plan::holds(&task.when, &self.fixed.engine, &scope), Ok(None)) {
            return;
        }
        let Ok(prepared) = plan::prepare(task, step.host, &self.fixed.inventory, &self.fixed.engine, &scope) else { return };
        let route = request::route(&prepared);
        if prepared.on != [on] || route == Route::Bulk || self.become_user(&prepared, on) != self.hosts[on.index()].slots[slot].user {
            return;
        }
        self.fly(step, Arc::new(prepared), route, (on, slot), VecDeque::new(), sends);
    }

    fn fly(
        &mut self,
        step: StepId,
        prepared: Arc<Prepared>,
        route: Route,
        (on, slot): Place,
        rest: VecDeque<HostIx>,
        sends: &mut Vec<JobId>,
    ) {
        let task = self.fixed.playbook.task(step.round, step.task);
        let id = self.next_job;
        self.next_job += 1;
        // What need not wait for the work before it is kept where it can be taken back, should that take long.
        let last = self.hosts[on.index()].slots[slot].jobs.back().and_then(|last| self.jobs.get(last));
        let alone = last.is_some_and(|last| !self.stands_behind(step, last.step, 0));
        let work = match request::job(id, task, &prepared, route, alone) {
            Ok(work) => work,
            Err(error) => {
                let mut outcome = Outcome::without_run(Status::Failed, error.to_string());
                outcome.allowed = task.allow_failure;
                return self.judged(step, 0, outcome, None);
            }
        };
        let keep = self.is_kept(step) || super::judge::needs_output(task);
        let (stdout, stderr) = captures(keep, self.recorder.redactor());
        let lane_judged = rest.is_empty() && route == Route::Lane && super::judge::by_exit_code(task);
        let protocol = super::judge::is_protocol(task);
        let place = &mut self.hosts[on.index()].slots[slot];
        place.jobs.push_back(id);
        place.bulk = route == Route::Bulk;
        let command = plan::command_line(&prepared);
        self.recorder.emit(RunEvent::StepSent { step, attempt: 1, on: (on != step.host).then_some(on), command });
        self.phases.insert(step, Phase::Flying(id));
        self.jobs.insert(
            id,
            JobState { step, on, slot, prepared, rest, lane_judged, began: None, stdout, stderr, protocol, orphan: false, recalled: false },
        );
        self.ready_jobs.insert(id, work);
        sends.push(id);
    }

    fn become_user(&self, prepared: &Prepared, on: HostIx) -> Option<BecomeUser> {
        let wanted = prepared.r#become.as_ref()?;
        let password = wanted.password.clone().or_else(|| self.fixed.inventory.host(on).connect.become_password.clone());
        Some(BecomeUser { method: wanted.method, user: wanted.user.clone(), password })
    }

    /// The outcome of a step whose templates failed.
    pub(super) fn cannot(&self, task: &Task, what: &str, error: &RenderError) -> Outcome {
        let mut outcome = Outcome::without_run(Status::Failed, format!("{what}: {error}"));
        outcome.allowed = task.allow_failure;
        outcome
    }
}
