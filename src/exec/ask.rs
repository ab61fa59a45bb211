//! What the run asks of the user: `confirm`.
//!
//! The dispatcher sends a [`Question`] when everything before it has been told, and goes on with what does not wait for
//! the answer. It drops its end where the answer is no longer wanted; whoever asks then stops asking.

use tokio::sync::oneshot;

/// A question to the user.
#[derive(Debug)]
pub struct Question {
    /// What is asked, for people; perhaps of several lines.
    pub text: String,
    /// Takes the answer; closed when nobody waits for it any more.
    pub answer: oneshot::Sender<Answer>,
}

/// What the user said, or what is taken for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes {
        /// Who said so: `user`, `--yes`.
        by: String,
    },
    /// Don't.
    No {
        /// Who said so: `user`, or why nobody could be asked.
        by: String,
    },
}
