//! Rounds: who takes part, when one begins, and when it is over.

use super::dispatcher::Dispatcher;
use super::state::{Asking, Effect, Link, RoundPhase};
use crate::event::RunEvent;
use crate::model::{After, Chosen, HostIx, RoundIx, Template};
use crate::template::RenderError;

impl Dispatcher {
    pub(super) fn start_round(&mut self, round: RoundIx) {
        if let Some(reason) = self.why_not(round) {
            return self.never_started(round, &reason);
        }
        let playbook = std::sync::Arc::clone(&self.fixed.playbook);
        let Some(confirm) = playbook.round(round).flow.confirm.as_ref().filter(|_| !self.is_dry() && !self.had_begun(round)) else {
            return self.really_start(round);
        };
        // Its question is the round's own, so it is asked in the scope of any host.
        let host = playbook.round(round).hosts.first().copied();
        let scope = host.map(|host| self.fixed.world.round_scope(round, host));
        let question = scope.map(|scope| self.fixed.engine.render(confirm, &scope));
        match question {
            None => self.really_start(round),
            Some(Ok(crate::template::Rendered::Value(question))) => {
                let question = question.as_text().map_or_else(|| confirm.source.text.clone(), str::to_owned);
                self.rounds[round.index()].phase = RoundPhase::Asking;
                self.recorder.emit(RunEvent::Asked { round, task: None, question: question.clone() });
                self.recorder.then(Effect::Ask(Asking { round, step: None, question }));
            }
            Some(Ok(crate::template::Rendered::Omit)) => self.really_start(round),
            Some(Err(error)) => {
                self.any_failed = true;
                self.never_started(round, &format!("its `confirm` can't be rendered: {error}"));
            }
        }
    }

    pub(super) fn never_started(&mut self, round: RoundIx, reason: &str) {
        self.rounds[round.index()].skipped = true;
        self.recorder.emit(RunEvent::RoundSkipped { round, reason: reason.to_owned() });
        self.round_over(round);
    }

    pub(super) fn really_start(&mut self, round: RoundIx) {
        let hosts = self.who_takes_part(round);
        let limits = [self.fixed.playbook.round(round).max_parallel, self.fixed.playbook.max_parallel];
        let limit = limits.into_iter().flatten().min().unwrap_or(usize::MAX);
        self.recorder.emit(RunEvent::RoundStarted { round, hosts: hosts.clone() });
        let effects = self.queue.start_round(round, &hosts);
        let state = &mut self.rounds[round.index()];
        state.phase = RoundPhase::Active;
        state.limit = limit;
        state.hosts = hosts;
        if effects.round_done {
            return self.end_round(round);
        }
        self.divide(round);
    }

    fn why_not(&self, round: RoundIx) -> Option<String> {
        if self.stopping(round) {
            return Some(self.why_given_up().to_owned());
        }
        let plan = self.fixed.playbook.round(round);
        if let Some(reason) = self.stopped.as_ref().filter(|_| plan.after != After::Always) {
            return Some(reason.clone());
        }
        for need in self.fixed.plan.round_needs(round) {
            let (state, name) = (&self.rounds[need.index()], &self.fixed.playbook.round(need).id);
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
        let badly = |need: &RoundIx| !self.rounds[need.index()].bad.is_empty();
        let rounds_before: Vec<RoundIx> = self.fixed.plan.rounds_before(round).filter(badly).collect();
        for host in &plan.hosts {
            let before = rounds_before.iter().find(|need| self.rounds[need.index()].bad.contains(host));
            let reason = if let Link::Gone(_) = self.seat(round, *host).link {
                Some("unreachable".to_owned())
            } else if let Some(need) = before.filter(|_| plan.after != After::Always) {
                Some(format!("failed in {}", playbook.round(*need).id))
            } else if self.is_dry() && plan.when.as_ref().is_some_and(|when| self.is_known_false(when, round, *host)) {
                Some("when".to_owned())
            } else if let Some(until) = plan.flow.chosen.as_ref().and_then(|chosen| self.chosen_later(chosen, *host)) {
                self.host_undecided(round, *host, until);
                None
            } else if let Some(reason) = plan.flow.chosen.as_ref().and_then(|chosen| self.not_chosen(chosen, *host)) {
                self.results.left_out(round, *host);
                self.recorder.emit(RunEvent::HostLeftOut { round, host: *host, reason });
                continue;
            } else if let Some(when) = &plan.when {
                match self.fixed.engine.eval_bool(when, &self.fixed.world.round_scope(round, *host)) {
                    Ok(true) => None,
                    Ok(false) => Some("when".to_owned()),
                    Err(RenderError::Pending(until)) if self.is_dry() => {
                        self.host_undecided(round, *host, until);
                        None
                    }
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

    /// Why results do not choose a host for a round; none where they do.
    fn not_chosen(&self, chosen: &Chosen, host: HostIx) -> Option<String> {
        let playbook = &self.fixed.playbook;
        let (mut bits, mut unanswered) = (0_usize, None);
        for (bit, group) in chosen.groups.iter().enumerate() {
            let Some((name, group)) = playbook.groups.get_index(*group) else { continue };
            if !group.hosts.contains(&host) {
                continue;
            }
            match self.fixed.engine.eval_bool(&group.when, &self.fixed.world.group_scope(host)) {
                Ok(true) => bits |= 1 << bit,
                Ok(false) => {}
                Err(error) => unanswered = Some(format!("nothing to choose it for `{name}` by: {error}")),
            }
        }
        let row = chosen.rows.get(&host)?;
        let is_in = row.get(bits).copied().unwrap_or(false);
        (!is_in).then(|| unanswered.unwrap_or_else(|| "not chosen".to_owned()))
    }

    fn is_known_false(&self, when: &Template, round: RoundIx, host: HostIx) -> bool {
        matches!(self.fixed.engine.eval_bool(when, &self.fixed.world.round_scope(round, host)), Ok(false))
    }

    /// In a dry run: what decides whether results choose a host; none where that is known.
    fn chosen_later(&self, chosen: &Chosen, host: HostIx) -> Option<Vec<String>> {
        let groups = chosen.groups.iter().filter_map(|group| self.fixed.playbook.groups.get_index(*group));
        let mut groups = groups.filter(|(_, group)| self.is_dry() && group.hosts.contains(&host));
        groups.find_map(|(_, group)| match self.fixed.engine.eval_bool(&group.when, &self.fixed.world.group_scope(host)) {
            Err(RenderError::Pending(until)) => Some(until),
            _ => None,
        })
    }

    /// Lets as many hosts begin as `max_parallel` allows.
    pub(super) fn let_hosts_in(&mut self, round: RoundIx) {
        let at_work: usize = self.rounds.iter().map(|round| round.admitted.len()).sum();
        let whole = self.fixed.playbook.max_parallel.unwrap_or(usize::MAX).saturating_sub(at_work);
        let state = &mut self.rounds[round.index()];
        let room = state.limit.saturating_sub(state.admitted.len()).min(whole);
        let (mut let_in, mut admitted) = (0, Vec::new());
        while let_in < room {
            let Some(host) = state.queued.pop_front() else { break };
            // One that was lost while it waited has nothing left to do, and would never be let out.
            if self.queue.unfinished(round, host).next_back().is_some() {
                state.admitted.insert(host);
                admitted.push(host);
                self.dirty.insert((round, host));
                let_in += 1;
            }
        }
        admitted.into_iter().for_each(|host| self.pay(round, host));
    }

    /// Takes a host out of the count when all its steps of a round are over.
    pub(super) fn maybe_let_out(&mut self, round: RoundIx, host: HostIx) {
        // The last is over last, mostly.
        if self.rounds[round.index()].admitted.contains(&host) && self.queue.unfinished(round, host).next_back().is_none() {
            self.rounds[round.index()].admitted.remove(&host);
            for index in 0..self.rounds.len() {
                if !self.rounds[index].queued.is_empty() {
                    self.let_hosts_in(RoundIx::new(index));
                }
            }
        }
        self.maybe_next_batch(round);
    }

    pub(super) fn end_round(&mut self, round: RoundIx) {
        if self.rounds[round.index()].phase != RoundPhase::Ended {
            self.recorder.emit(RunEvent::RoundEnded { round });
            self.round_over(round);
        }
    }

    pub(super) fn round_over(&mut self, round: RoundIx) {
        self.rounds[round.index()].phase = RoundPhase::Ended;
        self.results.round_ended(round);
        self.recorder.then(Effect::RoundOver(round));
    }
}
