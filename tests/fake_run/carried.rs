//! Corners of runs that go on with others: what must neither be lost nor be done twice.

use roundsman::event::{Event, RunEvent, Status};
use roundsman::model::StepId;
use roundsman::plan::{AfterCleanup, CarryOptions};
use serde_json::json;

use crate::bench::{Bench, Ran};

fn resumed(playbook: &str, hosts: &str, events: &[Event]) -> Bench {
    Bench::new(playbook, hosts).resumes(&[events], CarryOptions::default())
}

/// The events up to the last that `is` says of.
fn until(ran: &Ran, is: impl Fn(&RunEvent) -> bool) -> Vec<Event> {
    let last = ran.events.iter().rposition(|event| is(&event.kind)).expect("there is one");
    ran.events[..=last].to_vec()
}

fn began(ran: &Ran, wanted: &str) -> impl Fn(&RunEvent) -> bool {
    let (host, task) = wanted.split_once(' ').expect("`host task`");
    let host = ran.hosts.iter().position(|name| name == host).expect("a host");
    let task = ran.tasks[0].iter().position(|name| name == task).expect("a task");
    let is = move |step: &StepId| (step.host.index(), step.task.index()) == (host, task);
    move |event| matches!(event, RunEvent::StepBegan { step, .. } if is(step))
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_was_paid_and_is_notified_again_runs_again() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: c, run: change, notify: h }
      - { name: slow, run: slow, read_only: true }
    handlers: [{ name: h, run: restart }]
";
    let whole = Bench::new(playbook, "a").owes("r", "a", "h").run().await;
    assert_eq!(whole.ran_on("a"), ["restart", "change", "slow", "restart"]);
    let cut = until(&whole, began(&whole, "a slow"));
    assert_eq!(resumed(playbook, "a", &cut).run().await.ran_on("a"), ["slow", "restart"]);
    // The one that paid was itself cut short in it.
    let cut = until(&whole, |event| matches!(event, RunEvent::Notified { run: Some(_), .. }));
    let rest = resumed(playbook, "a", &cut).run().await;
    assert_eq!(rest.ran_on("a"), ["restart", "change", "slow", "restart"]);
    let third = Bench::new(playbook, "a").resumes(&[&cut, &until(&rest, began(&rest, "a slow"))], CarryOptions::default()).run().await;
    assert_eq!(third.ran_on("a"), ["slow", "restart"]);
}

#[tokio::test(start_paused = true)]
async fn what_begins_anew_and_finds_nothing_to_do_has_its_handlers_run_all_the_same() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: b
        block:
          - { name: x, run: change, creates: f, notify: h }
          - { flush: handlers }
          - { name: y, run: more, creates: g, notify: h }
          - { name: slow, run: slow, read_only: true }
        always: [{ name: tidy, run: tidy }]
    handlers: [{ name: h, run: restart }]
";
    let fails = json!({ "host": "a", "commands": [{ "contains": "slow", "code": 1 }] });
    let first = Bench::new(playbook, "a").host(fails).run().await;
    let cut = until(&first, began(&first, "a tidy"));
    let done = json!({ "host": "a", "commands": [{ "contains": "-e f", "code": 0 }, { "contains": "-e g", "code": 0 }] });
    let carry = CarryOptions { failed: true, after_cleanup: AfterCleanup::Restart };
    let rest = Bench::new(playbook, "a").host(done).resumes(&[&cut], carry).run().await;
    assert!(rest.ran_on("a").contains(&"restart".to_owned()), "{:?}", rest.ran_on("a"));
}

#[tokio::test(start_paused = true)]
async fn a_task_for_one_host_stays_with_the_host_that_began_it() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: lead, once: true, each: [u, v], run: 'lead {{ item }}' }
      - { name: slow, run: slow, read_only: true }
";
    let refused = json!({ "host": "a", "refuse": { "class": "refused" } });
    let whole = Bench::new(playbook, "a,b").host(refused).run().await;
    assert_eq!(whole.ran_on("b"), ["lead u", "lead v", "slow"]);
    let rest = resumed(playbook, "a,b", &until(&whole, began(&whole, "b slow"))).run().await;
    assert_eq!((rest.ran_on("a"), rest.ran_on("b")), (vec!["slow".to_owned()], vec!["slow".to_owned()]));
    let first_item = whole.events.iter().position(|event| began(&whole, "b lead")(&event.kind)).unwrap();
    let ends = |event: &Event| matches!(event.kind, RunEvent::AttemptEnded { .. });
    let cut = first_item + whole.events[first_item..].iter().position(ends).unwrap();
    let rest = resumed(playbook, "a,b", &whole.events[..=cut]).run().await;
    assert_eq!((rest.ran_on("a"), rest.ran_on("b")), (vec!["slow".to_owned()], vec!["lead v".to_owned(), "slow".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn items_that_moved_are_known_by_their_labels() {
    let playbook = |items: &str| {
        format!(
            "rounds: [{{ name: r, hosts: all, tasks: [{{ name: x, each: {items}, run: 'add {{{{ item }}}}' }}, {{ name: y, run: last }}] }}]\n"
        )
    };
    let whole = Bench::new(&playbook("[u, v, v]"), "a").run().await;
    let cut = until(&whole, began(&whole, "a y"));
    let rest = async |items: &str| resumed(&playbook(items), "a", &cut).run().await.ran_on("a");
    assert_eq!(rest("[u, v, v]").await, ["last"]);
    assert_eq!(rest("[v, v]").await, ["last"]);
    assert_eq!(rest("[w, v, u, v]").await, ["add w", "last"]);
    assert_eq!(rest("[v, v, v]").await, ["add v", "last"], "one more than before");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_was_cut_short_is_told_though_the_run_was_killed_behind_it() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: x, run: touch f, creates: f, notify: h }
    handlers: [{ name: h, run: restart }]
";
    let journal = json!({ "contains": "look()", "stdout": "J 12 .\nB 0.0.0.1 .\nW\nU 99999999.0\n.\n" });
    let lost = json!({ "contains": "touch", "lose": "reset", "times": 1, "delay_ms": 10 });
    let whole = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [journal, lost] })).run().await;
    let cut = until(&whole, |event| matches!(event, RunEvent::AttemptEnded { retry_ms: Some(0), .. }));
    let done = json!({ "host": "a", "commands": [{ "contains": "-e f", "code": 0 }] });
    let rest = resumed(playbook, "a", &cut).host(done).run().await;
    assert_eq!(rest.status("a x"), Some(Status::Changed), "{}", rest.end("a x"));
    assert!(rest.ran_on("a").contains(&"restart".to_owned()), "{:?}", rest.ran_on("a"));
}

/// A step whose begin mark was lost with the link must not pass for one that never began, once the host's journal is gone.
#[tokio::test(start_paused = true)]
async fn what_is_unknown_has_begun() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: x, run: one }
      - { name: y, run: two }
      - { name: z, run: 'three {{ tasks.y.stdout }}' }
";
    let noted = "J 12 .\nB 0.1.0.1 .\nE 0.1.0.1 0 .\nW\nU 99999999.0\n.\n";
    let journal = json!({ "contains": "look()", "stdout": noted });
    let lost = json!({ "contains": "two", "lose": "reset", "mute": true });
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [journal, lost] })).run().await;
    assert_eq!((ran.status("a x"), ran.status("a y")), (Some(Status::Changed), Some(Status::Unknown)), "{}", ran.end("a y"));
    assert!(ran.events.iter().any(|event| began(&ran, "a y")(&event.kind)));
}

#[tokio::test(start_paused = true)]
async fn a_task_for_one_host_is_not_waited_for_where_that_host_must_wait() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    max_parallel: 1
    tasks:
      - { name: pre, run: pre }
      - { name: lead, once: true, run: lead }
      - { name: post, run: post }
";
    let broken = json!({ "host": "a", "commands": [{ "contains": "pre", "code": 1 }] });
    let first = Bench::new(playbook, "a,b").host(broken).run().await;
    assert_eq!(first.ran_on("b"), ["pre", "lead", "post"]);
    let carry = CarryOptions { failed: true, ..CarryOptions::default() };
    let rest = Bench::new(playbook, "a,b").resumes(&[&first.events], carry).run().await;
    assert_eq!(rest.end("a lead"), "skipped: once: it ran on b");
    assert_eq!((rest.ran_on("a"), rest.ran_on("b")), (vec!["pre".to_owned(), "post".to_owned()], vec![]));
}
