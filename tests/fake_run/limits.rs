//! `throttle`, `lock`, `confirm`, `pause`, tags, chosen groups, a round's own `connect`.

use serde_json::json;

use crate::bench::{Bench, Choice};
use roundsman::event::RunEvent;

#[tokio::test(start_paused = true)]
async fn at_most_so_many_hosts_do_a_throttled_task_at_once() {
    let playbook = "rounds: [{ hosts: all, tasks: [{ name: pull, run: pull, throttle: 2 }, { name: after, run: after }] }]";
    let started = tokio::time::Instant::now();
    let ran =
        Bench::new(playbook, "a,b,c,d,e").host(json!({ "host": "*", "commands": [{ "contains": "pull", "delay_ms": 1000 }] })).run().await;
    assert_eq!(ran.report.end.exit_code, 0);
    let took = started.elapsed().as_millis();
    assert!((3000..3900).contains(&took), "five hosts, two at a time: {took} ms");
}

#[tokio::test(start_paused = true)]
async fn tasks_of_one_lock_never_overlap_on_a_host() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - parallel:
          - { name: one, run: apt one, lock: apt }
          - { name: two, run: apt two, lock: apt }
          - { name: three, run: other }
";
    let slow = json!({ "host": "*", "commands": [{ "contains": "apt", "delay_ms": 1000 }, { "contains": "other", "delay_ms": 1000 }] });
    let started = tokio::time::Instant::now();
    let ran = Bench::new(playbook, "a,b").host(slow).run().await;
    assert_eq!(ran.report.end.exit_code, 0);
    let took = started.elapsed().as_millis();
    assert!((2000..2900).contains(&took), "the two of the lock one after the other, hosts side by side: {took} ms");
}

const ASKS: &str = "
rounds:
  - { name: r, hosts: all, confirm: \"Go on with {{ hosts | length }} hosts?\", tasks: [{ name: one, run: one }] }
  - { name: s, hosts: all, tasks: [{ name: sure, confirm: Really? }, { name: two, run: two }] }
";

#[tokio::test(start_paused = true)]
async fn a_question_is_asked_once_and_a_no_stops_the_run() {
    let ran = Bench::new(ASKS, "a,b").answers(&[true, true]).run().await;
    assert_eq!((ran.ran_on("a"), ran.ran_on("b")), (vec!["one".to_owned(), "two".to_owned()], vec!["one".to_owned(), "two".to_owned()]));
    let asked: Vec<&str> = ran
        .events
        .iter()
        .filter_map(|event| if let RunEvent::Asked { question, .. } = &event.kind { Some(question.as_str()) } else { None })
        .collect();
    assert_eq!(asked, ["Go on with 2 hosts?", "Really?"]);

    let ran = Bench::new(ASKS, "a").answers(&[false]).run().await;
    assert_eq!(ran.ran_on("a"), [] as [&str; 0]);
    assert_eq!(ran.report.end.exit_code, 6);

    let ran = Bench::new(ASKS, "a,b").answers(&[true, false]).run().await;
    assert_eq!((ran.ran_on("a"), ran.ran_on("b")), (vec!["one".to_owned()], vec!["one".to_owned()]));
    assert_eq!(ran.report.end.exit_code, 6);

    let ran = Bench::new(ASKS, "a").run().await;
    assert_eq!(ran.ran_on("a"), [] as [&str; 0], "without anybody to ask the answer is no");
    assert_eq!(ran.report.end.exit_code, 6);
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_a_pause() {
    let playbook = "rounds: [{ hosts: all, tasks: [{ run: one }, { pause: 90s }, { run: two }] }]";
    let started = tokio::time::Instant::now();
    let ran = Bench::new(playbook, "a").run().await;
    assert_eq!(ran.ran_on("a"), ["one", "two"]);
    assert!((90..95).contains(&started.elapsed().as_secs()));
}

const TAGGED: &str = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: one, run: one, tags: [conf] }
      - { name: two, run: two }
      - { name: three, run: three, tags: [pkg] }
      - { name: four, run: four, tags: [always] }
      - { name: five, run: five, tags: [never, pkg] }
";

#[tokio::test(start_paused = true)]
async fn tags_choose_and_what_is_left_out_counts_as_done() {
    let run = |tags, skip_tags, start_at| Bench::new(TAGGED, "a").choose(Choice { tags, skip_tags, start_at });
    assert_eq!(run("", "", "").run().await.ran_on("a"), ["one", "two", "three", "four"]);
    assert_eq!(run("conf", "", "").run().await.ran_on("a"), ["one", "four"]);
    assert_eq!(run("pkg", "", "").run().await.ran_on("a"), ["three", "four", "five"]);
    assert_eq!(run("", "conf", "").run().await.ran_on("a"), ["two", "three", "four"]);
    let ran = run("", "", "three").run().await;
    assert_eq!(ran.ran_on("a"), ["three", "four"]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn groups_are_chosen_by_results() {
    let playbook = "
groups:
  primary: { hosts: all, when: rounds.discover.tasks.recovery.stdout == 'f' }
rounds:
  - { name: discover, hosts: all, tasks: [{ name: recovery, run: recovery, read_only: true }] }
  - { name: promote, hosts: not primary and all, tasks: [{ name: follow, run: \"follow {{ groups.primary | join(',') }}\" }] }
  - { name: backup, hosts: primary, tasks: [{ name: dump, run: dump }] }
";
    let is = |host: &str, answer: &str| json!({ "host": host, "commands": [{ "contains": "recovery", "stdout": answer }] });
    let ran = Bench::new(playbook, "a,b,c").host(is("b", "f\n")).host(is("*", "t\n")).run().await;
    assert_eq!(ran.ran_on("a"), ["recovery", "follow b"]);
    assert_eq!(ran.ran_on("b"), ["recovery", "dump"]);
    assert_eq!(ran.ran_on("c"), ["recovery", "follow b"]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_sensitive_task_keeps_its_output_to_itself() {
    let playbook = "rounds: [{ hosts: all, tasks: [{ name: key, run: key, sensitive: true }, { name: use, run: \"use {{ tasks.key.stdout }}\", sensitive: true }] }]";
    let ran =
        Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [{ "contains": "key", "stdout": "t0ps3cret\n" }] })).run().await;
    assert_eq!(ran.ran_on("a"), ["key", "use t0ps3cret"]);
    let recorded = serde_json::to_string(&ran.events).expect("events are JSON");
    assert!(!recorded.contains("t0ps3cret"), "{recorded}");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_at_a_question_is_an_answer() {
    for playbook in [
        "rounds: [{ hosts: all, confirm: Go on?, tasks: [{ run: one }] }]",
        "rounds: [{ hosts: all, confirm: Go on?, after: always, tasks: [{ run: one }] }]",
        "rounds: [{ hosts: all, tasks: [{ confirm: Go on? }, { run: one }] }]",
    ] {
        // An asker that never answers.
        let ran = Bench::new(playbook, "a").silent_asker().interrupt(std::time::Duration::from_secs(3)).run().await;
        assert_eq!(ran.ran_on("a"), [] as [&str; 0]);
        assert_eq!(ran.report.end.exit_code, 130, "{playbook}");
    }
}
