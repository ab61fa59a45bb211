//! Hosts that refuse, hang or vanish, and a record that can't be written.

use serde_json::json;

use crate::bench::Bench;
use roundsman::event::{RunEvent, Status};

const TWO: &str = "
rounds:
  - name: r
    hosts: all
    tasks: [{ name: x, run: one }, { name: y, run: two }]
  - { name: s, hosts: all, tasks: [{ name: z, run: three }] }
";

#[tokio::test(start_paused = true)]
async fn an_unreachable_host_disturbs_no_other() {
    let script = json!({ "host": "b", "delay_ms": 60_000, "refuse": { "class": "timeout", "message": "Connection timed out" } });
    let ran = Bench::new(TWO, "a,b,c").host(script).run().await;
    assert_eq!(ran.end("b x"), "unreachable: b: Connection timed out");
    assert_eq!(ran.end("b z"), "never ended");
    assert_eq!((ran.end("a z"), ran.end("c z")), ("changed".into(), "changed".into()));
    assert_eq!(ran.report.end.exit_code, 5);
    assert_eq!(ran.count(|event| matches!(event, RunEvent::HostUnreachable { .. })), 1);
    let ended =
        |wanted: u32| ran.events.iter().position(|event| matches!(&event.kind, RunEvent::StepEnded { step, .. } if step.host.0 == wanted));
    assert!(ended(0) < ended(1) && ended(2) < ended(1), "nobody waits for the host that is silent, inside a round");
}

#[tokio::test(start_paused = true)]
async fn a_lost_session_leaves_unknown_what_began() {
    let script = json!({ "host": "a", "commands": [{ "contains": "one", "lose": "Connection reset by peer", "delay_ms": 10 }] });
    let ran = Bench::new(TWO, "a,b").host(script).run().await;
    assert_eq!(ran.status("a x"), Some(Status::Unknown));
    assert!(ran.end("a x").contains("Connection reset by peer"), "{}", ran.end("a x"));
    assert!(matches!(ran.status("a y"), Some(Status::Unknown | Status::Unreachable)), "{}", ran.end("a y"));
    assert_eq!(ran.end("a z"), "never ended");
    assert_eq!(ran.end("b z"), "changed");
    assert_eq!(ran.report.end.exit_code, 4, "an unknown step is a failure until somebody looks");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_step_ends_at_its_timeout() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks: [{ name: x, run: hang, timeout: 30s }, { name: y, run: two }]
";
    let ran = Bench::new(playbook, "a,b").host(json!({ "host": "a", "commands": [{ "contains": "hang", "hang": true }] })).run().await;
    assert_eq!(ran.end("a x"), "failed: timed out after 30s");
    assert_eq!(ran.end("a y"), "skipped: `x` failed");
    assert_eq!(ran.end("b y"), "changed");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_fails_stops_the_run() {
    let ran = Bench::new(TWO, "a")
        .host(json!({ "host": "a", "commands": [{ "contains": "o", "delay_ms": 100 }] }))
        .record_fails_after(5)
        .run()
        .await;
    assert_eq!(ran.report.end.exit_code, 8);
    assert!(ran.report.record.is_err());
    assert_eq!(ran.end("a z"), "never ended", "nothing new starts");
    assert_eq!(ran.told.len(), ran.events.len(), "what happened is told all the same");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_takes_nothing_is_a_run_that_never_was() {
    let ran = Bench::new(TWO, "a").record_fails_after(0).run().await;
    assert_eq!(ran.report.end.exit_code, 1, "nothing was begun, so nothing is incomplete");
    assert_eq!(ran.count(|event| matches!(event, RunEvent::HostConnecting { .. } | RunEvent::StepSent { .. })), 0);
}
