//! Rounds: who takes part, when one begins, when it is over, and what giving up means for them.

use super::Interrupt;
use super::dispatcher::Dispatcher;
use super::state::{Effect, Link, Phase, RoundPhase};
use crate::event::{Outcome, RunEvent, Status};
use crate::model::{After, HostIx, RoundIx, StepId};

impl Dispatcher {
    /// Says whether a round's steps that have not begun are to be left.
    pub(super) fn stopping(&self, round: RoundIx) -> bool {
        let always = self.fixed.playbook.round(round).after == After::Always;
        self.recorder.failure().is_some() || self.stage >= 2 || (self.stage == 1 && !always)
    }

    /// Why what has not begun is left.
    pub(super) fn why_given_up(&self) -> &'static str {
        if self.recorder.failure().is_some() { "the record can't be written" } else { "the run was interrupted" }
    }

    pub(super) fn start_round(&mut self, round: RoundIx) {
        if let Some(reason) = self.why_not(round) {
            self.rounds[round.index()].skipped = true;
            self.recorder.emit(RunEvent::RoundSkipped { round, reason });
            self.round_over(round);
            return;
        }
        let hosts = self.who_takes_part(round);
        let limits = [self.fixed.playbook.round(round).max_parallel, self.fixed.playbook.max_parallel];
        let limit = limits.into_iter().flatten().min().unwrap_or(usize::MAX);
        self.recorder.emit(RunEvent::RoundStarted { round, hosts: hosts.clone() });
        let effects = self.queue.start_round(round, &hosts);
        let state = &mut self.rounds[round.index()];
        state.phase = RoundPhase::Active;
        state.limit = limit;
        state.queued = hosts.iter().copied().collect();
        state.hosts = hosts;
        self.let_hosts_in(round);
        if effects.round_done {
            self.end_round(round);
        }
    }

    fn why_not(&self, round: RoundIx) -> Option<String> {
        if self.stopping(round) {
            return Some(self.why_given_up().to_owned());
        }
        let plan = self.fixed.playbook.round(round);
        for need in self.fixed.plan.round_needs(round) {
            let (state, name) = (&self.rounds[need.index()], &self.fixed.playbook.round(*need).id);
            let reason = match plan.after {
                After::Always => continue,
                _ if state.skipped => format!("`{name}`, which it needs, did not run"),
                After::All if !state.bad.is_empty() => format!("`{name}`, which it needs, did not end well on every host"),
                After::Some if !state.hosts.is_empty() && state.hosts.iter().all(|host| state.bad.contains(host)) => {
                    format!("`{name}`, which it needs, ended well on no host")
                }
                After::Some if state.hosts.is_empty() && !state.bad.is_empty() => {
                    format!("`{name}`, which it needs, ended well on no host")
                }
                After::All | After::Some => continue,
            };
            return Some(reason);
        }
        None
    }

    fn who_takes_part(&mut self, round: RoundIx) -> Vec<HostIx> {
        let playbook = std::sync::Arc::clone(&self.fixed.playbook);
        let plan = playbook.round(round);
        let mut hosts = Vec::with_capacity(plan.hosts.len());
        let rounds_before = self.fixed.plan.rounds_before(round);
        for host in &plan.hosts {
            let before = rounds_before.iter().find(|need| self.rounds[need.index()].bad.contains(host));
            let reason = if let Link::Gone(_) = self.hosts[host.index()].link {
                Some("unreachable".to_owned())
            } else if let Some(need) = before.filter(|_| plan.after != After::Always) {
                Some(format!("failed in {}", playbook.round(*need).id))
            } else if let Some(when) = &plan.when {
                match self.fixed.engine.eval_bool(when, &self.fixed.world.round_scope(round, *host)) {
                    Ok(true) => None,
                    Ok(false) => Some("when".to_owned()),
                    Err(error) => {
                        self.host_failed(*host);
                        Some(format!("its `when` can't be answered: {error}"))
                    }
                }
            } else {
                None
            };
            match reason {
                None => hosts.push(*host),
                Some(reason) => {
                    if reason != "when" {
                        self.rounds[round.index()].bad.insert(*host);
                    }
                    self.results.left_out(round, *host);
                    self.recorder.emit(RunEvent::HostLeftOut { round, host: *host, reason });
                }
            }
        }
        hosts
    }

    /// Lets as many hosts begin as `max_parallel` allows.
    pub(super) fn let_hosts_in(&mut self, round: RoundIx) {
        let at_work: usize = self.rounds.iter().map(|round| round.admitted.len()).sum();
        let whole = self.fixed.playbook.max_parallel.unwrap_or(usize::MAX).saturating_sub(at_work);
        let state = &mut self.rounds[round.index()];
        let room = state.limit.saturating_sub(state.admitted.len()).min(whole);
        let mut let_in = 0;
        while let_in < room {
            let Some(host) = state.queued.pop_front() else { break };
            // One that was lost while it waited has nothing left to do, and would never be let out.
            if self.queue.unfinished(round, host).next().is_some() {
                state.admitted.insert(host);
                self.dirty.insert((round, host));
                let_in += 1;
            }
        }
    }

    /// Takes a host out of the count when all its steps of a round are over.
    pub(super) fn maybe_let_out(&mut self, round: RoundIx, host: HostIx) {
        if self.rounds[round.index()].admitted.contains(&host) && self.queue.unfinished(round, host).next().is_none() {
            self.rounds[round.index()].admitted.remove(&host);
            for index in 0..self.rounds.len() {
                if !self.rounds[index].queued.is_empty() {
                    self.let_hosts_in(RoundIx::new(index));
                }
            }
        }
    }

    pub(super) fn end_round(&mut self, round: RoundIx) {
        if self.rounds[round.index()].phase != RoundPhase::Ended {
            self.recorder.emit(RunEvent::RoundEnded { round });
            self.round_over(round);
        }
    }

    fn round_over(&mut self, round: RoundIx) {
        self.rounds[round.index()].phase = RoundPhase::Ended;
        self.results.round_ended(round);
        self.recorder.then(Effect::RoundOver(round));
    }

    /// Takes in that somebody wants the run to stop; true means: leave now.
    pub(super) fn interrupt(&mut self, interrupt: Interrupt) -> bool {
        self.stage = self.stage.saturating_add(1).min(3);
        self.signal = Some(interrupt);
        self.recorder.emit(RunEvent::Interrupted { stage: self.stage, signal: interrupt.word().to_owned() });
        match self.stage {
            1 => {
                self.stop_what_waits();
                for host in 0..self.hosts.len() {
                    for slot in 0..self.hosts[host].slots.len() {
                        self.recall(HostIx::new(host), slot);
                    }
                }
                self.tell_all(|| super::worker::ToWorker::Withdraw);
            }
            2 => {
                self.stop_what_waits();
                self.tell_all(|| super::worker::ToWorker::Terminate);
            }
            _ => return true,
        }
        false
    }

    fn tell_all(&self, word: impl Fn() -> super::worker::ToWorker) {
        for worker in self.hosts.iter().filter_map(|host| host.worker.as_ref()) {
            // A worker that is gone has nothing left to stop.
            let _ = worker.send(word());
        }
    }

    /// Ends every step that was not handed to a host, in the rounds that are to stop.
    pub(super) fn stop_what_waits(&mut self) {
        let reason = self.why_given_up();
        for index in 0..self.rounds.len() {
            let round = RoundIx::new(index);
            if self.rounds[index].phase == RoundPhase::Active && self.stopping(round) {
                for host in self.rounds[index].hosts.clone() {
                    let steps: Vec<StepId> = self
                        .queue
                        .unfinished(round, host)
                        .filter(|step| !matches!(self.phases.get(step), Some(Phase::Flying(_) | Phase::Judged)))
                        .collect();
                    for step in steps {
                        self.judged(step, 0, Outcome::without_run(Status::Cancelled, reason), None);
                    }
                }
            }
        }
    }

    /// Gives every step that has no outcome one, when the run is left in the middle.
    pub(super) fn settle_the_rest(&mut self) {
        for index in 0..self.rounds.len() {
            let round = RoundIx::new(index);
            if self.rounds[index].phase != RoundPhase::Active {
                continue;
            }
            for host in self.rounds[index].hosts.clone() {
                let steps: Vec<StepId> = self.queue.unfinished(round, host).collect();
                for step in steps {
                    let (status, reason) = match self.phases.get(&step) {
                        Some(Phase::Judged) => continue,
                        Some(Phase::Flying(_)) => (Status::Unknown, "the run was left while it was on its way or running"),
                        None => (Status::Cancelled, "the run was interrupted"),
                    };
                    self.judged(step, u32::from(status == Status::Unknown), Outcome::without_run(status, reason), None);
                }
            }
        }
    }
}

impl Interrupt {
    /// The signal's name without `SIG`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Interrupt::Int => "INT",
            Interrupt::Term => "TERM",
            Interrupt::Hup => "HUP",
        }
    }

    pub(super) fn exit_code(self) -> u8 {
        match self {
            Interrupt::Int => 130,
            Interrupt::Term | Interrupt::Hup => 143,
        }
    }
}
