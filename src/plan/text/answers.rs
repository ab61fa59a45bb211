//! What a dry run found, as lines below a task and at the end of a plan.
//!
//! Knows the answers' marks and words; where they stand is the plan's.

use super::Role;
use crate::event::Difference;
use crate::plan::foreseen::{ForecastView, ProbedView};
use crate::text::plural;

/// An answer's sign; none of it is said by colour alone.
pub(super) fn mark(answer: &str) -> (Role, &'static str) {
    match answer {
        "changes" => (Role::Change, "~"),
        "runs" => (Role::Change, "›"),
        "unknown" => (Role::Unknown, "?"),
        "reads" => (Role::Read, "·"),
        "nothing" => (Role::Skip, "="),
        _ => (Role::Trouble, "!"),
    }
}

/// The mark of a task: that of the answer that asks for most attention.
pub(super) fn mark_of_all(forecasts: &[ForecastView]) -> Option<(Role, &'static str)> {
    const ORDER: [&str; 8] = ["fails", "blocked", "unreachable", "changes", "runs", "unknown", "reads", "nothing"];
    let first = ORDER.iter().find(|answer| forecasts.iter().any(|forecast| forecast.answer == **answer))?;
    Some(mark(first))
}

/// What would be done: `will change: mode 0644 → 0600, content +3 -1`.
pub(super) fn words(forecast: &ForecastView) -> String {
    let because = forecast.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let different = || forecast.differences.iter().map(Difference::words).collect::<Vec<_>>().join(", ");
    match forecast.answer.as_str() {
        "changes" => format!("will change: {}", different()),
        "runs" => format!("will run{because}"),
        "reads" => format!("only reads{because}"),
        "nothing" => format!("nothing to do{because}"),
        "unknown" => {
            let now = match forecast.now.as_deref() {
                Some("nothing") => "; as things are, nothing to do".to_owned(),
                Some("runs") => "; as things are, it would run".to_owned(),
                Some("changes") => format!("; as things are: {}", different()),
                _ => String::new(),
            };
            let until = if forecast.until.is_empty() { because } else { format!(" until {}", forecast.until.join(", ")) };
            format!("unknown{until}{now}")
        }
        "fails" => format!("will fail{because}"),
        "unreachable" => "can't be reached".to_owned(),
        other => format!("{other}{because}"),
    }
}

/// The line of figures: what the hosts said.
pub(super) fn counts(probed: &ProbedView) -> String {
    const WORDS: [(&str, &str); 8] = [
        ("changes", "will change (~)"),
        ("runs", "will run (›)"),
        ("unknown", "unknown (?)"),
        ("nothing", "nothing to do (=)"),
        ("reads", "only read (·)"),
        ("fails", "will fail (!)"),
        ("blocked", "blocked (!)"),
        ("unreachable", "not reached (!)"),
    ];
    let told = WORDS.iter().filter_map(|(answer, words)| probed.answers.get(*answer).map(|count| format!("{count} {words}")));
    let told: Vec<String> = told.collect();
    if told.is_empty() { "the hosts were asked, and there is nothing to do".to_owned() } else { told.join(", ") }
}

/// Hosts that could not be asked.
pub(super) fn unreachable(probed: &ProbedView) -> Vec<String> {
    let line = |hosts: &[String], reason: &str| {
        format!("{} can't be reached: {} ({reason})", plural(hosts.len(), "host"), crate::text::fold_names(hosts))
    };
    probed.unreachable.iter().map(|left_out| line(&left_out.hosts, &left_out.reason)).collect()
}
