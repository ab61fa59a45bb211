//! What people see of a run, made from events alone.
//!
//! A live run and a stored one give the same events, so whatever is shown here can be shown again later. Every event is
//! folded into a [`Board`]; lines, the live block, the summary and `show` are read off it. Foreign text is made
//! harmless where it is printed. Knows nothing of hosts' connections, of the record's tables or of the command line: rows
//! of tables are plain structs that the caller fills.

mod aftermath;
mod awaited;
mod board;
mod console;
mod exit;
mod failure;
mod flow;
mod fold;
mod history;
mod hosts;
mod jsonl;
mod narrator;
mod options;
mod out;
mod paint;
mod screen;
mod show;
mod steps;
mod summary;
mod table;
mod tail;
mod tally;
mod terminal;
#[cfg(test)]
mod testing;
mod twice;
mod words;

pub use board::{Board, Change, HostState, Link, RoundState, Running};
pub use console::console;
pub use exit::exit_meaning;
pub use flow::{Asker, BatchState, BlockEnd, Retrying, RoundFlow, RunFlow};
pub use fold::fold_outputs;
pub use history::{RunRow, history};
pub use hosts::{HostRow, hosts};
pub use jsonl::json_lines;
pub use options::{Options, Size, Surroundings, Verbosity};
pub use show::{show_run, show_steps};
pub use steps::{AttemptDetail, ShowError, StepDetail, StepFilter, step_details};
pub use summary::summary;
pub use tail::{Clip, OutputTail, StepText};
pub use tally::{Counts, EndKey, FailedItem, TaskState};
pub use terminal::{stderr_size, stdout_size};
pub use twice::{ChangedTask, OneChange, Watch, changed_twice};
