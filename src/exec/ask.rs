//! Questions to the user, answered by whoever started the run.

use tokio::sync::oneshot;

/// A question for yes or no.
#[derive(Debug)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// Where the answer goes; dropped without one, it counts as no.
    pub answer: oneshot::Sender<Answer>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes {
        /// Who said so: `user`, `--yes`.
        by: String,
    },
    /// Don't.
    No {
        /// Who said so, or why nobody could be asked.
        by: String,
    },
}
