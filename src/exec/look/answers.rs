//! From what is known of a unit to its outcome in a dry run, and to what that means for others.

use super::changes;
use super::reach::{Change, Reach};
use crate::event::{Answer, Difference, Forecast, Outcome, Status};
use crate::exec::advance::UnitId;
use crate::exec::dispatcher::Dispatcher;
use crate::model::{HostIx, Section, StepId, Task, TaskIx};
use crate::plan::{Body, Prepared};

/// What a run would make of a unit.
#[derive(Debug)]
pub(super) struct Foretold {
    pub(super) forecast: Forecast,
    pub(super) differences: Vec<Difference>,
    /// Why it is not known, where no step decides it.
    pub(super) why: Option<String>,
    /// False where it is not known whether anything of it begins.
    pub(super) begins: bool,
}

impl From<Forecast> for Foretold {
    fn from(forecast: Forecast) -> Foretold {
        Foretold { forecast, differences: Vec::new(), why: None, begins: true }
    }
}

impl Dispatcher {
    /// Ends a unit of which a run would make something.
    pub(super) fn foretold(&mut self, of: UnitId, task: &Task, told: Foretold, prepared: Option<&Prepared>) {
        let Foretold { forecast, differences, why, begins } = told;
        let (step, _) = of;
        let changed = changes(task, forecast.answer);
        self.foresee(step, changed);
        if let Some(look) = &mut self.look {
            if !begins {
                look.may_begin.entry((step.round, step.host)).or_insert_with(|| forecast.until.clone());
            }
            look.drifts |= forecast.answer.may_change() && changed != Some(false);
        }
        if forecast.answer.may_change() && !task.only_reads() && !task.verb.is_control() {
            self.may_change(step, task, prepared);
        }
        let status = match (forecast.answer, changed) {
            (Answer::Unknown, _) | (Answer::Reads, None) => Status::Undecided,
            (_, Some(false)) => Status::Ok,
            _ => Status::Changed,
        };
        let reason = why.or_else(|| reason(&forecast, &differences));
        let outcome = Outcome { reason, forecast: Some(forecast), differences, ..Outcome::new(status) };
        self.unit_ended(of, outcome, None, begins);
    }

    /// Notes what a step may change.
    fn may_change(&mut self, step: StepId, task: &Task, prepared: Option<&Prepared>) {
        let reach = prepared.map_or(Reach::Anything, |prepared| self.reach_of(prepared));
        let on: Vec<HostIx> = match prepared {
            Some(prepared) => prepared.on.clone(),
            None if task.on.is_empty() => vec![step.host],
            // Which ones is not known.
            None => self.fixed.inventory.all().collect(),
        };
        let Some(look) = &mut self.look else { return };
        for host in on {
            look.changes.entry(host).or_default().push(Change { step, reach: reach.clone() });
        }
    }

    /// The steps before one whose effects decide what it would do; the last of them on each of its hosts.
    pub(super) fn decided_by(&mut self, step: StepId, task: &Task, prepared: &Prepared) -> Vec<String> {
        let asks = match self.resource(&prepared.body) {
            Ok(resource) => resource.map(|resource| resource.asks()),
            // Its own trouble is told when it is asked.
            Err(_) => None,
        };
        let asked =
            if task.only_reads() && asks.is_none() && is_command(prepared) { Reach::Anything } else { Reach::asked_of(prepared, asks) };
        let mut names: Vec<String> = self.fetched_before(step, &prepared.body).into_iter().collect();
        for host in &prepared.on {
            if let Some(change) = self.changes_before(step, *host).rfind(|change| change.reach.meets(&asked)) {
                let name = self.fixed.world.step_name(change.step.round, change.step.task);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Says whether a step before one may make a folder on its hosts.
    pub(super) fn may_be_made(&self, step: StepId, prepared: &Prepared, folder: &str) -> bool {
        let made = |host: &HostIx| self.changes_before(step, *host).any(|change| change.reach.may_make(folder, prepared.cwd.as_deref()));
        prepared.on.iter().any(made)
    }

    /// What steps before one may change on a host. What has no order beside it is its author's to keep apart.
    pub(super) fn changes_before(&self, step: StepId, host: HostIx) -> impl DoubleEndedIterator<Item = &Change> {
        let look = self.look.as_ref();
        let changes = look.and_then(|look| look.changes.get(&host)).into_iter().flatten();
        changes.filter(move |change| {
            let other = change.step;
            if other.round == step.round && other.host == step.host && self.is_repeated_with(step, other) {
                // A pass before this one.
                return true;
            }
            if (other.round, other.task) == (step.round, step.task) {
                // What another host of the round does there too.
                return other.host != step.host;
            }
            let ordered = look.is_some_and(|look| look.order.is_before((other.round, other.task), (step.round, step.task)));
            // Handlers have their turn when they have it.
            let is_handler = |one: StepId| self.fixed.playbook.task(one.round, one.task).flow.home.section == Section::Handlers;
            ordered || (other.round == step.round && other.host == step.host && (is_handler(other) || is_handler(step)))
        })
    }

    /// Says whether a block that both stand in may run them again.
    fn is_repeated_with(&self, step: StepId, other: StepId) -> bool {
        let round = self.fixed.playbook.round(step.round);
        let blocks = |task: TaskIx| round.around(round.home(task)).map(|(block, _)| block);
        blocks(step.task).any(|block| round.blocks[block.index()].each.is_some() && blocks(other.task).any(|outer| outer == block))
    }

    /// The `fetch` before a step that writes the local file which it sends.
    pub(super) fn fetched_before(&self, step: StepId, body: &Body) -> Option<String> {
        let look = self.look.as_ref()?;
        let (fetch, name) = look.fetched.get(crate::exec::request::sent_file(body)?)?;
        look.order.is_before((fetch.round, fetch.task), (step.round, step.task)).then(|| name.clone())
    }

    /// A `fetch` would write a local file.
    pub(super) fn fetches(&mut self, step: StepId, body: &Body) {
        let name = self.fixed.world.step_name(step.round, step.task);
        if let (Some(look), Body::Fetch { dest, .. }) = (&mut self.look, body) {
            look.fetched.insert(dest.clone(), (step, name));
        }
    }

    /// Says of an outcome that has no forecast what it is in a dry run.
    pub(in crate::exec) fn forecast(&self, mut outcome: Outcome) -> Outcome {
        if self.is_dry() && outcome.forecast.is_none() {
            outcome.forecast = match outcome.status {
                Status::Ok | Status::Changed => Some(Forecast::new(Answer::Reads)),
                Status::Skipped if !outcome.blocked => Some(Forecast::new(Answer::Nothing)),
                Status::Failed => Some(Forecast::new(Answer::Fails)),
                _ => None,
            };
        }
        outcome
    }

    /// What a step with several items would do, over what they say.
    pub(in crate::exec) fn forecast_of_units<'a>(&self, mut whole: Outcome, units: impl Iterator<Item = &'a Outcome> + Clone) -> Outcome {
        if !self.is_dry() {
            return whole;
        }
        if let Some(cut_short) = units.clone().find(|unit| unit.is_unanswered()) {
            return Outcome { reason: cut_short.reason.clone(), ..whole };
        }
        whole.forecast = Forecast::of_all(units.clone().filter_map(|unit| unit.forecast.as_ref()));
        let decides = |unit: &&Outcome| unit.forecast.as_ref().map(|one| one.answer) == whole.forecast.as_ref().map(|all| all.answer);
        if let Some(unit) = units.filter(decides).max_by_key(|unit| unit.status == Status::Changed) {
            whole.status = unit.status;
        }
        whole
    }
}

/// Why an answer is what it is, for people.
fn reason(forecast: &Forecast, differences: &[Difference]) -> Option<String> {
    let different = (!differences.is_empty()).then(|| differences.iter().map(Difference::words).collect::<Vec<_>>().join(", "));
    if forecast.until.is_empty() {
        return different;
    }
    let now = match forecast.now {
        Some(Answer::Nothing) => "; as things are, nothing to do".to_owned(),
        Some(Answer::Runs) => "; as things are, it would run".to_owned(),
        Some(Answer::Changes) => format!("; as things are: {}", different.unwrap_or_default()),
        Some(Answer::Reads | Answer::Unknown | Answer::Fails) | None => String::new(),
    };
    Some(format!("until {}{now}", forecast.until.join(", ")))
}

fn is_command(prepared: &Prepared) -> bool {
    matches!(prepared.body, crate::plan::Body::Run(_) | crate::plan::Body::Script { .. })
}
