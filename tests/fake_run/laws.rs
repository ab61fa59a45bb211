//! What holds of every run, told from its events and the plan alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::bench::Ran;
use roundsman::event::{BlockStatus, RunEvent, Status};
use roundsman::model::{Gate, HostIx, Part, Round, RoundIx, Section, StepId, Task, TaskIx};
use roundsman::plan::Wait;

/// What befalls a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weather {
    /// `b` refuses so many connections; 0: all.
    pub(crate) refused: Option<u8>,
    pub(crate) lose: Option<u8>,
    pub(crate) interrupts: Vec<u64>,
    pub(crate) lanes: usize,
    pub(crate) record: Option<usize>,
    pub(crate) answer: Option<bool>,
}

/// Checks all of it.
pub(crate) fn hold(ran: &Ran, weather: &Weather) {
    assert!(ran.events.iter().enumerate().all(|(at, event)| event.seq == at as u64));
    assert!(matches!(ran.events.last().map(|event| &event.kind), Some(RunEvent::RunEnded(_))));
    assert_eq!(ran.events, ran.told);
    let seen = Seen::of(ran);
    every_step_ends_once(ran, &seen);
    attempts_are_numbered(ran);
    needs_come_first(ran);
    nothing_held_is_exceeded(ran);
    notified_handlers_and_finally_run(ran, &seen);
    the_exit_code_says_it(ran, &seen, weather);
}

#[derive(Default)]
struct Seen {
    taking_part: BTreeSet<(RoundIx, HostIx)>,
    began_at: BTreeMap<StepId, usize>,
    ends: BTreeMap<StepId, Vec<(usize, u32, Status)>>,
    lost: BTreeSet<HostIx>,
    /// Rounds in which `max_wait` was over for somebody.
    late: BTreeSet<RoundIx>,
    stage: u8,
    record_failed: bool,
    stopped: bool,
    refused: bool,
}

impl Seen {
    fn of(ran: &Ran) -> Seen {
        let mut seen = Seen { record_failed: ran.report.record.is_err(), ..Seen::default() };
        for (at, event) in ran.events.iter().enumerate() {
            match &event.kind {
                RunEvent::RoundStarted { round, hosts } => seen.taking_part.extend(hosts.iter().map(|host| (*round, *host))),
                RunEvent::HostLeftOut { round, host, reason } => {
                    seen.taking_part.remove(&(*round, *host));
                    if reason.contains("max_wait") {
                        seen.late.insert(*round);
                    }
                }
                RunEvent::StepBegan { step, .. } => drop(seen.began_at.insert(*step, at)),
                RunEvent::StepEnded { step, attempt, outcome } => {
                    seen.ends.entry(*step).or_default().push((at, *attempt, outcome.status));
                    if outcome.reason.as_ref().is_some_and(|reason| reason.contains("max_wait")) {
                        seen.late.insert(step.round);
                    }
                }
                RunEvent::HostUnreachable { host, .. } | RunEvent::HostLost { host, .. } => drop(seen.lost.insert(*host)),
                // It came back.
                RunEvent::HostConnected { host, .. } => drop(seen.lost.remove(host)),
                RunEvent::Interrupted { stage, .. } => seen.stage = *stage,
                RunEvent::Stopped { .. } => seen.stopped = true,
                RunEvent::Answered { yes: false, by, .. } if !by.contains("max_wait") => seen.refused = true,
                _ => {}
            }
        }
        seen
    }

    fn is_calm(&self) -> bool {
        self.stage == 0 && !self.record_failed
    }
}

fn around(round: &Round, task: &Task) -> Vec<(roundsman::model::BlockIx, Part)> {
    std::iter::successors(task.flow.home.block, |(block, _)| round.blocks[block.index()].home.block).collect()
}

fn every_step_ends_once(ran: &Ran, seen: &Seen) {
    for (round, host) in &seen.taking_part {
        let plan = ran.playbook.round(*round);
        for (index, task) in plan.tasks.iter().enumerate() {
            let step = StepId { round: *round, host: *host, task: TaskIx::new(index) };
            let ends = seen.ends.get(&step).map_or(0, Vec::len);
            let home = task.flow.home;
            if home.section == Section::Handlers {
                let attempts: Vec<u32> =
                    seen.ends.get(&step).into_iter().flatten().map(|(_, attempt, _)| *attempt).filter(|attempt| *attempt > 0).collect();
                assert!(attempts.is_sorted_by(|one, other| one < other), "{} ends as {attempts:?}", task.name);
                continue;
            }
            assert!(ends <= 1, "{} of {host:?} ended {ends} times", task.name);
            let parts = around(plan, task);
            let needed = home.section == Section::Tasks && !parts.iter().any(|(_, part)| *part != Part::Body);
            let always = !parts.iter().any(|(_, part)| *part == Part::Rescue) && home.section == Section::Tasks;
            if needed || (always && seen.is_calm() && !seen.lost.contains(host) && !seen.late.contains(round)) {
                assert_eq!(ends, 1, "{} of {host:?} never ended", task.name);
            }
        }
    }
    for (step, ends) in &seen.ends {
        if ends.iter().all(|(_, attempt, _)| *attempt == 0) {
            assert!(!seen.began_at.contains_key(step), "{step:?} began, and its end says that it never ran: {ends:?}");
        }
    }
}

fn attempts_are_numbered(ran: &Ran) {
    let mut known: BTreeMap<StepId, BTreeSet<u32>> = BTreeMap::new();
    let mut sent: BTreeSet<(StepId, u32)> = BTreeSet::new();
    let mut ended: BTreeSet<(StepId, u32)> = BTreeSet::new();
    for event in &ran.events {
        match &event.kind {
            RunEvent::StepSent { step, attempt, .. } => {
                assert!(!ended.contains(&(*step, *attempt)), "{step:?} {attempt} is sent after its end");
                sent.insert((*step, *attempt));
                known.entry(*step).or_default().insert(*attempt);
            }
            RunEvent::StepBegan { step, attempt } => assert!(sent.contains(&(*step, *attempt)), "{step:?} {attempt} began unsent"),
            RunEvent::StepOutput { step, attempt, .. } => {
                known.entry(*step).or_default().insert(*attempt);
                assert!(*attempt > 0 && !ended.contains(&(*step, *attempt)), "{step:?} {attempt} prints after its end");
            }
            RunEvent::AttemptEnded { step, attempt, .. } => {
                assert!(*attempt > 0, "{step:?}");
                assert!(ended.insert((*step, *attempt)), "{step:?} {attempt} ends twice");
                known.entry(*step).or_default().insert(*attempt);
            }
            RunEvent::StepEnded { step, attempt, .. } if *attempt > 0 => drop(known.entry(*step).or_default().insert(*attempt)),
            _ => {}
        }
    }
    for (step, known) in known {
        let gap = known.iter().zip(1..).find(|(attempt, number)| **attempt != *number);
        assert!(gap.is_none(), "{step:?} has attempts {known:?}");
    }
}

fn needs_come_first(ran: &Ran) {
    let mut over: BTreeSet<StepId> = BTreeSet::new();
    for event in &ran.events {
        match &event.kind {
            RunEvent::StepBegan { step, .. } => {
                let plan = ran.playbook.round(step.round);
                let mut stack = vec![step.task];
                while let Some(node) = stack.pop() {
                    for (need, wait) in ran.plan.node_waits(step.round, node) {
                        let need_step = StepId { task: *need, ..*step };
                        match plan.gate(*need) {
                            Some(Gate::Enter(_)) => stack.push(*need),
                            Some(_) => {}
                            // A print says its words when its turn comes; nothing waits for it to have said them.
                            None if matches!(plan.tasks[need.index()].verb, roundsman::model::Verb::Print(_)) => {}
                            None => assert!(*wait == Wait::Over || over.contains(&need_step), "{step:?} began before {need_step:?}"),
                        }
                    }
                }
            }
            RunEvent::StepEnded { step, .. } | RunEvent::AttemptEnded { step, .. } => drop(over.insert(*step)),
            _ => {}
        }
    }
}

fn nothing_held_is_exceeded(ran: &Ran) {
    // By execution: the hosts that it runs on.
    let mut running: BTreeMap<(StepId, u32), BTreeSet<HostIx>> = BTreeMap::new();
    let mut places: BTreeMap<(StepId, u32), HostIx> = BTreeMap::new();
    for event in &ran.events {
        match &event.kind {
            RunEvent::StepSent { step, attempt, on, .. } => drop(places.insert((*step, *attempt), on.unwrap_or(step.host))),
            RunEvent::StepBegan { step, attempt } => {
                let place = places[&(*step, *attempt)];
                running.entry((*step, *attempt)).or_default().insert(place);
                let flow = &ran.playbook.task(step.round, step.task).flow;
                for ((other, _), on) in &running {
                    let lock = &ran.playbook.task(other.round, other.task).flow.lock;
                    let overlaps = other != step && flow.lock.is_some() && *lock == flow.lock && on.contains(&place);
                    assert!(!overlaps, "{step:?} and {other:?} hold one lock on {place:?}");
                }
                if let Some(most) = flow.throttle {
                    let at_work: BTreeSet<HostIx> = running
                        .keys()
                        .filter(|(other, _)| (other.round, other.task) == (step.round, step.task))
                        .map(|(other, _)| other.host)
                        .collect();
                    assert!(at_work.len() <= most, "{step:?}: {at_work:?} at once");
                }
            }
            RunEvent::AttemptEnded { step, attempt, .. } => drop(running.remove(&(*step, *attempt))),
            RunEvent::StepEnded { step, .. } => running.retain(|(other, _), _| other != step),
            _ => {}
        }
    }
}

fn notified_handlers_and_finally_run(ran: &Ran, seen: &Seen) {
    for (at, event) in ran.events.iter().enumerate() {
        if let RunEvent::Notified { round, host, handler, .. } = &event.kind
            && seen.is_calm()
            && !seen.lost.contains(host)
            && !seen.late.contains(round)
        {
            let step = StepId { round: *round, task: *handler, host: *host };
            assert!(seen.ends.get(&step).is_some_and(|ends| ends.iter().any(|(end, ..)| *end > at)), "{step:?} was notified and never ran");
        }
    }
    if seen.stage >= 2 || seen.record_failed {
        return;
    }
    let begun: BTreeSet<(RoundIx, HostIx)> = seen.began_at.keys().map(|step| (step.round, step.host)).collect();
    for (round, host) in begun {
        for (index, task) in ran.playbook.round(round).tasks.iter().enumerate() {
            if task.flow.home.section == Section::Finally && task.flow.home.block.is_none() {
                let step = StepId { round, task: TaskIx::new(index), host };
                assert!(seen.ends.contains_key(&step), "{step:?} of `finally` never ended");
            }
        }
    }
}

fn the_exit_code_says_it(ran: &Ran, seen: &Seen, weather: &Weather) {
    let bad = |wanted: &dyn Fn(StepId, &roundsman::event::Outcome) -> bool| {
        ran.count(|event| matches!(event, RunEvent::StepEnded { step, outcome, .. } if !outcome.allowed && wanted(*step, outcome))) > 0
    };
    let tentative = |step: StepId| {
        let plan = ran.playbook.round(step.round);
        let parts = around(plan, &plan.tasks[step.task.index()]);
        parts.iter().any(|(block, part)| {
            let block = &plan.blocks[block.index()];
            (*part == Part::Body && block.rescue) || block.allow_failure || block.retry.is_some()
        })
    };
    let left_out = |event: &RunEvent| matches!(event, RunEvent::HostLeftOut { reason, .. } if reason.contains("answered"));
    if weather.record.is_some_and(|most| ran.events.len() <= most + 1) {
        // Only the end itself may not have been recorded, which nothing in it can tell.
        return;
    }
    match ran.report.end.exit_code {
        130 => assert!(seen.stage > 0 && !weather.interrupts.is_empty()),
        1 | 8 => assert!(seen.stage == 0 && seen.record_failed),
        6 => assert!(seen.is_calm() && (seen.stopped || seen.refused)),
        4 => {
            assert!(seen.is_calm() && !seen.stopped && !seen.refused);
            let block = ran.count(|event| matches!(event, RunEvent::BlockEnded { status: BlockStatus::Failed, .. })) > 0;
            let failed = bad(&|_, outcome| matches!(outcome.status, Status::Failed | Status::Unknown));
            assert!(block || failed || !seen.late.is_empty() || ran.count(left_out) > 0, "nothing failed");
        }
        code @ (0 | 5) => {
            assert!(seen.is_calm() && !seen.stopped && !seen.refused);
            assert!(!bad(&|_, outcome| outcome.status == Status::Unknown));
            assert!(!bad(&|step, outcome| outcome.status == Status::Failed && !tentative(step)), "a failure that nothing made good");
            let unreachable = bad(&|_, outcome| outcome.status == Status::Unreachable) || !seen.lost.is_empty();
            assert_eq!(unreachable, code == 5);
        }
        code => panic!("exit code {code}"),
    }
}
