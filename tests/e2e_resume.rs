//! `run --resume` and `plan --resume` from the command line: what stays, what is refused, and in which words.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::Duration;

use common::{Project, procs};
use rustix::process::Signal;

const INVENTORY: &str = "hosts:\n  a: { connect: { transport: local } }\n  b: { connect: { transport: local } }\n";

/// A project whose playbook may ask for its folder.
fn project(playbook: &str) -> Project {
    let mut project = Project::new();
    let here = project.path("").display().to_string();
    project.env("PWD_OF_TEST", &here);
    project.file("inv.yml", INVENTORY);
    project.file("site.yml", playbook);
    project
}

fn log(project: &Project) -> String {
    std::fs::read_to_string(project.path("log")).unwrap_or_default()
}

const FLAKY: &str = "
name: Flaky
vars: { secret_word: none }
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: one, run: 'echo one-{{ host.name }} >> log; echo out-{{ host.name }}', cwd: '{{ controller.env.PWD_OF_TEST }}', notify: reload }
      - { name: two, run: 'test {{ host.name }} = a || test -e mended', cwd: '{{ controller.env.PWD_OF_TEST }}' }
      - { name: three, run: 'echo three-{{ tasks.one.stdout }} >> log', cwd: '{{ controller.env.PWD_OF_TEST }}' }
    handlers:
      - { name: reload, run: 'echo reload-{{ host.name }} >> log', cwd: '{{ controller.env.PWD_OF_TEST }}' }
";

/// One whose second task fails on `b`, and whose third can be held up.
fn flaky() -> Project {
    project(FLAKY)
}

#[test]
fn failures_are_done_again_and_what_ended_well_is_not() {
    let project = flaky();
    project.run(&["run", "site.yml", "-i", "inv.yml"]).expect_code(4);
    assert!(log(&project).contains("three-out-a") && !log(&project).contains("three-out-b"), "{}", log(&project));
    let plan = project.ok(&["plan", "--resume"]);
    assert!(plan.stdout.contains("failed, stays (--failed does it again): b"), "{}", plan.text());
    assert!(plan.stdout.contains("0 of 6 steps left"), "{}", plan.text());
    project.file("mended", "");
    let nothing = project.ok(&["run", "--resume"]);
    assert!(nothing.both().contains("nothing is left"), "{}", nothing.text());
    let plan = project.ok(&["plan", "--resume", "--failed", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!((json["left"].as_u64(), json["steps"].as_u64()), (Some(2), Some(6)), "{}", plan.text());
    assert_eq!(json["rounds"][0]["tasks"][1]["left"][0], "b");
    let resumed = project.ok(&["run", "--resume", "--failed"]);
    assert!(resumed.stdout.contains("done before"), "{}", resumed.text());
    let mut lines: Vec<String> = log(&project).lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["one-a", "one-b", "reload-a", "reload-b", "three-out-a", "three-out-b"]);
    let again = project.run(&["run", "--resume", "1"]).expect_code(2);
    assert!(again.stderr.contains("was resumed by run"), "{}", again.text());
}

#[test]
fn what_has_changed_is_told_and_refused() {
    let project = flaky();
    project.run(&["run", "site.yml", "-i", "inv.yml"]).expect_code(4);
    project.file("mended", "");
    project.file("site.yml", FLAKY.replace("three-{{", "third-{{"));
    let refused = project.run(&["run", "--resume", "--failed"]).expect_code(7);
    assert!(
        refused.stderr.contains("the playbook `site.yml` has changed") && refused.stderr.contains("--accept-changes"),
        "{}",
        refused.text()
    );
    assert!(!log(&project).contains("out-b"), "nothing was done");
    project.ok(&["run", "--resume", "--failed", "--accept-changes"]);
    assert!(log(&project).contains("third-out-b") && !log(&project).contains("third-out-a"), "{}", log(&project));
}

#[test]
fn what_nobody_knows_is_asked_or_assumed() {
    let playbook = "
rounds:
  - name: r
    hosts: a
    tasks:
      - { name: slow, run: 'echo begun >> log; sleep 30', cwd: '{{ controller.env.PWD_OF_TEST }}' }
      - { name: next, run: 'echo next >> log', cwd: '{{ controller.env.PWD_OF_TEST }}' }
";
    let project = project(playbook);
    let running = project.spawn(&["run", "site.yml", "-i", "inv.yml"]);
    assert!(procs::wait_until(Duration::from_secs(30), || log(&project).contains("begun")));
    let alive = project.run(&["run", "--resume"]).expect_code(2);
    assert!(alive.stderr.contains("goes on"), "{}", alive.text());
    running.signal(Signal::KILL);
    running.wait(Duration::from_secs(10));
    let plan = project.ok(&["plan", "--resume"]);
    assert!(plan.stdout.contains("unknown, to be settled: a"), "{}", plan.text());
    let refused = project.run(&["run", "--resume"]).expect_code(6);
    assert!(refused.stderr.contains("r/slow on a") && refused.stderr.contains("--assume"), "{}", refused.text());
    project.ok(&["run", "--resume", "--assume", "done"]);
    assert_eq!(log(&project), "begun\nnext\n");
}

#[test]
fn handlers_that_a_given_up_run_left_pending_run_first_in_the_next() {
    let playbook = "
rounds:
  - name: r
    hosts: a
    tasks:
      - { name: change, run: 'echo change >> log; touch changed', creates: changed, notify: reload, cwd: '{{ controller.env.PWD_OF_TEST }}' }
      - { name: slow, run: 'echo slow >> log; sleep 5', cwd: '{{ controller.env.PWD_OF_TEST }}', unless: test -e mended }
      - { name: end, run: 'echo end >> log', cwd: '{{ controller.env.PWD_OF_TEST }}' }
    handlers:
      - { name: reload, run: 'echo reload >> log', cwd: '{{ controller.env.PWD_OF_TEST }}' }
";
    let project = project(playbook);
    let running = project.spawn(&["run", "site.yml", "-i", "inv.yml"]);
    assert!(procs::wait_until(Duration::from_secs(30), || log(&project).contains("slow")));
    running.signal(Signal::INT);
    running.wait(Duration::from_secs(20)).expect_code(130);
    assert!(!log(&project).contains("reload"), "{}", log(&project));
    project.file("mended", "");
    let next = project.ok(&["run", "site.yml", "-i", "inv.yml"]);
    assert!(next.stdout.contains("pending since run"), "{}", next.text());
    assert_eq!(log(&project), "change\nslow\nreload\nend\n");
    project.ok(&["run", "site.yml", "-i", "inv.yml"]);
    assert_eq!(log(&project).matches("reload").count(), 1, "it is owed no more");
}

#[test]
fn a_result_that_the_record_does_not_hold_is_asked_again_or_refused() {
    let playbook = |word: &str| {
        format!(
            "
secrets: {{ word: {{ env: WORD }} }}
rounds:
  - name: r
    hosts: a
    tasks:
      - {{ name: look, run: 'echo {{{{ secrets.word }}}}', {word} }}
      - {{ name: stop, run: 'test -e mended', cwd: '{{{{ controller.env.PWD_OF_TEST }}}}' }}
      - {{ name: use, run: 'echo {{{{ tasks.look.stdout }}}} >> log', cwd: '{{{{ controller.env.PWD_OF_TEST }}}}' }}
"
        )
    };
    for (word, code) in [("read_only: true", 0), ("changed: true", 3)] {
        let mut project = project(&playbook(word));
        project.env("WORD", "s3cret-w0rd");
        project.run(&["run", "site.yml", "-i", "inv.yml"]).expect_code(4);
        project.file("mended", "");
        let shown = project.run(&["run", "--resume", "--failed"]).expect_code(code);
        if code == 0 {
            assert_eq!(log(&project), "s3cret-w0rd\n");
        } else {
            assert!(shown.stderr.contains("r/look on a: a secret in it is masked in the record; r/use on a reads it"), "{}", shown.text());
            assert_eq!(log(&project), "");
        }
    }
}

#[test]
fn only_runs_of_playbooks_can_be_resumed() {
    let project = flaky();
    let none = project.run(&["run", "--resume"]).expect_code(1);
    assert!(none.stderr.contains("there is no record"), "{}", none.text());
    project.run(&["exec", "all", "-i", "a,", "--", "true"]);
    let none = project.run(&["run", "--resume"]).expect_code(2);
    assert!(none.stderr.contains("no run of a playbook is recorded"), "{}", none.text());
    let exec = project.run(&["run", "--resume", "1"]).expect_code(2);
    assert!(exec.stderr.contains("a command of `exec`"), "{}", exec.text());
    project.run(&["run", "--resume", "site.yml"]).expect_code(1);
    project.run(&["run"]).expect_code(2);
    project.run(&["run", "--failed", "site.yml"]).expect_code(2);
}

#[test]
fn a_run_that_came_to_its_end_has_nothing_left_whatever_it_had_no_need_of() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks:
      - { name: keep, set: { kept: 1 } }
      - { name: none, each: '{{ [] }}', run: 'echo {{ item }}' }
      - name: passes
        each: [x, y]
        as: n
        block:
          - { name: in, run: 'echo {{ n }}' }
        rescue:
          - { name: undo, run: 'true' }
      - { name: last, run: 'true', changed: false, notify: reload }
    handlers:
      - { name: reload, run: 'true' }
    finally:
      - { name: end, run: 'true' }
  - name: never
    hosts: all
    when: '{{ rounds.r.tasks.last.changed }}'
    tasks:
      - { name: nothing, run: 'true' }
";
    let project = project(playbook);
    project.ok(&["run", "site.yml", "-i", "inv.yml"]);
    let plan = project.ok(&["plan", "--resume", "--failed"]);
    assert!(plan.stdout.contains("\n0 of 10 steps left"), "{}", plan.text());
    let nothing = project.ok(&["run", "--resume", "--failed"]);
    assert!(nothing.both().contains("nothing is left"), "{}", nothing.text());
}

#[test]
fn a_handler_that_failed_is_done_again_with_failures() {
    let playbook = "
rounds:
  - name: r
    hosts: a
    tasks:
      - { name: change, run: 'echo change >> log', cwd: '{{ controller.env.PWD_OF_TEST }}', notify: reload }
    handlers:
      - { name: reload, run: 'echo reload >> log; test -e mended', cwd: '{{ controller.env.PWD_OF_TEST }}' }
";
    let project = project(playbook);
    project.run(&["run", "site.yml", "-i", "inv.yml"]).expect_code(4);
    project.file("mended", "");
    let plan = project.ok(&["plan", "--resume", "--failed"]);
    assert!(plan.stdout.contains("pending handler r/reload: a"), "{}", plan.text());
    project.ok(&["run", "--resume", "--failed"]);
    assert_eq!(log(&project), "change\nreload\nreload\n");
}

#[test]
fn items_and_passes_that_an_interrupted_run_did_not_come_to_are_left() {
    let playbook = "
rounds:
  - name: r
    hosts: a
    tasks:
      - { name: items, each: [u, v], run: 'echo {{ item }} >> log; sleep 1', cwd: '{{ controller.env.PWD_OF_TEST }}' }
    finally:
      - { name: clean, run: 'echo clean >> log', cwd: '{{ controller.env.PWD_OF_TEST }}' }
";
    let passes = "
rounds:
  - name: r
    hosts: a
    tasks:
      - name: passes
        each: [u, v]
        as: n
        block:
          - { name: in, run: 'echo {{ n }} >> log; sleep 1', cwd: '{{ controller.env.PWD_OF_TEST }}' }
";
    for (playbook, cleaned, log_then) in [(playbook, true, "u\nclean\nv\nclean\n"), (passes, false, "u\nv\n")] {
        let project = project(playbook);
        let running = project.spawn(&["run", "site.yml", "-i", "inv.yml"]);
        assert!(procs::wait_until(Duration::from_secs(30), || log(&project).contains('u')));
        running.signal(Signal::INT);
        running.wait(Duration::from_secs(20)).expect_code(130);
        if cleaned {
            let refused = project.run(&["run", "--resume"]).expect_code(6);
            assert!(refused.stderr.contains("--after-cleanup"), "{}", refused.text());
        } else {
            let plan = project.ok(&["plan", "--resume"]);
            assert!(plan.stdout.contains("1 of 1 step left"), "{}", plan.text());
        }
        project.ok(&["run", "--resume", "--after-cleanup", "continue"]);
        assert_eq!(log(&project), log_then);
    }
}
