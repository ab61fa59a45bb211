//! What a dry run found, added to a plan: for every task and host what a run would do.
//!
//! Pure: the outcomes of a dry run come in, hosts with equal answers stand together.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use serde::Serialize;

use super::view::PlanView;
use crate::event::{Answer, Difference, Outcome, Status};
use crate::model::{HostIx, Inventory, Part, Playbook, RoundIx, Section, StepId, TaskIx};

/// What a run would do with a task, on hosts for which that is the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct ForecastView {
    /// The round's hosts.
    pub hosts: Vec<String>,
    /// `nothing`, `reads`, `changes`, `runs`, `unknown`, `fails`; `unreachable`; `blocked` by what fails before it.
    pub answer: String,
    /// Of an unknown one: the steps whose effects decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub until: Vec<String>,
    /// Of an unknown one that could be asked all the same: the answer as things are now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is not as it is to be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

/// Hosts that take no part in a round, or can't be reached, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOutView {
    /// The hosts.
    pub hosts: Vec<String>,
    /// Why.
    pub reason: String,
}

/// What a dry run found, over all rounds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ProbedView {
    /// Steps by answer.
    pub answers: BTreeMap<String, usize>,
    /// Hosts that could not be reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<LeftOutView>,
}

/// What a dry run told.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// What became of each step that had its turn.
    pub steps: BTreeMap<StepId, Outcome>,
    /// Hosts that took no part in a round, and why.
    pub left_out: BTreeMap<(RoundIx, HostIx), String>,
    /// Hosts that could not be reached, with OpenSSH's words.
    pub unreachable: BTreeMap<HostIx, String>,
    /// Rounds that did not begin, and why.
    pub not_begun: BTreeMap<RoundIx, String>,
    /// Somebody ended the dry run before its time.
    pub interrupted: bool,
    /// Rounds that were over before that.
    pub whole: BTreeSet<RoundIx>,
}

impl Answers {
    /// Takes in what became of a step; of a handler that had its turn before, too.
    pub fn ended(&mut self, step: StepId, outcome: Outcome) {
        let whole = match self.steps.remove(&step) {
            None => outcome,
            // What it would do twice is told once.
            Some(before) if before.differences == outcome.differences => Outcome { differences: Vec::new(), ..before }.joined(outcome),
            Some(before) => before.joined(outcome),
        };
        self.steps.insert(step, whole);
    }

    /// Why a round's steps that were not told of had no turn; none where that is their own matter.
    fn why_silent(&self, round: RoundIx) -> Option<&str> {
        let interrupted = (self.interrupted && !self.whole.contains(&round)).then_some("the run was interrupted");
        self.not_begun.get(&round).map(String::as_str).or(interrupted)
    }
}

/// Adds the answers of a dry run to the plan that it was made for.
pub fn add_answers(view: &mut PlanView, playbook: &Playbook, inventory: &Inventory, answers: &Answers) {
    let name = |host: HostIx| inventory.host(host).name.clone();
    let mut probed = ProbedView::default();
    for (host, reason) in &answers.unreachable {
        fold(&mut probed.unreachable, reason, name(*host));
    }
    for (index, (round, shown)) in playbook.rounds.iter().zip(&mut view.rounds).enumerate() {
        let ix = RoundIx::new(index);
        for host in &round.hosts {
            if let Some(reason) = answers.left_out.get(&(ix, *host)) {
                fold(&mut shown.left_out, reason, name(*host));
            }
        }
        let taking_part: Vec<HostIx> = round.hosts.iter().copied().filter(|host| !answers.left_out.contains_key(&(ix, *host))).collect();
        for (at, (task, shown)) in round.tasks.iter().zip(&mut shown.tasks).enumerate() {
            let mut groups: IndexMap<ForecastView, Vec<String>> = IndexMap::new();
            for host in &taking_part {
                let step = StepId { round: ix, task: TaskIx::new(at), host: *host };
                let told = answers.steps.get(&step).map(of_outcome).or_else(|| match answers.why_silent(ix) {
                    Some(why) => {
                        Some(ForecastView { answer: "blocked".to_owned(), reason: Some(why.to_owned()), ..ForecastView::default() })
                    }
                    None => not_reached(round, task),
                });
                if let Some(told) = told {
                    // What the command line leaves out is counted as that.
                    if shown.left_out.is_none() {
                        probed.count(&told.answer);
                    }
                    groups.entry(told).or_default().push(name(*host));
                }
            }
            shown.forecasts = groups.into_iter().map(|(told, hosts)| ForecastView { hosts, ..told }).collect();
        }
    }
    view.probed = Some(probed);
}

fn fold(list: &mut Vec<LeftOutView>, reason: &str, host: String) {
    match list.iter_mut().find(|other| other.reason == reason) {
        Some(same) => same.hosts.push(host),
        None => list.push(LeftOutView { hosts: vec![host], reason: reason.to_owned() }),
    }
}

fn of_outcome(outcome: &Outcome) -> ForecastView {
    let (answer, until, now) = match (&outcome.forecast, outcome.status) {
        (Some(forecast), _) => (forecast.answer.word(), forecast.until.clone(), forecast.now.map(|now| now.word().to_owned())),
        (None, Status::Unreachable) => ("unreachable", Vec::new(), None),
        (None, _) => ("blocked", Vec::new(), None),
    };
    // Where differences say it, the reason does so again.
    let says_more = outcome.differences.is_empty() && until.is_empty() && answer != Answer::Changes.word();
    ForecastView {
        hosts: Vec::new(),
        answer: answer.to_owned(),
        until,
        now,
        reason: outcome.reason.clone().filter(|reason| says_more && !reason.is_empty()),
        differences: outcome.differences.clone(),
    }
}

/// Of a task that had no turn: why a run would not do it.
fn not_reached(round: &crate::model::Round, task: &crate::model::Task) -> Option<ForecastView> {
    let home = task.flow.home;
    let mut around = std::iter::successors(home.block, |(block, _)| round.blocks[block.index()].home.block);
    let in_rescue = around.any(|(_, part)| part == Part::Rescue);
    let reason = match home.section {
        _ if in_rescue => "only after a failure",
        Section::Handlers => "not notified",
        Section::Finally => "nothing begins there",
        Section::Tasks => return None,
    };
    Some(ForecastView { answer: Answer::Nothing.word().to_owned(), reason: Some(reason.to_owned()), ..ForecastView::default() })
}

impl ProbedView {
    fn count(&mut self, answer: &str) {
        *self.answers.entry(answer.to_owned()).or_default() += 1;
    }
}
