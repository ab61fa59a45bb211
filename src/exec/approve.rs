//! What a saved plan allows: a step does what the plan says of it, or fails as stale before it does anything else.
//!
//! A step of which the plan says something is asked first, and acts only when the answer is the approved one. What the plan does not know it
//! leaves to the step's own guards.

use std::collections::HashMap;
use std::sync::Arc;

use super::dispatcher::Dispatcher;
use super::look::answer_of;
use super::state::JobState;
use crate::event::{Answer, Difference, Outcome, Status};
use crate::model::{Part, StepId, Task, Verb};
use crate::plan::{Body, CopySource, Prepared, StepResult};
use crate::resource::CopyPlan;

/// What steps may do.
#[derive(Debug, Clone, Default)]
pub struct Approvals(HashMap<StepId, (Answer, Vec<Difference>)>);

impl Approvals {
    /// From what a dry run told of each step.
    #[must_use]
    pub fn of<'a>(outcomes: impl IntoIterator<Item = (&'a StepId, &'a Outcome)>) -> Approvals {
        let known = outcomes.into_iter().filter_map(|(step, outcome)| {
            let forecast = outcome.forecast.as_ref()?;
            Some((*step, (forecast.answer, outcome.differences.clone())))
        });
        Approvals(known.collect())
    }

    fn answer(&self, step: StepId) -> Option<Answer> {
        self.0.get(&step).map(|(answer, _)| *answer)
    }
}

/// What a step said when it asked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) outcome: Outcome,
    pub(super) result: StepResult,
    pub(super) differences: Vec<Difference>,
    /// What an edit is to write.
    pub(super) write: Option<Box<(CopyPlan, Vec<u8>)>>,
}

impl Dispatcher {
    /// Says whether a step has to ask before it acts, so that it does no more than was approved.
    pub(super) fn asks_leave(&self, step: StepId, task: &Task, prepared: &Prepared) -> bool {
        let Some(approved) = self.approved.as_ref().and_then(|approved| approved.answer(step)) else { return false };
        let unit = self.repeats.contains_key(&step).then_some(0);
        if task.flow.each.is_none() && self.attempt((step, unit)) > 1 {
            // What was approved was the first time; another follows from what became of that.
            return false;
        }
        match approved {
            _ if task.only_reads() => false,
            Answer::Nothing => true,
            // What has items was approved as a whole; each of them has its own guards.
            Answer::Changes | Answer::Runs if task.flow.each.is_some() || self.is_in_passes(step) => false,
            Answer::Changes => true,
            Answer::Runs => !prepared.guards.is_empty(),
            Answer::Reads | Answer::Unknown | Answer::Fails => false,
        }
    }

    /// Says why a step that its condition leaves out is not what was approved; none where it is.
    pub(super) fn left_out_unasked(&self, step: StepId, task: &Task) -> Option<Outcome> {
        if task.flow.each.is_some() || self.is_in_passes(step) {
            // Some of its items may be left out.
            return None;
        }
        let approved = self.approved.as_ref().and_then(|approved| approved.answer(step))?;
        matches!(approved, Answer::Changes | Answer::Runs).then(|| stale(approved, "its condition leaves it out"))
    }

    /// Says why a step must not even ask; none where it may, or where no plan says anything.
    pub(super) fn not_approved(&self, step: StepId, task: &Task) -> Option<Outcome> {
        let approved = self.approved.as_ref()?;
        let round = self.fixed.playbook.round(step.round);
        if round.around(task.flow.home).any(|(_, part)| part == Part::Rescue) {
            // A plan is made as if nothing failed.
            return None;
        }
        match approved.answer(step) {
            None => Some(stale_words("it has no turn", "it has one")),
            Some(Answer::Fails) if !task.only_reads() => Some(stale_words("it fails", "it may not")),
            Some(Answer::Nothing) if matches!(task.verb, Verb::Fetch(_)) => Some(stale_words("there is nothing to do", "there is")),
            Some(_) => None,
        }
    }

    /// Says whether a block around a step goes through items.
    fn is_in_passes(&self, step: StepId) -> bool {
        let round = self.fixed.playbook.round(step.round);
        round.around(round.home(step.task)).any(|(block, _)| round.blocks[block.index()].each.is_some())
    }

    /// A step has asked; it acts where that is what was approved.
    pub(super) fn asked_leave(&mut self, job: JobState, task: &Task, asked: Asked) {
        let Asked { mut outcome, result, differences: found, write } = asked;
        let of = (job.step, job.unit);
        let now = answer_of(&outcome, &found);
        let approved = self.approved.as_ref().and_then(|approved| approved.0.get(&job.step).cloned());
        let (approved, differences) = approved.unwrap_or((Answer::Unknown, Vec::new()));
        let mut as_told = found.clone();
        as_told.iter_mut().for_each(|one| self.recorder.redactor().mask_difference(one));
        match (approved, now) {
            (Answer::Nothing, Answer::Nothing) if job.rest.is_empty() => self.unit_ended(of, outcome, Some(Arc::new(result)), true),
            (Answer::Nothing, Answer::Nothing) => self.fly_on(of, job.prepared, job.rest),
            (Answer::Runs, Answer::Runs) => self.act_as_approved(job, found, None),
            // On several hosts it is the sum that was approved.
            (Answer::Changes, Answer::Changes) if is_as_told(&as_told, &differences, job.prepared.on.len() > 1) => {
                self.act_as_approved(job, found, write)
            }
            (_, Answer::Fails | Answer::Unknown) => {
                outcome.allowed = outcome.status == Status::Failed && task.allow_failure;
                self.unit_ended(of, outcome, Some(Arc::new(result)), true);
            }
            (_, now) => {
                let words: Vec<String> = as_told.iter().map(Difference::words).collect();
                let now = match now {
                    Answer::Nothing => "there is nothing to do".to_owned(),
                    Answer::Changes => format!("it would change {}", words.join(", ")),
                    _ => "it would run".to_owned(),
                };
                let mut outcome = stale(approved, &format!("now {now}"));
                outcome.allowed = task.allow_failure;
                self.unit_ended(of, outcome, None, true);
            }
        }
    }

    /// Acts behind the question, whose guards have been answered.
    fn act_as_approved(&mut self, job: JobState, differences: Vec<Difference>, write: Option<Box<(CopyPlan, Vec<u8>)>>) {
        if let Some(write) = write {
            let (plan, content) = *write;
            return self.write_edited(job, CopySource::Edited { content, expect: plan.expect }, plan.file, differences);
        }
        let is_told = matches!(job.prepared.body, Body::Copy { .. } | Body::Declared(_));
        let body = job.prepared.body.clone();
        self.act_behind(job, body, if is_told { differences } else { Vec::new() });
    }
}

fn stale(approved: Answer, now: &str) -> Outcome {
    let was = match approved {
        Answer::Nothing => "there is nothing to do",
        Answer::Changes => "it changes something known",
        _ => "it runs",
    };
    stale_words(was, now)
}

fn stale_words(was: &str, now: &str) -> Outcome {
    Outcome::without_run(Status::Failed, format!("stale: by the plan {was}, and {now}"))
}

/// Says whether differences are those that were approved; on several hosts together, whether they are some of them. Contents are
/// known by their digests: of what is sensitive no diff is told.
fn is_as_told(found: &[Difference], approved: &[Difference], several: bool) -> bool {
    let bare = |list: &[Difference]| list.iter().map(|one| Difference { diff: None, ..one.clone() }).collect::<Vec<_>>();
    let (found, approved) = (bare(found), bare(approved));
    if several { found.iter().all(|one| approved.contains(one)) } else { found == approved }
}
