//! One use case a file: check, plan, run, test, exec, hosts, history, show. The only place where running, recording and
//! reporting meet, and where the files that the pure stages need are read.
//!
//! Takes plain requests ([`Sources`], [`RunRequest`]), gives plain results or an [`AppError`]; knows nothing of command
//! line arguments, and prints nothing.

mod adhoc;
mod ask;
mod error;
mod explain;
mod git;
mod header;
mod inventory;
mod limits;
mod load;
mod machine;
mod past;
mod planned;
mod probed;
mod program;
mod resume;
mod run;
mod sandbox;
mod saved;
mod secrets;
mod sent;
mod signals;
mod ssh_config;
mod twice;
mod unlock;

pub use adhoc::{Adhoc, adhoc_source};
pub use ask::{Confirm, ask_now};
pub use error::AppError;
pub use explain::{Explained, Explanation, Question, Setting, Unknown, explain, no_playbook};
pub use header::address;
pub use inventory::load_inventory;
pub use limits::{hosts as hosts_of, too_few_for};
pub use load::{Checked, ExtraVar, Loaded, PlaybookSource, Ready, Sources, check, check_each, load};
pub use past::{Past, find_run, history, is_found_from_here, open_record, plan_of};
pub use planned::{add_expected, plan_dot, plan_json, plan_mermaid, plan_text, write_plan_page};
pub use probed::probe;
pub use resume::{Decide, Rest, Resumable, ResumeError, resumable};
pub use run::{MakeSinks, Passwords, RecordPlace, RunRequest, run, run_to_end};
pub use sandbox::Sandboxes;
pub use saved::{SavedPlanError, can_write, from_here, read_saved_plan, saved_plan, saved_plan_at, sources_of, typed, write_saved_plan};
pub use secrets::{
    Ask, Recipients, SecretError, SecretFailures, SecretSources, Secrets, VaultError, Why, edit_secret, encrypt_secret, get_secrets,
    rekey_secret,
};
pub use signals::interrupts;
pub use twice::{Passed, Tested, test};
pub use unlock::{HostLockState, HostUnlock, unlock};
