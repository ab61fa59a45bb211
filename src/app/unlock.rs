//! `unlock`: which hosts are locked, by whom, and the removal of those locks.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::load::Ready;
use super::run::{RunRequest, settle};
use super::{AppError, machine};
use crate::diag::SourceMap;
use crate::exec::host_target;
use crate::model::RoundIx;
use crate::resource::{LockFound, LockTrouble, lock_there, look_script, remove_script};
use crate::transport::{Bytes, Hub, Refusal, Session};

/// What was found on a host.
#[derive(Debug)]
pub enum HostLockState {
    /// It is not locked.
    Free,
    /// It is.
    Locked(LockFound),
    /// It was, and the lock is removed.
    Removed(LockFound),
    /// Its lock can't be removed.
    Stays(LockTrouble),
    /// It can't be asked.
    Unreachable(Refusal),
}

/// A host and its lock.
#[derive(Debug)]
pub struct HostUnlock {
    /// The host.
    pub host: String,
    /// What was found, and what became of it.
    pub state: HostLockState,
}

/// Looks for locks on the hosts of a playbook's first round, and removes those that `choose` says, by their place in the list.
///
/// # Errors
/// Where secrets can't be got or connections can't be made at all.
pub fn unlock(
    mut ready: Ready,
    map: &SourceMap,
    mut request: RunRequest,
    choose: impl FnOnce(&[HostUnlock]) -> Vec<usize>,
) -> Result<Vec<HostUnlock>, AppError> {
    settle(&mut ready, map, &mut request)?;
    let runtime = machine::runtime()?;
    let hub = machine::hub(request.fake.as_deref(), request.helper, None)?;
    let (mut list, sessions) = runtime.block_on(look(&ready, &hub));
    let chosen = choose(&list);
    runtime.block_on(async {
        for index in chosen {
            let (Some(one), Some(Some(session))) = (list.get_mut(index), sessions.get(index)) else { continue };
            remove(one, session).await;
        }
        for session in sessions.into_iter().flatten() {
            session.close().await;
        }
        hub.close().await;
    });
    runtime.shutdown_background();
    Ok(list)
}

async fn look(ready: &Ready, hub: &Hub) -> (Vec<HostUnlock>, Vec<Option<Session>>) {
    let mut asking = JoinSet::new();
    let hosts: Vec<_> = ready.plan.hosts(RoundIx::new(0)).to_vec();
    for (index, host) in hosts.iter().enumerate() {
        let (hub, target) = (hub.clone(), Arc::new(host_target(&ready.inventory, *host)));
        asking.spawn(async move {
            let session = match hub.connect(&target, |_| {}).await {
                Ok(session) => session,
                Err(refusal) => return (index, HostLockState::Unreachable(refusal), None),
            };
            let state = match ask(&session, &look_script()).await {
                Ok(Ok(None)) => HostLockState::Free,
                Ok(Ok(Some(found))) => HostLockState::Locked(found),
                Ok(Err(trouble)) => HostLockState::Stays(trouble),
                Err(refusal) => HostLockState::Unreachable(refusal),
            };
            (index, state, Some(session))
        });
    }
    let mut told: Vec<_> = asking.join_all().await;
    told.sort_by_key(|(index, ..)| *index);
    let mut sessions = Vec::new();
    let list = told.into_iter().zip(hosts).map(|((_, state, session), host)| {
        sessions.push(session);
        HostUnlock { host: ready.inventory.host(host).name.clone(), state }
    });
    (list.collect(), sessions)
}

async fn remove(one: &mut HostUnlock, session: &Session) {
    let HostLockState::Locked(found) = &one.state else { return };
    one.state = match ask(session, &remove_script(&found.run)).await {
        Ok(Ok(None)) => HostLockState::Removed(found.clone()),
        // Another run has taken it since.
        Ok(Ok(Some(other))) => HostLockState::Locked(other),
        Ok(Err(trouble)) => HostLockState::Stays(trouble),
        Err(refusal) => HostLockState::Unreachable(refusal),
    };
}

async fn ask(session: &Session, script: &str) -> Result<Result<Option<LockFound>, LockTrouble>, Refusal> {
    let end = session.upload(None, script, Bytes::none(), std::future::pending()).await?;
    Ok(lock_there(&end.stdout))
}
