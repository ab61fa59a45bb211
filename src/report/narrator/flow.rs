//! Lines for what happens between steps: items, attempts, batches, blocks, handlers, questions.

use super::{LAST_WORDS, Narrator, TOLD_AT_ONCE, millis};
use crate::event::{BlockStatus, Event, ItemLabel, Outcome, RunEvent, Status};
use crate::model::{BlockIx, HostIx, RoundIx, StepId};
use crate::report::Verbosity;
use crate::report::board::{Board, Change};
use crate::report::failure::{last_words, whole};
use crate::report::tail::StepText;
use crate::report::words::{block_label, hosts_phrase, lead_of_end, round_name, stop_phrase, task_name};
use crate::text::visible;

impl Narrator {
    pub(super) fn flow(&mut self, board: &Board, event: &Event, change: &Change, lines: &mut Vec<String>) {
        let dot = self.paint.dot();
        match &event.kind {
            RunEvent::BatchStarted { round, batch, of, hosts } => {
                self.unfinished_batch(board, *round, lines);
                let name = self.round_lead(board, *round);
                lines.push(format!("{name}{dot}batch {batch} of {of}: {}", hosts_phrase(board, hosts, self.room)));
            }
            RunEvent::BatchPaused { round, duration_ms } => {
                lines.push(format!("{}{dot}the next batch begins in {}", self.round_lead(board, *round), millis(*duration_ms)));
            }
            RunEvent::Stopped { reason, .. } => lines.push(self.paint.warn(&stop_phrase(board, self.paint, reason))),
            RunEvent::Answered { round, task, yes, by } => {
                let Change::Answered { question } = change else { return };
                // The question and what was typed stand on the terminal already.
                if self.live && by == "user" {
                    return;
                }
                let who = task.map_or_else(|| self.round_lead(board, *round), |task| task_name(board, self.paint, *round, task));
                let answer = if *yes { "yes" } else { "no" };
                lines.push(format!("{who}{dot}{} {answer} ({})", self.paint.one_line(question, 200), self.paint.one_line(by, 80)));
            }
            RunEvent::Notified { round, host, handler, run: Some(run), .. } => {
                let handler = task_name(board, self.paint, *round, *handler);
                lines.push(format!("{handler}{dot}{}{dot}pending since run {}", visible(&board.host_name(*host)), visible(run)));
            }
            RunEvent::Notified { round, host, handler, by, .. } if self.verbosity == Verbosity::Verbose => {
                let (handler, by) = (task_name(board, self.paint, *round, *handler), task_name(board, self.paint, *round, *by));
                lines.push(format!("notified {handler}{dot}{}{dot}by {by}", visible(&board.host_name(*host))));
            }
            RunEvent::AttemptEnded { step, item, outcome, retry_ms, .. } => {
                let Change::Attempt { retry, text } = change else { return };
                match (retry, retry_ms) {
                    (Some(tries), Some(wait)) => {
                        let who = format!("{}{dot}{}", self.item_name(board, *step, item.as_ref()), visible(&board.host_name(step.host)));
                        self.retry(&who, outcome.reason.as_deref().unwrap_or("failed"), *tries, *wait, lines);
                    }
                    _ => self.execution(board, *step, item.as_ref(), outcome, text, lines),
                }
            }
            RunEvent::BlockEnded { round, block, host, item, status, reason, retry_ms } => {
                let of = (*round, *block, *host);
                match (change, retry_ms) {
                    (Change::Retry { attempt, of: most }, Some(wait)) => {
                        let name = block_label(board, self.paint, *round, *block, item.as_ref().map(|item| item.label.as_str()));
                        let who = format!("{name}{dot}{}", visible(&board.host_name(*host)));
                        self.retry(&who, reason.as_deref().unwrap_or("failed"), (*attempt, *most), *wait, lines);
                    }
                    (Change::Block { first: true }, _) => self.block(board, of, item.as_ref(), (*status, reason.as_deref()), lines),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn round_lead(&self, board: &Board, round: RoundIx) -> String {
        self.paint.bold(&format!("round {}", round_name(board, round)))
    }

    /// A further attempt is to come; of one task's or block's the first few are told.
    fn retry(&mut self, who: &str, reason: &str, (attempt, of): (u32, u32), wait_ms: u64, lines: &mut Vec<String>) {
        let told = self.retries.entry(who.split(self.paint.dot()).next().unwrap_or(who).to_owned()).or_default();
        *told += 1;
        let lead = self.paint.lead_with(Status::Changed, "retrying");
        let dot = self.paint.dot();
        if *told <= TOLD_AT_ONCE || self.verbosity == Verbosity::Verbose {
            let reason = self.paint.one_line(reason, 100);
            lines.push(format!("{lead} {who}{dot}{reason}{dot}attempt {attempt} of {of} in {}", millis(wait_ms)));
        } else if *told == TOLD_AT_ONCE + 1 {
            lines.push(format!("{lead} {}{dot}further retries are not told", who.split(dot).next().unwrap_or(who)));
        }
    }

    /// An item, or a pass of a block, is over.
    fn execution(
        &mut self,
        board: &Board,
        step: StepId,
        item: Option<&ItemLabel>,
        outcome: &Outcome,
        text: &StepText,
        lines: &mut Vec<String>,
    ) {
        let verbose = self.verbosity == Verbosity::Verbose;
        let failed = matches!(outcome.status, Status::Failed | Status::Unknown);
        // How a pass of a block ended, the block tells.
        if !verbose && (!failed || item.is_none() || board.is_exec()) {
            return;
        }
        if !verbose {
            let told = self.failures.entry((step.round, step.task)).or_default();
            *told += 1;
            // The step's own line says that there are more.
            if *told > TOLD_AT_ONCE {
                return;
            }
        }
        let dot = self.paint.dot();
        let lead = lead_of_end(outcome.status, outcome.allowed, outcome.answer(), self.paint);
        let mut line = format!("{lead} {}{dot}{}", self.item_name(board, step, item), visible(&board.host_name(step.host)));
        if let Some(reason) = outcome.reason.as_deref().filter(|reason| !reason.is_empty()) {
            line.push_str(&format!("{dot}{}", self.paint.one_line(reason, 300)));
        }
        lines.push(line);
        lines.extend(if verbose { whole(self.paint, text, "    ").0 } else { last_words(self.paint, text, LAST_WORDS) });
    }

    fn item_name(&self, board: &Board, step: StepId, item: Option<&ItemLabel>) -> String {
        let name = task_name(board, self.paint, step.round, step.task);
        item.map_or_else(|| name.clone(), |item| format!("{name} ({})", self.paint.one_line(&item.label, 40)))
    }

    fn block(
        &mut self,
        board: &Board,
        (round, block, host): (RoundIx, BlockIx, HostIx),
        item: Option<&ItemLabel>,
        (status, reason): (BlockStatus, Option<&str>),
        lines: &mut Vec<String>,
    ) {
        let retries =
            board.header.rounds.get(round.index()).and_then(|entry| entry.blocks.get(block.index())).map_or(0, |block| block.retries);
        // A block that failed in one go has nothing to add to what its task said.
        if status == BlockStatus::Failed && item.is_none() && retries == 0 {
            return;
        }
        let told = self.blocks.entry((round, block)).or_default();
        *told += 1;
        if *told > TOLD_AT_ONCE && self.verbosity != Verbosity::Verbose {
            return;
        }
        let dot = self.paint.dot();
        let lead = match status {
            BlockStatus::Rescued => self.paint.lead_with(Status::Changed, "rescued"),
            _ => self.paint.lead(Status::Failed),
        };
        let name = block_label(board, self.paint, round, block, item.map(|item| item.label.as_str()));
        let reason = reason.map_or_else(String::new, |reason| format!("{dot}{}", self.paint.one_line(reason, 200)));
        lines.push(format!("{lead} {name}{dot}{}{reason}", visible(&board.host_name(host))));
    }
}
