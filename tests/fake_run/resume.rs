//! Runs cut short after every single event, and resumed: what ended stays, nothing is done twice, nothing is left out.

use std::collections::BTreeMap;

use roundsman::event::{Event, RunEvent, Status};
use roundsman::plan::{AfterCleanup, CarryOptions};
use serde_json::json;

use crate::bench::{Bench, Ran};

const SITE: &str = "
vars: { names: [ann, bob, cleo] }
rounds:
  - name: first
    hosts: all
    batch: [1, 2]
    max_failures: 9
    tasks:
      - { name: look, run: look, read_only: true }
      - { name: change, run: 'change {{ tasks.look.stdout }}', notify: reload }
      - { name: users, each: names, run: 'add {{ item }} {{ tasks.look.stdout }}' }
      - { flush: handlers }
      - { name: more, run: more, notify: reload }
      - name: upgrade
        retries: 1
        delay: 1s
        block:
          - { name: fetch, run: fetch }
          - { name: install, run: install }
        rescue:
          - { name: undo, run: 'undo {{ error.task }}' }
        always:
          - { name: tidy, run: tidy }
      - name: per_name
        each: names
        as: n
        block:
          - { name: one, run: 'one {{ n }}' }
          - { name: two, run: 'two {{ n }} {{ tasks.one.stdout }}', notify: tell }
      - { name: lead, once: true, run: lead }
      - { name: keep, set: { kept: '{{ tasks.lead.stdout }}' } }
      - { name: allowed, run: wrong, allow_failure: true }
    handlers:
      - { name: reload, run: reload }
      - { name: tell, run: tell }
    finally:
      - { name: last, run: last }
  - name: second
    hosts: all
    tasks:
      - { name: told, run: 'told {{ rounds.first.tasks.change.status }} {{ kept }} {{ rounds.first.tasks.users.items | length }}' }
";

fn bench() -> Bench {
    let said = |what: &str| json!({ "contains": what, "stdout": format!("{what}-said\n") });
    let script = json!({ "host": "*", "commands": [
        { "contains": "install", "code": 1 }, { "contains": "wrong", "code": 2 },
        said("look"), said("lead"), said("one cleo"),
    ] });
    Bench::new(SITE, "a,b,c").host(script)
}

/// Each execution that ended in what is recorded, as `host command`, and how often.
fn ended(events: &[Event], ran: &Ran) -> BTreeMap<String, usize> {
    let mut sent = BTreeMap::new();
    let mut ended = BTreeMap::new();
    let mut over = std::collections::BTreeSet::new();
    for event in events {
        match &event.kind {
            RunEvent::StepSent { step, attempt, command, .. } => drop(sent.insert((*step, *attempt), command.clone())),
            RunEvent::AttemptEnded { step, attempt, outcome, .. } | RunEvent::StepEnded { step, attempt, outcome } => {
                let known = !matches!(outcome.status, Status::Unknown | Status::Cancelled);
                if let Some(command) = sent.get(&(*step, *attempt)).filter(|_| known && over.insert((*step, *attempt))) {
                    *ended.entry(format!("{} {command}", ran.host(step.host))).or_default() += 1;
                }
            }
            _ => {}
        }
    }
    ended
}

fn commands(ran: &Ran) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for host in ["a", "b", "c"] {
        for command in ran.ran_on(host) {
            *all.entry(format!("{host} {command}")).or_default() += 1;
        }
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_run_cut_short_after_any_event_ends_as_if_it_had_not_been() {
    let whole = bench().run().await;
    let ends = whole.last_ends();
    let wanted = commands(&whole);
    assert_eq!(wanted["a reload"], 2, "at the flush and at the end: {wanted:#?}");
    for cut in 1..whole.events.len() {
        let recorded = &whole.events[..cut];
        let options = CarryOptions { failed: false, after_cleanup: AfterCleanup::Continue };
        let rest = bench().resumes(&[recorded], options).run().await;
        let told = |step: &str| format!("cut behind event {cut} {:?}: {step}", recorded.last().map(|event| &event.kind));
        let found = rest.last_ends();
        for (step, end) in &ends {
            assert_eq!(found.get(step), Some(end), "{}", told(step));
        }
        assert_eq!(found.len(), ends.len(), "{}", told(""));
        let (before, after) = (ended(recorded, &whole), commands(&rest));
        for (command, times) in &wanted {
            let done = before.get(command).copied().unwrap_or(0);
            let again = after.get(command).copied().unwrap_or(0);
            // A cleaning up that had begun is done anew behind the rest of what it cleans up.
            let cleans = ["tidy", "undo", "last"].iter().any(|word| command.contains(word));
            assert!(
                done + again == *times || (cleans && again <= *times),
                "{}: {done} before, {again} after, {times} in all",
                told(command)
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_resumed_run_is_resumed_itself() {
    let whole = bench().run().await;
    let ends = whole.last_ends();
    let options = CarryOptions { failed: false, after_cleanup: AfterCleanup::Continue };
    for cut in (1..whole.events.len()).step_by(7) {
        let first = &whole.events[..cut];
        let second = bench().resumes(&[first], options).run().await;
        for cut in (1..second.events.len()).step_by(11) {
            let third = bench().resumes(&[first, &second.events[..cut]], options).run().await;
            assert_eq!(third.last_ends(), ends);
            let done = ended(first, &whole);
            let also = ended(&second.events[..cut], &second);
            for (command, times) in commands(&third) {
                let before = done.get(&command).unwrap_or(&0) + also.get(&command).unwrap_or(&0);
                let cleans = ["tidy", "undo", "last"].iter().any(|word| command.contains(word));
                assert!(cleans || before + times <= commands(&whole)[&command], "{command}: {before} before, {times} after");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn failures_stay_unless_they_are_to_be_done_again() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: good, run: good }
      - { name: bad, run: bad }
      - { name: behind, run: behind }
";
    let broken = json!({ "host": "a", "commands": [{ "contains": "bad", "code": 7 }] });
    let first = Bench::new(playbook, "a,b").host(broken).run().await;
    assert_eq!(first.end("a behind"), "skipped: `bad` failed");
    let rest = Bench::new(playbook, "a,b").resumes(&[&first.events], CarryOptions::default()).run().await;
    assert_eq!((rest.ran_on("a"), rest.ran_on("b")), (vec![], vec![]));
    assert_eq!((rest.end("a bad"), rest.end("a behind")), ("failed: exit code 7".to_owned(), "skipped: `bad` failed".to_owned()));
    assert_eq!(rest.report.end.exit_code, 4, "what failed before has not become well");
    let failed = CarryOptions { failed: true, ..CarryOptions::default() };
    let rest = Bench::new(playbook, "a,b").resumes(&[&first.events], failed).run().await;
    assert_eq!((rest.ran_on("a"), rest.ran_on("b")), (vec!["bad".to_owned(), "behind".to_owned()], vec![]));
    assert_eq!(rest.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_cleaned_up_begins_anew_or_goes_on_as_it_is_told() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: drain, run: drain }
      - { name: upgrade, run: upgrade }
    finally:
      - { name: undrain, run: undrain }
";
    let broken = json!({ "host": "a", "commands": [{ "contains": "upgrade", "code": 7 }] });
    let first = Bench::new(playbook, "a").host(broken).run().await;
    assert_eq!(first.ran_on("a"), ["drain", "upgrade", "undrain"]);
    let run = |after_cleanup| Bench::new(playbook, "a").resumes(&[&first.events], CarryOptions { failed: true, after_cleanup }).run();
    assert_eq!(run(AfterCleanup::Restart).await.ran_on("a"), ["drain", "upgrade", "undrain"]);
    assert_eq!(run(AfterCleanup::Continue).await.ran_on("a"), ["upgrade", "undrain"]);
}

fn failed() -> CarryOptions {
    CarryOptions { failed: true, ..CarryOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_failed_is_done_again_with_failures_and_what_was_made_good_is_not() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: per_number
        each: [u, v, w]
        as: n
        block:
          - { name: do, run: 'work {{ n }}' }
      - name: saved
        block:
          - { name: risky, run: risky }
        rescue:
          - { name: save, run: save }
";
    let script = || json!({ "host": "a", "commands": [{ "contains": "work v", "code": 7 }, { "contains": "risky", "code": 7 }] });
    let first = Bench::new(playbook, "a").host(script()).run().await;
    assert_eq!(first.ran_on("a"), ["work u", "work v", "work w"], "what stands behind it is kept back");
    let rest = Bench::new(playbook, "a").resumes(&[&first.events], failed()).run().await;
    assert_eq!(rest.ran_on("a"), ["work v", "risky"]);
    // A run that was killed before it came so far does not make the rescued block one that failed.
    let whole = Bench::new(&playbook.replace("[u, v, w]", "[u, w]"), "a").host(script()).run().await;
    assert_eq!(whole.ran_on("a"), ["work u", "work w", "risky", "save"]);
    let second = Bench::new(&playbook.replace("[u, v, w]", "[u, w]"), "a").resumes(&[&whole.events], CarryOptions::default()).run().await;
    for events in [&second.events[..1], &second.events[..2], &second.events[..]] {
        let runs: [&[Event]; 2] = [&whole.events, events];
        let third = Bench::new(&playbook.replace("[u, v, w]", "[u, w]"), "a").resumes(&runs, failed()).run().await;
        assert_eq!(third.ran_on("a"), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_on_several_hosts_goes_on_behind_those_that_have_it_for_its_own_item_alone() {
    let playbook = "
rounds:
  - name: r
    hosts: c
    tasks:
      - { name: do, each: [u, v], on: [a, b], run: 'work {{ item }}' }
";
    let whole = Bench::new(playbook, "a,b,c").run().await;
    assert_eq!(
        (whole.ran_on("a"), whole.ran_on("b")),
        (vec!["work u".to_owned(), "work v".to_owned()], vec!["work u".to_owned(), "work v".to_owned()])
    );
    let ends = |event: &Event| matches!(event.kind, RunEvent::StepBegan { .. });
    let began: Vec<usize> = (0..whole.events.len()).filter(|index| ends(&whole.events[*index])).collect();
    let cut = &whole.events[..=began[1]];
    let rest = Bench::new(playbook, "a,b,c").resumes(&[cut], CarryOptions::default()).run().await;
    assert_eq!((rest.ran_on("a"), rest.ran_on("b")), (vec!["work v".to_owned()], vec!["work u".to_owned(), "work v".to_owned()]));
    let began: Vec<usize> = (0..rest.events.len()).filter(|index| ends(&rest.events[*index])).collect();
    let third = Bench::new(playbook, "a,b,c").resumes(&[cut, &rest.events[..=began[0]]], CarryOptions::default()).run().await;
    assert_eq!((third.ran_on("a"), third.ran_on("b")), (vec!["work v".to_owned()], vec!["work u".to_owned(), "work v".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn passes_of_a_list_that_has_become_another_are_those_of_their_items() {
    let playbook = |list: &str| {
        format!(
            "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: per_number
        each: {list}
        as: n
        block:
          - {{ name: do, run: 'work {{{{ n }}}}' }}
          - name: inner
            each: [x, y]
            as: m
            block:
              - {{ name: deep, run: 'deep {{{{ n }}}} {{{{ m }}}}' }}
"
        )
    };
    let first = Bench::new(&playbook("[u, v]"), "a").run().await;
    let rest = Bench::new(&playbook("[u, v]"), "a").resumes(&[&first.events], CarryOptions::default()).run().await;
    assert_eq!(rest.ran_on("a"), [""; 0]);
    let rest = Bench::new(&playbook("[u, w]"), "a").resumes(&[&first.events], CarryOptions::default()).run().await;
    assert_eq!(rest.ran_on("a"), ["work w", "deep w x", "deep w y"]);
}
