//! Batches and the limit of failures: exactly the right hosts are touched.

use serde_json::json;

use crate::bench::{Bench, Ran};
use roundsman::event::RunEvent;

fn hosts(count: usize) -> String {
    (1..=count).map(|host| format!("w{host:02}")).collect::<Vec<_>>().join(",")
}

fn touched(ran: &Ran, count: usize) -> Vec<usize> {
    (1..=count).filter(|host| !ran.ran_on(&format!("w{host:02}")).is_empty()).collect()
}

const ROLLING: &str = "
rounds:
  - name: patch
    hosts: all
    batch: [1, 25%, 100%]
    tasks:
      - { name: upgrade, run: upgrade, notify: reload }
      - { name: check, run: check }
    handlers:
      - { name: reload, run: reload }
  - { name: next, hosts: all, tasks: [{ name: more, run: more }] }
  - { name: report, after: always, hosts: w01, tasks: [{ name: told, print: \"{{ run.failed }}\" }] }
";

#[tokio::test(start_paused = true)]
async fn forty_hosts_in_three_batches() {
    let ran = Bench::new(ROLLING, &hosts(40)).run().await;
    assert_eq!(touched(&ran, 40).len(), 40);
    let batches: Vec<usize> = ran
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            RunEvent::BatchStarted { hosts, of: 3, .. } => Some(hosts.len()),
            _ => None,
        })
        .collect();
    assert_eq!(batches, [1, 10, 29]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_in_the_second_batch_of_forty_leaves_the_third_alone() {
    let ran = Bench::new(ROLLING, &hosts(40)).host(json!({ "host": "w05", "commands": [{ "contains": "check", "code": 1 }] })).run().await;
    assert_eq!(touched(&ran, 40), (1..=11).collect::<Vec<_>>(), "the first and the ten of the second");
    for host in 1..=11 {
        assert_eq!(ran.ran_on(&format!("w{host:02}")), ["upgrade", "check", "reload"], "handlers run where notified, on w{host:02}");
    }
    assert_eq!(ran.left_out().len(), 29);
    assert_eq!(ran.end("w01 more"), "never ended", "no further round starts");
    assert_eq!(ran.printed("w01 told"), "[\"w05\"]", "but one that runs whatever happened");
    assert_eq!((ran.report.end.exit_code, ran.report.end.status.as_str()), (6, "stopped"));
}

#[tokio::test(start_paused = true)]
async fn so_many_may_fail_and_shares_round_down() {
    let playbook = |limit: &str| format!("rounds: [{{ hosts: all, batch: 2, max_failures: {limit}, tasks: [{{ name: up, run: up }}] }}]");
    let bad = json!({ "host": "w0[1-9]*", "commands": [] });
    let failing = |host: &str| json!({ "host": host, "commands": [{ "contains": "up", "code": 1 }] });
    drop(bad);
    let run = |limit: &'static str| Bench::new(&playbook(limit), &hosts(8)).host(failing("w01")).host(failing("w04"));
    assert_eq!(touched(&run("0").run().await, 8), [1, 2]);
    assert_eq!(touched(&run("1").run().await, 8), [1, 2, 3, 4]);
    let ran = run("2").run().await;
    assert_eq!(touched(&ran, 8).len(), 8);
    assert_eq!(ran.report.end.exit_code, 4);
    // A quarter of 8 is 2; a fifth is 1.6, so 1.
    assert_eq!(touched(&run("25%").run().await, 8).len(), 8);
    assert_eq!(touched(&run("20%").run().await, 8), [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn what_when_leaves_out_is_no_part_of_a_share() {
    let playbook = "
rounds:
  - name: patch
    hosts: all
    when: host.name < 'w05'
    batch: 2
    max_failures: 25%
    tasks: [{ name: up, run: up }]
";
    let failing = |host: &str| json!({ "host": host, "commands": [{ "contains": "up", "code": 1 }] });
    let ran = Bench::new(playbook, &hosts(8)).host(failing("w01")).run().await;
    assert_eq!(touched(&ran, 8), [1, 2, 3, 4], "a quarter of four is one");
    let ran = Bench::new(playbook, &hosts(8)).host(failing("w01")).host(failing("w02")).run().await;
    assert_eq!(touched(&ran, 8), [1, 2], "and not two, as of eight");
    assert_eq!(ran.left_out()["w03"], "2 of 4 hosts failed in patch, 1 may");
    assert_eq!(ran.report.end.exit_code, 6);
}

#[tokio::test(start_paused = true)]
async fn without_batches_there_is_no_limit_but_the_one_written() {
    let playbook = "rounds: [{ hosts: all, max_parallel: 1, tasks: [{ name: up, run: up }] }]";
    let failing = json!({ "host": "w01", "commands": [{ "contains": "up", "code": 1 }] });
    let ran = Bench::new(playbook, &hosts(3)).host(failing.clone()).run().await;
    assert_eq!(touched(&ran, 3), [1, 2, 3]);
    let playbook = playbook.replace("max_parallel: 1", "max_parallel: 1, max_failures: 0");
    let ran = Bench::new(&playbook, &hosts(3)).host(failing).run().await;
    assert_eq!(touched(&ran, 3), [1], "hosts that wait for their turn are not begun");
    assert_eq!(ran.report.end.exit_code, 6);
}

#[tokio::test(start_paused = true)]
async fn unreachable_hosts_count_unless_they_are_to_be_skipped() {
    let playbook = |more: &str| format!("rounds: [{{ hosts: all, batch: 1, {more} tasks: [{{ name: up, run: up }}] }}]");
    let gone = json!({ "host": "w01", "refuse": { "class": "refused", "message": "Connection refused" } });
    let ran = Bench::new(&playbook(""), &hosts(3)).host(gone.clone()).run().await;
    assert_eq!(touched(&ran, 3), [] as [usize; 0]);
    assert_eq!(ran.report.end.exit_code, 6);
    let ran = Bench::new(&playbook("unreachable: skip,"), &hosts(3)).host(gone).run().await;
    assert_eq!(touched(&ran, 3), [2, 3]);
    assert_eq!(ran.report.end.exit_code, 5);
}

#[tokio::test(start_paused = true)]
async fn a_rescued_host_counts_unless_its_block_may_fail() {
    let playbook = |more: &str| {
        format!(
            "rounds: [{{ hosts: all, batch: 1, tasks: [{{ {more} block: [{{ name: up, run: up }}], rescue: [{{ name: down, run: down }}] }}] }}]"
        )
    };
    let failing = json!({ "host": "w01", "commands": [{ "contains": "up", "code": 1 }] });
    let ran = Bench::new(&playbook(""), &hosts(2)).host(failing.clone()).run().await;
    assert_eq!(touched(&ran, 2), [1]);
    assert_eq!(ran.report.end.exit_code, 6);
    let ran = Bench::new(&playbook("allow_failure: true,"), &hosts(2)).host(failing).run().await;
    assert_eq!(touched(&ran, 2), [1, 2]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn batches_of_named_hosts_with_a_pause() {
    let playbook = "rounds: [{ hosts: all, batch: [w03, 50%], pause: 30s, tasks: [{ name: up, run: up }] }]";
    let started = tokio::time::Instant::now();
    let ran = Bench::new(playbook, &hosts(4)).run().await;
    let order: Vec<String> = ran.log.entries().into_iter().filter(|entry| entry.what == "run up").map(|entry| entry.host).collect();
    assert_eq!(order, ["w03", "w01", "w02", "w04"]);
    assert!((60..70).contains(&started.elapsed().as_secs()), "two pauses: {:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn once_is_once_a_round_and_not_once_a_batch() {
    let playbook = "
rounds:
  - hosts: all
    batch: 1
    tasks:
      - { name: first, once: true, run: first }
      - { name: then, run: \"then {{ tasks.first.status }}\" }
";
    let ran = Bench::new(playbook, &hosts(3)).run().await;
    assert_eq!(ran.ran_on("w01"), ["first", "then 'changed'"]);
    assert_eq!(ran.ran_on("w03"), ["then 'changed'"]);
}
