//! The answers of a dry run as people read them: what asks for most attention first, and hosts together whose answers
//! differ in nothing but their own names.
//!
//! Knows views alone, and no form of output: `text`, `drawing` and `page` say what is found here.

use std::collections::BTreeMap;

use indexmap::{IndexMap, IndexSet};

use super::foreseen::ForecastView;
use super::view::{PlanView, RoundView, StepsView, TaskView};
use crate::event::Difference;
use crate::text::visible;

/// Stands where each of several hosts has its own name.
pub(super) const OWN_NAME: &str = "‹host.name›";

/// What is known of an answer.
pub(super) struct Kind {
    /// Its word in a view.
    pub(super) answer: &'static str,
    pub(super) mark: &'static str,
    /// What is said of one step.
    pub(super) words: &'static str,
    /// What is said behind a number of steps.
    pub(super) counted: &'static str,
    /// True where a run does something there, or may.
    pub(super) acts: bool,
    /// True where somebody should look into it.
    pub(super) trouble: bool,
}

/// All answers; what asks for most attention comes first.
const KINDS: [Kind; 8] = [
    Kind { answer: "fails", mark: "!", words: "will fail", counted: "will fail", acts: false, trouble: true },
    Kind { answer: "blocked", mark: "!", words: "blocked", counted: "blocked", acts: false, trouble: true },
    Kind { answer: "unreachable", mark: "!", words: "can't be reached", counted: "not reached", acts: false, trouble: true },
    Kind { answer: "changes", mark: "~", words: "will change", counted: "will change", acts: true, trouble: false },
    Kind { answer: "runs", mark: "›", words: "will run", counted: "will run", acts: true, trouble: false },
    Kind { answer: "unknown", mark: "?", words: "unknown", counted: "unknown", acts: true, trouble: false },
    Kind { answer: "reads", mark: "·", words: "only reads", counted: "only read", acts: false, trouble: false },
    Kind { answer: "nothing", mark: "=", words: "nothing to do", counted: "nothing to do", acts: false, trouble: false },
];

/// Of an answer that nobody knows.
const OTHER: Kind = Kind { answer: "", mark: "!", words: "no answer", counted: "no answer", acts: false, trouble: true };

/// What is known of an answer by its word.
pub(super) fn kind(answer: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.answer == answer).unwrap_or(&OTHER)
}

fn rank(answer: &str) -> usize {
    KINDS.iter().position(|kind| kind.answer == answer).unwrap_or(0)
}

/// The answer of a task that asks for most attention; that a host can't be reached is no answer where others are.
pub(super) fn foremost(forecasts: &[ForecastView]) -> Option<&'static Kind> {
    let kinds = forecasts.iter().map(|forecast| kind(&forecast.answer));
    kinds.min_by_key(|kind| if kind.answer == "unreachable" { usize::MAX } else { rank(kind.answer) })
}

/// The answers of a task, in the order of attention; without diffs, those that differ in nothing else are one. Hosts that
/// can't be reached are told of once for a round, so that they stand here only where no other host answered.
pub(super) fn answers(task: &TaskView, diffs: bool) -> Vec<ForecastView> {
    let reached: Vec<&ForecastView> = task.forecasts.iter().filter(|forecast| forecast.answer != "unreachable").collect();
    let shown = if reached.is_empty() { task.forecasts.iter().collect() } else { reached };
    let groups = shown.into_iter().map(|forecast| {
        let mut what = ForecastView { hosts: Vec::new(), ..forecast.clone() };
        for difference in what.differences.iter_mut().filter(|difference| !diffs && difference.diff.is_some()) {
            *difference = Difference::new(&difference.words(), None, None);
        }
        (&forecast.hosts[..], what)
    });
    let groups = by_own_name(groups, &|what, change| super::masked::of_forecast(what, change));
    let mut answers: Vec<ForecastView> = groups.into_iter().map(|(hosts, what)| ForecastView { hosts, ..what }).collect();
    answers.sort_by_key(|forecast| rank(&forecast.answer));
    answers
}

/// The forms of a task; those that are left out only where there are no others.
pub(super) fn forms(task: &TaskView) -> Vec<StepsView> {
    let all_skipped = task.steps.iter().all(|steps| steps.what.skipped_by.is_some());
    let shown = task.steps.iter().filter(|steps| all_skipped || steps.what.skipped_by.is_none());
    let groups = shown.map(|steps| (&steps.hosts[..], steps.what.clone()));
    let groups = by_own_name(groups, &|what, change| super::masked::of_what(what, change));
    groups.into_iter().map(|(hosts, what)| StepsView { hosts, what }).collect()
}

/// Changes every text of something.
type ChangeText<'a, T> = &'a dyn Fn(&mut T, &dyn Fn(&mut String));

/// Puts groups of one host together that are equal with [`OWN_NAME`] for that host's name.
fn by_own_name<'a, T>(groups: impl Iterator<Item = (&'a [String], T)>, change: ChangeText<'_, T>) -> Vec<(Vec<String>, T)>
where
    T: Clone + Eq + std::hash::Hash,
{
    // Groups that are one, by what they have in common, with what the first of them is.
    let mut joined: IndexMap<T, (Vec<String>, T)> = IndexMap::new();
    for (hosts, what) in groups {
        let mut common = what.clone();
        if let [only] = hosts {
            change(&mut common, &|text| *text = with_own_name(text, only));
        }
        joined.entry(common).or_insert_with(|| (Vec::new(), what)).0.extend(hosts.iter().cloned());
    }
    joined.into_iter().map(|(common, (hosts, first))| if hosts.len() > 1 { (hosts, common) } else { (hosts, first) }).collect()
}

/// A text with a sign for each mention of a host.
pub(super) fn with_own_name(text: &str, host: &str) -> String {
    let mut rest = text;
    let mut common = String::with_capacity(text.len());
    // A letter or digit beside it makes it part of another word.
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    while let Some(at) = rest.find(host).filter(|_| !host.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + host.len()..]);
        let preceding = before.chars().next_back().or_else(|| common.chars().next_back());
        common.push_str(before);
        common.push_str(if apart(preceding) && apart(after.chars().next()) { OWN_NAME } else { host });
        rest = after;
    }
    common.push_str(rest);
    common
}

/// An answer and why it is that, in a sentence.
pub(super) fn sentence(forecast: &ForecastView, round: &RoundView) -> String {
    let (words, why) = (kind(&forecast.answer).words, why(forecast, round));
    match why.as_str() {
        "" => words.to_owned(),
        why if why.starts_with("until ") => format!("{words} {why}"),
        why => format!("{words}: {why}"),
    }
}

/// Why an answer is what it is, and what is different; empty where there is no more to say than the answer.
pub(super) fn why(forecast: &ForecastView, round: &RoundView) -> String {
    let own = format!("{}/", round.id);
    let until: Vec<&str> = forecast.until.iter().map(|step| step.strip_prefix(&own).unwrap_or(step)).collect();
    let mut parts: Vec<String> = Vec::new();
    if !until.is_empty() {
        parts.push(format!("until {}", until.join(", ")));
    }
    parts.extend(forecast.reason.as_ref().map(|reason| if reason == "when" { "left out by `when`".to_owned() } else { reason.clone() }));
    let different = different(&forecast.differences);
    match forecast.now.as_deref() {
        Some("nothing") => parts.push("as things are, nothing to do".to_owned()),
        Some("runs") => parts.push("as things are, it would run".to_owned()),
        Some("changes") if different.is_empty() => parts.push("as things are, it would change".to_owned()),
        _ if different.is_empty() => {}
        Some("changes") => parts.push(format!("as things are: {different}")),
        _ => parts.push(different),
    }
    parts.join("; ")
}

/// What is not as it is to be, in a line; what is the same of several items stands once.
fn different(differences: &[Difference]) -> String {
    let mut counted: IndexMap<String, usize> = IndexMap::new();
    for difference in differences {
        *counted.entry(difference.words()).or_default() += 1;
    }
    let words = counted.into_iter().map(|(words, times)| if times > 1 { format!("{words} ×{times}") } else { words });
    words.collect::<Vec<_>>().join(", ")
}

/// Figures in the order of attention.
pub(super) fn in_order(figures: &BTreeMap<String, usize>) -> Vec<(&'static Kind, usize)> {
    KINDS.iter().filter_map(|kind| figures.get(kind.answer).map(|count| (kind, *count))).collect()
}

/// On how many hosts a task would do what; hosts that can't be reached count where no other answered.
pub(super) fn figures(task: &TaskView) -> BTreeMap<String, usize> {
    let mut figures: BTreeMap<String, usize> = BTreeMap::new();
    for forecast in &task.forecasts {
        *figures.entry(forecast.answer.clone()).or_default() += forecast.hosts.len();
    }
    if figures.len() > 1 {
        figures.remove("unreachable");
    }
    figures
}

/// Figures of a round.
pub(super) fn of_round(round: &RoundView) -> BTreeMap<String, usize> {
    let mut sum: BTreeMap<String, usize> = BTreeMap::new();
    for (answer, count) in round.tasks.iter().flat_map(figures) {
        *sum.entry(answer).or_default() += count;
    }
    sum
}

/// Hosts of a round that could not be reached when a task asked them.
pub(super) fn unreached(round: &RoundView) -> Vec<&str> {
    let lost = round.tasks.iter().flat_map(|task| &task.forecasts).filter(|forecast| forecast.answer == "unreachable");
    let lost: IndexSet<&str> = lost.flat_map(|forecast| &forecast.hosts).map(String::as_str).collect();
    round.hosts.iter().map(String::as_str).filter(|host| lost.contains(host)).collect()
}

/// The hosts on which a run may do something, in the order of the inventory; those that `on` names come last.
pub(super) fn busy<'a>(rounds: impl IntoIterator<Item = &'a RoundView>) -> Vec<&'a str> {
    by_host(rounds, |kind| kind.acts, true)
}

/// The hosts that could be reached, and on which there is nothing to do in any round.
pub(super) fn idle(view: &PlanView) -> Vec<&str> {
    let unreachable: Vec<&String> = view.probed.iter().flat_map(|probed| &probed.unreachable).flat_map(|lost| &lost.hosts).collect();
    let mut idle = by_host(&view.rounds, |kind| kind.acts || kind.trouble, false);
    idle.retain(|host| !unreachable.iter().any(|lost| lost == host));
    idle
}

/// Hosts on which steps with an answer of some kind run, or no such steps.
fn by_host<'a>(rounds: impl IntoIterator<Item = &'a RoundView>, such: impl Fn(&Kind) -> bool, wanted: bool) -> Vec<&'a str> {
    let mut hosts: IndexMap<&str, bool> = IndexMap::new();
    for round in rounds {
        for host in &round.hosts {
            hosts.entry(host).or_default();
        }
        for task in &round.tasks {
            let places = task.steps.iter().filter(|steps| !steps.what.on.is_empty());
            let places: BTreeMap<&str, &[String]> =
                places.flat_map(|steps| steps.hosts.iter().map(|host| (host.as_str(), &steps.what.on[..]))).collect();
            let found = task.forecasts.iter().filter(|forecast| such(kind(&forecast.answer)));
            for host in found.flat_map(|forecast| &forecast.hosts) {
                let at = places.get(host.as_str()).copied().unwrap_or(std::slice::from_ref(host));
                hosts.extend(at.iter().map(|host| (host.as_str(), true)));
            }
        }
    }
    hosts.into_iter().filter(|(_, found)| *found == wanted).map(|(host, _)| host).collect()
}

/// A diff apart from its two first lines, which name the file: that name, and the lines, each harmless on a screen.
pub(super) fn lines_of_diff(diff: &str) -> (Option<String>, Vec<String>) {
    // A return at the end of a line is part of what differs.
    let mut lines: Vec<&str> = diff.strip_suffix('\n').unwrap_or(diff).split('\n').collect();
    let named = |line: Option<&&str>, sign: &str| line.and_then(|line| line.strip_prefix(sign)).map(str::to_owned);
    let name = named(lines.first(), "--- ").and_then(|_| named(lines.get(1), "+++ "));
    if name.is_some() {
        lines.drain(..2);
    }
    (name.map(|name| visible(&name)), lines.into_iter().map(visible).collect())
}

#[cfg(test)]
mod tests;
