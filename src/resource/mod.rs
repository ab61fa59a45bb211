//! The verbs that need a script on a host: shell text that does it, and readers of what that prints.
//!
//! Pure: values come in, the text of a script for the lane's own POSIX `sh` goes out (`transport`'s
//! `Invocation::Script`), the caller runs it and hands back what it printed. Scripts need `sh` and the usual tools;
//! they are tried with dash, bash, busybox (and its tools) and mksh. A script exits 0 or says on stderr, in words for
//! people, why not. They know nothing of templates, hosts or lanes.
//!
//! | file | script | gives |
//! |---|---|---|
//! | `read` | [`read_script`] | the file's bytes |
//! | `glob` | [`glob_script`] | [`glob_paths`] |
//! | `stat` | [`stat_script`] | [`FileStat::parse`] |
//! | `copy` | [`CopyPlan::small_script`]; [`CopyPlan::check_script`], then [`CopyPlan::upload_script`] | [`CopyAnswer::parse`] |
//! | `facts` | [`facts_script`] | [`read_facts`] |
//! | `script` | [`ScriptPlan::from_stdin`] or [`ScriptPlan::carrying`] | what the script prints |
//! | `wait_for` | [`wait_script`] | what was seen, on standard error: [`last_seen`] |
//! | `unarchive`, sent | [`UnarchivePlan::check_script`], then [`UnarchivePlan::upload_script`] | [`CopyAnswer::parse`] |
//! | `fetch` | [`fetch_check_script`], then [`fetch_script`] | [`RemoteFile::parse`], the file's bytes |

mod archive;
mod content;
mod copy;
mod declared;
mod diff;
mod download;
mod edit;
mod edited;
mod facts;
mod fetch;
mod glob;
mod host_lock;
mod path;
mod read;
mod rights;
mod script;
mod stat;
mod unarchive;
mod validate;
mod wait_for;

pub use archive::{ArchiveFormat, ArchivePlan};
pub use content::{Content, FileContent, copied};
pub use copy::{CopyAnswer, CopyPlan, FileTarget, SMALL, kept_as};
pub use declared::{Applied, Declared, Found, Resource, Touch, Unfit};
pub use diff::{DIFF_LIMIT, content_difference};
pub use download::DownloadPlan;
pub use edit::{BlockEdit, EditError, EditPlace, LineEdit, Pattern};
pub use edited::{LineFile, TextFile};
pub use facts::{FACT_SECTIONS, fact_fields, facts_script, facts_shown, read_facts};
pub use fetch::{RemoteFile, fetch_check_script, fetch_script};
pub use glob::{glob_paths, glob_script};
pub use host_lock::{
    LockFound, LockOwner, LockTrouble, Locked, lock_there, locked, look_script, release_script, remove_script, take_script,
};
pub use path::{PathPlan, WantedPath};
pub use read::{is_at_hand, read_script};
pub use rights::Rights;
pub use script::ScriptPlan;
pub use stat::{FileKind, FileStat, stat_script};
pub use unarchive::{SentArchive, UnarchivePlan};
pub use wait_for::{Awaiting, last_seen, wait_script};

/// Writes a path as one word that no tool takes for an option or for its standard input.
fn operand(path: &str) -> String {
    if path.starts_with('-') { crate::text::quote(&format!("./{path}")) } else { crate::text::quote(path) }
}

#[cfg(test)]
mod tests;
