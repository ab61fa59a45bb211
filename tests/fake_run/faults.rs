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
async fn a_lane_that_was_closed_before_anything_ran_on_it_is_opened_again() {
    let closing = |lanes: u32| Bench::new(TWO, "a,b").host(json!({ "host": "a", "unused_lanes": lanes }));
    let ran = closing(2).run().await;
    assert_eq!([ran.end("a x"), ran.end("a y"), ran.end("a z")], ["changed", "changed", "changed"]);
    assert_eq!(ran.ran_on("a"), ["one", "two", "three"]);
    let ran = closing(9).run().await;
    assert!(ran.end("a x").contains("no shell for tasks: its channel was closed"), "{}", ran.end("a x"));
    assert_eq!(ran.log.of("a").iter().filter(|what| *what == "lane").count(), 3, "not for ever");
    assert_eq!(ran.end("b z"), "changed");
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

/// A wall clock that goes back and forth by days.
fn jumping() -> i64 {
    static CALLS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    let calls = CALLS.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    1_700_000_000_000 + (calls % 3 - 1) * 3 * 86_400_000 + calls
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_ends_nothing_and_prolongs_nothing() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    batch: 1
    tasks:
      - { name: long, run: slow, timeout: 90s }
      - { name: late, run: hangs, timeout: 20s, allow_failure: true }
      - { name: again, run: fails, retries: 2, delay: 10s, allow_failure: true }
      - { name: rest, pause: 15s }
";
    let script = json!({ "host": "*", "commands": [
        { "contains": "slow", "delay_ms": 60_000 }, { "contains": "hangs", "hang": true }, { "contains": "fails", "code": 1 } ] });
    let bench = |clock: fn() -> i64| Bench::new(playbook, "a,b").host(script.clone()).clock(clock);
    let (since, still) = (tokio::time::Instant::now(), bench(|| 0).run().await);
    let usual = since.elapsed();
    let (since, ran) = (tokio::time::Instant::now(), bench(jumping).run().await);
    assert_eq!(since.elapsed().as_secs(), usual.as_secs());
    assert_eq!((ran.ends(), ran.report.end.duration_ms / 1000), (still.ends(), still.report.end.duration_ms / 1000));
    assert!(usual > std::time::Duration::from_secs(200), "{usual:?}");
    let stamps: Vec<i64> = ran.events.iter().map(|event| event.at).collect();
    assert!(stamps.windows(2).any(|pair| pair[1] < pair[0] - 86_400_000), "it did jump: {stamps:?}");
}
