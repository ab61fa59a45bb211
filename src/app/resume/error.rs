//! Why a run can't be resumed, and what to do about it.

/// Why a run can't be resumed.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// Nothing of that kind is recorded.
    #[error("no run of a playbook is recorded here")]
    None,
    /// It is a dry run, or one command of `exec`.
    #[error("run {run} is {what}, which leaves nothing to go on with")]
    NotOne {
        /// Its id.
        run: String,
        /// What it is.
        what: &'static str,
    },
    /// The record does not say what was typed.
    #[error("run {run} was recorded by an earlier roundsman, which did not keep what was typed")]
    NoSources {
        /// Its id.
        run: String,
    },
    /// Its process lives, or another goes on with it.
    #[error("run {run} goes on: its process lives, or another resumes it")]
    Running {
        /// Its id.
        run: String,
    },
    /// Another run has gone on with it.
    #[error("run {run} was resumed by run {by}")]
    Resumed {
        /// Its id.
        run: String,
        /// The later run.
        by: String,
    },
    /// A value that was typed is masked in the record.
    #[error("the value of `-e {name}` is a secret, and so not in the record")]
    Masked {
        /// The variable.
        name: String,
    },
    /// What it was made from has changed.
    #[error("{n} changed since run {run} began, and nothing was done\n{}", lines(changes), n = what_changed(changes))]
    Changed {
        /// Its id.
        run: String,
        /// What, in words.
        changes: Vec<String>,
    },
    /// Results that are read later are not in the record.
    #[error("results that are still to be read are not in the record\n{}", lines(results))]
    Lost {
        /// Whose, by whom they are read, and why they are not there.
        results: Vec<String>,
    },
    /// Steps began, and nobody knows how they ended.
    #[error("how these steps ended is not known\n{}", lines(steps))]
    Unknown {
        /// Which.
        steps: Vec<String>,
    },
    /// Something was cleaned up although work is left.
    #[error("these were cleaned up although work is left there: `finally`, `rescue` or `always` have run\n{}", lines(places))]
    Cleaned {
        /// Where.
        places: Vec<String>,
    },
}

impl ResumeError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            ResumeError::None => "`roundsman history` lists what is recorded; `--db` names another record".to_owned(),
            ResumeError::NotOne { .. } => "run it again".to_owned(),
            ResumeError::NoSources { .. } => "run its playbook again; guards leave alone what is done".to_owned(),
            ResumeError::Running { run } => format!("`roundsman show {run}` tells how far it is"),
            ResumeError::Resumed { by, .. } => format!("resume that one: roundsman run --resume {by}"),
            ResumeError::Masked { name } => format!("give it again: -e {name}=…"),
            ResumeError::Changed { .. } => {
                "`roundsman plan --resume --accept-changes` shows what is left as it would be done now; `--accept-changes` does it"
                    .to_owned()
            }
            ResumeError::Lost { .. } => {
                "a task that changes nothing is asked again: `read_only: true`; else run the playbook again".to_owned()
            }
            ResumeError::Unknown { .. } => {
                "`--assume rerun` does them again, `--assume done` takes them for done; on a terminal you are asked".to_owned()
            }
            ResumeError::Cleaned { .. } => {
                "`--after-cleanup restart` begins those rounds and blocks anew there, `--after-cleanup continue` leaves what ended well"
                    .to_owned()
            }
        })
    }
}

const MOST: usize = 20;

fn lines(all: &[String]) -> String {
    let mut lines: Vec<String> = all.iter().take(MOST).map(|line| format!("  {}", crate::text::visible(line))).collect();
    if all.len() > MOST {
        lines.push(format!("  and {} more", all.len() - MOST));
    }
    lines.join("\n")
}

fn what_changed(changes: &[String]) -> String {
    crate::text::plural(changes.len(), "thing")
}
