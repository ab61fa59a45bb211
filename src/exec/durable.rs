//! Durable tasks: under which name each execution is on its host, and when that host may forget it.
//!
//! A host keeps what it knows of an execution until the record has the end of its step; then a request of ours, which is no step and
//! of which nobody hears, has it removed. What was not collected stays: a later run may ask for it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::dispatcher::Dispatcher;
use super::state::{Link, Seat};
use super::worker::{Job, JobId, Said, ToWorker};
use crate::model::{HostIx, StepId};
use crate::transport::{self, BecomeUser, Durable, Invocation, Request};

/// How long a host may take to remove a folder.
const TIDYING: Duration = Duration::from_secs(20);
/// How often a lane that ends in the middle is taken for an accident, and a request that comes back for one that was in the way.
const AGAIN: u32 = 3;

/// One execution on one host.
pub(super) type Execution = (StepId, u32, HostIx);

/// What a run's hosts keep for it.
pub(super) struct Durables {
    /// The run's id.
    run: String,
    /// What executions are called that an earlier run has sent.
    pub(super) earlier: HashMap<Execution, Durable>,
    /// Of steps that are not over.
    kept: BTreeMap<StepId, Vec<Folder>>,
    /// Collected and in the record, and nobody was asked to remove it.
    untidy: Vec<Folder>,
    /// About to be removed.
    tidying: HashMap<JobId, Folder>,
    /// What an earlier run has collected, on hosts that are not connected yet.
    before: Vec<Folder>,
}

/// A folder on a host.
struct Folder {
    execution: Execution,
    name: String,
    place: (Seat, usize),
    user: Option<BecomeUser>,
    collected: bool,
    again: u32,
}

impl Durables {
    pub(super) fn new(run: String) -> Durables {
        Durables { run, earlier: HashMap::new(), kept: BTreeMap::new(), untidy: Vec::new(), tidying: HashMap::new(), before: Vec::new() }
    }

    pub(super) fn are_tidy(&self) -> bool {
        self.untidy.is_empty() && self.tidying.is_empty()
    }

    fn name(&self, (step, attempt, on): Execution) -> Durable {
        self.earlier.get(&(step, attempt, on)).cloned().unwrap_or_else(|| {
            let mut name = format!("{}.{}.{}.{}.{attempt}", self.run, step.round.0, step.task.0, step.host.0);
            if on != step.host {
                // Two names of the inventory may be one machine.
                name = format!("{name}.{}", on.0);
            }
            Durable { name, begun: false }
        })
    }

    fn find(&mut self, execution: Execution) -> Option<&mut Folder> {
        self.kept.get_mut(&execution.0)?.iter_mut().find(|folder| folder.execution == execution)
    }

    /// Notes that all is known of an execution.
    pub(super) fn collected(&mut self, execution: Execution) {
        if let Some(folder) = self.find(execution) {
            folder.collected = true;
        }
    }

    /// Says whether an execution whose lane has ended is to be followed by another lane.
    pub(super) fn goes_on(&mut self, execution: Execution) -> bool {
        self.find(execution).is_some_and(|folder| {
            folder.again += 1;
            folder.again <= AGAIN
        })
    }
}

impl Dispatcher {
    /// What an execution is called on its host; none where its task is not durable.
    pub(super) fn durable(&self, execution: Execution) -> Option<Durable> {
        let (step, ..) = execution;
        self.fixed.playbook.task(step.round, step.task).flow.durable.then(|| self.durables.name(execution))
    }

    /// Notes that a host is about to keep something of an execution.
    pub(super) fn keeps(&mut self, execution: Execution, durable: &Durable, (seat, slot): (Seat, usize)) {
        let user = self.hosts[seat.index()].slots[slot].user.clone();
        let place = (seat, slot);
        match self.durables.find(execution) {
            Some(folder) => (folder.place, folder.user) = (place, user),
            None => {
                let folder = Folder { execution, name: durable.name.clone(), place, user, collected: false, again: 0 };
                self.durables.kept.entry(execution.0).or_default().push(folder);
            }
        }
    }

    /// The end of a step is in the record.
    pub(super) fn let_forget(&mut self, step: StepId) {
        if let Some(folders) = self.durables.kept.remove(&step) {
            let collected = folders.into_iter().filter(|folder| folder.collected);
            self.durables.untidy.extend(collected.map(|folder| Folder { again: 0, ..folder }));
            self.tidy_up();
        }
    }

    /// Has removed what an earlier run collected and may not have removed, once its host is connected.
    pub(super) fn tidy_later(&mut self, step: StepId, on: HostIx, name: String) {
        let seat = self.seats.of(step.round, on);
        let folder = Folder { execution: (step, 0, on), name, place: (seat, 0), user: None, collected: true, again: 0 };
        self.durables.before.push(folder);
        if self.hosts[seat.index()].link == Link::Up {
            self.tidy_before(seat);
        }
    }

    /// A host is connected: what earlier runs left there may be removed.
    pub(super) fn tidy_before(&mut self, seat: Seat) {
        let (here, elsewhere) = std::mem::take(&mut self.durables.before).into_iter().partition(|folder| folder.place.0 == seat);
        self.durables.before = elsewhere;
        self.durables.untidy.extend::<Vec<Folder>>(here);
        self.tidy_up();
    }

    /// Has removed what can be removed.
    pub(super) fn tidy_up(&mut self) {
        for folder in std::mem::take(&mut self.durables.untidy) {
            if let Some(folder) = self.tidy(folder) {
                self.durables.untidy.push(folder);
            }
        }
    }

    /// Puts the request for a folder behind what its user's lane has; gives it back where there is no such lane now.
    fn tidy(&mut self, folder: Folder) -> Option<Folder> {
        let (seat, used) = folder.place;
        let host = &mut self.hosts[seat.index()];
        let (Link::Up, Some(worker)) = (&host.link, &host.worker) else { return None };
        let fits = |index: &usize| host.slots[*index].user == folder.user && !host.slots[*index].bulk && !host.slots[*index].full;
        let free = |index: &usize| host.slots[*index].jobs.is_empty() && !host.slots[*index].full;
        let all = || 0..host.slots.len();
        let slot =
            Some(used).filter(|used| *used < host.slots.len()).filter(fits).or_else(|| all().find(fits)).or_else(|| all().find(free));
        let Some(slot) = slot else { return Some(folder) };
        let id = self.next_job;
        self.next_job += 1;
        let request = Request::new(id, Invocation::Script(transport::tidy(&folder.name)), TIDYING);
        let job = Job::Lane(Box::new(request));
        let told = worker.send(ToWorker::Run { slot, user: folder.user.clone(), job, behind: Vec::new() });
        debug_assert!(told.is_ok(), "a worker lives as long as its sender");
        host.slots[slot].user.clone_from(&folder.user);
        host.slots[slot].jobs.push_back(id);
        self.durables.tidying.insert(id, Folder { place: (seat, slot), ..folder });
        None
    }

    /// Hears what became of a request for a folder; true where it was one.
    pub(super) fn hear_of_tidying(&mut self, said: &Said) -> bool {
        let Some(id) = said.answers() else { return false };
        let Some(mut folder) = self.durables.tidying.remove(&id) else { return false };
        let (seat, slot) = folder.place;
        let host = &mut self.hosts[seat.index()];
        host.slots[slot].jobs.retain(|other| *other != id);
        if host.slots[slot].jobs.is_empty() {
            self.dirty.extend(std::mem::take(&mut host.starved));
        }
        // Removing it twice harms nothing.
        if matches!(said, Said::Returned(_) | Said::Found(..)) && folder.again < AGAIN {
            folder.again += 1;
            self.durables.untidy.push(folder);
        } else if !matches!(said, Said::Ended(_, transport::End::Exited(0), _)) {
            tracing::warn!(name = folder.name, ?said, "what a durable task left on its host could not be removed");
        }
        true
    }
}
