//! Blocks: what fails, what rescues, what runs always, and what runs again.

use std::time::Duration;

use serde_json::json;

use crate::bench::{Bench, Ran};
use roundsman::event::{BlockStatus, RunEvent};

const DEPLOY: &str = "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: deploy
        block:
          - { name: stop, run: stop it }
          - { name: swap, run: swap it }
          - { name: start, run: start it }
        rescue:
          - { name: back, run: \"back {{ error.task }} {{ error.rc }}\" }
        always:
          - { name: tidy, run: tidy up }
      - { name: after, run: after it }
";

fn blocks(ran: &Ran) -> Vec<BlockStatus> {
    let ended = ran.events.iter().filter_map(|event| match &event.kind {
        RunEvent::BlockEnded { status, .. } => Some(*status),
        _ => None,
    });
    ended.collect()
}

#[tokio::test(start_paused = true)]
async fn a_block_that_works_needs_no_rescue() {
    let ran = Bench::new(DEPLOY, "a").run().await;
    assert_eq!(ran.ran_on("a"), ["stop it", "swap it", "start it", "tidy up", "after it"]);
    assert_eq!(ran.end("a back"), "never ended", "it was not needed");
    assert_eq!(blocks(&ran), [BlockStatus::Changed]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_rescue_makes_a_failure_good() {
    let ran = Bench::new(DEPLOY, "a,b").host(json!({ "host": "a", "commands": [{ "regex": "^swap", "code": 7 }] })).run().await;
    assert_eq!(ran.ran_on("a"), ["stop it", "swap it", "back swap 7", "tidy up", "after it"]);
    assert_eq!(ran.ran_on("b"), ["stop it", "swap it", "start it", "tidy up", "after it"]);
    assert_eq!(ran.end("a start"), "skipped: `swap` failed");
    assert!(blocks(&ran).contains(&BlockStatus::Rescued));
    assert_eq!(ran.report.end.exit_code, 0, "the host goes on");
}

#[tokio::test(start_paused = true)]
async fn a_rescue_that_fails_fails_the_host_and_always_still_runs() {
    let commands = json!([{ "regex": "^swap", "code": 7 }, { "regex": "^back", "code": 1 }]);
    let ran = Bench::new(DEPLOY, "a").host(json!({ "host": "a", "commands": commands })).run().await;
    assert_eq!(ran.ran_on("a"), ["stop it", "swap it", "back swap 7", "tidy up"]);
    assert_eq!(ran.end("a after"), "skipped: `deploy` failed");
    assert_eq!(blocks(&ran), [BlockStatus::Failed]);
    assert_eq!(ran.report.end.exit_code, 4);
}

#[tokio::test(start_paused = true)]
async fn a_blocks_condition_is_asked_once_for_all_of_it() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: deploy
        when: host.name == 'b'
        block:
          - { name: one, run: one }
          - { name: two, run: two }
        always:
          - { name: tidy, run: tidy up }
      - { name: after, run: after it }
";
    let ran = Bench::new(playbook, "a,b").run().await;
    assert_eq!(ran.ran_on("a"), ["after it"]);
    assert_eq!(ran.ran_on("b"), ["one", "two", "tidy up", "after it"]);
    assert_eq!(ran.end("a one"), "skipped: when");
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_block_in_one_that_is_left_out_can_be_asked_for() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - when: host.name == 'b'
        block:
          - { name: inner, block: [{ name: one, run: one }] }
      - { name: after, run: \"after {{ tasks.inner.status }}\" }
";
    let ran = Bench::new(playbook, "a").run().await;
    assert_eq!(ran.ran_on("a"), ["after skipped"]);
}

#[tokio::test(start_paused = true)]
async fn a_block_may_fail_where_it_is_allowed() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - allow_failure: true
        block:
          - { name: one, run: bad }
          - { name: two, run: two }
      - { name: after, run: after it }
";
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [{ "contains": "bad", "code": 1 }] })).run().await;
    assert_eq!(ran.ran_on("a"), ["bad", "after it"]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_block_is_tried_again_as_a_whole() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: deploy
        retries: 2
        delay: 3s
        block:
          - { name: one, run: one }
          - { name: two, run: bad }
        rescue:
          - { name: back, run: back }
      - { name: after, run: after it }
";
    let fails = json!({ "host": "a", "commands": [{ "contains": "bad", "code": 1 }] });
    let ran = Bench::new(playbook, "a").host(fails).run().await;
    assert_eq!(ran.ran_on("a"), ["one", "bad", "one", "bad", "one", "bad", "back", "after it"], "the rescue is the last resort");

    let playbook = playbook.replace("        rescue:\n          - { name: back, run: back }\n", "");
    let fails = json!({ "host": "a", "commands": [{ "contains": "bad", "code": 1 }] });
    let ran = Bench::new(&playbook, "a").host(fails).run().await;
    assert_eq!(ran.ran_on("a"), ["one", "bad", "one", "bad", "one", "bad"]);
    assert_eq!(ran.end("a two"), "failed: exit code 1");
    assert_eq!(ran.end("a after"), "skipped: `deploy` failed");
    assert_eq!(ran.count(|event| matches!(event, RunEvent::BlockEnded { retry_ms: Some(3000), .. })), 2);
    assert_eq!(ran.report.end.exit_code, 4);
}

#[tokio::test(start_paused = true)]
async fn a_block_stopped_between_two_tries_tells_how_often_it_was_tried() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: deploy
        retries: 9
        delay: 10s
        block: [{ name: one, run: bad }]
    finally:
      - { name: told, print: \"{{ tasks.deploy.attempts }}\" }
";
    let fails = json!({ "host": "a", "commands": [{ "contains": "bad", "code": 1 }] });
    let ran = Bench::new(playbook, "a").host(fails).interrupt(Duration::from_secs(15)).run().await;
    assert_eq!(ran.ran_on("a"), ["bad", "bad"]);
    assert_eq!(ran.printed("a told"), "2");
    assert_eq!(ran.report.end.exit_code, 130);
}

#[tokio::test(start_paused = true)]
async fn a_block_goes_through_its_items_in_order() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: users
        each: [ann, bob]
        as: user
        when: user != 'bob' or host.name != 'b'
        block:
          - { name: make, run: \"make {{ user }} {{ loop.index }}\" }
          - name: keys
            each: [rsa, ed]
            run: \"key {{ user }} {{ item }}\"
      - { name: after, run: \"after {{ tasks.users.status }}\" }
";
    let ran = Bench::new(playbook, "a,b").run().await;
    let all = ["make ann 1", "key ann rsa", "key ann ed", "make bob 2", "key bob rsa", "key bob ed", "after changed"];
    assert_eq!(ran.ran_on("a"), all);
    assert_eq!(ran.ran_on("b"), ["make ann 1", "key ann rsa", "key ann ed", "after changed"]);
    assert_eq!(ran.end("a make"), "changed");
}

#[tokio::test(start_paused = true)]
async fn blocks_nest_and_the_inner_rescue_comes_first() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: outer
        block:
          - name: inner
            block:
              - { name: one, run: bad one }
            rescue:
              - { name: mend, run: \"mend {{ error.task }}\" }
          - { name: two, run: bad two }
        rescue:
          - { name: save, run: \"save {{ error.task }}\" }
";
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [{ "contains": "bad", "code": 1 }] })).run().await;
    assert_eq!(ran.ran_on("a"), ["bad one", "mend one", "bad two", "save two"]);
    assert_eq!(blocks(&ran), [BlockStatus::Rescued, BlockStatus::Rescued]);
    assert_eq!(ran.report.end.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_host_is_not_rescued() {
    let ran =
        Bench::new(DEPLOY, "a").never_again().host(json!({ "host": "a", "commands": [{ "regex": "^swap", "lose": "reset" }] })).run().await;
    assert!(!ran.ran_on("a").iter().any(|command| command.starts_with("back") || command.starts_with("tidy")), "{:?}", ran.ran_on("a"));
    assert_ne!(ran.report.end.exit_code, 0);
}
