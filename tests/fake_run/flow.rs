//! Which steps run, in which order, and which don't.

use serde_json::json;

use crate::bench::Bench;
use roundsman::event::{RunEvent, Status};

const TWENTY: &str = "
rounds:
  - name: r
    hosts: all
    tasks:
      - run: step 01
      - run: step 02
      - run: step 03
      - { run: step 04, unless: guard }
      - run: step 05
      - { print: between }
      - run: step 06
";

#[tokio::test(start_paused = true)]
async fn known_steps_are_written_ahead_on_one_lane() {
    let ran = Bench::new(TWENTY, "a").run().await;
    assert_eq!(ran.report.end.exit_code, 0);
    assert_eq!(ran.log.of("a").iter().filter(|what| what.starts_with("lane")).count(), 1);
    let first_began = ran.events.iter().position(|event| matches!(event.kind, RunEvent::StepBegan { .. })).expect("one began");
    let sent_before = ran.events[..first_began].iter().filter(|event| matches!(event.kind, RunEvent::StepSent { .. })).count();
    assert_eq!(sent_before, 6, "all are on their way before the first has begun, the print between them notwithstanding");
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_what_needs_it_and_nothing_else() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: first, run: one }
      - { name: breaks, run: bad }
      - { name: behind, run: two }
      - { name: free, needs: [first], run: three }
      - { name: freer, needs: [], run: four }
";
    let ran = Bench::new(playbook, "a,b")
        .host(json!({ "host": "a", "commands": [{ "contains": "bad", "code": 3, "delay_ms": 50 }] }))
        .run()
        .await;
    assert_eq!(ran.end("a breaks"), "failed: exit code 3");
    assert_eq!(ran.end("a behind"), "skipped: `breaks` failed");
    assert_eq!(ran.end("a free"), "changed");
    assert_eq!(ran.end("a freer"), "changed");
    assert_eq!(ran.end("b behind"), "changed");
    assert!(!ran.ran_on("a").contains(&"two".to_owned()));
    assert_eq!(ran.report.end.exit_code, 4);
}

#[tokio::test(start_paused = true)]
async fn an_allowed_failure_stops_nothing() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: breaks, run: bad, allow_failure: true }
      - { name: behind, run: two }
";
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [{ "contains": "bad", "code": 3 }] })).run().await;
    assert_eq!((ran.end("a breaks"), ran.end("a behind")), ("failed: exit code 3".into(), "changed".into()));
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn parallel_members_run_side_by_side() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - run: first
      - parallel: [{ run: slow 1 }, { run: slow 2 }, { run: slow 3 }]
      - run: last
";
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [{ "contains": "slow", "delay_ms": 10_000 }] })).run().await;
    assert_eq!(ran.report.end.exit_code, 0);
    let took = ran.report.end.duration_ms;
    assert!((10_000..12_000).contains(&took), "three of 10 s at once took {took} ms");
    assert_eq!(ran.ran_on("a").last().map(String::as_str), Some("last"));
}

#[tokio::test(start_paused = true)]
async fn what_the_kernel_says_is_read_without_waiting_for_each_other() {
    let playbook = |first: &str| {
        format!(
            "
rounds:
  - name: r
    hosts: all
    tasks:
      - parallel: [{{ name: a, {first} }}, {{ name: b, read: /proc/mdstat }}, {{ name: c, read: /proc/version }}]
      - parallel: [{{ name: d, read: /proc/stat }}, {{ name: e, read: /proc/mounts }}]
"
        )
    };
    let ran = Bench::new(&playbook("read: /proc/uptime"), "a").run().await;
    let first_began = ran.events.iter().position(|event| matches!(event.kind, RunEvent::StepBegan { .. })).expect("one began");
    let sent_before = ran.events[..first_began].iter().filter(|event| matches!(event.kind, RunEvent::StepSent { .. })).count();
    assert_eq!((sent_before, ran.log.of("a").contains(&"hold back".to_owned())), (5, false));

    let fails = json!({ "host": "a", "commands": [{ "contains": "/proc/mdstat", "code": 1 }] });
    let ran = Bench::new(&playbook("read: /proc/uptime"), "a").host(fails).run().await;
    assert_eq!((ran.end("a a"), ran.end("a b"), ran.end("a c")), ("ok".into(), "failed: exit code 1".into(), "ok".into()));
    assert_eq!((ran.end("a d"), ran.end("a e")), ("skipped: `b` failed".into(), "skipped: `b` failed".into()));

    let slow = json!({ "host": "a", "commands": [{ "contains": "slow", "delay_ms": 50 }] });
    let ran = Bench::new(&playbook("run: perhaps slow"), "a").host(slow).run().await;
    let held_back = ran.log.of("a").iter().filter(|what| *what == "hold back").count();
    assert_eq!(held_back, 2, "behind what may take long nothing is written that does not need it, be it after something quick");
}

#[tokio::test(start_paused = true)]
async fn rounds_are_barriers_and_failed_hosts_are_left_out() {
    let playbook = "
rounds:
  - { name: one, hosts: all, tasks: [{ name: x, run: first }] }
  - { name: two, hosts: all, tasks: [{ name: y, run: second }] }
  - { name: every, needs: [one], after: all, hosts: all, tasks: [{ name: z, run: third }] }
  - { name: finally, after: always, hosts: all, tasks: [{ name: w, run: fourth }] }
";
    let script = json!({ "host": "b", "commands": [{ "contains": "first", "code": 1, "delay_ms": 5000 }] });
    let ran = Bench::new(playbook, "a,b").host(script).run().await;
    assert_eq!(ran.end("b y"), "never ended");
    assert_eq!(ran.end("a y"), "changed");
    assert_eq!(ran.end("a z"), "never ended", "`after: all` asks for every host");
    assert_eq!((ran.end("a w"), ran.end("b w")), ("changed".into(), "changed".into()));
    let place = |wanted: &str| ran.log.entries().iter().position(|entry| entry.what == wanted).expect("it ran");
    assert!(place("run first") < place("run second"));
    assert_eq!(ran.ran_on("b"), ["first", "fourth"]);
    assert_eq!(ran.count(|event| matches!(event, RunEvent::RoundSkipped { .. })), 1);
    assert_eq!(ran.log.of("a").iter().filter(|what| *what == "connect").count(), 1, "sessions are kept across rounds");
}

#[tokio::test(start_paused = true)]
async fn once_runs_on_the_first_host_that_can() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: pick, id: pick, once: true, run: pick }
      - { name: use, run: \"use {{ tasks.pick.stdout }}\" }
";
    let script = json!({ "host": "a", "refuse": { "class": "refused", "message": "Connection refused" } });
    let ran = Bench::new(playbook, "a,b,c")
        .host(script)
        .host(json!({ "host": "*", "commands": [{ "contains": "pick", "stdout": "it\n" }] }))
        .run()
        .await;
    assert_eq!(ran.status("a pick"), Some(Status::Unreachable));
    assert_eq!(ran.end("b pick"), "changed");
    assert_eq!(ran.end("c pick"), "skipped: once: it ran on b");
    assert_eq!(ran.ran_on("c"), ["use it"]);
    assert_eq!(ran.report.end.exit_code, 5);
}

#[tokio::test(start_paused = true)]
async fn a_failed_once_blocks_every_host() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: pick, once: true, run: pick }
      - { name: use, run: use }
";
    let ran = Bench::new(playbook, "a,b").host(json!({ "host": "a", "commands": [{ "contains": "pick", "code": 1 }] })).run().await;
    assert_eq!(ran.end("b use"), "skipped: once: it failed on a");
    assert!(ran.ran_on("b").is_empty());
}

#[tokio::test(start_paused = true)]
async fn delegated_steps_run_elsewhere_and_count_at_home() {
    let playbook = "
rounds:
  - name: r
    hosts: a and not lb or b
    tasks:
      - { name: drain, on: lb, run: \"drain {{ host.name }}\" }
      - { name: work, run: work }
";
    let ran = Bench::new(playbook, "a,b,lb").run().await;
    let mut drained = ran.ran_on("lb");
    drained.sort();
    assert_eq!(drained, ["drain a", "drain b"]);
    assert_eq!((ran.end("a drain"), ran.end("b drain"), ran.ran_on("a")), ("changed".into(), "changed".into(), vec!["work".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn at_most_max_parallel_hosts_at_once() {
    let playbook = "
rounds:
  - { name: r, hosts: all, max_parallel: 2, tasks: [{ name: x, run: slow }, { name: y, run: slow }] }
";
    let ran =
        Bench::new(playbook, "a,b,c,d,e").host(json!({ "host": "*", "commands": [{ "contains": "slow", "delay_ms": 1000 }] })).run().await;
    assert_eq!(ran.report.end.exit_code, 0);
    assert!((6000..7000).contains(&ran.report.end.duration_ms), "three shifts of 2 s took {} ms", ran.report.end.duration_ms);
}

#[tokio::test(start_paused = true)]
async fn what_was_set_is_seen_from_then_on() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: ask, id: ask, run: ask }
      - set: { answer: \"{{ tasks.ask.stdout }}!\" }
      - { name: tell, run: [tell, \"{{ answer }}\"] }
      - { name: not, when: answer == \"no!\", run: never }
  - { name: later, hosts: all, tasks: [{ name: again, run: [again, \"{{ answer }}\"] }] }
";
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [{ "contains": "ask", "stdout": "yes\n" }] })).run().await;
    assert_eq!(ran.ran_on("a"), ["ask", "tell yes!", "again yes!"]);
    assert_eq!(ran.end("a not"), "skipped: when");
}

#[tokio::test(start_paused = true)]
async fn judged_by_expression_the_next_waits() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: odd, run: odd, failed: 'result.rc > 1', changed: 'result.stdout == \"new\"' }
      - { name: next, run: next }
";
    let script = json!({ "host": "a", "commands": [{ "contains": "odd", "code": 1, "stdout": "new\n" }] });
    let ran = Bench::new(playbook, "a,b").host(script).run().await;
    assert_eq!((ran.end("a odd"), ran.end("a next")), ("changed".into(), "changed".into()));
    assert_eq!(ran.end("b odd"), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_step_on_several_hosts_does_each_once_though_it_waits_between() {
    let playbook = "
rounds:
  - name: r
    hosts: a,d
    needs: []
    tasks: [{ name: x, on: [b, c], run: [mark, '{{ host.name }}'] }]
  - name: busy
    hosts: c
    needs: []
    tasks: [{ name: y, become: other, run: slow }]
";
    let script = json!({ "host": "c", "commands": [{ "contains": "slow", "delay_ms": 5_000 }] });
    let ran = Bench::new(playbook, "a,b,c,d").max_sessions(1).host(script).run().await;
    assert_eq!((ran.end("a x"), ran.end("d x")), ("changed".into(), "changed".into()));
    assert_eq!(ran.ran_on("b"), ["mark a", "mark d"]);
    assert_eq!(ran.ran_on("c"), ["slow", "mark a", "mark d"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_guard_skips_gives_way_to_default() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: ask, run: ask, unless: done }
      - { name: tell, run: [tell, \"{{ tasks.ask.stdout | default('none') }}\"] }
";
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [{ "contains": "done", "code": 0 }] })).run().await;
    assert_eq!((ran.end("a ask").split(':').next(), ran.end("a tell").as_str()), (Some("skipped"), "changed"));
    assert!(ran.ran_on("a").contains(&"tell none".to_owned()), "{:?}", ran.ran_on("a"));
}

#[tokio::test(start_paused = true)]
async fn a_whole_result_prints_as_data() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: ask, run: ask }
      - { name: tell, run: [tell, \"{{ tasks.ask | to_json }}\"] }
";
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [{ "contains": "ask", "stdout": "yes\n" }] })).run().await;
    assert_eq!(ran.end("a tell"), "changed");
    assert!(ran.ran_on("a")[1].contains(r#""stdout": "yes""#), "{:?}", ran.ran_on("a"));
}

#[tokio::test(start_paused = true)]
async fn a_rounds_own_condition_reads_results() {
    let playbook = "
rounds:
  - { name: ask, hosts: all, tasks: [{ name: x, id: x, run: ask }] }
  - { name: then, hosts: all, when: rounds.ask.tasks.x.stdout == \"go\", tasks: [{ name: y, run: did }] }
";
    let ran = Bench::new(playbook, "a,b").host(json!({ "host": "a", "commands": [{ "contains": "ask", "stdout": "go\n" }] })).run().await;
    assert_eq!((ran.ran_on("a"), ran.ran_on("b")), (vec!["ask".to_owned(), "did".to_owned()], vec!["ask".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_ahead_of_a_print_that_may_have_nothing_to_print() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: f, run: one }
      - { name: told, print: '{{ tasks.f.lines[3] }}' }
      - { name: s, run: two }
";
    let script = json!({ "host": "a", "commands": [{ "contains": "two", "delay_ms": 50 }] });
    let ran = Bench::new(playbook, "a").host(script).run().await;
    assert_eq!((ran.status("a told"), ran.ran_on("a")), (Some(Status::Failed), vec!["one".to_owned()]), "{}", ran.end("a told"));
}

#[tokio::test(start_paused = true)]
async fn what_had_begun_behind_a_failure_that_no_exit_code_told_is_not_said_to_be_skipped() {
    let playbook =
        "rounds: [{ name: r, hosts: all, tasks: [{ name: x, directory: /srv }, { name: y, run: two }, { name: z, run: three }] }]\n";
    // The fake's empty answer is no state of a directory.
    let script = json!({ "host": "a", "commands": [{ "contains": "two", "delay_ms": 50 }] });
    let ran = Bench::new(playbook, "a").host(script).run().await;
    assert_eq!(
        (ran.status("a x"), ran.status("a y"), ran.status("a z")),
        (Some(Status::Failed), Some(Status::Unknown), Some(Status::Skipped))
    );
    assert!(ran.end("a y").contains("it had begun when `x` was seen to have failed"), "{}", ran.end("a y"));
    assert!(!ran.ran_on("a").contains(&"three".to_owned()), "{:?}", ran.ran_on("a"));
}
