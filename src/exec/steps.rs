//! What becomes of steps: from a job's end to an outcome, and from an outcome to what may run next.

use std::sync::Arc;
use std::time::Duration;

use super::dispatcher::{Dispatcher, millis};
use super::judge::{self, Ended};
use super::state::{Effect, JobState, Link, Phase};
use super::worker::JobId;
use crate::event::{Outcome, RunEvent, Status};
use crate::model::{HostIx, StepId, Verb};
use crate::plan::StepResult;
use crate::transport::{End, OutputStream, Refusal};

impl Dispatcher {
    /// A job ran to some end.
    pub(super) fn ended(&mut self, id: JobId, end: &End, took: Duration) {
        if matches!(end, End::Exited(code) if *code != 0) || matches!(end, End::TimedOut | End::Terminated) {
            self.stopped(id, end);
        }
        let Some(job) = self.land(id) else { return };
        let JobState { step, prepared, rest, began, stdout, stderr, on, protocol, .. } = job;
        let (pieces, stdout_info, stdout) = stdout.finish();
        if !protocol {
            self.emit_output(step, OutputStream::Stdout, pieces);
        }
        let (pieces, stderr_info, stderr) = stderr.finish();
        self.emit_output(step, OutputStream::Stderr, pieces);
        let ended = Ended {
            end,
            stdout: stdout.unwrap_or_default(),
            stderr: stderr.unwrap_or_default(),
            stdout_info,
            stderr_info,
            duration_ms: millis(took),
            began: began.map(|(at, _)| at),
        };
        let task = self.fixed.playbook.task(step.round, step.task);
        let scope = |result: &StepResult| self.fixed.world.scope_with_result(step, Arc::new(result.clone()));
        let (mut outcome, result) = judge::judge(task, &prepared, &self.fixed.engine, ended, &scope);
        if protocol {
            outcome.stdout = crate::event::OutputInfo { bytes: result.stdout.len() as u64, ..Default::default() };
            let told = (!result.stdout.is_empty()).then(|| (0, result.stdout.clone().into_bytes()));
            self.emit_output(step, OutputStream::Stdout, told);
        }
        if rest.is_empty() || !outcome.lets_dependents_run() {
            if on != step.host
                && let Some(reason) = &mut outcome.reason
            {
                *reason = format!("on {}: {reason}", self.fixed.inventory.host(on).name);
            }
            self.judged(step, 1, outcome, Some(Arc::new(result)));
        } else {
            self.phases.remove(&step);
            self.fly_on(step, prepared, rest);
        }
    }

    /// A job's failure stopped its lane, unless the task goes on behind one: what stands behind it comes back.
    fn stopped(&mut self, id: JobId, end: &End) {
        let Some(job) = self.jobs.get(&id) else { return };
        let exited = matches!(end, End::Exited(_));
        if exited && super::request::goes_on(self.fixed.playbook.task(job.step.round, job.step.task)) {
            return;
        }
        let (on, slot) = (job.on, job.slot);
        self.recall_behind(id);
        if exited && let Some(worker) = &self.hosts[on.index()].worker {
            // From here on nobody takes the failed step for one that may still succeed.
            let _ = worker.send(super::worker::ToWorker::Resume(slot, id));
        }
    }

    /// Lets nothing more be written behind what is on its way in a job's slot, since that may come back.
    pub(super) fn recall_behind(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else { return };
        self.recall(job.on, job.slot);
    }

    pub(super) fn recall(&mut self, on: HostIx, slot: usize) {
        for id in self.hosts[on.index()].slots.get(slot).map(|slot| slot.jobs.clone()).unwrap_or_default() {
            if let Some(job) = self.jobs.get_mut(&id) {
                job.recalled = true;
            }
        }
    }

    /// A job will never report an end of its own.
    pub(super) fn cut_short(&mut self, id: JobId, mut outcome: Outcome) {
        let Some(job) = self.land(id) else { return };
        let (pieces, info, _) = job.stdout.finish();
        self.emit_output(job.step, OutputStream::Stdout, pieces);
        outcome.stdout = info;
        let (pieces, info, _) = job.stderr.finish();
        self.emit_output(job.step, OutputStream::Stderr, pieces);
        outcome.stderr = info;
        if let Some((_, began)) = job.began {
            outcome.duration_ms = millis(began.elapsed());
        }
        outcome.allowed = outcome.status == Status::Failed && job.prepared.allow_failure;
        self.judged(job.step, 1, outcome, None);
    }

    /// A job came back without having begun.
    pub(super) fn returned(&mut self, id: JobId) {
        let Some(job) = self.land(id) else { return };
        self.phases.remove(&job.step);
        if job.rest.len() + 1 < job.prepared.on.len() {
            // Those before it have done their part.
            self.under_way.insert(job.step, std::iter::once(job.on).chain(job.rest).collect());
        }
        if let Link::Gone(reason) = &self.hosts[job.on.index()].link {
            let outcome = unreachable(&self.fixed.inventory.host(job.on).name, reason);
            self.judged(job.step, 0, outcome, None);
        } else if self.stopping(job.step.round) {
            self.judged(job.step, 0, Outcome::without_run(Status::Cancelled, self.why_given_up()), None);
        } else {
            self.dirty.insert((job.step.round, job.step.host));
        }
    }

    /// A job's lane could not be opened.
    pub(super) fn refused(&mut self, id: JobId, refusal: &Refusal) {
        let Some(job) = self.land(id) else { return };
        let mut outcome = Outcome::without_run(Status::Failed, refusal.message.clone());
        outcome.allowed = job.prepared.allow_failure;
        self.judged(job.step, 1, outcome, None);
    }

    /// Takes a job out of its slot; none where nobody waits for it any more.
    fn land(&mut self, id: JobId) -> Option<JobState> {
        let job = self.forget(id)?;
        (!job.orphan && !self.queue.is_over(job.step)).then_some(job)
    }

    pub(super) fn forget(&mut self, id: JobId) -> Option<JobState> {
        let job = self.jobs.remove(&id)?;
        self.ready_jobs.remove(&id);
        let host = &mut self.hosts[job.on.index()];
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
        self.orphan_flying(step);
        self.phases.insert(step, Phase::Judged);
        self.count(step, &outcome);
        self.recorder.emit(RunEvent::StepEnded { step, attempt, outcome: outcome.clone() });
        self.recorder.then(Effect::Finished(step, Box::new(outcome), result));
    }

    fn orphan_flying(&mut self, step: StepId) {
        if let Some(Phase::Flying(id)) = self.phases.get(&step)
            && let Some(job) = self.jobs.get_mut(id)
        {
            job.orphan = true;
        }
    }

    fn count(&mut self, step: StepId, outcome: &Outcome) {
        if !outcome.lets_dependents_run() {
            self.rounds[step.round.index()].bad.insert(step.host);
        }
        match outcome.status {
            Status::Failed | Status::Unknown if !outcome.allowed => self.host_failed(step.host),
            Status::Unreachable => self.any_unreachable = true,
            _ => {}
        }
    }

    pub(super) fn host_failed(&mut self, host: HostIx) {
        self.any_failed = true;
        self.results.host_failed(host);
    }

    /// A step's outcome is in the record.
    pub(super) fn finished(&mut self, step: StepId, outcome: &Outcome, result: Option<Arc<StepResult>>) {
        let lets = outcome.lets_dependents_run();
        let result = result.unwrap_or_else(|| Arc::new(StepResult::without_run(outcome.status)));
        self.keep(step, &result);
        let effects = self.queue.finish(step, lets);
        let name = |task| self.fixed.playbook.task(step.round, task).name.clone();
        let blocked: Vec<(StepId, String)> = effects.blocked.iter().map(|(step, because)| (*step, name(*because))).collect();
        for (blocked, because) in blocked {
            if self.phases.get(&blocked) == Some(&Phase::Judged) {
                continue;
            }
            let cancelled = matches!(outcome.status, Status::Cancelled);
            let gone = outcome.status == Status::Unreachable;
            let mut skipped = match outcome.status {
                _ if cancelled => Outcome::without_run(Status::Cancelled, self.why_given_up()),
                _ if gone => Outcome::without_run(Status::Unreachable, format!("`{because}` could not reach its host")),
                Status::Unknown => Outcome::without_run(Status::Skipped, format!("how `{because}` ended is unknown")),
                Status::Skipped => Outcome::without_run(Status::Skipped, outcome.reason.clone().unwrap_or_default()),
                _ => Outcome::without_run(Status::Skipped, format!("`{because}` failed")),
            };
            skipped.blocked = skipped.status == Status::Skipped;
            self.orphan_flying(blocked);
            self.phases.insert(blocked, Phase::Judged);
            self.count(blocked, &skipped);
            self.recorder.emit(RunEvent::StepEnded { step: blocked, attempt: 0, outcome: skipped.clone() });
            self.keep(blocked, &Arc::new(StepResult::without_run(skipped.status)));
            self.once_moves_on(blocked);
        }
        self.once_for_all(step, outcome, &result);
        self.dirty.insert((step.round, step.host));
        self.maybe_let_out(step.round, step.host);
        if effects.round_done {
            self.end_round(step.round);
        }
    }

    /// Says whether templates may ask for a step's result; of a `set`, those who read what it sets ask whether it has.
    pub(super) fn is_kept(&self, step: StepId) -> bool {
        let sets = matches!(self.fixed.playbook.task(step.round, step.task).verb, Verb::Set(_));
        sets || self.fixed.plan.is_read(step.round, step.task)
    }

    fn keep(&mut self, step: StepId, result: &Arc<StepResult>) {
        if self.is_kept(step) {
            self.results.insert(step, Arc::clone(result));
        }
    }

    /// Gives what a `once` task did on its one host to all others.
    fn once_for_all(&mut self, step: StepId, outcome: &Outcome, result: &Arc<StepResult>) {
        if !self.fixed.playbook.task(step.round, step.task).once || self.rounds[step.round.index()].once.get(&step.task) != Some(&step.host)
        {
            return;
        }
        if outcome.blocked || outcome.status == Status::Unreachable {
            return self.once_moves_on(step);
        }
        let runner = self.fixed.inventory.host(step.host).name.clone();
        for host in self.rounds[step.round.index()].hosts.clone() {
            let other = StepId { host, ..step };
            if host == step.host || self.queue.is_over(other) || self.phases.contains_key(&other) {
                continue;
            }
            let mut told = match outcome.status {
                Status::Cancelled => Outcome::without_run(Status::Cancelled, self.why_given_up()),
                _ if outcome.lets_dependents_run() => Outcome::without_run(Status::Skipped, format!("once: it ran on {runner}")),
                _ => Outcome::without_run(Status::Skipped, format!("once: it failed on {runner}")),
            };
            told.blocked = told.status == Status::Skipped && !outcome.lets_dependents_run();
            self.judged(other, 0, told, Some(Arc::clone(result)));
        }
    }

    /// Chooses the next host for a `once` task that its host can't run.
    fn once_moves_on(&mut self, step: StepId) {
        let task = self.fixed.playbook.task(step.round, step.task);
        if !task.once {
            return;
        }
        let round = &mut self.rounds[step.round.index()];
        round.once.remove(&step.task);
        for host in round.hosts.clone() {
            self.dirty.insert((step.round, host));
        }
    }

    /// The host that runs a `once` task: the first that still can.
    pub(super) fn once_runner(&mut self, step: StepId) -> Option<HostIx> {
        if let Some(host) = self.rounds[step.round.index()].once.get(&step.task) {
            return Some(*host);
        }
        let hosts = &self.rounds[step.round.index()].hosts;
        let can = |host: &&HostIx| {
            !self.queue.is_over(StepId { host: **host, ..step }) && !matches!(self.hosts[host.index()].link, Link::Gone(_))
        };
        let runner = hosts.iter().find(can).copied()?;
        self.rounds[step.round.index()].once.insert(step.task, runner);
        Some(runner)
    }

    /// A host can't be reached any more: everything of it is over.
    pub(super) fn host_gone(&mut self, gone: HostIx, reason: String) {
        self.any_unreachable = true;
        self.hosts[gone.index()].link = Link::Gone(reason.clone());
        self.hosts[gone.index()].worker = None;
        let name = self.fixed.inventory.host(gone).name.clone();
        for index in 0..self.rounds.len() {
            if self.rounds[index].phase != super::state::RoundPhase::Active || !self.rounds[index].hosts.contains(&gone) {
                continue;
            }
            let round = crate::model::RoundIx::new(index);
            let steps: Vec<StepId> =
                self.queue.unfinished(round, gone).filter(|step| self.phases.get(step) != Some(&Phase::Judged)).collect();
            for step in steps {
                // What began ended as unknown before this news; what runs elsewhere for this host runs on.
                let elsewhere =
                    matches!(self.phases.get(&step), Some(Phase::Flying(id)) if self.jobs.get(id).is_some_and(|job| job.on != gone));
                if !elsewhere {
                    self.judged(step, 0, unreachable(&name, &reason), None);
                }
            }
        }
        // Steps of other hosts that were to run here.
        let mut delegated: Vec<JobId> = self.jobs.iter().filter(|(_, job)| job.on == gone && !job.orphan).map(|(id, _)| *id).collect();
        delegated.sort_unstable();
        for id in delegated {
            if let Some(job) = self.land(id) {
                self.judged(job.step, 0, unreachable(&name, &reason), None);
            }
        }
        let mut orphans: Vec<JobId> = self.jobs.iter().filter(|(_, job)| job.on == gone).map(|(id, _)| *id).collect();
        orphans.sort_unstable();
        for id in orphans {
            self.forget(id);
        }
        self.dirty.extend(std::mem::take(&mut self.hosts[gone.index()].starved));
    }
}

pub(super) fn unreachable(host: &str, reason: &str) -> Outcome {
    Outcome::without_run(Status::Unreachable, format!("{host}: {reason}"))
}
