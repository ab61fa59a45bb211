//! `unlock`: shows locks, asks, and has them removed.

use std::io::{IsTerminal as _, Write as _};

use super::args::{Tasks, Unlock};
use super::exit::ExitCode;
use super::main::{Session, sources, tell};
use super::run::How;
use crate::app::{self, Adhoc, AppError, Confirm, HostLockState, HostUnlock};

impl Session<'_> {
    pub(super) fn unlock(&self, unlock: &Unlock) -> Result<ExitCode, AppError> {
        let folder = std::env::current_dir().unwrap_or_else(|_| ".".into());
        let adhoc = Adhoc { hosts: unlock.hosts.clone(), command: vec!["true".to_owned()], become_user: None, timeout: None, folder };
        let sources = sources(app::adhoc_source(&adhoc), &unlock.selection, &Tasks::default());
        let loaded = app::load(&sources);
        let Some(ready) = loaded.ready else {
            self.show_diagnostics(&loaded.map, &loaded.diagnostics);
            return Ok(ExitCode::Invalid);
        };
        let how = How { command: "unlock", dry: None, user: unlock.user.clone(), confirm: Confirm::Ask };
        let request = self.request((&ready, &loaded.map), &sources, &unlock.connecting, how, Box::new(|_| Vec::new()))?;
        let mut refused = false;
        let list = app::unlock(ready, &loaded.map, request, |list| {
            self.print(&table(list));
            let locked = list.iter().enumerate().filter_map(|(index, one)| match &one.state {
                HostLockState::Locked(found) if found.stale || !unlock.stale => Some((index, found.stale)),
                _ => None,
            });
            let locked: Vec<(usize, bool)> = locked.collect();
            let wanted = locked.is_empty() || unlock.yes || unlock.stale || agrees(&locked);
            refused = !wanted;
            if wanted { locked.into_iter().map(|(index, _)| index).collect() } else { Vec::new() }
        })?;
        let (mut text, mut exit) = (String::new(), ExitCode::Ok);
        for one in &list {
            match &one.state {
                HostLockState::Removed(_) => text.push_str(&format!("{}: removed\n", one.host)),
                HostLockState::Stays(trouble) => {
                    text.push_str(&format!("{}: the lock stays: {trouble}\n", one.host));
                    exit = ExitCode::Failed;
                }
                HostLockState::Unreachable(_) if exit == ExitCode::Ok => exit = ExitCode::Unreachable,
                _ => {}
            }
        }
        self.print(&text);
        Ok(if refused { ExitCode::Stopped } else { exit })
    }
}

fn table(list: &[HostUnlock]) -> String {
    let line = |one: &HostUnlock| match &one.state {
        HostLockState::Free => format!("{}: not locked\n", one.host),
        HostLockState::Locked(found) | HostLockState::Removed(found) => {
            let stale = if found.stale { " (stale: nobody holds it any more)" } else { "" };
            format!("{}: locked {}{stale}\n", one.host, found.words())
        }
        HostLockState::Stays(trouble) => format!("{}: {trouble}\n", one.host),
        HostLockState::Unreachable(refusal) => format!("{}: {}\n", one.host, crate::text::one_line(&refusal.message, 300)),
    };
    list.iter().map(line).collect()
}

/// Asks on the terminal; without one the answer is no.
fn agrees(locked: &[(usize, bool)]) -> bool {
    if !std::io::stdin().is_terminal() {
        tell("error: nobody can be asked whether to remove these locks\n\nhint: `--yes` removes them, `--stale` those that nobody holds\n");
        return false;
    }
    let alive = locked.iter().filter(|(_, stale)| !stale).count();
    let warning = if alive > 0 { format!(" ({alive} held by a run that still works there)") } else { String::new() };
    tell(&format!("Remove {}{warning}? [y/N] ", crate::text::plural(locked.len(), "lock")));
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok_and(|_| matches!(answer.trim(), "y" | "Y" | "yes"))
}
