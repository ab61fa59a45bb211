//! Reuse: actions, included files, inputs, defaults; what each sees, and what runs where.

use serde_json::json;

use crate::bench::Bench;
use roundsman::event::RunEvent;

const DEPLOY: &str = "
name: Deploy a release
inputs: { version: { type: string }, dir: { type: string, default: \"/srv/{{ host.name }}\" }, keep: { type: int, default: 3 } }
outputs: { path: \"{{ inputs.dir }}/{{ tasks.unpack.stdout }}\" }
tasks:
  - { name: unpack, run: \"unpack {{ inputs.version }} into {{ inputs.dir }} keep {{ inputs.keep }}\" }
  - { name: link, use: parts/link.yml, with: { to: \"{{ tasks.unpack.stdout }}\" } }
";

const LINK: &str = "
inputs: { to: { type: string } }
tasks:
  - { name: link, script: { src: link.sh, args: [\"{{ inputs.to }}\"] } }
";

#[tokio::test(start_paused = true)]
async fn an_action_runs_with_its_inputs_and_gives_its_outputs() {
    let playbook = "
vars: { release: \"2.4.1\" }
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: app, use: actions/deploy.yml, with: { version: \"{{ release }}\" } }
      - { name: again, use: actions/deploy.yml, with: { version: 1.0.0, dir: /opt, keep: 1 } }
      - { name: told, run: \"told {{ tasks.app.outputs.path }} {{ tasks.again.outputs.path }}\" }
";
    let unpacks =
        json!({ "host": "*", "commands": [{ "contains": "unpack 2", "stdout": "new\n" }, { "contains": "unpack 1", "stdout": "old\n" }] });
    let bench = Bench::new(playbook, "a,b").host(unpacks);
    let bench = bench
        .file("actions/deploy.yml", DEPLOY)
        .file("actions/parts/link.yml", LINK)
        .file("actions/parts/link.sh", "ln -s \"$1\" current\n");
    let ran = bench.run().await;
    assert_eq!(ran.report.end.exit_code, 0);
    let commands = ran.ran_on("a");
    assert_eq!(commands[0], "unpack 2.4.1 into /srv/a keep 3");
    assert!(commands[1].contains("ln -s") || commands[1].contains("new"), "{commands:?}");
    assert_eq!(commands[2], "unpack 1.0.0 into /opt keep 1");
    assert_eq!(commands[4], "told /srv/a/new /opt/old");
    assert_eq!(ran.ran_on("b")[0], "unpack 2.4.1 into /srv/b keep 3");
}

#[tokio::test(start_paused = true)]
async fn an_action_repeats_and_fails_as_a_whole() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - name: users
        each: [ann, bob]
        use: user.yml
        with: { who: \"{{ item }}\" }
      - { name: after, run: after }
";
    let action = "
inputs: { who: { type: string } }
tasks:
  - { name: make, run: \"make {{ inputs.who }}\" }
  - { name: keys, run: \"keys {{ inputs.who }}\" }
";
    let bench = || Bench::new(playbook, "a").file("user.yml", action);
    assert_eq!(bench().run().await.ran_on("a"), ["make ann", "keys ann", "make bob", "keys bob", "after"]);
    let ran = bench().host(json!({ "host": "a", "commands": [{ "contains": "make ann", "code": 1 }] })).run().await;
    assert_eq!(ran.ran_on("a"), ["make ann", "make bob", "keys bob"], "a failed item stops no other");
    assert_eq!(ran.end("a after"), "skipped: `users` failed");
    assert_eq!(ran.count(|event| matches!(event, RunEvent::BlockEnded { .. })), 2);
}

#[tokio::test(start_paused = true)]
async fn files_are_taken_in_with_their_variables() {
    let playbook = "
rounds:
  - include: rounds/first.yml
    vars: { what: hello }
  - { name: last, hosts: all, tasks: [{ include: tasks/more.yml, vars: { who: you } }, { run: done }] }
";
    let first = "- { name: first, hosts: all, tasks: [{ run: \"say {{ what }}\" }, { include: ../tasks/more.yml, vars: { who: me } }] }\n";
    let bench = Bench::new(playbook, "a").file("rounds/first.yml", first).file("tasks/more.yml", "- { run: \"more for {{ who }}\" }\n");
    assert_eq!(bench.run().await.ran_on("a"), ["say hello", "more for me", "more for you", "done"]);
}

#[tokio::test(start_paused = true)]
async fn defaults_come_from_playbook_and_round_and_give_way_to_the_task() {
    let playbook = "
defaults: { retries: 1, delay: 1s }
rounds:
  - name: r
    hosts: all
    defaults: { allow_failure: true }
    tasks:
      - { name: twice, run: bad one }
      - { name: once, run: bad two, retries: 0 }
      - { name: strict, run: bad three, allow_failure: false }
      - { name: after, run: after }
";
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [{ "contains": "bad", "code": 1 }] })).run().await;
    assert_eq!(ran.ran_on("a"), ["bad one", "bad one", "bad two", "bad three", "bad three"]);
    assert_eq!(ran.end("a after"), "skipped: `strict` failed");
}
