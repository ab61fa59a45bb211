//! What a dry run says of a step, and what is not as it is to be.

use serde::{Deserialize, Serialize};

/// What a run would do with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It has nothing to do: a guard or a condition says so, or all is as it is to be.
    Nothing,
    /// It only reads.
    Reads,
    /// It makes something what it is not; the differences are known.
    Changes,
    /// It runs; what that changes is not known.
    Runs,
    /// What is done before it decides.
    Unknown,
    /// It fails.
    Fails,
}

impl Answer {
    /// The word for it, as in the JSON form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Answer::Nothing => "nothing",
            Answer::Reads => "reads",
            Answer::Changes => "changes",
            Answer::Runs => "runs",
            Answer::Unknown => "unknown",
            Answer::Fails => "fails",
        }
    }

    /// Says whether a run that does all of it may change something.
    #[must_use]
    pub fn may_change(self) -> bool {
        matches!(self, Answer::Changes | Answer::Runs | Answer::Unknown)
    }
}

/// What a dry run found out about a step.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Forecast {
    /// What would be done.
    pub answer: Answer,
    /// Of an unknown one: the steps whose effects decide (`patch/upgrade`), each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub until: Vec<String>,
    /// Of an unknown one that could be asked all the same: the answer as things are now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Answer>,
}

impl Forecast {
    /// A forecast that waits for nothing.
    #[must_use]
    pub fn new(answer: Answer) -> Forecast {
        Forecast { answer, until: Vec::new(), now: None }
    }

    /// One that waits for steps.
    #[must_use]
    pub fn unknown(until: Vec<String>, now: Option<Answer>) -> Forecast {
        Forecast { answer: Answer::Unknown, until, now }
    }

    /// The forecast of a whole from those of its parts: the worst that is sure, else what is not known.
    #[must_use]
    pub fn of_all<'a>(parts: impl IntoIterator<Item = &'a Forecast>) -> Option<Forecast> {
        let mut whole: Option<Forecast> = None;
        for part in parts {
            let Some(so_far) = &mut whole else {
                whole = Some(part.clone());
                continue;
            };
            if so_far.answer == part.answer {
                let more = part.until.iter().filter(|step| !so_far.until.contains(step)).cloned().collect::<Vec<_>>();
                so_far.until.extend(more);
            } else if rank(part.answer) > rank(so_far.answer) {
                *so_far = part.clone();
            }
        }
        whole
    }
}

fn rank(answer: Answer) -> u8 {
    match answer {
        Answer::Nothing => 0,
        Answer::Reads => 1,
        Answer::Unknown => 2,
        Answer::Changes => 3,
        Answer::Runs => 4,
        Answer::Fails => 5,
    }
}

/// One thing that is not as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Difference {
    /// What of it: `state`, `mode`, `owner`, `group`, `target`, `content`.
    pub what: String,
    /// As it is; none is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// As it is to be; none is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// For `content`, where both are text of moderate size: a unified diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

impl Difference {
    /// A difference without a diff.
    #[must_use]
    pub fn new(what: &str, from: Option<String>, to: Option<String>) -> Difference {
        Difference { what: what.to_owned(), from, to, diff: None }
    }

    /// It in a few words: `mode 0644 → 0600`, `content +3 -1`.
    #[must_use]
    pub fn words(&self) -> String {
        let counted = |diff: &String| {
            let lines = |sign: char| diff.lines().skip(2).filter(|line| line.starts_with(sign)).count();
            format!("content +{} -{}", lines('+'), lines('-'))
        };
        match (self.what.as_str(), &self.from, &self.to) {
            ("content", ..) => self.diff.as_ref().map_or_else(|| "content".to_owned(), counted),
            ("state", None, Some(to)) => format!("a new {to}"),
            ("state", Some(from), None) => format!("no {from} any more"),
            (what, Some(from), Some(to)) => format!("{what} {from} → {to}"),
            (what, None, Some(one)) => format!("{what} {one}"),
            (what, Some(one), None) => format!("no {what} {one}"),
            (what, None, None) => what.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sure_to_be_done_outweighs_what_is_not_known() {
        let unknown = |step: &str| Forecast::unknown(vec![step.to_owned()], None);
        let of = |parts: &[Forecast]| Forecast::of_all(parts);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[Forecast::new(Answer::Nothing), unknown("a")]), Some(unknown("a")));
        assert_eq!(of(&[unknown("a"), Forecast::new(Answer::Runs)]), Some(Forecast::new(Answer::Runs)));
        let both = Forecast::unknown(vec!["a".to_owned(), "b".to_owned()], None);
        assert_eq!(of(&[unknown("a"), unknown("b"), unknown("a")]), Some(both));
    }
}
