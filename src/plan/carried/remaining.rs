//! What a resumed run has left, task by task, for people and as JSON.

use serde::Serialize;

use super::{Carried, CarriedTurn, is_failure};
use crate::model::{HostIx, Inventory, Part, Playbook, Round, RoundIx, Section, StepId, TaskIx};
use crate::text::{fold_names, plural};

/// What is left of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remaining {
    /// The run that is resumed.
    pub run: String,
    /// Round by round.
    pub rounds: Vec<RemainingRound>,
    /// Handlers that are pending.
    pub pending: Vec<PendingHandlers>,
    /// Steps that are left, handlers aside.
    pub left: usize,
    /// All steps, handlers aside.
    pub steps: usize,
}

/// What is left of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemainingRound {
    /// Its id.
    pub round: String,
    /// Its tasks, but handlers.
    pub tasks: Vec<RemainingTask>,
}

/// Where a task stands on its hosts, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RemainingTask {
    /// Its name.
    pub task: String,
    /// It ended well, or had nothing to do.
    pub done: Vec<String>,
    /// It failed, and that stays.
    pub failed: Vec<String>,
    /// It stays undone, since what it needs failed.
    pub blocked: Vec<String>,
    /// How it ended is not known.
    pub unknown: Vec<String>,
    /// True where that settles itself: it changes nothing, asks first, or has a guard.
    pub settles_itself: bool,
    /// It is to be done.
    pub left: Vec<String>,
}

/// A handler that is pending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PendingHandlers {
    /// `patch/reload`.
    pub handler: String,
    /// On which hosts.
    pub hosts: Vec<String>,
}

impl Carried {
    /// What is left to do.
    #[must_use]
    pub fn remaining(&self, playbook: &Playbook, inventory: &Inventory) -> Remaining {
        let name = |host: &HostIx| inventory.host(*host).name.clone();
        let mut remaining = Remaining { run: self.resumes.run.clone(), rounds: Vec::new(), pending: Vec::new(), left: 0, steps: 0 };
        for (index, round) in playbook.rounds.iter().enumerate() {
            let index = RoundIx::new(index);
            let mut tasks = Vec::new();
            for (number, task) in round.tasks.iter().enumerate() {
                let number = TaskIx::new(number);
                if task.flow.home.section == Section::Handlers {
                    let hosts: Vec<String> =
                        round.hosts.iter().filter(|host| self.pending.contains(&(index, **host, number))).map(name).collect();
                    if !hosts.is_empty() {
                        remaining.pending.push(PendingHandlers { handler: format!("{}/{}", round.id, task.name), hosts });
                    }
                    continue;
                }
                if task.flow.left_out.is_some() {
                    continue;
                }
                let settles_itself = task.settles_itself();
                let mut here = RemainingTask { task: task.name.clone(), settles_itself, ..RemainingTask::default() };
                for host in &round.hosts {
                    let step = StepId { round: index, task: number, host: *host };
                    if !self.is_needed(step, round) {
                        continue;
                    }
                    remaining.steps += 1;
                    let list = match self.stands(step, round) {
                        Stand::Done => &mut here.done,
                        Stand::Failed => &mut here.failed,
                        Stand::Blocked => &mut here.blocked,
                        Stand::Unknown => &mut here.unknown,
                        Stand::Left => &mut here.left,
                    };
                    list.push(name(host));
                }
                remaining.left += here.left.len() + here.unknown.len();
                if here.lists().iter().any(|(list, _)| !list.is_empty()) {
                    tasks.push(here);
                }
            }
            remaining.rounds.push(RemainingRound { round: round.id.clone(), tasks });
        }
        remaining
    }

    /// The last turn of a step of which anything is known.
    fn last_turn(&self, step: StepId) -> Option<&CarriedTurn> {
        self.steps.get(&step)?.values().rfind(|turn| !turn.is_empty())
    }

    /// Where a step stands.
    pub(super) fn stands(&self, step: StepId, round: &Round) -> Stand {
        let last = self.last_turn(step);
        if last.is_some_and(|turn| !turn.open.is_empty()) {
            return Stand::Unknown;
        }
        match self.over.get(&step) {
            Some(true) => return Stand::Failed,
            Some(false) if self.is_whole(step, round) => return Stand::Done,
            Some(false) => return Stand::Left,
            None if self.blocked.contains(&step) => return Stand::Blocked,
            None => {}
        }
        // Nobody knows whether another pass was to follow.
        let Some(turn) = last.filter(|_| !round.repeats(round.home(step.task))) else { return Stand::Left };
        match &turn.end {
            Some(end) if is_failure(&end.outcome) => Stand::Failed,
            Some(_) => Stand::Done,
            None if turn.all_items => Stand::Done,
            None => Stand::Left,
        }
    }

    /// Says whether all items of a step that ended well are done, and all passes of the blocks around it: one that an
    /// interrupted run broke off has an end all the same.
    fn is_whole(&self, step: StepId, round: &Round) -> bool {
        let items = self.last_turn(step).is_none_or(|turn| turn.items.is_empty() || turn.all_items);
        let passes = round.around(round.home(step.task)).all(|(block, _)| {
            let last = self.passes.get(&(step.round, block, step.host)).and_then(|passes| passes.last()?.as_ref());
            last.is_none_or(|item| item.index + 1 >= item.of)
        });
        items && passes
    }

    /// Says whether a step was to be done at all, as far as the record tells: its round chose its host, and what a `rescue`
    /// is there for has come to pass.
    pub(super) fn is_needed(&self, step: StepId, round: &Round) -> bool {
        if self.steps.contains_key(&step) || self.over.contains_key(&step) || self.blocked.contains(&step) {
            return true;
        }
        if self.left_out.contains(&(step.round, step.host)) {
            return false;
        }
        let mut rescues = round.around(round.home(step.task)).filter(|(_, part)| *part == Part::Rescue);
        rescues.all(|(block, _)| {
            let ended = self.blocks.contains_key(&(step.round, block, step.host));
            let failed = |task: usize| {
                let other = StepId { task: TaskIx::new(task), ..step };
                let in_body = round.around(round.home(other.task)).any(|around| around == (block, Part::Body));
                in_body && matches!(self.stands(other, round), Stand::Failed)
            };
            !ended && (0..round.tasks.len()).any(failed)
        })
    }
}

/// Where a step stands.
pub(super) enum Stand {
    Done,
    Failed,
    Blocked,
    Unknown,
    Left,
}

impl Remaining {
    /// Says whether nothing is left.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.left == 0 && self.pending.is_empty()
    }

    /// For people, a task a line; rounds of which nothing is left in one.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        let mut text = String::new();
        for round in &self.rounds {
            let idle = round.tasks.iter().all(|task| task.left.is_empty() && task.unknown.is_empty() && task.failed.is_empty());
            if idle {
                text.push_str(&format!("{}: nothing is left\n", round.round));
                continue;
            }
            text.push_str(&format!("{}:\n", round.round));
            for task in &round.tasks {
                text.push_str(&format!("  {}\n", crate::text::visible(&task.task)));
                for (list, what) in task.lists() {
                    if !list.is_empty() {
                        let names: Vec<&str> = list.iter().map(String::as_str).collect();
                        let line = format!("{what}{}", fold_names(&names));
                        text.push_str(&format!("    {}\n", crate::text::one_line(&line, width.saturating_sub(4).max(40))));
                    }
                }
            }
        }
        for pending in &self.pending {
            let names: Vec<&str> = pending.hosts.iter().map(String::as_str).collect();
            text.push_str(&format!("pending handler {}: {}\n", crate::text::visible(&pending.handler), fold_names(&names)));
        }
        text.push_str(&format!("\n{} of {} left\n", self.left, plural(self.steps, "step")));
        text
    }
}

impl RemainingTask {
    fn lists(&self) -> [(&[String], &'static str); 5] {
        let unknown = if self.settles_itself { "unknown, asked again:  " } else { "unknown, to be settled: " };
        [
            (&self.left, "to do:    "),
            (&self.unknown, unknown),
            (&self.failed, "failed, stays (--failed does it again): "),
            (&self.blocked, "behind a failure: "),
            (&self.done, "done:     "),
        ]
    }
}
