//! `each`, `retries`, `until`: units of one step.

use std::time::Duration;

use serde_json::json;

use crate::bench::Bench;
use roundsman::event::RunEvent;

#[tokio::test(start_paused = true)]
async fn items_run_in_order_and_a_failed_one_stops_no_other() {
    let playbook = "
vars: { names: [ann, bob, cleo] }
rounds:
  - name: r
    hosts: all
    tasks:
      - name: greet
        each: names
        run: greet {{ item }}
      - { name: after, run: after }
  - name: report
    after: always
    hosts: all
    tasks:
      - name: told
        print: \"{% for one in rounds.r.tasks.greet.items %}{{ one.item }}={{ one.status }} {% endfor %}\"
";
    let ran = Bench::new(playbook, "a,b").host(json!({ "host": "a", "commands": [{ "contains": "bob", "code": 3 }] })).run().await;
    assert_eq!(ran.ran_on("a"), ["greet ann", "greet bob", "greet cleo"]);
    assert_eq!(ran.ran_on("b"), ["greet ann", "greet bob", "greet cleo", "after"]);
    assert_eq!(ran.end("a greet"), "failed: 1 of 3 items: bob (exit code 3)");
    assert_eq!(ran.end("b greet"), "changed");
    assert_eq!(ran.end("a after"), "skipped: `greet` failed");
    assert_eq!(ran.printed("a told"), "ann=changed bob=failed cleo=changed ");
    assert_eq!(ran.count(|event| matches!(event, RunEvent::AttemptEnded { item: Some(_), .. })), 6);
}

#[tokio::test(start_paused = true)]
async fn maps_conditions_and_nothing_at_all() {
    let playbook = "
vars: { nobody: [] }
rounds:
  - name: r
    hosts: all
    tasks:
      - name: ports
        each: { web: 80, db: 5432 }
        as: port
        when: port.key != 'db'
        run: open {{ port.key }} {{ port.value }}
      - { name: idle, each: nobody, run: \"never {{ item }}\" }
      - { name: after, run: after }
";
    let ran = Bench::new(playbook, "a").run().await;
    assert_eq!(ran.ran_on("a"), ["open web 80", "after"]);
    assert_eq!(ran.end("a ports"), "changed");
    assert_eq!(ran.end("a idle"), "skipped: `each` has no items");
}

#[tokio::test(start_paused = true)]
async fn items_side_by_side_are_no_more_than_asked() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: pull, each: { in: [1, 2, 3, 4, 5], parallel: 2 }, run: \"pull {{ item }}\" }
";
    let slow = json!({ "host": "a", "commands": [{ "contains": "pull", "delay_ms": 1000 }] });
    let started = tokio::time::Instant::now();
    let ran = Bench::new(playbook, "a").host(slow).run().await;
    assert_eq!(ran.ran_on("a").len(), 5);
    let took = started.elapsed();
    assert!((3000..3900).contains(&took.as_millis()), "five items, two at a time, a second each: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_task_is_tried_again_until_it_is_as_wanted() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: ready, run: ask, retries: 5, delay: 2s, until: result.stdout == 'yes' }
      - { name: after, run: \"after {{ tasks.ready.attempts }}\" }
";
    let slowly = json!({ "host": "a", "commands": [
        { "contains": "ask", "stdout": "no\n", "times": 2 }, { "contains": "ask", "stdout": "yes\n" },
    ] });
    let started = tokio::time::Instant::now();
    let ran = Bench::new(playbook, "a").host(slowly).run().await;
    assert_eq!(ran.ran_on("a"), ["ask", "ask", "ask", "after 3"]);
    assert!(started.elapsed() >= Duration::from_secs(4));
    assert_eq!(ran.count(|event| matches!(event, RunEvent::AttemptEnded { retry_ms: Some(2000), .. })), 2);

    let never = json!({ "host": "a", "commands": [{ "contains": "ask", "stdout": "no\n" }] });
    let ran = Bench::new(playbook, "a").host(never).run().await;
    assert_eq!(ran.ran_on("a"), ["ask"; 6]);
    assert_eq!(ran.end("a ready"), "failed: `until: result.stdout == 'yes'` is false");
    assert_eq!(ran.end("a after"), "skipped: `ready` failed");
}

#[tokio::test(start_paused = true)]
async fn retries_are_for_each_item() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: pull, each: [x, y], run: \"pull {{ item }}\", retries: 1, delay: 1s }
";
    let once = json!({ "host": "a", "commands": [{ "contains": "pull x", "code": 1, "times": 1 }, { "contains": "pull y", "code": 2 }] });
    let ran = Bench::new(playbook, "a").host(once).run().await;
    assert_eq!(ran.ran_on("a"), ["pull x", "pull x", "pull y", "pull y"]);
    assert_eq!(ran.end("a pull"), "failed: 1 of 2 items: y (exit code 2)");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_while_waiting_for_another_try_ends_the_step() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: ready, run: ask, retries: 5, delay: 60s }
";
    let never = json!({ "host": "a", "commands": [{ "contains": "ask", "code": 1 }] });
    let ran = Bench::new(playbook, "a").host(never).interrupt(Duration::from_secs(10)).run().await;
    assert_eq!(ran.ran_on("a"), ["ask"]);
    assert_eq!(ran.end("a ready"), "cancelled: the run was interrupted");
    assert_eq!(ran.report.end.exit_code, 130);
}
