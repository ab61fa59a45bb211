//! Corners of the flow: what meets what at the wrong moment.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::{Bench, Ran};
use roundsman::event::{BlockStatus, RunEvent, Status};

/// One round of all hosts with these tasks.
fn tasks(tasks: &str) -> String {
    format!("rounds:\n  - name: r\n    hosts: all\n    tasks:\n{tasks}")
}

fn commands(host: &str, commands: &Value) -> Value {
    json!({ "host": host, "commands": commands })
}

async fn in_time(bench: Bench) -> Ran {
    tokio::time::timeout(Duration::from_secs(7200), bench.run()).await.expect("the run ends")
}

fn blocks(ran: &Ran) -> Vec<BlockStatus> {
    ran.events.iter().filter_map(|event| if let RunEvent::BlockEnded { status, .. } = &event.kind { Some(*status) } else { None }).collect()
}

/// The attempts of all steps that ended, in order; the final ends with their own.
fn attempts(ran: &Ran) -> Vec<(u32, Status, bool)> {
    let ends = ran.events.iter().filter_map(|event| match &event.kind {
        RunEvent::AttemptEnded { attempt, outcome, .. } => Some((*attempt, outcome.status, false)),
        RunEvent::StepEnded { attempt, outcome, .. } => Some((*attempt, outcome.status, true)),
        _ => None,
    });
    ends.collect()
}

#[tokio::test(start_paused = true)]
async fn what_an_inner_block_made_good_is_no_failure_of_the_outer() {
    let playbook = tasks(
        "
      - name: outer
        block:
          - name: inner
            block: [{ name: one, run: bad one }]
            rescue: [{ name: mend, run: mend it }]
          - name: allowed
            allow_failure: true
            block: [{ name: two, run: bad two }]
          - { name: three, run: three }
        rescue: [{ name: save, run: save it }]
        always: [{ name: tidy, run: tidy up }]
",
    );
    let ran = in_time(Bench::new(&playbook, "a").host(commands("a", &json!([{ "contains": "bad", "code": 1 }])))).await;
    assert_eq!(ran.ran_on("a"), ["bad one", "mend it", "bad two", "three", "tidy up"]);
    assert_eq!(blocks(&ran), [BlockStatus::Rescued, BlockStatus::Failed, BlockStatus::Changed]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_before_anything_ran_is_rescued_too() {
    let playbook = tasks(
        "
      - { name: probe, run: probe }
      - name: deploy
        block:
          - { name: one, run: \"one {{ tasks.probe.json.version }}\" }
        rescue: [{ name: mend, run: \"mend {{ error.task }}\" }]
",
    );
    let ran = in_time(Bench::new(&playbook, "a").host(commands("a", &json!([{ "contains": "probe", "stdout": "{}" }])))).await;
    assert_eq!(ran.ran_on("a"), ["probe", "mend one"], "{:?}", ran.ends());
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn after_an_interrupt_a_rescue_knows_what_was_not_done() {
    let playbook = tasks(
        "
      - name: deploy
        block:
          - { name: one, run: slow one }
          - { name: two, run: two }
        rescue: [{ name: mend, run: \"mend {{ error.task }}\" }]
",
    );
    let slow = commands("a", &json!([{ "contains": "slow", "delay_ms": 5000 }]));
    let ran = in_time(Bench::new(&playbook, "a").host(slow).interrupt(Duration::from_secs(2))).await;
    assert_eq!(ran.ran_on("a"), ["slow one", "mend two"], "{:?}", ran.ends());
    assert_eq!(blocks(&ran), [BlockStatus::Failed]);
    assert_eq!(ran.report.end.exit_code, 130);
}

const RETRIED: &str = "
      - name: deploy
        retries: 3
        delay: 20m
        block: [{ name: one, run: bad }]
";

#[tokio::test(start_paused = true)]
async fn a_block_that_waits_for_another_try_does_not_hold_up_a_stop() {
    let bad = || commands("a", &json!([{ "contains": "bad", "code": 1 }]));
    let ran = in_time(Bench::new(&tasks(RETRIED), "a").host(bad()).interrupt(Duration::from_secs(60))).await;
    assert!(ran.report.end.duration_ms < 70_000, "{} ms", ran.report.end.duration_ms);
    assert_eq!(ran.report.end.exit_code, 130);
    let ran = in_time(Bench::new(&tasks(RETRIED), "a").host(bad()).record_fails_after(11)).await;
    assert!(ran.report.end.duration_ms < 1_500_000, "{} ms", ran.report.end.duration_ms);

    let playbook = tasks(RETRIED)
        .replace("tasks:\n", "tasks:\n      - { name: lose, needs: [], run: lose }\n")
        .replace("delay: 20m", "delay: 20m\n        needs: []");
    let lost = commands("a", &json!([{ "contains": "lose", "lose": "reset", "delay_ms": 60_000 }, { "contains": "bad", "code": 1 }]));
    let ran = in_time(Bench::new(&playbook, "a").never_again().max_sessions(2).host(lost)).await;
    assert_eq!(ran.ran_on("a").len(), 2, "{:?}", ran.ran_on("a"));
    assert!(ran.report.end.duration_ms < 70_000, "{} ms", ran.report.end.duration_ms);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_task_that_waits_for_a_lock_lets_others_go_on() {
    let playbook = tasks(
        "
      - parallel:
          - { name: one, run: slow one, lock: apt }
          - { name: two, run: two, lock: apt, throttle: 1 }
",
    );
    let slow = commands("*", &json!([{ "contains": "slow", "delay_ms": 2000 }]));
    let ran = in_time(Bench::new(&playbook, "a,b,c").host(slow)).await;
    for host in ["a", "b", "c"] {
        assert_eq!(ran.ran_on(host), ["slow one", "two"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_that_waits_for_a_lock_takes_none_from_one_that_runs() {
    let playbook = "
rounds:
  - name: r
    hosts: a
    tasks:
      - parallel:
          - { name: one, on: c, run: slow one, lock: apt }
          - { name: two, each: { in: [b, c], parallel: 2 }, on: \"{{ item }}\", run: \"slow two {{ item }}\", lock: apt }
          - { name: three, on: b, run: slow three, lock: apt }
";
    let slow = commands("*", &json!([{ "contains": "slow", "delay_ms": 2000 }]));
    let ran = in_time(Bench::new(playbook, "a,b,c").max_sessions(4).host(slow)).await;
    assert_eq!((ran.ran_on("b").len(), ran.ran_on("c").len()), (2, 2));
    let at = |wanted: &dyn Fn(&RunEvent) -> bool| ran.events.iter().position(|event| wanted(&event.kind)).expect("it is there");
    let ended = at(&|event| matches!(event, RunEvent::AttemptEnded { item: Some(item), .. } if item.label == "b"));
    let began = at(&|event| matches!(event, RunEvent::StepBegan { step, .. } if step.task.index() == 2));
    assert!(ended < began, "`three` waits until the item on the same host is over");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_a_step_of_which_one_item_runs_and_one_waits() {
    let playbook =
        tasks("      - { name: pull, each: { in: [x, y, z], parallel: 2 }, run: \"pull {{ item }}\", retries: 3, delay: 60s }\n");
    let mixed = || commands("a", &json!([{ "contains": "pull x", "code": 1 }, { "contains": "pull y", "delay_ms": 10_000 }]));
    let ran = in_time(Bench::new(&playbook, "a").max_sessions(2).host(mixed()).interrupt(Duration::from_secs(5))).await;
    assert_eq!(ran.ran_on("a"), ["pull x", "pull y"]);
    assert_eq!(ran.status("a pull"), Some(Status::Cancelled), "{:?}", ran.ends());
    let twice =
        Bench::new(&playbook, "a").max_sessions(2).host(mixed()).interrupt(Duration::from_secs(5)).interrupt(Duration::from_secs(6));
    let ran = in_time(twice).await;
    assert_eq!(ran.status("a pull"), Some(Status::Cancelled), "{:?}", ran.ends());
}

const FLUSHED: &str = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: one, run: one, notify: [reload] }
      - { name: flushed, flush: handlers }
      - { name: two, run: two }
    handlers:
      - { name: reload, run: do reload }
";

#[tokio::test(start_paused = true)]
async fn a_flush_ends_once_whatever_happens_to_its_handler() {
    let lost = commands("a", &json!([{ "contains": "reload", "lose": "reset", "delay_ms": 50 }]));
    let ran = in_time(Bench::new(FLUSHED, "a").never_again().host(lost)).await;
    assert_eq!(ran.status("a reload"), Some(Status::Unknown), "{:?}", ran.ends());
    assert_eq!(ran.status("a flushed"), Some(Status::Unreachable), "{:?}", ran.ends());

    let slow = || commands("a", &json!([{ "contains": "reload", "delay_ms": 5000 }]));
    let ran = in_time(Bench::new(FLUSHED, "a").host(slow()).interrupt(Duration::from_secs(2))).await;
    assert_eq!(ran.status("a reload"), Some(Status::Changed), "{:?}", ran.ends());
    assert_eq!(ran.status("a two"), Some(Status::Cancelled), "{:?}", ran.ends());
    let twice = Bench::new(FLUSHED, "a").host(slow()).interrupt(Duration::from_secs(2)).interrupt(Duration::from_secs(3));
    let ran = in_time(twice).await;
    assert_eq!(ran.status("a reload"), Some(Status::Cancelled), "{:?}", ran.ends());
    assert!(ran.ends().contains_key("a flushed"));
}

#[tokio::test(start_paused = true)]
async fn two_flushes_side_by_side_wait_for_the_same_handlers() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: one, run: one, notify: [reload] }
      - parallel:
          - { name: first, flush: handlers }
          - { name: second, flush: handlers }
          - block: [{ name: third, flush: handlers }, { name: fourth, run: fourth }]
      - { name: two, run: two }
    handlers:
      - { name: reload, run: do reload }
";
    let ran = in_time(Bench::new(playbook, "a").host(commands("a", &json!([{ "contains": "reload", "delay_ms": 5000 }])))).await;
    assert_eq!(ran.ran_on("a"), ["one", "do reload", "fourth", "two"]);
    for flush in ["a first", "a second", "a third"] {
        assert_eq!(ran.end(flush), "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_has_no_need_of_a_task_does_not_do_it_for_all() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: part
        when: host.name != 'a'
        block:
          - { name: first, once: true, run: first }
          - { name: then, run: then }
      - { name: change, run: change, when: host.name == 'b', notify: reload }
    handlers:
      - { name: reload, once: true, run: reload }
    finally:
      - { name: last, once: true, run: last }
  - { name: next, hosts: all, tasks: [{ name: never, run: never, when: host.name == 'b' }], finally: [{ name: end, once: true, run: end }] }
";
    let ran = in_time(Bench::new(playbook, "a,b,c")).await;
    assert_eq!(ran.ran_on("a"), [] as [&str; 0], "nothing of the rounds is for it");
    assert_eq!(ran.ran_on("b"), ["first", "then", "change", "reload", "last", "never", "end"]);
    assert_eq!(ran.ran_on("c"), ["then"]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn once_inside_a_block_with_items_is_once_for_each_of_them() {
    let playbook = tasks(
        "
      - name: each
        each: [x, y, z]
        block:
          - { name: first, once: true, run: \"first {{ item }}\" }
          - { name: then, run: \"then {{ item }} {{ tasks.first.stdout }}\" }
",
    );
    let says = || json!([{ "contains": "first x", "stdout": "X" }, { "contains": "first y", "stdout": "Y" }, { "contains": "first z", "stdout": "Z" }]);
    let mut slow = says();
    slow.as_array_mut().unwrap().push(json!({ "contains": "then", "delay_ms": 3000 }));
    // Whoever is ahead of whom.
    for (a, b) in [(says(), slow.clone()), (slow, says())] {
        let ran = in_time(Bench::new(&playbook, "a,b").host(commands("a", &a)).host(commands("b", &b))).await;
        assert_eq!(ran.ran_on("a").iter().filter(|command| command.starts_with("first")).count(), 3, "{:?}", ran.ran_on("a"));
        assert_eq!(ran.ran_on("b").iter().filter(|command| command.starts_with("first")).count(), 0, "{:?}", ran.ran_on("b"));
        assert_eq!(ran.ran_on("b").len(), 3, "{:?}", ran.ran_on("b"));
        assert_eq!(ran.report.end.exit_code, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_a_handler_that_waits_for_another_try() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks: [{ name: one, run: one, notify: reload }]
    handlers: [{ name: reload, run: do reload, retries: 5, delay: 60s }]
    finally: [{ name: last, run: last }]
";
    let bad = commands("a", &json!([{ "contains": "reload", "code": 1 }]));
    let ran = in_time(Bench::new(playbook, "a").host(bad).interrupt(Duration::from_secs(10))).await;
    assert_eq!(ran.ran_on("a"), ["one", "do reload", "last"]);
    assert_eq!(ran.status("a reload"), Some(Status::Cancelled));
    assert_eq!(ran.report.end.exit_code, 130);
}

#[tokio::test(start_paused = true)]
async fn a_rescue_that_fails_is_no_failure_while_the_block_may_yet_end_well() {
    let playbook = tasks(
        "
      - name: deploy
        retries: 1
        delay: 1s
        block: [{ name: one, run: bad }]
        rescue: [{ name: mend, run: mend }]
      - name: may
        allow_failure: true
        block: [{ name: two, run: worse }]
        rescue: [{ name: mend2, run: worse }]
        always: [{ name: tidy, run: worse }]
",
    );
    let once = commands(
        "a",
        &json!([
            { "contains": "bad", "code": 1, "times": 1 }, { "contains": "mend", "code": 1 }, { "contains": "worse", "code": 1 },
        ]),
    );
    let ran = in_time(Bench::new(&playbook, "a").host(once)).await;
    assert_eq!(ran.ran_on("a"), ["bad", "bad", "worse", "worse", "worse"]);
    assert_eq!(blocks(&ran), [BlockStatus::Failed, BlockStatus::Changed, BlockStatus::Failed]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_round_that_runs_always_is_asked_about_though_another_stopped() {
    let playbook = "
rounds:
  - { name: r, hosts: all, batch: 1, tasks: [{ name: one, run: bad }] }
  - { name: s, needs: [], after: always, hosts: a, confirm: Sure?, tasks: [{ name: two, run: two }] }
";
    let bad = commands("*", &json!([{ "contains": "bad", "code": 1, "delay_ms": 2000 }]));
    let bench = Bench::new(playbook, "a,b").host(bad).answers_after(Duration::from_secs(10), &[true]);
    let ran = in_time(bench).await;
    assert_eq!(ran.end("a two"), "changed");
    assert_eq!(ran.end("b one"), "never ended");
    assert_eq!(ran.report.end.exit_code, 6);
}

#[tokio::test(start_paused = true)]
async fn a_round_that_runs_always_has_its_own_limit() {
    let playbook = "
rounds:
  - { name: r, hosts: all, batch: 1, tasks: [{ name: one, run: bad }] }
  - { name: s, after: always, hosts: all, batch: 1, tasks: [{ name: two, run: bad two }] }
";
    let ran = in_time(Bench::new(playbook, "a,b,c").host(commands("*", &json!([{ "contains": "bad", "code": 1 }])))).await;
    assert_eq!((ran.ran_on("a"), ran.ran_on("b")), (vec!["bad".to_owned(), "bad two".to_owned()], Vec::new()));
    assert_eq!(ran.report.end.exit_code, 6);
}

#[tokio::test(start_paused = true)]
async fn handlers_of_a_round_that_runs_always_run_after_an_interrupt() {
    let playbook = "
rounds:
  - { name: r, hosts: all, tasks: [{ name: one, run: slow }] }
  - name: s
    after: always
    hosts: all
    tasks: [{ name: two, run: two, notify: reload }]
    handlers: [{ name: reload, run: reload }]
";
    let slow = commands("a", &json!([{ "contains": "slow", "delay_ms": 5000 }]));
    let ran = in_time(Bench::new(playbook, "a").host(slow).interrupt(Duration::from_secs(2))).await;
    assert_eq!(ran.ran_on("a"), ["slow", "two", "reload"]);
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_a_task_is_left_out_of_says_nothing_of_the_pass_before() {
    let playbook = tasks(
        "
      - each: [x, y, z]
        block:
          - { name: one, run: \"one {{ item }}\", when: item != 'y' }
",
    );
    let ran = in_time(Bench::new(&playbook, "a")).await;
    let expected = [(1, Status::Changed, false), (2, Status::Skipped, false), (3, Status::Changed, false), (3, Status::Changed, true)];
    assert_eq!(attempts(&ran), expected);

    let playbook = playbook.replace("item != 'y'", "item == 'w'");
    let ran = in_time(Bench::new(&playbook, "a")).await;
    assert_eq!(attempts(&ran).last(), Some(&(0, Status::Skipped, true)), "0 where it never ran");
}

#[tokio::test(start_paused = true)]
async fn a_host_lost_between_items_leaves_the_worst_of_them() {
    let playbook = tasks("      - { name: pull, each: [x, y, z], run: \"pull {{ item }}\" }\n");
    let lost = commands("a", &json!([{ "contains": "pull y", "lose": "reset", "delay_ms": 500 }]));
    let ran = in_time(Bench::new(&playbook, "a").never_again().host(lost)).await;
    let last = attempts(&ran).pop();
    assert!(matches!(last, Some((2.., Status::Unknown, true))), "{:?}: how the second ended is unknown", attempts(&ran));
    assert!(ran.end("a pull").contains("2 of 3 items"), "{}", ran.end("a pull"));
}

#[tokio::test(start_paused = true)]
async fn what_ran_on_one_of_its_hosts_has_run() {
    let playbook = "rounds: [{ name: r, hosts: a, tasks: [{ name: one, on: [b, c], run: one, throttle: 1 }, { name: two, on: c, needs: [], run: slow }] }]";
    let slow = commands("*", &json!([{ "contains": "slow", "delay_ms": 60_000 }, { "contains": "one", "delay_ms": 1000 }]));
    let bench = Bench::new(playbook, "a,b,c").max_sessions(1).host(slow);
    let ran = in_time(bench.interrupt(Duration::from_secs(2))).await;
    let (_, attempt) = ran
        .events
        .iter()
        .find_map(|event| match &event.kind {
            RunEvent::StepEnded { step, attempt, outcome } if step.task.index() == 0 => Some((outcome.status, *attempt)),
            _ => None,
        })
        .expect("an end");
    assert_eq!(attempt, 1, "{:?}", ran.ends());
}

#[tokio::test(start_paused = true)]
async fn steps_of_a_block_are_written_ahead_on_one_lane() {
    use std::fmt::Write as _;
    let mut inside = String::from("      - name: twenty\n        block:\n");
    for number in 0..20 {
        let _ = writeln!(inside, "          - {{ name: s{number}, run: step {number} }}");
    }
    for more in ["", "        always: [{ name: tidy, run: tidy up }]\n"] {
        let started = tokio::time::Instant::now();
        let ran = in_time(Bench::new(&tasks(&format!("{inside}{more}")), "a").host(json!({ "host": "a", "delay_ms": 100 }))).await;
        assert_eq!(ran.report.end.exit_code, 0);
        let sent: Vec<usize> =
            ran.events.iter().enumerate().filter(|(_, event)| matches!(event.kind, RunEvent::StepSent { .. })).map(|(at, _)| at).collect();
        let began = ran.events.iter().position(|event| matches!(event.kind, RunEvent::StepBegan { .. })).expect("one began");
        assert!(sent[19] < began, "all were sent before the first began: {sent:?} {began}, {:?}", started.elapsed());
        assert_eq!(ran.log.of("a").iter().filter(|what| *what == "lane").count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_done_once_waits_for_no_host_whose_turn_has_not_come() {
    let playbook = "
rounds:
  - name: r
    hosts: a or b
    max_parallel: 1
    tasks: [{ name: one, run: one }, { name: two, run: two }]
    finally: [{ name: last, once: true, on: c, run: last }]
";
    let lost = commands("a", &json!([{ "contains": "two", "lose": "reset" }]));
    let ran = in_time(Bench::new(playbook, "a,b,c").host(lost)).await;
    assert_eq!(ran.ran_on("c"), ["last"]);
    assert_eq!(ran.ran_on("b"), ["one", "two"]);
    assert_eq!(ran.end("b last"), "skipped: once: it ran on a");
}

const BATCHES: &str = "
rounds:
  - name: r
    hosts: all
    batch: 1
    pause: 60s
    max_failures: 1
    tasks: [{ name: one, run: one }, { name: two, run: two }]
  - { name: s, needs: [], hosts: b, max_failures: 0, tasks: [{ name: wait, run: slow bad }] }
";

#[tokio::test(start_paused = true)]
async fn a_stop_elsewhere_ends_a_round_that_pauses_between_batches() {
    let bad = commands("*", &json!([{ "contains": "slow bad", "code": 1, "delay_ms": 20_000 }]));
    let ran = in_time(Bench::new(BATCHES, "a,b,c").host(bad)).await;
    assert_eq!(ran.ran_on("a"), ["one", "two"]);
    assert_eq!((ran.ran_on("b"), ran.ran_on("c")), (vec!["slow bad".to_owned()], Vec::new()));
    assert!(ran.report.end.duration_ms < 30_000, "{} ms", ran.report.end.duration_ms);
    assert_eq!(ran.report.end.exit_code, 6);
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_hosts_were_lost_before_it_began_is_passed_over() {
    let lost = commands("b", &json!([{ "contains": "slow bad", "lose": "reset", "delay_ms": 5000 }]));
    let ran = in_time(Bench::new(&BATCHES.replace("max_failures: 0", "max_failures: 9"), "a,b,c").never_again().host(lost)).await;
    assert_eq!(ran.ran_on("c"), ["one", "two"]);
    assert_eq!(ran.end("b two").split(':').next(), Some("unreachable"));
    assert_eq!(ran.report.end.exit_code, 4, "how `wait` ended is unknown");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_a_question() {
    let playbook = "
rounds:
  - { name: r, hosts: all, tasks: [{ name: one, run: one }, { name: sure, confirm: Sure? }, { name: two, run: two }] }
  - { name: s, needs: [], hosts: all, confirm: Sure?, tasks: [{ name: three, run: three }] }
";
    let bench = Bench::new(playbook, "a,b").answers_after(Duration::from_secs(3600), &[true, true]);
    let ran = in_time(bench.interrupt(Duration::from_secs(5))).await;
    assert_eq!((ran.ran_on("a"), ran.ran_on("b")), (vec!["one".to_owned()], vec!["one".to_owned()]));
    assert_eq!((ran.status("a sure"), ran.status("b sure")), (Some(Status::Cancelled), Some(Status::Cancelled)));
    assert_eq!(ran.report.end.exit_code, 130);
    assert!(ran.report.end.duration_ms < 6000, "{} ms", ran.report.end.duration_ms);
}

#[tokio::test(start_paused = true)]
async fn a_host_lost_while_items_wait_for_another_try_ends_the_step() {
    let playbook = tasks(
        "
      - { name: pull, needs: [], each: [x, y], run: \"pull {{ item }}\", retries: 2, delay: 20m }
      - { name: lose, needs: [], run: lose }
",
    );
    let lost = commands("a", &json!([{ "contains": "pull", "code": 1 }, { "contains": "lose", "lose": "reset", "delay_ms": 60_000 }]));
    let ran = in_time(Bench::new(&playbook, "a").never_again().max_sessions(2).host(lost)).await;
    assert_eq!(ran.ran_on("a"), ["pull x", "lose"]);
    assert_eq!(ran.status("a pull"), Some(Status::Unreachable));
    assert!(ran.report.end.duration_ms < 70_000, "{} ms", ran.report.end.duration_ms);
}

#[tokio::test(start_paused = true)]
async fn items_inside_a_block_that_repeats_keep_their_own_ends() {
    let playbook = tasks(
        "
      - { name: stop, run: \"stop\", when: host.name == 'b' }
      - name: outer
        each: [p, q]
        as: outer
        block: [{ name: pull, each: [x, y], run: \"pull {{ outer }} {{ item }}\" }]
",
    );
    let ran = in_time(Bench::new(&playbook, "a,b").host(commands("b", &json!([{ "contains": "stop", "code": 1 }])))).await;
    let items: Vec<(u32, Option<String>)> = ran
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            RunEvent::AttemptEnded { step, attempt, item, .. } if step.host.index() == 0 => {
                Some((*attempt, item.as_ref().map(|item| item.label.clone())))
            }
            _ => None,
        })
        .collect();
    let label = |text: &str| Some(text.to_owned());
    assert_eq!(items, [(1, label("x")), (2, label("y")), (3, label("x")), (4, label("y"))]);
    assert_eq!(ran.end("b pull"), "skipped: `stop` failed", "a block that is never entered ends its tasks all the same");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_ran_on_one_of_its_hosts_is_told_as_one_that_ran() {
    for more in ["", "each: [x, y],", "retries: 1,"] {
        let playbook = tasks(&format!(
            "
      - parallel:
          - {{ name: both, on: [b, a], {more} run: both }}
          - {{ name: cut, run: cut }}
"
        ));
        let lost = commands("a", &json!([{ "contains": "cut", "lose": "reset" }, { "contains": "both", "delay_ms": 5000 }]));
        let ran = in_time(Bench::new(&playbook, "a,b").host(lost)).await;
        assert!(ran.ran_on("b").iter().any(|command| command == "both"), "the first part is done elsewhere");
        for host in 0..2 {
            let ended = ran.events.iter().find_map(|event| match &event.kind {
                RunEvent::StepEnded { step, attempt, .. } if step.task.0 == 0 && step.host.0 == host => Some(*attempt),
                _ => None,
            });
            assert!(matches!(ended, Some(1..)), "{more} on host {host}: attempt {ended:?}");
        }
    }
}
