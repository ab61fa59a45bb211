//! Handlers, `flush` and `finally`: once a host, in order, whatever happened.

use std::time::Duration;

use serde_json::json;

use crate::bench::Bench;
use roundsman::event::RunEvent;

const PATCH: &str = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: one, run: one, notify: [restart, reload] }
      - { name: two, run: two, notify: reload }
      - { name: three, run: three }
    handlers:
      - { name: reload, run: do reload }
      - { name: restart, run: do restart }
      - { name: idle, run: do nothing }
    finally:
      - { name: undrain, run: undrain it }
";

#[tokio::test(start_paused = true)]
async fn handlers_run_once_in_the_order_written_and_finally_behind_them() {
    let ran = Bench::new(PATCH, "a").run().await;
    assert_eq!(ran.ran_on("a"), ["one", "two", "three", "do reload", "do restart", "undrain it"]);
    assert_eq!(ran.end("a idle"), "never ended", "nobody notified it");
    assert_eq!(ran.count(|event| matches!(event, RunEvent::Notified { .. })), 2);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn handlers_run_on_hosts_that_failed_later_and_only_where_notified() {
    let commands = json!([{ "contains": "two", "code": 1 }]);
    let ran = Bench::new(PATCH, "a,b").host(json!({ "host": "a", "commands": commands })).run().await;
    assert_eq!(ran.ran_on("a"), ["one", "two", "do reload", "do restart", "undrain it"]);
    assert_eq!(ran.end("a three"), "skipped: `two` failed");
    assert_eq!(ran.report.end.exit_code, 4);

    let commands = json!([{ "contains": "one", "code": 1 }]);
    let ran = Bench::new(PATCH, "a").host(json!({ "host": "a", "commands": commands })).run().await;
    assert_eq!(ran.ran_on("a"), ["one", "undrain it"], "what failed changed nothing that is known");
}

#[tokio::test(start_paused = true)]
async fn a_failed_handler_stops_no_other() {
    let ran = Bench::new(PATCH, "a").host(json!({ "host": "a", "commands": [{ "contains": "reload", "code": 1 }] })).run().await;
    assert_eq!(ran.ran_on("a"), ["one", "two", "three", "do reload", "do restart", "undrain it"]);
    assert_eq!(ran.end("a reload"), "failed: exit code 1");
    assert_eq!(ran.report.end.exit_code, 4);
}

#[tokio::test(start_paused = true)]
async fn flush_runs_what_is_pending_at_once_and_later_notices_run_again() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: one, run: one, notify: reload }
      - flush: handlers
      - { name: check, run: check it }
      - { name: two, run: two, notify: reload, when: host.name == 'b' }
    handlers:
      - { name: reload, run: do reload }
";
    let ran = Bench::new(playbook, "a").run().await;
    assert_eq!(ran.ran_on("a"), ["one", "do reload", "check it"]);
    assert_eq!(ran.report.end.exit_code, 0);
    let ran = Bench::new(playbook, "b").run().await;
    assert_eq!(ran.ran_on("b"), ["one", "do reload", "check it", "two", "do reload"]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn finally_runs_only_where_something_began() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: one, run: one, when: host.name != 'b' }
    finally:
      - { name: undrain, on: lb, run: \"undrain {{ host.name }}\" }
      - { name: note, run: note it }
";
    let refuse = json!({ "class": "refused", "message": "Connection refused" });
    let ran = Bench::new(playbook, "a,b,c,lb").host(json!({ "host": "c", "refuse": refuse })).run().await;
    assert_eq!(ran.ran_on("lb"), ["one", "undrain a", "undrain lb", "note it"]);
    assert_eq!(ran.ran_on("b"), [] as [&str; 0]);
    assert_eq!(ran.end("c undrain"), "never ended");
    assert_eq!(ran.report.end.exit_code, 5);
}

#[tokio::test(start_paused = true)]
async fn what_finally_does_elsewhere_is_done_for_a_lost_host_too() {
    let playbook = "
rounds:
  - name: r
    hosts: a
    tasks:
      - { name: one, run: one }
      - { name: two, run: two }
    finally:
      - { name: undrain, on: lb, run: \"undrain {{ host.name }}\" }
      - { name: note, needs: [], run: note it }
";
    let ran = Bench::new(playbook, "a,lb")
        .never_again()
        .host(json!({ "host": "a", "commands": [{ "contains": "two", "lose": "reset" }] }))
        .run()
        .await;
    assert_eq!(ran.ran_on("lb"), ["undrain a"]);
    assert!(ran.end("a note").starts_with("unreachable"), "{}", ran.end("a note"));
}

#[tokio::test(start_paused = true)]
async fn after_an_interrupt_handlers_stay_pending_and_finally_runs() {
    let slow = json!({ "host": "a", "commands": [{ "contains": "two", "delay_ms": 5000 }] });
    let ran = Bench::new(PATCH, "a").host(slow).interrupt(Duration::from_secs(2)).run().await;
    assert_eq!(ran.ran_on("a"), ["one", "two", "undrain it"]);
    assert_eq!(ran.end("a reload"), "never ended");
    assert_eq!(ran.end("a three"), "cancelled: the run was interrupted");
    assert_eq!(ran.report.end.exit_code, 130);
}
