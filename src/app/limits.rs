//! What the machine's limits mean for a run.

use std::collections::BTreeSet;

use super::load::Ready;
use crate::model::{HostIx, RoundIx};
use crate::transport::Limits;

/// Says in one sentence that not all hosts can be connected at once, where that is so.
#[must_use]
pub fn too_few_for(ready: &Ready) -> Option<String> {
    let hosts = hosts(ready);
    sentence(Limits::raised(hosts), hosts)
}

/// How many connections with a lane each a run may have at once.
pub(super) fn lanes(ready: &Ready) -> usize {
    Limits::raised(hosts(ready)).lanes()
}

/// How many hosts take part, each counted once.
#[must_use]
pub fn hosts(ready: &Ready) -> usize {
    let rounds = (0..ready.playbook.rounds.len()).map(RoundIx::new);
    rounds.flat_map(|round| ready.plan.hosts(round)).collect::<BTreeSet<&HostIx>>().len()
}

fn sentence(limits: Limits, hosts: usize) -> Option<String> {
    let lanes = limits.lanes();
    if lanes >= hosts {
        return None;
    }
    let why = match limits.open_files {
        Some(files) if (Limits { processes: None, ..limits }).lanes() == lanes => {
            format!("open files are limited to {files} (`ulimit -Hn`)")
        }
        _ => format!("only {} more processes may be started (`ulimit -u`)", limits.processes.unwrap_or(0)),
    };
    Some(format!("{why}, so at most {lanes} of {hosts} hosts are connected at once; the others wait for their turn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_too_little_is_told() {
        let tell = |open_files, processes, hosts| sentence(Limits { open_files, processes }, hosts);
        assert_eq!(tell(Some(1024), None, 96), None);
        assert_eq!(
            tell(Some(1024), None, 97).unwrap(),
            "open files are limited to 1024 (`ulimit -Hn`), so at most 96 of 97 hosts are connected at once; the others wait for their turn"
        );
        assert!(
            tell(Some(1024), Some(80), 97).unwrap().starts_with("only 80 more processes may be started (`ulimit -u`), so at most 16 of 97")
        );
    }
}
