//! What a run leaves behind beside its failures: what was rescued, what handlers still owe, why it was stopped.

use indexmap::IndexMap;

use super::board::Board;
use super::flow::Asker;
use super::paint::Paint;
use super::words::{block_label, hosts_phrase, round_name, stop_phrase, task_name, without_names};
use crate::event::{BlockStatus, Status};
use crate::model::HostIx;

/// Name, whether it was rescued, and the reason without hosts' names.
type Alike = (String, bool, Option<String>);

/// Blocks that failed and were made up for, and blocks with `each` that failed, folded over hosts.
pub(super) fn blocks(board: &Board, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for (round, state) in &board.rounds {
        let mut folded: IndexMap<Alike, (Option<&str>, Vec<HostIx>)> = IndexMap::new();
        let told = state.flow.blocks.iter().filter(|(end, _)| end.status == BlockStatus::Rescued || end.item.is_some());
        for (end, hosts) in told {
            let name = block_label(board, paint, *round, end.block, end.item.as_deref());
            for host in hosts {
                let alike = end.reason.as_deref().map(|reason| without_names(board, *host, reason));
                let group =
                    folded.entry((name.clone(), end.status == BlockStatus::Rescued, alike)).or_insert((end.reason.as_deref(), Vec::new()));
                group.1.push(*host);
            }
        }
        for ((name, rescued, _), (reason, hosts)) in folded {
            let lead = if rescued { paint.lead_with(Status::Changed, "rescued") } else { paint.lead(Status::Failed) };
            let reason = reason.map_or_else(String::new, |reason| format!("{}{}", paint.dot(), paint.one_line(reason, 200)));
            lines.push(format!("{lead} {name}{}{}{reason}", paint.dot(), hosts_phrase(board, &hosts, usize::MAX)));
        }
    }
    lines
}

/// Handlers that were notified and have not run.
pub(super) fn pending(board: &Board, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for (round, state) in &board.rounds {
        let mut folded: IndexMap<(_, _), Vec<HostIx>> = IndexMap::new();
        for ((handler, host), by) in &state.flow.pending {
            folded.entry((*handler, *by)).or_default().push(*host);
        }
        for ((handler, by), hosts) in folded {
            let (dot, hosts) = (paint.dot(), hosts_phrase(board, &hosts, usize::MAX));
            let by = board.header.rounds.get(round.index()).and_then(|entry| entry.tasks.get(by.index())).map_or("", |task| &task.name);
            lines.push(format!("{}{dot}{hosts}{dot}notified by {}", task_name(board, paint, *round, handler), paint.one_line(by, 60)));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, paint.bold("Handlers still pending:"));
    }
    lines
}

/// Why no further batch or round started.
pub(super) fn stopped(board: &Board, paint: Paint) -> Vec<String> {
    let refused = board.flow.refused.iter().map(|(asker, question, by)| {
        let question = paint.one_line(question, 200);
        format!("not confirmed: {}{}{question} ({})", who(board, paint, *asker), paint.dot(), paint.one_line(by, 80))
    });
    refused.chain(board.flow.stopped.iter().map(|(_, reason)| paint.warn(&stop_phrase(board, paint, reason)))).collect()
}

fn who(board: &Board, paint: Paint, (round, task): Asker) -> String {
    task.map_or_else(|| format!("round {}", round_name(board, round)), |task| task_name(board, paint, round, task))
}
