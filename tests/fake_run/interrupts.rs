//! Ctrl-C in three steps.

use std::time::Duration;

use serde_json::json;

use crate::bench::Bench;
use roundsman::event::{RunEvent, Status};

const PLAYBOOK: &str = "
rounds:
  - name: r
    hosts: all
    tasks: [{ name: x, run: slow }, { name: y, run: two }, { name: z, when: tasks.y.rc == 0, run: three }]
  - { name: next, hosts: all, tasks: [{ name: n, run: four }] }
  - { name: after, after: always, hosts: all, tasks: [{ name: always, run: five }] }
";

fn bench() -> Bench {
    Bench::new(PLAYBOOK, "a,b").host(json!({ "host": "*", "commands": [{ "contains": "slow", "delay_ms": 60_000 }] }))
}

#[tokio::test(start_paused = true)]
async fn once_lets_what_runs_finish() {
    let ran = bench().interrupt(Duration::from_secs(5)).run().await;
    assert_eq!(ran.report.end.exit_code, 130);
    assert_eq!(ran.end("a x"), "changed");
    assert_eq!((ran.status("a y"), ran.status("a z")), (Some(Status::Cancelled), Some(Status::Cancelled)));
    assert_eq!(ran.end("a n"), "never ended");
    assert_eq!(ran.end("a always"), "changed", "`after: always` runs all the same");
    assert_eq!(ran.ran_on("a"), ["slow", "five"]);
}

#[tokio::test(start_paused = true)]
async fn twice_ends_what_runs() {
    let ran = bench().interrupt(Duration::from_secs(5)).interrupt(Duration::from_secs(6)).run().await;
    assert_eq!(ran.report.end.exit_code, 130);
    assert_eq!(ran.status("a x"), Some(Status::Cancelled));
    assert_eq!(ran.end("a always"), "never ended");
    assert!(ran.report.end.duration_ms < 15_000, "{} ms", ran.report.end.duration_ms);
}

#[tokio::test(start_paused = true)]
async fn three_times_leaves_at_once() {
    let hang = json!({ "host": "*", "delay_ms": 1, "commands": [{ "contains": "slow", "hang": true }] });
    let ran = Bench::new(PLAYBOOK, "a,b")
        .host(hang)
        .interrupt(Duration::from_secs(5))
        .interrupt(Duration::from_millis(5001))
        .interrupt(Duration::from_millis(5002))
        .run()
        .await;
    assert_eq!(ran.report.end.exit_code, 130);
    let x = ran.status("a x");
    assert!(matches!(x, Some(Status::Unknown | Status::Cancelled)), "{x:?}");
    assert_eq!(ran.status("a y"), Some(Status::Cancelled));
    assert!(matches!(ran.events.last().map(|event| &event.kind), Some(RunEvent::RunEnded(_))));
}

#[tokio::test(start_paused = true)]
async fn hosts_that_are_still_connecting_are_given_up() {
    let ran = Bench::new(PLAYBOOK, "a").host(json!({ "host": "a", "delay_ms": 600_000 })).interrupt(Duration::from_secs(5)).run().await;
    assert_eq!(ran.status("a x"), Some(Status::Cancelled));
}
