//! What was cleaned up in a run although work was left there: `finally`, `rescue` or `always` have run.

use std::collections::HashMap;

use super::remaining::Stand;
use super::{AfterCleanup, Carried, Known, can_be_carried};
use crate::event::{Cleaned, PastStep, PastTurn};
use crate::model::{Part, Playbook, Round, Section, StepId, TaskIx};

impl Carried {
    /// Finds where something was cleaned up although work is left, and begins that anew where it is to.
    pub(super) fn clean_up(&mut self, runs: &[Known<'_>], playbook: &Playbook, how: AfterCleanup) {
        let Some(Some((last, _, keys))) = runs.last() else { return };
        let past: HashMap<StepId, &PastStep> = last.steps.iter().filter_map(|(was, past)| Some((keys.step(*was)?, past))).collect();
        for cleaned in last.cleaned() {
            let cleaned = match cleaned {
                Cleaned::Round(round, host) => keys.round(round).zip(keys.host(host)).map(|(round, host)| Cleaned::Round(round, host)),
                Cleaned::Block(round, block, host) => match (keys.round(round), keys.block(round, block), keys.host(host)) {
                    (Some(round), Some(block), Some(host)) => Some(Cleaned::Block(round, block, host)),
                    _ => None,
                },
            };
            let Some(cleaned) = cleaned else { continue };
            let (round_ix, host) = match cleaned {
                Cleaned::Round(round, host) | Cleaned::Block(round, _, host) => (round, host),
            };
            let round = playbook.round(round_ix);
            let (mut body, mut cleaners) = (Vec::new(), Vec::new());
            for task in (0..round.tasks.len()).map(TaskIx::new) {
                match place_in(round, task, cleaned) {
                    Some(false) => body.push(StepId { round: round_ix, task, host }),
                    Some(true) => cleaners.push(StepId { round: round_ix, task, host }),
                    None => {}
                }
            }
            let left = |step: &StepId| {
                let task = playbook.task(step.round, step.task);
                let needed = task.flow.left_out.is_none() && can_be_carried(&task.verb) && self.is_needed(*step, round);
                needed && self.is_left(*step, round, &past)
            };
            if !body.iter().any(left) {
                continue;
            }
            self.cleaned.insert(cleaned);
            let mut anew = cleaners;
            if how == AfterCleanup::Restart {
                anew.extend(body);
            }
            for step in anew {
                self.forget(step, round);
            }
        }
    }

    /// Lets a step be done anew. What it had notified and has not run is run first: the step may find nothing to do now.
    fn forget(&mut self, step: StepId, round: &Round) {
        let key = (step.round, step.host, step.task);
        for notify in &round.tasks[step.task.index()].flow.notify {
            let handler = (step.round, step.host, notify.handler);
            if self.pending.contains(&handler) && self.due.insert(handler) {
                self.steps.remove(&StepId { task: notify.handler, ..step });
            }
        }
        if round.handlers.contains(&step.task) && !self.pending.contains(&key) {
            self.paid.remove(&key);
        }
        self.steps.remove(&step);
        self.over.remove(&step);
    }

    /// Says whether a step of a run that had come to its cleaning up is still to be done.
    fn is_left(&self, step: StepId, round: &Round, last: &HashMap<StepId, &PastStep>) -> bool {
        if round.handlers.contains(&step.task) {
            return self.pending.contains(&(step.round, step.host, step.task));
        }
        if !matches!(self.stands(step, round), Stand::Left | Stand::Unknown | Stand::Blocked) {
            return false;
        }
        // One that a failure kept from running has an end in the record that is not carried over.
        let blocked = |turn: &PastTurn| turn.end.as_ref().is_some_and(|end| end.outcome.blocked);
        !last.get(&step).is_some_and(|past| past.turns.values().next_back().is_some_and(blocked))
    }
}

/// Whether a task belongs to what was cleaned up (false), or to its cleaning up (true).
fn place_in(round: &Round, task: TaskIx, cleaned: Cleaned) -> Option<bool> {
    match cleaned {
        Cleaned::Round(..) => Some(round.tasks[task.index()].flow.home.section == Section::Finally),
        Cleaned::Block(_, block, _) => {
            let (_, part) = round.around(round.home(task)).find(|(around, _)| *around == block)?;
            Some(part != Part::Body)
        }
    }
}
