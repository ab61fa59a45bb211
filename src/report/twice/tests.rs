//! What is told of runs that changed something again.
#![allow(clippy::unwrap_used, reason = "a test")]

use super::*;
use crate::event::ItemLabel;
use crate::report::testing::{Feed, ran, step};

fn found(feed: Feed) -> Vec<ChangedTask> {
    let watch = Watch::default();
    let mut sink = watch.sink();
    feed.events().iter().for_each(|event| sink.event(event));
    let (run, changed) = watch.found();
    assert_eq!(run, "019a8c2e-71b3-7abc-8def-0123456789ab");
    changed
}

fn differing(what: &str, from: &str, to: &str) -> Outcome {
    let difference = Difference::new(what, Some(from.into()), Some(to.into()));
    Outcome { differences: vec![difference], ..ran(Status::Changed, Some(0)) }
}

#[test]
fn hosts_that_did_alike_are_told_once() {
    let mut feed = Feed::new("Site", &["web1", "web2", "db1"], &[("work", &["stamp", "mode", "still"])]);
    for host in 0..3 {
        feed = feed.changed(0, 0, host).ok(0, 2, host, "");
    }
    feed = feed.whole(0, 1, 2, ("", ""), differing("mode", "0600", "0644"));
    feed = feed.whole(0, 1, 0, ("", ""), differing("mode", "0600", "0640"));
    let mut changed = found(feed.over(0).end(0));
    for task in &mut changed {
        task.hint = Some("do otherwise".into());
    }
    insta::assert_snapshot!(changed_twice(&changed, &Options::default()), @r"
    2 tasks changed something in the second run too:

    changed     work/stamp · playbooks/site.yml:9 · 3 hosts: web[1-2],db1
        do stamp
      hint: do otherwise

    changed     work/mode · playbooks/site.yml:12 · web1
        do mode
      mode: was 0600, is 0640

    changed     work/mode · playbooks/site.yml:12 · db1
        do mode
      mode: was 0600, is 0644
    ");
    let json = serde_json::to_value(&changed[0]).unwrap();
    assert_eq!(json["task"], "work/stamp");
    assert_eq!(json["place"]["line"], 9);
    assert_eq!(json["hosts"], serde_json::json!(["web1", "web2", "db1"]));
    assert_eq!(json["changes"], serde_json::json!([{ "command": "do stamp", "differences": [] }]).clone(), "{json}");
}

#[test]
fn a_command_that_differs_in_the_hosts_name_alone_is_one_command() {
    let sent = |feed: Feed, host: usize, command: String| {
        let step = step(0, 0, host);
        let feed = feed.event(RunEvent::StepSent { step, attempt: 1, on: None, command, item: None, durable: None });
        feed.finish(0, 0, host, ran(Status::Changed, Some(0)))
    };
    let mut feed = Feed::new("Site", &["web1", "web2"], &[("work", &["stamp"])]).begin(0);
    for host in 0..2 {
        feed = sent(feed, host, format!("echo web{} >>/x", host + 1));
    }
    let changed = found(feed);
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].changes[0].command.as_deref(), Some("echo <host> >>/x"));
}

#[test]
fn a_handler_is_its_notifiers_consequence() {
    let handlers = |header: &mut crate::event::RunHeader| {
        for task in [1, 2] {
            header.rounds[0].tasks[task].section = Some("handlers".into());
        }
    };
    let notified = |handler: usize, by: usize| RunEvent::Notified {
        round: RoundIx::new(0),
        host: HostIx::new(0),
        handler: TaskIx::new(handler),
        by: TaskIx::new(by),
        run: None,
    };
    let feed = Feed::new("Site", &["web1"], &[("work", &["config", "reload", "tell"])]).header(handlers);
    let feed = feed.changed(0, 0, 0).event(notified(1, 0)).changed(0, 1, 0).event(notified(2, 1)).changed(0, 2, 0);
    let changed = found(feed);
    assert_eq!(changed.len(), 1, "{changed:#?}");
    assert_eq!((changed[0].name.as_str(), &changed[0].handlers), ("config", &vec!["reload".to_owned(), "tell".to_owned()]));
}

#[test]
fn of_items_those_are_told_that_changed_something() {
    let item = |index: u32, label: &str| Some(ItemLabel { index, of: 2, label: label.into() });
    let ended = |attempt: u32, item, outcome| RunEvent::AttemptEnded { step: step(0, 0, 0), attempt, item, outcome, retry_ms: None };
    let feed = Feed::new("Site", &["web1"], &[("work", &["users"])]).start(0, 0, 0);
    let feed = feed.event(ended(1, item(0, "ann"), ran(Status::Changed, Some(0))));
    let feed = feed.event(ended(2, item(1, "bob"), ran(Status::Ok, Some(0))));
    let changed = found(feed.finish(0, 0, 0, ran(Status::Changed, None)));
    let items: Vec<_> = changed[0].changes.iter().map(|change| (change.item.as_deref(), change.command.as_deref())).collect();
    assert_eq!(items, [(Some("ann"), Some("do users"))]);
}
