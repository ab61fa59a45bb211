//! From a prepared unit to a job in a slot: made, told to the record, put behind what is there.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::advance::{Place, UnitId};
use super::dispatcher::Dispatcher;
use super::request::{self, Route, Trip};
use super::settle;
use super::state::{JobState, Phase};
use super::streams::captures;
use super::worker::{Job, JobId};
use crate::event::{Difference, RunEvent};
use crate::model::HostIx;
use crate::plan::{self, Prepared};

impl Dispatcher {
    /// Hands a unit to a slot.
    pub(super) fn fly(
        &mut self,
        of: UnitId,
        prepared: Arc<Prepared>,
        route: Route,
        (on, place): (HostIx, Place),
        rest: VecDeque<HostIx>,
        sends: &mut Vec<JobId>,
    ) {
        let (step, _) = of;
        let task = self.fixed.playbook.task(step.round, step.task);
        let trip = self.trip(step, task, &prepared);
        let sensitive = task.flow.sensitive;
        let command = if sensitive { format!("{} (sensitive)", task.verb.key()) } else { plan::command_line(&prepared) };
        let attempt = self.attempt(of);
        self.find_again(of, attempt, on);
        let item = self.label(of);
        let durable = self.durable((step, attempt, on)).filter(|_| trip == Trip::Act).map(|durable| durable.name);
        let Some(id) = self.launch(of, prepared, (route, trip), (on, place), rest, sends) else { return };
        self.recorder.emit(RunEvent::StepSent { step, attempt, on: (on != step.host).then_some(on), command, item, durable });
        self.ready_to_go(of, id);
    }

    /// Sends the second half of a step on the way of the first, which has asked what there is to do.
    pub(super) fn fly_behind(
        &mut self,
        of: UnitId,
        prepared: Arc<Prepared>,
        first: JobState,
        differences: Vec<Difference>,
        sends: &mut Vec<JobId>,
    ) {
        let route = request::route(&prepared);
        let way = (first.on, (first.seat, first.slot));
        let Some(id) = self.launch(of, prepared, (route, Trip::Act), way, first.rest, sends) else { return };
        if let Some(job) = self.jobs.get_mut(&id) {
            (job.began, job.differences) = (first.began, differences);
        }
        self.ready_to_go(of, id);
    }

    fn ready_to_go(&mut self, (step, unit): UnitId, id: JobId) {
        match self.repeats.get_mut(&step).filter(|_| unit.is_some()) {
            Some(repeat) => repeat.jobs.push(id),
            None => drop(self.phases.insert(step, Phase::Flying(id))),
        }
    }

    /// Makes a unit's job and puts it into a slot; none where it can't be made, which ends the unit.
    fn launch(
        &mut self,
        of: UnitId,
        prepared: Arc<Prepared>,
        (route, trip): (Route, Trip),
        (on, (seat, slot)): (HostIx, Place),
        rest: VecDeque<HostIx>,
        sends: &mut Vec<JobId>,
    ) -> Option<JobId> {
        let (step, unit) = of;
        let playbook = Arc::clone(&self.fixed.playbook);
        let task = playbook.task(step.round, step.task);
        let id = self.next_job;
        self.next_job += 1;
        // What need not wait for the work before it is kept where it can be taken back, should that take long.
        let mut before = self.hosts[seat.index()].slots[slot].jobs.iter().rev().filter_map(|id| self.jobs.get(id)).peekable();
        let needs = before.peek().map_or_else(BTreeSet::new, |_| self.stands_behind(step));
        let alone = before.take_while(|job| !needs.contains(&job.step)).any(|job| !request::is_quick(&job.prepared));
        let work = match trip {
            Trip::Act => request::job(id, task, &prepared, (route, &mut self.local_files), alone),
            Trip::Probe => request::probe(id, &prepared, &mut self.local_files),
        };
        let mut work = match work {
            Ok(work) => work,
            Err(error) => {
                self.unit_ended(of, request::unsent(task, &error), None, false);
                return None;
            }
        };
        let execution = (step, self.attempt(of), on);
        if let (Trip::Act, Job::Lane(request)) = (trip, &mut work) {
            if let Some(durable) = self.durable(execution) {
                self.keeps(execution, &durable, (seat, slot));
                request.durable = Some(durable);
            }
            if !task.only_reads() {
                request.tag = Some(settle::tag(step, self.attempt(of)));
            }
        }
        let protocol = trip == Trip::Probe || super::judge::is_protocol(task);
        let keep = self.is_kept(step) || protocol || task.judges_by_output();
        let (stdout, stderr) = captures(keep, self.recorder.redactor());
        let by_exit_code = rest.is_empty() && route == Route::Lane && unit.is_none() && super::judge::by_exit_code(task);
        let lane_judged = by_exit_code && trip == Trip::Act && !self.is_dry();
        let place = &mut self.hosts[seat.index()].slots[slot];
        place.jobs.push_back(id);
        place.bulk |= route == Route::Bulk;
        let job = JobState {
            step,
            unit,
            attempt: self.attempt(of),
            on,
            seat,
            slot,
            prepared,
            rest,
            trip,
            differences: Vec::new(),
            lane_judged,
            began: None,
            seen: false,
            unheard: false,
            stdout,
            stderr,
            protocol,
            sensitive: task.flow.sensitive,
            adrift: false,
            orphan: false,
            recalled: false,
        };
        self.jobs.insert(id, job);
        self.ready_jobs.insert(id, work);
        sends.push(id);
        Some(id)
    }
}
