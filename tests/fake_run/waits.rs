//! `max_wait`: hosts that are not done in time are given up for their round, and nobody else is.

use std::time::Duration;

use serde_json::json;

use crate::bench::{Bench, Ran};
use roundsman::event::{RunEvent, Status};

const PLAYBOOK: &str = "
rounds:
  - name: r
    hosts: all
    max_wait: 10m
    tasks:
      - { name: x, run: slow, timeout: 2h }
      - { name: y, run: two, notify: h }
      - { name: z, needs: [], run: three, notify: h }
    handlers: [{ name: h, run: handler }]
    finally: [{ name: f, run: cleanup }]
  - { name: next, hosts: all, tasks: [{ name: n, run: four }] }
";

fn slow(host: &str) -> serde_json::Value {
    json!({ "host": host, "commands": [{ "contains": "slow", "delay_ms": 3_600_000 }] })
}

/// A run's seconds, on the clock of the test.
async fn timed(bench: Bench) -> (Ran, u64) {
    let started = tokio::time::Instant::now();
    let ran = tokio::time::timeout(Duration::from_secs(100_000), bench.run()).await.expect("the run ends");
    let end = ran.report.end.duration_ms / 1000;
    assert!(end <= started.elapsed().as_secs());
    (ran, end)
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_not_done_is_given_up_and_the_others_go_on() {
    let (ran, took) = timed(Bench::new(PLAYBOOK, "a,b,c").host(slow("b"))).await;
    assert!((600..620).contains(&took), "{took} s");
    assert_eq!(ran.end("b x"), "failed: max_wait of 10m is over: it was ended");
    assert_eq!(ran.end("b y"), "cancelled: max_wait of 10m is over");
    assert_eq!(ran.end("b h"), "never ended", "what was notified stays pending");
    assert_eq!(ran.count(|kind| matches!(kind, RunEvent::Notified { host, .. } if host.index() == 1)), 1);
    assert_eq!(ran.end("b f"), "changed", "what cleans up runs");
    assert_eq!(ran.ran_on("b"), ["slow", "three", "cleanup"]);
    assert_eq!(ran.ran_on("a"), ["slow", "two", "three", "handler", "cleanup", "four"].map(str::to_owned).to_vec());
    assert_eq!(ran.left_out().get("b").map(String::as_str), Some("failed in r"));
    assert_eq!((ran.report.end.exit_code, ran.report.end.status.as_str()), (4, "failed"));
}

#[tokio::test(start_paused = true)]
async fn in_time_nothing_happens() {
    let quick = json!({ "host": "*", "commands": [{ "contains": "slow", "delay_ms": 599_000 }] });
    let (ran, took) = timed(Bench::new(PLAYBOOK, "a,b").host(quick)).await;
    assert_eq!((ran.report.end.exit_code, took / 60), (0, 9), "{:?}", ran.ends());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_still_connects_is_unreachable() {
    let (ran, took) = timed(Bench::new(PLAYBOOK, "a,b").host(json!({ "host": "b", "delay_ms": 7_200_000 }))).await;
    assert!((600..620).contains(&took), "{took} s");
    assert_eq!(ran.end("b x"), "unreachable: b: max_wait of 10m is over");
    assert_eq!(ran.status("b y"), Some(Status::Unreachable), "it stood behind the first");
    assert_eq!(ran.end("b f"), "never ended", "nothing began there");
    assert!(ran.ran_on("b").is_empty());
    assert_eq!(ran.count(|kind| matches!(kind, RunEvent::HostUnreachable { class, .. } if class == "max_wait")), 1);
    assert_eq!((ran.report.end.exit_code, ran.report.end.status.as_str()), (5, "unreachable"));
}

/// What began on a host whose session was lost may still run there: nobody says that it never ran.
#[tokio::test(start_paused = true)]
async fn a_host_that_is_being_connected_again_leaves_it_unknown() {
    let commands = json!([{ "contains": "slow", "lose": "reset", "times": 1, "delay_ms": 10 }]);
    let script = json!({ "host": "b", "delay_ms": 400_000, "commands": commands });
    let playbook = PLAYBOOK.replace("    finally: [{ name: f, run: cleanup }]\n", "");
    let (ran, took) = timed(Bench::new(&playbook, "a,b").host(script)).await;
    assert!((600..620).contains(&took), "{took} s: nobody waits for the host");
    assert_eq!(ran.end("b x"), "unknown: the session was lost, and max_wait of 10m is over");
    assert_eq!(ran.status("b n"), None, "{:?}", ran.ends());
    assert_eq!(ran.ran_on("a").last().map(String::as_str), Some("four"));
    let attempts = ran.events.iter().filter_map(|event| match &event.kind {
        RunEvent::StepEnded { step, attempt, .. } if (step.host.index(), step.task.index()) == (1, 0) => Some(*attempt),
        _ => None,
    });
    assert_eq!(attempts.collect::<Vec<_>>(), [1], "it began");
}

#[tokio::test(start_paused = true)]
async fn another_round_still_reaches_the_host_that_was_too_slow_for_one() {
    let playbook = "
rounds:
  - { name: quick, hosts: all, max_wait: 1m, tasks: [{ name: q, run: q }] }
  - { name: patient, hosts: all, needs: [], tasks: [{ name: p, run: p }] }
  - { name: last, hosts: all, after: always, tasks: [{ name: l, run: l }] }
";
    let (ran, _) = timed(Bench::new(playbook, "a").host(json!({ "host": "a", "delay_ms": 90_000 }))).await;
    assert_eq!(ran.status("a q"), Some(Status::Unreachable));
    assert_eq!((ran.status("a p"), ran.status("a l")), (Some(Status::Changed), Some(Status::Changed)));
    assert_eq!(ran.ran_on("a"), ["p", "l"]);
}

#[tokio::test(start_paused = true)]
async fn whatever_a_host_waits_for_is_given_up() {
    let playbook = |task: &str| format!("rounds: [{{ hosts: all, max_wait: 10m, tasks: [{task}, {{ name: y, run: y }}] }}]");
    let waits = [
        "{ name: x, pause: 2h }",
        "{ name: x, run: bad, retries: 1000, delay: 1h }",
        "{ block: [{ name: x, run: bad }], name: b, retries: 9, delay: 1h }",
        "{ name: x, run: slow, each: [1, 2, 3], allow_failure: true }",
    ];
    for task in waits {
        let bench = Bench::new(&playbook(task), "a").host(json!({ "host": "a", "commands": [
            { "contains": "slow", "delay_ms": 3_600_000 }, { "contains": "bad", "code": 1 }
        ] }));
        let (ran, took) = timed(bench).await;
        assert!((600..620).contains(&took), "{task}: {took} s");
        assert_eq!(ran.status("a x"), Some(Status::Failed), "{task}: {:?}", ran.ends());
        assert!(!ran.ran_on("a").contains(&"y".to_owned()), "{task}");
        assert_eq!(ran.report.end.exit_code, 4, "{task}");
    }
    let bench = Bench::new(&playbook("{ name: x, confirm: Go on? }"), "a").silent_asker();
    let (ran, took) = timed(bench).await;
    assert!((600..620).contains(&took), "{took} s");
    assert_eq!(ran.count(|kind| matches!(kind, RunEvent::Answered { yes: false, by, .. } if by == "max_wait of 10m is over")), 1);
    assert_eq!((ran.status("a x"), ran.report.end.exit_code), (Some(Status::Failed), 4));
}

#[tokio::test(start_paused = true)]
async fn hosts_whose_turn_has_not_come_are_left_out() {
    let playbook = "rounds: [{ name: r, hosts: all, max_parallel: 1, max_wait: 10m, tasks: [{ name: x, run: slow }] }]";
    let (ran, took) = timed(Bench::new(playbook, "a,b,c").host(slow("a"))).await;
    assert!((600..620).contains(&took), "{took} s");
    assert_eq!(ran.left_out().get("c").map(String::as_str), Some("max_wait of 10m is over"));
    assert_eq!((ran.ran_on("b").len(), ran.report.end.exit_code), (0, 4));
}

#[tokio::test(start_paused = true)]
async fn each_batch_has_its_own_time_and_its_failures_count() {
    let playbook = |most: u8| {
        format!("rounds: [{{ name: r, hosts: all, batch: 1, max_failures: {most}, max_wait: 10m, tasks: [{{ name: x, run: slow }}] }}]")
    };
    let quick = |host: &str| json!({ "host": host, "commands": [{ "contains": "slow", "delay_ms": 400_000 }] });
    let bench = |most| Bench::new(&playbook(most), "a,b,c").host(quick("a")).host(slow("b")).host(quick("c"));
    let (ran, took) = timed(bench(1)).await;
    assert!((1400..1420).contains(&took), "{took} s");
    assert_eq!(["a x", "b x", "c x"].map(|step| ran.status(step)), [Some(Status::Changed), Some(Status::Failed), Some(Status::Changed)]);
    assert_eq!(ran.report.end.exit_code, 4);
    let (ran, _) = timed(bench(0)).await;
    assert_eq!((ran.status("c x"), ran.report.end.exit_code), (None, 6), "stopped");
}

#[tokio::test(start_paused = true)]
async fn what_cleans_up_has_its_own_time() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    max_wait: 10m
    tasks:
      - name: b
        block: [{ name: x, run: slow }]
        rescue: [{ name: mend, run: mend }]
        always: [{ name: tidy, run: tidy }]
      - { name: y, run: two }
";
    let bench = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [
        { "contains": "slow", "delay_ms": 3_600_000 }, { "contains": "mend", "delay_ms": 1_200_000 }
    ] }));
    let (ran, took) = timed(bench).await;
    assert_eq!(took / 60, 30, "{took} s");
    assert_eq!(ran.ran_on("a"), ["slow", "mend", "tidy"]);
    assert_eq!((ran.status("a mend"), ran.status("a y")), (Some(Status::Changed), Some(Status::Cancelled)));
    assert_eq!(ran.report.end.exit_code, 4);
}

#[tokio::test(start_paused = true)]
async fn steps_of_other_rounds_on_the_same_host_go_on() {
    let playbook = "
rounds:
  - { name: short, hosts: all, max_wait: 1m, tasks: [{ name: x, run: slow }] }
  - { name: long, hosts: all, needs: [], tasks: [{ name: y, run: slow too }, { name: z, run: more }] }
";
    for most in [1, 4] {
        let bench = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [{ "contains": "slow", "delay_ms": 300_000 }] }));
        let (ran, _) = timed(bench.max_sessions(most)).await;
        assert_eq!(ran.end("a x"), "failed: max_wait of 1m is over: it was ended");
        assert_eq!((ran.status("a y"), ran.status("a z")), (Some(Status::Changed), Some(Status::Changed)), "{:?}", ran.ends());
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_that_runs_elsewhere_is_heard_out_where_another_waits_for_its_host() {
    let playbook = "
rounds:
  - name: r
    hosts: c
    max_wait: 5s
    tasks:
      - { name: x, each: { in: [a, b], as: h, parallel: 2 }, on: '{{ h }}', run: hang }
";
    let hangs = json!({ "host": "a", "commands": [{ "contains": "hang", "hang": true }] });
    let ran = Bench::new(playbook, "a,b,c").host(hangs).host(json!({ "host": "b", "delay_ms": 600_000 })).run().await;
    let mut items: Vec<String> = Vec::new();
    for event in &ran.events {
        if let RunEvent::AttemptEnded { item: Some(item), outcome, .. } = &event.kind {
            items.push(format!("{} {:?} {}", item.label, outcome.status, outcome.reason.clone().unwrap_or_default()));
        }
    }
    let a = items.iter().find(|item| item.starts_with("a ")).unwrap_or_else(|| panic!("{items:?}"));
    assert!(a.contains("it was ended"), "{items:?}");
    assert_eq!(ran.ran_on("a"), ["hang"]);
}
