//! Answers put in order and together, from views by hand.

use super::*;
use crate::plan::foreseen::LeftOutView;
use crate::plan::foreseen::ProbedView;
use crate::plan::text::views::{bare, plan, steps, task};

fn told(hosts: &[&str], answer: &str, reason: &str) -> ForecastView {
    let reason = (!reason.is_empty()).then(|| reason.to_owned());
    ForecastView { hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), answer: answer.to_owned(), reason, ..Default::default() }
}

fn with(forecasts: Vec<ForecastView>) -> TaskView {
    TaskView { forecasts, ..task("t", Vec::new(), false, vec![steps(&["web1", "web2", "db"], "x")]) }
}

#[test]
fn a_name_is_only_a_word_of_its_own() {
    assert_eq!(
        with_own_name("/srv/web1/a web1.log web10 xweb1 web1", "web1"),
        "/srv/‹host.name›/a ‹host.name›.log web10 xweb1 ‹host.name›"
    );
    assert_eq!(with_own_name("aaa a", "a"), "aaa ‹host.name›");
    assert_eq!(with_own_name("x", ""), "x");
}

#[test]
fn hosts_that_differ_by_their_names_stand_together() {
    let task =
        with(vec![told(&["web1"], "nothing", "/a/web1 exists"), told(&["db"], "runs", ""), told(&["web2"], "nothing", "/a/web2 exists")]);
    let [runs, nothing] = &answers(&task, true)[..] else { panic!("two answers") };
    assert_eq!(*runs, told(&["db"], "runs", ""));
    assert_eq!(*nothing, told(&["web1", "web2"], "nothing", "/a/‹host.name› exists"));
    let alone = with(vec![told(&["web1"], "nothing", "/a/web1 exists"), told(&["web2"], "nothing", "/b/web2 exists")]);
    assert_eq!(answers(&alone, true), alone.forecasts, "a host alone is called by its name");
}

#[test]
fn diffs_keep_hosts_apart_only_where_they_are_shown() {
    let changed = |host: &str, line: &str| {
        let diff = Some(format!("--- /f\n+++ /f\n@@ -1 +1 @@\n-{line}\n+new\n"));
        let content = Difference { diff, ..Difference::new("content", None, None) };
        ForecastView { differences: vec![content], ..told(&[host], "changes", "") }
    };
    let task = with(vec![changed("web1", "a"), changed("web2", "b")]);
    assert_eq!(answers(&task, true).len(), 2);
    let [only] = &answers(&task, false)[..] else { panic!("one answer") };
    assert_eq!((only.hosts.len(), why(only, &bare())), (2, "content +1 -1".to_owned()));
}

#[test]
fn the_most_pressing_comes_first() {
    let all = ["nothing", "reads", "unknown", "runs", "changes", "blocked", "fails"];
    let task = with(all.iter().map(|answer| told(&[answer], answer, "")).collect());
    let order: Vec<String> = answers(&task, true).into_iter().map(|answer| answer.answer).collect();
    assert_eq!(order, ["fails", "blocked", "changes", "runs", "unknown", "reads", "nothing"]);
    let lost = told(&["web2"], "unreachable", "gone");
    let some = with(vec![told(&["web1"], "reads", ""), lost.clone()]);
    assert_eq!(foremost(&some.forecasts).unwrap().mark, "·", "a host that is gone is told of once for the round");
    assert_eq!(answers(&some, true).len(), 1);
    assert_eq!(answers(&with(vec![lost]), true).len(), 1, "where no other answered it is all there is");
}

#[test]
fn reasons_are_short() {
    let round = RoundView { id: "patch".to_owned(), ..bare() };
    let until = |steps: &[&str], now: Option<&str>| ForecastView {
        until: steps.iter().map(|step| (*step).to_owned()).collect(),
        now: now.map(str::to_owned),
        ..told(&["db"], "unknown", "")
    };
    assert_eq!(sentence(&until(&["patch/upgrade", "survey/kernel"], None), &round), "unknown until upgrade, survey/kernel");
    assert_eq!(sentence(&until(&["patch/upgrade"], Some("nothing")), &round), "unknown until upgrade; as things are, nothing to do");
    assert_eq!(sentence(&told(&["db"], "nothing", "when"), &round), "nothing to do: left out by `when`");
    let items = ["new", "new", "old"].map(|to| Difference::new("state", None, Some(to.to_owned())));
    let items = ForecastView { differences: items.to_vec(), ..told(&["db"], "changes", "") };
    assert_eq!(sentence(&items, &round), "will change: a new new ×2, a new old");
}

#[test]
fn who_has_something_to_do_is_where_it_is_done() {
    let mut away = with(vec![told(&["web1"], "runs", ""), told(&["web2", "db"], "nothing", "")]);
    away.steps[0].what.on = vec!["lb".to_owned()];
    let hosts = ["web1", "web2", "db", "lb", "gone"].map(str::to_owned).to_vec();
    let mut view = plan(vec![RoundView { hosts, tasks: vec![away], ..bare() }]);
    view.probed = Some(ProbedView {
        unreachable: vec![LeftOutView { hosts: vec!["gone".to_owned()], reason: String::new() }],
        ..ProbedView::default()
    });
    assert_eq!(busy(&view.rounds), ["lb"]);
    assert_eq!(idle(&view), ["web1", "web2", "db"]);
}

#[test]
fn a_diff_says_every_sign() {
    let (name, lines) = lines_of_diff("--- /old\n+++ /new\n@@ -1 +1 @@\n-a\u{1b}[2J\r\n+++ a\n");
    assert_eq!(name.as_deref(), Some("/new"));
    assert_eq!(lines, ["@@ -1 +1 @@", "-a\\x1b[2J\\x0d", "+++ a"]);
    assert_eq!(lines_of_diff("-a\n+b"), (None, vec!["-a".to_owned(), "+b".to_owned()]));
}
