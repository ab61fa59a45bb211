//! Asks hosts, before a run is resumed, what became of steps whose end the record lacks.
//!
//! What an earlier run has left running there is ended by that, so that nothing is done beside itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::Resumable;
use crate::app::Ready;
use crate::event::SettledEnd;
use crate::exec::{host_target, journal_tag};
use crate::model::HostIx;
use crate::plan::{Carried, ControllerInfo, NothingYet, RunInfo, UnknownStep, World, preview};
use crate::transport::{BecomeUser, HostJournal, Hub, LaneNames, Noted};

/// How long a host may take to tell, once it is connected.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a host noted of one run as one user, and whether what is not noted never began.
type Told = (HostJournal, bool);

impl Resumable {
    /// Takes in what hosts know of steps whose end the record lacks; gives who could not be asked, and why.
    pub(in crate::app) async fn ask_hosts(
        &self,
        carried: &mut Carried,
        ready: &Ready,
        hub: &Hub,
        controller: &ControllerInfo,
    ) -> Vec<String> {
        let unknown: Vec<(UnknownStep, HostIx)> =
            carried.unknown(&ready.playbook).into_iter().filter_map(|unknown| Some((unknown.clone(), unknown.on?))).collect();
        if unknown.is_empty() {
            return Vec::new();
        }
        let mut asked: BTreeMap<HostIx, BTreeSet<usize>> = BTreeMap::new();
        let mut users: BTreeMap<HostIx, Vec<Option<BecomeUser>>> = BTreeMap::new();
        let (playbook, inventory) = (Arc::clone(&ready.playbook), Arc::clone(&ready.inventory));
        let world = World::new(playbook, inventory, &ready.plan, Arc::new(NothingYet), RunInfo::default(), controller.clone());
        for (unknown, on) in &unknown {
            asked.entry(*on).or_default().insert(unknown.from.run);
            let user = user_of(unknown, ready, &world);
            let users = users.entry(*on).or_insert_with(|| vec![None]);
            if !users.contains(&user) {
                users.push(user);
            }
        }
        let mut asking = JoinSet::new();
        for (host, runs) in asked {
            let (hub, target) = (hub.clone(), Arc::new(host_target(&ready.inventory, host)));
            let name = ready.inventory.host(host).name.clone();
            let names: Vec<(usize, LaneNames, Duration)> = runs.into_iter().filter_map(|run| self.lanes(run, &name)).collect();
            let users = users.remove(&host).unwrap_or_default();
            asking.spawn(async move {
                let told = tell(&hub, &target, &names, &users).await;
                (host, told.map_err(|why| format!("{name}: {why}")))
            });
        }
        let (mut told, mut silent) = (BTreeMap::new(), Vec::new());
        while let Some(answer) = asking.join_next().await {
            match answer {
                Ok((host, Ok(journals))) => drop(told.insert(host, journals)),
                Ok((_, Err(why))) => silent.push(why),
                Err(error) => silent.push(error.to_string()),
            }
        }
        silent.sort();
        for (unknown, on) in unknown {
            let journals = told.get(&on).and_then(|told| told.get(&unknown.from.run));
            if let Some(end) = journals.and_then(|journals| found(&unknown, journals, ready)) {
                self.settle(carried, ready, &[unknown], end, "journal");
            }
        }
        silent
    }

    fn lanes(&self, run: usize, host: &str) -> Option<(usize, LaneNames, Duration)> {
        let past = self.runs.get(run)?;
        let began = jiff::Timestamp::from_millisecond(past.began).ok()?;
        // A clock that was set back tells nothing of how long ago it was.
        let age = Duration::try_from(jiff::Timestamp::now().duration_since(began)).unwrap_or(Duration::MAX);
        Some((run, LaneNames::of_run(&past.header.as_ref()?.run, host), age))
    }
}

/// As whom an execution ran, as far as today's playbook tells; none for the login's user.
fn user_of(unknown: &UnknownStep, ready: &Ready, world: &Arc<World>) -> Option<BecomeUser> {
    let task = ready.playbook.task(unknown.step.round, unknown.step.task);
    task.r#become.as_ref()?;
    let prepared = preview(task, unknown.step.host, &ready.inventory, &ready.engine, &world.scope(unknown.step)).ok()?;
    let wanted = prepared.r#become?;
    let password = wanted.password.or_else(|| ready.inventory.host(unknown.on?).connect.become_password.clone());
    Some(BecomeUser { method: wanted.method, user: wanted.user, password })
}

/// Asks one host for the journals of runs, as each user.
async fn tell(
    hub: &Hub,
    target: &Arc<crate::transport::Target>,
    names: &[(usize, LaneNames, Duration)],
    users: &[Option<BecomeUser>],
) -> Result<BTreeMap<usize, Vec<Told>>, String> {
    let session = hub.connect(target, |_| {}).await.map_err(|refusal| refusal.message)?;
    let mut told: BTreeMap<usize, Vec<Told>> = BTreeMap::new();
    let mut trouble = None;
    for (run, names, age) in names {
        for user in users {
            match tokio::time::timeout(PATIENCE, session.settle(user.as_ref(), names)).await {
                Ok(Ok(journal)) => {
                    let knows_all = journal.knows_all(*age);
                    told.entry(*run).or_default().push((journal, knows_all));
                }
                Ok(Err(refusal)) => trouble = Some(refusal.message),
                Err(_) => trouble = Some("it does not answer".to_owned()),
            }
        }
    }
    session.close().await;
    trouble.map_or(Ok(told), Err)
}

/// How an execution ended, as its host says; none where it does not say, or that is not enough.
fn found(unknown: &UnknownStep, journals: &[Told], ready: &Ready) -> Option<SettledEnd> {
    let task = ready.playbook.task(unknown.step.round, unknown.step.task);
    // It is found again under its own name, with what it printed.
    if task.flow.durable || journals.iter().any(|(journal, _)| journal.alive) {
        return None;
    }
    let tag = journal_tag(unknown.from.step, unknown.from.attempt);
    let needed = task.judges_by_output() || ready.plan.is_read(unknown.step.round, unknown.step.task);
    match journals.iter().find_map(|(journal, _)| journal.noted.get(&tag)) {
        Some(Noted::Ended(_)) if needed => None,
        // A resource's probe has no tag, so what ended is what it did; its own question tells the rest.
        Some(Noted::Ended(_)) if task.verb.is_resource() => None,
        Some(Noted::Ended(code)) => Some(SettledEnd::Exited(*code)),
        Some(Noted::Guarded { .. }) => Some(SettledEnd::Guarded),
        Some(Noted::Began) => None,
        None => (!unknown.began && journals.iter().all(|(_, knows_all)| *knows_all)).then_some(SettledEnd::NotBegun),
    }
}
