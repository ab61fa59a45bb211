//! What a round may change: how many steps, on which hosts, as which users.
//!
//! Counts only what is in a round's view: what reads, what is known to be skipped and what has no items is left out; a
//! `once` task counts one step, on the first host it could run on; `on` counts the hosts that it names.

use indexmap::{IndexMap, IndexSet};

use super::view::{ChangesView, RoundView, TaskView, UserView, What};

/// Counts what may be changed; none where a round only reads.
pub(super) fn changes(round: &RoundView) -> Option<ChangesView> {
    let mut steps = 0;
    let mut hosts: IndexSet<&str> = IndexSet::new();
    let mut users: IndexMap<&str, (usize, IndexSet<&str>)> = IndexMap::new();
    for task in round.tasks.iter().filter(|task| may_change(task)) {
        let mut at_work = task.steps.iter().filter(|steps| runs(&steps.what)).flat_map(|steps| {
            let what = &steps.what;
            steps.hosts.iter().map(move |host| (host.as_str(), what))
        });
        let most = if task.once { 1 } else { usize::MAX };
        for (host, what) in at_work.by_ref().take(most) {
            let places: Vec<&str> = if what.on.is_empty() { vec![host] } else { what.on.iter().map(String::as_str).collect() };
            steps += 1;
            hosts.extend(&places);
            if let Some(user) = &what.become_user {
                let (steps, hosts) = users.entry(user).or_default();
                *steps += 1;
                hosts.extend(places);
            }
        }
    }
    let owned = |names: IndexSet<&str>| names.into_iter().map(str::to_owned).collect();
    let users = users.into_iter().map(|(user, (steps, hosts))| UserView { user: user.to_owned(), steps, hosts: owned(hosts) });
    (steps > 0).then(|| ChangesView { steps, users: users.collect(), hosts: owned(hosts) })
}

fn may_change(task: &TaskView) -> bool {
    !task.read_only && task.changed.as_deref() != Some("false")
}

fn runs(what: &What) -> bool {
    what.skipped_by.is_none() && what.items.as_ref().is_none_or(|items| items.iter().any(|item| item.skipped_by.is_none()))
}

#[cfg(test)]
mod tests;
