//! What exit codes mean, in words.

/// Says what an exit code of ours means; none for 0 and for codes that are not ours.
#[must_use]
pub fn exit_meaning(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "a fault of roundsman or of this machine",
        2 => "wrong use of the command line",
        3 => "invalid playbook, inventory or plan",
        4 => "finished, some tasks failed",
        5 => "finished, some hosts were unreachable",
        6 => "stopped by max_failures or a refused confirmation",
        7 => "the saved plan is stale",
        8 => "the record is incomplete",
        10 => "a run would change something",
        130 => "interrupted",
        143 => "terminated",
        _ => return None,
    })
}
