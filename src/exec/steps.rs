//! What becomes of steps: from a job's end to an outcome, and from an outcome to what may run next.

use std::sync::Arc;
use std::time::Duration;

use super::dispatcher::{Dispatcher, millis};
use super::judge::{self, Ended};
use super::request::Trip;
use super::state::{Effect, JobState, Link, Phase, Seat};
use super::worker::JobId;
use crate::event::{Outcome, RunEvent, Status};
use crate::model::{Gate, Part, RoundIx, StepId, Task, TaskIx, Verb};
use crate::plan::{Effects, StepResult};
use crate::transport::{End, OutputStream, Refusal};

/// How a pass of a step is told, in a block that may run it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PassEnd {
    /// Its items have told.
    ByItems,
    /// Under the number of its present execution.
    Numbered,
    /// It did not run, and has a number all the same, so that it is not taken for the pass before.
    Unnumbered,
}

impl Dispatcher {
    /// A job ran to some end.
    pub(super) fn ended(&mut self, id: JobId, end: &End, took: Duration) {
        if matches!(end, End::Exited(code) if *code != 0) || matches!(end, End::TimedOut { .. } | End::Terminated | End::Vanished(_)) {
            self.stopped(id, end);
        }
        let Some(mut job) = self.land(id) else { return };
        let JobState { step, unit, attempt, began, on, protocol, sensitive, .. } = job;
        let of = (step, attempt);
        if matches!(end, End::Exited(_) | End::Guarded { .. } | End::Vanished(_)) {
            self.came_home(job.seat, job.slot);
        }
        let (pieces, stdout_info, stdout) = job.stdout.finish();
        if !protocol && !sensitive {
            self.emit_output(of, OutputStream::Stdout, pieces);
        }
        let (pieces, stderr_info, stderr) = job.stderr.finish();
        // The words of a failure stay readable.
        if !sensitive || !matches!(end, End::Exited(0)) {
            self.emit_output(of, OutputStream::Stderr, pieces);
        }
        let ended = Ended {
            end,
            stdout: stdout.unwrap_or_default(),
            stderr: stderr.unwrap_or_default(),
            stdout_info,
            stderr_info,
            duration_ms: millis(took),
            began: began.map(|(at, _)| at),
        };
        if job.trip == Trip::Probe {
            return self.probed(job, ended);
        }
        if !matches!(end, End::Vanished(_) | End::Guarded { .. }) {
            self.durables.collected((step, attempt, on));
        }
        let JobState { prepared, rest, differences, unheard, .. } = job;
        let task = self.fixed.playbook.task(step.round, step.task);
        let scope = |result: &StepResult| self.unit_scope((step, unit), Some(Arc::new(result.clone())));
        let (mut outcome, result) = judge::judge(task, &prepared, &self.fixed.engine, ended, &scope);
        if protocol {
            outcome.stdout = crate::event::OutputInfo { bytes: result.stdout.len() as u64, ..Default::default() };
            let told = (!result.stdout.is_empty()).then(|| (0, result.stdout.clone().into_bytes()));
            self.emit_output(of, OutputStream::Stdout, told.filter(|_| !sensitive));
        }
        let (mut outcome, result) = if *end == End::Terminated { self.ended_by_us(step, outcome, result) } else { (outcome, result) };
        if !differences.is_empty() && outcome.status == Status::Changed {
            outcome.differences = differences;
        }
        if sensitive {
            outcome.outputs.clear();
            outcome.differences.clear();
        }
        if unheard {
            let before = outcome.reason.take().map_or_else(String::new, |reason| format!("{reason}; "));
            outcome.reason = Some(format!("{before}the session was lost while it ran, and what it printed from then on is missing"));
        }
        if rest.is_empty() || !outcome.lets_dependents_run() {
            if on != step.host
                && let Some(reason) = &mut outcome.reason
            {
                *reason = format!("on {}: {reason}", self.fixed.inventory.host(on).name);
            }
            self.unit_ended((step, unit), outcome, Some(Arc::new(result)), true);
        } else {
            if let Some(unit) = unit.and_then(|unit| self.repeats.get_mut(&step)?.units.get_mut(unit)) {
                unit.sent = true;
            }
            self.fly_on((step, unit), prepared, rest);
        }
    }

    /// A job's failure stopped its lane, unless the task goes on behind one: what stands behind it comes back.
    fn stopped(&mut self, id: JobId, end: &End) {
        let Some(job) = self.jobs.get(&id) else { return };
        let exited = matches!(end, End::Exited(_) | End::Vanished(_));
        if exited && super::request::goes_on(self.fixed.playbook.task(job.step.round, job.step.task)) {
            return;
        }
        let (seat, slot) = (job.seat, job.slot);
        self.recall_behind(id);
        if exited && let Some(worker) = &self.hosts[seat.index()].worker {
            // From here on nobody takes the failed step for one that may still succeed.
            let _ = worker.send(super::worker::ToWorker::Resume(slot, id));
        }
    }

    /// Lets nothing more be written behind what is on its way in a job's slot, since that may come back.
    pub(super) fn recall_behind(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else { return };
        self.recall(job.seat, job.slot);
    }

    pub(super) fn recall(&mut self, seat: Seat, slot: usize) {
        for id in self.hosts[seat.index()].slots.get(slot).map(|slot| slot.jobs.clone()).unwrap_or_default() {
            if let Some(job) = self.jobs.get_mut(&id) {
                job.recalled = true;
            }
        }
    }

    /// A job will never report an end of its own.
    pub(super) fn cut_short(&mut self, id: JobId, mut outcome: Outcome) {
        let Some(mut job) = self.land(id) else { return };
        let of = (job.step, job.attempt);
        let (pieces, info, _) = job.stdout.finish();
        if !job.sensitive {
            self.emit_output(of, OutputStream::Stdout, pieces);
        }
        outcome.stdout = info;
        let (pieces, info, _) = job.stderr.finish();
        self.emit_output(of, OutputStream::Stderr, pieces);
        outcome.stderr = info;
        if let Some((_, began)) = job.began {
            outcome.duration_ms = millis(began.elapsed());
        }
        outcome.allowed = outcome.status == Status::Failed && job.prepared.allow_failure;
        self.unit_ended((job.step, job.unit), outcome, None, true);
    }

    /// A job came back without having begun.
    pub(super) fn returned(&mut self, id: JobId) {
        let Some(job) = self.land(id) else { return };
        let of = (job.step, job.unit);
        if job.unit.is_none() {
            self.phases.remove(&job.step);
        }
        let some_ran = job.some_ran();
        if some_ran {
            // Those before it have done their part.
            self.under_way.insert(of, std::iter::once(job.on).chain(job.rest).collect());
        }
        if let Link::Gone(reason) = &self.hosts[job.seat.index()].link {
            let outcome = unreachable(&self.fixed.inventory.host(job.on).name, reason);
            self.unit_ended(of, outcome, None, some_ran);
        } else if self.stops(job.step) {
            let outcome = self.left_outcome(job.step);
            self.unit_ended(of, outcome, None, some_ran);
        } else {
            if let (Some(unit), Some(repeat)) = (job.unit, self.repeats.get_mut(&job.step)) {
                repeat.ready.push_back(unit);
            }
            self.dirty.insert((job.step.round, job.step.host));
        }
    }

    /// A job's lane could not be opened.
    pub(super) fn refused(&mut self, id: JobId, refusal: &Refusal) {
        let Some(job) = self.land(id) else { return };
        let mut outcome = Outcome::without_run(Status::Failed, refusal.message.clone());
        outcome.allowed = job.prepared.allow_failure;
        self.unit_ended((job.step, job.unit), outcome, None, true);
    }

    /// Takes a job out of its slot; none where nobody waits for it any more.
    pub(super) fn land(&mut self, id: JobId) -> Option<JobState> {
        let job = self.forget(id)?;
        (!job.orphan && !self.queue.is_over(job.step)).then_some(job)
    }

    pub(super) fn forget(&mut self, id: JobId) -> Option<JobState> {
        let job = self.jobs.remove(&id)?;
        self.ready_jobs.remove(&id);
        if let Some(repeat) = self.repeats.get_mut(&job.step) {
            repeat.jobs.retain(|other| *other != id);
        }
        let host = &mut self.hosts[job.seat.index()];
        let slot = &mut host.slots[job.slot];
        slot.jobs.retain(|other| *other != id);
        if slot.jobs.is_empty() {
            slot.bulk = false;
            self.dirty.extend(std::mem::take(&mut host.starved));
        }
        Some(job)
    }

    /// A step's outcome is known: it goes to the record, and what follows waits for that.
    pub(super) fn judged(&mut self, step: StepId, attempt: u32, outcome: Outcome, result: Option<Arc<StepResult>>) {
        let outcome = self.forecast(outcome);
        self.step_over(step);
        self.orphan_flying(step);
        let repeat = self.repeats.remove(&step);
        let units = repeat.as_ref().map_or(0, |repeat| repeat.units.len());
        for unit in std::iter::once(None).chain((0..units).map(Some)) {
            self.under_way.remove(&(step, unit));
            self.cut.remove(&(step, unit));
        }
        let pass = match repeat {
            Some(repeat) if repeat.each => PassEnd::ByItems,
            Some(repeat) if repeat.units.iter().all(|unit| !unit.waiting) => PassEnd::Numbered,
            None if attempt > 0 => PassEnd::Numbered,
            _ => PassEnd::Unnumbered,
        };
        self.let_go(step);
        self.phases.insert(step, Phase::Judged);
        if attempt > 0 {
            self.executions.insert(step, attempt);
            self.begun.insert((step.round, step.host));
        }
        let ran = attempt > 0 || outcome.ran_before();
        self.told_blocks(step, ran, &outcome, result.as_ref());
        if outcome.status == Status::Failed {
            self.known_to_fail(step);
        }
        self.foresee_blocks(step);
        self.count(step, &outcome);
        self.tell_end(step, attempt, pass, &outcome);
        if self.is_dry() && matches!(outcome.status, Status::Changed | Status::Undecided) {
            self.foresee_notices(step);
        } else if outcome.status == Status::Changed
            || (outcome.lets_dependents_run() && outcome.reason.as_deref() != Some("when") && self.may_have_changed(step))
        {
            self.notify(step);
        }
        self.recorder.then(Effect::Finished(step, Box::new(outcome), result));
    }

    /// Tells how a step ended; in a block that may run it again, how this pass of it did.
    pub(super) fn tell_end(&mut self, step: StepId, attempt: u32, pass: PassEnd, outcome: &Outcome) {
        let outcome = &self.forecast(outcome.clone());
        let Some(item) = self.pass(step) else {
            self.recorder.emit(RunEvent::StepEnded { step, attempt, outcome: outcome.clone() });
            return;
        };
        if pass != PassEnd::ByItems {
            let executions = self.executions.entry(step).or_default();
            if pass == PassEnd::Unnumbered {
                *executions += 1;
            }
            let attempt = *executions;
            self.recorder.emit(RunEvent::AttemptEnded { step, attempt, item, outcome: outcome.clone(), retry_ms: None });
        }
        let before = self.passes.remove(&step);
        let ran = attempt > 0 || before.as_ref().is_some_and(|(_, ran)| *ran);
        let outcome = match before {
            // Where a run tells of the last pass, its forecast tells of all.
            Some((before, _)) if self.is_dry() => before.joined(outcome.clone()),
            _ => outcome.clone(),
        };
        self.passes.insert(step, (outcome, ran));
    }

    fn orphan_flying(&mut self, step: StepId) {
        let ids = match self.phases.get(&step) {
            Some(Phase::Flying(id)) => vec![*id],
            Some(Phase::Busy) => self.repeats.get(&step).map(|repeat| repeat.jobs.clone()).unwrap_or_default(),
            _ => return,
        };
        for id in ids {
            if let Some(job) = self.jobs.get_mut(&id) {
                job.orphan = true;
            }
        }
    }

    fn count(&mut self, step: StepId, outcome: &Outcome) {
        if outcome.lets_dependents_run() {
            return;
        }
        if outcome.status == Status::Unreachable {
            self.any_unreachable = true;
        }
        if !self.is_tentative(step, outcome.status) {
            self.went_badly(step.round, step.host, outcome.status);
        }
    }

    /// A step's outcome is in the record.
    pub(super) fn finished(&mut self, step: StepId, outcome: &Outcome, result: Option<Arc<StepResult>>) {
        let result = result.unwrap_or_else(|| Arc::new(StepResult::without_run(outcome.status)));
        self.let_forget(step);
        self.keep(step, &result);
        self.gathered(step, &result);
        let effects = self.queue.finish(step, outcome.lets_dependents_run());
        self.follow(step, outcome, effects);
        self.once_for_all(step, outcome, &result);
        self.handler_over(step);
    }

    /// Notes which facts of a host are known from now on.
    fn gathered(&mut self, step: StepId, result: &StepResult) {
        let task = self.fixed.playbook.task(step.round, step.task);
        if let Verb::Facts(facts) = &task.verb
            && task.on.is_empty()
        {
            let known = facts.sections.iter().filter(|section| result.outputs.contains_key(*section));
            self.gathered.extend(known.map(|section| (step.host, section.clone())));
        }
    }

    /// Does what follows from the end of a step or a gate.
    pub(super) fn follow(&mut self, step: StepId, outcome: &Outcome, effects: Effects) {
        let blocked: Vec<(StepId, String)> =
            effects.blocked.iter().map(|(step, because)| (*step, self.node_name(step.round, *because))).collect();
        for (blocked, because) in blocked {
            if self.phases.get(&blocked) == Some(&Phase::Judged) {
                continue;
            }
            let cancelled = matches!(outcome.status, Status::Cancelled);
            let gone = outcome.status == Status::Unreachable;
            let begun = self.begun_behind(blocked, outcome);
            let mut skipped = match outcome.status {
                _ if cancelled => Outcome::without_run(Status::Cancelled, self.why_stopped(step)),
                _ if gone => Outcome::without_run(Status::Unreachable, format!("`{because}` could not reach its host")),
                _ if begun.is_some() => {
                    Outcome::without_run(Status::Unknown, format!("it had begun when `{because}` was seen to have failed"))
                }
                Status::Unknown => Outcome::without_run(Status::Skipped, format!("how `{because}` ended is unknown")),
                Status::Skipped => Outcome::without_run(Status::Skipped, outcome.reason.clone().unwrap_or_default()),
                _ => Outcome::without_run(Status::Skipped, format!("`{because}` failed")),
            };
            skipped.blocked = skipped.status == Status::Skipped;
            self.orphan_flying(blocked);
            self.let_go(blocked);
            self.phases.insert(blocked, Phase::Judged);
            self.keep(blocked, &Arc::new(StepResult::without_run(skipped.status)));
            match self.fixed.playbook.round(blocked.round).gate(blocked.task) {
                None => {
                    self.count(blocked, &skipped);
                    let pass = if begun.is_some() { PassEnd::Numbered } else { PassEnd::Unnumbered };
                    self.tell_end(blocked, begun.unwrap_or(0), pass, &skipped);
                    self.once_passed_by(blocked);
                }
                // No pass of it will come.
                Some(Gate::Exit(block)) => self.close_passes((blocked.round, block, blocked.host)),
                Some(_) => {}
            }
        }
        self.dirty.insert((step.round, step.host));
        self.maybe_let_out(step.round, step.host);
        if effects.round_done {
            self.end_round(step.round);
        }
    }

    /// What a task or a gate's block is called.
    fn node_name(&self, round: RoundIx, node: TaskIx) -> String {
        let round = self.fixed.playbook.round(round);
        match round.gate(node) {
            None => round.tasks[node.index()].name.clone(),
            Some(Gate::Enter(block) | Gate::Rescue(block) | Gate::Always(block) | Gate::Exit(block)) => {
                round.blocks[block.index()].name.clone()
            }
            Some(Gate::Handlers | Gate::Finally) => round.name.clone(),
        }
    }

    /// Says whether templates may ask for a step's result; of a `set`, those who read what it sets ask whether it has.
    pub(super) fn is_kept(&self, step: StepId) -> bool {
        let round = self.fixed.playbook.round(step.round);
        let is_told = |task: &Task| {
            // A `rescue` may ask what failed.
            let rescued = round.around(task.flow.home).any(|(block, part)| part == Part::Body && round.blocks[block.index()].rescue);
            matches!(task.verb, Verb::Set(_)) || rescued
        };
        self.fixed.plan.is_read(step.round, step.task) || round.tasks.get(step.task.index()).is_some_and(is_told)
    }

    pub(super) fn keep(&mut self, step: StepId, result: &Arc<StepResult>) {
        if let Some(changed) = self.look.as_ref().and_then(|look| look.foreseen(step)) {
            self.results.foresee(step, changed);
        } else if self.is_kept(step) {
            self.results.insert(step, Arc::clone(result));
        }
    }
}

pub(super) fn unreachable(host: &str, reason: &str) -> Outcome {
    Outcome::without_run(Status::Unreachable, format!("{host}: {reason}"))
}
